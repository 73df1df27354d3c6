//! The embedded files, and which of them answers a path.

use crate::encoding::Encoding;
use axum::http::HeaderMap;
use rust_embed::{EmbeddedFile, RustEmbed};

/// The page that starts the program in the browser.
const INDEX: &str = "index.html";
/// The folder with files that have a hash of their content in their name.
const HASHED: &str = "assets/";

/// The files that `make web` built, without the folder's own `.gitignore`.
#[derive(RustEmbed)]
#[folder = "dist"]
#[exclude = ".*"]
pub(crate) struct Embedded;

/// Where files come from.
pub(crate) trait Source: Send + Sync {
    /// The file with this name, if there is one.
    fn file(&self, name: &str) -> Option<EmbeddedFile>;
}

impl Source for Embedded {
    fn file(&self, name: &str) -> Option<EmbeddedFile> {
        Self::get(name)
    }
}

/// What answers a path.
pub(crate) enum Asset {
    /// A file.
    File(File),
    /// The program was built without the pages.
    NotBuilt,
    /// A file that does not exist, such as a script of an older build.
    Missing,
}

/// A file in the form that the browser gets.
pub(crate) struct File {
    /// The name without the end that says the form.
    pub(crate) name: String,
    /// The form.
    pub(crate) encoding: Encoding,
    /// Content and hash.
    pub(crate) embedded: EmbeddedFile,
    /// Whether the name changes with the content, so that a browser may keep the file.
    pub(crate) is_immutable: bool,
}

/// Finds what answers a path below the base.
pub(crate) fn find(source: &dyn Source, path: &str, headers: &HeaderMap) -> Asset {
    let is_stored_form = path.ends_with(".br") || path.ends_with(".gz");
    if !is_stored_form && let Some(file) = in_best_form(source, path, headers) {
        return Asset::File(file);
    }
    if path.starts_with(HASHED) {
        return Asset::Missing;
    }
    in_best_form(source, INDEX, headers).map_or(Asset::NotBuilt, Asset::File)
}

fn in_best_form(source: &dyn Source, name: &str, headers: &HeaderMap) -> Option<File> {
    let mut accepted = Encoding::ALL.into_iter().filter(|encoding| encoding.is_accepted(headers));
    accepted.find_map(|encoding| {
        Some(File {
            name: name.to_owned(),
            encoding,
            embedded: source.file(&format!("{name}{}", encoding.suffix()))?,
            is_immutable: name.starts_with(HASHED),
        })
    })
}
