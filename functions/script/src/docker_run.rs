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

/// Runs a container. The commands are the arguments of the image: there is no shell in between. Needs Docker; a
/// script task runs without it, too.
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
        if let Err(why) = docker::available(self.options.host.as_deref()).await {
            return Err(TaskError::failed(format!(
                "{} needs Docker, and it is not there: {why}. Start Docker, or use \
                 io.kestra.plugin.scripts.shell.Commands, which also runs without it",
                Self::TYPE
            )));
        }
        let place = Place::make(context)?;
        stage(context, self.namespace_files.as_ref(), &self.input_files).await?;
        let rendering = Rendering::new(context, &place.output_dir());
        let own = rendering.map("env", &self.env).await?;
        check_variables(&own)?;
        let mut env: BTreeMap<String, OsString> = place.variables().into_iter().collect();
        env.extend(own.into_iter().map(|(name, value)| (name, value.into())));
        let arguments = rendering.texts("commands", &self.commands).await?;
        let runner = Runner::Docker { image: self.container_image, options: Box::new(self.options) };
        let mut sink = Sink::new(context);
        let code = start(context, &runner, &arguments, &env, false, &mut sink).await?;
        end(context, &place, &self.output_files, sink, code).await
    }
}
