//! A program as a process: started, checked, killed.

#![expect(
    clippy::disallowed_methods,
    reason = "a test passes its own environment on, or has its settings there"
)]

use anyhow::{Context as _, bail, ensure};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// The time limit of a start.
const START_LIMIT: Duration = Duration::from_secs(30);
/// The time between two checks of a program that is starting.
const ASK: Duration = Duration::from_millis(2);

/// A function as a process. Dropping this value kills the process.
pub struct FunctionProcess {
    program: PathBuf,
    variables: Vec<(String, String)>,
    log: PathBuf,
    child: Option<Child>,
    /// The port of the function. It is the same after each start.
    pub port: u16,
    /// The time of the last start, until the process answered.
    pub took: Duration,
}

impl FunctionProcess {
    /// Starts a program with these variables, `PATH` and `HOME`. Its output is written to the file `log`.
    ///
    /// # Errors
    /// An error if the program cannot be started, or does not answer at `/health` in time.
    pub async fn start(program: &Path, variables: Vec<(String, String)>, log: &Path) -> anyhow::Result<Self> {
        Self::start_at(free_port()?, program, variables, log).await
    }

    /// Starts a program as [`Self::start`] does, on this port.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn start_at(
        port: u16,
        program: &Path,
        variables: Vec<(String, String)>,
        log: &Path,
    ) -> anyhow::Result<Self> {
        let mut process = Self {
            program: program.to_owned(),
            variables,
            log: log.to_owned(),
            child: None,
            port,
            took: Duration::ZERO,
        };
        process.run().await?;
        Ok(process)
    }

    /// The address of the function, with a slash at the end.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    /// Starts the process again if it is not running, and waits until it answers.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn run(&mut self) -> anyhow::Result<()> {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(&self.log)?;
        // Created before the measured time begins, because creating a client reads the system's certificates.
        let http = reqwest::Client::new();
        let began = Instant::now();
        let inherited = ["PATH", "HOME", "LD_LIBRARY_PATH", "TMPDIR"].into_iter();
        let mut command = Command::new(&self.program);
        command
            .env_clear()
            .envs(inherited.filter_map(|name| Some((name, std::env::var_os(name)?))))
            .envs(self.variables.iter().cloned())
            .env("PORT", self.port.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true);
        let child =
            command.spawn().with_context(|| format!("{} cannot be started", self.program.display()))?;
        let child = self.child.insert(child);
        loop {
            if http.get(format!("http://127.0.0.1:{}/health", self.port)).send().await.is_ok() {
                self.took = began.elapsed();
                return Ok(());
            }
            if let Some(status) = child.try_wait()? {
                let said = std::fs::read_to_string(&self.log).unwrap_or_default();
                bail!("{} ended with {status}: {said}", self.program.display());
            }
            ensure!(began.elapsed() < START_LIMIT, "{} does not answer", self.program.display());
            tokio::time::sleep(ASK).await;
        }
    }

    /// Kills the process without warning, as a power cut would. Nothing happens if it is not running.
    ///
    /// # Errors
    /// An error if the process cannot be killed.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill().await?;
        }
        Ok(())
    }

    /// The id of the process. `None` if it has ended.
    ///
    /// # Errors
    /// An error if the system does not know the process.
    pub fn id(&mut self) -> anyhow::Result<Option<u32>> {
        let Some(child) = &mut self.child else { return Ok(None) };
        Ok(if child.try_wait()?.is_some() { None } else { child.id() })
    }

    /// Asks the process to stop, as Cloud Run does. Returns the time until it ended.
    ///
    /// # Errors
    /// An error if the process cannot be asked, or has not ended within `limit`.
    pub async fn stop(&mut self, limit: Duration) -> anyhow::Result<Duration> {
        let mut child = self.child.take().context("it is not running")?;
        let id = child.id().context("it has ended")?;
        let began = Instant::now();
        let status = Command::new("kill").args(["-TERM", &id.to_string()]).status().await?;
        ensure!(status.success(), "the process cannot be asked to stop");
        tokio::time::timeout(limit, child.wait()).await.context("it does not stop")??;
        Ok(began.elapsed())
    }

    /// The current memory of the process, and its largest memory so far. Both in KiB.
    ///
    /// # Errors
    /// An error if the system does not report the memory.
    pub fn memory(&self) -> anyhow::Result<(u64, u64)> {
        let id = self.child.as_ref().and_then(Child::id).context("it is not running")?;
        let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
        let field = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name))?;
            line.split_whitespace().nth(1)?.parse::<u64>().ok()
        };
        field("VmRSS:").zip(field("VmHWM:")).context("the system does not report the memory of the process")
    }

    /// The answer of the process at `/health`.
    ///
    /// # Errors
    /// An error if the process does not answer.
    pub async fn health(&self) -> anyhow::Result<serde_json::Value> {
        let url = format!("http://127.0.0.1:{}/health", self.port);
        Ok(reqwest::get(url).await?.json().await?)
    }
}

/// Starts a program that prints its address as its first line. Returns the process and the address.
///
/// # Errors
/// An error if the program cannot be started, or ends before it prints its address.
pub(super) async fn start_server(
    program: &Path,
    arguments: &[&str],
    log: &Path,
) -> anyhow::Result<(Child, String)> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(std::fs::OpenOptions::new().create(true).append(true).open(log)?)
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("{} cannot be started", program.display()))?;
    let output = child.stdout.take().context("the program has no standard output")?;
    let mut lines = BufReader::new(output).lines();
    let first = tokio::time::timeout(START_LIMIT, lines.next_line()).await;
    let line = first.context("the program prints no address")??.context("it ended at once")?;
    let url = line.split_whitespace().find(|word| word.starts_with("http://"));
    let url = url.with_context(|| format!("'{line}' is no address"))?.to_owned();
    // Later output is read and ignored, because a full pipe would stop the program.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    Ok((child, url))
}

/// A port that nobody uses now.
pub(super) fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
