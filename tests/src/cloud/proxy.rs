//! A proxy between Pub/Sub and the functions. It passes requests on. Some requests it sends twice, sends late, or
//! answers with an error although the function succeeded. So messages are duplicated, delayed and reordered, which no
//! emulator does on its own.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;

/// The time limit of a function for one message.
const LIMIT: Duration = Duration::from_secs(600);

/// The share of messages with each fault.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    /// The seed of the faults.
    pub seed: u64,
    /// The message is sent a second time, up to `latest` later.
    pub duplicated: f64,
    /// The message is sent up to `latest` late, so that other messages arrive before it.
    pub delayed: f64,
    /// The message is sent, but its answer is lost. Pub/Sub delivers the message again.
    pub answer_lost: f64,
    /// The message is not sent. Pub/Sub delivers the message again.
    pub refused: f64,
    /// The longest delay.
    pub latest: Duration,
}

struct Shared {
    http: reqwest::Client,
    faults: Faults,
    dice: Mutex<StdRng>,
    targets: BTreeMap<String, String>,
    counts: [AtomicU64; 5],
}

/// The proxy. It runs until the process ends.
pub struct Proxy {
    /// The address of the proxy. The path of a function is the name of the function.
    pub url: String,
    shared: Arc<Shared>,
}

impl Proxy {
    /// Starts a proxy in front of functions: their URLs by name.
    ///
    /// # Errors
    /// An error if no port is free.
    pub async fn start(faults: Faults, targets: BTreeMap<String, String>) -> anyhow::Result<Self> {
        let shared = Arc::new(Shared {
            http: reqwest::Client::builder().timeout(LIMIT).build()?,
            faults,
            dice: Mutex::new(StdRng::seed_from_u64(faults.seed)),
            targets,
            counts: Default::default(),
        });
        let router = Router::new().route("/{function}", post(receive)).with_state(shared.clone());
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { url, shared })
    }

    /// The numbers of messages that arrived, were duplicated, were delayed, lost their answer, and were
    /// refused.
    pub fn counts(&self) -> [u64; 5] {
        self.shared.counts.each_ref().map(|count| count.load(Ordering::Relaxed))
    }
}

impl Shared {
    fn chance(&self, share: f64) -> bool {
        share > 0.0 && self.dice.lock().unwrap_or_else(PoisonError::into_inner).random_bool(share)
    }

    fn pause(&self) -> Duration {
        self.faults.latest.mul_f64(self.dice.lock().unwrap_or_else(PoisonError::into_inner).random())
    }

    fn count(&self, place: usize) {
        if let Some(count) = self.counts.get(place) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    async fn hand_on(&self, function: &str, headers: HeaderMap, body: Bytes) -> StatusCode {
        let Some(url) = self.targets.get(function) else { return StatusCode::NOT_FOUND };
        let mut request = self.http.post(url).body(body);
        for name in ["content-type", "authorization"] {
            if let Some(value) = headers.get(name) {
                request = request.header(name, value);
            }
        }
        match request.send().await {
            Ok(answer) => answer.status(),
            // The function does not answer, because it is starting again.
            Err(_) => StatusCode::BAD_GATEWAY,
        }
    }
}

async fn receive(
    State(shared): State<Arc<Shared>>,
    Path(function): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let faults = shared.faults;
    shared.count(0);
    if shared.chance(faults.duplicated) {
        shared.count(1);
        let (shared, function) = (shared.clone(), function.clone());
        let (headers, body, pause) = (headers.clone(), body.clone(), shared.pause());
        tokio::spawn(async move {
            tokio::time::sleep(pause).await;
            shared.hand_on(&function, headers, body).await
        });
    }
    if shared.chance(faults.delayed) {
        shared.count(2);
        tokio::time::sleep(shared.pause()).await;
    }
    if shared.chance(faults.refused) {
        shared.count(4);
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    let answer = shared.hand_on(&function, headers, body).await;
    if answer.is_success() && shared.chance(faults.answer_lost) {
        shared.count(3);
        return StatusCode::GATEWAY_TIMEOUT;
    }
    answer
}
