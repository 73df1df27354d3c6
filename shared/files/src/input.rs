//! `inputFiles`: files that are put into the working directory before the task runs (docs/kestra.md 4.4).

use crate::limits::AT_ONCE;
use crate::namespace;
use crate::path::{disk_error, plain, prepare};
use futures::{StreamExt as _, TryStreamExt as _};
use segue_model::Json;
use segue_ports::{InternalStorage, PortError};
use std::path::Path;

/// Files by name. Each value is the content of the file, or the URI of another file (`kestra:///…`, `nsfile:///…`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InputFiles(Vec<(String, String)>);

impl InputFiles {
    /// Parses a rendered property: a map of names to contents or URIs, or such a map as JSON text. Entries with null
    /// are left out. A value that is not a text becomes JSON text.
    ///
    /// # Errors
    /// [`PortError::Invalid`] if the value has another form.
    pub fn parse(value: &Json) -> Result<Self, PortError> {
        match value {
            Json::Null => Ok(Self::default()),
            Json::String(text) if text.trim().is_empty() => Ok(Self::default()),
            Json::String(text) => match serde_json::from_str::<Json>(text) {
                Ok(map @ Json::Object(_)) => Self::parse(&map),
                _ => Err(PortError::invalid(
                    "inputFiles is a text that is not a JSON map; write a map of file names to contents or URIs",
                )),
            },
            Json::Object(map) => Ok(Self(
                map.iter()
                    .filter(|(_, value)| !value.is_null())
                    .map(|(name, value)| {
                        let content = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                        (name.clone(), content)
                    })
                    .collect(),
            )),
            other => Err(PortError::invalid(format!(
                "inputFiles must be a map of file names to contents or URIs, not {other}"
            ))),
        }
    }

    /// Whether there are no files.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The names, in the order of the property.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// Removes the entries with URIs of internal storage. Returns them as plain names with URIs, for a caller that
    /// copies them without reading them. `namespace` is the namespace of the flow, for `nsfile:///`.
    ///
    /// # Errors
    /// [`PortError::Invalid`] if a name would leave the directory, or if a URI is invalid.
    pub fn take_stored(&mut self, namespace: &str) -> Result<Vec<(String, String)>, PortError> {
        let mut stored = Vec::new();
        for (name, value) in std::mem::take(&mut self.0) {
            match address(&value, namespace)? {
                Some(uri) => stored.push((plain(&name)?, uri)),
                None => self.0.push((name, value)),
            }
        }
        Ok(stored)
    }

    /// Writes the files into `dir`, and replaces existing files. `namespace` is the namespace of the flow, for
    /// `nsfile:///`.
    ///
    /// # Errors
    /// [`PortError::Invalid`] if a name would leave the directory. [`PortError::NotFound`] if the file of a URI does
    /// not exist.
    pub async fn write(
        &self,
        dir: &Path,
        storage: &InternalStorage,
        namespace: &str,
    ) -> Result<(), PortError> {
        // Folders are created one after the other. Otherwise two files in one new folder would both try to create it.
        let mut targets = Vec::with_capacity(self.0.len());
        for (name, value) in &self.0 {
            targets.push((prepare(dir, name).await?, name, value));
        }
        futures::stream::iter(targets)
            .map(Ok)
            .try_for_each_concurrent(AT_ONCE, |(target, name, value)| async move {
                match address(value, namespace)? {
                    None => tokio::fs::write(&target, value.as_bytes())
                        .await
                        .map_err(|error| disk_error("write", &target, &error)),
                    Some(uri) => match storage.get_file(&uri, &target).await {
                        Ok(_) => Ok(()),
                        Err(PortError::NotFound { .. }) => {
                            Err(PortError::not_found(format!("{} of the input file '{name}'", value.trim())))
                        }
                        Err(error) => Err(error),
                    },
                }
            })
            .await
    }
}

/// The URI in internal storage if the whole value is a URI. `None` if the value is a content.
fn address(value: &str, namespace: &str) -> Result<Option<String>, PortError> {
    let value = value.trim();
    if InternalStorage::is_uri(value) && !value.contains('\n') {
        return Ok(Some(value.to_owned()));
    }
    match value.strip_prefix("nsfile://") {
        Some(rest) if !value.contains('\n') => namespace::uri_of(rest, namespace).map(Some),
        _ => Ok(None),
    }
}

/// The URI in internal storage for `kestra:///…` or `nsfile:///…`. `namespace` is the namespace of the flow.
///
/// # Errors
/// [`PortError::Invalid`] if the text is not such a URI.
pub fn uri_of_value(value: &str, namespace: &str) -> Result<String, PortError> {
    address(value, namespace)?.ok_or_else(|| {
        let shown: String = value.chars().take(200).collect();
        PortError::invalid(format!(
            "'{shown}' is not a file of internal storage; its URI must begin with kestra:///"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::tests::storage;
    use serde_json::json;

    #[tokio::test]
    async fn contents_and_addresses_are_written() {
        let (storage, _root) = storage();
        let bytes: &[u8] = b"\x00\xff binary\r\n";
        let uri = storage.put_text("e/a.bin", bytes.to_vec()).await.unwrap();
        storage.put_text("my/team/_files/q/a.sql", "select 1").await.unwrap();
        storage.put_text("other/_files/b.sql", "select 2").await.unwrap();
        let dir = tempfile::tempdir().unwrap();
        let files = InputFiles::parse(&json!({
            "a.txt": "no newline at the end",
            "deep/er/mit Leerzeichen ü.txt": "",
            "data.bin": uri,
            "a.sql": "nsfile:///q/a.sql",
            "b.sql": "nsfile://other/b.sql",
            "map.json": {"a": [1, 2]},
            "number": 7,
            "none": null,
            "text-with-uri": "see kestra:///x/y",
        }))
        .unwrap();
        files.write(dir.path(), &storage, "my.team").await.unwrap();
        let read = |name: &str| std::fs::read(dir.path().join(name)).unwrap();
        assert_eq!(read("a.txt"), b"no newline at the end");
        assert_eq!(read("deep/er/mit Leerzeichen ü.txt"), b"");
        assert_eq!(read("data.bin"), bytes);
        assert_eq!(read("a.sql"), b"select 1");
        assert_eq!(read("b.sql"), b"select 2");
        assert_eq!(read("map.json"), br#"{"a":[1,2]}"#);
        assert_eq!(read("number"), b"7");
        assert_eq!(read("text-with-uri"), b"see kestra:///x/y");
        assert!(!dir.path().join("none").exists());
    }

    #[tokio::test]
    async fn a_missing_source_and_a_hostile_name_are_named() {
        let (storage, _root) = storage();
        let dir = tempfile::tempdir().unwrap();
        let missing = InputFiles::parse(&json!({"a.csv": "kestra:///not/there.csv"})).unwrap();
        let error = missing.write(dir.path(), &storage, "n").await.unwrap_err().to_string();
        assert!(error.contains("kestra:///not/there.csv") && error.contains("a.csv"), "{error}");
        for name in ["../x", "/etc/x", "a/../../x"] {
            let files = InputFiles::parse(&json!({name: "x"})).unwrap();
            let error = files.write(dir.path(), &storage, "n").await.unwrap_err().to_string();
            assert!(error.contains("refused"), "{error}");
        }
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_json_text_is_a_map_too() {
        let files = InputFiles::parse(&json!("{\"a\": \"b\"}")).unwrap();
        assert_eq!(files.names().collect::<Vec<_>>(), ["a"]);
        assert!(InputFiles::parse(&json!("")).unwrap().is_empty());
        assert!(InputFiles::parse(&json!("a.txt")).is_err());
        assert!(InputFiles::parse(&json!(["a.txt"])).is_err());
    }
}
