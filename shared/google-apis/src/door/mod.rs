//! The front door checks every request before a handler reads it.
//!
//! - The host name must be a name of this machine. A web page can make its own name point to this machine, and such a
//!   request still has that name.
//! - No page of a browser may send a request. Google's clients are no pages: they send no `Origin`.
//! - A wrong credential is refused. Without a credential, a request is let in if the platform is open for every program
//!   of this machine.
//!
//! A client that cannot send a credential to an emulator has it in the address: `/_/SECRET` before the path.

mod credentials;

pub(crate) use credentials::{Callers, refused};

use crate::refusal::Refusal;
use axum::extract::Request;
use axum::http::uri::{Authority, PathAndQuery};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Uri, header};
use std::net::IpAddr;

/// The header in which the door tells handlers what was before the path.
const PREFIX: HeaderName = HeaderName::from_static("x-segue-prefix");
/// The browser's header about the origin of a request.
const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// What is before the secret in a path.
const MARK: &str = "/_/";

/// The prefix of the path that the client used, for addresses in answers.
pub(crate) fn prefix(headers: &HeaderMap) -> &str {
    headers.get(PREFIX).and_then(|prefix| prefix.to_str().ok()).unwrap_or_default()
}

/// Checks a request, and removes the secret from its path.
pub(crate) fn admit(callers: &Callers, mut request: Request) -> Result<Request, Refusal> {
    host(&request)?;
    no_page(request.headers())?;
    request.headers_mut().remove(PREFIX);
    let secret = take_secret(&mut request)?;
    callers.admit(request.method(), request.uri(), request.headers(), secret.as_deref())?;
    Ok(request)
}

/// Refuses a host that is not this machine. HTTP/1.0 has no host; browsers always send one.
fn host(request: &Request) -> Result<(), Refusal> {
    let in_header = request.headers().get_all(header::HOST).iter().map(|value| value.to_str().unwrap_or("?"));
    let in_address = request.uri().authority().map(Authority::as_str);
    match in_header.chain(in_address).find(|text| !is_loopback(text)) {
        None => Ok(()),
        Some(other) => Err(Refusal::new(
            "misdirected",
            format!(
                "this server does not answer to the name '{}'; use localhost or 127.0.0.1",
                other.chars().take(100).collect::<String>().escape_debug()
            ),
        )),
    }
}

fn is_loopback(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    if authority.as_str().contains('@') {
        return false;
    }
    let name = authority.host().trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

fn no_page(headers: &HeaderMap) -> Result<(), Refusal> {
    let is_foreign = |site: &HeaderValue| site != "none";
    if headers.contains_key(header::ORIGIN) || headers.get_all(SITE).iter().any(is_foreign) {
        return Err(Refusal::new("forbidden", "pages of a browser may not use this address"));
    }
    Ok(())
}

/// Takes the secret out of the path `/_/SECRET/…`.
fn take_secret(request: &mut Request) -> Result<Option<String>, Refusal> {
    let path = request.uri().path();
    let Some(rest) = path.strip_prefix(MARK) else { return Ok(None) };
    let (secret, _) = rest.split_once('/').unwrap_or((rest, ""));
    let secret = secret.to_owned();
    let prefix = format!("{MARK}{secret}");
    let wrong = || Refusal::invalid("the address is invalid");
    let value = HeaderValue::from_str(&prefix).map_err(|_| wrong())?;
    let whole = request.uri().path_and_query().map(PathAndQuery::as_str).unwrap_or_default();
    let rest = whole.get(prefix.len()..).unwrap_or_default();
    let rest = if rest.starts_with('/') { rest.to_owned() } else { format!("/{rest}") };
    let mut parts = request.uri().clone().into_parts();
    parts.path_and_query = Some(rest.parse().map_err(|_| wrong())?);
    *request.uri_mut() = Uri::from_parts(parts).map_err(|_| wrong())?;
    request.headers_mut().insert(PREFIX, value);
    Ok(Some(secret))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    fn asked(path: &str, headers: &[(&str, &str)]) -> Result<Request, u16> {
        let mut request = Request::builder().uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let callers = Callers::for_tests(true);
        admit(&callers, request.body(Body::empty()).unwrap()).map_err(|refusal| refusal.status().as_u16())
    }

    #[test]
    fn other_names_and_pages_are_refused() {
        for own in ["localhost", "LOCALHOST:8088", "127.0.0.1:8088", "127.9.9.9", "[::1]:8088"] {
            assert!(asked("/storage/v1/b", &[("host", own)]).is_ok(), "{own}");
        }
        for other in [
            "evil.example",
            "localhost.evil.example",
            "10.0.0.1",
            "user@localhost",
            "metadata.google.internal",
            "?",
        ] {
            assert_eq!(asked("/storage/v1/b", &[("host", other)]).unwrap_err(), 421, "{other}");
        }
        let here = ("host", "localhost");
        for page in [
            ("origin", "http://localhost"),
            ("origin", "null"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-origin"),
        ] {
            assert_eq!(asked("/storage/v1/b", &[here, page]).unwrap_err(), 403, "{page:?}");
        }
        assert!(asked("/storage/v1/b", &[here, ("sec-fetch-site", "none")]).is_ok(), "typed by the user");
    }

    #[test]
    fn a_secret_in_the_path_is_checked_and_removed() {
        let secret = Callers::for_tests(true).secret().to_owned();
        let request =
            asked(&format!("/_/{secret}/storage/v1/b?prefix=a%2Fb"), &[("x-segue-prefix", "/evil")]).unwrap();
        assert_eq!(request.uri(), "/storage/v1/b?prefix=a%2Fb");
        assert_eq!(prefix(request.headers()), format!("/_/{secret}"));
        assert_eq!(asked("/_/wrong/storage/v1/b", &[]).unwrap_err(), 401);
        assert_eq!(asked("/_/", &[]).unwrap_err(), 401);
        assert_eq!(prefix(asked("/storage/v1/b", &[("x-segue-prefix", "/evil")]).unwrap().headers()), "");
    }
}
