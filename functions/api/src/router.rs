//! Finds the endpoint for a request.
//!
//! Each method has its own table of paths, because paths of different methods overlap. For example,
//! `POST /executions/{namespace}/{flowId}` also runs a flow called `kill`, and `DELETE /executions/{id}/kill` kills an
//! execution.

use crate::door::{Guard, behind_door, guard};
use crate::endpoint::{Accepts, Endpoint};
use crate::error::ApiError;
use crate::parts::{Api, ApiParts};
use crate::request::{LARGEST_BODY, Query};
use crate::routes;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use std::collections::BTreeMap;
use std::sync::Arc;
use tower::ServiceExt as _;

/// The first part of the path of every endpoint.
const BASE: &str = "/api/v1";
/// The only tenant. A path with the tenant and a path without it are the same.
const TENANT: &str = "/main";

/// Builds the router of the API and of the web pages. The API is at `/api/v1/…`, with or without the tenant `main`, and
/// at `/health` and `/prometheus`. The same guards protect the API and the web pages.
///
/// The router has no fallback, so it can be merged with other routers.
pub fn router(parts: ApiParts) -> Router {
    let api = Api::new(parts);
    let table = Arc::new(Table::new(routes::endpoints(), &api));
    let dispatch = any(move |request: Request| {
        let table = table.clone();
        async move { table.dispatch(request).await }
    });
    let access = api.access.clone();
    let hosts = access.hosts.clone();
    let routes = Router::new()
        .route(&format!("{BASE}/{{*rest}}"), dispatch)
        .merge(routes::open().with_state(api))
        .merge(segue_web::router())
        .layer(from_fn_with_state(Arc::new(Guard::new(access)), guard));
    behind_door(routes, hosts)
}

/// The paths of each method.
struct Table {
    methods: BTreeMap<String, Paths>,
}

/// The paths of one method.
struct Paths {
    router: Router,
    /// The same paths without handlers, each with the parameters that its endpoint takes. A request with another
    /// method gets 405 if its path is here.
    known: matchit::Router<Accepts>,
}

impl Table {
    fn new(endpoints: Vec<Endpoint>, api: &Api) -> Self {
        let mut methods: BTreeMap<String, (Router<Api>, matchit::Router<Accepts>)> = BTreeMap::new();
        for endpoint in endpoints {
            let (router, known) = methods.entry(endpoint.method.to_string()).or_default();
            let accepts = endpoint.accepts();
            *router = std::mem::take(router).route(endpoint.path, endpoint.handler);
            // The result needs no check: the router above has already panicked if the path is there twice.
            let _ = known.insert(endpoint.path, accepts);
        }
        let methods = methods
            .into_iter()
            .map(|(method, (router, known))| {
                // The limit is an extension of the request. `dispatch` clears the extensions, so the limit is set here.
                let router = router.with_state(api.clone()).layer(DefaultBodyLimit::max(LARGEST_BODY));
                (method, Paths { router, known })
            })
            .collect();
        Self { methods }
    }

    async fn dispatch(&self, mut request: Request) -> Response {
        let Some(uri) = below_base(request.uri()) else {
            return ApiError::bad_request("the address cannot be read").into_response();
        };
        // HEAD is GET without the body of the answer. The router removes the body.
        let method = if request.method() == Method::HEAD { &Method::GET } else { request.method() };
        let path = uri.path();
        if let Some(paths) = self.methods.get(method.as_str())
            && let Ok(found) = paths.known.at(path)
        {
            let query = Query::read(uri.query().unwrap_or_default());
            if let Err(refused) = found.value.check(&query) {
                return refused.into_response();
            }
            let router = paths.router.clone();
            // The extensions hold the parameter of the outer path, which would count as a parameter of this path.
            request.extensions_mut().clear();
            *request.uri_mut() = uri;
            return match router.oneshot(request).await {
                Ok(response) => response,
                Err(never) => match never {},
            };
        }
        let allowed: Vec<&str> = self
            .methods
            .iter()
            .filter(|(_, paths)| paths.known.at(path).is_ok())
            .map(|(method, _)| method.as_str())
            .collect();
        if allowed.is_empty() {
            return ApiError::not_found(format!("the address {}", request.uri().path())).into_response();
        }
        let text = format!("Method [{}] not allowed here: {} is", request.method(), allowed.join(", "));
        let allow = HeaderValue::from_str(&allowed.join(", ")).unwrap_or(HeaderValue::from_static("GET"));
        (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, allow)], text).into_response()
    }
}

/// The address below `/api/v1` and the tenant, without a slash at the end. None for other addresses.
fn below_base(uri: &Uri) -> Option<Uri> {
    let path = uri.path().strip_prefix(BASE)?;
    let path = match path.strip_prefix(TENANT) {
        Some(rest) if rest.starts_with('/') => rest,
        _ => path,
    };
    let path = if path.len() > 1 { path.trim_end_matches('/') } else { path };
    let path = if path.is_empty() { "/" } else { path };
    let target = match uri.query() {
        Some(query) => PathAndQuery::try_from(format!("{path}?{query}")),
        None => PathAndQuery::try_from(path),
    };
    Some(Uri::from(target.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tenant_may_be_left_out() {
        let below = |text: &str| below_base(&text.parse().unwrap()).map(|uri| uri.to_string());
        assert_eq!(below("/api/v1/main/flows/search?q=a").as_deref(), Some("/flows/search?q=a"));
        assert_eq!(below("/api/v1/flows/search/").as_deref(), Some("/flows/search"));
        assert_eq!(below("/api/v1/mainly").as_deref(), Some("/mainly"));
        assert_eq!(below("/api/v1/main").as_deref(), Some("/main"));
        assert_eq!(below("/other"), None);
    }
}
