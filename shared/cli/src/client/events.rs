//! Streams of server-sent events (docs/kestra.md 6.3, 6.4). An interrupted stream is requested again.

use super::answered::Answered;
use super::http::{Client, ClientError};
use futures::StreamExt as _;
use futures::stream::BoxStream;
use serde::de::DeserializeOwned;
use sse_stream::{Sse, SseByteStream};
use std::marker::PhantomData;
use std::time::Duration;

/// The number of tries to reach a server before giving up.
const TRIES: u32 = 60;
/// The time between two tries.
const PAUSE: Duration = Duration::from_millis(500);

/// A stream of events. After an interruption it starts again, so events may repeat.
pub(crate) struct Events<'a, T> {
    client: &'a Client,
    path: Vec<String>,
    query: Vec<(&'static str, String)>,
    stream: Option<BoxStream<'a, Result<Sse, sse_stream::Error>>>,
    was_there: bool,
    tries: u32,
    is_silent: bool,
    kind: PhantomData<T>,
}

impl<'a, T: DeserializeOwned> Events<'a, T> {
    /// The events below `/api/v1/main`.
    pub(crate) fn new(client: &'a Client, path: &[&str], query: Vec<(&'static str, String)>) -> Self {
        let path = path.iter().map(|&segment| segment.to_owned()).collect();
        let kind = PhantomData;
        Self { client, path, query, stream: None, was_there: false, tries: 0, is_silent: false, kind }
    }

    /// The same events. An interruption is not printed, because another stream of the same server prints it.
    #[must_use]
    pub(crate) fn silent(self) -> Self {
        Self { is_silent: true, ..self }
    }

    /// The next event. None if the server has closed the stream; a later call connects again. No event is
    /// lost when the future is dropped.
    ///
    /// # Errors
    /// [`ClientError`] if the stream cannot be opened, or has been interrupted for 30 s.
    pub(crate) async fn next(&mut self) -> Result<Option<Answered<T>>, ClientError> {
        loop {
            let Some(stream) = &mut self.stream else {
                self.connect().await?;
                continue;
            };
            match stream.next().await {
                None => {
                    self.stream = None;
                    return Ok(None);
                }
                Some(Err(error)) => {
                    let fault = self.client.fault(&error);
                    self.stream = None;
                    self.rest(fault).await?;
                }
                // The first event of an execution may be empty.
                Some(Ok(Sse { data, .. })) => {
                    self.tries = 0;
                    let Some(data) = data.filter(|data| !matches!(data.trim(), "" | "{}" | "null")) else {
                        continue;
                    };
                    let read = serde_json::from_str(&data).and_then(Answered::read).map_err(|error| {
                        self.client.unexpected(format!("GET /{}", self.path.join("/")), &error)
                    })?;
                    return Ok(Some(read));
                }
            }
        }
    }

    async fn connect(&mut self) -> Result<(), ClientError> {
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        let call = self
            .query
            .iter()
            .fold(self.client.get(&path), |call, (name, value)| call.with(name, value))
            .header("accept", "text/event-stream");
        match call.send().await {
            Ok(response) => {
                self.was_there = true;
                self.stream = Some(SseByteStream::new(response.bytes_stream()).boxed());
                Ok(())
            }
            Err(error) if self.was_there && error.is_passing() => self.rest(error).await,
            Err(error) => Err(error),
        }
    }

    /// Waits before the next try. Returns the error after too many tries.
    async fn rest(&mut self, fault: ClientError) -> Result<(), ClientError> {
        if self.tries == 0 && !self.is_silent {
            eprintln!("{fault}\nwaiting for it to come back");
        }
        self.tries += 1;
        if self.tries > TRIES {
            return Err(fault);
        }
        tokio::time::sleep(PAUSE).await;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use segue_model::Json;
    use serde_json::json;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    /// Answers each connection with a part of a stream that is interrupted, or with one that ends.
    async fn serve(listener: TcpListener, streams: Vec<(&'static str, bool)>) {
        for (text, ends) in streams {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            assert!(socket.read(&mut request).await.unwrap() > 0);
            let head =
                "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
            let end = if ends { "0\r\n\r\n" } else { "" };
            let answer = format!("{head}{:x}\r\n{text}\r\n{end}", text.len());
            socket.write_all(answer.as_bytes()).await.unwrap();
        }
    }

    async fn next(events: &mut Events<'_, Json>) -> Option<Json> {
        events.next().await.unwrap().map(|event| event.json)
    }

    #[tokio::test]
    async fn an_interrupted_stream_is_requested_again() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(serve(
            listener,
            vec![
                (
                    "id: start\ndata: {}\n\n: a comment\n\nid: progress\ndata: {\"n\":\ndata: 1}\n\nid: prog",
                    false,
                ),
                ("id: end\ndata: {\"n\": 2}\n\n", true),
            ],
        ));
        let client = Client::new(address.parse().unwrap(), None, crate::client::http::Who::Nobody).unwrap();
        let mut events = Events::new(&client, &["executions", "e1", "follow"], Vec::new());
        assert_eq!(next(&mut events).await, Some(json!({"n": 1})));
        assert_eq!(next(&mut events).await, Some(json!({"n": 2})));
        assert_eq!(next(&mut events).await, None);
        server.await.unwrap();
    }
}
