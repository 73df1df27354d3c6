//! Calls of Google's newer APIs (Pub/Sub, Secret Manager). A call has a request and an answer, both messages of Protocol
//! Buffers. Clients send a call over gRPC, or as JSON over HTTP; one function answers both.
//!
//! [`call`] and [`stream`] are routes for gRPC, `json` has the formats of JSON. It must not know what a call does.
//!
//! To add a call, write its messages with the numbers of Google's published definition, and a function over them.

pub(crate) mod json;

use crate::refusal::Refusal;
use axum::body::Body;
use axum::extract::Request as HttpRequest;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::Response as HttpResponse;
use axum::routing::{MethodRouter, post};
use futures::stream::BoxStream;
use prost::Message;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::sync::Arc;
use tonic::server::Grpc;
use tonic::{Code, Request, Response, Status, Streaming};
use tonic_prost::ProstCodec;
use tower::service_fn;

/// The largest request, in bytes. Google's limit for a publication is 10 MB.
const LARGEST: usize = 16 << 20;

/// Whether a request comes from a gRPC client.
pub(crate) fn is_grpc(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc"))
}

/// A refusal as an answer that gRPC clients read.
pub(crate) fn refused(refusal: Refusal) -> HttpResponse {
    Status::from(refusal).into_http()
}

/// The route of a call with one request and one answer.
pub(crate) fn call<State, Asked, Answered, Done>(
    state: &Arc<State>,
    act: fn(Arc<State>, Asked) -> Done,
) -> MethodRouter
where
    State: Send + Sync + 'static,
    Asked: Message + Default + Send + 'static,
    Answered: Message + Send + 'static,
    Done: Future<Output = Result<Answered, Refusal>> + Send + 'static,
{
    let state = Arc::clone(state);
    post(move |request: HttpRequest| {
        let state = Arc::clone(&state);
        async move {
            let service = service_fn(move |request: Request<Asked>| {
                let done = act(Arc::clone(&state), request.into_inner());
                async move { done.await.map(Response::new).map_err(Status::from) }
            });
            grpc::<Answered, Asked>().unary(service, request).await.map(Body::new)
        }
    })
}

/// The route of a call with a stream of requests and a stream of answers.
pub(crate) fn stream<State, Asked, Answered, Done>(
    state: &Arc<State>,
    act: fn(Arc<State>, Streaming<Asked>) -> Done,
) -> MethodRouter
where
    State: Send + Sync + 'static,
    Asked: Message + Default + Send + 'static,
    Answered: Message + Send + 'static,
    Done: Future<Output = Result<BoxStream<'static, Result<Answered, Status>>, Status>> + Send + 'static,
{
    let state = Arc::clone(state);
    post(move |request: HttpRequest| {
        let state = Arc::clone(&state);
        async move {
            let service = service_fn(move |request: Request<Streaming<Asked>>| {
                let done = act(Arc::clone(&state), request.into_inner());
                async move { done.await.map(Response::new) }
            });
            grpc::<Answered, Asked>().streaming(service, request).await.map(Body::new)
        }
    })
}

/// The route of calls that the local platform does not have.
pub(crate) fn other() -> MethodRouter {
    post(|request: HttpRequest| async move {
        let name = request.uri().path().trim_start_matches('/').to_owned();
        refused(Refusal::new("notImplemented", format!("the local platform does not have the call {name}")))
    })
}

fn grpc<Answered, Asked>() -> Grpc<ProstCodec<Answered, Asked>>
where
    Asked: Message + Default + Send + 'static,
    Answered: Message + Send + 'static,
{
    Grpc::new(ProstCodec::default()).max_decoding_message_size(LARGEST)
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        let code = match refusal.status().as_u16() {
            401 => Code::Unauthenticated,
            403 | 421 => Code::PermissionDenied,
            404 => Code::NotFound,
            409 => Code::AlreadyExists,
            412 => Code::FailedPrecondition,
            500 => Code::Internal,
            501 => Code::Unimplemented,
            503 => Code::Unavailable,
            _ => Code::InvalidArgument,
        };
        Self::new(code, refusal.message)
    }
}

/// A setting that the local platform does not have. Only its presence is read.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub(crate) struct Given {}

impl<'de> Deserialize<'de> for Given {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self {})
    }
}

/// Refuses the first setting that is given, with its name.
pub(crate) fn none_of(settings: &[(&str, bool)]) -> Result<(), Refusal> {
    settings.iter().find(|(_, given)| *given).map_or(Ok(()), |(name, _)| Err(Refusal::unsupported(name)))
}

/// One page of a list, from a position on. Returns the token of the next page too, or nothing at the end of the list.
pub(crate) fn page<Item>(items: Vec<Item>, size: i32, token: &str) -> Result<(Vec<Item>, String), Refusal> {
    /// The number of items on a page of a client that names none.
    const USUAL: usize = 100;
    let size = match usize::try_from(size) {
        Ok(0) => USUAL,
        Ok(size) => size.min(1000),
        Err(_) => return Err(Refusal::invalid(format!("the page size is {size}; it must be 0 or more"))),
    };
    let from: usize = match token {
        "" => 0,
        token => token.parse().map_err(|_| Refusal::invalid("the page token is not one of this server"))?,
    };
    let end = from.saturating_add(size);
    let next = if end < items.len() { end.to_string() } else { String::new() };
    Ok((items.into_iter().skip(from).take(size).collect(), next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other_and_end() {
        let all = vec![1, 2, 3];
        assert_eq!(page(all.clone(), 2, "").unwrap(), (vec![1, 2], "2".to_owned()));
        assert_eq!(page(all.clone(), 2, "2").unwrap(), (vec![3], String::new()));
        assert_eq!(page(all.clone(), 3, "").unwrap(), (all.clone(), String::new()));
        assert!(page(all.clone(), -1, "").is_err());
        assert!(page(all, 1, "x").is_err());
    }

    #[test]
    fn a_refusal_has_the_code_of_its_kind() {
        for (refusal, code) in [
            (Refusal::not_found("x"), Code::NotFound),
            (Refusal::new("conflict", "x"), Code::AlreadyExists),
            (Refusal::unsupported("x"), Code::InvalidArgument),
            (Refusal::new("authError", "x"), Code::Unauthenticated),
            (Refusal::new("notImplemented", "x"), Code::Unimplemented),
        ] {
            assert_eq!(Status::from(refusal).code(), code);
        }
    }
}
