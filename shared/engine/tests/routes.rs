//! Task types that several services share: the properties of a task decide which service gets the task.

mod world;

use segue_engine::Effect;
use segue_model::event::Event;
use segue_model::state::State;
use world::World;

/// The flow with one task that has this runner.
fn flow(runner: &str) -> String {
    format!("variables: {{runner: near}}\ntasks: [{{id: a, type: test.Shared, runner: {runner}}}]")
}

/// The services that task runs were sent to, in this order.
fn services(world: &World) -> Vec<&'static str> {
    let service = |effect: &Effect| match effect {
        Effect::DispatchTaskRun(dispatch) => Some(dispatch.service),
        _ => None,
    };
    world.effects.iter().filter_map(service).collect()
}

fn services_of(runner: &str) -> Vec<&'static str> {
    let world = world::ended(&flow(runner));
    assert_eq!(world.state(), State::Success, "{runner}");
    services(&world)
}

#[test]
fn the_properties_of_a_task_choose_its_service() {
    assert_eq!(services_of("near"), ["near"]);
    assert_eq!(services_of("{type: near}"), ["near"]);
    assert_eq!(services_of("{type: other}"), ["far"]);
    assert_eq!(services_of("null"), ["far"]);
}

#[test]
fn an_expression_is_rendered_before_the_service_is_chosen() {
    assert_eq!(services_of("'{{ vars.runner }}'"), ["near"]);
    assert_eq!(services_of("{type: '{{ vars.runner }}'}"), ["near"]);
    assert_eq!(services_of("'{{ vars.runner ~ 1 }}'"), ["far"]);
}

#[test]
fn only_the_texts_that_decide_are_rendered() {
    assert_eq!(services_of("{type: near, password: \"{{ vars.missing }}\"}"), ["near"]);
}

#[test]
fn a_step_waits_for_the_answers_that_the_choice_needs() {
    let world = world::ended(&flow("\"{{ kv('RUNNER', errorOnMissing=false) ?? 'near' }}\""));
    assert_eq!(services(&world), ["near"]);
    assert_eq!(world.runs(), ["a SUCCESS"]);
}

#[test]
fn an_expression_that_fails_is_left_to_the_service_to_report() {
    assert_eq!(services_of("'{{ vars.missing }}'"), ["far"]);
}

#[test]
fn every_attempt_goes_to_the_chosen_service() {
    let retried = "runner: \"{{ kv('RUNNER', errorOnMissing=false) ?? 'near' }}\", fails: 1, \
                   retry: {type: constant, interval: PT1S, maxAttempts: 3}";
    let world = world::ended(&format!("tasks: [{{id: a, type: test.Shared, {retried}}}]"));
    assert_eq!(services(&world), ["near", "near"]);
    assert_eq!(world.runs(), ["a SUCCESS"]);
}

#[test]
fn a_lost_message_is_sent_again_to_the_same_service() {
    let mut world = World::new(&flow("\"{{ kv('RUNNER', errorOnMissing=false) ?? 'near' }}\""));
    world.manual = true;
    world.run();
    world.forget_messages();
    world.send(Event::Continued);
    world.run();
    assert_eq!(services(&world), ["near", "near"]);
    world.finish("a", State::Success);
    assert_eq!(world.state(), State::Success);
}
