//! Replay, restart with another revision, and the change of a task run's state (docs/kestra.md 2.6), on the
//! engine alone.
#![allow(clippy::unwrap_used, reason = "what is wrong here fails a test")]

mod world;

use segue_engine::replay::{replay, replay_from, restart_as_new};
use segue_engine::{Effect, Refusal};
use segue_model::event::Event;
use segue_model::id::ExecutionId;
use segue_model::state::State;
use serde_json::json;
use world::{World, ended, fails, plan, work};

const FLOW: &str = "io.kestra.plugin.core.flow";

/// Replays the execution from the task run of `task`. `body` is another revision of the flow; `None` for the same
/// revision.
fn replays(world: &World, task: &str, body: Option<&str>) -> Result<World, Refusal> {
    let plan = body.map_or_else(|| world.plan.clone(), plan);
    let id = ExecutionId::derive(&["new"]);
    let copy = replay_from(&world.execution, &plan, id.clone(), &world.run_of(task).id, world.now)?;
    assert_eq!(copy.execution.parent_id.as_ref(), Some(&world.execution.execution().id));
    assert_eq!(copy.execution.original_id, world.execution.execution().original_id);
    assert!(copy.execution.labels.iter().any(|label| label.key == "system.replay"));
    assert!(copy.task_runs.iter().all(|(_, run)| world.execution.task_runs().all(|old| old.id != run.id)));
    let mut new = World::copied(plan, copy);
    assert_eq!(new.run_of(task).current(), State::Restarted);
    new.run();
    Ok(new)
}

#[test]
fn a_replay_keeps_what_came_before() {
    let flow = "tasks: [{id: a, type: io.kestra.plugin.core.debug.Return, format: x}, \
                {id: b, type: io.kestra.plugin.core.debug.Return, format: '{{ outputs.a.value }}'}, \
                {id: c, type: io.kestra.plugin.core.debug.Return, format: y}]\n\
                finally: [{id: f, type: test.Work}]";
    let world = ended(flow);
    let new = replays(&world, "b", None).unwrap();
    assert_eq!(new.runs(), ["a SUCCESS", "b SUCCESS", "c SUCCESS", "f SUCCESS"]);
    assert_eq!(new.run_of("b").outputs.get("value"), Some(&json!("x")), "the earlier output is read");
    assert_eq!(new.run_of("a").attempts.len(), 1, "and not made again");
    assert_eq!(new.run_of("b").attempts.len(), 2);
    assert_eq!(new.run_of("c").attempts.len(), 1);
    assert_eq!(new.states(), ["CREATED", "RESTARTED", "RUNNING", "SUCCESS"]);
}

#[test]
fn a_replay_begins_inside_flowables() {
    let each = |limit: u32| {
        format!(
            "tasks: [{}, {{id: e, type: {FLOW}.ForEach, values: [1, 2, 3], concurrencyLimit: {limit}, tasks: [{}, {}]}}, {}]",
            work("z"),
            work("t"),
            work("u"),
            work("c")
        )
    };
    let all =
        ["z", "e", "t[1]", "u[1]", "t[2]", "u[2]", "t[3]", "u[3]", "c"].map(|run| format!("{run} SUCCESS"));
    let world = ended(&each(1));
    let plan = world.plan.clone();
    let second =
        world.execution.task_runs().find(|run| run.task_id == "t" && run.value.as_deref() == Some("2"));
    let from = second.unwrap().id.clone();
    let copy = replay_from(&world.execution, &plan, ExecutionId::from("n"), &from, world.now).unwrap();
    let kept: Vec<_> = copy
        .task_runs
        .iter()
        .map(|(_, run)| format!("{}{:?} {}", run.task_id, run.value, run.current()))
        .collect();
    assert_eq!(
        kept,
        [
            "zNone SUCCESS",
            "eNone RUNNING",
            "tSome(\"1\") SUCCESS",
            "uSome(\"1\") SUCCESS",
            "tSome(\"2\") RESTARTED"
        ]
    );
    let mut new = World::copied(plan, copy);
    new.run();
    assert_eq!(new.runs(), all);

    // Parallel iterations do not affect each other.
    let world = ended(&each(0));
    let plan = world.plan.clone();
    let second =
        world.execution.task_runs().find(|run| run.task_id == "t" && run.value.as_deref() == Some("2"));
    let copy =
        replay_from(&world.execution, &plan, ExecutionId::from("n"), &second.unwrap().id, world.now).unwrap();
    assert_eq!(copy.task_runs.len(), 7, "all but u of the second, and c");
    let mut new = World::copied(plan, copy);
    new.run();
    let mut runs = new.runs();
    runs.sort();
    let mut sorted = all.to_vec();
    sorted.sort();
    assert_eq!((runs, new.state()), (sorted, State::Success));

    let flow = format!(
        "tasks: [{{id: d, type: {FLOW}.Dag, tasks: [{{task: {}}}, {{task: {}, dependsOn: [a]}}, {{task: {}}}, {{task: {}, dependsOn: [b]}}]}}, {}]",
        work("a"),
        work("b"),
        work("c"),
        work("e"),
        work("last")
    );
    let world = ended(&flow);
    let copy =
        replay_from(&world.execution, &world.plan, ExecutionId::from("n"), &world.run_of("b").id, world.now);
    let kept: Vec<_> = copy.unwrap().task_runs.iter().map(|(_, run)| run.task_id.clone()).collect();
    assert_eq!(kept, ["d", "a", "c", "b"]);
    assert_eq!(replays(&world, "b", None).unwrap().state(), State::Success);

    let flow = format!(
        "tasks: [{{id: i, type: {FLOW}.If, condition: 'true', then: [{}, {}]}}, {{id: p, type: {FLOW}.Parallel, tasks: [{}, {}]}}]",
        work("a"),
        work("b"),
        work("x"),
        work("y")
    );
    let world = ended(&flow);
    assert_eq!(replays(&world, "a", None).unwrap().runs().len(), 6);
    assert_eq!(replays(&world, "y", None).unwrap().run_of("x").attempts.len(), 1);
    assert_eq!(replays(&world, "i", None).unwrap().run_of("a").attempts.len(), 1, "its children are new");

    let flow =
        format!("tasks: [{{id: w, type: {FLOW}.WorkingDirectory, tasks: [{}, {}]}}]", work("a"), work("b"));
    let world = ended(&flow);
    let copy =
        replay_from(&world.execution, &world.plan, ExecutionId::from("n"), &world.run_of("b").id, world.now);
    let copy = copy.unwrap();
    assert_eq!(copy.task_runs.len(), 1, "a replay repeats a working directory as a whole");
    let mut new = World::copied(world.plan.clone(), copy);
    new.run();
    assert_eq!(
        (new.runs(), new.state()),
        (["w", "a", "b"].map(|run| format!("{run} SUCCESS")).to_vec(), State::Success)
    );
}

#[test]
fn a_replay_may_be_of_another_revision() {
    let world = ended(&format!("tasks: [{}, {}, {}]", work("a"), work("b"), work("c")));
    let other = format!("tasks: [{}, {}, {}, {}]", work("a"), work("x"), work("b"), work("d"));
    let new = replays(&world, "b", Some(&other)).unwrap();
    assert_eq!(new.runs(), ["a SUCCESS", "b SUCCESS", "d SUCCESS"], "earlier tasks do not run again");
    let gone = format!("tasks: [{}]", work("a"));
    assert!(matches!(replays(&world, "b", Some(&gone)), Err(Refusal::Invalid(text)) if text.contains("'b'")));
    let missing = replay_from(
        &world.execution,
        &world.plan,
        ExecutionId::from("n"),
        &segue_model::id::TaskRunId::from("no"),
        world.now,
    );
    assert!(matches!(missing, Err(Refusal::NotFound(_))));
}

#[test]
fn a_replay_of_all_starts_again() {
    let world = ended(&format!("tasks: [{}]", fails("a", 9)));
    let copy = replay(world.execution.execution(), &world.plan, ExecutionId::from("n"), world.now);
    assert!(copy.task_runs.is_empty());
    assert_eq!(copy.execution.state.current(), State::Created);
    assert_eq!(copy.execution.metadata.attempt_number, 1);
    let mut new = World::copied(world.plan.clone(), copy);
    new.run();
    assert_eq!(new.runs(), ["a FAILED"]);
}

#[test]
fn a_restart_with_a_revision_is_a_new_execution() {
    let world = ended(&format!("tasks: [{}, {}, {}]", work("a"), fails("b", 9), work("c")));
    let fixed = plan(&format!("tasks: [{}, {}, {}]", work("a"), work("b"), work("c")));
    let copy = restart_as_new(&world.execution, &fixed, ExecutionId::from("n"), world.now).unwrap();
    assert_eq!(copy.execution.parent_id.as_ref(), Some(&world.execution.execution().id));
    assert_eq!(copy.execution.metadata.attempt_number, 2);
    let mut new = World::copied(fixed, copy);
    new.run();
    assert_eq!(
        (new.runs(), new.state()),
        (["a", "b", "c"].map(|run| format!("{run} SUCCESS")).to_vec(), State::Success)
    );
    assert_eq!(new.run_of("a").attempts.len(), 1);
    let well = ended(&format!("tasks: [{}]", work("a")));
    let refused = restart_as_new(&well.execution, &well.plan, ExecutionId::from("n"), well.now);
    assert!(matches!(refused, Err(Refusal::IllegalState(_))));
}

#[test]
fn a_task_run_has_the_state_a_person_says() {
    let flow = format!(
        "tasks: [{{id: s, type: {FLOW}.Sequential, tasks: [{}, {}]}}, {}]\nerrors: [{}]",
        fails("a", 9),
        work("b"),
        work("c"),
        work("e")
    );
    let mut world = ended(&flow);
    assert_eq!(world.runs(), ["s FAILED", "a FAILED", "e SUCCESS"]);
    let event =
        |world: &World, state| Event::TaskRunStateChanged { task_run_id: world.run_of("a").id, state };
    let refusal = world.execution.refuses(&event(&world, State::Running));
    assert!(matches!(refusal, Some(Refusal::Invalid(_))), "{refusal:?}");
    world.send(event(&world, State::Success));
    world.run();
    assert_eq!(world.runs(), ["s SUCCESS", "a SUCCESS", "b SUCCESS", "c SUCCESS"]);
    assert_eq!(world.run_of("a").attempts.last().unwrap().state.current(), State::Success);
    assert_eq!(world.states(), ["CREATED", "RUNNING", "FAILED", "RESTARTED", "RUNNING", "SUCCESS"]);
    world.send(event(&world, State::Failed));
    world.run();
    assert_eq!(world.runs(), ["s FAILED", "a FAILED", "b SUCCESS", "c SUCCESS", "e SUCCESS"]);
    assert_eq!(world.state(), State::Failed);
}

#[test]
fn a_task_run_that_hangs_can_be_ended() {
    let flow = format!("tasks: [{{id: a, type: test.Work, hangs: true}}, {}]", work("b"));
    let mut world = World::new(&flow);
    world.run();
    let id = world.run_of("a").id;
    world.send(Event::TaskRunStateChanged { task_run_id: id.clone(), state: State::Warning });
    world.run();
    assert_eq!(world.runs(), ["a WARNING", "b SUCCESS"]);
    assert!(world.effects.contains(&Effect::StopAttempts { attempts: vec![(id, 0)] }));
    assert_eq!(world.state(), State::Warning);
}
