//! Requests that take long must not keep other requests waiting.

use crate::harness::{HELLO, Server, id};
use std::sync::Arc;
use std::time::Duration;

/// There are more long expressions than threads of the runtime.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn expressions_that_take_long_keep_no_other_request_waiting() {
    let server = Arc::new(Server::new().await);
    server.deploy(&[HELLO]).await;
    let path = format!("/executions/{}/eval", id(&server.run("hello").await));
    let evaluated: Vec<_> = (0..4)
        .map(|_| {
            let (server, path) = (Arc::clone(&server), path.clone());
            let expression = "{{ 1 | jq('[range(20000) | [., {a: .}] | tojson] | length') }}";
            tokio::spawn(
                async move { server.call("POST", &path, Some(("text/plain", expression))).await.ok() },
            )
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(200)).await;
    for _ in 0..5 {
        let server = Arc::clone(&server);
        // A spawned task runs on a thread of the runtime, like a request to a real server.
        tokio::spawn(async move { server.get("/flows/search").await.ok() }).await.unwrap();
    }
    // If the expressions ran on the runtime's threads, all of them would have ended before the searches were answered.
    assert!(evaluated.iter().any(|one| !one.is_finished()), "the expressions ended first");
    for one in evaluated {
        assert_eq!(one.await.unwrap()["result"], "[20000]");
    }
}
