//! Copies a prefix of a bucket to a directory of this machine and back, with Cloud Storage's JSON API. A container sees
//! the objects as files in its mount, and others see the files as objects afterwards.

use anyhow::{Context as _, bail};
use reqwest::{Client, Response, Url};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// A prefix and the directory it is copied to.
pub(crate) struct Mounted {
    client: Client,
    /// The address of the API, `http://…`.
    storage: String,
    bucket: String,
    /// The prefix of the objects. Ends with a slash.
    prefix: String,
    directory: PathBuf,
    /// Size and time of the downloaded files.
    before: BTreeMap<String, (u64, SystemTime)>,
}

impl Mounted {
    /// Creates the directory, and downloads the objects of the prefix into it.
    pub(crate) async fn mount(
        storage: String,
        bucket: String,
        prefix: &str,
        directory: PathBuf,
    ) -> anyhow::Result<Self> {
        let prefix = format!("{}/", prefix.trim_matches('/'));
        tokio::fs::create_dir_all(&directory)
            .await
            .with_context(|| format!("{} cannot be made", directory.display()))?;
        let mut mounted =
            Self { client: Client::new(), storage, bucket, prefix, directory, before: BTreeMap::new() };
        for name in mounted.list().await? {
            let file = mounted.directory.join(&name);
            if let Some(folder) = file.parent() {
                tokio::fs::create_dir_all(folder).await?;
            }
            let mut url = mounted.object(&name)?;
            url.set_query(Some("alt=media"));
            let bytes = fine(mounted.client.get(url).send().await?).await?.bytes().await?;
            tokio::fs::write(&file, bytes).await?;
        }
        mounted.before = files(&mounted.directory)?;
        Ok(mounted)
    }

    /// Uploads new and changed files, removes objects without a file, and removes the directory.
    pub(crate) async fn unmount(self) -> anyhow::Result<()> {
        let now = files(&self.directory)?;
        for (name, seen) in &now {
            if self.before.get(name) == Some(seen) {
                continue;
            }
            let mut url = Url::parse(&format!("{}/upload/storage/v1/b/{}/o", self.storage, self.bucket))?;
            url.query_pairs_mut()
                .append_pair("uploadType", "media")
                .append_pair("name", &format!("{}{name}", self.prefix));
            let bytes = tokio::fs::read(self.directory.join(name)).await?;
            fine(self.client.post(url).body(bytes).send().await?).await?;
        }
        for name in self.before.keys().filter(|name| !now.contains_key(*name)) {
            fine(self.client.delete(self.object(name)?).send().await?).await?;
        }
        tokio::fs::remove_dir_all(&self.directory).await?;
        Ok(())
    }

    /// The names of the objects, without the prefix.
    async fn list(&self) -> anyhow::Result<Vec<String>> {
        let mut names = Vec::new();
        let mut page = String::new();
        loop {
            let mut url = Url::parse(&format!("{}/storage/v1/b/{}/o", self.storage, self.bucket))?;
            url.query_pairs_mut().append_pair("prefix", &self.prefix).append_pair("pageToken", &page);
            let listed: Value = fine(self.client.get(url).send().await?).await?.json().await?;
            let items = listed.get("items").and_then(Value::as_array);
            for name in items.into_iter().flatten().filter_map(|item| item.get("name")?.as_str()) {
                let inside = name.strip_prefix(&self.prefix).unwrap_or_default();
                // A key that ends with a slash is a folder.
                if !inside.is_empty() && !inside.ends_with('/') && !inside.split('/').any(|part| part == "..")
                {
                    names.push(inside.to_owned());
                }
            }
            match listed.get("nextPageToken").and_then(Value::as_str) {
                Some(next) if !next.is_empty() => page = next.to_owned(),
                _ => return Ok(names),
            }
        }
    }

    fn object(&self, name: &str) -> anyhow::Result<Url> {
        let mut url = Url::parse(&format!("{}/storage/v1/b/{}/o", self.storage, self.bucket))?;
        // The key is one part of the path, so its slashes are written as %2F.
        url.path_segments_mut()
            .map_err(|()| anyhow::anyhow!("{} is no address", self.storage))?
            .push(&format!("{}{name}", self.prefix));
        Ok(url)
    }
}

async fn fine(answer: Response) -> anyhow::Result<Response> {
    if answer.status().is_success() {
        return Ok(answer);
    }
    let (status, url) = (answer.status(), answer.url().clone());
    bail!("{url}: {status} {}", answer.text().await.unwrap_or_default())
}

/// The files under a directory: size and time by path.
fn files(directory: &Path) -> anyhow::Result<BTreeMap<String, (u64, SystemTime)>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![directory.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            let metadata = std::fs::metadata(&path)?;
            if metadata.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(directory)?.to_string_lossy().into_owned();
                found.insert(name, (metadata.len(), metadata.modified()?));
            }
        }
    }
    Ok(found)
}
