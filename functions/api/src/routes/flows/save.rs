//! Saving and removing flows, and the rules for it.

use crate::error::{Answer, ApiError, Problem};
use crate::parts::Api;
use crate::request::YamlBody;
use crate::view::flow::flow_with_source;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use segue_api_types as types;
use segue_engine::check::check;
use segue_model::diagnostic::{Diagnostic, Severity, codes};
use segue_model::flow::Flow;
use segue_model::parse::{Parsed, parse_flow, parse_flows};
use segue_ports::state::StoredFlow;

/// Problems of YAML itself: the source is illegal, not the flow.
const OF_YAML: [&str; 6] = [
    codes::YAML_SYNTAX,
    codes::DUPLICATE_KEY,
    codes::BAD_ALIAS,
    codes::TOO_LARGE,
    codes::KEY_NOT_TEXT,
    codes::NOT_A_FLOW,
];

/// A source read as one flow, with everything that is wrong with it.
pub(crate) fn read(api: &Api, source: &str) -> Parsed {
    let mut parsed = parse_flow(source, &api.catalog);
    parsed.add(check(&parsed, &api.catalog));
    parsed
}

/// A source read as any number of flows.
pub(crate) fn read_all(api: &Api, source: &str) -> Vec<Parsed> {
    let mut all = parse_flows(source, &api.catalog);
    for parsed in &mut all {
        parsed.add(check(parsed, &api.catalog));
    }
    all
}

/// The flow of a source that has no error.
pub(crate) fn accepted(parsed: &Parsed) -> Answer<&Flow> {
    parsed.flow.as_ref().filter(|_| !parsed.has_errors()).ok_or_else(|| refusal(&parsed.diagnostics))
}

/// The refusal of a source, with every error in it.
pub(crate) fn refusal(diagnostics: &[Diagnostic]) -> ApiError {
    let errors: Vec<&Diagnostic> =
        diagnostics.iter().filter(|found| found.severity == Severity::Error).collect();
    let what = match errors.first() {
        Some(first) if OF_YAML.contains(&first.code.as_str()) => "Illegal flow source",
        _ => "Invalid entity",
    };
    let first = errors.first().map(|first| place(first)).unwrap_or_default();
    ApiError::invalid(format!("{what}: {first}"), errors.into_iter().map(problem).collect())
}

/// A problem with its place, in one line.
pub(crate) fn place(diagnostic: &Diagnostic) -> String {
    format!("{}:{}: {}", diagnostic.position.line, diagnostic.position.column, diagnostic.message)
}

fn problem(diagnostic: &Diagnostic) -> Problem {
    Problem {
        message: diagnostic.message.clone(),
        path: None,
        code: Some(diagnostic.code.clone()),
        line: Some(diagnostic.position.line),
        column: Some(diagnostic.position.column),
        hint: diagnostic.hint.clone(),
    }
}

/// Saves a source that was accepted, and has its triggers follow.
pub(crate) async fn save(api: &Api, flow: &Flow, source: &str) -> Answer<StoredFlow> {
    let stored = api.state().put_flow(&flow.namespace, &flow.id, source, api.now()).await?;
    let mut flow = flow.clone();
    flow.revision = stored.revision;
    api.scheduler.sync_flow(&flow).await?;
    Ok(stored)
}

/// Removes a flow with the states of its triggers; false where it was not there.
pub(crate) async fn forget(api: &Api, namespace: &str, id: &str) -> Answer<bool> {
    let is_gone = api.state().delete_flow(namespace, id, api.now()).await?;
    if is_gone {
        api.scheduler.forget_flow(namespace, id).await?;
    }
    Ok(is_gone)
}

pub(super) async fn create(State(api): State<Api>, YamlBody(source): YamlBody) -> Answer<Json<types::Flow>> {
    let parsed = read(&api, &source);
    let flow = accepted(&parsed)?;
    if api.state().flow(&flow.namespace, &flow.id, None).await?.is_some() {
        let problem = Problem::at("flow.id", "Flow id already exists");
        return Err(ApiError::invalid("Invalid entity: flow.id: Flow id already exists", vec![problem]));
    }
    Ok(Json(flow_with_source(&save(&api, flow, &source).await?)))
}

pub(super) async fn update(
    State(api): State<Api>,
    Path((namespace, id)): Path<(String, String)>,
    YamlBody(source): YamlBody,
) -> Answer<Json<types::Flow>> {
    api.flow(&namespace, &id, None).await?;
    let parsed = read(&api, &source);
    let flow = accepted(&parsed)?;
    for (path, written, meant) in
        [("flow.id", &flow.id, &id), ("flow.namespace", &flow.namespace, &namespace)]
    {
        if written != meant {
            let message =
                format!("Illegal {path} update: the source says '{written}', the address '{meant}'");
            let problem = Problem::at(path, message.clone());
            return Err(ApiError::invalid(format!("Invalid entity: {message}"), vec![problem]));
        }
    }
    Ok(Json(flow_with_source(&save(&api, flow, &source).await?)))
}

pub(super) async fn remove(
    State(api): State<Api>,
    Path((namespace, id)): Path<(String, String)>,
) -> Answer<StatusCode> {
    if forget(&api, &namespace, &id).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ApiError::not_found(format!("Flow '{namespace}.{id}'")))
    }
}
