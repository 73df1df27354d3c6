//! The front door checks every request before a handler reads the request.
//!
//! Any web page can make a browser send requests to this machine. Two checks refuse such requests, with or without a
//! password: a check of the host name (`hosts`), and a check of the page that sends the request (`pages`). Other
//! programs pass
//! both checks, such as curl, the command line, Terraform and Kestra's clients. They send neither `Origin` nor
//! `Sec-Fetch-Site`, and use a name of the server.

mod basic;
mod guard;
mod hosts;
mod pages;
mod throttle;
pub(crate) mod token;

pub use basic::{BasicAuth, HalfSet};
pub(crate) use guard::{Guard, guard, is_guarded};
pub use hosts::{AllowedHost, Hosts, NoHost};
pub use token::Token;

use crate::error::shape;
use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use segue_service::IapCheck;
use std::sync::Arc;

/// The callers that are admitted, and the host names of the server. The default
/// admits every caller, and accepts only loopback names.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// The user with the required password. None if no password is required.
    pub basic: Option<BasicAuth>,
    /// The token for callers without a password. None if the server has no token.
    pub token: Option<Arc<Token>>,
    /// Checks the assertion of Identity-Aware Proxy. None if the server is not behind the proxy.
    pub iap: Option<Arc<IapCheck>>,
    /// Only webhooks are answered, and every caller may call them: the key of a webhook is a secret itself. Every other
    /// path is not found.
    pub webhooks_only: bool,
    /// The host names that the server accepts.
    pub hosts: Hosts,
    /// How many proxies are in front of the server. Each adds the address of its caller to `X-Forwarded-For`.
    pub proxies: usize,
}

/// Adds the front door to routes. Requests must use a name of the server, and only pages of the server may change
/// something. Errors have Kestra's format.
pub fn behind_door(routes: Router, hosts: Hosts) -> Router {
    routes.layer(from_fn_with_state(Arc::new(hosts), keep)).layer(from_fn(shape))
}

async fn keep(State(hosts): State<Arc<Hosts>>, request: Request, next: Next) -> Response {
    match pages::check(&hosts, &request) {
        Ok(()) => next.run(request).await,
        Err(refusal) => {
            tracing::warn!(method = %request.method(), path = request.uri().path(), "{refusal}");
            refusal.into_response()
        }
    }
}
