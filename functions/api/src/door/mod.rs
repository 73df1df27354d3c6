//! The front door: what a request must be before anybody looks at what it asks for.
//!
//! A browser sends requests for every page its user looks at, to this machine too. Two checks keep those pages out,
//! whether or not a password is asked for. Programs that are no browsers (curl, the command line, Terraform, Kestra's
//! clients) send neither `Origin` nor `Sec-Fetch-Site`, and call the server by its own names.

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

/// Who may come in, and by which names.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// The user with the required password. None if no password is required.
    pub basic: Option<BasicAuth>,
    /// The token that everybody has to show who has no password. None if the server has no token.
    pub token: Option<Arc<Token>>,
    /// Checks the assertion of Identity-Aware Proxy. None if the proxy is not in front of the server.
    pub iap: Option<Arc<IapCheck>>,
    /// The host names that the server accepts.
    pub hosts: Hosts,
    /// How many proxies are in front of the server. Each adds the address of its caller to `X-Forwarded-For`.
    pub proxies: usize,
}

/// Puts the front door in front of routes: they are asked by names of the server only, and changed by no page but the
/// server's own. A refusal has Kestra's shape.
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
