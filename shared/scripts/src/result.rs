//! What a run gives out: reported variables, the exit code, and the files that are kept.

use crate::directories::Directories;
use crate::sink::{Reported, Sink};
use segue_files::output::{self, FoundFile, Keep};
use segue_files::path::disk_error;
use segue_files::{Texts, WorkingGlobs};
use segue_model::{Json, Map};
use segue_task::{TaskContext, TaskError};
use serde::Serialize;
use std::path::Path;

/// What a script gives out.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ScriptOutput {
    /// What it reported by the output protocol.
    pub vars: Map,
    /// Its exit code.
    pub exit_code: i32,
    /// The files that were kept: URIs by path.
    pub output_files: Map,
}

/// Keeps files and outputs, and says how it went.
pub(crate) async fn end(
    context: &TaskContext,
    directories: &Directories,
    patterns: &Texts,
    sink: Sink<'_>,
    code: i32,
) -> Result<ScriptOutput, TaskError> {
    let reported = sink.finish();
    outcome(context, reported, keep(context, directories, patterns).await, code)
}

/// What the task gives out, or how it failed; it fails with what it gives out.
pub(crate) fn outcome(
    context: &TaskContext,
    Reported { vars, lost }: Reported,
    kept: Result<Map, TaskError>,
    code: i32,
) -> Result<ScriptOutput, TaskError> {
    if code == 0 && lost.is_none() {
        return Ok(ScriptOutput { vars, exit_code: code, output_files: kept? });
    }
    let output_files = kept.unwrap_or_else(|error| {
        context.warn(format!("the output files could not be stored: {error}"));
        Map::new()
    });
    let outputs = match serde_json::to_value(ScriptOutput { vars, exit_code: code, output_files }) {
        Ok(Json::Object(outputs)) => outputs,
        _ => Map::new(),
    };
    let why = lost.filter(|_| code == 0).unwrap_or_else(|| format!("Command failed with exit code {code}"));
    Err(TaskError::failed_with(why, outputs))
}

/// Brings output files into internal storage: those that match, and all in `{{ outputDir }}`.
async fn keep(context: &TaskContext, directories: &Directories, patterns: &Texts) -> Result<Map, TaskError> {
    // Siblings in a shared directory may still want their files.
    let how = if context.message().working_directory.is_some() { Keep::Copy } else { Keep::Move };
    let mut kept = keep_matching(context, directories.dir(), &patterns.0, how).await?;
    kept.extend(keep_matching(context, &directories.output_dir(), &["**".to_owned()], Keep::Move).await?);
    Ok(kept)
}

async fn keep_matching(
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

/// The files of a folder that match; those that may not be kept are named in the log.
pub(crate) async fn found_files(
    context: &TaskContext,
    dir: &Path,
    patterns: &[String],
) -> Result<Vec<FoundFile>, TaskError> {
    let found = output::find(dir, WorkingGlobs::new(dir, patterns)?).await?;
    for name in &found.refused {
        context.warn(format!(
            "'{name}' is not stored: it is a link that leads out of the working directory, or nowhere"
        ));
    }
    Ok(found.files)
}

/// A fault of the local disk, as the task's own failure.
pub(crate) fn failure_of_disk(what: &str, path: &Path, error: &std::io::Error) -> TaskError {
    disk_error(what, path, error).into()
}
