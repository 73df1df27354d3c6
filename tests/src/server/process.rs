//! Starts a server, reads its memory and kills it.

use anyhow::{Context as _, bail};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// The time limit of a start.
const START_LIMIT: Duration = Duration::from_secs(30);

/// A running server. Dropping this value kills the server.
pub struct ServerProcess {
    child: Child,
    /// The address, `http://127.0.0.1:…`.
    pub url: String,
    /// The time of the start, until the server answered.
    pub took: Duration,
}

impl ServerProcess {
    /// Starts `segue server` on a free port and waits until it prints its address.
    ///
    /// # Errors
    /// An error if the server cannot be started, or ends before it answers.
    pub async fn start(segue: &Path, data_dir: &Path) -> anyhow::Result<Self> {
        Self::start_with(segue, data_dir, &[]).await
    }

    /// Like [`Self::start`], with more environment variables.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn start_with(
        segue: &Path,
        data_dir: &Path,
        environment: &[(&str, &str)],
    ) -> anyhow::Result<Self> {
        let began = Instant::now();
        let mut child = Command::new(segue)
            .envs(environment.iter().copied())
            .arg("--data-dir")
            .arg(data_dir)
            .args(["server", "--quiet", "--port", "0"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{} cannot be started", segue.display()))?;
        let output = child.stdout.take().context("the server has no standard output")?;
        let mut lines = BufReader::new(output).lines();
        let address = async {
            while let Some(line) = lines.next_line().await? {
                if let Some(url) = line.split_whitespace().find(|word| word.starts_with("http://")) {
                    return Ok(url.to_owned());
                }
            }
            bail!("the server ended before it printed its address")
        };
        let url = tokio::time::timeout(START_LIMIT, address).await.context("the server does not start")??;
        let took = began.elapsed();
        // Later output is read and ignored, because a full pipe would stop the server.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Self { child, url, took })
    }

    /// The id of the process. `None` if the process has ended.
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Waits until the server ends without being killed by this value.
    ///
    /// # Errors
    /// An error if the system cannot wait for the process.
    pub async fn ended(&mut self) -> anyhow::Result<()> {
        self.child.wait().await?;
        Ok(())
    }

    /// Kills the server without warning, as a power cut would. The server cannot handle this signal.
    ///
    /// # Errors
    /// An error if the server cannot be killed.
    pub async fn kill(mut self) -> anyhow::Result<()> {
        self.child.kill().await?;
        Ok(())
    }

    /// The memory of the process now, and its maximum so far, in MiB.
    ///
    /// # Errors
    /// An error if the system does not report the memory.
    pub fn memory(&self) -> anyhow::Result<(u64, u64)> {
        let id = self.child.id().context("the server has ended")?;
        let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
        let field = |name: &str| -> Option<u64> {
            let line = status.lines().find(|line| line.starts_with(name))?;
            line.split_whitespace().nth(1)?.parse::<u64>().ok()
        };
        match (field("VmRSS:"), field("VmHWM:")) {
            (Some(now), Some(most)) => Ok((now / 1024, most / 1024)),
            _ => bail!("the system does not report the memory of the server"),
        }
    }
}
