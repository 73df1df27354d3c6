//! YAML for `yaml()` and `| yaml`: read by saphyr's parser, written as Jackson writes it.

mod read;
mod write;

pub(crate) use read::parse;
pub(crate) use write::to_string;
