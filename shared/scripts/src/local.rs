//! Runs commands on this machine, as a process or in a container of Docker.

use crate::docker::{Container, ContainerRun};
use crate::runner::Local;
use crate::sink::Sink;
use crate::{launch, process};
use segue_task::{TaskContext, TaskError};
use std::collections::BTreeMap;
use std::ffi::OsString;
use tempfile::TempDir;
use tokio::process::Command;

/// Starts the process or the container, and waits for its end. Returns the exit code.
pub(crate) async fn start(
    context: &TaskContext,
    runner: &Local,
    arguments: &[String],
    env: &BTreeMap<String, OsString>,
    clear_entry_point: bool,
    sink: &mut Sink<'_>,
) -> Result<i32, TaskError> {
    let dir = context.working_dir();
    let stop = context.cancelled();
    match runner {
        Local::Process { .. } => {
            let command = launch::process(arguments, dir, env)?;
            Ok(process::listen(command, &stop, sink).await?)
        }
        Local::Docker { image, options } => {
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
            // The client needs its own values of these variables, even if the task sets others.
            for name in ["PATH", "HOME"] {
                match segue_process::environment::own(name) {
                    Some(value) if env.contains_key(name) => command.env(name, value),
                    _ => &mut command,
                };
            }
            let config = match options.client_config()? {
                Some(config) => Some(client_config(&config, &mut command)?),
                None => None,
            };
            // If this process is killed, its child, the client, is killed too. The container is no child of the client,
            // so a command removes the container.
            let program = segue_process::Program::new(command).clear_up_by(&container.removal());
            let code = process::listen(program, &stop, sink).await?;
            drop(config);
            container.ended();
            if code == 125 {
                context.error(format!(
                    "Docker could not run the image '{image}'; the reason is in the log lines above. Check the name and the \
                     tag of the image, and credentials if its registry asks for a login"
                ));
            }
            Ok(code)
        }
    }
}

pub(crate) fn client_config(config: &str, command: &mut Command) -> Result<TempDir, TaskError> {
    let wrong = |error: std::io::Error| {
        TaskError::failed(format!("cannot write the configuration of Docker: {error}"))
    };
    let folder = tempfile::tempdir().map_err(wrong)?;
    std::fs::write(folder.path().join("config.json"), config).map_err(wrong)?;
    command.env("DOCKER_CONFIG", folder.path());
    Ok(folder)
}
