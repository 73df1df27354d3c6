//! The web pages: a router for `/` and `/ui/*`, with the pages that `make web` builds embedded.
//!
//! Must not know the API, the ports or any other crate of Segue: the pages ask the API in the browser. Whoever merges
//! the router puts the guards in front of it.
//!
//! The pages are one program for the browser. Each address below `/ui/` that names no file answers with `index.html`,
//! and the program shows the page. So one more page needs no line here: see the README in this folder.

mod encoding;
mod files;
mod headers;

use axum::Router;
use axum::extract::Path;
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;
use files::{Asset, Embedded, Source};
use std::sync::Arc;

/// Where the pages are.
const BASE: &str = "/ui/";

/// The routes of the pages: `/`, which leads to the pages, and `/ui/*`.
pub fn router() -> Router {
    routes(Arc::new(Embedded))
}

fn routes(source: Arc<dyn Source>) -> Router {
    let (index, any) = (source.clone(), source);
    let start = move |headers: HeaderMap| async move { answer(&*index, "", &headers) };
    let page =
        move |Path(path): Path<String>, headers: HeaderMap| async move { answer(&*any, &path, &headers) };
    Router::new()
        .route("/", get(async || Redirect::to(BASE)))
        .route("/ui", get(async || Redirect::permanent(BASE)))
        .route(BASE, get(start))
        .route(&format!("{BASE}{{*path}}"), get(page))
}

/// The file at a path below [`BASE`], or the page that starts the program.
fn answer(source: &dyn Source, path: &str, headers: &HeaderMap) -> Response {
    match files::find(source, path, headers) {
        Asset::File(file) => headers::file(&file, headers),
        Asset::NotBuilt => headers::not_built(),
        Asset::Missing => headers::missing().into_response(),
    }
}

#[cfg(test)]
mod tests;
