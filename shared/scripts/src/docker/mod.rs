//! The Docker runner. It uses the `docker` client. The working directory has the same path in the container as on this
//! machine, so a path names the same file in both.

mod options;
mod refusal;

pub(crate) use options::{ContainerRun, labels};
pub use options::{Cpu, Credentials, DockerOptions, Memory};
pub(crate) use refusal::advice;

use segue_ports::wire::TaskRunMessage;
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

/// How long to wait for an answer of the daemon.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long an answer is cached.
const BELIEF: Duration = Duration::from_secs(60);

/// A container that is removed when its run is dropped.
pub(crate) struct Container {
    name: String,
    host: Option<String>,
    armed: bool,
}

impl Container {
    /// The container of an attempt. Its name is the same for each delivery, so that the container of a
    /// crashed service is found.
    pub(crate) fn from_message(message: &TaskRunMessage, host: Option<String>) -> Self {
        let plain = |text: &str| text.replace(|c: char| !c.is_ascii_alphanumeric() && c != '-', "-");
        let name = format!("segue-{}-{}", plain(&message.task_run_id.to_string()), message.attempt);
        Self { name, host, armed: true }
    }

    /// The name of the container.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Records that the container ended by itself.
    pub(crate) fn ended(mut self) {
        self.armed = false;
    }

    /// Removes the container of a crashed run of the same attempt.
    pub(crate) async fn clear(&self) {
        let mut command = Command::from(self.removal());
        // Usually there is no such container, and the client reports an error.
        let _ = command.status().await;
    }

    /// The command that removes the container, running or not.
    pub(crate) fn removal(&self) -> std::process::Command {
        let mut command = std::process::Command::new("docker");
        if let Some(host) = &self.host {
            command.args(["--host", host]);
        }
        command.args(["rm", "--force", &self.name]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        if self.armed {
            // Nothing waits for the command, so that dropping a run does not block. If the command fails, the container
            // ends with its own process.
            let _ = self.removal().spawn();
        }
    }
}

/// Checks whether a client and a daemon exist, or returns why not. The answer is cached for a minute.
pub(crate) async fn available(host: Option<&str>) -> Result<(), String> {
    type Known = Vec<(Option<String>, Instant, Result<(), String>)>;
    static KNOWN: Mutex<Known> = Mutex::const_new(Vec::new());
    let mut known = KNOWN.lock().await;
    known.retain(|(_, asked, _)| asked.elapsed() < BELIEF);
    if let Some((.., answer)) = known.iter().find(|(of, ..)| of.as_deref() == host) {
        return answer.clone();
    }
    let answer = ask("docker", host).await;
    known.push((host.map(str::to_owned), Instant::now(), answer.clone()));
    answer
}

async fn ask(client: &str, host: Option<&str>) -> Result<(), String> {
    let mut command = Command::new(client);
    if let Some(host) = host {
        command.args(["--host", host]);
    }
    command.args(["version", "--format", "{{.Server.Version}}"]).stdin(Stdio::null()).kill_on_drop(true);
    match timeout(PATIENCE, command.output()).await {
        Err(_) => Err("the Docker daemon does not answer".to_owned()),
        Ok(Err(_)) => Err("there is no `docker` command".to_owned()),
        Ok(Ok(output)) if output.status.success() => Ok(()),
        Ok(Ok(output)) => {
            let said = String::from_utf8_lossy(&output.stderr);
            Err(said.lines().next().unwrap_or("the Docker daemon cannot be reached").to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_missing_client_is_told() {
        assert!(ask("no-such-docker-here", None).await.unwrap_err().contains("no `docker` command"));
    }
}
