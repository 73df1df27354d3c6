//! Requests that only read. Each handler calls one query.

use crate::error::{Answer, ApiError};
use crate::parts::Api;
use crate::queries::flows as queries;
use crate::request::{Query, YamlBody};
use crate::view::csv;
use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use segue_api_types as types;
use segue_model::Json as Value;

/// The namespace and the id of a flow.
type Name = Path<(String, String)>;

pub(super) async fn one(
    State(api): State<Api>,
    Path((namespace, id)): Name,
    query: Query,
) -> Answer<Json<types::Flow>> {
    let revision = query.number("revision")?;
    let even_deleted = query.flag("allowDeleted", false)?;
    let with_source = query.flag("source", false)?;
    queries::one(&api, (&namespace, &id), revision, with_source, even_deleted).await.map(Json)
}

pub(super) async fn of_namespace(
    State(api): State<Api>,
    Path(namespace): Path<String>,
) -> Answer<Json<Vec<types::Flow>>> {
    queries::of_namespace(&api, &namespace).await.map(Json)
}

pub(super) async fn revisions(
    State(api): State<Api>,
    Path((namespace, id)): Name,
    query: Query,
) -> Answer<Json<Vec<types::Flow>>> {
    let (with_source, even_deleted) = (query.flag("source", true)?, query.flag("allowDelete", false)?);
    queries::revisions(&api, &namespace, &id, with_source, even_deleted).await.map(Json)
}

/// A table of the flows of a search.
pub(super) async fn table(State(api): State<Api>, query: Query) -> Answer<Response> {
    csv::answer("flows.csv", &queries::COLUMNS, queries::rows(&api, &query).await?)
}

pub(super) async fn deprecated(
    State(api): State<Api>,
    query: Query,
) -> Answer<Json<Vec<types::DeprecatedFlow>>> {
    queries::deprecated::list(&api, query.text("namespace")).await.map(Json)
}

pub(super) async fn expressions(
    State(api): State<Api>,
    query: Query,
    YamlBody(source): YamlBody,
) -> Answer<Json<types::Expressions>> {
    queries::expressions::of_source(&api, &source, query.text("taskId")).await.map(Json)
}

pub(super) async fn task(
    State(api): State<Api>,
    Path((namespace, id, task)): Path<(String, String, String)>,
    query: Query,
) -> Answer<Json<Value>> {
    queries::task(&api, (&namespace, &id), &task, query.number("revision")?).await.map(Json)
}

pub(super) async fn namespaces(State(api): State<Api>, query: Query) -> Answer<Json<Vec<String>>> {
    queries::namespaces(&api, query.text("q").unwrap_or_default()).await.map(Json)
}

pub(super) async fn search(
    State(api): State<Api>,
    query: Query,
) -> Answer<Json<types::Page<types::ListedFlow>>> {
    queries::search::search(&api, &query).await.map(Json)
}

pub(super) async fn search_sources(
    State(api): State<Api>,
    query: Query,
) -> Answer<Json<types::Page<types::FlowSearchHit>>> {
    queries::source_search::search(&api, &query).await.map(Json)
}

pub(super) async fn graph(
    State(api): State<Api>,
    Path((namespace, id)): Name,
    query: Query,
) -> Answer<Json<types::Graph>> {
    queries::graph::of_flow(&api, &namespace, &id, query.number("revision")?).await.map(Json)
}

pub(super) async fn graph_of_source(
    State(api): State<Api>,
    YamlBody(source): YamlBody,
) -> Answer<Json<types::Graph>> {
    queries::graph::of_source(&api, &source).map(Json)
}

pub(super) async fn dependencies(
    State(api): State<Api>,
    Path((namespace, id)): Name,
    query: Query,
) -> Answer<Json<types::Dependencies>> {
    let (only_called, all) = (query.flag("destinationOnly", false)?, query.flag("expandAll", false)?);
    queries::dependencies::of_flow(&api, namespace, id, only_called, all).await.map(Json)
}

pub(super) async fn validate(
    State(api): State<Api>,
    YamlBody(source): YamlBody,
) -> Answer<Json<Vec<types::FlowValidation>>> {
    queries::validate::flows(&api, &source).await.map(Json)
}

pub(super) async fn validate_task(
    State(api): State<Api>,
    query: Query,
    YamlBody(source): YamlBody,
) -> Answer<Json<types::TaskValidation>> {
    let section = query.text("section").unwrap_or("tasks").to_ascii_lowercase();
    match section.as_str() {
        "tasks" | "triggers" => queries::validate::part(&api, &section, &source).map(Json),
        other => Err(ApiError::argument(format!("section is '{other}': tasks or triggers is expected"))),
    }
}

pub(super) async fn validate_trigger(
    State(api): State<Api>,
    YamlBody(source): YamlBody,
) -> Answer<Json<types::TaskValidation>> {
    queries::validate::part(&api, "triggers", &source).map(Json)
}
