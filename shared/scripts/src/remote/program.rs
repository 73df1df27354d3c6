//! The program of a remote container.

use crate::directories::RemoteFile;
use segue_files::Texts;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

/// The program of a remote container, with its environment and files.
pub(crate) struct Program<'a> {
    /// Program and arguments.
    pub(crate) arguments: &'a [String],
    /// The environment variables.
    pub(crate) env: &'a BTreeMap<String, OsString>,
    /// Files of the working directory that are removed when the program has ended.
    pub(crate) removed: Vec<&'a Path>,
    /// Whether the image's own entry point gets the arguments, without a shell in between.
    pub(crate) by_image: bool,
    /// The patterns of the files that the task has as outputs.
    pub(crate) outputs: &'a Texts,
    /// Files of internal storage that are copied to the container's directory.
    pub(crate) remote_files: Vec<RemoteFile>,
}
