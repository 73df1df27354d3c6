//! One run of a script, from its files and commands to its outputs (docs/kestra.md 4.4).

use crate::container::{Brought, Program, Remote};
use crate::docker::{Container, ContainerRun};
use crate::helper;
use crate::language::{Language, ScriptFile};
use crate::launch::{self, Arguments, Built, before_path, check_variables, script_command};
use crate::place::{COPIES, Place, WORK};
use crate::process::{self, ProcessError};
use crate::properties::{PythonProperties, ScriptProperties};
use crate::python::Python;
use crate::render::{LocalCopies, Rendering};
use crate::runner::Runner;
use crate::sink::{Reported, Sink};
use segue_files::output::{self, FoundFile, Keep};
use segue_files::path::disk_error;
use segue_files::{InputFiles, NamespaceFiles, Texts, WorkingGlobs};
use segue_model::{Json, Map};
use segue_process::environment;
use segue_task::{TaskContext, TaskError};
use serde::Serialize;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Write as _;
use std::path::Path;
use tempfile::{NamedTempFile, TempDir};
use tokio::process::Command;

/// The outputs of a script.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ScriptOutput {
    /// The outputs reported through the output protocol.
    pub vars: Map,
    /// The exit code.
    pub exit_code: i32,
    /// The stored files: URIs by path.
    pub output_files: Map,
}

/// The commands or the script to run.
pub(crate) enum Body {
    /// Commands of a shell.
    Commands(Json),
    /// A script of the language.
    Script(Json),
}

/// A script with everything that belongs to it.
pub(crate) struct Script {
    pub(crate) language: &'static Language,
    pub(crate) properties: ScriptProperties,
    pub(crate) python: Option<PythonProperties>,
    pub(crate) body: Body,
}

/// The texts of a script, rendered.
struct Rendered {
    variables: BTreeMap<String, String>,
    before: Vec<String>,
    body: Vec<String>,
}

/// A script that is ready to start.
struct Prepared {
    arguments: Vec<String>,
    env: BTreeMap<String, OsString>,
    /// The file of the script. It is removed with this value.
    file: Option<NamedTempFile>,
    /// Files of internal storage that a container outside needs.
    brought: Vec<Brought>,
}

impl Script {
    /// Runs it to its end.
    pub(crate) async fn run(self, context: &TaskContext) -> Result<ScriptOutput, TaskError> {
        let runner = Runner::choose(context, &self.properties, self.language.image).await?;
        match &runner {
            Runner::Container(remote) => remote.settle(self.elsewhere(context, &runner, remote).await).await,
            Runner::Process | Runner::Docker { .. } => {
                context.in_shared_directory(self.here(context, &runner)).await
            }
        }
    }

    /// Runs it on this machine.
    async fn here(&self, context: &TaskContext, runner: &Runner) -> Result<ScriptOutput, TaskError> {
        let place = Place::make(context, runner)?;
        let rendered = self.render(context, &place).await?;
        let Prepared { arguments, env, file, .. } = self.prepare(context, runner, &place, rendered).await?;
        let mut sink = Sink::new(context);
        let code = start(context, runner, &arguments, &env, true, &mut sink).await?;
        drop(file);
        end(context, &place, &self.properties.output_files, sink, code).await
    }

    /// Runs it in a container elsewhere, or sees how that is. The texts are rendered in any case: by that the secrets
    /// in them are known, which the log must not show.
    async fn elsewhere(
        &self,
        context: &TaskContext,
        runner: &Runner,
        remote: &Remote,
    ) -> Result<ScriptOutput, TaskError> {
        let place = Place::make(context, runner)?;
        let rendered = self.render(context, &place).await?;
        if remote.is_to_be_started().await? {
            let Prepared { arguments, env, file, brought } =
                self.prepare(context, runner, &place, rendered).await?;
            let script = file.as_ref().map(NamedTempFile::path);
            let program = Program { arguments: &arguments, env: &env, script, by_image: false, brought };
            remote.start(&place, program).await?;
        }
        drop(place);
        remote.end(&self.properties.output_files).await
    }

    async fn render(&self, context: &TaskContext, place: &Place) -> Result<Rendered, TaskError> {
        let rendering = Rendering::new(context, &place.seen());
        let variables = rendering.map("env", &self.properties.env).await?;
        check_variables(&variables)?;
        let before = rendering.texts("beforeCommands", &self.properties.before_commands).await?;
        let body = match &self.body {
            Body::Commands(commands) => rendering.texts("commands", commands).await?,
            Body::Script(script) => vec![rendering.texts("script", script).await?.join("\n")],
        };
        Ok(Rendered { variables, before, body })
    }

    /// Puts all files in their places.
    async fn prepare(
        &self,
        context: &TaskContext,
        runner: &Runner,
        place: &Place,
        rendered: Rendered,
    ) -> Result<Prepared, TaskError> {
        let files = (self.properties.namespace_files.as_ref(), &self.properties.input_files);
        let (mut brought, mut copies) = match runner {
            Runner::Container(_) => {
                (stage_elsewhere(context, place, files).await?, LocalCopies::elsewhere(place)?)
            }
            Runner::Process | Runner::Docker { .. } => {
                stage(context, place.dir(), files).await?;
                (Vec::new(), LocalCopies::new(place.own().join(COPIES))?)
            }
        };
        let mut before = Vec::new();
        for text in rendered.before {
            before.push(copies.replace(context, text).await?);
        }
        let mut body = Vec::new();
        for text in rendered.body {
            body.push(copies.replace(context, text).await?);
        }
        brought.extend(copies.brought());
        let mut env = self.variables(place, runner, rendered.variables).await?;
        let settled = match &self.python {
            Some(properties) => {
                let asked = Python { context, properties, scratch: &place.own().here };
                asked.provide(runner, &mut env, &mut before).await?
            }
            None => None,
        };
        let (commands, file) = match (&self.body, &self.language.file) {
            (Body::Commands(_), _) | (Body::Script(_), None) => (body, None),
            (Body::Script(_), Some(kind)) => {
                let file = script_file(place.dir(), kind, &body.join("\n"))?;
                let name = file.path().file_name().map(|name| name.to_string_lossy().into_owned());
                let program = settled.unwrap_or_else(|| program(kind, runner));
                let command = script_command(kind, program, &name.unwrap_or_default());
                let is_argv = self.properties.interpreter.as_ref().is_some_and(|given| given.0.is_empty());
                (if is_argv { command } else { vec![command.join(" ")] }, Some(file))
            }
        };
        let (language, properties) = (self.language, &self.properties);
        let arguments = Arguments { language, properties, before, commands };
        let Built { arguments, shown } = arguments.build(place.own(), runner, &mut env).await?;
        if let Some(shown) = shown {
            context.warn(shown);
        }
        Ok(Prepared { arguments, env, file, brought })
    }

    /// The variables of the process; those of the task win.
    async fn variables(
        &self,
        place: &Place,
        runner: &Runner,
        own: BTreeMap<String, String>,
    ) -> Result<BTreeMap<String, OsString>, TaskError> {
        let mut env: BTreeMap<String, OsString> =
            self.language.env.iter().map(|&(name, value)| (name.to_owned(), value.into())).collect();
        env.extend(place.variables());
        env.extend(own.into_iter().map(|(name, value)| (name, value.into())));
        let is_script = matches!(self.body, Body::Script(_));
        let installed = helper::install(self.language.helper, is_script, place.own()).await;
        let installed = installed
            .map_err(|error| TaskError::failed(format!("the helper module cannot be written: {error}")))?;
        if let Some((name, folder)) = installed {
            let inherited = matches!(runner, Runner::Process).then(|| environment::for_child(name)).flatten();
            let rest = env.remove(name).or(inherited);
            env.insert(name.to_owned(), before_path(&folder, rest));
        }
        Ok(env)
    }
}

/// The program for a script file.
fn program(kind: &ScriptFile, runner: &Runner) -> &'static str {
    match runner {
        Runner::Process => kind.program(std::env::var_os("PATH").as_deref()),
        Runner::Docker { .. } | Runner::Container(_) => kind.programs.first().copied().unwrap_or_default(),
    }
}

/// Puts files of the namespace, then input files, in a directory.
pub(crate) async fn stage(
    context: &TaskContext,
    dir: &Path,
    (namespace_files, input_files): (Option<&NamespaceFiles>, &Json),
) -> Result<(), TaskError> {
    put_files(context, dir, namespace_files, InputFiles::parse(input_files)?).await
}

/// The same for a container outside. Files of internal storage are only named, because they can be large and need not
/// pass through this service.
pub(crate) async fn stage_elsewhere(
    context: &TaskContext,
    place: &Place,
    (namespace_files, input_files): (Option<&NamespaceFiles>, &Json),
) -> Result<Vec<Brought>, TaskError> {
    let mut files = InputFiles::parse(input_files)?;
    let stored = files.take_stored(&context.message().namespace)?;
    put_files(context, place.dir(), namespace_files, files).await?;
    let brought = |(name, uri)| Brought { uri, path: format!("{WORK}/{name}") };
    Ok(stored.into_iter().map(brought).collect())
}

async fn put_files(
    context: &TaskContext,
    dir: &Path,
    namespace_files: Option<&NamespaceFiles>,
    input_files: InputFiles,
) -> Result<(), TaskError> {
    let storage = context.storage();
    let namespace = &context.message().namespace;
    if let Some(files) = namespace_files {
        let copied = files.copy(dir, storage, namespace).await?;
        context.debug(format!("{} namespace files are in the working directory", copied.len()));
    }
    input_files.write(dir, storage, namespace).await?;
    Ok(())
}

/// Writes a script where its own folder is the working directory, so that it finds modules there.
fn script_file(dir: &Path, kind: &ScriptFile, text: &str) -> Result<NamedTempFile, TaskError> {
    let written = tempfile::Builder::new()
        .prefix("script-")
        .suffix(&format!(".{}", kind.extension))
        .tempfile_in(dir)
        .and_then(|mut file| file.write_all(text.as_bytes()).map(|()| file));
    written.map_err(|error| {
        TaskError::failed(format!("cannot write the script into '{}': {error}", dir.display()))
    })
}

/// Starts the process or the container of this machine, and waits for its end.
pub(crate) async fn start(
    context: &TaskContext,
    runner: &Runner,
    arguments: &[String],
    env: &BTreeMap<String, OsString>,
    clear_entry_point: bool,
    sink: &mut Sink<'_>,
) -> Result<i32, TaskError> {
    let dir = context.working_dir();
    let stop = context.cancelled();
    match runner {
        Runner::Container(_) => {
            Err(TaskError::failed("a container outside is not a process of this machine"))
        }
        Runner::Process => {
            let command = launch::process(arguments, dir, env)?;
            process::listen(command, &stop, sink).await.map_err(failure)
        }
        Runner::Docker { image, options } => {
            let container = Container::from_message(context.message(), options.host.clone());
            container.clear().await;
            let run = ContainerRun {
                name: container.name(),
                image,
                dir,
                command: arguments,
                clear_entry_point,
                message: context.message(),
            };
            let mut command = Command::new("docker");
            command.args(options.arguments(&run, env.keys().map(String::as_str))).current_dir(dir).envs(env);
            // Variables of the client itself, which those of the task must not take away from it.
            for name in ["PATH", "HOME"] {
                match std::env::var_os(name) {
                    Some(value) if env.contains_key(name) => command.env(name, value),
                    _ => &mut command,
                };
            }
            let config = match options.client_config()? {
                Some(config) => Some(client_config(&config, &mut command)?),
                None => None,
            };
            // The client is killed with its server; the container is not the client's child.
            let program = segue_process::Program::new(command).clear_up_by(&container.removal());
            let code = process::listen(program, &stop, sink).await.map_err(failure)?;
            drop(config);
            container.ended();
            if code == 125 {
                context.error(format!("Docker could not run the image '{image}'; the lines above say why"));
            }
            Ok(code)
        }
    }
}

fn client_config(config: &str, command: &mut Command) -> Result<TempDir, TaskError> {
    let wrong = |error: std::io::Error| {
        TaskError::failed(format!("Docker's configuration cannot be written: {error}"))
    };
    let folder = tempfile::tempdir().map_err(wrong)?;
    std::fs::write(folder.path().join("config.json"), config).map_err(wrong)?;
    command.env("DOCKER_CONFIG", folder.path());
    Ok(folder)
}

/// Keeps files and outputs, and says how it went.
pub(crate) async fn end(
    context: &TaskContext,
    place: &Place,
    patterns: &Texts,
    sink: Sink<'_>,
    code: i32,
) -> Result<ScriptOutput, TaskError> {
    let reported = sink.finish();
    outcome(context, reported, keep(context, place, patterns).await, code)
}

/// What the task gives out, or how it failed; it fails with what it gives out.
pub(crate) fn outcome(
    context: &TaskContext,
    Reported { vars, lost }: Reported,
    kept: Result<Map, TaskError>,
    code: i32,
) -> Result<ScriptOutput, TaskError> {
    if code == 0 && lost.is_none() {
        return Ok(ScriptOutput { vars, exit_code: code, output_files: kept? });
    }
    let output_files = kept.unwrap_or_else(|error| {
        context.warn(format!("the output files could not be stored: {error}"));
        Map::new()
    });
    let outputs = match serde_json::to_value(ScriptOutput { vars, exit_code: code, output_files }) {
        Ok(Json::Object(outputs)) => outputs,
        _ => Map::new(),
    };
    let why = lost.filter(|_| code == 0).unwrap_or_else(|| format!("Command failed with exit code {code}"));
    Err(TaskError::failed_with(why, outputs))
}

/// Brings output files into internal storage: those that match, and all in `{{ outputDir }}`.
async fn keep(context: &TaskContext, place: &Place, patterns: &Texts) -> Result<Map, TaskError> {
    // Siblings in a shared directory may still want their files.
    let how = if context.message().working_directory.is_some() { Keep::Copy } else { Keep::Move };
    let mut kept = keep_matching(context, place.dir(), &patterns.0, how).await?;
    kept.extend(keep_matching(context, &place.output_dir(), &["**".to_owned()], Keep::Move).await?);
    Ok(kept)
}

async fn keep_matching(
    context: &TaskContext,
    dir: &Path,
    patterns: &[String],
    how: Keep,
) -> Result<Map, TaskError> {
    if patterns.is_empty() {
        return Ok(Map::new());
    }
    let files = found_files(context, dir, patterns).await?;
    Ok(output::store(context.storage(), &files, |name| context.storage_path(name), how).await?)
}

/// The files of a folder that match; those that may not be kept are named in the log.
pub(crate) async fn found_files(
    context: &TaskContext,
    dir: &Path,
    patterns: &[String],
) -> Result<Vec<FoundFile>, TaskError> {
    let found = output::find(dir, WorkingGlobs::new(dir, patterns)?).await?;
    for name in &found.refused {
        context.warn(format!(
            "'{name}' is not stored: it is a link that leads out of the working directory, or nowhere"
        ));
    }
    Ok(found.files)
}

/// A fault of the local disk, as the task's own failure.
pub(crate) fn failure_of_disk(what: &str, path: &Path, error: &std::io::Error) -> TaskError {
    disk_error(what, path, error).into()
}

/// What a fault of the process means for the task.
pub(crate) fn failure(error: ProcessError) -> TaskError {
    match error {
        ProcessError::Stopped => TaskError::Stopped,
        ProcessError::NotStarted { .. } => {
            TaskError::failed(format!("{error}; is it installed on this machine?"))
        }
        ProcessError::Lost { .. } => TaskError::failed(error.to_string()),
    }
}

#[cfg(test)]
mod tests;
