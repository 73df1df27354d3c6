//! A proxy between Pub/Sub and the functions. It accepts every message at once, and delivers it to its function as the
//! real Pub/Sub does: many messages at the same time, and again after each failure, with growing waits, until the message
//! is a dead letter. (The emulator delivers two messages of a subscription at the same time, and stops after some
//! failures.) Some requests it sends twice, sends late, or delivers again although the function succeeded. So messages
//! are duplicated, delayed and reordered. A test can also set a [`Rule`] for all messages of a function.

use super::message::{dead_letter, text_of};
use super::route::Route;
use super::rule::Rule;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use futures::FutureExt as _;
use futures::future::{BoxFuture, select_ok};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// The time limit of a function for one message.
const LIMIT: Duration = Duration::from_secs(600);

/// The share of messages with each fault.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    /// The seed of the faults.
    pub seed: u64,
    /// The message is sent a second time, up to `latest` later. Pub/Sub counts the message as handled when the first of
    /// the two requests succeeds.
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

impl Faults {
    /// Every fault happens to some of the messages.
    pub fn of_every_kind(seed: u64) -> Self {
        Self {
            seed,
            duplicated: 0.2,
            delayed: 0.1,
            answer_lost: 0.05,
            refused: 0.05,
            latest: Duration::from_millis(1_500),
        }
    }
}

struct Shared {
    http: reqwest::Client,
    faults: Faults,
    dice: Mutex<StdRng>,
    routes: BTreeMap<String, Route>,
    rules: watch::Sender<BTreeMap<String, Rule>>,
    counts: [AtomicU64; 5],
    everywhere: AtomicU64,
    /// Cancelled when the test has ended, so that nothing is delivered to another process with the same port.
    stopped: CancellationToken,
}

/// The proxy. It delivers messages until it is dropped.
pub struct Proxy {
    /// The address of the proxy. The path of a subscription is the name of the subscription with its prefix.
    pub url: String,
    shared: Arc<Shared>,
}

impl Proxy {
    /// Starts a proxy in front of functions.
    ///
    /// # Errors
    /// An error if no port is free.
    pub async fn start(faults: Faults, routes: Vec<Route>) -> anyhow::Result<Self> {
        let shared = Arc::new(Shared {
            http: reqwest::Client::builder().timeout(LIMIT).build()?,
            faults,
            dice: Mutex::new(StdRng::seed_from_u64(faults.seed)),
            routes: routes.into_iter().map(|route| (route.subscription.clone(), route)).collect(),
            rules: watch::Sender::default(),
            counts: Default::default(),
            everywhere: AtomicU64::new(0),
            stopped: CancellationToken::new(),
        });
        let router = Router::new()
            .route("/{subscription}", post(receive))
            // Pub/Sub limits the messages, and the functions have their own limit.
            .layer(DefaultBodyLimit::disable())
            .with_state(shared.clone());
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

    /// The number of messages that were sent to every process, because of [`Rule::Everywhere`].
    pub fn everywhere(&self) -> u64 {
        self.shared.everywhere.load(Ordering::Relaxed)
    }

    /// Sets the rule for the messages of a function. `None` removes the rule.
    pub fn set_rule(&self, function: &str, rule: Option<Rule>) {
        self.shared.rules.send_modify(|rules| {
            match rule {
                Some(rule) => rules.insert(function.to_owned(), rule),
                None => rules.remove(function),
            };
        });
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.stopped.cancel();
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

    /// The rule for a function, after the time of a [`Rule::Hold`].
    async fn rule(&self, function: &str) -> Option<Rule> {
        let mut rules = self.rules.subscribe();
        let is_held = |rules: &BTreeMap<String, Rule>| matches!(rules.get(function), Some(Rule::Hold));
        let rules = rules.wait_for(|rules| !is_held(rules)).await.ok()?;
        rules.get(function).cloned()
    }
}

/// A message of a subscription.
#[derive(Clone)]
struct Push {
    shared: Arc<Shared>,
    route: Route,
    headers: HeaderMap,
    body: Bytes,
}

impl Push {
    /// Delivers the message until a delivery succeeds, or the message is a dead letter.
    async fn deliver(&self) {
        let mut failed = 0;
        loop {
            let answer = self.once().await;
            if answer.is_success() {
                return;
            }
            failed += 1;
            if let Some(url) = self.route.given_up(failed) {
                let letter = dead_letter(&self.body, &self.route.subscription, failed);
                let sent = self.shared.http.post(url).json(&letter).send().await;
                if sent.is_ok_and(|answer| answer.status().is_success()) {
                    return;
                }
            }
            tokio::time::sleep(self.route.wait(failed)).await;
        }
    }

    /// One delivery, with its faults.
    async fn once(&self) -> StatusCode {
        let (shared, faults) = (&self.shared, self.shared.faults);
        let rule = shared.rule(&self.route.function).await;
        shared.count(0);
        if shared.chance(faults.delayed) {
            shared.count(2);
            tokio::time::sleep(shared.pause()).await;
        }
        if shared.chance(faults.refused) {
            shared.count(4);
            return StatusCode::SERVICE_UNAVAILABLE;
        }
        let answer = self.answer(rule).await;
        if answer.is_success() && shared.chance(faults.answer_lost) {
            shared.count(3);
            return StatusCode::GATEWAY_TIMEOUT;
        }
        answer
    }

    /// The answer of the function to the request, or to its duplicate if that succeeds first.
    async fn answer(&self, rule: Option<Rule>) -> StatusCode {
        let first = self.process();
        let concerns = |text: &str| text_of(&self.body).contains(text);
        let mut sent = match rule {
            Some(Rule::Answer(status)) => return status,
            Some(Rule::Everywhere { text, later }) if concerns(&text) => {
                self.shared.everywhere.fetch_add(1, Ordering::Relaxed);
                let processes = 0_u32..;
                let processes = processes.zip(0..self.route.targets.len());
                processes.map(|(number, process)| self.send(process, later * number)).collect()
            }
            _ => vec![self.send(first, Duration::ZERO)],
        };
        if self.shared.chance(self.shared.faults.duplicated) {
            self.shared.count(1);
            sent.push(self.send(self.process(), self.shared.pause()));
        }
        match select_ok(sent).await {
            Ok((status, _others_go_on)) => status,
            Err(status) => status,
        }
    }

    /// The process that receives the next delivery.
    fn process(&self) -> usize {
        let count = self.route.targets.len();
        if count < 2 {
            return 0;
        }
        self.shared.dice.lock().unwrap_or_else(PoisonError::into_inner).random_range(0..count)
    }

    /// Sends the request to a process, after a pause. The request goes on if the future is dropped.
    fn send(&self, process: usize, pause: Duration) -> BoxFuture<'static, Result<StatusCode, StatusCode>> {
        let push = self.clone();
        let sent = tokio::spawn(async move {
            tokio::time::sleep(pause).await;
            push.hand_on(process).await
        });
        async move {
            let status = sent.await.unwrap_or(StatusCode::BAD_GATEWAY);
            if status.is_success() { Ok(status) } else { Err(status) }
        }
        .boxed()
    }

    async fn hand_on(&self, process: usize) -> StatusCode {
        let Some(url) = self.route.targets.get(process) else { return StatusCode::NOT_FOUND };
        let mut request = self.shared.http.post(url).body(self.body.clone());
        for name in ["content-type", "authorization"] {
            if let Some(value) = self.headers.get(name) {
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
    Path(subscription): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let Some(route) = shared.routes.get(&subscription).cloned() else { return StatusCode::NOT_FOUND };
    let stopped = shared.stopped.clone();
    let push = Push { shared, route, headers, body };
    tokio::spawn(async move { stopped.run_until_cancelled(push.deliver()).await });
    StatusCode::NO_CONTENT
}
