//! Copies the objects of an external table from the storage emulator to the warehouse's object root, with the
//! JSON API. Only changed objects are copied.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use segue_embedded::warehouse::ObjectSource;
use segue_ports::warehouse::WarehouseError;
use serde::Deserialize;
use std::collections::HashMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use tokio::runtime::Handle;

/// The storage emulator.
pub(super) struct StorageEmulator {
    client: reqwest::Client,
    address: String,
    root: PathBuf,
    /// The version of each copied object.
    brought: Mutex<HashMap<PathBuf, String>>,
    runtime: Handle,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct Page {
    items: Vec<Object>,
    next_page_token: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Object {
    name: String,
    generation: String,
}

impl StorageEmulator {
    pub(super) fn new(address: &str, root: &Path, runtime: Handle) -> anyhow::Result<Self> {
        let address = if address.contains("://") { address.to_owned() } else { format!("http://{address}") };
        Ok(Self {
            client: reqwest::Client::builder().no_proxy().build()?,
            address: address.trim_end_matches('/').to_owned(),
            root: root.to_owned(),
            brought: Mutex::default(),
            runtime,
        })
    }

    /// Writes an object.
    pub(super) async fn upload(&self, bucket: &str, key: &str, bytes: Vec<u8>) -> anyhow::Result<()> {
        let (bucket, key) = (encoded(bucket), encoded(key));
        let url = format!("{}/upload/storage/v1/b/{bucket}/o?uploadType=media&name={key}", self.address);
        self.client.post(url).body(bytes).send().await?.error_for_status()?;
        Ok(())
    }

    async fn bring(&self, bucket: &str, pattern: &str) -> anyhow::Result<()> {
        let start = pattern.split('*').next().unwrap_or_default();
        let matching = glob(pattern);
        let mut there = Vec::new();
        for object in self.list(bucket, start).await? {
            if !matching(&object.name) {
                continue;
            }
            let path = self.root.join(bucket).join(&object.name);
            if self.known(&path) != Some(object.generation.clone()) {
                self.download(bucket, &object.name, &path).await?;
                let mut brought = self.brought.lock().unwrap_or_else(PoisonError::into_inner);
                brought.insert(path.clone(), object.generation);
            }
            there.push(path);
        }
        self.forget(bucket, matching, &there)
    }

    fn known(&self, path: &Path) -> Option<String> {
        self.brought.lock().unwrap_or_else(PoisonError::into_inner).get(path).cloned()
    }

    async fn list(&self, bucket: &str, prefix: &str) -> anyhow::Result<Vec<Object>> {
        let mut found = Vec::new();
        let mut token = String::new();
        loop {
            let url = format!(
                "{}/storage/v1/b/{}/o?prefix={}&pageToken={}",
                self.address,
                encoded(bucket),
                encoded(prefix),
                encoded(&token)
            );
            let response = self.client.get(url).send().await?;
            if response.status() == reqwest::StatusCode::NOT_FOUND {
                return Ok(Vec::new());
            }
            let page: Page = serde_json::from_slice(&response.error_for_status()?.bytes().await?)?;
            found.extend(page.items);
            match page.next_page_token.filter(|token| !token.is_empty()) {
                Some(next) => token = next,
                None => return Ok(found),
            }
        }
    }

    async fn download(&self, bucket: &str, key: &str, path: &Path) -> anyhow::Result<()> {
        let safe = !key.split('/').any(|part| part.is_empty() || part == "." || part == "..");
        anyhow::ensure!(safe, "the object gs://{bucket}/{key} has no place in a folder");
        let folder = path.parent().unwrap_or(&self.root);
        std::fs::create_dir_all(folder)?;
        let url = format!("{}/storage/v1/b/{}/o/{}?alt=media", self.address, encoded(bucket), encoded(key));
        let mut response = self.client.get(url).send().await?.error_for_status()?;
        // The file has another name until it is complete, because DuckDB must not read a part of a file.
        let mut file = tempfile::NamedTempFile::new_in(&self.root)?;
        while let Some(piece) = response.chunk().await? {
            file.write_all(&piece)?;
        }
        file.persist(path)?;
        Ok(())
    }

    /// Removes copies of objects that match the pattern and no longer exist.
    fn forget(&self, bucket: &str, matching: impl Fn(&str) -> bool, there: &[PathBuf]) -> anyhow::Result<()> {
        let folder = self.root.join(bucket);
        let mut brought = self.brought.lock().unwrap_or_else(PoisonError::into_inner);
        let gone: Vec<PathBuf> = brought
            .keys()
            .filter(|path| !there.contains(path))
            .filter(|path| path.strip_prefix(&folder).is_ok_and(|key| matching(&key.to_string_lossy())))
            .cloned()
            .collect();
        for path in gone {
            std::fs::remove_file(&path)?;
            brought.remove(&path);
        }
        Ok(())
    }
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// Whether a key matches a pattern. Each `*` stands for any characters.
fn glob(pattern: &str) -> impl Fn(&str) -> bool {
    let parts: Vec<String> = pattern.split('*').map(str::to_owned).collect();
    move |key| {
        let [first, middle @ .., last] = parts.as_slice() else {
            return parts.iter().any(|whole| whole == key);
        };
        let Some(mut rest) =
            key.strip_prefix(first.as_str()).and_then(|rest| rest.strip_suffix(last.as_str()))
        else {
            return false;
        };
        middle.iter().all(|part| match rest.split_once(part.as_str()) {
            Some((_, after)) => {
                rest = after;
                true
            }
            None => false,
        })
    }
}

impl ObjectSource for StorageEmulator {
    fn fetch(&self, uri: &str) -> Result<(), WarehouseError> {
        let Some((bucket, key)) = uri.strip_prefix("gs://").and_then(|path| path.split_once('/')) else {
            return Ok(());
        };
        self.runtime.block_on(self.bring(bucket, key)).map_err(|error| WarehouseError::Unavailable {
            message: format!(
                "{uri} cannot be fetched from the storage emulator at {}: {error:#}",
                self.address
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_letters() {
        for (pattern, key, meant) in [
            ("a.csv", "a.csv", true),
            ("a.csv", "b.csv", false),
            ("in/*.csv", "in/x/y.csv", true),
            ("in/*.csv", "in/x.txt", false),
            ("*a*b", "xaxb", true),
            ("*a*b", "xbxb", false),
        ] {
            assert_eq!(glob(pattern)(key), meant, "{pattern} {key}");
        }
    }
}
