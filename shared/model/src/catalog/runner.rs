//! The runner that a script task asks for, and the service that it leads to.
//!
//! The author of a flow writes the code of a process, and a process can use every right of its service. So, if
//! containers run next to the services, the service that may start containers runs no processes.
//!
//! What it must not know: how a process or a container is started.

use crate::{Json, Map};
use serde::{Deserialize, Serialize};

/// JSON pointers to the texts that decide, in the properties of a task. A text that is an expression is rendered before
/// [`RunnerServices::choose`] sees it. If it cannot be rendered, it stays as the flow writes it.
pub const RUNNER_TEXTS: [&str; 3] = ["/taskRunner", "/taskRunner/type", "/runner"];

/// The runner that a task asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskRunner {
    /// A process of the service.
    Process,
    /// A container.
    Docker,
    /// No runner is named. Kestra then uses Docker.
    Unnamed,
    /// An unknown runner.
    Unknown,
}

impl TaskRunner {
    /// Decides by `taskRunner`, or else by the old properties `runner` and `docker`.
    pub fn new(task_runner: Option<&Map>, runner: Option<&str>, has_docker: bool) -> Self {
        if let Some(task_runner) = task_runner {
            let kind = task_runner.get("type").and_then(Json::as_str).unwrap_or_default();
            return match kind.rsplit('.').next().unwrap_or_default() {
                "Process" => Self::Process,
                "Docker" => Self::Docker,
                _ => Self::Unknown,
            };
        }
        match runner.map(str::to_ascii_uppercase).as_deref() {
            Some("PROCESS") => Self::Process,
            Some("DOCKER") => Self::Docker,
            Some(_) => Self::Unknown,
            None if has_docker => Self::Docker,
            None => Self::Unnamed,
        }
    }

    /// Reads the properties of a task. A property may still be an expression, if the expression could not be rendered.
    pub fn of(properties: &Map) -> Self {
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
        Self::new(task_runner, runner, given("docker").is_some())
    }
}

/// The two services that share the task types for scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunnerServices {
    /// The name of the service that runs processes.
    pub processes: &'static str,
    /// The name of the service that runs containers.
    pub containers: &'static str,
}

impl RunnerServices {
    /// The service for a task: [`Self::processes`] if the task asks for the process runner, and else
    /// [`Self::containers`].
    pub fn choose(&self, properties: &Map) -> &'static str {
        match TaskRunner::of(properties) {
            TaskRunner::Process => self.processes,
            TaskRunner::Docker | TaskRunner::Unnamed | TaskRunner::Unknown => self.containers,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const PROCESS: &str = "io.kestra.plugin.core.runner.Process";
    const BATCH: &str = "io.kestra.plugin.ee.aws.runner.Batch";

    fn runner_of(value: &Value) -> TaskRunner {
        TaskRunner::of(value.as_object().unwrap())
    }

    #[test]
    fn old_and_new_ways_to_name_a_runner() {
        assert_eq!(runner_of(&json!({})), TaskRunner::Unnamed);
        assert_eq!(runner_of(&json!({"containerImage": "alpine"})), TaskRunner::Unnamed);
        assert_eq!(runner_of(&json!({"runner": "PROCESS"})), TaskRunner::Process);
        assert_eq!(runner_of(&json!({"runner": "docker"})), TaskRunner::Docker);
        assert_eq!(runner_of(&json!({"docker": {"image": "alpine"}})), TaskRunner::Docker);
        assert_eq!(runner_of(&json!({"taskRunner": {"type": PROCESS}})), TaskRunner::Process);
        let docker = json!({"taskRunner": {"type": "io.kestra.plugin.scripts.runner.docker.Docker"}});
        assert_eq!(runner_of(&docker), TaskRunner::Docker);
        assert_eq!(runner_of(&json!({"taskRunner": {"type": BATCH}})), TaskRunner::Unknown);
    }

    #[test]
    fn only_the_process_runner_leads_to_the_service_for_processes() {
        let services = RunnerServices { processes: "near", containers: "far" };
        let service_of = |value: &Value| services.choose(value.as_object().unwrap());
        for properties in [
            json!({"taskRunner": {"type": PROCESS}}),
            json!({"taskRunner": json!({"type": PROCESS}).to_string()}),
            json!({"taskRunner": {"type": PROCESS}, "runner": "DOCKER", "docker": {}}),
            json!({"runner": "process"}),
            json!({"taskRunner": null, "runner": "PROCESS"}),
        ] {
            assert_eq!(service_of(&properties), "near", "{properties}");
        }
        for properties in [
            json!({}),
            json!({"containerImage": "alpine"}),
            json!({"runner": "DOCKER"}),
            json!({"taskRunner": {"type": BATCH}, "runner": "PROCESS"}),
            json!({"taskRunner": {"type": "{{ vars.missing }}"}}),
            json!({"taskRunner": "{{ vars.missing }}"}),
        ] {
            assert_eq!(service_of(&properties), "far", "{properties}");
        }
    }
}
