//! Checks flows, tasks and triggers before anything is saved.

use crate::error::Answer;
use crate::parts::Api;
use crate::source::{place, read_all, refusal};
use segue_api_types as types;
use segue_engine::check::check_subflows;
use segue_model::Json as Value;
use segue_model::diagnostic::{Diagnostic, Severity, codes};
use segue_model::parse::{Parsed, flow_document, parse_flow};
use serde_json::json;
use std::collections::HashMap;

/// The problems of the flows of a source.
pub(crate) async fn flows(api: &Api, source: &str) -> Answer<Vec<types::FlowValidation>> {
    let mut all = read_all(api, source);
    let mut known: HashMap<(String, String), u32> = api
        .state()
        .flows(None)
        .await?
        .into_iter()
        .map(|flow| ((flow.namespace, flow.id), flow.revision))
        .collect();
    let stored = known.clone();
    for flow in all.iter().filter_map(Parsed::checkable) {
        known.entry((flow.namespace.clone(), flow.id.clone())).or_default();
    }
    let exists = |namespace: &str, id: &str| known.contains_key(&(namespace.to_owned(), id.to_owned()));
    if all.is_empty() {
        all.push(parse_flow(source, &api.catalog));
    }
    let results = all.iter_mut().enumerate().map(|(index, parsed)| {
        parsed.add(check_subflows(parsed, &exists));
        let document = flow_document(&parsed.source).unwrap_or_default();
        let text = |key: &str| document.get(key).and_then(Value::as_str).map(str::to_owned);
        let revision = document.get("revision").and_then(Value::as_u64);
        let latest = text("namespace").zip(text("id")).and_then(|key| stored.get(&key));
        // A source that was changed by nobody else names the revision that saving it would make.
        let outdated = revision.zip(latest).is_some_and(|(mine, latest)| mine != u64::from(*latest) + 1);
        report(index, text("namespace"), text("id"), outdated, &parsed.diagnostics)
    });
    Ok(results.collect())
}

fn report(
    index: usize,
    namespace: Option<String>,
    id: Option<String>,
    outdated: bool,
    diagnostics: &[Diagnostic],
) -> types::FlowValidation {
    let of = |severity: Severity| -> Vec<String> {
        diagnostics.iter().filter(|found| found.severity == severity).map(place).collect()
    };
    let deprecated: Vec<String> =
        diagnostics.iter().filter(|found| found.code == codes::LEGACY_TYPE).map(place).collect();
    types::FlowValidation {
        index: index as u64,
        flow: id,
        namespace,
        constraints: lines(&of(Severity::Error)),
        outdated,
        deprecation_paths: deprecated,
        warnings: of(Severity::Warning),
        infos: of(Severity::Note),
        diagnostics: Some(diagnostics.to_vec()),
    }
}

/// All errors as one text, one on each line. None if there is no error.
fn lines(errors: &[String]) -> Option<String> {
    (!errors.is_empty()).then(|| errors.join("\n"))
}

/// Checks a part of a flow inside the smallest flow that can have it.
pub(crate) fn part(api: &Api, section: &str, source: &str) -> Answer<types::TaskValidation> {
    let Some(part) = flow_document(source) else {
        return Err(refusal(&parse_flow(source, &api.catalog).diagnostics));
    };
    let mut flow = json!({
        "id": "validation",
        "namespace": "validation",
        "tasks": [{"id": "a_task_of_its_own", "type": "io.kestra.plugin.core.log.Log", "message": "x"}],
    });
    if let Value::Object(map) = &mut flow {
        map.insert(section.to_owned(), json!([part]));
    }
    // JSON is YAML.
    let parsed = parse_flow(&flow.to_string(), &api.catalog);
    let of = |severity: Severity| -> Vec<String> {
        let of_it = parsed.diagnostics.iter().filter(|found| found.severity == severity);
        of_it.map(|found| found.message.clone()).collect()
    };
    Ok(types::TaskValidation {
        index: 0,
        outdated: false,
        constraints: lines(&of(Severity::Error)),
        warnings: of(Severity::Warning),
        infos: of(Severity::Note),
    })
}
