//! Tests with whole documents: correct documents, documents with problems, and documents that attack the parser.

mod hostile;
mod problems;
mod reading;

use super::parse_flow;
use crate::catalog::{Catalog, RunBy, Service, TaskType};
use crate::flow::Flow;
use crate::flowable_types::flowable_types;
use serde_json::json;

fn catalog() -> Catalog {
    let mut types = flowable_types();
    types.push(TaskType {
        name: "io.kestra.plugin.core.log.Log",
        aliases: vec!["io.kestra.core.tasks.log.Log"],
        outputs: None,
        run_by: RunBy::Inline,
        schema: json!({
            "type": "object",
            "properties": {
                "message": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
                "level": {"$ref": "#/$defs/Level"}
            },
            "required": ["message"],
            "$defs": {"Level": {"type": "string", "enum": ["DEBUG", "INFO", "WARN"]}}
        }),
    });
    types.push(TaskType {
        name: "io.kestra.plugin.gcp.bigquery.Query",
        aliases: Vec::new(),
        outputs: None,
        run_by: RunBy::Service(Service::Named("bigquery")),
        schema: json!({
            "type": "object",
            "properties": {
                "sql": {"type": "string"},
                "projectId": {"type": ["string", "null"]},
                "scopes": {"type": "array", "items": {"type": "string"}},
                "store": {"type": "boolean"},
                "priority": {"oneOf": [{"type": "string", "const": "BATCH"}, {"type": "string", "const": "INTERACTIVE"}]},
                "timeoutMs": {"type": "integer", "x-aliases": ["timeoutMillis"]},
                "options": {
                    "type": "object",
                    "properties": {"depth": {"type": "integer"}, "mode": {"type": "string"}},
                    "additionalProperties": false
                }
            },
            "required": ["sql"]
        }),
    });
    types.push(TaskType {
        name: "io.kestra.plugin.scripts.shell.Commands",
        aliases: Vec::new(),
        run_by: RunBy::Service(Service::Named("script")),
        schema: json!({
            "type": "object",
            "properties": {"commands": {"type": "array"}, "taskRunner": {"type": "object"}},
            "required": ["commands"]
        }),
        outputs: None,
    });
    types.push(TaskType {
        name: "io.kestra.plugin.core.debug.Any",
        aliases: Vec::new(),
        outputs: None,
        run_by: RunBy::Inline,
        schema: json!({"type": "object", "additionalProperties": true}),
    });
    Catalog::new(types)
}

fn told(source: &str) -> String {
    let parsed = parse_flow(source, &catalog());
    parsed.diagnostics.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn flow(source: &str) -> Flow {
    let parsed = parse_flow(source, &catalog());
    parsed.flow.unwrap_or_else(|| panic!("{:#?}", parsed.diagnostics))
}

/// A flow with these tasks. The lines of `tasks` must already be indented.
fn with_tasks(tasks: &str) -> String {
    format!("id: f\nnamespace: n\ntasks:\n{tasks}")
}

const LOG: &str = "  - {id: log, type: io.kestra.plugin.core.log.Log, message: hi}\n";
