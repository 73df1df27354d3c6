//! Runs commands on this machine, as a process or in a container of Docker.

use crate::docker::{Container, ContainerRun, advice};
use crate::lines::Line;
use crate::process::{Listener, Source};
use crate::runner::Local;
use crate::sink::Sink;
use crate::{launch, process};
use segue_process::Program;
use segue_task::{TaskContext, TaskError};
use std::collections::BTreeMap;
use std::ffi::OsString;
use tempfile::TempDir;
use tokio::process::Command;
use tokio_util::sync::CancellationToken;

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
            let program = Program::new(command).clear_up_by(&container.removal());
            let code = listen_to_client(program, &stop, sink, image).await?;
            drop(config);
            container.ended();
            Ok(code)
        }
    }
}

/// The exit code of the client if it could not start the container. A command in the container may end with this code too.
const NOT_STARTED: i32 = 125;
/// What the client writes before its own errors.
const OWN: &str = "docker: ";

/// Runs the client to its end. Returns the exit code of the container's command.
///
/// # Errors
/// [`TaskError::Failed`] with the client's own words if it could not start the container.
async fn listen_to_client(
    client: impl Into<Program>,
    stop: &CancellationToken,
    sink: &mut Sink<'_>,
    image: &str,
) -> Result<i32, TaskError> {
    let mut lines = ClientLines { sink, said: None };
    let code = process::listen(client, stop, &mut lines).await?;
    let Some(said) = lines.said.filter(|_| code == NOT_STARTED) else { return Ok(code) };
    let advice = advice(&said).unwrap_or("check the properties of the task, and the Docker daemon");
    Err(TaskError::failed(format!("Docker could not run the image '{image}': {said}; {advice}")))
}

/// The lines of a container, and what the client itself said last.
struct ClientLines<'s, 'c> {
    sink: &'s mut Sink<'c>,
    said: Option<String>,
}

impl Listener for &mut ClientLines<'_, '_> {
    fn line(&mut self, source: Source, line: Line) {
        if source == Source::Err
            && let Some(said) = line.text.strip_prefix(OWN)
        {
            let said = said.trim_start_matches("Error response from daemon: ").trim_end();
            self.said = Some(said.trim_end_matches('.').to_owned());
        }
        self.sink.line(source, line);
    }

    fn room(&self) -> impl Future<Output = ()> + Send {
        self.sink.room()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::run_work;
    use segue_task::testing::TestRun;
    use serde_json::json;

    /// Runs a shell script in the place of the client.
    async fn client(script: &'static str) -> TestRun {
        run_work(move |context| async move {
            let mut command = Command::new("sh");
            command.args(["-c", script]);
            let mut sink = Sink::new(&context, None);
            let stop = context.cancelled();
            let code = listen_to_client(command, &stop, &mut sink, "nosuch:1").await?;
            Ok(json!({"code": code}))
        })
        .await
    }

    #[tokio::test]
    async fn an_unknown_image_is_the_error_of_the_task() {
        let run = client(
            "echo \"Unable to find image 'nosuch:1' locally\" >&2
             echo \"docker: Error response from daemon: manifest for nosuch:1 not found: manifest unknown.\" >&2
             echo >&2; echo \"Run 'docker run --help' for more information\" >&2; exit 125",
        )
        .await;
        assert!(run.log_text().contains("Unable to find image"), "{}", run.log_text());
        assert_eq!(
            run.error(),
            "Docker could not run the image 'nosuch:1': manifest for nosuch:1 not found: manifest unknown; check the name and \
             the tag of the image in its registry"
        );
        let error =
            client("echo 'docker: Error response from daemon: no space left on device' >&2; exit 125")
                .await
                .error();
        assert!(error.ends_with("check the properties of the task, and the Docker daemon"), "{error}");
    }

    #[tokio::test]
    async fn a_command_may_end_with_any_code() {
        assert_eq!(client("echo failed >&2; exit 125").await.outputs()["code"], 125);
        assert_eq!(client("echo 'docker: x' >&2; exit 3").await.outputs()["code"], 3);
    }
}
