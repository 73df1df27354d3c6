//! Uploads to Cloud Storage, with the JSON API.
//!
//! A small object is sent in one request. A larger one is sent in pieces, and a piece is kept in memory until
//! Google has it, so memory does not grow with the object. Each upload contains the checksum, and Google
//! compares it before the object exists, so that an object exists completely or not at all. Google's own
//! client would do the same, but its large uploads cannot be tested on an emulator: it sends them to a host
//! name without a port.

use super::buckets::named;
use super::control::UNSAID;
use super::pieces::{Piece, Pieces};
use super::wire::{AttributesResource, NewObject, ObjectResource};
use super::{CloudObjectStore, PORT, names};
use crate::rest::{Refusal, Request, RestError, Retries};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::StreamExt as _;
use reqwest::header::{CONTENT_RANGE, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION, RANGE};
use reqwest::{Method, Response, StatusCode};
use segue_ports::object::{ByteStream, ObjectAddress, ObjectAttributes, ObjectInfo};
use segue_ports::{PortError, random_name};
use std::path::Path;
use tokio_util::io::ReaderStream;

/// The header with the checksum of the sent bytes.
const HASH: HeaderName = HeaderName::from_static("x-goog-hash");
/// The number of bytes read from a file at once.
const CHUNK: usize = 1 << 20;

/// The answer to a piece.
enum Arrived {
    /// The object is complete.
    Whole(Box<ObjectResource>),
    /// Google has the object up to this byte.
    Until(u64),
}

impl CloudObjectStore {
    pub(super) async fn upload_stream(
        &self,
        address: &ObjectAddress,
        bytes: ByteStream,
        attributes: ObjectAttributes,
    ) -> Result<ObjectInfo, PortError> {
        names::object(address)?;
        let mut pieces = Pieces::new(bytes);
        let first = pieces.next().await?;
        let attributes = AttributesResource::from(attributes);
        self.counters.class_a();
        let (sent, sum) = if first.is_last {
            let sum = checksum(first.sum);
            (self.upload_whole(address, &first, &sum, &attributes).await, sum)
        } else {
            let session = self.begin(address, &attributes).await.map_err(|error| refused(error, address))?;
            let mut piece = first;
            loop {
                let arrived =
                    self.send_piece(&session, &piece).await.map_err(|error| refused(error, address))?;
                if let Some(object) = arrived {
                    break (Ok(object), checksum(piece.sum));
                }
                self.counters.sent(piece.bytes.len() as u64);
                // Only one piece is in memory at a time.
                drop(piece);
                piece = pieces.next().await?;
            }
        };
        let object = sent.map_err(|error| refused(error, address))?;
        self.counters.sent(pieces.last_length());
        self.compared(address, object, &sum).await
    }

    pub(super) async fn upload_file(
        &self,
        address: &ObjectAddress,
        path: &Path,
        attributes: ObjectAttributes,
    ) -> Result<ObjectInfo, PortError> {
        let name = path.display().to_string();
        let failed = move |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::NotFound => PortError::not_found(format!("the file {name}")),
            _ => PortError::unavailable(PORT, format!("{name}: {error}")),
        };
        // A link may lead to a file that the caller may not read.
        let metadata = tokio::fs::symlink_metadata(path).await.map_err(&failed)?;
        if !metadata.is_file() {
            return Err(PortError::invalid(format!("{} is not a plain file", path.display())));
        }
        let file = tokio::fs::File::open(path).await.map_err(&failed)?;
        let reading = failed.clone();
        let bytes = ReaderStream::with_capacity(file, CHUNK).map(move |chunk| chunk.map_err(&reading));
        let info = self.upload_stream(address, bytes.boxed(), attributes).await?;
        tokio::fs::remove_file(path).await.map_err(failed)?;
        Ok(info)
    }

    fn upload(&self, address: &ObjectAddress, kind: &str) -> Request<'_> {
        self.access
            .uploads
            .post(["b", &address.bucket, "o"])
            .query("uploadType", kind)
            .query("name", &address.key)
    }

    /// Uploads in one request with two parts: the attributes of the object, and its bytes.
    async fn upload_whole(
        &self,
        address: &ObjectAddress,
        piece: &Piece,
        sum: &str,
        attributes: &AttributesResource,
    ) -> Result<ObjectResource, RestError> {
        let about = NewObject { name: &address.key, crc32c: Some(sum), attributes };
        let about = serde_json::to_string(&about)
            .map_err(|error| RestError::Invalid(format!("the request cannot be written: {error}")))?;
        // Random, so that the boundary does not occur in the bytes.
        let boundary = random_name();
        // A line break in the type would end the header.
        let kind =
            attributes.content_type().filter(|kind| HeaderValue::from_str(kind).is_ok()).unwrap_or(UNSAID);
        let head = format!(
            "--{boundary}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n{about}\r\n\
             --{boundary}\r\nContent-Type: {kind}\r\n\r\n"
        );
        let body = [head.as_bytes(), &piece.bytes, format!("\r\n--{boundary}--\r\n").as_bytes()].concat();
        let kind = header(&format!("multipart/related; boundary={boundary}"))?;
        self.upload(address, "multipart").header(CONTENT_TYPE, kind).body(body.into()).send().await
    }

    /// Announces an upload in pieces. Returns the address for the pieces.
    async fn begin(
        &self,
        address: &ObjectAddress,
        attributes: &AttributesResource,
    ) -> Result<String, RestError> {
        let about = NewObject { name: &address.key, crc32c: None, attributes };
        let begun = self.upload(address, "resumable").json(&about)?.open().await?;
        let session = begun.headers().get(LOCATION).and_then(|location| location.to_str().ok());
        session
            .map(str::to_owned)
            .ok_or_else(|| RestError::Unreadable("Cloud Storage does not say where the pieces go".to_owned()))
    }

    /// Sends a piece until Google has all of it. Returns the object if the piece was the last.
    async fn send_piece(&self, session: &str, piece: &Piece) -> Result<Option<ObjectResource>, RestError> {
        let end = piece.begin + piece.bytes.len() as u64;
        let mut have = piece.begin;
        let mut retries = Retries::new();
        loop {
            let error = match self.send_from(session, piece, have).await {
                Ok(Arrived::Whole(object)) => return Ok(Some(*object)),
                Ok(Arrived::Until(until)) if until >= end && !piece.is_last => return Ok(None),
                Ok(Arrived::Until(until)) if until > have => {
                    have = until;
                    continue;
                }
                Ok(Arrived::Until(_)) => {
                    RestError::Connection("Cloud Storage takes no more of the object".to_owned())
                }
                Err(error) => error,
            };
            let Some(delay) = retries.next(&error) else { return Err(error) };
            tokio::time::sleep(delay).await;
            // Asks how much arrived before the failure, so that nothing is sent twice and no end is missed.
            match self.how_far(session).await? {
                Arrived::Whole(object) => return Ok(Some(*object)),
                Arrived::Until(until) if until >= end && !piece.is_last => return Ok(None),
                Arrived::Until(until) => have = until,
            }
        }
    }

    async fn send_from(&self, session: &str, piece: &Piece, have: u64) -> Result<Arrived, RestError> {
        let end = piece.begin + piece.bytes.len() as u64;
        let rest = have.checked_sub(piece.begin).and_then(|skipped| usize::try_from(skipped).ok());
        let Some(bytes) =
            rest.filter(|skipped| *skipped < piece.bytes.len()).map(|skipped| piece.bytes.slice(skipped..))
        else {
            return Err(RestError::Unreadable(format!(
                "Cloud Storage has {have} bytes, {end} were sent at most"
            )));
        };
        let total = if piece.is_last { end.to_string() } else { "*".to_owned() };
        let mut request = self
            .access
            .uploads
            .to(Method::PUT, session)?
            .header(CONTENT_RANGE, header(&format!("bytes {have}-{}/{total}", end - 1))?)
            .body(bytes)
            .once();
        if piece.is_last {
            request = request.header(HASH, header(&format!("crc32c={}", checksum(piece.sum)))?);
        }
        arrived(request.open().await?).await
    }

    async fn how_far(&self, session: &str) -> Result<Arrived, RestError> {
        let asked = self.access.uploads.to(Method::PUT, session)?;
        arrived(asked.header(CONTENT_RANGE, header("bytes */*")?).open().await?).await
    }

    /// Returns the object if it has the sent bytes. Otherwise removes it.
    async fn compared(
        &self,
        address: &ObjectAddress,
        object: ObjectResource,
        sum: &str,
    ) -> Result<ObjectInfo, PortError> {
        let differs = object.crc32c.as_deref().is_some_and(|stored| stored != sum);
        let info = object.info()?;
        if !differs {
            return Ok(info);
        }
        let (bucket, key) = names::object(address)?;
        let wrong = self.access.rest.request(Method::DELETE, ["b", bucket, "o", key]);
        self.counters.free();
        let removed = wrong.query("ifGenerationMatch", &info.generation.to_string()).done().await;
        Err(PortError::unavailable(
            PORT,
            match removed {
                Ok(()) => format!("{address} arrived with other bytes than were sent, and was removed"),
                Err(error) => {
                    format!("{address} arrived with other bytes than were sent, and stayed: {error}")
                }
            },
        ))
    }
}

async fn arrived(response: Response) -> Result<Arrived, RestError> {
    if response.status() != StatusCode::PERMANENT_REDIRECT {
        let body = response.bytes().await.map_err(|error| RestError::connection(&error))?;
        let object = serde_json::from_slice(&body).map_err(|error| {
            RestError::Unreadable(format!("the object that was sent cannot be read: {error}"))
        })?;
        return Ok(Arrived::Whole(Box::new(object)));
    }
    let Some(range) = response.headers().get(RANGE) else { return Ok(Arrived::Until(0)) };
    let last = range.to_str().ok().and_then(|range| range.strip_prefix("bytes=0-")?.parse::<u64>().ok());
    match last {
        Some(last) => Ok(Arrived::Until(last + 1)),
        None => Err(RestError::Unreadable(format!("{range:?} does not say how much has arrived"))),
    }
}

fn header(text: &str) -> Result<HeaderValue, RestError> {
    HeaderValue::from_str(text).map_err(|_| RestError::Invalid(format!("'{text}' cannot be a header")))
}

/// The checksum in Google's format.
fn checksum(sum: u32) -> String {
    STANDARD.encode(sum.to_be_bytes())
}

fn refused(error: RestError, address: &ObjectAddress) -> PortError {
    match error.refusal() {
        // An upload needs nothing but the bucket, so the bucket is missing.
        Some(Refusal { status: 404, .. }) => PortError::not_found(named(&address.bucket)),
        // Google has discarded the pieces. They can be sent again.
        Some(Refusal { status: 410, .. }) => PortError::unavailable(PORT, error),
        _ => error.about(PORT, address.to_string()),
    }
}
