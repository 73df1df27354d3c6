//! Which of the two services gets a script: `script` runs processes, and `container` runs containers.
//!
//! The author of a flow writes the code of a process, and a process can use every right of its service. So, if
//! containers run next to the services, the service that may start containers runs no processes. On one machine, both
//! services are workers of one process, and each of them runs processes and containers.

use crate::properties::ScriptProperties;
use segue_model::catalog::Route;
use segue_model::{Json, Map};
use segue_task::{TaskContext, TaskError};

/// The name of the service that runs scripts as processes.
pub const PROCESSES: &str = "script";
/// The name of the service that runs scripts in containers.
pub const CONTAINERS: &str = "container";

/// Sends scripts that ask for the process runner to [`PROCESSES`], and all others to [`CONTAINERS`].
pub static ROUTE: Route = Route {
    texts: &["/taskRunner", "/taskRunner/type", "/runner"],
    choose: |properties| service(properties),
};

/// The runner that a task asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    Process,
    Docker,
    /// No runner is named. Kestra then uses Docker.
    Nothing,
    /// An unknown runner.
    Other,
}

impl Wish {
    /// Reads the rendered properties of a task.
    pub(crate) fn from_properties(properties: &ScriptProperties) -> Self {
        let ScriptProperties { task_runner, runner, docker, .. } = properties;
        Self::new(task_runner.as_ref(), runner.as_deref(), docker.is_some())
    }

    /// Decides by `taskRunner`, or else by the old properties `runner` and `docker`.
    fn new(task_runner: Option<&Map>, runner: Option<&str>, has_docker: bool) -> Self {
        if let Some(task_runner) = task_runner {
            let kind = task_runner.get("type").and_then(|kind| kind.as_str()).unwrap_or_default();
            return match kind.rsplit('.').next().unwrap_or_default() {
                "Process" => Self::Process,
                "Docker" => Self::Docker,
                _ => Self::Other,
            };
        }
        match runner.map(str::to_ascii_uppercase).as_deref() {
            Some("PROCESS") => Self::Process,
            Some("DOCKER") => Self::Docker,
            Some(_) => Self::Other,
            None if has_docker => Self::Docker,
            None => Self::Nothing,
        }
    }
}

/// Chooses the service for a task. A property may still be an expression, if the expression could not be rendered.
fn service(properties: &Map) -> &'static str {
    let given = |name: &str| properties.get(name).filter(|value| !value.is_null());
    let written;
    let task_runner = match given("taskRunner") {
        Some(Json::String(text)) => {
            written = serde_json::from_str::<Map>(text).ok();
            written.as_ref()
        }
        other => other.and_then(Json::as_object),
    };
    let runner = given("runner").and_then(Json::as_str);
    match Wish::new(task_runner, runner, given("docker").is_some()) {
        Wish::Process => PROCESSES,
        Wish::Docker | Wish::Nothing | Wish::Other => CONTAINERS,
    }
}

/// Refuses a process in the service for containers, and a container in the service for processes. On one machine, both
/// are allowed. [`ROUTE`] already chose the service, so a task is refused only if an expression now has another value.
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
