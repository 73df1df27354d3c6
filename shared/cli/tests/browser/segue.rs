//! The `segue` command, as a server and as its client.

#![expect(
    clippy::disallowed_methods,
    reason = "a test passes its own environment on, or has its settings there"
)]

use crate::support::segue;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout};

/// The time limit of a start.
const START_LIMIT: Duration = Duration::from_secs(60);

/// A running server. Dropping this value kills the server.
pub(crate) struct Segue {
    data_dir: PathBuf,
    url: String,
    http: reqwest::Client,
    _server: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Segue {
    /// Starts a server on a free port, with its data below `folder`. The server finds programs in `folder/bin` first.
    pub(crate) async fn start(folder: &Path, options: &[&str]) -> Self {
        let data_dir = folder.join("data");
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(folder.join("bin")).chain(std::env::split_paths(&path));
        let mut server = segue(&data_dir)
            .env("PATH", std::env::join_paths(folders).unwrap())
            .args(["server", "--port", "0"])
            .args(options)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(server.stdout.take().unwrap()).lines();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut started = Self { data_dir, url: String::new(), http, _server: server, lines };
        started.url = started.address_in("Segue answers at ").await;
        started
    }

    /// Reads lines of output up to a line with this beginning, and returns the address in the line.
    pub(crate) async fn address_in(&mut self, beginning: &str) -> String {
        let line = async {
            loop {
                let line = self.lines.next_line().await.unwrap().expect("the server has ended");
                if line.starts_with(beginning) {
                    return line;
                }
            }
        };
        let line = tokio::time::timeout(START_LIMIT, line).await.unwrap();
        line.split_whitespace().find(|word| word.starts_with("http://")).unwrap().to_owned()
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn port(&self) -> u16 {
        self.url.rsplit(':').next().unwrap().parse().unwrap()
    }

    /// Runs a verb that must succeed, and returns its output.
    pub(crate) async fn command(&self, arguments: &[&str]) -> String {
        let output = segue(&self.data_dir).args(arguments).output().await.unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{arguments:?}: {text}{}", String::from_utf8_lossy(&output.stderr));
        text
    }

    /// Saves a flow with the command line.
    pub(crate) async fn deploy(&self, source: &str) {
        let file = self.data_dir.join("deployed.yaml");
        std::fs::write(&file, source).unwrap();
        self.command(&["flow", "import", file.to_str().unwrap()]).await;
    }

    async fn found(&self, path: &str) -> Value {
        let answer = self.http.get(format!("{}/api/v1/{path}", self.url)).send().await.unwrap();
        serde_json::from_str(&answer.error_for_status().unwrap().text().await.unwrap()).unwrap()
    }

    /// The ids of all flows, as a program that is not a browser reads them.
    pub(crate) async fn flows(&self) -> Vec<String> {
        let page = self.found("flows/search?size=100").await;
        let flows = page["results"].as_array().unwrap();
        flows.iter().map(|flow| flow["id"].as_str().unwrap().to_owned()).collect()
    }

    /// The number of executions.
    pub(crate) async fn executions(&self) -> u64 {
        self.found("executions/search?size=1").await["total"].as_u64().unwrap()
    }
}
