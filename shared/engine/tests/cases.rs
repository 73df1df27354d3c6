//! The worked cases of docs/kestra.md 2.9 and similar ones, on the engine alone. A simulated world plays the
//! services, the timers and the subflows, in virtual time.

mod world;

use segue_model::event::Event;
use segue_model::state::State;
use world::World;

/// Runs a flow with `test.Work` tasks that fail as often as their `fails` property says. Checks the
/// execution's state and the task runs (`id STATE`, in the order of creation).
fn check(tasks: &str, execution: State, runs: &[&str]) {
    let mut world = World::new(tasks);
    world.run();
    assert_eq!(world.runs(), runs, "task runs of\n{tasks}");
    assert_eq!(world.state(), execution, "execution of\n{tasks}");
}

const OK: &str = "{id: ID, type: test.Work}";

fn work(id: &str) -> String {
    OK.replace("ID", id)
}

fn fails(id: &str, rest: &str) -> String {
    format!("{{id: {id}, type: test.Work, fails: 9{rest}}}")
}

#[test]
fn allow_failure_is_a_warning() {
    let flow = format!("tasks: [{}, {}]", fails("a", ", allowFailure: true"), work("b"));
    check(&flow, State::Warning, &["a WARNING", "b SUCCESS"]);
}

#[test]
fn allow_failure_and_warning_is_success() {
    let flow = format!("tasks: [{}, {}]", fails("a", ", allowFailure: true, allowWarning: true"), work("b"));
    check(&flow, State::Success, &["a SUCCESS", "b SUCCESS"]);
}

#[test]
fn errors_run_after_a_failure() {
    let flow = format!("tasks: [{}, {}]\nerrors: [{}]", fails("a", ""), work("b"), work("e"));
    check(&flow, State::Failed, &["a FAILED", "e SUCCESS"]);
}

#[test]
fn a_failure_without_errors_ends_the_execution() {
    let flow = format!("tasks: [{}, {}]", fails("a", ""), work("b"));
    check(&flow, State::Failed, &["a FAILED"]);
}

#[test]
fn local_errors_come_before_global_ones() {
    let flow = format!(
        "tasks: [{{id: s, type: io.kestra.plugin.core.flow.Sequential, tasks: [{}, {}], errors: [{}]}}]\nerrors: [{}]",
        fails("x", ""),
        work("y"),
        work("l"),
        work("g")
    );
    check(&flow, State::Failed, &["s FAILED", "x FAILED", "l SUCCESS", "g SUCCESS"]);
}

#[test]
fn allow_failure_flowable() {
    let flow = format!(
        "tasks: [{{id: af, type: io.kestra.plugin.core.flow.AllowFailure, tasks: [{}, {}]}}, {}]",
        fails("x", ""),
        work("y"),
        work("b")
    );
    check(&flow, State::Warning, &["af WARNING", "x FAILED", "b SUCCESS"]);
}

#[test]
fn a_failure_stops_a_narrow_parallel() {
    let flow = format!(
        "tasks: [{{id: p, type: io.kestra.plugin.core.flow.Parallel, concurrent: 1, tasks: [{}, {}]}}, {}]",
        fails("x", ""),
        work("y"),
        work("b")
    );
    check(&flow, State::Failed, &["p FAILED", "x FAILED"]);
}

#[test]
fn a_failure_stops_a_loop() {
    let flow = format!(
        "tasks: [{{id: each, type: io.kestra.plugin.core.flow.ForEach, values: [1, 2], tasks: [{}]}}, {}]",
        fails("t", ""),
        work("b")
    );
    check(&flow, State::Failed, &["each FAILED", "t[1] FAILED"]);
}

#[test]
fn a_loop_runs_its_values_in_order() {
    let flow = format!(
        "tasks: [{{id: each, type: io.kestra.plugin.core.flow.ForEach, values: [1, 2], tasks: [{}, {}]}}]",
        work("t"),
        work("u")
    );
    check(
        &flow,
        State::Success,
        &["each SUCCESS", "t[1] SUCCESS", "u[1] SUCCESS", "t[2] SUCCESS", "u[2] SUCCESS"],
    );
}

#[test]
fn a_skipped_task_has_no_outputs() {
    let flow = "tasks: [{id: a, type: test.Work, runIf: 'false'}, {id: b, type: io.kestra.plugin.core.debug.Return, format: '{{ outputs.a.value }}'}]";
    check(flow, State::Failed, &["a SKIPPED", "b FAILED"]);
}

#[test]
fn a_disabled_task_leaves_no_trace() {
    let flow = format!("tasks: [{{id: a, type: test.Work, disabled: true}}, {}]", work("b"));
    check(&flow, State::Success, &["b SUCCESS"]);
    let flow = "tasks: [{id: i, type: io.kestra.plugin.core.flow.If, condition: 'true', then: [{id: t, type: test.Work, disabled: true}]}]";
    check(flow, State::Success, &["i SUCCESS"]);
}

#[test]
fn retries_are_attempts_of_one_task_run() {
    let flow = "tasks: [{id: a, type: test.Work, fails: 2, retry: {type: constant, interval: PT5S, maxAttempts: 3}}]";
    let mut world = World::new(flow);
    world.run();
    assert_eq!(world.runs(), ["a SUCCESS"]);
    let run = world.run_of("a");
    let states: Vec<State> = run.attempts.iter().map(|attempt| attempt.state.current()).collect();
    assert_eq!(states, [State::Failed, State::Failed, State::Success]);
    let history: Vec<&str> = run.state.histories().iter().map(|change| change.state.as_str()).collect();
    assert_eq!(
        history,
        ["CREATED", "RUNNING", "RETRYING", "CREATED", "RUNNING", "RETRYING", "CREATED", "RUNNING", "SUCCESS"]
    );
    assert_eq!(world.state(), State::Success);
}

#[test]
fn retries_end() {
    let flow = format!(
        "tasks: [{{id: a, type: test.Work, fails: 9, retry: {{type: constant, interval: PT5S, maxAttempts: 3}}}}]\nerrors: [{}]",
        work("e")
    );
    let mut world = World::new(&flow);
    world.run();
    assert_eq!(world.runs(), ["a FAILED", "e SUCCESS"]);
    assert_eq!(world.run_of("a").attempts.len(), 3);
}

#[test]
fn finally_runs_whatever_happened() {
    let flow = format!("tasks: [{}]\nfinally: [{}]", fails("a", ""), work("f"));
    check(&flow, State::Failed, &["a FAILED", "f SUCCESS"]);
    let flow = format!("tasks: [{}]\nfinally: [{}]", work("a"), fails("f", ""));
    check(&flow, State::Failed, &["a SUCCESS", "f FAILED"]);
}

#[test]
fn undefined_flow_outputs_fail_the_execution() {
    let flow = format!(
        "tasks: [{}]\noutputs: [{{id: o, type: STRING, value: '{{{{ outputs.none.x }}}}'}}]",
        work("a")
    );
    check(&flow, State::Failed, &["a SUCCESS"]);
}

#[test]
fn a_kill_runs_no_errors() {
    let flow = format!("tasks: [{{id: a, type: test.Work, hangs: true}}]\nerrors: [{}]", work("e"));
    let mut world = World::new(&flow);
    world.run();
    assert_eq!(world.state(), State::Running);
    world.send(Event::KillRequested { cascade: true });
    world.run();
    assert_eq!(world.runs(), ["a KILLED"]);
    assert_eq!(world.state(), State::Killed);
}

#[test]
fn a_restart_keeps_what_was_well() {
    let flow = format!("tasks: [{}, {{id: b, type: test.Work, fails: 1}}, {}]", work("a"), work("c"));
    let mut world = World::new(&flow);
    world.run();
    assert_eq!(world.runs(), ["a SUCCESS", "b FAILED"]);
    world.send(Event::RestartRequested { attempt: 1 });
    world.run();
    assert_eq!(world.runs(), ["a SUCCESS", "b SUCCESS", "c SUCCESS"]);
    assert_eq!(world.run_of("b").attempts.len(), 2);
    assert_eq!(world.state(), State::Success);
}

#[test]
fn the_children_of_a_working_directory_see_the_iteration_around_it() {
    const FLOW: &str = "io.kestra.plugin.core.flow";
    let shows = "{id: shows, type: io.kestra.plugin.core.debug.Return, format: '{{ taskrun.value }}/{{ taskrun.iteration }}/{{ parent.taskrun.value }}/{{ parents | length }}'}";
    let flow = format!(
        "tasks: [{{id: outer, type: {FLOW}.ForEach, values: [a], tasks: [{{id: inner, type: {FLOW}.ForEach, values: [x, y], tasks: [{{id: w, type: {FLOW}.WorkingDirectory, tasks: [{shows}]}}]}}]}}]"
    );
    let mut world = World::new(&flow);
    world.run();
    assert_eq!(world.state(), State::Success, "{:?}", world.logs);
    let shown: Vec<String> = world
        .execution
        .task_runs()
        .filter(|run| run.task_id == "shows")
        .map(|run| run.outputs["value"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(shown, ["x/0/a/1", "y/1/a/1"]);
}

#[test]
fn a_pause_waits_for_a_resume() {
    let flow = format!("tasks: [{{id: p, type: io.kestra.plugin.core.flow.Pause}}, {}]", work("b"));
    let mut world = World::new(&flow);
    world.run();
    assert_eq!(world.state(), State::Paused);
    world.send(Event::ResumeRequested { inputs: segue_model::Map::new(), task_run_id: None });
    world.run();
    assert_eq!(world.runs(), ["p SUCCESS", "b SUCCESS"]);
    assert_eq!(world.state(), State::Success);
}

#[test]
fn a_sleep_is_a_timer() {
    let flow =
        format!("tasks: [{{id: s, type: io.kestra.plugin.core.flow.Sleep, duration: PT1H}}, {}]", work("b"));
    check(&flow, State::Success, &["s SUCCESS", "b SUCCESS"]);
}

#[test]
fn an_execution_that_has_ended_leaves_no_timer_behind() {
    let sla = "sla: [{id: d, type: MAX_DURATION, duration: PT1M, behavior: FAIL, labels: {late: 'yes'}}]\n";
    let sleep = "{id: s, type: io.kestra.plugin.core.flow.Sleep, duration: PT1H}";
    let mut world = World::new(&format!("{sla}tasks: [{sleep}]"));
    let start = world.now;
    world.run();
    assert_eq!((world.runs(), world.state()), (vec!["s FAILED".to_owned()], State::Failed));
    assert!(world.now.duration_since(start).as_secs() < 70, "the sleep's timer fired after the end");
    let mut world = World::new(&format!("{sla}tasks: [{}]", work("a")));
    world.run();
    assert_eq!(world.state(), State::Success);
    assert!(world.now.duration_since(start).as_secs() < 50, "the promise's timer fired after the end");
}

#[test]
fn a_dag_follows_its_dependencies() {
    let flow = format!(
        "tasks: [{{id: d, type: io.kestra.plugin.core.flow.Dag, tasks: [{{task: {}, dependsOn: [b]}}, {{task: {}}}]}}]",
        work("a"),
        work("b")
    );
    check(&flow, State::Success, &["d SUCCESS", "b SUCCESS", "a SUCCESS"]);
}

#[test]
fn a_loop_until_runs_rounds() {
    let flow = "tasks: [{id: u, type: io.kestra.plugin.core.flow.LoopUntil, condition: '{{ outputs.u.iterationCount >= 3 }}', checkFrequency: {interval: PT1S}, tasks: [{id: t, type: test.Work}]}]";
    let mut world = World::new(flow);
    world.run();
    assert_eq!(world.runs(), ["u SUCCESS", "t SUCCESS"]);
    assert_eq!(world.run_of("u").outputs.get("iterationCount"), Some(&serde_json::json!(3)));
}

#[test]
fn a_switch_takes_one_branch() {
    let flow = format!(
        "tasks: [{{id: s, type: io.kestra.plugin.core.flow.Switch, value: b, cases: {{a: [{}], b: [{}]}}, defaults: [{}]}}]",
        work("x"),
        work("y"),
        work("z")
    );
    check(&flow, State::Success, &["s SUCCESS", "y SUCCESS"]);
}

#[test]
fn nested_loops_keep_their_outputs_apart() {
    let flow = "tasks: [{id: o, type: io.kestra.plugin.core.flow.ForEach, values: [a, b], tasks: [{id: i, type: io.kestra.plugin.core.flow.ForEach, values: [1, 2], tasks: [{id: t, type: io.kestra.plugin.core.debug.Return, format: '{{ parent.taskrun.value }}{{ taskrun.value }}'}]}]}, {id: r, type: io.kestra.plugin.core.debug.Return, format: \"{{ outputs.t['a']['1'].value }}{{ outputs.t['b']['2'].value }}\"}]";
    let mut world = World::new(flow);
    world.run();
    assert_eq!(world.run_of("r").outputs.get("value"), Some(&serde_json::json!("a1b2")));
}

#[test]
fn after_execution_never_changes_the_state() {
    let flow = format!("tasks: [{}]\nafterExecution: [{}]", work("a"), fails("z", ""));
    check(&flow, State::Success, &["a SUCCESS", "z FAILED"]);
}

#[test]
fn a_loop_that_transmits_no_failure_goes_on() {
    let each =
        "{id: each, type: io.kestra.plugin.core.flow.Loop, values: [1, 2], transmitFailed: false, tasks: [";
    let flow = format!("tasks: [{each}{}, {}]}}, {}]", fails("t", ""), work("u"), work("b"));
    check(&flow, State::Success, &["each SUCCESS", "t[1] FAILED", "t[2] FAILED", "b SUCCESS"]);
}

#[test]
fn a_loop_runs_equal_values_each() {
    let each = "{id: each, type: io.kestra.plugin.core.flow.Loop, values: [x, x], tasks: [";
    let say = |id: &str, format: &str| {
        format!("{{id: {id}, type: io.kestra.plugin.core.debug.Return, format: '{format}'}}")
    };
    let flow = format!(
        "tasks: [{each}{}, {}]}}]",
        say("t", "{{ item.value }}{{ item.index }}"),
        say("u", "{{ outputs.t.value }}")
    );
    let mut world = World::new(&flow);
    world.run();
    let said: Vec<_> = world
        .execution
        .task_runs()
        .filter(|run| run.task_id == "u")
        .map(|run| run.outputs.get("value").cloned().unwrap_or_default())
        .collect();
    assert_eq!(said, ["x0", "x1"]);
    assert_eq!(world.run_of("each").outputs.get("iterationCount"), Some(&serde_json::json!(2)));
}

#[test]
fn an_assertion_is_looked_at_after_each_task_run() {
    let sla = "sla: [{id: s, type: EXECUTION_ASSERTION, behavior: CANCEL, assert: \"{{ tasks.a.state != 'SUCCESS' }}\"}]\n";
    let flow = format!(
        "{sla}tasks: [{{id: a, type: io.kestra.plugin.core.log.Log, message: x}}, {{id: b, type: io.kestra.plugin.core.log.Log, message: x}}]"
    );
    check(&flow, State::Cancelled, &["a SUCCESS"]);
}

#[test]
fn a_sleep_has_an_attempt() {
    let mut world = World::new("tasks: [{id: s, type: io.kestra.plugin.core.flow.Sleep, duration: PT1H}]");
    world.run();
    assert_eq!(world.run_of("s").attempts.len(), 1);
}
