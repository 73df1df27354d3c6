//! Which runner a task asks for, by its old and new properties.

use crate::container_rules::{self, Asked};
use crate::docker::DockerOptions;
use crate::properties::ScriptProperties;
use crate::runner::Runner;
use segue_task::{TaskContext, TaskError};

/// What a task asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    Process,
    Docker,
    /// Nothing is said; Kestra then takes Docker.
    Nothing,
    Other,
}

/// Chooses the runner a task asks for: processes where it asks for them, else what [`container_rules`] say.
pub(crate) async fn choose(
    context: &TaskContext,
    properties: &ScriptProperties,
    default_image: &str,
) -> Result<Runner, TaskError> {
    let wish = wish(properties);
    if wish == Wish::Process {
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
fn wish(properties: &ScriptProperties) -> Wish {
    if let Some(runner) = &properties.task_runner {
        let kind = runner.get("type").and_then(|kind| kind.as_str()).unwrap_or_default();
        return match kind.rsplit('.').next().unwrap_or_default() {
            "Process" => Wish::Process,
            "Docker" => Wish::Docker,
            _ => Wish::Other,
        };
    }
    match properties.runner.as_deref().map(str::to_ascii_uppercase).as_deref() {
        Some("PROCESS") => Wish::Process,
        Some("DOCKER") => Wish::Docker,
        Some(_) => Wish::Other,
        None if properties.docker.is_some() => Wish::Docker,
        None => Wish::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn wish_of(value: Value) -> Wish {
        wish(&serde_json::from_value(value).unwrap())
    }

    #[test]
    fn old_and_new_ways_to_name_a_runner() {
        assert_eq!(wish_of(json!({})), Wish::Nothing);
        assert_eq!(wish_of(json!({"containerImage": "alpine"})), Wish::Nothing);
        assert_eq!(wish_of(json!({"runner": "PROCESS"})), Wish::Process);
        assert_eq!(wish_of(json!({"runner": "docker"})), Wish::Docker);
        assert_eq!(wish_of(json!({"docker": {"image": "alpine"}})), Wish::Docker);
        assert_eq!(
            wish_of(json!({"taskRunner": {"type": "io.kestra.plugin.core.runner.Process"}})),
            Wish::Process
        );
        let docker = json!({"taskRunner": {"type": "io.kestra.plugin.scripts.runner.docker.Docker"}});
        assert_eq!(wish_of(docker), Wish::Docker);
        assert_eq!(
            wish_of(json!({"taskRunner": {"type": "io.kestra.plugin.ee.aws.runner.Batch"}})),
            Wish::Other
        );
    }
}
