//! Tasks that wait for work outside: a later delivery waits for the same work, and a killed task stops the work.

use crate::server::Server;
use segue_connectors::Connector;
use segue_connectors::testing::Exchange;
use segue_fn_connect::{described, tasks_with};
use segue_model::Json;
use segue_task::testing::{Platform, TestEnd, run_with};
use serde_json::json;
use std::path::Path;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const SYNC: &str = "io.kestra.plugin.airbyte.connections.Sync";

fn exchange(path: &str, answer: Json) -> Exchange {
    let request = format!("POST https://air.example.com/api/v1/{path}");
    serde_json::from_value(json!({"request": request, "answer": {"body": answer}})).unwrap()
}

/// A server that stands for Airbyte, the connector that leads to it, and a platform.
async fn world(exchanges: Vec<Exchange>, every: &str) -> (Server, &'static [Connector], Platform) {
    let connector = described::all().iter().find(|connector| connector.name == SYNC).unwrap();
    let server = Server::start(exchanges).await;
    let mut connector = server.in_front_of(connector);
    connector.poll.as_mut().unwrap().every = every.to_owned();
    let own: &'static [Connector] = Box::leak(Box::new([connector]));
    let platform = Platform::new(tasks_with(own), |folder: &Path| segue_embedded::connect(folder).unwrap());
    (server, own, platform)
}

fn properties() -> Json {
    json!({"url": "https://air.example.com", "connectionId": "c1"})
}

#[tokio::test]
async fn a_later_delivery_waits_for_the_same_work() {
    let (server, own, platform) = world(
        vec![
            exchange("connections/sync", json!({"job": {"id": 7}})),
            exchange("jobs/get", json!({"job": {"id": 7, "status": "running"}})),
            exchange("jobs/get", json!({"job": {"id": 7, "status": "succeeded"}})),
        ],
        "PT1S",
    )
    .await;
    let message = platform.message_of(SYNC, properties());
    let deliver = async || {
        let patience = Some(Duration::ZERO);
        let (ports, message) = (platform.ports.clone(), message.clone());
        let lost = CancellationToken::new();
        run_with(&tasks_with(own), ports, &platform.work_root(), message, patience, &lost).await
    };
    assert!(matches!(deliver().await, TestEnd::Unfinished(_)));
    let TestEnd::Ended(run) = deliver().await else { panic!("the work has ended") };
    assert_eq!(Json::Object(run.outputs()), json!({"jobId": 7, "alreadyRunning": false}));
    server.check().unwrap();
}

#[tokio::test]
async fn a_killed_task_stops_the_work() {
    let (server, own, platform) = world(
        vec![
            exchange("connections/sync", json!({"job": {"id": 7}})),
            exchange("jobs/get", json!({"job": {"id": 7, "status": "running"}})),
            exchange("jobs/cancel", json!({})),
        ],
        "PT60S",
    )
    .await;
    let lost = CancellationToken::new();
    let kill = async {
        while server.answered() < 2 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        lost.cancel();
    };
    let message = platform.message_of(SYNC, properties());
    let (list, root) = (tasks_with(own), platform.work_root());
    let run = run_with(&list, platform.ports.clone(), &root, message, None, &lost);
    let (ended, ()) = tokio::join!(run, kill);
    assert!(matches!(ended, TestEnd::Stopped));
    server.check().unwrap();
}
