//! Timeouts of flowables, and SLAs of executions (docs/kestra.md 1.3, 1.5).

mod world;

use segue_engine::Effect;
use segue_model::event::Event;
use segue_model::state::State;
use world::World;

const FLOW: &str = "io.kestra.plugin.core.flow";
const HANGS: &str = "{id: h, type: test.Work, hangs: true}";

fn after(flow: &str, seconds: i64, runs: &[&str], state: State) -> World {
    let mut world = World::new(flow);
    world.pass(seconds);
    assert_eq!(world.runs(), runs, "{flow}");
    assert_eq!(world.state(), state, "{flow}");
    world
}

#[test]
fn flowables_are_stopped_when_their_time_is_over() {
    for (kind, rest) in [
        ("Sequential", ""),
        ("Parallel", ""),
        ("AllowFailure", ""),
        ("ForEach", "values: [1], "),
        ("LoopUntil", "condition: 'false', "),
    ] {
        let flow = format!(
            "tasks: [{{id: s, type: {FLOW}.{kind}, {rest}timeout: PT5S, tasks: [{HANGS}], finally: [{{id: f, type: test.Work}}]}}, {{id: b, type: test.Work}}]"
        );
        let mut world = World::new(&flow);
        world.pass(4);
        assert_eq!(world.state(), State::Running, "{flow}");
        world.pass(2);
        let own = if kind == "AllowFailure" { State::Warning } else { State::Failed };
        assert_eq!(world.run_of("s").current(), own, "{flow}");
        assert_eq!(world.run_of("h").current(), State::Killed, "{flow}");
        assert_eq!(world.run_of("f").current(), State::Success, "its finally runs: {flow}");
        assert_eq!(world.state(), own, "{flow}");
        assert!(world.logs.iter().any(|line| line.message.contains("timeout, PT5S")));
        assert!(world.effects.contains(&Effect::StopAttempts { attempts: vec![(world.run_of("h").id, 0)] }));
        assert_eq!(world.timers(), [] as [&str; 0]);
    }
    let iff =
        format!("tasks: [{{id: s, type: {FLOW}.If, condition: 'true', timeout: PT5S, then: [{HANGS}]}}]");
    after(&iff, 6, &["s FAILED", "h KILLED"], State::Failed);
    let dag = format!("tasks: [{{id: s, type: {FLOW}.Dag, timeout: PT5S, tasks: [{{task: {HANGS}}}]}}]");
    after(&dag, 6, &["s FAILED", "h KILLED"], State::Failed);
    let sleep = format!("tasks: [{{id: s, type: {FLOW}.Sleep, duration: PT1H, timeout: PT5S}}]");
    after(&sleep, 6, &["s FAILED"], State::Failed);
    let waits = format!(
        "tasks: [{{id: s, type: {FLOW}.LoopUntil, condition: 'false', checkFrequency: {{interval: PT1H}}, timeout: PT5S, tasks: [{{id: t, type: test.Work}}]}}]"
    );
    after(&waits, 6, &["s FAILED", "t SUCCESS"], State::Failed);
    let pause = format!("tasks: [{{id: s, type: {FLOW}.Pause, timeout: PT5S}}]");
    after(&pause, 6, &["s FAILED"], State::Failed);
}

#[test]
fn a_pause_that_is_over_runs_once() {
    for rest in ["timeout: PT5S", "pauseDuration: PT5S, behavior: FAIL"] {
        let mut world = World::new(&format!("tasks: [{{id: s, type: {FLOW}.Pause, {rest}}}]"));
        world.pass(6);
        let states: Vec<State> =
            world.run_of("s").state.histories().iter().map(|change| change.state).collect();
        assert_eq!(states, [State::Created, State::Running, State::Paused, State::Failed], "{rest}");
        assert_eq!(world.states(), ["CREATED", "RUNNING", "PAUSED", "RUNNING", "FAILED"], "{rest}");
        assert!(world.logs.iter().any(|line| line.message.contains("the pause has timed out")), "{rest}");
        assert_eq!(world.timers(), [] as [&str; 0]);
    }
    let with_finally = format!(
        "tasks: [{{id: s, type: {FLOW}.Pause, timeout: PT5S, finally: [{{id: f, type: test.Work}}]}}]"
    );
    after(&with_finally, 6, &["s FAILED", "f SUCCESS"], State::Failed);
}

#[test]
fn a_working_directory_out_of_time_is_cleared_away() {
    let flow = format!(
        "tasks: [{{id: w, type: {FLOW}.WorkingDirectory, timeout: PT5S, retry: {{type: constant, interval: PT1S, maxAttempts: 2}}, tasks: [{HANGS}]}}]"
    );
    let mut world = World::new(&flow);
    world.pass(6);
    assert_eq!(world.runs(), ["w RETRYING", "h KILLED"]);
    let collected = |world: &World| {
        let types = world.effects.iter().filter_map(|effect| match effect {
            Effect::DispatchTaskRun(dispatch) => Some(dispatch.task_type.clone()),
            _ => None,
        });
        types.filter(|name| name.ends_with("Collect")).count()
    };
    assert_eq!(collected(&world), 1);
    world.pass(8);
    assert_eq!((world.run_of("w").current(), collected(&world)), (State::Failed, 2));
    assert_eq!(world.state(), State::Failed);
}

#[test]
fn errors_run_when_the_time_is_over() {
    let flow = format!(
        "tasks: [{{id: s, type: {FLOW}.Sequential, timeout: PT5S, tasks: [{HANGS}], errors: [{{id: e, type: test.Work}}]}}]\nerrors: [{{id: g, type: test.Work}}]"
    );
    after(&flow, 6, &["s FAILED", "h KILLED", "e SUCCESS", "g SUCCESS"], State::Failed);
}

#[test]
fn what_ends_in_time_is_left_alone() {
    let flow = format!(
        "tasks: [{{id: s, type: {FLOW}.Sequential, timeout: PT5S, tasks: [{{id: a, type: test.Work}}]}}, {{id: z, type: {FLOW}.Sleep, duration: PT10S}}]"
    );
    let world = after(&flow, 30, &["s SUCCESS", "a SUCCESS", "z SUCCESS"], State::Success);
    assert!(
        !world
            .history
            .iter()
            .any(|event| matches!(event, Event::TimerFired { key } if key.starts_with("timeout")))
    );
}

#[test]
fn a_flowable_out_of_time_is_tried_again() {
    let flow = format!(
        "tasks: [{{id: s, type: {FLOW}.Sequential, timeout: PT5S, retry: {{type: constant, interval: PT10S, maxAttempts: 2}}, tasks: [{{id: a, type: test.Work}}, {HANGS}]}}]"
    );
    let mut world = World::new(&flow);
    world.pass(6);
    assert_eq!(world.runs(), ["s RETRYING", "a SUCCESS", "h KILLED"]);
    assert_eq!(world.state(), State::Retrying);
    let first = world.run_of("a").id;
    world.pass(10);
    assert_eq!(world.runs(), ["s RUNNING", "a SUCCESS", "h CREATED"]);
    assert_ne!(world.run_of("a").id, first, "the children are new task runs");
    world.pass(6);
    assert_eq!(
        (world.runs(), world.state()),
        (vec!["s FAILED".into(), "a SUCCESS".into(), "h KILLED".into()], State::Failed)
    );
    assert_eq!(world.run_of("s").attempts.len(), 2);
}

#[test]
fn a_subflow_out_of_time_is_killed_and_tried_again() {
    let flow = format!(
        "tasks: [{{id: s, type: {FLOW}.Subflow, namespace: n, flowId: f, timeout: PT5S, retry: {{type: constant, interval: PT1S, maxAttempts: 2}}}}]"
    );
    let mut world = World::new(&flow);
    world.manual = true;
    world.pass(6);
    world.pass(1);
    let ids: Vec<_> = world.subflows.iter().map(|request| request.execution_id.clone()).collect();
    assert_eq!(ids.len(), 2);
    assert_ne!(ids[0], ids[1]);
    assert!(world.effects.contains(&Effect::KillExecution { execution_id: ids[0].clone() }));
    world.pass(6);
    assert_eq!(world.state(), State::Failed);
    assert!(world.effects.contains(&Effect::KillExecution { execution_id: ids[1].clone() }));
}

#[test]
fn the_clock_survives_a_crash() {
    let flow = format!("tasks: [{{id: s, type: {FLOW}.Sequential, timeout: PT5S, tasks: [{HANGS}]}}]");
    let mut world = World::new(&flow);
    world.pass(1);
    world.forget_timers();
    world.reload();
    world.send(Event::Continued);
    world.pass(6);
    assert_eq!((world.run_of("s").current(), world.state()), (State::Failed, State::Failed));
}

#[test]
fn a_promise_is_broken_once() {
    let flow = format!(
        "sla: [{{id: d, type: MAX_DURATION, duration: PT5S, behavior: FAIL, labels: {{late: 'yes'}}}}]\ntasks: [{{id: p, type: {FLOW}.Parallel, tasks: [{{id: s, type: {FLOW}.Subflow, namespace: n, flowId: f}}, {HANGS}]}}]"
    );
    let mut world = World::new(&flow);
    world.manual = true;
    world.pass(6);
    assert_eq!(world.state(), State::Failed);
    assert_eq!(world.runs(), ["p FAILED", "s KILLED", "h FAILED"], "the last open task run fails");
    assert!(
        !world.effects.iter().any(|effect| matches!(effect, Effect::KillExecution { .. })),
        "subflows go on"
    );
    assert_eq!(world.execution.execution().labels[0].key, "late");

    let only = "sla: [{id: d, type: MAX_DURATION, duration: PT5S, behavior: NONE, labels: {late: 'yes'}}]\ntasks: [{id: z, type: io.kestra.plugin.core.flow.Sleep, duration: PT10S}]";
    let world = after(only, 20, &["z SUCCESS"], State::Success);
    assert_eq!(world.execution.execution().labels.len(), 1);
}

#[test]
fn an_assertion_is_asked_at_every_change() {
    let flow = "sla: [{id: d, type: EXECUTION_ASSERTION, assert: \"{{ outputs.a.value is not defined or outputs.a.value == 'x' }}\", behavior: CANCEL}]\ntasks: [{id: a, type: io.kestra.plugin.core.debug.Return, format: y}, {id: b, type: test.Work, hangs: true}]";
    let world = after(flow, 1, &["a SUCCESS"], State::Cancelled);
    assert!(world.logs.iter().any(|line| line.message.contains("the SLA d is broken")));
    let asks = "sla: [{id: d, type: EXECUTION_ASSERTION, assert: \"{{ kv('gate') ?? 'open' == 'open' }}\", behavior: FAIL}]\ntasks: [{id: a, type: test.Work}]";
    after(asks, 1, &["a SUCCESS"], State::Success);
}
