//! Crash, duplicate and reorder at every event of every flow: the end is the same.

mod world;

use segue_model::event::Event;
use segue_model::state::State;
use world::World;

const FLOWS: [&str; 9] = [
    "tasks: [{id: a, type: test.Work}, {id: b, type: test.Work}, {id: c, type: io.kestra.plugin.core.debug.Return, format: x}]",
    "tasks: [{id: p, type: io.kestra.plugin.core.flow.Parallel, tasks: [{id: a, type: test.Work}, {id: b, type: test.Work}, {id: c, type: test.Work}]}, {id: d, type: test.Work}]",
    "tasks: [{id: e, type: io.kestra.plugin.core.flow.ForEach, values: [1, 2, 3, 4], concurrencyLimit: 2, tasks: [{id: a, type: test.Work}, {id: b, type: test.Work}]}]",
    "tasks: [{id: a, type: test.Work, fails: 2, retry: {type: constant, interval: PT5S, maxAttempts: 3}}, {id: b, type: test.Work}]",
    "tasks: [{id: s, type: io.kestra.plugin.core.flow.Sequential, tasks: [{id: a, type: test.Work, fails: 9}], errors: [{id: l, type: test.Work}]}]\nerrors: [{id: g, type: test.Work}]\nfinally: [{id: f, type: test.Work}]",
    "tasks: [{id: d, type: io.kestra.plugin.core.flow.Dag, tasks: [{task: {id: a, type: test.Work}, dependsOn: [b, c]}, {task: {id: b, type: test.Work}}, {task: {id: c, type: test.Work}}]}]",
    "tasks: [{id: u, type: io.kestra.plugin.core.flow.LoopUntil, condition: '{{ outputs.u.iterationCount >= 3 }}', checkFrequency: {interval: PT1S}, tasks: [{id: t, type: test.Work}]}]",
    "tasks: [{id: o, type: io.kestra.plugin.core.flow.ForEach, values: [a, b], tasks: [{id: i, type: io.kestra.plugin.core.flow.If, condition: '{{ taskrun.value == \"a\" }}', then: [{id: t, type: test.Work}], else: [{id: x, type: test.Work}]}, {id: z, type: io.kestra.plugin.core.flow.Sleep, duration: PT1S}]}]",
    "tasks: [{id: c, type: io.kestra.plugin.core.flow.Subflow, namespace: n, flowId: f}, {id: w, type: test.Work}]\nafterExecution: [{id: z, type: test.Work}]",
];

/// The end of an execution: its state, and its task runs by name (the order of siblings is a matter of time).
fn end(world: &World) -> (State, Vec<String>) {
    let mut runs = world.runs();
    runs.sort();
    (world.state(), runs)
}

fn plain(flow: &str) -> (State, Vec<String>) {
    let mut world = World::new(flow);
    world.run();
    assert!(world.state().is_terminal(), "{flow}");
    end(&world)
}

fn count(flow: &str) -> usize {
    let mut world = World::new(flow);
    world.run();
    world.history.len()
}

#[test]
fn a_crash_after_any_event_changes_nothing() {
    for flow in FLOWS {
        let expected = plain(flow);
        for cut in 1..=count(flow) {
            let mut world = World::new(flow);
            world.run_at_most(cut);
            // Messages and memory are lost; the store and its timers stay.
            world.forget_messages();
            world.reload();
            world.send(Event::Continued);
            world.run();
            assert_eq!(end(&world), expected, "cut after {cut} of\n{flow}");
        }
    }
}

#[test]
fn every_event_may_come_twice() {
    for flow in FLOWS {
        let expected = plain(flow);
        let mut world = World::new(flow);
        world.twice = true;
        world.run();
        assert_eq!(end(&world), expected, "{flow}");
    }
}

#[test]
fn neighbours_may_swap() {
    for flow in FLOWS {
        let expected = plain(flow);
        let mut world = World::new(flow);
        world.last_first = true;
        world.run();
        assert_eq!(end(&world), expected, "{flow}");
    }
}

#[test]
fn a_step_may_be_cut_short_by_its_budget() {
    for flow in FLOWS {
        let expected = plain(flow);
        let mut world = World::new(flow);
        world.budget = 1;
        world.run();
        assert_eq!(end(&world), expected, "{flow}");
    }
}

#[test]
fn a_reload_before_every_event_changes_nothing() {
    for flow in FLOWS {
        let expected = plain(flow);
        let mut world = World::new(flow);
        world.reloads = true;
        world.run();
        assert_eq!(end(&world), expected, "{flow}");
    }
}
