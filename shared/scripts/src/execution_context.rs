//! The file with the variables of the execution, for a script with `executionContext: true` (docs/kestra.md 4.4).

use crate::directories::Directories;
use segue_files::glob::CONTEXT_FILE;
use segue_model::{Json, Map};
use segue_task::{TaskContext, TaskError};
use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::Path;
use tempfile::NamedTempFile;

/// The variable with the path of the file. Kestra's library reads it.
const VARIABLE: &str = "KESTRA_EXECUTION_CONTEXT_FILE";
/// The variables that are left out: a script has its environment, and those of the server are of no use to it.
const LEFT_OUT: [&str; 2] = ["envs", "globals"];

/// Writes the file into the working directory. Returns the file, which is removed with its value, and the variable that
/// tells the script its path. The user alone can read the file.
///
/// # Errors
/// [`TaskError::Failed`] if the file cannot be written.
pub(crate) fn write(
    context: &TaskContext,
    directories: &Directories,
) -> Result<(NamedTempFile, (String, OsString)), TaskError> {
    let mut variables = context.variables();
    variables.retain(|name, _| !LEFT_OUT.contains(&name.as_str()));
    let file = write_to(directories.dir(), variables).map_err(|error| {
        TaskError::failed(format!("cannot write {CONTEXT_FILE} into the working directory: {error}"))
    })?;
    let [dir, _] = directories.seen();
    Ok((file, (VARIABLE.to_owned(), dir.join(CONTEXT_FILE).into())))
}

fn write_to(dir: &Path, variables: Map) -> io::Result<NamedTempFile> {
    // A crashed run can leave the file in a directory that it shares with other tasks.
    match std::fs::remove_file(dir.join(CONTEXT_FILE)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = tempfile::Builder::new().prefix(CONTEXT_FILE).rand_bytes(0).tempfile_in(dir)?;
    file.write_all(Json::Object(variables).to_string().as_bytes())?;
    Ok(file)
}
