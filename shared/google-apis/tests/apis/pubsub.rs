//! Pub/Sub as JSON. `tests/google-clients` tests it by gRPC, with Google's clients.

use super::World;
use axum::body::Body;
use segue_ports::topics::{TopicMessage, TopicName};
use serde_json::json;

const TOPIC: &str = "/v1/projects/p-1/topics/orders";
const SUBSCRIPTION: &str = "/v1/projects/p-1/subscriptions/mine";

impl World {
    async fn put(&self, path: &str, body: serde_json::Value) -> super::Answer {
        self.send("PUT", path, &[("content-type", "application/json")], body.to_string()).await
    }
}

#[tokio::test]
async fn a_message_is_published_pulled_and_acknowledged() {
    let world = World::new(true);
    assert_eq!(world.get(TOPIC).await.status, 404);
    assert_eq!(world.put(TOPIC, json!({})).await.ok()["name"], "projects/p-1/topics/orders");
    assert_eq!(world.put(TOPIC, json!({})).await.status, 409);
    let subscription = json!({"topic": "projects/p-1/topics/orders", "ackDeadlineSeconds": 20});
    let made = world.put(SUBSCRIPTION, subscription).await.ok();
    assert_eq!(
        (&made["ackDeadlineSeconds"], &made["topic"]),
        (&json!(20), &json!("projects/p-1/topics/orders"))
    );
    let message = json!({"data": "aGVsbG8=", "attributes": {"kind": "new"}});
    let published = world.post(&format!("{TOPIC}:publish"), json!({"messages": [message]})).await.ok();
    let pull = format!("{SUBSCRIPTION}:pull");
    let pulled = world.post(&pull, json!({"maxMessages": 10, "returnImmediately": true})).await.ok();
    let received = &pulled["receivedMessages"][0];
    assert_eq!(received["message"]["data"], "aGVsbG8=");
    assert_eq!(received["message"]["attributes"], json!({"kind": "new"}));
    assert_eq!(received["message"]["messageId"], published["messageIds"][0]);
    assert!(received["message"]["publishTime"].as_str().unwrap().ends_with('Z'), "{received}");
    let now = json!({"ackIds": [received["ackId"]], "ackDeadlineSeconds": 0});
    world.post(&format!("{SUBSCRIPTION}:modifyAckDeadline"), now).await.ok();
    let again = world.post(&pull, json!({"maxMessages": 1, "returnImmediately": true})).await.ok();
    let again = &again["receivedMessages"][0];
    assert_eq!(again["message"]["messageId"], published["messageIds"][0]);
    assert_ne!(again["ackId"], received["ackId"]);
    world.post(&format!("{SUBSCRIPTION}:acknowledge"), json!({"ackIds": [again["ackId"]]})).await.ok();
    let none = world.post(&pull, json!({"maxMessages": 1, "returnImmediately": true})).await.ok();
    assert_eq!(none["receivedMessages"], json!([]));
}

#[tokio::test]
async fn lists_have_pages_and_deleted_things_are_gone() {
    let world = World::new(true);
    for name in ["one", "two", "three"] {
        world.put(&format!("/v1/projects/p-1/topics/{name}"), json!({})).await.ok();
        let of = json!({"topic": format!("projects/p-1/topics/{name}")});
        world.put(&format!("/v1/projects/p-1/subscriptions/of-{name}"), of).await.ok();
    }
    world.put("/v1/projects/p-2/topics/other", json!({})).await.ok();
    let first = world.get("/v1/projects/p-1/topics?pageSize=2").await.ok();
    assert_eq!(first["topics"].as_array().unwrap().len(), 2);
    let token = first["nextPageToken"].as_str().unwrap();
    let second = world.get(&format!("/v1/projects/p-1/topics?pageSize=2&pageToken={token}")).await.ok();
    assert_eq!(second["topics"], json!([{"name": "projects/p-1/topics/two"}]));
    assert!(second.get("nextPageToken").is_none());
    let of_topic = world.get("/v1/projects/p-1/topics/two/subscriptions").await.ok();
    assert_eq!(of_topic["subscriptions"], json!(["projects/p-1/subscriptions/of-two"]));
    world.send("DELETE", "/v1/projects/p-1/topics/two", &[], Body::empty()).await.ok();
    let left = world.get("/v1/projects/p-1/subscriptions/of-two").await.ok();
    assert_eq!(left["topic"], "_deleted-topic_");
    world.send("DELETE", "/v1/projects/p-1/subscriptions/of-two", &[], Body::empty()).await.ok();
    let subscriptions = world.get("/v1/projects/p-1/subscriptions").await.ok();
    assert_eq!(subscriptions["subscriptions"].as_array().unwrap().len(), 2);
    let gone = world.send("DELETE", "/v1/projects/p-1/subscriptions/of-two", &[], Body::empty()).await;
    assert_eq!(gone.status, 404);
}

#[tokio::test]
async fn flows_and_clients_have_the_same_topics() {
    let world = World::new(true);
    let topic = TopicName::new("p-1", "orders").unwrap();
    world.ports.topics.create_topic(&topic).await.unwrap();
    world.put(SUBSCRIPTION, json!({"topic": topic.to_string()})).await.ok();
    let message = TopicMessage { data: "hello".into(), ..TopicMessage::default() };
    world.ports.topics.publish(&topic, vec![message]).await.unwrap();
    let pulled = world.post(&format!("{SUBSCRIPTION}:pull"), json!({"maxMessages": 1})).await.ok();
    assert_eq!(pulled["receivedMessages"][0]["message"]["data"], "aGVsbG8=");
}

#[tokio::test]
async fn what_the_platform_does_not_have_is_refused_by_name() {
    let world = World::new(true);
    world.put(TOPIC, json!({})).await.ok();
    let topic = "projects/p-1/topics/orders";
    for (setting, value) in [
        ("filter", json!("attributes.a = 'b'")),
        ("pushConfig", json!({"pushEndpoint": "https://example.com"})),
        ("deadLetterPolicy", json!({"maxDeliveryAttempts": 5})),
        ("enableExactlyOnceDelivery", json!(true)),
        ("expirationPolicy", json!({"ttl": "86400s"})),
        ("inventedSetting", json!(1)),
    ] {
        let refused = world.put(SUBSCRIPTION, json!({"topic": topic, setting: value})).await;
        assert_eq!(refused.status, 400, "{setting}");
        let message = refused.json()["error"]["message"].as_str().unwrap().to_owned();
        assert!(message.contains(setting), "{message}");
    }
    let never =
        json!({"topic": topic, "expirationPolicy": {}, "pushConfig": {}, "retainAckedMessages": false});
    world.put(SUBSCRIPTION, never).await.ok();
    let retained =
        world.put("/v1/projects/p-1/topics/other", json!({"messageRetentionDuration": "60s"})).await;
    assert_eq!(retained.status, 400);
    assert_eq!(world.post(&format!("{TOPIC}:publish"), json!({"messages": [{}]})).await.status, 400);
    assert_eq!(world.post(&format!("{TOPIC}:publish"), json!({"messages": []})).await.status, 400);
    assert_eq!(world.post(&format!("{TOPIC}:detach"), json!({})).await.status, 501);
    let call = world.send("POST", "/google.pubsub.v1.Subscriber/Seek", &[], Body::empty()).await;
    assert_eq!(call.headers["grpc-status"], "12", "UNIMPLEMENTED");
}

#[tokio::test]
async fn a_grpc_client_without_a_token_learns_why() {
    let world = World::new(false);
    let kind = [("content-type", "application/grpc")];
    let refused = world.send("POST", "/google.pubsub.v1.Publisher/Publish", &kind, Body::empty()).await;
    assert_eq!((refused.status.as_u16(), refused.headers["grpc-status"].to_str().unwrap()), (200, "16"));
    assert!(refused.headers["grpc-message"].to_str().unwrap().contains("token"));
}
