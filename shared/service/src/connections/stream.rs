//! A connection's stream, which reports its progress, and the bodies on it.

use super::turn::{AtWork, Turn, Waits};
use axum::body::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};

/// A stream that reports when data arrives, and when the client reads nothing.
pub(super) struct Watched {
    pub(super) stream: TcpStream,
    pub(super) turn: Arc<Turn>,
}

impl Watched {
    fn wrote<T>(&self, written: Poll<T>) -> Poll<T> {
        match written {
            Poll::Pending => self.turn.turn(Waits::Not, Waits::ForMore),
            Poll::Ready(_) => self.turn.turn(Waits::ForMore, Waits::Not),
        }
        written
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = ready!(Pin::new(&mut self.stream).poll_read(cx, buf));
        if buf.filled().len() > before {
            self.turn.arrived();
        }
        Poll::Ready(read)
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.wrote(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.wrote(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// A body made no progress for this time.
#[derive(Debug, thiserror::Error)]
#[error("the client sent nothing for {} s", .0.as_secs())]
pub(super) struct StoodStill(Duration);

/// The body of a request. It may take any time, but must make progress.
pub(super) struct Asked<B> {
    body: B,
    turn: Arc<Turn>,
    limit: Duration,
    /// Created at the first wait. Most bodies arrive with the head.
    wait: Option<Pin<Box<Sleep>>>,
}

impl<B> Asked<B> {
    pub(super) fn new(body: B, turn: Arc<Turn>, limit: Duration) -> Self {
        Self { body, turn, limit, wait: None }
    }
}

impl<B: Body<Data = Bytes, Error: Into<axum::BoxError>> + Unpin> Body for Asked<B> {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::BoxError>>> {
        let this = &mut *self;
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(cx) {
            if this.wait.take().is_some() {
                this.turn.turn(Waits::ForMore, Waits::Not);
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let limit = this.limit;
        let wait = this.wait.get_or_insert_with(|| {
            this.turn.turn(Waits::Not, Waits::ForMore);
            Box::pin(sleep(limit))
        });
        ready!(wait.as_mut().poll(cx));
        // A new read starts a new wait.
        wait.as_mut().reset(Instant::now() + limit);
        Poll::Ready(Some(Err(StoodStill(limit).into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The body of an answer. At its end, the request is no longer at work.
pub(super) struct Answered<B> {
    pub(super) body: B,
    pub(super) _at_work: AtWork,
}

impl<B: Body + Unpin> Body for Answered<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
