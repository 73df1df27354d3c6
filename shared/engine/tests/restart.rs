//! Restart (docs/kestra.md 2.6), on the engine alone.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what is wrong here fails a test"
)]

mod world;

use segue_engine::{Effect, Refusal};
use segue_model::event::Event;
use segue_model::id::ExecutionId;
use segue_model::state::State;
use serde_json::json;
use world::{World, ended, fails, work};

const FLOW: &str = "io.kestra.plugin.core.flow";

fn restart(world: &mut World) {
    let attempt = world.execution.execution().metadata.attempt_number;
    let event = Event::RestartRequested { attempt };
    assert_eq!(world.execution.refuses(&event), None);
    world.send(event);
    world.run();
}

/// Runs a flow with failing tasks and restarts it. `before` and `after` are the task runs before and after the restart.
fn restarts(flow: &str, before: &[&str], after: &[&str], end: State) -> World {
    let mut world = ended(flow);
    assert_eq!(world.runs(), before, "before\n{flow}");
    restart(&mut world);
    assert_eq!(world.runs(), after, "after\n{flow}");
    assert_eq!(world.state(), end, "{flow}");
    world
}

#[test]
fn a_restart_counts_and_is_labelled() {
    let world = restarts(
        &format!("tasks: [{}, {}]", fails("a", 1), work("b")),
        &["a FAILED"],
        &["a SUCCESS", "b SUCCESS"],
        State::Success,
    );
    let execution = world.execution.execution();
    assert_eq!(execution.metadata.attempt_number, 2);
    assert!(execution.labels.iter().any(|label| label.key == "system.restarted" && label.value == "true"));
    assert_eq!(world.states(), ["CREATED", "RUNNING", "FAILED", "RESTARTED", "RUNNING", "SUCCESS"]);
    let run = world.run_of("a");
    let states: Vec<_> = run.state.histories().iter().map(|change| change.state.as_str()).collect();
    assert_eq!(states, ["CREATED", "RUNNING", "FAILED", "RESTARTED", "RUNNING", "SUCCESS"]);
    assert_eq!(run.attempts.len(), 2);
}

#[test]
fn a_restart_that_comes_twice_is_one() {
    let mut world = ended(&format!("tasks: [{}]", fails("a", 9)));
    for _ in 0..2 {
        world.send(Event::RestartRequested { attempt: 1 });
        world.run();
    }
    assert_eq!(world.run_of("a").attempts.len(), 2);
}

#[test]
fn what_ran_aside_runs_again_under_ids_of_its_own() {
    let flow = format!(
        "tasks: [{}, {}]\nerrors: [{}]\nfinally: [{}]\nafterExecution: [{}]",
        fails("a", 1),
        work("b"),
        work("e"),
        work("f"),
        work("z")
    );
    let mut world = ended(&flow);
    assert_eq!(world.runs(), ["a FAILED", "e SUCCESS", "f SUCCESS", "z SUCCESS"]);
    let before = world.run_of("f").id;
    restart(&mut world);
    assert_eq!(world.runs(), ["a SUCCESS", "b SUCCESS", "f SUCCESS", "z SUCCESS"]);
    assert_ne!(world.run_of("f").id, before, "an attempt of the former is none of the latter");
}

#[test]
fn a_finally_that_failed_runs_again() {
    let flow = format!("tasks: [{}]\nfinally: [{}]", work("a"), fails("f", 9));
    let mut world = ended(&flow);
    assert_eq!(world.runs(), ["a SUCCESS", "f FAILED"]);
    restart(&mut world);
    assert_eq!(world.runs(), ["a SUCCESS", "f FAILED"]);
    let inner = format!(
        "tasks: [{{id: s, type: {FLOW}.Sequential, tasks: [{}], finally: [{}]}}, {}]",
        work("a"),
        fails("f", 9),
        work("b")
    );
    let world = restarts(
        &inner,
        &["s FAILED", "a SUCCESS", "f FAILED"],
        &["s FAILED", "a SUCCESS", "f FAILED"],
        State::Failed,
    );
    assert_eq!(world.run_of("a").attempts.len(), 1, "the task run that succeeded did not run again");
    assert_eq!(world.run_of("s").attempts.len(), 2);
}

#[test]
fn a_working_directory_restarts_as_a_whole() {
    let flow = format!(
        "tasks: [{{id: w, type: {FLOW}.WorkingDirectory, tasks: [{}, {}]}}]",
        work("a"),
        fails("b", 9)
    );
    let mut world = ended(&flow);
    assert_eq!(world.runs(), ["w FAILED", "a SUCCESS", "b FAILED"]);
    let before = (world.run_of("w").id, world.run_of("a").id);
    restart(&mut world);
    assert_eq!(world.runs(), ["w FAILED", "a SUCCESS", "b FAILED"]);
    assert_eq!(world.run_of("w").id, before.0);
    assert_ne!(world.run_of("a").id, before.1, "its children are new");
}

#[test]
fn a_restart_goes_on_inside_flowables() {
    let inside = |kind: &str, rest: &str, last: &str| {
        format!(
            "tasks: [{{id: p, type: {FLOW}.{kind}, {rest}tasks: [{}, {}]}}, {}]",
            fails("a", 1),
            work("b"),
            work(last)
        )
    };
    restarts(
        &inside("Sequential", "", "c"),
        &["p FAILED", "a FAILED"],
        &["p SUCCESS", "a SUCCESS", "b SUCCESS", "c SUCCESS"],
        State::Success,
    );
    restarts(
        &inside("Parallel", "", "c"),
        &["p FAILED", "a FAILED", "b SUCCESS"],
        &["p SUCCESS", "a SUCCESS", "b SUCCESS", "c SUCCESS"],
        State::Success,
    );
    restarts(
        &inside("Parallel", "concurrent: 1, ", "c"),
        &["p FAILED", "a FAILED"],
        &["p SUCCESS", "a SUCCESS", "b SUCCESS", "c SUCCESS"],
        State::Success,
    );
    restarts(
        &inside("ForEach", "values: [1, 2], ", "c"),
        &["p FAILED", "a[1] FAILED"],
        &["p FAILED", "a[1] SUCCESS", "b[1] SUCCESS", "a[2] FAILED"],
        State::Failed,
    );
    restarts(
        &inside("ForEach", "values: [1, 2], concurrencyLimit: 0, ", "c"),
        &["p FAILED", "a[1] FAILED", "a[2] FAILED"],
        &["p SUCCESS", "a[1] SUCCESS", "a[2] SUCCESS", "b[1] SUCCESS", "b[2] SUCCESS", "c SUCCESS"],
        State::Success,
    );
    restarts(
        &inside("AllowFailure", "", "c"),
        &["p WARNING", "a FAILED", "c SUCCESS"],
        &["p SUCCESS", "a SUCCESS", "c SUCCESS", "b SUCCESS"],
        State::Success,
    );
    restarts(
        &format!(
            "tasks: [{{id: d, type: {FLOW}.Dag, tasks: [{{task: {}}}, {{task: {}, dependsOn: [a]}}, {{task: {}}}]}}]",
            fails("a", 1),
            work("b"),
            work("c")
        ),
        &["d FAILED", "a FAILED", "c SUCCESS"],
        &["d SUCCESS", "a SUCCESS", "c SUCCESS", "b SUCCESS"],
        State::Success,
    );
    restarts(
        &format!(
            "tasks: [{{id: i, type: {FLOW}.If, condition: 'true', then: [{}], else: [{}]}}]",
            fails("a", 1),
            work("b")
        ),
        &["i FAILED", "a FAILED"],
        &["i SUCCESS", "a SUCCESS"],
        State::Success,
    );
    restarts(
        &format!(
            "tasks: [{{id: u, type: {FLOW}.LoopUntil, condition: '{{{{ outputs.u.iterationCount >= 2 }}}}', \
             checkFrequency: {{interval: PT1S}}, tasks: [{}]}}]",
            fails("a", 1)
        ),
        &["u FAILED", "a FAILED"],
        // The first round has succeeded. The task of the second round is a new task run, so it fails again.
        &["u FAILED", "a FAILED"],
        State::Failed,
    );
}

#[test]
fn a_flowable_that_failed_by_itself_is_opened_again() {
    let flow = format!(
        "tasks: [{{id: i, type: {FLOW}.If, condition: '{{{{ outputs.none.x }}}}', then: [{}]}}]",
        work("a")
    );
    let world = restarts(&flow, &["i FAILED"], &["i FAILED"], State::Failed);
    assert_eq!(world.run_of("i").attempts.len(), 2, "its condition was asked again");
}

#[test]
fn a_restart_with_nothing_to_begin_from_is_refused() {
    for flow in [
        format!("tasks: [{}]", work("a")),
        format!(
            "tasks: [{}]\noutputs: [{{id: o, type: STRING, value: '{{{{ outputs.none.x }}}}'}}]",
            work("a")
        ),
    ] {
        let mut world = ended(&flow);
        let event = Event::RestartRequested { attempt: 1 };
        let text = "No task found to restart execution from!".to_owned();
        assert_eq!(world.execution.refuses(&event), Some(Refusal::IllegalState(text)), "{flow}");
        let before = (world.runs(), world.states());
        world.send(event);
        world.run();
        assert_eq!((world.runs(), world.states()), before, "{flow}");
    }
    let mut world = World::new("tasks: [{id: a, type: test.Work, hangs: true}]");
    world.run();
    let refusal = world.execution.refuses(&Event::RestartRequested { attempt: 1 });
    assert!(matches!(refusal, Some(Refusal::IllegalState(text)) if text.contains("RUNNING")));
}

#[test]
fn a_paused_execution_restarts_at_its_pause() {
    let flow = format!("tasks: [{{id: p, type: {FLOW}.Pause}}, {}]", work("b"));
    let mut world = World::new(&flow);
    world.run();
    restart(&mut world);
    assert_eq!((world.runs(), world.state()), (vec!["p PAUSED".to_owned()], State::Paused));
    world.send(Event::ResumeRequested { inputs: segue_model::Map::new(), task_run_id: None });
    world.run();
    assert_eq!(world.state(), State::Success);
}

#[test]
fn a_restart_needs_a_slot() {
    let flow = format!("concurrency: {{limit: 1}}\ntasks: [{}]", fails("a", 1));
    let mut world = ended(&flow);
    assert!(world.effects.contains(&Effect::ReleasePermit));
    world.is_full = true;
    restart(&mut world);
    assert_eq!(world.state(), State::Queued);
    world.send(Event::PermitGranted);
    world.run();
    assert_eq!((world.runs(), world.state()), (vec!["a SUCCESS".to_owned()], State::Success));
}

fn subflow(behavior: &str) -> World {
    let mut world =
        World::new(&format!("tasks: [{{id: s, type: {FLOW}.Subflow, namespace: n, flowId: f{behavior}}}]"));
    world.manual = true;
    world.run();
    tell(&mut world, "child", 1, State::Failed);
    assert_eq!(world.runs(), ["s FAILED"]);
    restart(&mut world);
    world
}

/// Ends the subflow of the last request. `child` is the text `child` for this subflow, or the id of another execution.
fn tell(world: &mut World, child: &str, attempt: u32, state: State) {
    let request = world.subflows.last().unwrap();
    let asked = request.restart.as_ref().map_or(&request.execution_id, |(failed, _)| failed).clone();
    let execution_id = if child == "child" { asked } else { ExecutionId::from(child) };
    world.send(Event::SubflowFinished {
        task_run_id: request.task_run_id.clone(),
        iteration: None,
        original_id: execution_id.clone(),
        execution_id,
        attempt,
        state,
        outputs: segue_model::Map::new(),
    });
    world.run();
}

#[test]
fn a_failed_subflow_is_restarted() {
    let mut world = subflow("");
    let [first, again] = world.subflows.as_slice() else { panic!("{:?}", world.subflows) };
    assert_eq!(again.restart, Some((first.execution_id.clone(), 1)));
    tell(&mut world, "child", 1, State::Failed);
    assert_eq!(world.runs(), ["s RUNNING"], "the late end of the old attempt changes nothing");
    // After a crash, the same restart is requested again.
    world.reload();
    world.send(Event::Continued);
    world.run();
    assert_eq!(world.subflows.last().unwrap().restart, world.subflows[1].restart);
    tell(&mut world, "child", 2, State::Success);
    assert_eq!((world.runs(), world.state()), (vec!["s SUCCESS".to_owned()], State::Success));
}

#[test]
fn a_subflow_that_cannot_be_restarted_is_replaced() {
    let mut world = subflow("");
    let request = world.subflows.last().unwrap().clone();
    world.send(Event::SubflowCreated {
        task_run_id: request.task_run_id.clone(),
        iteration: None,
        outcome: Ok(request.execution_id.clone()),
    });
    world.run();
    tell(&mut world, request.execution_id.as_str(), 1, State::Success);
    assert_eq!(world.state(), State::Success);
    assert_eq!(world.run_of("s").outputs.get("executionId"), Some(&json!(request.execution_id)));
}

#[test]
fn a_restart_may_ask_for_a_new_subflow() {
    let mut world = subflow(", restartBehavior: NEW_EXECUTION");
    let [first, again] = world.subflows.as_slice() else { panic!("{:?}", world.subflows) };
    assert_eq!(again.restart, None);
    assert_ne!(again.execution_id, first.execution_id);
    tell(&mut world, "child", 1, State::Success);
    assert_eq!(world.state(), State::Success);
}

#[test]
fn a_retry_of_the_subflow_itself_ends_the_call() {
    let mut world = World::new(&format!("tasks: [{{id: s, type: {FLOW}.Subflow, namespace: n, flowId: f}}]"));
    world.manual = true;
    world.run();
    let request = world.subflows.last().unwrap().clone();
    world.send(Event::SubflowFinished {
        task_run_id: request.task_run_id,
        iteration: None,
        execution_id: ExecutionId::from("second"),
        original_id: request.execution_id,
        attempt: 2,
        state: State::Success,
        outputs: segue_model::Map::new(),
    });
    world.run();
    assert_eq!(world.state(), State::Success);
    assert_eq!(world.run_of("s").outputs.get("executionId"), Some(&json!("second")));
}
