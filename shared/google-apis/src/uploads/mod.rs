//! Uploads, as Google's clients send them: in one request (`multipart`), or in pieces (resumable uploads).
//!
//! The bytes are written to files in a folder of its own, never kept in memory. A file is deleted when its upload is
//! cancelled, forgotten, or has a complete file that nobody takes. It must not know what is uploaded.

mod multipart;
mod range;
mod spool;

pub(crate) use multipart::{Part, Related, parts, related};
pub(crate) use spool::{Complete, Spooled, Summing, Sums};

use crate::refusal::Refusal;
use axum::body::Body;
use axum::http::header::{CONTENT_RANGE, RANGE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use range::Piece;
use segue_ports::random_name;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Mutex as AsyncMutex;

/// How long an upload may rest. Google forgets it after a week.
const REST: Duration = Duration::from_secs(24 * 3600);
/// The largest number of open uploads. With one more, the upload that rests longest is forgotten.
const MOST: usize = 10_000;

/// Uploads in pieces. `About` is what the client said at the beginning.
pub(crate) struct Uploads<About> {
    folder: PathBuf,
    open: Mutex<HashMap<String, Open<About>>>,
}

struct Open<About> {
    upload: Arc<AsyncMutex<Option<Upload<About>>>>,
    touched: Instant,
}

struct Upload<About> {
    about: About,
    file: Spooled,
}

/// What follows from a piece.
pub(crate) enum Progress<About> {
    /// More pieces are expected.
    More(Response),
    /// The file is complete.
    Whole(About, Complete),
}

impl<About> Uploads<About> {
    pub(crate) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), open: Mutex::default() }
    }

    /// The folder for files.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    fn open(&self) -> MutexGuard<'_, HashMap<String, Open<About>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins an upload, and returns its id.
    pub(crate) fn begin(&self, about: About) -> Result<String, Refusal> {
        let id = random_name();
        let file = Spooled::new(&self.folder)?;
        let upload = Arc::new(AsyncMutex::new(Some(Upload { about, file })));
        let now = Instant::now();
        let mut open = self.open();
        open.retain(|_, known| now.duration_since(known.touched) < REST);
        if open.len() >= MOST
            && let Some(oldest) = open.iter().min_by_key(|(_, known)| known.touched).map(|(id, _)| id.clone())
        {
            open.remove(&oldest);
        }
        open.insert(id.clone(), Open { upload, touched: now });
        Ok(id)
    }

    /// Forgets an upload. Returns whether it was there.
    pub(crate) fn cancel(&self, id: &str) -> bool {
        self.open().remove(id).is_some()
    }

    /// Takes a piece.
    pub(crate) async fn piece(
        &self,
        id: &str,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<Progress<About>, Refusal> {
        let unknown = || Refusal::not_found(format!("there is no upload {id}; begin it again"));
        let upload = {
            let mut open = self.open();
            let known = open.get_mut(id).ok_or_else(unknown)?;
            known.touched = Instant::now();
            Arc::clone(&known.upload)
        };
        // Another request for the same upload waits here, so that pieces do not mix.
        let mut held = upload.lock().await;
        let current = held.as_mut().ok_or_else(unknown)?;
        let range = headers.get(CONTENT_RANGE).map(|range| range.to_str().unwrap_or("?"));
        let have = current.file.length();
        let total = match Piece::read(range)? {
            None => {
                current.file.fill(body.into_data_stream(), have).await?;
                Some(current.file.length())
            }
            Some(Piece { first: None, total, .. }) => total,
            Some(Piece { first: Some(first), total, is_rest }) => {
                if first > have {
                    return Err(Refusal::invalid(format!(
                        "the piece begins at byte {first}, but only {have} bytes have arrived"
                    )));
                }
                current.file.fill(body.into_data_stream(), have - first).await?;
                total.or(is_rest.then(|| current.file.length()))
            }
        };
        let have = current.file.length();
        if total.is_some_and(|total| have > total) {
            self.cancel(id);
            return Err(Refusal::invalid("more bytes have arrived than the upload announced"));
        }
        if total != Some(have) {
            return Ok(Progress::More(continues(have, headers)));
        }
        let Some(Upload { about, file }) = held.take() else { return Err(unknown()) };
        self.cancel(id);
        Ok(Progress::Whole(about, file.finish().await?))
    }
}

/// The answer to a piece that is not the last: 308, as Google has it. A client that takes 308 for a redirect, as Go's does,
/// asks for 200 and finds 308 in a header.
fn continues(have: u64, headers: &HeaderMap) -> Response {
    let wants_success = headers.get("x-guploader-no-308").is_some_and(|value| value == "yes");
    let mut response = if wants_success {
        (StatusCode::OK, [("x-http-status-code-override", "308")]).into_response()
    } else {
        StatusCode::PERMANENT_REDIRECT.into_response()
    };
    if let Some(last) = have.checked_sub(1)
        && let Ok(range) = HeaderValue::from_str(&format!("bytes=0-{last}"))
    {
        response.headers_mut().insert(RANGE, range);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(text: &str) -> HeaderMap {
        HeaderMap::from_iter([(CONTENT_RANGE, HeaderValue::from_str(text).unwrap())])
    }

    #[tokio::test]
    async fn a_cut_upload_continues_where_it_was_cut_and_a_cancelled_one_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let uploads = Uploads::new(folder.path());
        let id = uploads.begin("about").unwrap();
        let cut = futures::stream::iter([Ok(bytes::Bytes::from_static(b"abc")), Err("the line is dead")]);
        let failed = uploads.piece(&id, &range("bytes 0-5/6"), Body::from_stream(cut)).await;
        assert!(failed.is_err());
        let Ok(Progress::More(asked)) = uploads.piece(&id, &range("bytes */6"), Body::empty()).await else {
            panic!("the upload is not complete")
        };
        assert_eq!((asked.status().as_u16(), asked.headers()[RANGE].to_str().unwrap()), (308, "bytes=0-2"));
        assert!(uploads.piece(&id, &range("bytes 5-5/6"), Body::from("f")).await.is_err(), "a gap");
        // The client sends a part again that has arrived.
        let Ok(Progress::Whole(about, file)) =
            uploads.piece(&id, &range("bytes 2-5/6"), Body::from("cdef")).await
        else {
            panic!("the upload is complete")
        };
        assert_eq!((about, std::fs::read_to_string(&file.path).unwrap().as_str()), ("about", "abcdef"));
        drop(file);
        assert!(uploads.piece(&id, &range("bytes */6"), Body::empty()).await.is_err());
        let other = uploads.begin("other").unwrap();
        assert!(uploads.cancel(&other) && !uploads.cancel(&other));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
