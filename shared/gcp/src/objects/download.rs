//! Downloads from Cloud Storage, with Google's client. The bytes are exactly those stored, also of compressed
//! objects, and all of one generation.

use super::buckets::named;
use super::{CloudObjectStore, PORT, names};
use crate::rest::{Refusal, RestError};
use futures::StreamExt as _;
use google_cloud_storage::Error;
use google_cloud_storage::read_object::ReadObjectResponse;
use reqwest::StatusCode;
use segue_ports::PortError;
use segue_ports::object::{ByteStream, ObjectAddress, ObjectInfo};
use std::path::Path;
use tokio::io::AsyncWriteExt as _;

/// How often an object is opened again because it was replaced while it was opened.
const TRIES: u8 = 5;
/// The number of bytes written to a file at once.
const CHUNK: usize = 1 << 20;

impl CloudObjectStore {
    pub(super) async fn download(
        &self,
        address: &ObjectAddress,
    ) -> Result<(ObjectInfo, ByteStream), PortError> {
        let (info, response) = self.open(address).await?;
        let (counters, name) = (self.counters.clone(), address.to_string());
        let bytes = futures::stream::unfold(Some(response), move |response| {
            let (counters, name) = (counters.clone(), name.clone());
            async move {
                let mut response = response?;
                match response.next().await? {
                    Ok(chunk) => {
                        counters.received(chunk.len() as u64);
                        Some((Ok(chunk), Some(response)))
                    }
                    // The beginning is already read, so the download cannot continue with another generation.
                    Err(error) => Some((Err(explained(&error).about(PORT, name)), None)),
                }
            }
        });
        Ok((info, bytes.boxed()))
    }

    pub(super) async fn download_file(
        &self,
        address: &ObjectAddress,
        path: &Path,
    ) -> Result<ObjectInfo, PortError> {
        let failed =
            |error: std::io::Error| PortError::unavailable(PORT, format!("{}: {error}", path.display()));
        let (info, mut bytes) = self.download(address).await?;
        let file = tokio::fs::File::create(path).await.map_err(failed)?;
        let mut file = tokio::io::BufWriter::with_capacity(CHUNK, file);
        while let Some(chunk) = bytes.next().await {
            file.write_all(&chunk?).await.map_err(failed)?;
        }
        file.flush().await.map_err(failed)?;
        Ok(info)
    }

    /// The description of an object, and the bytes of exactly this generation. The answer with the bytes does
    /// not contain the whole description.
    async fn open(&self, address: &ObjectAddress) -> Result<(ObjectInfo, ReadObjectResponse), PortError> {
        let (bucket, key) = names::object(address)?;
        let bucket_path = format!("projects/_/buckets/{bucket}");
        let mut tries = 0;
        loop {
            tries += 1;
            let info = match self.look_at(address).await? {
                Some(info) => info,
                None => return Err(PortError::not_found(address.to_string())),
            };
            let generation = i64::try_from(info.generation).map_err(|_| {
                PortError::unavailable(PORT, format!("{} has an odd generation", named(bucket)))
            })?;
            self.counters.class_b();
            let opened = self
                .access
                .data()
                .await?
                .read_object(&bucket_path, key)
                .set_generation(generation)
                .with_automatic_decompression(false)
                .send()
                .await;
            match opened.map_err(|error| explained(&error)) {
                Ok(response) => return Ok((info, response)),
                Err(error) if error.is_status(404) && tries < TRIES => {}
                Err(error) => return Err(error.about(PORT, address.to_string())),
            }
        }
    }
}

/// Converts an error of Google's client to one of its REST API.
fn explained(error: &Error) -> RestError {
    let Some(status) = error.http_status_code() else { return RestError::connection(error) };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    // The payload is either the raw body, or the error that the client parsed from the body.
    let body = error.http_payload().map_or(&[][..], |body| body.as_ref());
    let refusal = Refusal::from_response(status, body);
    match error.status() {
        Some(said) => Refusal { message: said.message.clone(), ..refusal }.into(),
        None => refusal.into(),
    }
}
