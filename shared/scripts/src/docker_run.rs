//! `docker.cli.Run`: runs a container (docs/kestra.md 4.4).

use crate::container_rules::{self, Asked};
use crate::directories::Directories;
use crate::docker::DockerOptions;
use crate::launch::check_variables;
use crate::local;
use crate::remote::{Program, Remote};
use crate::render::Rendering;
use crate::result::{ScriptOutput, end};
use crate::runner::{Local, Runner};
use crate::sink::Sink;
use crate::staging::{stage, stage_remote};
use schemars::JsonSchema;
use segue_files::{NamespaceFiles, Texts};
use segue_model::Json;
use segue_task::{Task, TaskContext, TaskError};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ffi::OsString;

/// Runs a container. The commands are the arguments of the image, without a shell in between. Without Docker
/// they run as a process of this machine, with a warning in the log, unless the server's configuration
/// (`SEGUE_CONTAINERS`) or the flow (the label `segue.isolation: required`) forbids this.
///
/// ```yaml
/// id: hello
/// type: io.kestra.plugin.docker.cli.Run
/// containerImage: alpine
/// commands: ["echo", "hello"]
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    /// The image.
    container_image: String,
    /// Arguments of the image.
    #[serde(default)]
    #[schemars(with = "Texts")]
    commands: Json,
    /// The environment variables of the container.
    #[serde(default)]
    env: Json,
    /// Names with contents or URIs of files to put into the working directory.
    #[serde(default)]
    input_files: Json,
    /// Globs of files to store.
    #[serde(default)]
    output_files: Texts,
    /// The files of the namespace to put into the working directory.
    namespace_files: Option<NamespaceFiles>,
    /// The options of Docker.
    #[serde(flatten)]
    options: DockerOptions,
}

impl Task for Run {
    const TYPE: &'static str = "io.kestra.plugin.docker.cli.Run";
    const ALIASES: &'static [&'static str] = &["io.kestra.plugin.docker.Run"];
    const RAW: &'static [&'static str] = &["commands", "env"];
    type Output = ScriptOutput;

    async fn run(self, context: &TaskContext) -> Result<ScriptOutput, TaskError> {
        let runner = self.runner(context).await?;
        match &runner {
            Runner::Remote(remote) => remote.settle(self.run_remote(context, remote).await).await,
            Runner::Local(runner) => context.in_shared_directory(self.run_local(context, runner)).await,
        }
    }
}

impl Run {
    async fn runner(&self, context: &TaskContext) -> Result<Runner, TaskError> {
        let (image, options) = (self.container_image.clone(), self.options.clone());
        let asked = Asked { image, options, is_said: true, unknown_runner: None };
        container_rules::choose(context, asked).await
    }

    /// Runs the image on this machine.
    async fn run_local(&self, context: &TaskContext, runner: &Local) -> Result<ScriptOutput, TaskError> {
        let directories = Directories::create(context, runner.layout())?;
        let (env, mut arguments) = self.render(context, &directories).await?;
        if matches!(runner, Local::Process { .. }) {
            arguments.splice(0..0, self.entry_point());
            if arguments.is_empty() {
                return Err(TaskError::failed(format!(
                    "there are no commands, and only Docker can run the image '{}' without commands: start \
                     Docker, or set commands",
                    self.container_image
                )));
            }
        }
        stage(context, directories.dir(), (self.namespace_files.as_ref(), &self.input_files)).await?;
        let mut sink = Sink::new(context, None);
        let code = local::start(context, runner, &arguments, &env, false, &mut sink).await?;
        end(context, &directories, &self.output_files, sink, code).await
    }

    /// Runs the image in a remote container, or checks the container that an earlier delivery started. If the task sets
    /// an entry point, a shell runs the commands and stores their output. Otherwise the image runs unchanged.
    async fn run_remote(&self, context: &TaskContext, remote: &Remote) -> Result<ScriptOutput, TaskError> {
        let directories = Directories::create(context, remote.layout())?;
        let (env, mut arguments) = self.render(context, &directories).await?;
        let outputs = &self.output_files;
        let started = match remote.started().await? {
            Some(started) => started,
            None => {
                let files = (self.namespace_files.as_ref(), &self.input_files);
                let remote_files = stage_remote(context, &directories, files).await?;
                let by_image = self.options.entry_point.is_none();
                arguments.splice(0..0, self.entry_point());
                let (arguments, env) = (&arguments, &env);
                let program =
                    Program { arguments, env, removed: Vec::new(), by_image, outputs, remote_files };
                remote.start(&directories, program).await?
            }
        };
        drop(directories);
        remote.end(started, outputs, None).await
    }

    /// Renders the variables and the commands.
    async fn render(
        &self,
        context: &TaskContext,
        directories: &Directories,
    ) -> Result<(BTreeMap<String, OsString>, Vec<String>), TaskError> {
        let rendering = Rendering::new(context, &directories.seen());
        let own = rendering.map("env", &self.env).await?;
        check_variables(&own)?;
        let mut env: BTreeMap<String, OsString> = directories.variables().into_iter().collect();
        env.extend(own.into_iter().map(|(name, value)| (name, value.into())));
        Ok((env, rendering.texts("commands", &self.commands).await?))
    }

    /// The task's own entry point. A list with one empty text removes the image's entry point.
    fn entry_point(&self) -> Vec<String> {
        let given = self.options.entry_point.as_ref().map(|given| given.0.clone()).unwrap_or_default();
        given.into_iter().filter(|part| !part.is_empty()).collect()
    }
}
