//! YAML for `yaml()` and `| yaml`. saphyr's parser reads it. It is written as Jackson writes it.

mod read;
mod write;

pub(crate) use read::parse;
pub(crate) use write::to_string;
