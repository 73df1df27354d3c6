//! How the server is, and the messages that it gave up.

use crate::harness::Server;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn the_report_says_how_the_server_is() {
    let server = Server::new().await;
    let report = server.get("/health/details").await.ok();
    assert_eq!((&report["status"], &report["deadLetters"]), (&json!("UP"), &json!(0)), "{report:#}");
    assert!(report["isLocal"] == true && report["readMs"].is_number() && report["late"] == json!([]));
    assert_eq!(server.get("/dead-letters").await.ok(), json!([]));
    server.post("/dead-letters/7/deliver").await.refused(404);
}
