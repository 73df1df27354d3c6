//! A bucket as somebody else uses it, without Segue.

use super::System;
use serde_json::{Value, json};

/// A bucket on the emulator of Cloud Storage.
pub(super) struct Bucket {
    http: reqwest::Client,
    storage: String,
    name: &'static str,
}

impl Bucket {
    /// An empty bucket.
    ///
    /// # Errors
    /// An error if the emulator does not answer.
    pub(super) async fn make(system: &System, name: &'static str) -> anyhow::Result<Self> {
        let bucket = Self { http: reqwest::Client::new(), storage: system.storage().to_owned(), name };
        let url = format!("{}/storage/v1/b?project={}", bucket.storage, system.project());
        // An earlier run may have left the bucket.
        bucket.http.post(url).json(&json!({"name": name})).send().await?;
        for object in bucket.names("").await? {
            let object = object.replace('/', "%2F");
            let url = format!("{}/storage/v1/b/{name}/o/{object}", bucket.storage);
            bucket.http.delete(url).send().await?.error_for_status()?;
        }
        Ok(bucket)
    }

    /// Writes an object. Its content is its name.
    ///
    /// # Errors
    /// An error if the emulator refuses the object.
    pub(super) async fn put(&self, name: &str) -> anyhow::Result<()> {
        let Self { storage, name: bucket, .. } = self;
        let url = format!("{storage}/upload/storage/v1/b/{bucket}/o?uploadType=media&name={name}");
        self.http.post(url).body(name.to_owned()).send().await?.error_for_status()?;
        Ok(())
    }

    /// The names of all objects that begin with a prefix.
    ///
    /// # Errors
    /// An error if the emulator does not answer.
    pub(super) async fn names(&self, prefix: &str) -> anyhow::Result<Vec<String>> {
        let Self { storage, name: bucket, .. } = self;
        let (mut names, mut from) = (Vec::new(), String::new());
        loop {
            let url = format!("{storage}/storage/v1/b/{bucket}/o?prefix={prefix}&maxResults=1000{from}");
            let page: Value = self.http.get(url).send().await?.error_for_status()?.json().await?;
            let items = page.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
            names.extend(items.iter().filter_map(|item| item.get("name")?.as_str().map(str::to_owned)));
            match page.get("nextPageToken").and_then(Value::as_str).filter(|token| !token.is_empty()) {
                Some(token) => from = format!("&pageToken={}", token.replace('=', "%3D").replace('/', "%2F")),
                None => return Ok(names),
            }
        }
    }
}
