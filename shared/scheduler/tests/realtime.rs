//! Realtime triggers: they are connected while they are on, and each message is one execution.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

mod world;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use segue_model::state::State;
use segue_ports::Verdict;
use segue_ports::wire::{Arrived, Message};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use world::{LINE, World, at, flow, key, label, with_tasks};

const START: &str = "2024-01-10T09:00:00Z";

fn line(id: &str, more: &str) -> String {
    format!("  - {{id: {id}, type: {LINE}{more}}}\n")
}

fn message(id: &str, data: &[u8]) -> Message {
    Message::Arrived(Box::new(Arrived {
        version: 1,
        key: key("f", "t"),
        subscription: "projects/p/subscriptions/s".to_owned(),
        message_id: id.to_owned(),
        data: BASE64_STANDARD.encode(data),
        attributes: BTreeMap::from([("kind".to_owned(), "order".to_owned())]),
        ordering_key: String::new(),
        published: None,
    }))
}

fn seconds_later(seconds: i64) -> String {
    at(START).checked_add(jiff::SignedDuration::from_secs(seconds)).unwrap().to_string()
}

fn is_connected(world: &World) -> bool {
    world.lines.connected.lock().unwrap().contains(&key("f", "t"))
}

/// `trigger.data` of the executions of the flow.
async fn data(world: &World) -> Vec<Json> {
    let variables = |one: &segue_model::execution::Execution| one.trigger.as_ref().unwrap().variables.clone();
    world.executions("f").await.iter().map(|one| variables(one)["data"].clone()).collect()
}

#[tokio::test]
async fn a_message_is_one_execution_however_often_it_comes() {
    let mut world = World::new(START);
    world.deliveries = 2;
    world.save(&flow("f", &line("t", ""))).await;
    world.tick(START).await;
    assert!(is_connected(&world));
    for round in 0..3 {
        for id in ["1", "2"] {
            // The publication of the execution's first event fails in the first round.
            world.fail_publishing(u32::from(round == 0));
            let verdict = world.send(message(id, format!("data {id}").as_bytes())).await;
            assert_eq!(verdict == Verdict::Retry, round == 0, "{round} {id}");
            if round == 1 {
                world.restart();
            }
        }
    }
    world.settle().await;
    assert_eq!(world.states("f").await, [State::Success, State::Success]);
    let mut seen: Vec<String> =
        data(&world).await.iter().map(|data| data.as_str().unwrap().to_owned()).collect();
    seen.sort();
    assert_eq!(seen, ["data 1", "data 2"]);
}

#[tokio::test]
async fn nothing_happens_while_no_message_comes() {
    let world = World::deployed(START, None);
    world.save(&flow("f", &line("t", ""))).await;
    world.pass(&seconds_later(60)).await;
    assert!(is_connected(&world));
    let requests = *world.lines.requests.lock().unwrap();
    world.pass(&seconds_later(23 * 3_600)).await;
    assert_eq!(*world.lines.requests.lock().unwrap(), requests);
    assert!(world.due().len() <= 1, "{:?}", world.due());
    // Somebody has changed the source. A day later the trigger is connected again.
    world.lines.connected.lock().unwrap().clear();
    world.pass(&seconds_later(25 * 3_600)).await;
    assert!(is_connected(&world));
}

#[tokio::test]
async fn a_trigger_is_disconnected_while_it_is_off() {
    let world = World::new(START);
    world.save(&flow("f", &line("t", ""))).await;
    world.tick(START).await;
    world.scheduler.set_disabled(&key("f", "t"), true).await.unwrap();
    world.settle().await;
    assert!(!is_connected(&world));
    world.scheduler.set_disabled(&key("f", "t"), false).await.unwrap();
    world.tick(&seconds_later(1)).await;
    assert!(is_connected(&world));
    for source in [flow("f", &line("t", ", disabled: true")), flow("f", &line("other", ""))] {
        world.save(&flow("f", &line("t", ""))).await;
        world.tick(&seconds_later(2)).await;
        assert!(is_connected(&world));
        world.save(&source).await;
        world.settle().await;
        assert!(!is_connected(&world), "{source}");
    }
    world.save(&flow("f", &line("t", ""))).await;
    world.tick(&seconds_later(3)).await;
    assert!(is_connected(&world));
    world.scheduler.forget_flow("company", "f").await.unwrap();
    world.settle().await;
    assert!(!is_connected(&world));
}

/// The request to disconnect was lost. The message stays in its subscription, and the trigger is disconnected then.
#[tokio::test]
async fn a_message_for_a_trigger_that_is_off_is_handed_back() {
    let world = World::new(START);
    world.save(&flow("f", &line("t", ""))).await;
    world.tick(START).await;
    world.scheduler.set_disabled(&key("f", "t"), true).await.unwrap();
    world.lose_messages();
    assert!(is_connected(&world));
    assert_eq!(world.send(message("1", b"a")).await, Verdict::Retry);
    world.settle().await;
    assert!(!is_connected(&world));
    assert!(world.executions("f").await.is_empty());
    // The same for a flow that is gone.
    world.lines.connected.lock().unwrap().insert(key("f", "t"));
    world.scheduler.forget_flow("company", "f").await.unwrap();
    world.lose_messages();
    assert_eq!(world.send(message("1", b"a")).await, Verdict::Retry);
    world.settle().await;
    assert!(!is_connected(&world));
}

#[tokio::test]
async fn a_source_that_cannot_be_connected_is_tried_after_the_interval() {
    let world = World::new(START);
    *world.lines.fault.lock().unwrap() = Some("the topic is not there".to_owned());
    world.save(&flow("f", &line("t", ", interval: PT30S"))).await;
    world.tick(START).await;
    assert!(world.trigger("f", "t").await.memo.to_string().contains("the topic is not there"));
    *world.lines.fault.lock().unwrap() = None;
    world.tick(&seconds_later(29)).await;
    assert!(!is_connected(&world));
    world.tick(&seconds_later(30)).await;
    assert!(is_connected(&world));
    assert!(!world.trigger("f", "t").await.memo.to_string().contains("not there"));
}

#[tokio::test]
async fn conditions_inputs_and_labels_see_the_message() {
    let world = World::new(START);
    let expression =
        "type: io.kestra.plugin.core.condition.Expression, expression: '{{ trigger.data.n > 1 }}'";
    let trigger = line(
        "t",
        &format!(
            ", serdeType: JSON, conditions: [{{{expression}}}], inputs: {{n: '{{{{ trigger.data.n }}}}'}}, labels: \
             {{kind: '{{{{ trigger.attributes.kind }}}}'}}"
        ),
    );
    let tasks = "  - {id: say, type: io.kestra.plugin.core.log.Log, message: 'n is {{ inputs.n }}'}\n";
    world.save(&format!("{}inputs: [{{id: n, type: INT}}]\n", with_tasks("f", tasks, &trigger))).await;
    world.tick(START).await;
    for (id, data) in [("1", "{\"n\": 1}"), ("2", "{\"n\": 2}")] {
        assert_eq!(world.send(message(id, data.as_bytes())).await, Verdict::Done);
    }
    world.settle().await;
    let found = world.executions("f").await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].trigger.as_ref().unwrap().variables["messageId"], json!("2"));
    assert_eq!(label(&found[0], "kind"), Some("order"));
    assert!(world.log(&found[0].id).await.contains("n is 2"));
}

/// A message that cannot become an execution is a failed one, so that it is seen and does not come forever.
#[tokio::test]
async fn a_message_that_cannot_be_read_is_a_failed_execution() {
    let world = World::new(START);
    world.save(&flow("f", &line("t", ", serdeType: JSON"))).await;
    world.tick(START).await;
    for (id, data, part) in [("1", b"no".to_vec(), "not JSON"), ("2", vec![b' '; 300_000], "300009 bytes")] {
        for _ in 0..2 {
            assert_eq!(world.send(message(id, &data)).await, Verdict::Done);
        }
        let found = world.executions("f").await;
        let failed =
            found.iter().find(|one| one.trigger.as_ref().unwrap().variables["messageId"] == json!(id));
        let failed = failed.unwrap();
        assert_eq!(failed.state.current(), State::Failed);
        let log = world.log(&failed.id).await;
        assert!(log.contains(part), "{log}");
    }
    assert_eq!(world.executions("f").await.len(), 2);
}
