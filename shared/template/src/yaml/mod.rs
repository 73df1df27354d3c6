//! YAML for `yaml()` and `| yaml`, and for tasks that convert files. saphyr's parser reads it. It is written as Jackson writes it.

mod read;
mod write;

pub use read::documents;
pub(crate) use read::parse;
pub use write::to_string;
