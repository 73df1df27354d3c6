//! Namespaces that have flows, values, files or secrets, and the namespaces above them.

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
            .is(
                "searchNamespaces",
                "Searches namespaces. A namespace without flows of its own is `disabled`.",
            )
            .takes(&PAGE)
            .takes(&[
                Param::new("q", Kind::Text, "Only names that contain this text."),
                Param::new("existing", Kind::Flag, "Only namespaces that have flows."),
            ]),
        get("/namespaces/{namespace}", one).is("namespace", "Returns a namespace.").refuses(&[422]),
        get("/namespaces/{namespace}/dependencies", depends)
            .is("namespaceDependencies", "Lists which flows of a namespace call which flows."),
        get("/namespaces/{namespace}/secrets", secrets)
            .is("secrets", "Lists the names of the secrets that a namespace can read, never their values.")
            .takes(&PAGE)
            .takes(&[Param::new("q", Kind::Text, "Only names that contain this text.")]),
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
