//! One run of a script, from its files and commands to its outputs (docs/kestra.md 4.4).

use crate::directories::{COPIES, Directories, RemoteFile};
use crate::language::{Language, ScriptFile};
use crate::launch::{Arguments, Built, check_variables, script_command};
use crate::program::NeededProgram;
use crate::properties::{PythonProperties, ScriptProperties};
use crate::python::Python;
use crate::remote::{Program, Remote};
use crate::render::{LocalCopies, Rendering};
use crate::result::{ScriptOutput, end};
use crate::runner::{Local, Runner};
use crate::shell::before_path;
use crate::sink::{ReadLine, Sink};
use crate::staging::{stage, stage_remote};
use crate::{choice, execution_context, helper, local};
use segue_model::Json;
use segue_process::environment;
use segue_task::{TaskContext, TaskError};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Write as _;
use std::path::Path;
use tempfile::NamedTempFile;

/// The exit code of a shell that does not find a program.
const NOT_FOUND: i32 = 127;

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
    pub(crate) extras: Extras,
}

/// What a task adds to the properties of its user.
#[derive(Default)]
pub(crate) struct Extras {
    /// The image if the user names none. None: the image of the language.
    pub(crate) image: Option<&'static str>,
    /// The program of the task. None: the commands decide.
    pub(crate) program: Option<NeededProgram>,
    /// Variables as templates, which can name `workingDir`. A variable of the user replaces one with its name.
    pub(crate) templates: BTreeMap<String, String>,
    /// Variables with their values. A variable of the user replaces one with its name.
    pub(crate) env: BTreeMap<String, String>,
    /// Lines of the shell before those of the user. They contain no secrets.
    pub(crate) before: Vec<String>,
    /// Reads lines that are not meant as text for people. None: every line is text.
    pub(crate) read_line: Option<ReadLine>,
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
    /// Files of the working directory that are removed with this value: the script, and the variables of the execution.
    files: Vec<NamedTempFile>,
    /// Files of internal storage for a remote container. Empty on this machine.
    remote_files: Vec<RemoteFile>,
}

impl Script {
    /// Runs the script to its end, with the runner that its properties ask for.
    pub(crate) async fn run(self, context: &TaskContext) -> Result<ScriptOutput, TaskError> {
        let default_image = self.extras.image.unwrap_or(self.language.image);
        let runner = choice::choose(context, &self.properties, default_image).await?;
        match &runner {
            Runner::Remote(remote) => remote.settle(self.run_remote(context, remote).await).await,
            Runner::Local(runner) => context.in_shared_directory(self.run_local(context, runner)).await,
        }
    }

    /// Runs the script on this machine.
    async fn run_local(&self, context: &TaskContext, runner: &Local) -> Result<ScriptOutput, TaskError> {
        let directories = Directories::create(context, runner.layout())?;
        let rendered = self.render(context, &directories).await?;
        let Prepared { arguments, env, files, .. } =
            self.prepare(context, Some(runner), &directories, rendered).await?;
        let mut sink = Sink::new(context, self.extras.read_line);
        let code = local::start(context, runner, &arguments, &env, true, &mut sink).await?;
        drop(files);
        if code == NOT_FOUND && matches!(runner, Local::Process { .. }) {
            sink.explain(
                "a program of the commands is not on this machine, and the log has its name: install the program, or start \
                 Docker and name an image with it in containerImage",
            );
        }
        end(context, &directories, &self.properties.output_files, sink, code).await
    }

    /// Runs the script in a remote container, or checks the container that an earlier delivery started. The texts are
    /// rendered in both cases, so that the secrets in them are known and masked in the log.
    async fn run_remote(&self, context: &TaskContext, remote: &Remote) -> Result<ScriptOutput, TaskError> {
        let directories = Directories::create(context, remote.layout())?;
        let rendered = self.render(context, &directories).await?;
        let outputs = &self.properties.output_files;
        let started = match remote.started().await? {
            Some(started) => started,
            None => {
                let Prepared { arguments, env, files, remote_files } =
                    self.prepare(context, None, &directories, rendered).await?;
                let removed = files.iter().map(NamedTempFile::path).collect();
                let (arguments, env) = (&arguments, &env);
                let program = Program { arguments, env, removed, by_image: false, outputs, remote_files };
                remote.start(&directories, program).await?
            }
        };
        drop(directories);
        remote.end(started, outputs, self.extras.read_line).await
    }

    async fn render(&self, context: &TaskContext, directories: &Directories) -> Result<Rendered, TaskError> {
        let rendering = Rendering::new(context, &directories.seen());
        let mut variables = BTreeMap::new();
        for (name, template) in &self.extras.templates {
            variables.insert(name.clone(), rendering.text(template).await?);
        }
        variables.extend(self.extras.env.clone());
        variables.extend(rendering.map("env", &self.properties.env).await?);
        check_variables(&variables)?;
        let mut before = self.extras.before.clone();
        before.extend(rendering.texts("beforeCommands", &self.properties.before_commands).await?);
        let body = match &self.body {
            Body::Commands(commands) => rendering.texts("commands", commands).await?,
            Body::Script(script) => vec![rendering.texts("script", script).await?.join("\n")],
        };
        Ok(Rendered { variables, before, body })
    }

    /// Copies all files to the directories and builds the command. `runner` is none for a remote container.
    async fn prepare(
        &self,
        context: &TaskContext,
        runner: Option<&Local>,
        directories: &Directories,
        rendered: Rendered,
    ) -> Result<Prepared, TaskError> {
        let files = (self.properties.namespace_files.as_ref(), &self.properties.input_files);
        let (mut remote_files, mut copies) = match runner {
            None => (stage_remote(context, directories, files).await?, LocalCopies::for_remote(directories)?),
            Some(_) => {
                stage(context, directories.dir(), files).await?;
                (Vec::new(), LocalCopies::new(directories.own().join(COPIES))?)
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
        remote_files.extend(copies.remote_files());
        let mut env = self.variables(context, directories, runner, rendered.variables).await?;
        let mut files = Vec::new();
        if self.properties.execution_context == Some(true) {
            let (file, (name, path)) = execution_context::write(context, directories)?;
            env.entry(name).or_insert(path);
            files.push(file);
        }
        let commands = [before.as_slice(), &body].concat();
        if matches!(runner, Some(Local::Process { .. }))
            && let Some(program) = &self.extras.program
        {
            program.check(&commands, environment::own("PATH").as_deref())?;
        }
        let python = match self.python_for(runner, &commands) {
            Some(properties) => {
                let python = Python { context, properties: &properties, scratch: &directories.own().here };
                python.provide(runner, &mut env, &mut before).await?
            }
            None => None,
        };
        let commands = match (&self.body, &self.language.file) {
            (Body::Commands(_), _) | (Body::Script(_), None) => body,
            (Body::Script(_), Some(kind)) => {
                let file = script_file(directories.dir(), kind, &body.join("\n"))?;
                let name = file.path().file_name().map(|name| name.to_string_lossy().into_owned());
                let program = python.unwrap_or_else(|| program(kind, runner));
                let command = script_command(kind, program, &name.unwrap_or_default());
                let is_argv = self.properties.interpreter.as_ref().is_some_and(|given| given.0.is_empty());
                files.push(file);
                if is_argv { command } else { vec![command.join(" ")] }
            }
        };
        let (language, properties) = (self.language, &self.properties);
        let arguments = Arguments { language, properties, before, commands };
        let Built { arguments, shown } = arguments.build(directories.own(), runner, &mut env).await?;
        if let Some(shown) = shown {
            context.warn(shown);
        }
        Ok(Prepared { arguments, env, files, remote_files })
    }

    /// The Python that the script needs: that of a Python task, with the packages of an image that is replaced by a
    /// process. None if the script needs no certain Python.
    fn python_for(&self, runner: Option<&Local>, commands: &[String]) -> Option<PythonProperties> {
        let Some(Local::Process { image }) = runner else { return self.python.clone() };
        let image = image.as_ref();
        let path = environment::own("PATH");
        let packages = match &self.extras.program {
            Some(program) if image.is_some() || program.is_missing(commands, path.as_deref()) => {
                program.packages.as_slice()
            }
            Some(_) => &[],
            None => image.map(|image| image.packages.as_slice()).unwrap_or_default(),
        };
        if self.python.is_none() && image.is_none() && packages.is_empty() {
            return None;
        }
        let mut properties = self.python.clone().unwrap_or_default();
        properties.dependencies.0.extend(packages.iter().cloned());
        if commands.iter().any(|text| text.contains("pip install")) {
            // Other tasks use the cached packages too.
            properties.dependency_cache_enabled = Some(false);
        }
        if properties.python_version.is_none() {
            properties.python_version = image.and_then(|image| image.python.clone());
        }
        Some(properties)
    }

    /// The environment variables of the process. A variable of the task replaces all others with its name.
    async fn variables(
        &self,
        context: &TaskContext,
        directories: &Directories,
        runner: Option<&Local>,
        own: BTreeMap<String, String>,
    ) -> Result<BTreeMap<String, OsString>, TaskError> {
        let mut env: BTreeMap<String, OsString> =
            self.language.env.iter().map(|&(name, value)| (name.to_owned(), value.into())).collect();
        if matches!(runner, Some(Local::Process { .. })) {
            env.extend(platform_variables(context.script_variables().await?, &own, environment::for_child));
        }
        env.extend(directories.variables());
        env.extend(own.into_iter().map(|(name, value)| (name, value.into())));
        let is_script = matches!(self.body, Body::Script(_));
        let installed = helper::install(self.language.helper, is_script, directories.own()).await;
        let installed = installed
            .map_err(|error| TaskError::failed(format!("the helper module cannot be written: {error}")))?;
        if let Some((name, folder)) = installed {
            let inherited =
                matches!(runner, Some(Local::Process { .. })).then(|| environment::for_child(name)).flatten();
            let rest = env.remove(name).or(inherited);
            env.insert(name.to_owned(), before_path(&folder, rest));
        }
        Ok(env)
    }
}

/// The variable with the file of a program's credentials for Google Cloud.
const GOOGLE_CREDENTIALS: &str = "GOOGLE_APPLICATION_CREDENTIALS";

/// The platform's variables for a script. A variable that the script has already stays. A script with credentials of its
/// own talks to Google Cloud itself, so it gets none of them.
fn platform_variables(
    mut given: BTreeMap<String, String>,
    own: &BTreeMap<String, String>,
    inherited: impl Fn(&str) -> Option<OsString>,
) -> BTreeMap<String, OsString> {
    if own.contains_key(GOOGLE_CREDENTIALS) || inherited(GOOGLE_CREDENTIALS).is_some() {
        given.clear();
    }
    given.retain(|name, _| inherited(name).is_none());
    given.into_iter().map(|(name, value)| (name, value.into())).collect()
}

/// The program for a script file.
fn program(kind: &ScriptFile, runner: Option<&Local>) -> &'static str {
    match runner {
        Some(Local::Process { .. }) => kind.program(environment::own("PATH").as_deref()),
        Some(Local::Docker { .. }) | None => kind.programs.first().copied().unwrap_or_default(),
    }
}

/// Writes the file of a script into the working directory, so that the script finds modules there.
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

#[cfg(test)]
mod tests;
