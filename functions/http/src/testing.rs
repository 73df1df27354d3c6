//! A server on loopback and a platform in a temporary directory, for the tests of both task types.

use axum::Router;
use segue_model::Json;
use segue_ports::Tokens;
use segue_task::testing::TestRun;
use std::net::SocketAddr;
use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// A platform for one test.
pub(crate) struct Platform(segue_task::testing::Platform);

impl Deref for Platform {
    type Target = segue_task::testing::Platform;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Platform {
    pub(crate) fn new() -> Self {
        let connect = |folder: &Path| segue_embedded::connect(folder).unwrap();
        Self(segue_task::testing::Platform::new(crate::tasks(), connect))
    }

    /// Replaces the source of Google's access tokens.
    pub(crate) fn with_tokens(&mut self, tokens: Arc<dyn Tokens>) {
        self.0.ports.tokens = tokens;
    }

    /// Runs a task of this service.
    pub(crate) async fn run(&self, task_type: &str, properties: Json) -> TestRun {
        self.handle(self.message_of(task_type, properties)).await
    }

    /// The files in internal storage.
    pub(crate) async fn files(&self) -> Vec<(String, u64)> {
        self.ports.storage.list("").await.unwrap()
    }
}

/// Serves a router until the test ends.
pub(crate) async fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// Answers every connection with these bytes and closes it, for malformed answers.
pub(crate) async fn serve_raw(answer: impl Into<Vec<u8>>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let answer = answer.into();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _asked = stream.read(&mut request).await;
            let _sent = stream.write_all(&answer).await;
            let _closed = stream.shutdown().await;
        }
    });
    address
}
