//! A web server for a folder of data files, like the servers of the data's publishers.
//!
//! - `/<file>` is a file of the folder, with byte ranges.
//! - `/taxi/<yellow|green>/<name>.csv.gz` is this file of the folder, or else `<name>.csv` or
//!   `<name>.sample.csv`, compressed while it is sent.
//! - `/cut/<yellow|green>/<name>.csv.gz` is the same file, truncated in the middle like an interrupted upload.
//!
//! Files are streamed, so no file is in memory as a whole.

use axum::Router;
use axum::body::Body;
use axum::extract::{Path as UrlPath, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::{self, SeekFrom, Write};
use std::path::{Path, PathBuf};
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio::sync::mpsc;
use tokio_util::io::ReaderStream;

/// The number of bytes that are read from a file at once.
const CHUNK: usize = 1 << 18;

/// The number of compressed pieces that may wait for a slow reader.
const PIECES_AHEAD: usize = 8;

/// The server's routes over the files of `dir`.
pub fn app(dir: PathBuf) -> Router {
    Router::new()
        .route("/health", get(async || "ok"))
        .route("/{file}", get(plain))
        .route("/taxi/{kind}/{file}", get(taxi))
        .route("/cut/{kind}/{file}", get(cut))
        .with_state(dir)
}

async fn plain(State(dir): State<PathBuf>, UrlPath(file): UrlPath<String>, headers: HeaderMap) -> Response {
    match existing(&dir, &[file.as_str()]) {
        Some(path) => send(&path, range(&headers)).await,
        None => not_found(&file),
    }
}

async fn taxi(
    State(dir): State<PathBuf>,
    UrlPath((_kind, file)): UrlPath<(String, String)>,
    headers: HeaderMap,
) -> Response {
    if let Some(path) = existing(&dir, &[file.as_str()]) {
        return send(&path, range(&headers)).await;
    }
    match unpacked(&dir, &file) {
        Some(path) => compressed(path),
        None => not_found(&file),
    }
}

async fn cut(State(dir): State<PathBuf>, UrlPath((_kind, file)): UrlPath<(String, String)>) -> Response {
    let Some(path) = unpacked(&dir, &file) else { return not_found(&file) };
    let compress = move || -> io::Result<Vec<u8>> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        io::copy(&mut std::fs::File::open(path)?, &mut encoder)?;
        encoder.finish()
    };
    match tokio::task::spawn_blocking(compress).await {
        Ok(Ok(mut all)) => {
            all.truncate(all.len() / 2);
            all.into_response()
        }
        Ok(Err(error)) => failure(&error),
        Err(error) => failure(&error),
    }
}

/// The first of `names` that is a file of `dir`. A name that leads out of the folder is ignored.
fn existing(dir: &Path, names: &[&str]) -> Option<PathBuf> {
    let plain = |name: &&&str| !name.starts_with('.') && !name.contains(['/', '\\']);
    names.iter().filter(plain).map(|name| dir.join(name)).find(|path| path.is_file())
}

/// The file with the content of `<name>.csv.gz` before compression.
fn unpacked(dir: &Path, file: &str) -> Option<PathBuf> {
    let name = file.strip_suffix(".csv.gz")?;
    existing(dir, &[&format!("{name}.csv"), &format!("{name}.sample.csv")])
}

/// The first and the last requested byte. `None` if the request has no range. The last byte is `None` if the range has
/// no end.
fn range(headers: &HeaderMap) -> Option<(u64, Option<u64>)> {
    let (first, last) = headers.get(header::RANGE)?.to_str().ok()?.strip_prefix("bytes=")?.split_once('-')?;
    Some((first.parse().ok()?, last.parse().ok()))
}

async fn send(path: &Path, range: Option<(u64, Option<u64>)>) -> Response {
    match open(path, range).await {
        Ok(response) => response,
        Err(error) => failure(&error),
    }
}

async fn open(path: &Path, range: Option<(u64, Option<u64>)>) -> io::Result<Response> {
    let mut file = tokio::fs::File::open(path).await?;
    let length = file.metadata().await?.len();
    let (first, end) = match range {
        Some((first, last)) => (first, last.map_or(length, |last| last.saturating_add(1).min(length))),
        None => (0, length),
    };
    if first > end || (range.is_some() && first >= length) {
        return Ok(StatusCode::RANGE_NOT_SATISFIABLE.into_response());
    }
    file.seek(SeekFrom::Start(first)).await?;
    let body = Body::from_stream(ReaderStream::with_capacity(file.take(end - first), CHUNK));
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(end - first));
    if range.is_some() {
        let last = end.saturating_sub(1);
        if let Ok(value) = HeaderValue::from_str(&format!("bytes {first}-{last}/{length}")) {
            headers.insert(header::CONTENT_RANGE, value);
        }
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    Ok(response)
}

/// The file as a compressed answer. Its own thread compresses the file, and waits if the reader is slow.
fn compressed(path: PathBuf) -> Response {
    let (pieces, mut waiting) = mpsc::channel(PIECES_AHEAD);
    tokio::task::spawn_blocking(move || {
        let compress = || -> io::Result<()> {
            let buffered = io::BufWriter::with_capacity(CHUNK, Pieces(pieces.clone()));
            let mut encoder = GzEncoder::new(buffered, Compression::fast());
            io::copy(&mut std::fs::File::open(path)?, &mut encoder)?;
            encoder.finish()?.flush()
        };
        if let Err(error) = compress() {
            // The send fails if the reader has closed the connection. Nothing must be done then.
            pieces.blocking_send(Err(error)).ok();
        }
    });
    Body::from_stream(futures::stream::poll_fn(move |context| waiting.poll_recv(context))).into_response()
}

/// Sends the written bytes as pieces of an answer's body.
struct Pieces(mpsc::Sender<io::Result<Bytes>>);

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.blocking_send(Ok(Bytes::copy_from_slice(bytes))).map_err(|_| io::ErrorKind::BrokenPipe)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn not_found(file: &str) -> Response {
    (StatusCode::NOT_FOUND, format!("there is no file {file} here\n")).into_response()
}

fn failure(error: &dyn std::error::Error) -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response()
}
