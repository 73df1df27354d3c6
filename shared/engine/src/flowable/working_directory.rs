//! WorkingDirectory: the children share one directory (docs/kestra.md 4.2). The task run itself goes to the script
//! service twice, as separate attempts: before the children to write files, and after them to collect files.

use crate::effect::Dispatch;
use crate::memo;
use crate::stage::Stage;
use segue_model::task::{Task, WorkingDirectory};
use segue_model::task_run::TaskRun;
use segue_model::{Json, Map};

/// The service that has the working directories.
const SERVICE: &str = "script";
/// The task type that writes files.
const SETUP: &str = "io.segue.workingdirectory.Setup";
/// The task type that collects files and removes the directory.
const COLLECT: &str = "io.segue.workingdirectory.Collect";

/// Whether files are written before the children run.
pub(crate) fn sets_up(directory: &WorkingDirectory) -> bool {
    ["inputFiles", "namespaceFiles", "cache"].iter().any(|name| directory.properties.contains_key(*name))
}

/// The number of the attempt for a stage. Each epoch has two attempts.
pub(crate) fn attempt(memo: &Json, stage: Stage) -> u32 {
    let epoch = memo::EPOCH.get(memo).unwrap_or(0);
    u32::try_from(epoch * 2 + u64::from(stage == Stage::Collect)).unwrap_or(u32::MAX)
}

/// The message to the service for a stage.
pub(crate) fn dispatch(
    task: &Task,
    directory: &WorkingDirectory,
    stage: Stage,
    task_run: &TaskRun,
    attempt: u32,
    context: Json,
    name: String,
) -> Dispatch {
    let wanted: &[&str] = match stage {
        // After a failure, no files are collected, but the directory is still removed.
        Stage::Collect if memo::BROKEN.get(&task_run.memo).is_some() => &[],
        Stage::Collect => &["outputFiles", "cache"],
        Stage::Setup | Stage::Children => &["inputFiles", "namespaceFiles", "cache"],
    };
    let properties: Map = directory
        .properties
        .iter()
        .filter(|(key, _)| wanted.contains(&key.as_str()))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    Dispatch {
        service: SERVICE,
        task_run_id: task_run.id.clone(),
        attempt,
        task_id: task.id.clone(),
        task_type: if stage == Stage::Collect { COLLECT } else { SETUP }.to_owned(),
        properties,
        context,
        timeout: task.timeout.clone(),
        log_level: task.log_level,
        log_to_file: task.log_to_file,
        working_directory: Some(name),
    }
}
