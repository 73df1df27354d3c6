//! Which runner a task asks for, by its old and new properties.

use crate::container_rules::{self, Asked};
use crate::docker::DockerOptions;
use crate::properties::ScriptProperties;
use crate::route::{self, Wish};
use crate::runner::Runner;
use segue_task::{TaskContext, TaskError};

/// Chooses the runner a task asks for: processes where it asks for them, else what [`container_rules`] say.
pub(crate) async fn choose(
    context: &TaskContext,
    properties: &ScriptProperties,
    default_image: &str,
) -> Result<Runner, TaskError> {
    let wish = Wish::from_properties(properties);
    if wish == Wish::Process {
        route::check(context, true)?;
        return container_rules::process(context);
    }
    let mut fields = properties.docker.clone().unwrap_or_default();
    fields.extend(properties.task_runner.clone().unwrap_or_default());
    let options = DockerOptions::parse(fields)?;
    let given = options.image.clone().or_else(|| properties.container_image.clone());
    let kind = properties.task_runner.as_ref().and_then(|runner| runner.get("type")?.as_str());
    let unknown = (wish == Wish::Other).then(|| kind.or(properties.runner.as_deref()));
    let asked = Asked {
        is_said: wish != Wish::Nothing || given.is_some(),
        unknown_runner: unknown.map(|kind| kind.unwrap_or("without a type")),
        image: given.unwrap_or_else(|| default_image.to_owned()),
        options,
    };
    container_rules::choose(context, asked).await
}
