//! Working files: the files a task finds in its directory before it runs, and the files kept afterwards.
//!
//! What it is: the rules of `inputFiles`, `outputFiles`, `namespaceFiles` and Java globs (docs/kestra.md 4.3,
//! 4.4), shared by every task family that works on files. Names are untrusted: they never leave their
//! directory, neither by `..` nor through a symbolic link.
//!
//! What it must not know: which task uses the files, expressions (everything is rendered before), processes.
//!
//! How to add one more: another way for files to come in or go out gets its own module, which takes the
//! directory and [`segue_ports::InternalStorage`] and returns names and URIs.

pub mod folder;
pub mod glob;
pub mod input;
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
