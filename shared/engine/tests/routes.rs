//! Task types that several services share: the properties of a task decide which service gets the task.

mod world;

use segue_engine::Effect;
use segue_model::event::Event;
use segue_model::state::State;
use world::World;

/// A runner that the engine must look up.
const LOOKED_UP: &str = "runner: \"{{ kv('RUNNER', errorOnMissing=false) ?? 'PROCESS' }}\"";

/// The flow with one task that has this property.
fn flow(property: &str) -> String {
    format!("variables: {{runner: Process}}\ntasks: [{{id: a, type: test.Shared, {property}}}]")
}

/// The services that received task runs, in the order of sending.
fn services(world: &World) -> Vec<&'static str> {
    let service = |effect: &Effect| match effect {
        Effect::DispatchTaskRun(dispatch) => Some(dispatch.service),
        _ => None,
    };
    world.effects.iter().filter_map(service).collect()
}

fn services_of(property: &str) -> Vec<&'static str> {
    let world = world::ended(&flow(property));
    assert_eq!(world.state(), State::Success, "{property}");
    services(&world)
}

#[test]
fn the_properties_of_a_task_choose_its_service() {
    assert_eq!(services_of("runner: PROCESS"), ["near"]);
    assert_eq!(services_of("taskRunner: {type: io.kestra.plugin.core.runner.Process}"), ["near"]);
    assert_eq!(services_of("taskRunner: {type: io.kestra.plugin.kubernetes.runner.Kubernetes}"), ["far"]);
    assert_eq!(services_of("runner: null"), ["far"]);
}

#[test]
fn an_expression_is_rendered_before_the_service_is_chosen() {
    assert_eq!(services_of("runner: '{{ vars.runner }}'"), ["near"]);
    assert_eq!(services_of("taskRunner: {type: 'runner.{{ vars.runner }}'}"), ["near"]);
    assert_eq!(services_of("runner: '{{ vars.runner ~ 1 }}'"), ["far"]);
}

#[test]
fn only_the_texts_that_decide_are_rendered() {
    assert_eq!(
        services_of(
            "taskRunner: {type: io.kestra.plugin.core.runner.Process, password: \"{{ vars.missing }}\"}"
        ),
        ["near"]
    );
}

#[test]
fn a_step_waits_for_the_answers_that_the_choice_needs() {
    let world = world::ended(&flow(LOOKED_UP));
    assert_eq!(services(&world), ["near"]);
    assert_eq!(world.runs(), ["a SUCCESS"]);
}

#[test]
fn an_expression_that_fails_is_left_to_the_service_to_report() {
    assert_eq!(services_of("runner: '{{ vars.missing }}'"), ["far"]);
}

#[test]
fn every_attempt_goes_to_the_chosen_service() {
    let retry = "fails: 1, retry: {type: constant, interval: PT1S, maxAttempts: 3}";
    let world = world::ended(&flow(&format!("{LOOKED_UP}, {retry}")));
    assert_eq!(services(&world), ["near", "near"]);
    assert_eq!(world.runs(), ["a SUCCESS"]);
}

#[test]
fn a_lost_message_is_sent_again_to_the_same_service() {
    let mut world = World::new(&flow(LOOKED_UP));
    world.manual = true;
    world.run();
    world.forget_messages();
    world.send(Event::Continued);
    world.run();
    assert_eq!(services(&world), ["near", "near"]);
    world.finish("a", State::Success);
    assert_eq!(world.state(), State::Success);
}
