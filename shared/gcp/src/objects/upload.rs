//! Uploads to Cloud Storage, with the JSON API.
//!
//! A small object is sent in one request. A larger one is sent in pieces, and a piece is kept in memory until
//! Google has it, so memory does not grow with the object. Each upload contains the checksum, and Google
//! compares it before the object exists, so that an object exists completely or not at all. Google's own
//! client would do the same, but its large uploads cannot be tested on an emulator: it sends them to a host
//! name without a port.

use super::buckets::named;
use super::control::UNSAID;
use super::wire::{AttributesResource, NewObject, ObjectResource};
use super::{CloudObjectStore, PORT, names};
use crate::rest::{Piece, Pieces, Refusal, Request, RestError, Session};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::StreamExt as _;
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use segue_ports::object::{ByteStream, ObjectAddress, ObjectAttributes, ObjectInfo};
use segue_ports::{PortError, random_name};
use std::path::Path;
use tokio_util::io::ReaderStream;

/// The header with the checksum of the sent bytes.
const HASH: HeaderName = HeaderName::from_static("x-goog-hash");
/// The number of bytes read from a file at once.
const CHUNK: usize = 1 << 20;

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
                let hash = header(&format!("crc32c={}", checksum(piece.sum)));
                let sent = match hash {
                    Ok(hash) => session.send(&piece, Some((HASH, hash))).await,
                    Err(error) => Err(error),
                };
                if let Some(object) = sent.map_err(|error| refused(error, address))? {
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

    /// Announces an upload in pieces.
    async fn begin(
        &self,
        address: &ObjectAddress,
        attributes: &AttributesResource,
    ) -> Result<Session<'_>, RestError> {
        let about = NewObject { name: &address.key, crc32c: None, attributes };
        let request = self.upload(address, "resumable").json(&about)?;
        Session::begin(&self.access.uploads, request).await
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
