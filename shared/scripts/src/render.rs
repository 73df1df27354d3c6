//! Renders commands and variables, with `{{ workingDir }}` and `{{ outputDir }}`, and replaces `kestra:///`
//! URIs by the paths of local files.

use crate::place::{Brought, COPIES, Folder, Place};
use regex::{Captures, Regex};
use segue_files::path::last_part;
use segue_model::{Json, Map};
use segue_task::{TaskContext, TaskError};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Renders with the variables of one run.
pub(crate) struct Rendering<'a> {
    context: &'a TaskContext,
    variables: Map,
}

impl<'a> Rendering<'a> {
    /// Expressions also see the working directory and the output directory.
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
                                "{property} must be a list of texts, and one of them is {item}; put it in quotes"
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

/// Fetches the files of internal storage in commands, each once, into a folder. For a container outside,
/// records where the container needs them.
pub(crate) struct LocalCopies {
    folder: Folder,
    uri: Regex,
    copies: BTreeMap<String, String>,
    /// The path of the folder below the prefix that the container sees, for a container outside.
    below: Option<String>,
    brought: Vec<Brought>,
}

impl LocalCopies {
    /// Copies go into `folder`, which is created with the first copy.
    pub(crate) fn new(folder: Folder) -> Result<Self, TaskError> {
        let uri = Regex::new(r"kestra:///[-A-Za-z0-9+&@#/%?=~_|!:,.;]*[-A-Za-z0-9+&@#/%=~_|]")
            .map_err(|error| TaskError::failed(error.to_string()))?;
        Ok(Self { folder, uri, copies: BTreeMap::new(), below: None, brought: Vec::new() })
    }

    /// The container makes the copies.
    pub(crate) fn elsewhere(place: &Place) -> Result<Self, TaskError> {
        let below = place.own_name().map(|own| format!("{own}/{COPIES}"));
        Ok(Self { below, ..Self::new(place.own().join(COPIES))? })
    }

    /// The files that a container outside needs.
    pub(crate) fn brought(self) -> Vec<Brought> {
        self.brought
    }

    /// The text with each URI replaced by a local path.
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
                self.brought.push(Brought { uri: uri.to_owned(), path });
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
