//! What a container elsewhere runs.

use crate::directories::RemoteFile;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

/// What a container is to run.
pub(crate) struct Program<'a> {
    /// Program and arguments.
    pub(crate) arguments: &'a [String],
    /// Variables of the process.
    pub(crate) env: &'a BTreeMap<String, OsString>,
    /// A file of the working directory that goes when it has ended.
    pub(crate) script: Option<&'a Path>,
    /// The image's own entry point gets the arguments, without a shell in between.
    pub(crate) by_image: bool,
    /// Files of internal storage that are to be there.
    pub(crate) remote_files: Vec<RemoteFile>,
}
