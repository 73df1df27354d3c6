//! Namespaces that have flows, values, files or secrets, and the namespaces above them.

use super::flows::PAGE;
use crate::endpoint::{Endpoint, Kind, Param, get, json, post};
use crate::error::Answer;
use crate::parts::Api;
use crate::queries::flows::dependencies;
use crate::queries::namespaces as queries;
use crate::request::{JsonBody, Query};
use axum::Json;
use axum::extract::{Path, State};
use segue_api_types as types;
use std::collections::BTreeMap;

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
            ])
            .filters(queries::FIELDS),
        post("/namespaces/autocomplete", complete)
            .is("completeNamespaces", "Lists the names of namespaces that contain a text.")
            .body(json::<types::Autocomplete>()),
        get("/namespaces/{namespace}", one).is("namespace", "Returns a namespace.").refuses(&[422]),
        get("/namespaces/{namespace}/dependencies", depends)
            .is("namespaceDependencies", "Lists which flows of a namespace call which flows.")
            .takes(&[Param::new("destinationOnly", Kind::Flag, "Lists only the called flows.")]),
        get("/namespaces/{namespace}/secrets", secrets)
            .is("secrets", "Lists the names of the secrets that a namespace can read, never their values.")
            .takes(&PAGE)
            .takes(&[Param::new("q", Kind::Text, "Only names that contain this text.")])
            .filters(queries::SECRET_FIELDS),
        get("/namespaces/{namespace}/inherited-secrets", inherited)
            .is(
                "inheritedSecrets",
                "Lists the names of the secrets that a namespace can read, by the namespace they come from.",
            )
            .refuses(&[422]),
        get("/secrets", all_secrets)
            .is("allSecrets", "Lists the names of the secrets of all namespaces, never their values.")
            .takes(&PAGE)
            .takes(&[Param::new("q", Kind::Text, "Only names that contain this text.")])
            .filters(queries::ALL_SECRET_FIELDS),
    ]
}

async fn complete(
    State(api): State<Api>,
    JsonBody(request): JsonBody<types::Autocomplete>,
) -> Answer<Json<Vec<String>>> {
    queries::complete(&api, &request).await.map(Json)
}

async fn inherited(
    State(api): State<Api>,
    Path(namespace): Path<String>,
) -> Answer<Json<BTreeMap<String, Vec<String>>>> {
    queries::inherited_secrets(&api, &namespace).await.map(Json)
}

async fn all_secrets(State(api): State<Api>, query: Query) -> Answer<Json<types::SecretPage>> {
    queries::all_secrets(&api, &query).await.map(Json)
}

async fn search(State(api): State<Api>, query: Query) -> Answer<Json<types::Page<types::Namespace>>> {
    queries::search(&api, &query).await.map(Json)
}

async fn one(State(api): State<Api>, Path(namespace): Path<String>) -> Answer<Json<types::Namespace>> {
    queries::one(&api, namespace).await.map(Json)
}

async fn depends(
    State(api): State<Api>,
    Path(namespace): Path<String>,
    query: Query,
) -> Answer<Json<types::Dependencies>> {
    let only_called = query.flag("destinationOnly", false)?;
    dependencies::of_namespace(&api, &namespace, only_called).await.map(Json)
}

async fn secrets(
    State(api): State<Api>,
    Path(namespace): Path<String>,
    query: Query,
) -> Answer<Json<types::SecretPage>> {
    queries::secrets(&api, &namespace, &query).await.map(Json)
}
