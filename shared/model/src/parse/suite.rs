//! Reads tests of flows (docs/testing.md). A document with `testCases` and without `tasks` is a test suite.

use super::context::Context;
use super::documents::{self, Document};
use super::fields::Fields;
use super::node::Node;
use super::{build, ids};
use crate::Json;
use crate::catalog::Catalog;
use crate::diagnostic::{Diagnostic, Severity, codes};
use crate::state::State;
use crate::suite::{
    Assertion, Case, Check, FileFixture, Fixtures, OPERATORS, Operator, Suite, TaskFixture, TriggerFixture,
};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// The types of a test case.
const TYPES: [(&str, ()); 2] =
    [("io.kestra.core.tests.flow.UnitTest", ()), ("io.kestra.core.test.flow.UnitTest", ())];

const STATES: [(&str, State); 5] = [
    ("SUCCESS", State::Success),
    ("WARNING", State::Warning),
    ("FAILED", State::Failed),
    ("KILLED", State::Killed),
    ("RUNNING", State::Running),
];

/// The result of reading a test suite.
#[derive(Clone, Debug)]
pub struct ParsedSuite {
    /// The suite; `None` if there is an error.
    pub suite: Option<Suite>,
    /// All problems, in the order of the source.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads the test suites of a file. Other documents are left out.
pub fn parse_suites(source: &str) -> Vec<ParsedSuite> {
    documents::split(source).iter().filter(|document| is_suite(document)).map(parse).collect()
}

/// Whether a file has test suites and nothing else.
pub fn has_only_suites(source: &str) -> bool {
    let documents = documents::split(source);
    !documents.is_empty() && documents.iter().all(is_suite)
}

pub(super) fn is_suite(document: &Document<'_>) -> bool {
    // Most files have no tests, so they are not read twice.
    document.text.contains("testCases")
        && build::build(document.text, document.first_line, &mut Vec::new())
            .is_some_and(|root| root.get("testCases").is_some() && root.get("tasks").is_none())
}

fn parse(document: &Document<'_>) -> ParsedSuite {
    let catalog = Catalog::default();
    let mut ctx = Context::new(&catalog);
    let root = build::build(document.text, document.first_line, &mut ctx.diagnostics);
    let suite = root.and_then(|root| suite(&mut ctx, &root));
    let mut diagnostics = ctx.diagnostics;
    diagnostics.sort_by_key(|found| found.position);
    let is_refused = diagnostics.iter().any(|found| found.severity == Severity::Error);
    ParsedSuite { suite: suite.filter(|_| !is_refused), diagnostics }
}

fn suite(ctx: &mut Context<'_>, node: &Node) -> Option<Suite> {
    let mut fields = Fields::from_node(ctx, node, "the test suite")?;
    let mut suite = Suite {
        id: ids::id(ctx, &mut fields),
        namespace: ids::namespace(ctx, &mut fields),
        flow_id: fields.required_text(ctx, "flowId"),
        description: fields.text(ctx, "description"),
        cases: fields.list(ctx, &["testCases"]).iter().filter_map(|node| case(ctx, node)).collect(),
        position: node.position,
    };
    if fields.flag(ctx, "disabled", false) {
        suite.cases.iter_mut().for_each(|case| case.disabled = true);
    }
    // Exported suites have these keys.
    fields.ignore(&["deleted", "tenantId"]);
    fields.finish(ctx);
    let mut seen = BTreeSet::new();
    for case in &suite.cases {
        if !seen.insert(&case.id) {
            let message = format!("two test cases have the id '{}'", case.id);
            ctx.error(codes::DUPLICATE_TASK_ID, case.position, message);
        }
    }
    Some(suite)
}

fn case(ctx: &mut Context<'_>, node: &Node) -> Option<Case> {
    let mut fields = Fields::from_node(ctx, node, "a test case")?;
    let id = ids::id(ctx, &mut fields);
    if !id.is_empty() {
        fields.rename(format!("test case '{id}'"));
    }
    fields.choice(ctx, "type", &TYPES);
    let what = fields.what().to_owned();
    let case = Case {
        description: fields.text(ctx, "description"),
        disabled: fields.flag(ctx, "disabled", false),
        fixtures: fields
            .take(&["fixtures"])
            .and_then(|node| fixtures(ctx, node, &format!("'fixtures' of {what}")))
            .unwrap_or_default(),
        assertions: fields
            .list(ctx, &["assertions"])
            .iter()
            .filter_map(|node| assertion(ctx, node, &what))
            .collect(),
        position: node.position,
        id,
    };
    if case.assertions.is_empty() {
        let message = format!("{what} has no assertions");
        ctx.tell(
            Diagnostic::error(codes::MISSING_PROPERTY, node.position, message)
                .with_hint("add at least 'assertions: [{state: SUCCESS}]'"),
        );
    }
    fields.finish(ctx);
    Some(case)
}

fn fixtures(ctx: &mut Context<'_>, node: &Node, what: &str) -> Option<Fixtures> {
    let mut fields = Fields::from_node(ctx, node, what)?;
    let inputs = fields.map(ctx, "inputs");
    let files = fields.take(&["files"]).map(|node| files(ctx, node)).unwrap_or_default();
    let tasks = fields.list(ctx, &["tasks"]).iter().filter_map(|node| task(ctx, node)).collect();
    let trigger = fields.take(&["trigger"]).and_then(|node| trigger(ctx, node));
    let mut secrets = BTreeMap::new();
    if let Some(node) = fields.take(&["secrets"])
        && let Some(entries) = node.entries()
    {
        for entry in entries {
            let text = ctx.text(&entry.node, &format!("the secret '{}'", entry.key));
            secrets.extend(text.map(|text| (entry.key.to_uppercase(), text)));
        }
    }
    let now = fields.take(&["now"]).and_then(|node| {
        let text = ctx.text(node, "'now'")?;
        let time = text.parse::<Timestamp>();
        if time.is_err() {
            let message = format!("'now' must be an instant such as 2024-01-31T08:00:00Z, not '{text}'");
            ctx.error(codes::WRONG_VALUE_TYPE, node.position, message);
        }
        time.ok()
    });
    let found = Fixtures {
        inputs,
        files,
        tasks,
        trigger,
        kv: fields.map(ctx, "kv"),
        secrets,
        http: fields.map(ctx, "http"),
        variables: fields.map(ctx, "variables"),
        now,
    };
    fields.finish(ctx);
    Some(found)
}

fn files(ctx: &mut Context<'_>, node: &Node) -> BTreeMap<String, FileFixture> {
    let Some(entries) = node.entries() else {
        ctx.wrong_kind(node, "'files'", "a map of file names to contents");
        return BTreeMap::new();
    };
    let mut files = BTreeMap::new();
    for entry in entries {
        let what = format!("the file '{}'", entry.key);
        let file = if entry.node.entries().is_some() {
            Fields::from_node(ctx, &entry.node, &what).map(|mut fields| {
                let path = fields.required_text(ctx, "path");
                fields.finish(ctx);
                FileFixture::Path(path)
            })
        } else {
            ctx.text(&entry.node, &what).map(FileFixture::Text)
        };
        files.extend(file.map(|file| (entry.key.clone(), file)));
    }
    files
}

fn task(ctx: &mut Context<'_>, node: &Node) -> Option<TaskFixture> {
    let mut fields = Fields::from_node(ctx, node, "a fixture of a task")?;
    let id = ids::id(ctx, &mut fields);
    if !id.is_empty() {
        fields.rename(format!("the fixture of task '{id}'"));
    }
    fields.text(ctx, "description");
    let fixture = TaskFixture {
        value: fields.text(ctx, "value"),
        attempt: fields.count(ctx, "attempt", 1),
        state: fields.choice(ctx, "state", &STATES).unwrap_or(State::Success),
        outputs: fields.map(ctx, "outputs"),
        error: fields.text(ctx, "error"),
        position: node.position,
        id,
    };
    fields.finish(ctx);
    Some(fixture)
}

fn trigger(ctx: &mut Context<'_>, node: &Node) -> Option<TriggerFixture> {
    let mut fields = Fields::from_node(ctx, node, "the fixture of the trigger")?;
    let fixture = TriggerFixture {
        id: fields.required_text(ctx, "id"),
        type_name: fields.text(ctx, "type").unwrap_or_default(),
        variables: fields.map(ctx, "variables"),
    };
    fields.finish(ctx);
    Some(fixture)
}

fn assertion(ctx: &mut Context<'_>, node: &Node, case: &str) -> Option<Assertion> {
    let mut fields = Fields::from_node(ctx, node, format!("an assertion of {case}"))?;
    let value = fields.json("value");
    let task_id = fields.text(ctx, "taskId");
    let mut checks = Vec::new();
    for (operator, names) in OPERATORS {
        if let Some(node) = fields.take(names) {
            checks.push(Check { operator, expected: node.to_json(), position: node.position });
        }
    }
    checks.sort_by_key(|check| check.position);
    let assertion = Assertion {
        description: fields.text(ctx, "description"),
        error_message: fields.text(ctx, "errorMessage"),
        value,
        task_id,
        checks,
        position: node.position,
    };
    fields.finish(ctx);
    if assertion.checks.is_empty() {
        let names: Vec<&str> = OPERATORS.iter().map(|(operator, _)| operator.name()).collect();
        ctx.tell(
            Diagnostic::error(
                codes::MISSING_PROPERTY,
                node.position,
                format!("an assertion of {case} compares nothing"),
            )
            .with_hint(format!("add one of {}", names.join(", "))),
        );
    }
    let lacks_value = assertion.value.is_none()
        && !node.entries().unwrap_or_default().iter().any(|entry| entry.key == "value");
    if lacks_value && let Some(check) = assertion.checks.iter().find(|check| check.operator.needs_value()) {
        let message = format!("an assertion of {case} has '{}', but no 'value'", check.operator.name());
        ctx.error(codes::MISSING_PROPERTY, check.position, message);
    }
    for check in &assertion.checks {
        shape(ctx, check, assertion.task_id.is_some());
    }
    Some(assertion)
}

/// Reports an expected value that does not fit its operator.
fn shape(ctx: &mut Context<'_>, check: &Check, has_task: bool) {
    let wanted = match (check.operator, &check.expected) {
        (Operator::In | Operator::NotIn | Operator::Order, Json::Array(_) | Json::String(_)) => return,
        (Operator::In | Operator::NotIn | Operator::Order, _) => "a list",
        (Operator::IsNull | Operator::IsNotNull, Json::Bool(_)) => return,
        (Operator::IsNull | Operator::IsNotNull, _) => "true or false",
        (Operator::Runs, _) if !has_task => {
            let message = "'runs' counts the runs of a task, but the assertion has no 'taskId'";
            return ctx.error(codes::MISSING_PROPERTY, check.position, message);
        }
        (Operator::State, Json::String(state)) => {
            if serde_json::from_value::<State>(Json::String(state.clone())).is_ok() {
                return;
            }
            "a state such as SUCCESS or FAILED"
        }
        (Operator::State, _) => "a state such as SUCCESS or FAILED",
        (
            Operator::EqualTo
            | Operator::NotEqualTo
            | Operator::StartsWith
            | Operator::EndsWith
            | Operator::Contains
            | Operator::GreaterThan
            | Operator::GreaterThanOrEqualTo
            | Operator::LessThan
            | Operator::LessThanOrEqualTo
            | Operator::Runs
            | Operator::Refused,
            _,
        ) => return,
    };
    let message =
        format!("'{}' of an assertion must be {wanted}, not {}", check.operator.name(), check.expected);
    ctx.error(codes::WRONG_VALUE_TYPE, check.position, message);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const SUITE: &str = r#"
id: taxi_test
namespace: zoomcamp
flowId: taxi
testCases:
  - id: yellow
    type: io.kestra.core.tests.flow.UnitTest
    description: the yellow branch
    fixtures:
      inputs: {taxi: yellow}
      files:
        a.csv: "1,2"
        b.csv: {path: data/b.csv}
      tasks:
        - id: extract
          description: nothing is downloaded
          outputs: {uri: "{{ files['a.csv'] }}"}
        - {id: load, value: a, attempt: 2, state: FAILED, error: no}
      trigger: {id: daily, type: io.kestra.plugin.core.trigger.Schedule, variables: {date: "2024-01-01T00:00:00Z"}}
      kv: {BUCKET: b}
      secrets: {token: t}
      now: 2024-05-01T00:00:00Z
    assertions:
      - value: "{{ outputs.t.value }}"
        equalTo: 3
        description: d
        errorMessage: e
      - {state: SUCCESS}
      - {taskId: load, runs: 2}
      - {order: [extract, load]}
"#;

    fn problems(source: &str) -> Vec<String> {
        let found = parse_suites(source).remove(0).diagnostics;
        found.into_iter().map(|found| found.to_string()).collect()
    }

    #[test]
    fn a_suite_in_the_shape_of_kestra_is_read() {
        let parsed = parse_suites(SUITE).remove(0);
        assert!(parsed.diagnostics.is_empty(), "{:?}", parsed.diagnostics);
        let suite = parsed.suite.unwrap();
        assert_eq!((suite.flow_id.as_str(), suite.cases.len()), ("taxi", 1));
        let case = &suite.cases[0];
        assert_eq!(case.fixtures.files["b.csv"], FileFixture::Path("data/b.csv".into()));
        assert_eq!(case.fixtures.tasks[1].attempt, Some(2));
        assert_eq!(case.fixtures.tasks[1].state, State::Failed);
        assert_eq!(case.fixtures.secrets["TOKEN"], "t");
        let operators: Vec<_> = case.assertions.iter().map(|each| each.checks[0].operator.name()).collect();
        assert_eq!(operators, ["equalTo", "state", "runs", "order"]);
        assert_eq!(case.assertions[0].checks[0].expected, json!(3));
        assert_eq!(case.assertions[0].position.line, 24);
    }

    #[test]
    fn older_names_of_operators_are_read() {
        let source = SUITE.replace("equalTo: 3", "equalsTo: 3");
        assert!(problems(&source).is_empty());
    }

    #[test]
    fn unknown_keys_and_values_are_refused_with_their_position() {
        for (old, new, expected) in [
            ("equalTo: 3", "equalTwo: 3", "Unrecognized field 'equalTwo'"),
            ("kv: {BUCKET: b}", "kvs: {BUCKET: b}", "Unrecognized field 'kvs'"),
            ("state: FAILED", "state: LOST", "must be one of SUCCESS, WARNING, FAILED, KILLED, RUNNING"),
            ("{state: SUCCESS}", "{state: FINE}", "must be a state such as SUCCESS"),
            ("{taskId: load, runs: 2}", "{runs: 2}", "has no 'taskId'"),
            ("{order: [extract, load]}", "{order: 3}", "must be a list"),
            ("equalTo: 3", "isNull: maybe", "must be true or false"),
            ("value: \"{{ outputs.t.value }}\"", "taskId: t", "has 'equalTo', but no 'value'"),
            ("2024-05-01T00:00:00Z", "May", "'now' must be an instant"),
            ("flowId: taxi", "description: d", "lacks the required property 'flowId'"),
            ("tests.flow.UnitTest", "tests.flow.Unit", "must be one of"),
        ] {
            let source = SUITE.replacen(old, new, 1);
            assert_ne!(source, SUITE, "{old}");
            let found = problems(&source).join("\n");
            assert!(found.contains(expected), "{new}: {found}");
        }
    }

    #[test]
    fn flows_are_no_suites() {
        assert!(has_only_suites(SUITE));
        assert!(!has_only_suites("id: a\nnamespace: b\ntasks: []\ntestCases: []\n"));
        assert!(!has_only_suites(""));
        let both = format!("id: a\nnamespace: b\ntasks:\n  - {{id: t, type: x}}\n---{SUITE}");
        assert!(!has_only_suites(&both));
        assert_eq!(parse_suites(&both).len(), 1);
        assert_eq!(super::super::parse_flows(&both, &Catalog::default()).len(), 1);
        let refused = super::super::parse_flow(SUITE, &Catalog::default());
        assert_eq!(refused.diagnostics.len(), 1);
        assert!(refused.diagnostics[0].message.contains("a test of a flow"), "{:?}", refused.diagnostics);
    }
}
