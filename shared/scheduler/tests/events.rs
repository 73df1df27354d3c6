//! Flow triggers and webhooks.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

mod world;

use segue_executor::NewExecution;
use segue_model::state::State;
use segue_ports::wire::{ExecutionStateReached, Message};
use segue_scheduler::{SchedulerError, WebhookRequest};
use serde_json::json;
use world::{World, at, flow, key, label, schedule, variable, waiting_flow, with_tasks};

const SAY: &str = "  - {id: say, type: io.kestra.plugin.core.log.Log, message: hello}\n";

fn plain(id: &str) -> String {
    format!("id: {id}\nnamespace: company\ntasks:\n{SAY}")
}

async fn start(world: &World, flow: &str) -> segue_model::execution::Execution {
    let new = NewExecution { namespace: "company".into(), flow_id: flow.into(), ..Default::default() };
    let made = world.executor.create(new).await.unwrap();
    world.settle().await;
    made
}

fn flow_trigger(more: &str) -> String {
    format!("  - id: t\n    type: io.kestra.plugin.core.trigger.Flow\n{more}")
}

#[tokio::test]
async fn the_end_of_a_flow_fires_another() {
    let mut world = World::new("2024-01-10T00:00:00Z");
    world.deliveries = 2;
    let outputs = "outputs:\n  - {id: rows, type: INT, value: '3'}\n";
    world.save(&format!("{outputs}{}", plain("load"))).await;
    let more = "    inputs: {rows: '{{ trigger.outputs.rows }}'}\n    labels: {from: '{{ trigger.flowId }}'}\n    conditions:\n      - {type: io.kestra.plugin.core.condition.ExecutionFlow, namespace: company, flowId: load}\n";
    let inputs = "inputs:\n  - {id: rows, type: INT, defaults: 0}\n";
    world.save(&format!("{inputs}{}", flow("after", &flow_trigger(more)))).await;
    let source = start(&world, "load").await;
    let made = world.executions("after").await;
    assert_eq!(made.len(), 1, "reported twice");
    assert_eq!(made[0].inputs, *json!({"rows": 3}).as_object().unwrap());
    assert_eq!(variable(&made[0], "executionId"), source.id.as_str());
    assert_eq!(variable(&made[0], "state"), "SUCCESS");
    assert_eq!(label(&made[0], "from"), Some("load"));
    assert_eq!(label(&made[0], "system.correlationId"), label(&source, "system.correlationId"));
    start(&world, "after").await;
    assert_eq!(world.executions("after").await.len(), 2, "never by itself");
}

#[tokio::test]
async fn a_flow_that_another_process_saved_is_seen_soon() {
    let world = World::new("2024-01-10T00:00:00Z");
    world.save(&plain("load")).await;
    start(&world, "load").await;
    let from = "    conditions: [{type: io.kestra.plugin.core.condition.ExecutionFlow, namespace: company, flowId: load}]\n";
    let now = world.ports.clock.now();
    let listener = flow("after", &flow_trigger(from));
    world.ports.state.put_flow("company", "after", &listener, now).await.unwrap();
    for (now, expected) in [("2024-01-10T00:00:11Z", 1), ("2024-01-10T00:00:22Z", 2)] {
        world.set(now);
        start(&world, "load").await;
        assert_eq!(world.executions("after").await.len(), expected, "{now}");
    }
    world.ports.state.delete_flow("company", "after", now).await.unwrap();
    world.set("2024-01-10T00:00:33Z");
    start(&world, "load").await;
    assert_eq!(world.executions("after").await.len(), 2, "it is gone");
}

#[tokio::test]
async fn paused_fires_only_where_it_is_named() {
    let world = World::new("2024-01-10T00:00:00Z");
    world.save(&waiting_flow("slow", &schedule("never", "@yearly", ""))).await;
    let from = "    conditions: [{type: io.kestra.plugin.core.condition.ExecutionFlow, namespace: company, flowId: slow}]\n";
    world.save(&flow("any", &flow_trigger(from))).await;
    world.save(&flow("paused", &flow_trigger(&format!("    states: [PAUSED]\n{from}")))).await;
    start(&world, "slow").await;
    assert_eq!((world.executions("any").await.len(), world.executions("paused").await.len()), (0, 1));
    world.resume_all("slow").await;
    assert_eq!((world.executions("any").await.len(), world.executions("paused").await.len()), (1, 1));
}

#[tokio::test]
async fn preconditions_collect_a_set() {
    let world = World::new("2024-01-10T00:00:00Z");
    for id in ["a", "b"] {
        world.save(&plain(id)).await;
    }
    let more = "    preconditions:\n      id: both\n      flows:\n        - {namespace: company, flowId: a, states: [SUCCESS]}\n        - {namespace: company, flowId: b}\n";
    world.save(&flow("after", &flow_trigger(more))).await;
    for (id, minute, expected) in [("a", 1, 0), ("a", 2, 0), ("b", 3, 1), ("b", 4, 1), ("a", 5, 2)] {
        world.set(&format!("2024-01-10T00:0{minute}:00Z"));
        let source = start(&world, id).await;
        assert_eq!(world.executions("after").await.len(), expected, "{id} at {minute}");
        let reached = ExecutionStateReached {
            version: 1,
            execution_id: source.id,
            namespace: "company".into(),
            flow_id: id.into(),
            state: State::Success,
        };
        world.send(Message::ExecutionStateReached(reached)).await;
        assert_eq!(world.executions("after").await.len(), expected, "reported again: {id} at {minute}");
    }
}

#[tokio::test]
async fn a_set_cut_short_fires_once() {
    for failing in 1..8 {
        let world = World::new("2024-01-10T00:00:00Z");
        for id in ["a", "b"] {
            world.save(&plain(id)).await;
        }
        let more = "    preconditions:\n      id: both\n      flows:\n        - {namespace: company, flowId: a}\n        - {namespace: company, flowId: b}\n";
        world.save(&flow("after", &flow_trigger(more))).await;
        start(&world, "a").await;
        world.fail_publishing(failing + 1);
        start(&world, "b").await;
        assert_eq!(world.states("after").await, [State::Success], "publishing {failing} failed");
    }
}

#[tokio::test]
async fn a_trigger_that_is_off_or_refused_does_not_fire() {
    let world = World::new("2024-01-10T00:00:00Z");
    world.save(&plain("load")).await;
    let from = "    conditions: [{type: io.kestra.plugin.core.condition.ExecutionFlow, namespace: company, flowId: load}]\n";
    world.save(&flow("off", &flow_trigger(from))).await;
    world.scheduler.set_disabled(&key("off", "t"), true).await.unwrap();
    world
        .save(&flow("unrendered", &flow_trigger(&format!("    inputs: {{a: '{{{{ no.such }}}}'}}\n{from}"))))
        .await;
    let inputs = "inputs:\n  - {id: n, type: INT}\n";
    world
        .save(&format!(
            "{inputs}{}",
            flow("refused", &flow_trigger(&format!("    inputs: {{n: many}}\n{from}")))
        ))
        .await;
    start(&world, "load").await;
    assert!(world.executions("off").await.is_empty());
    assert!(world.executions("unrendered").await.is_empty());
    assert_eq!(world.states("refused").await, [State::Failed]);
    world.scheduler.set_disabled(&key("off", "t"), false).await.unwrap();
    start(&world, "load").await;
    assert_eq!(world.executions("off").await.len(), 1);
}

#[tokio::test]
async fn a_webhook_makes_an_execution() {
    let world = World::new("2024-01-10T00:00:00Z");
    let hooks = concat!(
        "  - {id: a, type: io.kestra.plugin.core.trigger.Webhook, key: first}\n",
        "  - id: b\n    type: io.kestra.plugin.core.trigger.Webhook\n    key: \"{{ kv('known') }} \"\n    wait: true\n    returnOutputs: true\n",
        "    inputs: {who: '{{ trigger.body.who }}'}\n",
        "    conditions: [{type: io.kestra.plugin.core.condition.Expression, expression: '{{ trigger.parameters.go is defined }}'}]\n",
    );
    world
        .save(&format!(
            "inputs:\n  - {{id: who, type: STRING, defaults: nobody}}\n{}",
            with_tasks("f", SAY, hooks)
        ))
        .await;
    let ask = |key: &'static str, body: &'static str, go: bool| {
        let parameters = if go { vec![("go".to_owned(), "1".to_owned())] } else { Vec::new() };
        let request = WebhookRequest { body: body.into(), parameters, ..WebhookRequest::default() };
        world.scheduler.webhook("company", "f", key, request)
    };
    let first = ask("first", "", false).await.unwrap();
    assert!(!first.wait);
    assert_eq!(first.execution.unwrap().inputs["who"], "nobody");
    let second = ask("from kv", "{\"who\": \"me\"}", true).await.unwrap();
    assert!(second.wait && second.return_outputs);
    let made = second.execution.unwrap();
    assert_eq!(made.inputs["who"], "me");
    assert_eq!(made.trigger.unwrap().variables["parameters"], json!({"go": ["1"]}));
    assert_eq!(ask("from kv", "{\"who\": \"me\"}", false).await.unwrap().execution, None, "its condition");
    assert!(matches!(ask("from kv", "no json", true).await, Err(SchedulerError::Invalid(_))));
    assert!(matches!(ask("third", "", true).await, Err(SchedulerError::NotFound(_))));
    world.settle().await;
    assert_eq!(world.states("f").await, [State::Success; 2]);
    world.scheduler.set_disabled(&key("f", "a"), true).await.unwrap();
    assert!(matches!(ask("first", "", false).await, Err(SchedulerError::NotFound(_))));
    world.scheduler.set_disabled(&key("f", "a"), false).await.unwrap();
    world.save(&format!("disabled: true\n{}", with_tasks("f", SAY, hooks))).await;
    assert!(matches!(ask("first", "", false).await, Err(SchedulerError::IllegalState(_))));
    assert!(world.trigger("f", "a").await.next_execution_date.is_none());
    assert!(world.trigger("f", "a").await.updated_date >= at("2024-01-10T00:00:00Z"));
}
