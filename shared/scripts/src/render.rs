//! Renders commands and variables, with `{{ workingDir }}` and `{{ outputDir }}`, and replaces `kestra:///`
//! URIs by the paths of local files.

use crate::directories::{COPIES, Directories, Folder, RemoteFile};
use regex::{Captures, Regex};
use segue_files::path::last_part;
use segue_model::{Json, Map};
use segue_task::{TaskContext, TaskError};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Renders expressions with the variables of one run.
pub(crate) struct Rendering<'a> {
    context: &'a TaskContext,
    variables: Map,
}

impl<'a> Rendering<'a> {
    /// Adds `workingDir` and `outputDir` to the variables of the task.
    pub(crate) fn new(context: &'a TaskContext, [dir, out]: &[PathBuf; 2]) -> Self {
        let mut variables = Map::new();
        variables.insert("workingDir".into(), dir.to_string_lossy().into());
        variables.insert("outputDir".into(), out.to_string_lossy().into());
        Self { context, variables }
    }

    /// Renders one text.
    pub(crate) async fn text(&self, template: &str) -> Result<String, TaskError> {
        if template.contains('{') {
            self.context.render_with(template, self.variables.clone()).await
        } else {
            Ok(template.to_owned())
        }
    }

    /// Renders a list of texts. It may also be a single text, or an expression that gives a list.
    pub(crate) async fn texts(&self, property: &str, value: &Json) -> Result<Vec<String>, TaskError> {
        match value {
            Json::Null => Ok(Vec::new()),
            Json::Array(items) => {
                let mut texts = Vec::with_capacity(items.len());
                for item in items {
                    match item {
                        Json::Null => {}
                        Json::String(template) => texts.push(self.text(template).await?),
                        Json::Bool(_) | Json::Number(_) => texts.push(item.to_string()),
                        Json::Array(_) | Json::Object(_) => {
                            return Err(TaskError::failed(format!(
                                "{property} must be a list of texts, but the list contains {item}; quote this value"
                            )));
                        }
                    }
                }
                Ok(texts)
            }
            Json::String(template) => {
                let text = self.text(template).await?;
                match serde_json::from_str::<Vec<Json>>(&text) {
                    Ok(items) => Ok(items.iter().map(plain_text).collect()),
                    Err(_) => Ok(vec![text]),
                }
            }
            other => Err(TaskError::failed(format!("{property} must be a list of texts, not {other}"))),
        }
    }

    /// Renders a map of texts, keys included. It may also be an expression that gives a map.
    pub(crate) async fn map(
        &self,
        property: &str,
        value: &Json,
    ) -> Result<BTreeMap<String, String>, TaskError> {
        let wrong = || TaskError::failed(format!("{property} must be a map of names to texts"));
        match value {
            Json::Null => Ok(BTreeMap::new()),
            Json::Object(fields) => {
                let mut map = BTreeMap::new();
                for (name, value) in fields {
                    let value = match value {
                        Json::Null => continue,
                        Json::String(template) => self.text(template).await?,
                        other => self.text(&other.to_string()).await?,
                    };
                    map.insert(self.text(name).await?, value);
                }
                Ok(map)
            }
            Json::String(template) => match serde_json::from_str::<Json>(&self.text(template).await?) {
                Ok(Json::Object(fields)) => {
                    let present = fields.iter().filter(|(_, value)| !value.is_null());
                    Ok(present.map(|(name, value)| (name.clone(), plain_text(value))).collect())
                }
                _ => Err(wrong()),
            },
            _ => Err(wrong()),
        }
    }
}

fn plain_text(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Replaces the URIs of internal storage in commands by local paths. Each file is copied once. The files for a remote
/// container are only recorded, and copied later.
pub(crate) struct LocalCopies {
    folder: Folder,
    uri: Regex,
    copies: BTreeMap<String, String>,
    /// The path of the folder, relative to the directory that a remote container sees. None on this machine.
    below: Option<String>,
    remote_files: Vec<RemoteFile>,
}

impl LocalCopies {
    /// Copies files into `folder`, which is created with the first copy.
    pub(crate) fn new(folder: Folder) -> Result<Self, TaskError> {
        let uri = Regex::new(r"kestra:///[-A-Za-z0-9+&@#/%?=~_|!:,.;]*[-A-Za-z0-9+&@#/%=~_|]")
            .map_err(|error| TaskError::failed(error.to_string()))?;
        Ok(Self { folder, uri, copies: BTreeMap::new(), below: None, remote_files: Vec::new() })
    }

    /// Records the files for a remote container.
    pub(crate) fn for_remote(directories: &Directories) -> Result<Self, TaskError> {
        let below = directories.own_name().map(|own| format!("{own}/{COPIES}"));
        Ok(Self { below, ..Self::new(directories.own().join(COPIES))? })
    }

    /// The recorded files for a remote container. Empty on this machine.
    pub(crate) fn remote_files(self) -> Vec<RemoteFile> {
        self.remote_files
    }

    /// Returns the text with each URI replaced by a local path.
    pub(crate) async fn replace(&mut self, context: &TaskContext, text: String) -> Result<String, TaskError> {
        if !text.contains("kestra:///") {
            return Ok(text);
        }
        for found in self.uri.find_iter(&text) {
            let uri = found.as_str();
            if self.copies.contains_key(uri) {
                continue;
            }
            let number = self.copies.len().to_string();
            let folder = self.folder.join(&number);
            let local = folder.join(last_part(uri));
            if let Some(below) = &self.below {
                let path = format!("{below}/{number}/{}", last_part(uri));
                self.remote_files.push(RemoteFile { uri: uri.to_owned(), path });
                self.copies.insert(uri.to_owned(), local.seen_text());
                continue;
            }
            tokio::fs::create_dir_all(&folder.here).await.map_err(|error| {
                TaskError::failed(format!("cannot make the folder '{}': {error}", folder.here.display()))
            })?;
            context.storage().get_file(uri, &local.here).await?;
            self.copies.insert(uri.to_owned(), local.seen_text());
        }
        let local = |found: &Captures<'_>| {
            let uri = found.get(0).map_or("", |whole| whole.as_str());
            self.copies.get(uri).map_or_else(|| uri.to_owned(), Clone::clone)
        };
        Ok(self.uri.replace_all(&text, local).into_owned())
    }
}
