//! Crash, duplicate and reorder tests at every event of many flows, including the golden flows. The result must always
//! be the same.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what is wrong here fails a test")]

mod world;

use segue_engine::Plan;
use segue_model::catalog::{Catalog, RunBy, Service, TaskType};
use segue_model::event::Event;
use segue_model::parse::parse_flow;
use segue_model::state::State;
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
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

/// A flow with its name.
type Named = (String, Arc<Plan>);

fn flows() -> Vec<Named> {
    let mut flows: Vec<Named> = FLOWS.iter().map(|flow| ((*flow).to_owned(), world::plan(flow))).collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/flows");
    let mut folders: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    let golden = folders.iter().map(|folder| {
        let source = std::fs::read_to_string(folder.join("flow.yaml")).unwrap();
        (folder.file_name().unwrap().to_string_lossy().into_owned(), golden(&source))
    });
    flows.extend(golden);
    assert!(flows.len() > 60, "the golden flows are found");
    flows
}

/// A golden flow. The simulated world plays the services. So every unknown type is allowed and gets a service.
fn golden(source: &str) -> Arc<Plan> {
    let known = world::catalog();
    let mut types = segue_model::flowable_types::flowable_types();
    types.extend(segue_engine::inline::inline_types());
    let words = source.split(|c: char| !(c.is_alphanumeric() || c == '.' || c == '_'));
    let mut names: Vec<&str> = words.filter(|word| word.starts_with("io.kestra.")).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        if known.get(name).is_none() && segue_model::trigger_types::trigger(name).is_none() {
            types.push(TaskType {
                name: String::from(name).leak(),
                aliases: Vec::new(),
                outputs: None,
                run_by: RunBy::Service(Service::Named("test")),
                schema: json!({"type": "object", "additionalProperties": true}),
            });
        }
    }
    let catalog = Catalog::new(types);
    let parsed = parse_flow(source, &catalog);
    let flow = parsed.flow.unwrap_or_else(|| panic!("{source}\n{:?}", parsed.diagnostics));
    Arc::new(Plan::new(Arc::new(flow), &catalog))
}

/// The result of an execution: its state, and its task runs sorted by name. The order of siblings depends on the time.
fn end(world: &World) -> (State, Vec<String>) {
    let mut runs = world.runs();
    runs.sort();
    (world.state(), runs)
}

/// The result of an execution without crashes, and its number of events.
fn plain((name, plan): &Named) -> ((State, Vec<String>), usize) {
    let mut world = World::of(plan.clone());
    world.run();
    assert!(world.state().is_terminal(), "{name}: {:?}", world.runs());
    (end(&world), world.history.len())
}

#[test]
fn a_crash_after_any_event_changes_nothing() {
    for flow in &flows() {
        let (expected, events) = plain(flow);
        for cut in 1..=events {
            let mut world = World::of(flow.1.clone());
            world.run_at_most(cut);
            // The crash loses messages and memory, but not the store and its timers.
            world.forget_messages();
            world.reload();
            world.send(Event::Continued);
            world.run();
            assert_eq!(end(&world), expected, "cut after {cut} of {}", flow.0);
        }
    }
}

#[test]
fn every_event_may_come_twice() {
    for flow in &flows() {
        let (expected, _) = plain(flow);
        let mut world = World::of(flow.1.clone());
        world.twice = true;
        world.run();
        assert_eq!(end(&world), expected, "{}", flow.0);
    }
}

#[test]
fn neighbours_may_swap() {
    for flow in &flows() {
        let (expected, _) = plain(flow);
        let mut world = World::of(flow.1.clone());
        world.last_first = true;
        world.run();
        assert_eq!(end(&world), expected, "{}", flow.0);
    }
}

#[test]
fn events_that_wait_may_be_one_step() {
    for flow in &flows() {
        let (expected, _) = plain(flow);
        for budget in [1, 100] {
            let mut world = World::of(flow.1.clone());
            world.at_once = true;
            world.budget = budget;
            world.run();
            assert_eq!(end(&world), expected, "{} with a budget of {budget}", flow.0);
        }
    }
}

#[test]
fn a_wide_loop_takes_few_steps_if_its_results_wait_together() {
    let wide = "tasks:\n  - id: each\n    type: io.kestra.plugin.core.flow.ForEach\n    values: \"{{ range(1, 1000) }}\"\n    concurrencyLimit: 0\n    tasks:\n      - {id: work, type: test.Work}\n";
    let mut world = World::new(wide);
    world.at_once = true;
    world.run();
    assert_eq!(world.state(), State::Success);
    assert!(world.stored.len() > 999, "{}", world.stored.len());
    assert!(world.steps < 30, "{} steps for {} events", world.steps, world.history.len());
}

#[test]
fn a_step_may_be_cut_short_by_its_budget() {
    for flow in &flows() {
        let (expected, _) = plain(flow);
        let mut world = World::of(flow.1.clone());
        world.budget = 1;
        world.run();
        assert_eq!(end(&world), expected, "{}", flow.0);
    }
}

#[test]
fn a_reload_before_every_event_changes_nothing() {
    for flow in &flows() {
        let (expected, _) = plain(flow);
        let mut world = World::of(flow.1.clone());
        world.reloads = true;
        world.run();
        assert_eq!(end(&world), expected, "{}", flow.0);
    }
}
