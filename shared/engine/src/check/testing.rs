//! Flows for the tests of the rules.

use segue_model::catalog::{Catalog, RunBy, Service, TaskType};
use segue_model::flowable_types::flowable_types;
use segue_model::parse_flow;
use serde_json::json;

pub(super) fn catalog() -> Catalog {
    let mut types = flowable_types();
    types.extend(crate::inline::inline_types());
    types.push(TaskType {
        name: "test.Any",
        aliases: Vec::new(),
        outputs: None,
        run_by: RunBy::Service(Service::Named("test")),
        schema: json!({"type": "object", "additionalProperties": true}),
    });
    Catalog::new(types)
}

/// The problems of a flow that can be parsed. Each line has a problem and its hint.
pub(super) fn told(source: &str) -> String {
    let parsed = parse_flow(source, &catalog());
    assert!(!parsed.has_errors(), "{source}\n{:#?}", parsed.diagnostics);
    let found = super::check(&parsed, &catalog());
    found.iter().map(|one| one.to_string().replace("\n    hint: ", " => ")).collect::<Vec<_>>().join("\n")
}

/// The problems of a flow without positions.
pub(super) fn messages(source: &str) -> Vec<String> {
    told(source).lines().map(|line| line.split_once(": ").map_or("", |(_, rest)| rest).to_owned()).collect()
}

/// The problems of a flow with these tasks, without positions.
pub(super) fn of_tasks(tasks: &str) -> Vec<String> {
    messages(&with_tasks(tasks))
}

/// A flow with two inputs (`name`, `period.from`) and these tasks, the first on line 6.
pub(super) fn with_tasks(tasks: &str) -> String {
    format!(
        "id: f\nnamespace: n\ninputs: [{{id: name, type: STRING}}, {{id: period.from, type: STRING}}]\nvariables: {{path: a, file: '{{{{ inputs.nobody }}}}'}}\ntasks:\n{tasks}"
    )
}

/// A task with this expression in a property.
pub(super) fn reads(id: &str, expression: &str) -> String {
    format!("{{id: {id}, type: test.Any, x: \"{{{{ {expression} }}}}\"}}")
}
