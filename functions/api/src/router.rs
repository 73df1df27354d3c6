//! Which endpoint a request is for. The method counts before the path (`POST /executions/{namespace}/{flowId}` runs
//! a flow of any name, though `DELETE /executions/{id}/kill` kills), so there is a table of paths for each method.

use crate::door::{Guard, behind_door, guard};
use crate::endpoint::Endpoint;
use crate::error::ApiError;
use crate::parts::{Api, ApiParts};
use crate::request::LARGEST_BODY;
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

/// Where the API is.
const BASE: &str = "/api/v1";
/// The only tenant there is.
const TENANT: &str = "/main";

/// The API: `/api/v1/…` with and without the tenant `main`, `/health` and `/prometheus`. Beside the API are the web
/// pages, behind the same guards.
///
/// To be merged with other routers: it has no fallback of its own.
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
    /// Answers.
    router: Router,
    /// Tells whether a path is one of them, for the refusal of another method.
    known: matchit::Router<()>,
}

impl Table {
    fn new(endpoints: Vec<Endpoint>, api: &Api) -> Self {
        let mut methods: BTreeMap<String, (Router<Api>, matchit::Router<()>)> = BTreeMap::new();
        for endpoint in endpoints {
            let (router, known) = methods.entry(endpoint.method.to_string()).or_default();
            *router = std::mem::take(router).route(endpoint.path, endpoint.handler);
            // A path that stands twice is a fault the router has panicked on already, at the start.
            let _ = known.insert(endpoint.path, ());
        }
        let methods = methods
            .into_iter()
            .map(|(method, (router, known))| {
                // The limit travels with the request, so it is set after `dispatch` has cleared what came with it.
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
        // HEAD is GET without the body, which the router sees to.
        let method = if request.method() == Method::HEAD { &Method::GET } else { request.method() };
        let path = uri.path();
        if let Some(paths) = self.methods.get(method.as_str())
            && paths.known.at(path).is_ok()
        {
            let router = paths.router.clone();
            // Among them the outer path, which would count as a parameter of this one.
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

/// The address below `/api/v1` and the tenant.
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
