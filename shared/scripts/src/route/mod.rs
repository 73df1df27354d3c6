//! Which of the two services gets a script: `script` runs processes, and `container` runs containers.
//!
//! On one machine, both services are workers of one process, and each of them runs processes and containers. The reason
//! for two services is in `segue_model::catalog`, next to the rule.

use crate::properties::ScriptProperties;
use segue_model::catalog::{RunnerServices, TaskRunner};
use segue_task::{TaskContext, TaskError};

/// The name of the service that runs scripts as processes.
pub const PROCESSES: &str = "script";
/// The name of the service that runs scripts in containers.
pub const CONTAINERS: &str = "container";

/// Sends scripts that ask for the process runner to [`PROCESSES`], and all others to [`CONTAINERS`].
pub const BY_RUNNER: RunnerServices = RunnerServices { processes: PROCESSES, containers: CONTAINERS };

/// Reads the runner from the rendered properties of a task.
pub(crate) fn runner_of(properties: &ScriptProperties) -> TaskRunner {
    let ScriptProperties { task_runner, runner, docker, .. } = properties;
    TaskRunner::new(task_runner.as_ref(), runner.as_deref(), docker.is_some())
}

/// Refuses a process in the service for containers, and a container in the service for processes. On one machine, both
/// are allowed. [`BY_RUNNER`] already chose the service, so a task is refused only if an expression now has another value.
///
/// # Errors
/// [`TaskError::Failed`] if the task is in the wrong service.
pub(crate) fn check(context: &TaskContext, is_process: bool) -> Result<(), TaskError> {
    let (wrong, now) = if is_process { (CONTAINERS, "a process") } else { (PROCESSES, "a container") };
    if context.ports().containers.is_none() || context.service() != wrong {
        return Ok(());
    }
    Err(TaskError::failed(format!(
        "the task was sent to the service '{wrong}', and now asks for {now}: write the runner as plain text, or as an \
         expression with the same value each time, such as an input or a variable of the flow"
    )))
}

#[cfg(test)]
mod tests;
