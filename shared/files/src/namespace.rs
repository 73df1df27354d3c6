//! Namespace files. They are in internal storage below `/<namespace as folders>/_files/` (docs/kestra.md 2.8).
//! `namespaceFiles` copies them into working directories (docs/kestra.md 4.4).

use crate::Texts;
use crate::glob::NamespaceGlobs;
use crate::limits::AT_ONCE;
use crate::path::{plain, prepare};
use futures::{StreamExt as _, TryStreamExt as _};
use schemars::JsonSchema;
use segue_ports::{InternalStorage, PortError};
use serde::Deserialize;
use std::path::Path;

/// The property `namespaceFiles`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct NamespaceFiles {
    /// Whether namespace files are copied to the working directory.
    pub enabled: bool,
    /// Patterns of files to copy. If empty, all files are copied.
    pub include: Texts,
    /// Patterns of files to leave out.
    pub exclude: Texts,
    /// The namespaces to copy from. If empty, the namespace of the flow. A file of a later namespace replaces a file of
    /// an earlier namespace.
    pub namespaces: Texts,
}

impl Default for NamespaceFiles {
    fn default() -> Self {
        Self {
            enabled: true,
            include: Texts::default(),
            exclude: Texts::default(),
            namespaces: Texts::default(),
        }
    }
}

/// One namespace file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamespaceFile {
    /// The path in the namespace, without a slash at the start.
    pub path: String,
    /// The URI of the file.
    pub uri: String,
    /// The size in bytes.
    pub size: u64,
}

impl NamespaceFiles {
    /// Copies the files that match into `dir`, and returns their paths. `own` is the namespace of the flow.
    ///
    /// # Errors
    /// [`PortError::Invalid`] if a pattern is invalid. Otherwise as [`InternalStorage::get_file`].
    pub async fn copy(
        &self,
        dir: &Path,
        storage: &InternalStorage,
        own: &str,
    ) -> Result<Vec<String>, PortError> {
        if !self.enabled {
            return Ok(Vec::new());
        }
        let include = NamespaceGlobs::new(&self.include.0)?;
        let exclude = NamespaceGlobs::new(&self.exclude.0)?;
        let own = [own.to_owned()];
        let namespaces: &[String] = if self.namespaces.0.is_empty() { &own } else { &self.namespaces.0 };
        let mut copied = Vec::new();
        for namespace in namespaces {
            let mut wanted = Vec::new();
            for file in list(storage, namespace).await? {
                if (self.include.0.is_empty() || include.matches(&file.path)) && !exclude.matches(&file.path)
                {
                    wanted.push((prepare(dir, &file.path).await?, file));
                }
            }
            futures::stream::iter(&wanted)
                .map(Ok)
                .try_for_each_concurrent(AT_ONCE, |(target, file)| async move {
                    storage.get_file(&file.uri, target).await.map(drop)
                })
                .await?;
            copied.extend(wanted.into_iter().map(|(_, file)| file.path));
        }
        Ok(copied)
    }
}

/// The folder with the files of a namespace in internal storage. It ends with a slash.
///
/// # Errors
/// [`PortError::Invalid`] if the namespace is invalid.
pub fn folder(namespace: &str) -> Result<String, PortError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if namespace.is_empty() || !namespace.chars().all(allowed) || namespace.split('.').any(str::is_empty) {
        return Err(PortError::invalid(format!(
            "'{namespace}' is not a namespace; write one like 'company.team', of letters, digits, '.', '_' and '-'"
        )));
    }
    Ok(format!("{}/_files/", namespace.replace('.', "/")))
}

/// The path of a namespace file in internal storage.
///
/// # Errors
/// [`PortError::Invalid`] if the path would leave the namespace.
pub fn storage_path(namespace: &str, path: &str) -> Result<String, PortError> {
    Ok(format!("{}{}", folder(namespace)?, plain(path.trim_start_matches('/'))?))
}

/// The URI for the text after `nsfile://`: `/path` in the namespace of the flow (`own`), `other.namespace/path` in
/// another namespace.
pub(crate) fn uri_of(rest: &str, own: &str) -> Result<String, PortError> {
    let (namespace, path) = rest.split_once('/').ok_or_else(|| {
        PortError::invalid(format!("'nsfile://{rest}' is not the name of a file; write nsfile:///<path>"))
    })?;
    let namespace = if namespace.is_empty() { own } else { namespace };
    Ok(InternalStorage::uri(&storage_path(namespace, path)?))
}

/// All files of exactly this namespace, sorted by path.
///
/// # Errors
/// As [`InternalStorage::list`].
pub async fn list(storage: &InternalStorage, namespace: &str) -> Result<Vec<NamespaceFile>, PortError> {
    let folder = folder(namespace)?;
    let prefix = InternalStorage::uri(&folder);
    let listed = storage.list(&folder).await?;
    Ok(listed
        .into_iter()
        .filter_map(|(uri, size)| {
            let path = uri.strip_prefix(&prefix)?.to_owned();
            Some(NamespaceFile { path, uri, size })
        })
        .collect())
}

/// The namespaces that have files. Reads every folder of internal storage once, except those of executions.
///
/// # Errors
/// As [`InternalStorage::folders`].
pub async fn with_files(storage: &InternalStorage) -> Result<Vec<String>, PortError> {
    let (mut found, mut open) = (Vec::new(), vec![String::new()]);
    while let Some(above) = open.pop() {
        for name in storage.folders(&above).await? {
            if name == "_files" {
                found.push(above.trim_end_matches('/').replace('/', "."));
            } else if !name.starts_with('_') && name != "executions" {
                open.push(format!("{above}{name}/"));
            }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::tests::storage;

    async fn filled() -> (InternalStorage, tempfile::TempDir) {
        let (storage, root) = storage();
        for path in ["scripts/etl.py", "scripts/lib/util.py", "queries/a.sql", "readme.md"] {
            let target = storage_path("my.team", path).unwrap();
            storage.put_text(&target, path.to_owned()).await.unwrap();
        }
        storage.put_text(&storage_path("my", "above.txt").unwrap(), "x").await.unwrap();
        storage.put_text(&storage_path("my.team.child", "below.txt").unwrap(), "x").await.unwrap();
        (storage, root)
    }

    fn spec(json: serde_json::Value) -> NamespaceFiles {
        serde_json::from_value(json).unwrap()
    }

    #[tokio::test]
    async fn only_files_of_the_namespace_are_listed() {
        let (storage, _root) = filled().await;
        let dir = tempfile::tempdir().unwrap();
        let mut copied = spec(serde_json::json!({})).copy(dir.path(), &storage, "my.team").await.unwrap();
        copied.sort();
        assert_eq!(copied, ["queries/a.sql", "readme.md", "scripts/etl.py", "scripts/lib/util.py"]);
        let text = std::fs::read_to_string(dir.path().join("scripts/lib/util.py")).unwrap();
        assert_eq!(text, "scripts/lib/util.py");
    }

    #[tokio::test]
    async fn include_exclude_and_namespaces_choose() {
        let (storage, _root) = filled().await;
        let dir = tempfile::tempdir().unwrap();
        let choose = spec(serde_json::json!({"include": ["scripts/**", "*.md"], "exclude": "util.py"}));
        let mut copied = choose.copy(dir.path(), &storage, "my.team").await.unwrap();
        copied.sort();
        assert_eq!(copied, ["readme.md", "scripts/etl.py"]);
        let other = spec(serde_json::json!({"namespaces": ["my", "my.team.child"]}));
        let copied = other.copy(dir.path(), &storage, "my.team").await.unwrap();
        assert_eq!(copied, ["above.txt", "below.txt"]);
        let off = spec(serde_json::json!({"enabled": false}));
        assert!(off.copy(dir.path(), &storage, "my.team").await.unwrap().is_empty());
    }

    #[test]
    fn paths_stay_in_their_namespace() {
        assert_eq!(storage_path("a.b", "/x/y.sql").unwrap(), "a/b/_files/x/y.sql");
        assert!(storage_path("a.b", "../../c/_files/x").is_err());
        assert!(storage_path("a..b", "x").is_err());
        assert!(storage_path("../a", "x").is_err());
        assert!(storage_path("", "x").is_err());
        assert!(uri_of("no-slash", "a").is_err());
    }
}
