//! Chooses the runner of a script task.

use crate::container_rules::{self, Asked};
use crate::docker::DockerOptions;
use crate::properties::ScriptProperties;
use crate::route;
use crate::runner::Runner;
use segue_model::catalog::TaskRunner;
use segue_task::{TaskContext, TaskError};

/// Chooses the runner of a task: a process if the task asks for one, or else the runner that [`container_rules`] allow.
pub(crate) async fn choose(
    context: &TaskContext,
    properties: &ScriptProperties,
    default_image: &str,
) -> Result<Runner, TaskError> {
    let asked = route::runner_of(properties);
    if asked == TaskRunner::Process {
        route::check(context, true)?;
        return container_rules::process(context);
    }
    let mut fields = properties.docker.clone().unwrap_or_default();
    fields.extend(properties.task_runner.clone().unwrap_or_default());
    let options = DockerOptions::parse(fields)?;
    let given = options.image.clone().or_else(|| properties.container_image.clone());
    let kind = properties.task_runner.as_ref().and_then(|runner| runner.get("type")?.as_str());
    let unknown = (asked == TaskRunner::Unknown).then(|| kind.or(properties.runner.as_deref()));
    let asked = Asked {
        is_said: asked != TaskRunner::Unnamed || given.is_some(),
        unknown_runner: unknown.map(|kind| kind.unwrap_or("without a type")),
        image: given.unwrap_or_else(|| default_image.to_owned()),
        options,
    };
    container_rules::choose(context, asked).await
}
