//! `cloudquery.Sync`: the command `cloudquery sync` with configurations in the flow.

use super::{CLOUDQUERY, NoAccount, Tool};
use crate::properties::{RAW, ScriptProperties};
use crate::result::ScriptOutput;
use schemars::JsonSchema;
use segue_model::{Json, Map};
use segue_task::{Task, TaskContext, TaskError};
use serde::Deserialize;
use serde_json::json;

/// Copies tables from sources to destinations, with `cloudquery sync`. The image is
/// `ghcr.io/cloudquery/cloudquery:latest-ubuntu` unless the task names another.
///
/// ```yaml
/// id: sync
/// type: io.kestra.plugin.cloudquery.Sync
/// env:
///   CLOUDQUERY_API_KEY: "{{ secret('CLOUDQUERY_API_KEY') }}"
/// configs:
///   - kind: source
///     spec:
///       name: hackernews
///       path: cloudquery/hackernews
///       version: v3.0.13
///       tables: ["*"]
///       destinations: [duckdb]
///   - kind: destination
///     spec:
///       name: duckdb
///       path: cloudquery/duckdb
///       version: v4.2.10
///       spec: {connection_string: hn.db}
/// outputFiles:
///   - hn.db
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Sync {
    /// The configurations: maps, `kestra:///…`, `nsfile:///…`, or names of files in the working directory.
    configs: Vec<Json>,
    /// Must be false. To read only what is new, name a destination for the state in `backend_options` of the source.
    incremental: Option<bool>,
    /// Whether CloudQuery's log is the log of the task. Default: true.
    log_console: Option<bool>,
    #[serde(flatten)]
    properties: ScriptProperties,
}

impl Task for Sync {
    const TYPE: &'static str = "io.kestra.plugin.cloudquery.Sync";
    const RAW: &'static [&'static str] = RAW;
    type Output = ScriptOutput;

    async fn run(mut self, context: &TaskContext) -> Result<ScriptOutput, TaskError> {
        let command = self.command()?;
        let tool = Tool { program: "cloudquery", image: CLOUDQUERY, packages: &[] };
        tool.run(context, json!([command]), self.properties, &NoAccount {}).await
    }
}

impl Sync {
    /// The command. The configurations that are maps become input files.
    fn command(&mut self) -> Result<String, TaskError> {
        if self.incremental == Some(true) {
            return Err(TaskError::failed(
                "incremental: true is not supported; name a destination for the state in backend_options of the source, \
                 and set incremental to false",
            ));
        }
        let mut files = match std::mem::take(&mut self.properties.input_files) {
            Json::Null => Map::new(),
            Json::Object(files) => files,
            Json::String(text) => serde_json::from_str(&text)
                .map_err(|error| TaskError::failed(format!("inputFiles is not a map: {error}")))?,
            other => return Err(TaskError::failed(format!("inputFiles is {other}, and not a map"))),
        };
        // Some images have the program outside of the path.
        let mut command = "PATH=\"$PATH:/app\" cloudquery sync".to_owned();
        for (number, config) in (1..).zip(std::mem::take(&mut self.configs)) {
            let name = match config {
                Json::String(name) if !name.contains("://") => file_name(name)?,
                config => {
                    let name = format!("cloudquery-{number}.yml");
                    let content = if config.is_string() { config } else { json!(config.to_string()) };
                    files.insert(name.clone(), content);
                    name
                }
            };
            command.push_str(&format!(" '{name}'"));
        }
        if self.log_console != Some(false) {
            command.push_str(" --log-console");
        }
        self.properties.input_files = Json::Object(files);
        Ok(command)
    }
}

/// A name that is a part of a command. The command is rendered, so a name with braces could read a secret.
fn file_name(name: String) -> Result<String, TaskError> {
    let is_plain = |letter: char| letter.is_alphanumeric() || "._-/ ".contains(letter);
    if name.chars().all(is_plain) && !name.starts_with('-') {
        return Ok(name);
    }
    Err(TaskError::failed(format!(
        "configs: '{name}' is not the name of a file; use letters, digits, dots, slashes, spaces, '-' and '_'"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sync(task: Json) -> Sync {
        serde_json::from_value(task).unwrap()
    }

    #[test]
    fn configurations_are_files() {
        let source = json!({"kind": "source", "spec": {"name": "hackernews"}});
        let files = json!({"own.yml": "kind: destination"});
        let mut task = sync(
            json!({"configs": [source, "own.yml", "kestra:///a/b.yml"], "inputFiles": files.to_string()}),
        );
        assert_eq!(
            task.command().unwrap(),
            "PATH=\"$PATH:/app\" cloudquery sync 'cloudquery-1.yml' 'own.yml' 'cloudquery-3.yml' --log-console"
        );
        let files = &task.properties.input_files;
        assert_eq!(
            serde_json::from_str::<Json>(files["cloudquery-1.yml"].as_str().unwrap()).unwrap(),
            source
        );
        assert_eq!(files["cloudquery-3.yml"], "kestra:///a/b.yml");
        assert_eq!(files["own.yml"], "kind: destination");
        let mut quiet = sync(json!({"configs": ["a.yml"], "logConsole": false}));
        assert!(quiet.command().unwrap().ends_with("sync 'a.yml'"));
    }

    #[test]
    fn what_a_sync_cannot_do_is_refused() {
        for (task, expected) in [
            (json!({"configs": [], "incremental": true}), "backend_options"),
            (json!({"configs": ["{{ secret('X') }}"]}), "is not the name of a file"),
            (json!({"configs": ["a'; rm -rf b"]}), "is not the name of a file"),
            (json!({"configs": ["--license"]}), "is not the name of a file"),
            (json!({"configs": [], "inputFiles": [1]}), "and not a map"),
        ] {
            let error = sync(task).command().unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
