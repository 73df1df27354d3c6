//! The outputs of a run: reported variables, the exit code, and the stored output files.

use crate::directories::Directories;
use crate::sink::{Reported, Sink};
use schemars::JsonSchema;
use segue_files::output::{self, FoundFile, Keep};
use segue_files::path::disk_error;
use segue_files::{Texts, WorkingGlobs};
use segue_model::{Json, Map};
use segue_task::{TaskContext, TaskError};
use serde::Serialize;
use std::path::Path;

/// The outputs of a script task.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScriptOutput {
    /// The outputs that the script reported with the output protocol.
    pub vars: Map,
    /// The exit code.
    pub exit_code: i32,
    /// The stored output files: URIs by path.
    pub output_files: Map,
}

/// Stores the output files of a run on this machine, and returns its outputs or its failure.
pub(crate) async fn end(
    context: &TaskContext,
    directories: &Directories,
    patterns: &Texts,
    sink: Sink<'_>,
    code: i32,
) -> Result<ScriptOutput, TaskError> {
    let reported = sink.finish();
    outcome(context, reported, store_files(context, directories, patterns).await, code)
}

/// Returns the outputs of a task, or the failure with these outputs. `stored` is the result of storing the files.
pub(crate) fn outcome(
    context: &TaskContext,
    Reported { vars, lost, cause }: Reported,
    stored: Result<Map, TaskError>,
    code: i32,
) -> Result<ScriptOutput, TaskError> {
    if code == 0 && lost.is_none() {
        return Ok(ScriptOutput { vars, exit_code: code, output_files: stored? });
    }
    let output_files = stored.unwrap_or_else(|error| {
        context.warn(format!("the output files could not be stored: {error}"));
        Map::new()
    });
    let outputs = match serde_json::to_value(ScriptOutput { vars, exit_code: code, output_files }) {
        Ok(Json::Object(outputs)) => outputs,
        _ => Map::new(),
    };
    let failed = || match cause {
        Some(cause) => format!("Command failed with exit code {code}: {cause}"),
        None => format!("Command failed with exit code {code}"),
    };
    let why = lost.filter(|_| code == 0).unwrap_or_else(failed);
    Err(TaskError::failed_with(why, outputs))
}

/// Stores the files that match the patterns, and all files in `{{ outputDir }}`, in internal storage.
async fn store_files(
    context: &TaskContext,
    directories: &Directories,
    patterns: &Texts,
) -> Result<Map, TaskError> {
    // The other tasks that share the directory may still need the files.
    let how = if context.message().working_directory.is_some() { Keep::Copy } else { Keep::Move };
    let mut stored = store_matching(context, directories.dir(), &patterns.0, how).await?;
    stored.extend(store_matching(context, &directories.output_dir(), &["**".to_owned()], Keep::Move).await?);
    Ok(stored)
}

async fn store_matching(
    context: &TaskContext,
    dir: &Path,
    patterns: &[String],
    how: Keep,
) -> Result<Map, TaskError> {
    if patterns.is_empty() {
        return Ok(Map::new());
    }
    let files = found_files(context, dir, patterns).await?;
    Ok(output::store(context.storage(), &files, |name| context.storage_path(name), how).await?)
}

/// The files of a folder that match. A file that may not be stored is named in the log.
pub(crate) async fn found_files(
    context: &TaskContext,
    dir: &Path,
    patterns: &[String],
) -> Result<Vec<FoundFile>, TaskError> {
    let found = output::find(dir, WorkingGlobs::new(dir, patterns)?).await?;
    for name in &found.refused {
        context.warn(format!(
            "'{name}' is not stored: the link leads out of the working directory, or its target does not exist"
        ));
    }
    // A pattern for every file says nothing about a file that was expected.
    let is_for_all = |pattern: &String| pattern.chars().all(|letter| matches!(letter, '*' | '/'));
    if found.files.is_empty() && found.refused.is_empty() && !patterns.iter().all(is_for_all) {
        let there = match found.others.as_slice() {
            [] => "the working directory is empty".to_owned(),
            others => format!("the working directory has {}", others.join(", ")),
        };
        context.info(format!("outputFiles: no file matches {}; {there}", patterns.join(", ")));
    }
    Ok(found.files)
}

/// An error of the local disk, as a failure of the task.
pub(crate) fn failure_of_disk(what: &str, path: &Path, error: &std::io::Error) -> TaskError {
    disk_error(what, path, error).into()
}
