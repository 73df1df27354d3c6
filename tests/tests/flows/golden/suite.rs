//! Runs a golden flow again as `segue test` does, with the results of its tasks as fixtures. What the test says must be
//! what the run did.

use super::case::Case;
use crate::platform::End;
use segue_executor::ExecutorParts;
use segue_model::Json;
use segue_model::catalog::{Catalog, RunBy};
use segue_model::diagnostic::Position;
use segue_model::flow::Flow;
use segue_model::parse::parse_flow;
use segue_model::state::State;
use segue_model::suite::{self, Assertion, Check, Fixtures, Operator, TaskFixture};
use segue_model::task_run::TaskRun;
use segue_simulation::suite::{Files, Subject, Verdict, run_case};
use serde_json::json;
use std::collections::BTreeMap;

const NOWHERE: Position = Position { line: 1, column: 1 };

/// Golden flows that a test of a flow cannot repeat, each with the reason.
const NOT_REPEATED: [(&str, &str); 6] = [
    ("29-working-directory", READS),
    ("35-for-each-item", "the number of batches is in a file that a task made"),
    ("36-shell", READS),
    ("41-subflow-missing", "the flow that it calls does not exist, and a test asks for a fixture instead"),
    ("56-file-formats", READS),
    ("57-duckdb", READS),
];
const READS: &str = "an expression reads a file that a task made";

/// The differences between a run and a test with the run's results as fixtures.
pub(super) fn compare(case: &Case, end: &End, parts: &ExecutorParts) -> Vec<String> {
    let flow = |source: &String| parse_flow(source, &parts.catalog).flow;
    let Some(own) = flow(&case.flow) else { return vec!["the flow is refused".to_owned()] };
    let others: Vec<Flow> = case.load.iter().filter_map(flow).collect();
    let subject = Subject { flow: &own, others: &others, catalog: &parts.catalog, renderer: &parts.renderer };
    let verdict = run_case(&subject, &repeat(case, end, &own, &parts.catalog), &Files::new());
    let reason = NOT_REPEATED.iter().find(|(name, _)| case.name.starts_with(name));
    match (verdict, reason) {
        (Verdict::Success, None) => Vec::new(),
        (Verdict::Success, Some((_, reason))) => vec![format!("can be tested, although {reason}")],
        (_, Some(_)) => Vec::new(),
        (verdict, None) => vec![format!("segue test: {}", json!(verdict))],
    }
}

/// The test case that repeats a run.
fn repeat(case: &Case, end: &End, flow: &Flow, catalog: &Catalog) -> suite::Case {
    let mut services = Vec::new();
    segue_model::walk_tasks(flow, &mut |_, task| {
        let kind = catalog.get(&task.type_name);
        if kind.is_some_and(|kind| matches!(kind.run_by, RunBy::Service(_))) {
            services.push(task.id.clone());
        }
    });
    let own = || end.runs.iter().filter(|run| !run.dynamic);
    let played = own().filter(|run| services.contains(&run.task_id));
    let fixtures = Fixtures {
        inputs: case.inputs.clone(),
        now: Some(end.execution.state.start_date()),
        tasks: played.flat_map(attempts).collect(),
        ..Fixtures::default()
    };
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for run in own() {
        *counts.entry(&run.task_id).or_default() += u64::from(run.current() != State::Skipped);
    }
    let state = assertion(None, Operator::State, json!(end.execution.state.current().as_str()));
    let runs = counts.into_iter().map(|(id, count)| assertion(Some(id), Operator::Runs, json!(count)));
    suite::Case {
        id: "repeated".to_owned(),
        description: None,
        disabled: false,
        fixtures,
        assertions: std::iter::once(state).chain(runs).collect(),
        position: NOWHERE,
    }
}

/// The results of all attempts of a task run.
fn attempts(run: &TaskRun) -> Vec<TaskFixture> {
    let fixture = |attempt, state| TaskFixture {
        id: run.task_id.clone(),
        value: run.value.clone(),
        attempt,
        state,
        outputs: run.outputs.clone(),
        error: None,
        position: NOWHERE,
    };
    let numbered = (1..).zip(&run.attempts);
    let all: Vec<_> = numbered.map(|(at, one)| fixture(Some(at), one.state.current())).collect();
    if all.is_empty() { vec![fixture(None, run.current())] } else { all }
}

fn assertion(task: Option<&str>, operator: Operator, expected: Json) -> Assertion {
    Assertion {
        value: None,
        task_id: task.map(str::to_owned),
        description: None,
        error_message: None,
        checks: vec![Check { operator, expected, position: NOWHERE }],
        position: NOWHERE,
    }
}
