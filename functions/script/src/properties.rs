//! The properties all script tasks share (docs/kestra.md 4.4).

use schemars::JsonSchema;
use segue_files::{NamespaceFiles, Texts};
use segue_model::{Json, Map};
use serde::Deserialize;

/// Properties that are rendered by the task itself, with `{{ outputDir }}`.
pub(crate) const RAW: &[&str] = &["commands", "script", "beforeCommands", "env"];

/// The properties all script tasks share.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ScriptProperties {
    /// Commands that run first, in the same shell.
    #[schemars(with = "Texts")]
    pub before_commands: Json,
    /// The image, where containers are to be had.
    pub container_image: Option<String>,
    /// `type: io.kestra.plugin.core.runner.Process`, or Docker's with its properties.
    pub task_runner: Option<Map>,
    /// `PROCESS` or `DOCKER`: the older way to say it.
    pub runner: Option<String>,
    /// Properties of the Docker runner: the older way to say it.
    pub docker: Option<Map>,
    /// Variables of the process.
    pub env: Json,
    /// What runs the commands, which it gets joined with newlines as its last argument. An empty list: the
    /// commands are program and arguments themselves.
    pub interpreter: Option<Texts>,
    /// Whether the first command that fails ends the task; true where it is missing.
    pub fail_fast: Option<bool>,
    /// Names with contents or URIs of files that are to be there; or such a map as JSON text.
    pub input_files: Json,
    /// Globs of files to keep.
    pub output_files: Texts,
    /// Which files of the namespace are to be there.
    pub namespace_files: Option<NamespaceFiles>,
    /// Deprecated: files left in `{{ outputDir }}` are always kept.
    pub output_directory: Option<bool>,
    /// Deprecated and without effect: only the exit code decides.
    pub warning_on_std_err: Option<bool>,
    /// `AUTO` or `LINUX`; without effect.
    #[serde(rename = "targetOS")]
    pub target_os: Option<String>,
}

/// What only Python tasks have.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct PythonProperties {
    /// Packages to install, as `pip` takes them.
    pub dependencies: Texts,
    /// The version of Python, as in `3.12`.
    pub python_version: Option<String>,
    /// Whether the installed packages are kept for the next run; true where it is missing.
    pub dependency_cache_enabled: Option<bool>,
    /// Without effect: packages are installed with `pip`.
    pub package_manager: Option<String>,
}
