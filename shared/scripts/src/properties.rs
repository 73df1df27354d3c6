//! The common properties of all script tasks (docs/kestra.md 4.4).

use schemars::JsonSchema;
use segue_files::{NamespaceFiles, Texts};
use segue_model::{Json, Map};
use serde::Deserialize;

/// Properties that the task itself renders, with `{{ outputDir }}`.
pub(crate) const RAW: &[&str] = &["commands", "script", "beforeCommands", "env"];

/// The common properties of all script tasks.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ScriptProperties {
    /// Commands that run first, in the same shell.
    #[schemars(with = "Texts")]
    pub before_commands: Json,
    /// The image, used if there are containers.
    pub container_image: Option<String>,
    /// `type: io.kestra.plugin.core.runner.Process`, or Docker's with its properties.
    pub task_runner: Option<Map>,
    /// `PROCESS` or `DOCKER`. This is the old property; new flows use `taskRunner`.
    pub runner: Option<String>,
    /// Properties of the Docker runner. This is the old property; new flows use `taskRunner`.
    pub docker: Option<Map>,
    /// Variables of the process.
    pub env: Json,
    /// The interpreter. It gets the commands, joined by line breaks, as its last argument. With an empty
    /// list, the commands are the program and its arguments.
    pub interpreter: Option<Texts>,
    /// Whether the first failed command ends the task. Default: true.
    pub fail_fast: Option<bool>,
    /// Names with contents or URIs of files to put into the working directory, or such a map as JSON text.
    pub input_files: Json,
    /// Whether the script gets the variables of its execution as JSON, in the file `.kestra-execution-context.json` of
    /// the working directory: `inputs`, `outputs`, `labels`, `vars`, `trigger` and so on. In Python,
    /// `from kestra import context` reads the file. Secret inputs are in it too. The file is removed when the commands
    /// end, and is never stored. Default: false.
    pub execution_context: Option<bool>,
    /// Globs of files to store.
    pub output_files: Texts,
    /// The files of the namespace to put into the working directory.
    pub namespace_files: Option<NamespaceFiles>,
    /// Deprecated: files in `{{ outputDir }}` are always stored.
    pub output_directory: Option<bool>,
    /// Deprecated, and has no effect: only the exit code decides.
    pub warning_on_std_err: Option<bool>,
    /// `AUTO` or `LINUX`. Has no effect.
    #[serde(rename = "targetOS")]
    pub target_os: Option<String>,
}

/// The properties of Python tasks only.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct PythonProperties {
    /// Packages to install, as `pip` takes them.
    pub dependencies: Texts,
    /// The version of Python, as in `3.12`.
    pub python_version: Option<String>,
    /// Whether the installed packages are cached for the next run. Default: true.
    pub dependency_cache_enabled: Option<bool>,
    /// Has no effect: packages are installed with `pip`.
    pub package_manager: Option<String>,
}
