//! Requests that are meant to keep the server from answering others.

use crate::harness::{HELLO, Server, id};
use std::sync::Arc;
use std::time::Duration;

/// More expressions than the runtime has threads, each at work for a while.
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
        // On a thread of the runtime, as a server's requests are.
        tokio::spawn(async move { server.get("/flows/search").await.ok() }).await.unwrap();
    }
    // On the runtime's own threads, the expressions would have ended before anything else was answered.
    assert!(evaluated.iter().any(|one| !one.is_finished()), "the expressions ended first");
    for one in evaluated {
        assert_eq!(one.await.unwrap()["result"], "[20000]");
    }
}
