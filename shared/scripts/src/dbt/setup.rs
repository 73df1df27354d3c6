//! `dbt.cli.Setup`: installs dbt in the working directory, for the older types such as `Build`.

use super::run::inputs_of;
use crate::language;
use crate::properties::{RAW, ScriptProperties};
use crate::result::ScriptOutput;
use crate::run::{Body, Extras, Script};
use crate::shell::shell_word;
use schemars::JsonSchema;
use segue_files::Texts;
use segue_model::Json;
use segue_task::{Task, TaskContext, TaskError};
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;

/// The folder of the profiles in the working directory. The other types find it there.
pub(super) const FOLDER: &str = ".profile";
/// The image of a task that names none.
const IMAGE: &str = "python";

/// Installs dbt and writes its profiles into the working directory, for tasks such as `Build` after it in a
/// `WorkingDirectory`. New flows use `DbtCLI`, which needs no such task.
///
/// The installation stays in the directory, so the tasks after it must run on the same machine: with the process runner,
/// or with Docker on one machine.
///
/// ```yaml
/// id: directory
/// type: io.kestra.plugin.core.flow.WorkingDirectory
/// tasks:
///   - id: setup
///     type: io.kestra.plugin.dbt.cli.Setup
///     requirements:
///       - dbt-duckdb
///     profiles:
///       jaffle_shop:
///         outputs:
///           dev:
///             type: duckdb
///             path: ":memory:"
///         target: dev
///   - id: build
///     type: io.kestra.plugin.dbt.cli.Build
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Setup {
    /// The content of `profiles.yml`, as a map or as text.
    profiles: Json,
    /// Packages, as `pip` takes them. One of them must contain dbt.
    requirements: Texts,
    /// The Python interpreter. Default: `python3`.
    python_path: Option<String>,
    /// Deprecated: write `failFast`.
    exit_on_failed: Option<bool>,
    #[serde(flatten)]
    properties: ScriptProperties,
}

impl Task for Setup {
    const TYPE: &'static str = "io.kestra.plugin.dbt.cli.Setup";
    const RAW: &'static [&'static str] = RAW;
    type Output = ScriptOutput;

    async fn run(self, context: &TaskContext) -> Result<ScriptOutput, TaskError> {
        let commands = self.commands()?;
        let Self { profiles, exit_on_failed, mut properties, .. } = self;
        let profiles = match profiles {
            Json::String(text) => text,
            map @ Json::Object(_) => segue_task::yaml::to_string(&map),
            _ => return Err(TaskError::failed("profiles must be a map, or the text of profiles.yml")),
        };
        let mut inputs = inputs_of(&properties.input_files)?;
        inputs.insert(format!("{FOLDER}/profiles.yml"), json!(profiles));
        properties.input_files = Json::Object(inputs);
        properties.fail_fast = properties.fail_fast.or(exit_on_failed);
        let env = BTreeMap::from([("PIP_ROOT_USER_ACTION".to_owned(), "ignore".to_owned())]);
        let extras = Extras { image: Some(IMAGE), env, ..Extras::default() };
        let body = Body::Commands(json!(commands));
        Script { language: &language::SHELL, properties, python: None, body, extras }.run(context).await
    }
}

impl Setup {
    /// The lines of the shell.
    fn commands(&self) -> Result<Vec<String>, TaskError> {
        let python = self.python_path.as_deref().unwrap_or("python3");
        let mut lines = vec![format!("{} -m venv --system-site-packages .", shell_word(python))];
        let packages = &self.requirements.0;
        if let Some(option) = packages.iter().find(|package| package.trim_start().starts_with('-')) {
            return Err(TaskError::failed(format!(
                "'{option}' in requirements is an option, not a package; name only packages, like 'dbt-duckdb==1.9.0'"
            )));
        }
        if !packages.is_empty() {
            let words: Vec<String> = packages.iter().map(|package| shell_word(package)).collect();
            lines.push(format!(
                "./bin/python -m pip install --quiet --disable-pip-version-check -- {}",
                words.join(" ")
            ));
        }
        Ok(lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Platform;
    use segue_model::state::State;

    fn task(requirements: &[&str]) -> Json {
        json!({
            "type": Setup::TYPE, "taskRunner": {"type": "io.kestra.plugin.core.runner.Process"},
            "requirements": requirements, "profiles": {"shop": {"target": "dev"}},
            "outputFiles": [".profile/profiles.yml", "pyvenv.cfg"],
        })
    }

    #[tokio::test]
    async fn the_directory_has_an_environment_and_the_profiles() {
        let platform = Platform::new();
        let run = platform.run(task(&[])).await;
        assert_eq!(run.result.state, State::Success, "{}", run.log_text());
        let files = &run.result.outputs["outputFiles"];
        let profiles = platform.stored(&files[".profile/profiles.yml"]).await;
        assert_eq!(String::from_utf8(profiles).unwrap().trim(), "shop:\n  target: dev");
        assert!(files["pyvenv.cfg"].is_string(), "{files}");
    }

    #[tokio::test]
    async fn packages_are_words_and_options_are_refused() {
        let of = |packages: &[&str]| {
            let setup: Setup =
                serde_json::from_value(json!({"requirements": packages, "profiles": "x"})).unwrap();
            setup.commands()
        };
        assert_eq!(
            of(&["dbt-duckdb==1.9", "a; rm -rf /"]).unwrap()[1],
            "./bin/python -m pip install --quiet --disable-pip-version-check -- 'dbt-duckdb==1.9' 'a; rm -rf /'"
        );
        assert!(of(&["--index-url=http://x"]).unwrap_err().to_string().contains("is an option"));
        let error = Platform::new().run(task(&["no such package!"])).await.result.error.unwrap();
        assert!(error.contains("exit code"), "{error}");
    }
}
