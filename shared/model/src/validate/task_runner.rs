//! The `type` of a `taskRunner` must be a task runner (docs/kestra.md 4.2).

use crate::Json;
use crate::diagnostic::{Diagnostic, codes};
use crate::flow::Flow;
use crate::positions::Positions;
use crate::suggest::suggest;
use crate::task::TaskKind;
use crate::texts::has_template;
use crate::walk::walk_tasks;

/// The task runners of Segue.
const OWN: [&str; 2] =
    ["io.kestra.plugin.core.runner.Process", "io.kestra.plugin.scripts.runner.docker.Docker"];
/// Older names of the task runners of Segue.
const OLDER: [&str; 3] = [
    "io.kestra.core.models.tasks.runners.Process",
    "io.kestra.plugin.scripts.runner.docker.DockerTaskRunner",
    "io.kestra.core.models.tasks.runners.types.ProcessTaskRunner",
];

pub(super) fn known(flow: &Flow, positions: &Positions) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    walk_tasks(flow, &mut |path, task| {
        let TaskKind::Plugin { properties } = &task.kind else { return };
        let Some(name) =
            properties.get("taskRunner").and_then(|runner| runner.get("type")).and_then(Json::as_str)
        else {
            return;
        };
        if OWN.contains(&name) || OLDER.contains(&name) || has_template(name) {
            return;
        }
        let position = positions.of(&format!("{path}/taskRunner/type"));
        found.push(if is_of_kestra(name) {
            Diagnostic::warning(
                codes::UNKNOWN_RUNNER,
                position,
                format!(
                    "Segue does not have the task runner {name}; it runs the task with its default runner"
                ),
            )
            .with_hint(format!("write one of {}", OWN.join(" and ")))
        } else {
            let problem = Diagnostic::error(
                codes::UNKNOWN_RUNNER,
                position,
                format!("Invalid type of the task runner of task '{}': {name}", task.id),
            );
            problem.with_hint(match suggest(name, OWN) {
                Some(near) => format!("did you mean '{near}'?"),
                None => format!("write one of {}", OWN.join(" and ")),
            })
        });
    });
    found
}

/// Whether Kestra has this runner in one of its plugins for clouds and clusters: their last part but one is `runner`.
fn is_of_kestra(name: &str) -> bool {
    const NAMES: [&str; 5] = ["Batch", "CloudRun", "Kubernetes", "ServerlessContainer", "Ssh"];
    let mut parts = name.rsplit('.');
    let last = parts.next().unwrap_or_default();
    name.starts_with("io.kestra.plugin.") && parts.next() == Some("runner") && NAMES.contains(&last)
}
