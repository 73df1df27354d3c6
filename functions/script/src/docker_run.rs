//! `docker.cli.Run`: runs a container (kestra-compat.md 4.4).

use crate::docker::{self, DockerOptions};
use crate::launch::check_variables;
use crate::render::Rendering;
use crate::run::{Place, ScriptOutput, end, stage, start};
use crate::runner::Runner;
use crate::sink::Sink;
use schemars::JsonSchema;
use segue_files::{NamespaceFiles, Texts};
use segue_model::Json;
use segue_task::{Task, TaskContext, TaskError};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ffi::OsString;

/// Runs a container. The commands are the arguments of the image: there is no shell in between. Where there is no
/// Docker they are run as a process of this machine, with a note in the log.
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
    /// Variables of the process.
    #[serde(default)]
    env: Json,
    /// Names with contents or URIs of files that are to be there.
    #[serde(default)]
    input_files: Json,
    /// Globs of files to keep.
    #[serde(default)]
    output_files: Texts,
    /// Which files of the namespace are to be there.
    namespace_files: Option<NamespaceFiles>,
    /// How it is run.
    #[serde(flatten)]
    options: DockerOptions,
}

impl Task for Run {
    const TYPE: &'static str = "io.kestra.plugin.docker.cli.Run";
    const ALIASES: &'static [&'static str] = &["io.kestra.plugin.docker.Run"];
    const RAW: &'static [&'static str] = &["commands", "env"];
    type Output = ScriptOutput;

    async fn run(self, context: &TaskContext) -> Result<ScriptOutput, TaskError> {
        let runner = match docker::available(self.options.host.as_deref()).await {
            Ok(()) => {
                let image = self.container_image.clone();
                Runner::Docker { image, options: Box::new(self.options.clone()) }
            }
            Err(why) => {
                context.warn(format!(
                    "Docker is not there ({why}): the commands run as a process of this machine, without the image \
                     '{}'",
                    self.container_image
                ));
                Runner::Process
            }
        };
        let place = Place::make(context, &runner)?;
        stage(context, self.namespace_files.as_ref(), &self.input_files).await?;
        let rendering = Rendering::new(context, &place.output_dir());
        let own = rendering.map("env", &self.env).await?;
        check_variables(&own)?;
        let mut env: BTreeMap<String, OsString> = place.variables().into_iter().collect();
        env.extend(own.into_iter().map(|(name, value)| (name, value.into())));
        let mut arguments = rendering.texts("commands", &self.commands).await?;
        if matches!(runner, Runner::Process) {
            let entry_point =
                self.options.entry_point.as_ref().map(|given| given.0.clone()).unwrap_or_default();
            arguments.splice(0..0, entry_point.into_iter().filter(|part| !part.is_empty()));
            if arguments.is_empty() {
                return Err(TaskError::failed(format!(
                    "there are no commands, and what the image '{}' would do by itself only Docker knows: start \
                     Docker, or set commands",
                    self.container_image
                )));
            }
        }
        let mut sink = Sink::new(context);
        let code = start(context, &runner, &arguments, &env, false, &mut sink).await?;
        end(context, &place, &self.output_files, sink, code).await
    }
}
