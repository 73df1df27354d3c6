//! Flows as files: imported from an uploaded file, exported as a zip.

use super::save::save;
use crate::error::{Answer, ApiError, Problem};
use crate::parts::Api;
use crate::queries::flows::search::select;
use crate::request::{Form, JsonBody, Part, Query};
use crate::source::{accepted, read_all};
use crate::view::zip::{Unpacked, answer, unpack};
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use segue_api_types::FlowId;
use segue_model::parse::has_only_suites;
use segue_ports::state::StoredFlow;

/// The name of the form's part with the file.
const PART: &str = "fileUpload";

pub(super) async fn import(
    State(api): State<Api>,
    query: Query,
    mut form: Form,
) -> Answer<Json<Vec<String>>> {
    let must_all = query.flag("failOnError", false)?;
    while let Some(part) = form.next().await? {
        if part.name == PART {
            let failed = import_file(&api, part).await?;
            if must_all && !failed.is_empty() {
                let message = format!("{} of the flows could not be imported", failed.len());
                let problem = |(name, why): (String, String)| Problem::at(name, why);
                return Err(ApiError::invalid(message, failed.into_iter().map(problem).collect()));
            }
            return Ok(Json(failed.into_iter().map(|(name, _)| name).collect()));
        }
    }
    Err(ApiError::bad_request(format!(
        "Required argument [{PART}] is missing: send the file as the part '{PART}' of a multipart form"
    )))
}

/// Saves the flows of a file. Returns the flows that failed, by name or number, with the reason.
async fn import_file(api: &Api, part: Part) -> Answer<Vec<(String, String)>> {
    let name = part.file_name.clone().unwrap_or_else(|| "flow.yaml".to_owned());
    let lower = name.to_lowercase();
    if lower.ends_with(".yml") || lower.ends_with(".yaml") {
        return import_source(api, &part.text().await?).await;
    }
    if !lower.ends_with(".zip") {
        return Err(ApiError::invalid(
            format!("Cannot import file of type '{name}': send a .yml, .yaml or .zip file"),
            Vec::new(),
        ));
    }
    let mut failed = Vec::new();
    for Unpacked { name, file } in unpack(part).await? {
        let lower = name.to_lowercase();
        if !(lower.ends_with(".yml") || lower.ends_with(".yaml")) {
            continue;
        }
        let source = tokio::fs::read_to_string(file.path()).await;
        let outcome = match source {
            // Tests of flows may lie beside the flows.
            Ok(source) if has_only_suites(&source) => continue,
            Ok(source) => import_source(api, &source).await?,
            Err(error) => vec![(name.clone(), error.to_string())],
        };
        failed.extend(outcome.into_iter().map(|(_, why)| (name.clone(), why)));
    }
    Ok(failed)
}

/// Saves the documents of a source. Returns the documents that failed, by number.
async fn import_source(api: &Api, source: &str) -> Answer<Vec<(String, String)>> {
    let all = read_all(api, source);
    if all.is_empty() {
        return Ok(vec![("0".to_owned(), "there is no flow in the file".to_owned())]);
    }
    let mut failed = Vec::new();
    for (index, parsed) in all.iter().enumerate() {
        match accepted(parsed) {
            Ok(flow) => {
                save(api, flow, &parsed.source).await?;
            }
            Err(refusal) => {
                tracing::info!(index, why = %refusal, "a flow was not imported");
                failed.push((index.to_string(), refusal.all()));
            }
        }
    }
    Ok(failed)
}

pub(super) async fn export_by_query(State(api): State<Api>, query: Query) -> Answer<Response> {
    let flows = select(&api, &query).await?;
    export(flows)
}

pub(super) async fn export_by_ids(
    State(api): State<Api>,
    JsonBody(ids): JsonBody<Vec<FlowId>>,
) -> Answer<Response> {
    let mut flows = Vec::new();
    for FlowId { namespace, id } in ids {
        flows.push(api.flow(&namespace, &id, None).await?);
    }
    export(flows)
}

fn export(flows: Vec<StoredFlow>) -> Answer<Response> {
    let files: Vec<(String, Vec<u8>)> = flows
        .into_iter()
        .map(|flow| (format!("{}.{}.yml", flow.namespace, flow.id), flow.source.into_bytes()))
        .collect();
    answer("flows.zip", &files)
}
