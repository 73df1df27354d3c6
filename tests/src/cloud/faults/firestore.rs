//! A proxy between the functions and Firestore. It passes gRPC requests on. It can drop the answer of a commit that was
//! written, as a broken connection does, and it can refuse everything, as in an outage.

use anyhow::Context as _;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::uri::{Authority, Scheme};
use axum::http::{HeaderMap, HeaderValue, Response, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpListener;

/// The method that writes.
const COMMIT: &str = "/google.firestore.v1.Firestore/Commit";
/// The code of gRPC for a service that does not answer.
const UNAVAILABLE: HeaderValue = HeaderValue::from_static("14");

/// The share of requests to Firestore with each fault.
#[derive(Clone, Copy, Debug, Default)]
pub struct FirestoreFaults {
    /// The seed of the faults.
    pub seed: u64,
    /// The commit is written, but its answer is lost.
    pub answer_lost: f64,
}

struct Shared {
    client: Client<HttpConnector, Body>,
    target: Authority,
    faults: FirestoreFaults,
    dice: Mutex<StdRng>,
    is_down: AtomicBool,
    lost: AtomicU64,
    refused: AtomicU64,
}

/// The proxy. It runs until the process ends.
pub struct FirestoreProxy {
    /// The address of the proxy: host and port.
    pub address: String,
    shared: Arc<Shared>,
}

impl FirestoreProxy {
    /// Starts a proxy in front of the Firestore at `target`: host and port.
    ///
    /// # Errors
    /// An error if no port is free, or `target` is no address.
    pub async fn start(target: &str, faults: FirestoreFaults) -> anyhow::Result<Self> {
        let target = target.trim_start_matches("http://");
        let shared = Arc::new(Shared {
            client: Client::builder(TokioExecutor::new()).http2_only(true).build_http(),
            target: target.parse().with_context(|| format!("'{target}' is no address of Firestore"))?,
            faults,
            dice: Mutex::new(StdRng::seed_from_u64(faults.seed)),
            is_down: AtomicBool::new(false),
            lost: AtomicU64::new(0),
            refused: AtomicU64::new(0),
        });
        let router = Router::new().fallback(pass_on).with_state(shared.clone());
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?.to_string();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { address, shared })
    }

    /// Begins or ends an outage. During an outage, every request is refused.
    pub fn set_down(&self, is_down: bool) {
        self.shared.is_down.store(is_down, Ordering::Relaxed);
    }

    /// The number of commits that lost their answer.
    pub fn lost(&self) -> u64 {
        self.shared.lost.load(Ordering::Relaxed)
    }

    /// The number of requests that were refused in outages.
    pub fn refused(&self) -> u64 {
        self.shared.refused.load(Ordering::Relaxed)
    }
}

impl Shared {
    fn loses(&self) -> bool {
        let share = self.faults.answer_lost;
        share > 0.0 && self.dice.lock().unwrap_or_else(PoisonError::into_inner).random_bool(share)
    }
}

async fn pass_on(State(shared): State<Arc<Shared>>, mut request: Request) -> Response<Body> {
    if shared.is_down.load(Ordering::Relaxed) {
        shared.refused.fetch_add(1, Ordering::Relaxed);
        return unavailable("the test has an outage");
    }
    let is_commit = request.uri().path() == COMMIT;
    let mut parts = std::mem::take(request.uri_mut()).into_parts();
    parts.scheme = Some(Scheme::HTTP);
    parts.authority = Some(shared.target.clone());
    let Ok(uri) = Uri::from_parts(parts) else { return unavailable("the request has no path") };
    *request.uri_mut() = uri;
    let answer = match shared.client.request(request).await {
        Ok(answer) => answer.map(Body::new),
        Err(error) => return unavailable(&format!("{error:?}")),
    };
    // An answer with a status in its head is an error, so nothing was written.
    if !is_commit || answer.headers().contains_key("grpc-status") || !shared.loses() {
        return answer;
    }
    let _written = to_bytes(answer.into_body(), usize::MAX).await;
    shared.lost.fetch_add(1, Ordering::Relaxed);
    unavailable("the test lost the answer")
}

/// The answer of gRPC that the service is unavailable.
fn unavailable(why: &str) -> Response<Body> {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/grpc"));
    headers.insert("grpc-status", UNAVAILABLE);
    if let Ok(why) = HeaderValue::from_str(why) {
        headers.insert("grpc-message", why);
    }
    let mut answer = Response::new(Body::empty());
    *answer.headers_mut() = headers;
    answer
}
