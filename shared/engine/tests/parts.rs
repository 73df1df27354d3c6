//! A step in parts: each part has its own time, so the dates of inline task runs and of the execution are true.
#![allow(clippy::expect_used, reason = "what is wrong here fails a test")]

mod world;

use segue_model::state::State;
use segue_model::task_run::TaskRun;
use world::World;

const EACH: &str = "tasks: [{id: e, type: io.kestra.plugin.core.flow.ForEach, values: '{{ range(1, 20) }}', tasks: [{id: r, type: io.kestra.plugin.core.debug.Return, format: '{{ taskrun.value }}'}]}]";

/// Every part of the world takes a millisecond.
fn in_parts(flow: &str) -> World {
    let mut world = World::new(flow);
    world.at_once = true;
    world.run();
    world
}

fn millis(run: &TaskRun) -> i128 {
    let histories = run.state.histories();
    let (first, last) = (histories.first().expect("created"), histories.last().expect("ended"));
    last.date.duration_since(first.date).as_millis()
}

#[test]
fn an_inline_task_run_ends_later_than_it_starts() {
    let world = in_parts(EACH);
    let runs: Vec<&TaskRun> = world.execution.task_runs().filter(|run| run.task_id == "r").collect();
    assert_eq!(runs.len(), 20);
    assert_eq!(runs.iter().map(|run| millis(run)).collect::<Vec<_>>(), [1; 20]);
    let starts: Vec<_> = runs.iter().map(|run| run.state.start_date()).collect();
    assert!(starts.is_sorted_by(|one, next| one < next), "{starts:?}");
}

#[test]
fn an_execution_in_one_step_lasts_as_long_as_its_parts() {
    let world = in_parts(EACH);
    let state = &world.execution.execution().state;
    assert_eq!((state.current(), world.steps), (State::Success, 1));
    let end = state.histories().last().expect("ended").date;
    assert!(end.duration_since(state.start_date()).as_millis() >= 20, "{:?}", state.histories());
}

#[test]
fn parts_do_the_same_as_one_step() {
    let whole = |flow: &str| {
        let mut world = World::new(flow);
        world.run();
        world
    };
    let results = |world: &World| -> Vec<_> {
        let runs = world.execution.task_runs();
        runs.map(|run| (run.id.clone(), run.current(), run.outputs.clone(), run.value.clone())).collect()
    };
    let (parts, one) = (in_parts(EACH), whole(EACH));
    assert_eq!(results(&parts), results(&one));
    assert_eq!(parts.stored.len(), one.stored.len());
    let log = "tasks: [{id: a, type: io.kestra.plugin.core.log.Log, message: [one, two]}, {id: b, type: io.kestra.plugin.core.execution.Fail, errorMessage: no}]";
    let (parts, one) = (in_parts(log), whole(log));
    assert_eq!(results(&parts), results(&one));
    let lines = |world: &World| world.logs.iter().map(|line| line.message.clone()).collect::<Vec<_>>();
    assert_eq!(lines(&parts), lines(&one));
}
