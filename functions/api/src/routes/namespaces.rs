//! Namespaces: those that hold something, and those above them.

use super::flows::PAGE;
use crate::endpoint::{Endpoint, Kind, Param, get};
use crate::error::Answer;
use crate::parts::Api;
use crate::queries::flows::dependencies;
use crate::queries::namespaces as queries;
use crate::request::Query;
use axum::Json;
use axum::extract::{Path, State};
use segue_api_types as types;

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        get("/namespaces/search", search)
            .is("searchNamespaces", "Namespaces; `disabled` says that one holds no flow itself.")
            .takes(&PAGE)
            .takes(&[
                Param::new("q", Kind::Text, "A part of the name."),
                Param::new("existing", Kind::Flag, "Only those that hold flows."),
            ]),
        get("/namespaces/{namespace}", one).is("namespace", "A namespace.").refuses(&[422]),
        get("/namespaces/{namespace}/dependencies", depends)
            .is("namespaceDependencies", "Which flows of a namespace call which."),
        get("/namespaces/{namespace}/secrets", secrets)
            .is("secrets", "The names of the secrets a namespace sees, never what they are.")
            .takes(&PAGE)
            .takes(&[Param::new("q", Kind::Text, "A part of the name.")]),
    ]
}

async fn search(State(api): State<Api>, query: Query) -> Answer<Json<types::Page<types::Namespace>>> {
    queries::search(&api, &query).await.map(Json)
}

async fn one(State(api): State<Api>, Path(namespace): Path<String>) -> Answer<Json<types::Namespace>> {
    queries::one(&api, namespace).await.map(Json)
}

async fn depends(State(api): State<Api>, Path(namespace): Path<String>) -> Answer<Json<types::Dependencies>> {
    dependencies::of_namespace(&api, &namespace).await.map(Json)
}

async fn secrets(
    State(api): State<Api>,
    Path(namespace): Path<String>,
    query: Query,
) -> Answer<Json<types::Page<types::SecretKey>>> {
    queries::secrets(&api, &namespace, &query).await.map(Json)
}
