//! Kill, pause, resume, force-run, unqueue and labels (docs/kestra.md 2.5), on the engine alone.
#![allow(clippy::unwrap_used, reason = "what is wrong here fails a test")]

mod world;

use segue_engine::{Effect, Refusal};
use segue_model::Map;
use segue_model::event::Event;
use segue_model::label::Label;
use segue_model::state::State;
use world::World;

const FLOW: &str = "io.kestra.plugin.core.flow";
const HANGS: &str = "{id: h, type: test.Work, hangs: true}";

fn begun(flow: &str) -> World {
    let mut world = World::new(flow);
    world.settle_events();
    world
}

fn kill(world: &mut World, cascade: bool) {
    world.send(Event::KillRequested { cascade });
    world.run();
    assert_eq!(world.state(), State::Killed);
    let timers = world.timers();
    assert_eq!(timers, [] as [&str; 0], "no timer is left");
}

#[test]
fn a_kill_stops_what_runs_and_what_is_on_its_way() {
    let flow = format!(
        "tasks: [{{id: p, type: {FLOW}.Parallel, tasks: [{HANGS}, {{id: r, type: test.Work, fails: 9, retry: {{type: constant, interval: PT1H}}}}, {{id: z, type: {FLOW}.Sleep, duration: PT1H}}]}}]\nfinally: [{{id: f, type: test.Work}}]\nafterExecution: [{{id: after, type: test.Work}}]"
    );
    let mut world = begun(&flow);
    assert_eq!(world.runs(), ["p RUNNING", "h CREATED", "r RETRYING", "z RUNNING"]);
    assert_eq!(world.state(), State::Retrying);
    kill(&mut world, true);
    assert_eq!(world.runs(), ["p KILLED", "h KILLED", "r KILLED", "z KILLED", "after SUCCESS"]);
    let stopped = Effect::StopAttempts { attempts: vec![(world.run_of("h").id, 0)] };
    assert!(world.effects.contains(&stopped), "{:?}", world.effects);
    assert_eq!(world.run_of("h").attempts.len(), 1, "the killed attempt counts");
    assert_eq!(world.run_of("r").attempts.len(), 1);
    assert_eq!(world.states(), ["CREATED", "RUNNING", "RETRYING", "KILLING", "KILLED"]);
}

#[test]
fn a_late_result_does_not_wake_a_killed_task_run() {
    let mut world = World::new("tasks: [{id: a, type: test.Work}, {id: b, type: test.Work}]");
    world.manual = true;
    world.settle_events();
    world.send(Event::KillRequested { cascade: true });
    world.run();
    world.finish("a", State::Success);
    assert_eq!((world.runs(), world.state()), (vec!["a KILLED".to_owned()], State::Killed));
}

#[test]
fn a_kill_reaches_subflows_unless_told_otherwise() {
    let flow = format!("tasks: [{{id: s, type: {FLOW}.Subflow, namespace: n, flowId: f}}]");
    for cascade in [true, false] {
        let mut world = World::new(&flow);
        world.manual = true;
        world.settle_events();
        kill(&mut world, cascade);
        let child = world.subflows[0].execution_id.clone();
        let is_killed = world.effects.contains(&Effect::KillExecution { execution_id: child });
        assert_eq!(is_killed, cascade);
        // After a crash, the same kills are requested again.
        world.effects.clear();
        world.reload();
        world.send(Event::Continued);
        world.run();
        assert_eq!(
            world.effects.iter().any(|effect| matches!(effect, Effect::KillExecution { .. })),
            cascade
        );
    }
}

#[test]
fn an_execution_that_waits_is_killed() {
    let mut queued = World::new("concurrency: {limit: 1}\ntasks: [{id: a, type: test.Work}]");
    queued.is_full = true;
    queued.settle_events();
    assert_eq!(queued.state(), State::Queued);
    kill(&mut queued, true);
    assert!(queued.effects.contains(&Effect::ReleasePermit), "its place in the queue is free");
    queued.send(Event::PermitGranted);
    queued.run();
    assert_eq!(queued.state(), State::Killed);

    let mut scheduled = World::scheduled("tasks: [{id: a, type: test.Work}]", 3600);
    scheduled.settle_events();
    assert_eq!(scheduled.state(), State::Created);
    kill(&mut scheduled, true);

    let mut paused = begun(&format!("tasks: [{{id: p, type: {FLOW}.Pause, pauseDuration: PT1H}}]"));
    assert_eq!(paused.state(), State::Paused);
    kill(&mut paused, true);
    assert_eq!(paused.runs(), ["p KILLED"]);

    let mut held = begun(&format!("tasks: [{HANGS}]"));
    held.send(Event::PauseRequested);
    held.settle_events();
    kill(&mut held, true);
}

#[test]
fn what_has_ended_is_not_killed() {
    let mut world = begun("tasks: [{id: a, type: test.Work}]");
    let refuses = |cascade| world.execution.refuses(&Event::KillRequested { cascade });
    assert_eq!(refuses(true), None);
    assert!(matches!(refuses(false), Some(Refusal::IllegalState(_))));
    world.send(Event::KillRequested { cascade: true });
    world.run();
    assert_eq!(world.state(), State::Success);
}

#[test]
fn a_killed_task_run_restarts_as_another_attempt() {
    let flow = format!(
        "tasks: [{{id: p, type: {FLOW}.Parallel, tasks: [{{id: a, type: test.Work}}, {{id: b, type: test.Work}}]}}]"
    );
    let mut world = World::new(&flow);
    world.manual = true;
    world.settle_events();
    world.finish("a", State::Failed);
    world.send(Event::KillRequested { cascade: true });
    world.run();
    assert_eq!(world.runs(), ["p KILLED", "a FAILED", "b KILLED"]);
    world.send(Event::RestartRequested { attempt: 1 });
    world.run();
    let again: Vec<_> =
        world.dispatched.iter().skip(2).map(|one| (one.task_id.as_str(), one.attempt)).collect();
    assert_eq!(again, [("a", 1), ("b", 1)], "both task runs begin their next attempt");
    world.finish("a", State::Success);
    world.finish("b", State::Success);
    assert_eq!(world.state(), State::Success);
}

#[test]
fn a_pause_lets_what_runs_end() {
    let mut world = World::new("tasks: [{id: a, type: test.Work}, {id: b, type: test.Work}]");
    world.manual = true;
    world.settle_events();
    world.send(Event::PauseRequested);
    world.settle_events();
    assert!(matches!(world.execution.refuses(&Event::PauseRequested), Some(Refusal::IllegalState(_))));
    world.finish("a", State::Success);
    assert_eq!((world.runs(), world.state()), (vec!["a SUCCESS".to_owned()], State::Paused));
    world.reload();
    assert_eq!(world.execution.first_paused(), None);
    world.send(Event::ResumeRequested { inputs: Map::new(), task_run_id: None });
    world.run();
    world.finish("b", State::Success);
    assert_eq!(world.states(), ["CREATED", "RUNNING", "PAUSED", "RESTARTED", "RUNNING", "SUCCESS"]);
}

#[test]
fn a_resume_means_the_first_pause() {
    let flow = format!(
        "tasks: [{{id: p, type: {FLOW}.Parallel, tasks: [{{id: u, type: {FLOW}.LoopUntil, condition: '{{{{ outputs.u.iterationCount >= 2 }}}}', checkFrequency: {{interval: PT1H}}, tasks: [{{id: t, type: test.Work}}]}}, {{id: x, type: {FLOW}.Pause, onResume: [{{id: who, type: STRING}}]}}, {{id: y, type: {FLOW}.Pause}}]}}]"
    );
    let mut world = begun(&flow);
    assert_eq!(world.runs(), ["p RUNNING", "u PAUSED", "x PAUSED", "y PAUSED", "t SUCCESS"]);
    let first = world.execution.first_paused().unwrap();
    assert_eq!(first, world.run_of("x").id);
    assert_eq!(world.execution.resume_inputs(&first)[0].id, "who");
    let resume = |world: &mut World| {
        world.send(Event::ResumeRequested { inputs: Map::new(), task_run_id: None });
        world.settle_events();
    };
    resume(&mut world);
    assert_eq!(world.run_of("x").current(), State::Success);
    assert_eq!(world.state(), State::Paused, "as long as another is");
    resume(&mut world);
    assert_eq!(world.run_of("y").current(), State::Success);
    resume(&mut world);
    assert_eq!(world.state(), State::Success, "the loop did not wait for its date");
    assert_eq!(world.timers(), [] as [&str; 0]);
    let late = Event::ResumeRequested { inputs: Map::new(), task_run_id: None };
    assert!(matches!(world.execution.refuses(&late), Some(Refusal::IllegalState(_))));
}

#[test]
fn a_forced_run_waits_for_nothing() {
    let mut queued = World::new("concurrency: {limit: 1}\ntasks: [{id: a, type: test.Work}]");
    queued.is_full = true;
    queued.settle_events();
    queued.send(Event::ForceRunRequested);
    queued.run();
    assert_eq!(queued.states(), ["CREATED", "QUEUED", "RUNNING", "SUCCESS"]);

    let mut scheduled = World::scheduled("tasks: [{id: a, type: test.Work}]", 3600);
    scheduled.settle_events();
    scheduled.send(Event::ForceRunRequested);
    scheduled.settle_events();
    assert_eq!(scheduled.state(), State::Success);
    assert_eq!(scheduled.timers(), [] as [&str; 0]);

    let mut paused = begun(&format!("tasks: [{{id: p, type: {FLOW}.Pause}}]"));
    paused.send(Event::ForceRunRequested);
    paused.run();
    assert_eq!(paused.state(), State::Success);
    assert!(matches!(paused.execution.refuses(&Event::ForceRunRequested), Some(Refusal::IllegalState(_))));
}

#[test]
fn an_execution_leaves_the_queue() {
    for (state, end) in [
        (State::Running, State::Success),
        (State::Cancelled, State::Cancelled),
        (State::Failed, State::Failed),
    ] {
        let mut world = World::new("concurrency: {limit: 1}\ntasks: [{id: a, type: test.Work}]");
        world.is_full = true;
        world.settle_events();
        assert!(matches!(
            world.execution.refuses(&Event::Unqueued { state: State::Paused }),
            Some(Refusal::Invalid(_))
        ));
        world.send(Event::Unqueued { state });
        world.run();
        assert_eq!(world.state(), end);
        assert!(world.effects.contains(&Effect::ReleasePermit));
        assert!(matches!(
            world.execution.refuses(&Event::Unqueued { state }),
            Some(Refusal::IllegalState(_))
        ));
    }
}

#[test]
fn the_status_of_what_has_ended_can_be_replaced() {
    let mut world = begun("tasks: [{id: a, type: test.Work, fails: 9}]");
    assert!(matches!(
        world.execution.refuses(&Event::StatusChanged { state: State::Running }),
        Some(Refusal::Invalid(_))
    ));
    world.send(Event::StatusChanged { state: State::Success });
    world.run();
    assert_eq!((world.runs(), world.state()), (vec!["a FAILED".to_owned()], State::Success));
    let open = begun(&format!("tasks: [{HANGS}]"));
    let refusal = open.execution.refuses(&Event::StatusChanged { state: State::Success });
    assert!(matches!(refusal, Some(Refusal::IllegalState(_))));
}

#[test]
fn labels_are_set_once_it_has_ended() {
    let mut world = begun("tasks: [{id: a, type: test.Work}]");
    let of = |labels: &[(&str, &str)]| Event::LabelsChanged {
        labels: labels.iter().map(|(key, value)| Label::new(*key, *value)).collect(),
    };
    world.send(of(&[("team", "a"), ("env", "b")]));
    world.send(of(&[("team", "c")]));
    world.run();
    assert_eq!(world.execution.execution().labels, [Label::new("team", "c"), Label::new("env", "b")]);
    assert!(matches!(world.execution.refuses(&of(&[("system.x", "y")])), Some(Refusal::Invalid(_))));
    let open = begun(&format!("tasks: [{HANGS}]"));
    assert!(matches!(open.execution.refuses(&of(&[("a", "b")])), Some(Refusal::IllegalState(_))));
}
