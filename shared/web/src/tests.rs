//! What a browser gets, from files that stand for a build.

use super::*;
use crate::files::Source;
use axum::body::{Body, to_bytes};
use axum::http::{Request, Response, StatusCode};
use rust_embed::{EmbeddedFile, Metadata};
use std::borrow::Cow;
use tower::ServiceExt as _;

/// Files by name. The bytes of the hash are the sum of the bytes of the content.
struct Files(&'static [(&'static str, &'static str)]);

impl Source for Files {
    fn file(&self, name: &str) -> Option<EmbeddedFile> {
        let (_, content) = self.0.iter().find(|(known, _)| *known == name)?;
        let sum = content.bytes().fold(0_u8, u8::wrapping_add);
        let metadata = Metadata::__rust_embed_new([sum; 32], None, None);
        Some(EmbeddedFile { data: Cow::Borrowed(content.as_bytes()), metadata })
    }
}

const BUILT: Files = Files(&[
    ("index.html", "<page>"),
    ("index.html.br", "<brotli page>"),
    ("theme.js", "theme"),
    ("assets/app-1a2b.js", "script"),
    ("assets/app-1a2b.js.br", "brotli script"),
    ("assets/app-1a2b.js.gz", "gzip script"),
]);

async fn ask(files: Files, path: &str, headers: &[(&str, &str)]) -> (Response<()>, String) {
    let mut request = Request::builder().uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = routes(Arc::new(files)).oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let (parts, body) = answer.into_parts();
    let text = String::from_utf8(to_bytes(body, 1 << 20).await.unwrap().to_vec()).unwrap();
    (Response::from_parts(parts, ()), text)
}

#[tokio::test]
async fn every_page_is_the_program() {
    for path in ["/ui/", "/ui/main/flows", "/ui/main/executions/a.b/f/1/gantt?x=y", "/ui/index.html"] {
        let (answer, text) = ask(BUILT, path, &[]).await;
        assert_eq!((answer.status(), &*text), (StatusCode::OK, "<page>"), "{path}");
        assert_eq!(answer.headers()["cache-control"], "no-cache");
        assert_eq!(answer.headers()["content-type"], "text/html; charset=utf-8");
    }
    for (path, location) in [("/", "/ui/"), ("/ui", "/ui/")] {
        let (answer, _) = ask(BUILT, path, &[]).await;
        assert!(answer.status().is_redirection());
        assert_eq!(answer.headers()["location"], location);
    }
}

#[tokio::test]
async fn a_file_comes_in_the_form_that_the_browser_takes() {
    let asset = "/ui/assets/app-1a2b.js";
    for (accepted, expected, encoding) in [
        ("gzip, br", "brotli script", Some("br")),
        ("gzip", "gzip script", Some("gzip")),
        ("", "script", None),
    ] {
        let (answer, text) = ask(BUILT, asset, &[("accept-encoding", accepted)]).await;
        assert_eq!(text, expected);
        assert_eq!(answer.headers().get("content-encoding").map(|value| value.to_str().unwrap()), encoding);
        assert_eq!(answer.headers()["vary"], "accept-encoding");
        assert_eq!(answer.headers()["content-type"], "text/javascript; charset=utf-8");
        assert_eq!(answer.headers()["cache-control"], "public, max-age=31536000, immutable");
    }
    let (_, text) = ask(BUILT, "/ui/theme.js", &[("accept-encoding", "br")]).await;
    assert_eq!(text, "theme", "there is no other form");
}

#[tokio::test]
async fn a_browser_that_has_the_page_gets_no_second_copy() {
    let (first, _) = ask(BUILT, "/ui/", &[]).await;
    let tag = first.headers()["etag"].to_str().unwrap();
    for known in [tag.to_owned(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
        let (again, text) = ask(BUILT, "/ui/main/flows", &[("if-none-match", &known)]).await;
        assert_eq!((again.status(), &*text), (StatusCode::NOT_MODIFIED, ""), "{known}");
        assert_eq!(again.headers()["etag"], tag);
    }
    let headers = [("if-none-match", tag), ("accept-encoding", "br")];
    let (other, text) = ask(BUILT, "/ui/", &headers).await;
    assert_eq!((other.status(), &*text), (StatusCode::OK, "<brotli page>"), "another form has another tag");
}

#[tokio::test]
async fn a_script_of_another_build_is_missing_and_forms_have_no_address() {
    let (answer, text) = ask(BUILT, "/ui/assets/app-old.js", &[]).await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    assert!(text.contains("another version"));
    let (answer, _) = ask(BUILT, "/ui/assets/app-1a2b.js.br", &[]).await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn without_a_build_a_page_says_so() {
    let (answer, text) = ask(Files(&[]), "/ui/main/flows", &[]).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(text.contains("built without the pages") && text.contains("make build"), "{text}");
}

#[tokio::test]
async fn every_answer_has_the_guards() {
    for (files, path) in [(BUILT, "/ui/"), (BUILT, "/ui/assets/none.js"), (Files(&[]), "/ui/")] {
        let (answer, _) = ask(files, path, &[]).await;
        let policy = answer.headers()["content-security-policy"].to_str().unwrap();
        for rule in
            ["default-src 'none'", "script-src 'self';", "style-src 'self';", "frame-ancestors 'none'"]
        {
            assert!(policy.contains(rule), "{path}: {policy}");
        }
        assert!(
            policy.contains("require-trusted-types-for 'script'") && !policy.contains("unsafe"),
            "{policy}"
        );
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
        ] {
            assert_eq!(answer.headers()[name], value, "{path}");
        }
        assert!(answer.headers().contains_key("permissions-policy"));
    }
}
