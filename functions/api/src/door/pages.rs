//! Decides which web pages may send which requests.

use super::hosts::{Hosts, Named};
use crate::error::ApiError;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, Method, header};

/// The browser's header about the origin of a request.
const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// The path of webhooks below `/api/v1` and the tenant.
const WEBHOOKS: &str = "/executions/webhook/";

/// Refuses requests to another host name than the server's, and changes by pages of another origin.
pub(super) fn check(hosts: &Hosts, request: &Request) -> Result<(), ApiError> {
    let host = host(hosts, request)?;
    let is_reading = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    // A caller with a webhook's key may call it from anywhere. A webhook also accepts GET, so only the key
    // protects it from pages that do not know the key.
    if is_reading || is_webhook(request.method(), request.uri().path()) {
        Ok(())
    } else {
        own_page(hosts, host, request.headers())
    }
}

/// The host name in the request. Clients of HTTP/1.0 send none; browsers always do.
fn host(hosts: &Hosts, request: &Request) -> Result<Option<Named>, ApiError> {
    let unknown = |name: &str| {
        ApiError::misdirected(format!(
            "Misdirected request: this server does not answer to the name '{}'. It answers to localhost, to the \
             address it listens on, and to the names it is started with: --allowed-host NAME, or SEGUE_ALLOWED_HOSTS",
            name.chars().take(100).collect::<String>()
        ))
    };
    let mut named = None;
    let in_header = request.headers().get_all(header::HOST).iter().map(|value| value.to_str().unwrap_or("?"));
    // A request to a proxy also has the name in its address, which has precedence.
    let in_address = request.uri().authority().map(|authority| authority.as_str());
    for text in in_header.chain(in_address) {
        let host = Named::of_host(text).filter(|host| hosts.admit(host)).ok_or_else(|| unknown(text))?;
        if named.as_ref().is_some_and(|before| *before != host) {
            return Err(ApiError::bad_request("the request names two hosts"));
        }
        named = Some(host);
    }
    Ok(named)
}

/// Whether the path is a webhook: namespace, flow, key. With fewer parts it is something else, such as a flow
/// in a namespace called `webhook`.
pub(super) fn is_webhook(method: &Method, path: &str) -> bool {
    let parts = below_base(path).and_then(|path| path.trim_end_matches('/').strip_prefix(WEBHOOKS));
    matches!(*method, Method::GET | Method::HEAD | Method::POST | Method::PUT)
        && parts.is_some_and(|parts| {
            let mut parts = parts.split('/');
            (0..3).all(|_| parts.next().is_some_and(|part| !part.is_empty()))
        })
}

/// The path below `/api/v1` and the tenant. None for other paths.
pub(super) fn below_base(path: &str) -> Option<&str> {
    let path = path.strip_prefix("/api/v1")?;
    Some(path.strip_prefix("/main").unwrap_or(path))
}

/// Refuses the request of a page from another origin.
fn own_page(hosts: &Hosts, host: Option<Named>, headers: &HeaderMap) -> Result<(), ApiError> {
    let foreign = |page: &str| {
        ApiError::forbidden(format!(
            "Forbidden: {} may not change anything here, only pages of this server may",
            page.chars().take(200).collect::<String>()
        ))
    };
    for site in headers.get_all(SITE) {
        if !matches!(site.as_bytes(), b"same-origin" | b"none") {
            return Err(foreign(&format!("a page of another origin ({})", site.to_str().unwrap_or("?"))));
        }
    }
    for origin in headers.get_all(header::ORIGIN) {
        let text = origin.to_str().unwrap_or("?");
        let is_own = Named::of_origin(text).is_some_and(|(page, usual)| {
            hosts.names_origin(&page) || host.as_ref().is_some_and(|host| host.serves(&page, usual))
        });
        if !is_own {
            return Err(foreign(&format!("a page of the origin '{text}'")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use axum::http::StatusCode;

    const IMPORT: &str = "/api/v1/main/flows/import";

    fn asked_of(hosts: &Hosts, method: &str, path: &str, headers: &[(&str, &str)]) -> u16 {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        match check(hosts, &request.body(Body::empty()).unwrap()) {
            Ok(()) => StatusCode::OK.as_u16(),
            Err(refusal) => refusal.status().as_u16(),
        }
    }

    fn asked(method: &str, path: &str, headers: &[(&str, &str)]) -> u16 {
        asked_of(&Hosts::default(), method, path, headers)
    }

    #[test]
    fn programs_are_let_in() {
        for method in ["GET", "POST", "PUT", "DELETE"] {
            assert_eq!(asked(method, IMPORT, &[]), 200, "HTTP/1.0");
            assert_eq!(asked(method, IMPORT, &[("host", "localhost:8080")]), 200);
            assert_eq!(asked(method, IMPORT, &[("host", "127.0.0.1:8080"), ("user-agent", "curl/8")]), 200);
        }
    }

    #[test]
    fn another_name_is_refused_whatever_is_asked() {
        for method in ["GET", "POST", "OPTIONS"] {
            for path in [IMPORT, "/health", "/api/v1/executions/webhook/a/b/c"] {
                assert_eq!(asked(method, path, &[("host", "rebind.example:8080")]), 421);
                assert_eq!(asked(method, path, &[("host", "localhost"), ("host", "rebind.example")]), 421);
            }
        }
        assert_eq!(asked("GET", "http://rebind.example/health", &[("host", "localhost")]), 421);
        assert_eq!(asked("GET", "http://localhost/health", &[("host", "rebind.example")]), 421);
        assert_eq!(asked("GET", "http://localhost/health", &[("host", "localhost")]), 200);
        assert_eq!(asked("POST", IMPORT, &[("host", "localhost:1"), ("host", "localhost:2")]), 400);
    }

    #[test]
    fn other_pages_change_nothing() {
        let host = ("host", "localhost:8080");
        for origin in [
            "http://evil.example",
            "http://localhost",
            "http://localhost:8081",
            "https://localhost",
            "http://127.0.0.1:8080",
            "http://localhost:8080.evil.example",
            "http://evil@localhost:8080",
            "file://localhost:8080",
            "chrome-extension://localhost:8080",
            "null",
            "",
            "http://localhost:8080 http://evil.example",
        ] {
            for method in ["POST", "PUT", "DELETE", "PATCH", "FOO"] {
                assert_eq!(asked(method, IMPORT, &[host, ("origin", origin)]), 403, "{method} {origin}");
            }
            assert_eq!(asked("POST", IMPORT, &[("origin", origin)]), 403, "{origin} at no name");
            assert_eq!(asked("GET", IMPORT, &[host, ("origin", origin)]), 200, "{origin}");
            let sent = [host, ("origin", origin), ("sec-fetch-site", "cross-site")];
            assert_eq!(asked("POST", "/api/v1/executions/webhook/a/b/key", &sent), 200);
            assert_eq!(asked("PUT", "/api/v1/main/executions/webhook/a/b/key/x", &sent), 200);
            for other in
                ["a/webhook", "webhook/flow", "webhook/a/b", "webhook/a/b/", "webhook/a//b", "webhook"]
            {
                assert_eq!(asked("POST", &format!("/api/v1/executions/{other}"), &sent), 403, "{other}");
            }
            assert_eq!(asked("DELETE", "/api/v1/executions/webhook/a/b/key", &sent), 403);
            assert_eq!(asked("POST", "/executions/webhook/a/b/key", &sent), 403);
        }
        for site in ["cross-site", "same-site", "else"] {
            assert_eq!(asked("POST", IMPORT, &[host, ("sec-fetch-site", site)]), 403, "{site}");
            let own = [host, ("origin", "http://localhost:8080"), ("sec-fetch-site", site)];
            assert_eq!(asked("POST", IMPORT, &own), 403, "{site}");
            assert_eq!(asked("GET", IMPORT, &[host, ("sec-fetch-site", site)]), 200, "{site}");
        }
    }

    #[test]
    fn the_servers_own_page_goes_on_working() {
        for site in ["same-origin", "none"] {
            let own = |origin, host| [("host", host), ("origin", origin), ("sec-fetch-site", site)];
            assert_eq!(asked("POST", IMPORT, &own("http://localhost:8080", "localhost:8080")), 200);
            assert_eq!(asked("POST", IMPORT, &own("http://localhost", "localhost")), 200);
            assert_eq!(asked("POST", IMPORT, &own("http://localhost", "localhost:80")), 200);
            assert_eq!(asked("POST", IMPORT, &own("http://[::1]:8080", "[::1]:8080")), 200);
            let cloud = own("https://segue-abc-ew.a.run.app", "segue-abc-ew.a.run.app");
            assert_eq!(asked_of(&Hosts::Any, "POST", IMPORT, &cloud), 200);
            let other = own("https://evil.example", "segue-abc-ew.a.run.app");
            assert_eq!(asked_of(&Hosts::Any, "POST", IMPORT, &other), 403);
        }
    }

    #[test]
    fn a_proxy_may_put_its_own_name_in() {
        let names = crate::AllowedHost::list("segue.example.com, box.lan:8443").unwrap();
        let hosts = Hosts::listed([127, 0, 0, 1].into(), names);
        let sent = |origin| {
            let headers = [("host", "127.0.0.1:8080"), ("origin", origin), ("sec-fetch-site", "same-origin")];
            asked_of(&hosts, "POST", IMPORT, &headers)
        };
        assert_eq!(sent("https://segue.example.com"), 200);
        assert_eq!(sent("https://box.lan:8443"), 200);
        assert_eq!(sent("https://box.lan"), 403);
        assert_eq!(sent("https://segue.example.com:9000"), 403);
    }
}
