//! The objects that a task selects: a prefix, a depth, and a filter.

use crate::blob::Blob;
use regex::Regex;
use schemars::JsonSchema;
use segue_ports::object::{ObjectAddress, ObjectStore};
use segue_task::{TaskContext, TaskError};
use serde::Deserialize;

/// The depth of the listing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ListingType {
    /// Only the level of the prefix. Deeper objects are folded into folders.
    #[default]
    Directory,
    /// Everything under the prefix.
    Recursive,
}

/// The kind of results.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Filter {
    /// Only objects.
    Files,
    /// Only folders.
    Directory,
    /// Both.
    #[default]
    Both,
}

/// A selection of objects.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Choice {
    /// The bucket and the prefix: `gs://bucket/folder/`.
    pub from: String,
    /// The depth of the listing.
    #[serde(default)]
    pub listing_type: ListingType,
    /// A regular expression for the whole `gs://` address.
    pub reg_exp: Option<String>,
    /// Whether older generations are listed too. There are none here, so it has no effect.
    #[serde(default)]
    pub all_versions: bool,
}

impl Choice {
    /// The selected objects and folders, in the order of their names.
    ///
    /// # Errors
    /// An invalid address or expression, or a bucket that does not exist.
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
            // Some tools mark a folder by an object with a name that ends with a slash.
            let marker = |name: &str| name.ends_with('/');
            blobs.extend(listing.objects.into_iter().map(Blob::from_info).filter(|blob| !marker(&blob.name)));
        }
        blobs.retain(|blob| matches.as_ref().is_none_or(|matches| matches.is_match(&blob.uri)));
        blobs.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(blobs)
    }
}

/// Limits the number of results, and logs how many are left out.
pub(crate) fn at_most(context: &TaskContext, mut blobs: Vec<Blob>, max: Option<usize>) -> Vec<Blob> {
    /// Kestra's own default.
    const MAX_FILES: usize = 25;
    let max = max.unwrap_or(MAX_FILES);
    if blobs.len() > max {
        context.warn(format!(
            "{} objects and folders match; maxFiles limits the result to the first {max}",
            blobs.len()
        ));
        blobs.truncate(max);
    }
    blobs
}
