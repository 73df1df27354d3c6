//! Polling triggers: what is found becomes executions, each thing once, whatever happens to the messages.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

mod world;

use jiff::Timestamp;
use segue_model::execution::Execution;
use segue_model::state::State;
use segue_ports::wire::Message;
use std::collections::BTreeSet;
use world::{World, at, flow, key, probe, waiting_flow, with_tasks};

const START: &str = "2024-01-10T09:00:00Z";

fn objects(execution: &Execution) -> Vec<String> {
    let trigger = execution.trigger.as_ref().unwrap();
    serde_json::from_value(trigger.variables["objects"].clone()).unwrap()
}

async fn all(world: &World) -> Vec<Vec<String>> {
    world.executions("f").await.iter().map(objects).collect()
}

fn seconds_later(seconds: i64) -> String {
    at(START).checked_add(jiff::SignedDuration::from_secs(seconds)).unwrap().to_string()
}

#[tokio::test]
async fn the_first_look_is_at_once_and_then_one_each_interval() {
    let world = World::new(START);
    world.bucket.put("a");
    world.save(&flow("f", &probe("t", ", interval: PT30S"))).await;
    world.tick(START).await;
    assert_eq!(all(&world).await, [["a"]]);
    for second in 1..=29 {
        world.tick(&seconds_later(second)).await;
    }
    world.bucket.put("b");
    assert_eq!(*world.bucket.looks.lock().unwrap(), 1, "nothing looks between");
    world.tick(&seconds_later(30)).await;
    assert_eq!(all(&world).await, [["a"], ["b"]]);
    world.tick(&seconds_later(60)).await;
    assert_eq!(all(&world).await.len(), 2, "what was seen does not fire again");
}

#[tokio::test]
async fn without_a_watching_process_delayed_messages_ask_for_the_looks() {
    let mut world = World::deployed(START, None);
    world.deliveries = 2;
    world.save(&flow("f", &probe("t", ""))).await;
    world.pass(&seconds_later(30)).await;
    world.bucket.put("a");
    assert_eq!(world.due()[0], "2024-01-10T09:01:00Z");
    world.pass(&seconds_later(61)).await;
    assert_eq!(all(&world).await, [["a"]]);
    world.pass(&seconds_later(600)).await;
    assert_eq!(all(&world).await.len(), 1);
    // One is the next look. The other came from saving the flow, while a look was under way.
    assert!(world.due().len() <= 2, "{:?}", world.due());
}

#[tokio::test]
async fn the_next_look_waits_for_the_execution() {
    let world = World::new(START);
    *world.bucket.most.lock().unwrap() = 1;
    for name in ["a", "b", "c"] {
        world.bucket.put(name);
    }
    world.save(&waiting_flow("f", &probe("t", ""))).await;
    world.tick(START).await;
    world.tick(&seconds_later(600)).await;
    assert_eq!(all(&world).await, [["a"]]);
    assert!(world.trigger("f", "t").await.execution_id.is_some());
    // There is more, so the next look follows at once.
    world.set(&seconds_later(601));
    world.resume_all("f").await;
    assert_eq!(all(&world).await, [["a"], ["b"]]);
    world.set(&seconds_later(602));
    world.resume_all("f").await;
    world.set(&seconds_later(603));
    world.resume_all("f").await;
    assert_eq!(all(&world).await, [["a"], ["b"], ["c"]]);
}

#[tokio::test]
async fn with_allow_concurrent_all_finds_run_at_once() {
    let world = World::new(START);
    *world.bucket.most.lock().unwrap() = 1;
    (0..10).for_each(|number| world.bucket.put(number.to_string()));
    world.save(&waiting_flow("f", &probe("t", ", allowConcurrent: true"))).await;
    world.tick(START).await;
    world.tick(START).await;
    assert_eq!(world.states("f").await, [State::Paused; 10]);
}

/// The scheduler is restarted, publications fail, messages are doubled and come late. Each object is in one execution.
#[tokio::test]
async fn a_thousand_objects_are_a_thousand_executions() {
    for (moves, deliveries, count) in [(false, 2, 100), (true, 3, 100), (true, 2, 1_000)] {
        let mut world = World::new(START);
        world.deliveries = deliveries;
        *world.bucket.most.lock().unwrap() = 1;
        let action = if moves { ", action: MOVE" } else { "" };
        let mut all_names = BTreeSet::new();
        world.save(&flow("f", &probe("t", &format!("{action}, interval: PT1S")))).await;
        let mut second = 0;
        while world.executions("f").await.len() < count {
            second += 1;
            assert!(second < 10_000, "it hangs with {} executions", world.executions("f").await.len());
            for number in 0..20 {
                let name = format!("{second}-{number}");
                if all_names.len() < count && all_names.insert(name.clone()) {
                    world.bucket.put(name);
                }
            }
            if second % 3 == 0 {
                world.fail_publishing(u32::try_from(second % 7).unwrap());
            }
            if second % 50 == 0 {
                world.restart();
            }
            world.set(&seconds_later(second));
            // It fails where the test cuts the publication short.
            let _ = world.scheduler.publish_due().await;
            world.settle().await;
        }
        world.fail_publishing(0);
        world.tick(&seconds_later(second + 10)).await;
        world.tick(&seconds_later(second + 20)).await;
        let seen: Vec<String> = all(&world).await.into_iter().flatten().collect();
        assert_eq!(seen.len(), count, "each object once");
        assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), all_names);
        if moves {
            assert_eq!(*world.bucket.moved.lock().unwrap(), all_names, "and each was moved");
        }
    }
}

#[tokio::test]
async fn a_lost_look_is_found_by_the_sweep() {
    let world = World::deployed(START, None);
    world.bucket.put("a");
    world.save(&flow("f", &probe("t", ""))).await;
    world.scheduler.publish_due().await.unwrap();
    let tick = Message::Tick(key("f", "t"));
    world.send(tick).await;
    assert!(world.lose_messages() > 0);
    world.lose_delayed();
    world.set(&seconds_later(3_700));
    world.send(Message::Sweep {}).await;
    world.settle().await;
    assert_eq!(all(&world).await, [["a"]]);
}

#[tokio::test]
async fn a_look_that_fails_is_tried_after_the_interval() {
    let world = World::new(START);
    *world.bucket.fault.lock().unwrap() = Some("the bucket is not there".to_owned());
    world.bucket.put("a");
    world.save(&flow("f", &probe("t", ""))).await;
    world.tick(START).await;
    assert!(world.trigger("f", "t").await.memo.to_string().contains("the bucket is not there"));
    *world.bucket.fault.lock().unwrap() = None;
    world.tick(&seconds_later(59)).await;
    assert_eq!(*world.bucket.looks.lock().unwrap(), 1);
    world.tick(&seconds_later(60)).await;
    assert_eq!(all(&world).await, [["a"]]);
    assert!(!world.trigger("f", "t").await.memo.to_string().contains("not there"));
}

#[tokio::test]
async fn conditions_inputs_and_labels_see_the_find() {
    let world = World::new(START);
    let many =
        "type: io.kestra.plugin.core.condition.Expression, expression: '{{ trigger.objects | length > 1 }}'";
    let trigger = probe(
        "t",
        &format!(
            ", conditions: [{{{many}}}], inputs: {{first: '{{{{ trigger.objects[0] }}}}'}}, labels: {{n: '{{{{ \
             trigger.objects | length }}}}'}}"
        ),
    );
    let tasks = "  - {id: say, type: io.kestra.plugin.core.log.Log, message: '{{ inputs.first }}'}\n";
    world.save(&format!("{}inputs: [{{id: first, type: STRING}}]\n", with_tasks("f", tasks, &trigger))).await;
    world.bucket.put("a");
    world.tick(START).await;
    assert!(all(&world).await.is_empty());
    world.bucket.put("b");
    world.tick(&seconds_later(60)).await;
    let found = world.executions("f").await;
    assert_eq!(objects(&found[0]), ["a", "b"]);
    assert_eq!(world::label(&found[0], "n"), Some("2"));
    assert!(world.log(&found[0].id).await.contains('a'));
}

#[tokio::test]
async fn a_trigger_that_is_off_does_not_look() {
    let world = World::new(START);
    world.bucket.put("a");
    world.save(&flow("f", &probe("t", ""))).await;
    world.scheduler.set_disabled(&key("f", "t"), true).await.unwrap();
    world.tick(&seconds_later(60)).await;
    assert_eq!(*world.bucket.looks.lock().unwrap(), 0);
    world.scheduler.set_disabled(&key("f", "t"), false).await.unwrap();
    world.tick(&seconds_later(61)).await;
    assert_eq!(all(&world).await, [["a"]]);
    // A flow that is gone takes the trigger's state with it.
    world.scheduler.forget_flow("company", "f").await.unwrap();
    world.tick(&seconds_later(200)).await;
    assert_eq!(*world.bucket.looks.lock().unwrap(), 1);
}

#[tokio::test]
async fn a_find_survives_a_new_definition() {
    let world = World::new(START);
    world.bucket.put("a");
    world.save(&flow("f", &probe("t", ""))).await;
    world.tick(START).await;
    world.save(&flow("f", &probe("t", ", interval: PT5M"))).await;
    world.tick(&seconds_later(1)).await;
    assert_eq!(all(&world).await, [["a"]], "the memory is kept");
    let next: Timestamp = world.trigger("f", "t").await.next_execution_date.unwrap();
    assert_eq!(next.to_string(), "2024-01-10T09:05:01Z");
}
