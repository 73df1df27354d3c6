//! Tests of limits: a flow above a limit fails with a message that says what to do.

mod world;

use segue_model::state::State;
use world::World;

const FLOW: &str = "io.kestra.plugin.core.flow";

#[test]
fn a_loop_over_too_many_values_fails_and_says_what_to_do() {
    for kind in ["ForEach", "EachParallel", "EachSequential", "Loop"] {
        for (count, state) in [(100_000, None), (100_001, Some(State::Failed))] {
            if count == 100_000 && kind != "ForEach" {
                // A loop of this size takes long, so only ForEach shows that the size is allowed.
                continue;
            }
            let limit = if kind == "EachParallel" { "concurrent: 1" } else { "description: d" };
            let values =
                format!("[{}]", (0..count).map(|value| value.to_string()).collect::<Vec<_>>().join(","));
            let flow = format!(
                "tasks: [{{id: l, type: {FLOW}.{kind}, {limit}, values: '{values}', tasks: [{{id: h, type: test.Work, hangs: true}}]}}]"
            );
            let mut world = World::new(&flow);
            world.pass(1);
            let said = world.logs.iter().any(|line| {
                line.message.contains("100001 values; at most 100000 are allowed")
                    && line.message.contains("ForEachItem")
                    && line.message.contains("SEGUE_MAX_LOOP_VALUES")
            });
            assert_eq!(said, state.is_some(), "{kind} {count}");
            assert_eq!(world.state() == State::Failed, state.is_some(), "{kind} {count}");
        }
    }
}
