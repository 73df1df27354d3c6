//! Working files: files in the directory of a task before it runs, and files that are kept afterwards.
//!
//! What it is: the rules of `inputFiles`, `outputFiles`, `namespaceFiles` and Java globs (docs/kestra.md 4.3, 4.4). All
//! tasks that work on files share them. File names are untrusted. They cannot leave their directory, neither by `..`
//! nor through a symbolic link.
//!
//! What it must not know: which task uses the files, expressions (the caller renders them before), and processes.
//!
//! How to add one more way for files to come in or go out: add a module. It takes the directory and
//! [`segue_ports::InternalStorage`], and returns names and URIs.

pub mod folder;
pub mod glob;
pub mod input;
mod limits;
pub mod namespace;
pub mod output;
pub mod path;

pub use folder::SharedFolder;
pub use glob::{NamespaceGlobs, WorkingGlobs};
pub use input::InputFiles;
pub use namespace::NamespaceFiles;
pub use output::FoundFile;

use serde::Deserialize;

/// A text or a list of texts, for properties that accept both.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(from = "OneOrMany")]
#[schemars(with = "OneOrMany")]
pub struct Texts(pub Vec<String>);

#[derive(Deserialize, schemars::JsonSchema)]
#[serde(untagged)]
enum OneOrMany {
    Many(Vec<String>),
    One(String),
}

impl From<OneOrMany> for Texts {
    fn from(value: OneOrMany) -> Self {
        match value {
            OneOrMany::Many(texts) => Self(texts),
            OneOrMany::One(text) => match serde_json::from_str::<Vec<String>>(&text) {
                Ok(texts) => Self(texts),
                Err(_) if text.trim().is_empty() => Self(Vec::new()),
                Err(_) => Self(vec![text]),
            },
        }
    }
}
