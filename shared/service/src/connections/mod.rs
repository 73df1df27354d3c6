//! Answers requests on the connections of a listener. The number of connections is limited, and an idle one
//! is closed.
//!
//! A client that sends half a request and then nothing holds a file descriptor. Such connections are closed
//! after a timeout, or at once if the limit is reached. Streams of events, long answers and large bodies on
//! slow lines continue as long as data moves. An HTTP/2 connection has several requests at once, and waits for its
//! client if none of them is answered.

mod register;
mod stream;
mod turn;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::response::Response;
use hyper::Version;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use register::{Register, Seat};
use std::convert::Infallible;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;
use stream::{Answered, Asked, Watched};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tower::ServiceExt as _;
use turn::{AtWork, Waits};

/// The largest number of connections, if the system allows more than twice as many open files.
const MOST: usize = 10_000;
/// The pause after the system refused a connection, because it lacks some resource.
const REST: Duration = Duration::from_secs(1);
/// The answer on a connection above the limit.
const NO_SEAT: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\n\
    content-type: application/json\r\ncontent-length: 71\r\n\r\n\
    {\"message\":\"Service Unavailable: the limit of connections is reached\"}\n";

/// The number of connections, and how long they wait for their client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The number of simultaneous connections. For one more, the connection that has waited longest for its
    /// client is closed. If the server is working for all connections, the new one is answered with 503.
    pub connections: usize,
    /// The longest time from the first byte of a request's head to its last.
    pub head: Duration,
    /// How long a connection is kept for another request.
    pub idle: Duration,
    /// The longest time without progress in a body.
    pub body: Duration,
    /// Whether a client may speak HTTP/2 without TLS (h2c). Cloud Run does, if the service asks for it: over HTTP/1
    /// it takes no request and no answer above 32 MiB.
    pub http2: bool,
}

impl Default for Limits {
    /// Limits for clients of all kinds. The number of connections is half the open files the system allows.
    fn default() -> Self {
        Self {
            connections: open_files().map_or(MOST, |files| (files / 2).min(MOST)),
            head: Duration::from_secs(30),
            idle: Duration::from_secs(120),
            body: Duration::from_secs(60),
            http2: false,
        }
    }
}

impl Limits {
    /// Limits behind Google's front end, which keeps connections for further requests and itself waits for
    /// clients.
    pub fn behind_google() -> Self {
        let long = Duration::from_secs(620);
        Self { head: long, idle: long, body: long, http2: true, ..Self::default() }
    }
}

#[cfg(unix)]
fn open_files() -> Option<usize> {
    use rustix::process::{Resource, getrlimit};
    getrlimit(Resource::Nofile).current.and_then(|files| usize::try_from(files).ok())
}

#[cfg(not(unix))]
fn open_files() -> Option<usize> {
    None
}

/// Answers requests until `stop`, and then finishes the requests that are being answered. Each request has
/// its client's address as [`ConnectInfo`]. If the future is dropped, open requests are interrupted.
pub async fn answer(listener: TcpListener, router: Router, limits: Limits, stop: impl Future<Output = ()>) {
    let register = Register::new(limits.connections);
    let mut at_work = JoinSet::new();
    let (stopping, _) = tokio::sync::watch::channel(false);
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => accepted,
            Some(_) = at_work.join_next() => continue,
        };
        let (stream, client) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                if !is_of_the_client(&error) {
                    tracing::error!(%error, "connections cannot be accepted");
                    sleep(REST).await;
                }
                continue;
            }
        };
        match register.seat() {
            Some(seat) => {
                let mut told = stopping.subscribe();
                let stop = async move {
                    // A dropped sender means stop as well.
                    let _ = told.wait_for(|stop| *stop).await;
                };
                at_work.spawn(serve(stream, client, router.clone(), limits, seat, stop));
            }
            None => {
                tracing::warn!(%client, "a connection is refused: the limit of connections is reached");
                at_work.spawn(refuse(stream));
            }
        }
    }
    drop(listener);
    stopping.send_replace(true);
    while at_work.join_next().await.is_some() {}
}

fn is_of_the_client(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionRefused | ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset
    )
}

async fn refuse(mut stream: TcpStream) {
    // The refused client may be gone.
    let _ = timeout(REST, async {
        stream.write_all(NO_SEAT).await?;
        stream.shutdown().await
    })
    .await;
}

/// Serves one connection to its end.
async fn serve(
    stream: TcpStream,
    client: SocketAddr,
    router: Router,
    limits: Limits,
    seat: Seat,
    stop: impl Future<Output = ()>,
) {
    let turn = seat.entry.turn.clone();
    let of_service = turn.clone();
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let (router, turn) = (router.clone(), of_service.clone());
        let at_work = AtWork::new(&turn, request.version() == Version::HTTP_2);
        async move {
            let mut request: Request =
                request.map(|body| Body::new(Asked::new(body, turn.clone(), limits.body)));
            request.extensions_mut().insert(ConnectInfo(client));
            let response: Response = match router.oneshot(request).await {
                Ok(response) => response,
                Err(never) => match never {},
            };
            Ok::<_, Infallible>(response.map(|body| Answered { body, _at_work: at_work }))
        }
    });
    let io = TokioIo::new(Watched { stream, turn: turn.clone() });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    if !limits.http2 {
        builder = builder.http1_only();
    }
    let mut connection = pin!(builder.serve_connection(io, service));
    let (mut stop, mut is_stopping) = (pin!(stop), false);
    loop {
        let look_again = match turn.get() {
            _ if is_stopping => limits.head,
            (Waits::ForHead, since) => limits.head.saturating_sub(since),
            (Waits::ForRequest, since) => limits.idle.saturating_sub(since),
            (Waits::Not | Waits::ForMore, _) => limits.head,
        };
        tokio::select! {
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%client, %error, "a connection was interrupted");
                }
                return;
            }
            () = seat.entry.give_way.notified() => return,
            () = &mut stop, if !is_stopping => {
                is_stopping = true;
                connection.as_mut().graceful_shutdown();
            }
            () = sleep(look_again.max(Duration::from_millis(1))) => match turn.get() {
                (Waits::ForHead, since) if since >= limits.head => return,
                (Waits::ForRequest, since) if since >= limits.idle && !is_stopping => {
                    is_stopping = true;
                    connection.as_mut().graceful_shutdown();
                }
                _ => {}
            },
        }
    }
}

#[cfg(test)]
mod tests;
