//! Which objects a task means: a prefix, how deep, which of them.

use crate::blob::Blob;
use regex::Regex;
use schemars::JsonSchema;
use segue_ports::object::{ObjectAddress, ObjectStore};
use segue_task::{TaskContext, TaskError};
use serde::Deserialize;

/// How deep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ListingType {
    /// What is right under the prefix; what is deeper is folded into folders.
    #[default]
    Directory,
    /// Everything under the prefix.
    Recursive,
}

/// What of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Filter {
    /// Objects alone.
    Files,
    /// Folders alone.
    Directory,
    /// Both.
    #[default]
    Both,
}

/// A choice of objects.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Choice {
    /// The bucket, with what the names begin with: `gs://bucket/folder/`.
    pub from: String,
    /// How deep.
    #[serde(default)]
    pub listing_type: ListingType,
    /// What the whole `gs://` address must match.
    pub reg_exp: Option<String>,
    /// Older generations as well; none are kept here, so it changes nothing.
    #[serde(default)]
    pub all_versions: bool,
}

impl Choice {
    /// The objects and folders that are meant, in order of their names.
    ///
    /// # Errors
    /// A bad address or expression, a bucket that is not there.
    pub async fn blobs(&self, objects: &dyn ObjectStore, filter: Filter) -> Result<Vec<Blob>, TaskError> {
        let ObjectAddress { bucket, key } = ObjectAddress::parse(self.from.trim())?;
        let matches = match &self.reg_exp {
            Some(text) => Some(Regex::new(&format!("^(?:{text})$")).map_err(|error| {
                TaskError::failed(format!("regExp '{text}' is not a regular expression: {error}"))
            })?),
            None => None,
        };
        let delimiter = (self.listing_type == ListingType::Directory).then_some('/');
        let listing = objects.list(&bucket, &key, delimiter).await?;
        let mut blobs = Vec::new();
        if filter != Filter::Files {
            blobs.extend(listing.prefixes.iter().map(|prefix| Blob::folder(&bucket, prefix)));
        }
        if filter != Filter::Directory {
            // An object whose name ends with a slash is how some tools mark a folder.
            let marker = |name: &str| name.ends_with('/');
            blobs.extend(listing.objects.into_iter().map(Blob::from_info).filter(|blob| !marker(&blob.name)));
        }
        blobs.retain(|blob| matches.as_ref().is_none_or(|matches| matches.is_match(&blob.uri)));
        blobs.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(blobs)
    }
}

/// At most so many, with a line in the log for what is left out.
pub(crate) fn at_most(context: &TaskContext, mut blobs: Vec<Blob>, max: Option<usize>) -> Vec<Blob> {
    /// Kestra's own default.
    const MAX_FILES: usize = 25;
    let max = max.unwrap_or(MAX_FILES);
    if blobs.len() > max {
        context.warn(format!("{} are there, and maxFiles takes the first {max} of them", blobs.len()));
        blobs.truncate(max);
    }
    blobs
}
