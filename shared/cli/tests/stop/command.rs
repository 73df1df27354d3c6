//! Runs the `segue` command, reads its standard error, and sends signals to it.

use crate::support::segue;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStderr};
use tokio::time::timeout;

/// The time limit of each step. It is much shorter than the default limits of scripts and servers.
const LIMIT: Duration = Duration::from_secs(60);

/// A running command. Dropping this value kills the command.
pub(crate) struct Segue {
    folder: PathBuf,
    child: Child,
    said: Lines<BufReader<ChildStderr>>,
}

/// Waits until a condition is true. `what` names the condition in the error.
pub(crate) async fn until(what: &str, condition: impl Fn() -> bool) {
    let waiting = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(LIMIT, waiting).await.expect(what);
}

impl Segue {
    /// Starts a verb. `seconds` is the time that task runs have to end when the verb stops.
    pub(crate) fn start(folder: &Path, seconds: u32, arguments: &[&str]) -> Self {
        let mut child = segue(&folder.join("data"))
            .env("SEGUE_STOP_SECONDS", seconds.to_string())
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stderr.take().unwrap()).lines();
        Self { folder: folder.to_owned(), child, said }
    }

    /// Starts a server on a free port, and waits until it answers.
    pub(crate) async fn server(folder: &Path, seconds: u32) -> Self {
        let told = folder.join("data/server.json");
        // A server that was killed may have left its file.
        let _ = std::fs::remove_file(&told);
        let server = Self::start(folder, seconds, &["server", "--port", "0"]);
        until("the server starts", || told.exists()).await;
        server
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id().expect("the command has ended")).unwrap();
        kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
    }

    /// Waits for the end of the command, and returns the exit code.
    pub(crate) async fn ended(&mut self) -> Option<i32> {
        timeout(LIMIT, self.child.wait()).await.expect("it does not end").unwrap().code()
    }

    /// Waits for a line on standard error that contains `part`.
    pub(crate) async fn line(&mut self, part: &str) {
        let said = async {
            let mut before = Vec::new();
            while let Some(line) = self.said.next_line().await.unwrap() {
                if line.contains(part) {
                    return;
                }
                before.push(line);
            }
            panic!("it never said '{part}', but {before:?}");
        };
        timeout(LIMIT, said).await.expect(part);
    }

    /// Runs a verb as a client of the server, and returns its output. If `file` is set, the verb gets a file with this
    /// content.
    pub(crate) async fn command(&self, arguments: &[&str], file: Option<&str>) -> String {
        let mut command = segue(&self.folder.join("data"));
        command.args(arguments);
        if let Some(content) = file {
            let path = self.folder.join("given.yaml");
            std::fs::write(&path, content).unwrap();
            command.arg(path);
        }
        let output = command.output().await.unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{arguments:?}: {text}{}", String::from_utf8_lossy(&output.stderr));
        text
    }

    /// Waits until the only execution of the server is in this state.
    pub(crate) async fn only_execution(&self, state: &str) -> Value {
        let waiting = async {
            loop {
                let listed = self.command(&["execution", "list", "--output", "json"], None).await;
                let listed: Value = serde_json::from_str(&listed).unwrap();
                let found = listed["results"].as_array().unwrap();
                assert_eq!(found.len(), 1, "{listed}");
                if found[0]["state"]["current"] == state {
                    let id = found[0]["id"].as_str().unwrap();
                    let text = self.command(&["execution", "get", id, "--output", "json"], None).await;
                    return serde_json::from_str(&text).unwrap();
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(LIMIT, waiting).await.unwrap_or_else(|_| panic!("the execution is never {state}"))
    }
}
