//! Runs a service until the platform stops it.

use crate::app::{Handlers, app};
use crate::config::Config;
use crate::connections::{Limits, answer};
use axum::Router;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// Cloud Run kills a service 10 s after asking it to stop. Open requests are interrupted a little earlier,
/// and their messages are delivered again.
const TIME_TO_STOP: Duration = Duration::from_secs(9);
/// The part of this time in which requests may end by themselves. Then [`MessageHandler::stop`](segue_ports::MessageHandler::stop) is
/// called, and handlers have the rest of the time to hand their work back.
const TIME_TO_END: Duration = Duration::from_secs(2);

/// Why a service cannot run.
#[derive(Debug, Error)]
pub enum ServeError {
    /// The port is taken, or may not be used.
    #[error("cannot listen on {address}: {source}; set PORT to a free port")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The reason.
        source: io::Error,
    },
    /// The server failed, or signals cannot be received.
    #[error("the server failed: {0}")]
    Server(#[from] io::Error),
}

/// Handles messages until SIGTERM or Ctrl-C. Open requests then have a few seconds to end, or to hand their work back.
///
/// # Errors
/// [`ServeError`].
pub async fn serve(config: &Config, handlers: Handlers) -> Result<(), ServeError> {
    let messages = handlers.messages.clone();
    let router = app(handlers, &config.push, config.facts.concurrency.get());
    serve_until_stopped(config, router, move || messages.stop()).await
}

/// Answers requests until SIGTERM or Ctrl-C. Open requests then have a few seconds to end.
///
/// # Errors
/// [`ServeError`].
pub async fn serve_router(config: &Config, router: Router) -> Result<(), ServeError> {
    serve_until_stopped(config, router, || {}).await
}

async fn serve_until_stopped(
    config: &Config,
    router: Router,
    tell_handlers: impl FnOnce(),
) -> Result<(), ServeError> {
    let address = config.address;
    let listener =
        TcpListener::bind(address).await.map_err(|source| ServeError::Listen { address, source })?;
    let stop = stop_signal()?;
    tracing::info!(address = %listener.local_addr()?, service = config.service.as_deref(), "listening");
    let limits = if config.service.is_some() { Limits::behind_google() } else { Limits::default() };
    run(listener, router, limits, stop, Stop { tell_handlers, after: TIME_TO_END, last: TIME_TO_STOP }).await;
    tracing::info!("stopped");
    Ok(())
}

/// What happens after the signal to stop.
struct Stop<T> {
    /// Tells the handlers of messages to hand their work back.
    tell_handlers: T,
    /// The time before the handlers must hand their work back.
    after: Duration,
    /// The time before open requests are interrupted.
    last: Duration,
}

async fn run(
    listener: TcpListener,
    app: Router,
    limits: Limits,
    stop: impl Future<Output = ()>,
    Stop { tell_handlers, after, last }: Stop<impl FnOnce()>,
) {
    let (say_stop, told) = oneshot::channel::<()>();
    let server = answer(listener, app, limits, async move {
        // A dropped sender means stop as well.
        let _gone = told.await;
    });
    let stopping = async move {
        stop.await;
        let _server_ended = say_stop.send(());
        tokio::time::sleep(after).await;
        tell_handlers();
        tokio::time::sleep(last.saturating_sub(after)).await;
        tracing::warn!("open requests are interrupted; their messages are delivered again");
    };
    tokio::select! {
        () = server => {}
        () = stopping => {}
    }
}

#[cfg(unix)]
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use std::sync::{Arc, Mutex};
    use std::time::Instant;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;
    use tokio::sync::Notify;

    /// Stops a server during a request that takes `delay`. Returns how long the stop took, and the client.
    async fn stopped(delay: Duration, time_to_stop: Duration) -> (Duration, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (begun, at_work) = oneshot::channel();
        let begun = Arc::new(Mutex::new(Some(begun)));
        let slow = move || async move {
            begun.lock().unwrap().take().unwrap().send(()).unwrap();
            tokio::time::sleep(delay).await;
            "done"
        };
        let app = Router::new().route("/", get(slow));
        let server = tokio::spawn(run(
            listener,
            app,
            Limits::default(),
            async move { at_work.await.unwrap() },
            Stop { tell_handlers: || {}, after: Duration::ZERO, last: time_to_stop },
        ));
        let mut client = TcpStream::connect(address).await.unwrap();
        client.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
        let start = Instant::now();
        server.await.unwrap();
        (start.elapsed(), client)
    }

    #[tokio::test]
    async fn an_open_request_may_end() {
        let (took, mut client) = stopped(Duration::from_millis(100), Duration::from_secs(5)).await;
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert!(answer.ends_with("done") && took < Duration::from_secs(5), "{took:?} {answer}");
    }

    #[tokio::test]
    async fn a_request_that_takes_too_long_does_not_hold_the_stop() {
        let (took, _client) = stopped(Duration::from_secs(60), Duration::from_millis(100)).await;
        assert!(took < Duration::from_secs(5), "{took:?}");
    }

    #[tokio::test]
    async fn handlers_are_told_before_requests_are_interrupted() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let told = Arc::new(Notify::new());
        let (seen, (begun, at_work)) = (told.clone(), oneshot::channel());
        let begun = Arc::new(Mutex::new(Some(begun)));
        // A handler that never ends on its own.
        let handler = move || async move {
            begun.lock().unwrap().take().unwrap().send(()).unwrap();
            seen.notified().await;
            "handed back"
        };
        let app = Router::new().route("/", get(handler));
        let stop = Stop {
            tell_handlers: move || told.notify_one(),
            after: Duration::from_millis(50),
            last: Duration::from_secs(30),
        };
        let server =
            tokio::spawn(run(listener, app, Limits::default(), async move { at_work.await.unwrap() }, stop));
        let mut client = TcpStream::connect(address).await.unwrap();
        client.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        server.await.unwrap();
        assert!(answer.ends_with("handed back"), "{answer}");
    }
}
