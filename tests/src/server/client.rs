//! A client of a server's API.

use anyhow::{Context as _, bail};
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use std::time::Duration;

/// The states of executions that have not ended.
const OPEN: [&str; 7] = ["CREATED", "QUEUED", "RUNNING", "PAUSED", "RESTARTED", "RETRYING", "KILLING"];

/// A client of one server.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
}

/// The end of an execution, without values that differ between runs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ended {
    /// The flow.
    pub flow: String,
    /// The slot of the execution. `None` if no schedule started the execution.
    pub slot: Option<String>,
    /// The final state.
    pub state: String,
    /// `task STATE` or `task[value] STATE` of each task run, sorted.
    pub task_runs: Vec<String>,
}

impl Client {
    /// Creates a client of the server at `url`.
    ///
    /// # Errors
    /// An error if the client cannot be created.
    pub fn new(url: &str) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder().timeout(Duration::from_secs(600)).build()?;
        Ok(Self { http, base: format!("{url}/api/v1/main") })
    }

    async fn answer(&self, request: reqwest::RequestBuilder) -> anyhow::Result<Value> {
        let response = request.send().await?;
        let status = response.status();
        let text = response.text().await?;
        if !status.is_success() {
            bail!("the server answers {status}: {text}");
        }
        if text.is_empty() { Ok(Value::Null) } else { Ok(serde_json::from_str(&text)?) }
    }

    /// Imports flows from YAML, several documents at once.
    ///
    /// # Errors
    /// An error if the server refuses a flow.
    pub async fn import(&self, yaml: String) -> anyhow::Result<()> {
        let part = Part::text(yaml).file_name("flows.yaml");
        let request = self
            .http
            .post(format!("{}/flows/import?failOnError=true", self.base))
            .multipart(Form::new().part("fileUpload", part));
        let refused = self.answer(request).await?;
        if refused.as_array().is_some_and(|failures| !failures.is_empty()) {
            bail!("flows were refused: {refused}");
        }
        Ok(())
    }

    /// Starts an execution. With `wait`, returns after the end of the execution.
    ///
    /// # Errors
    /// An error if the server refuses the execution.
    pub async fn start(
        &self,
        flow: (&str, &str),
        inputs: &[(String, String)],
        wait: bool,
    ) -> anyhow::Result<Value> {
        let mut request =
            self.http.post(format!("{}/executions/{}/{}?wait={wait}", self.base, flow.0, flow.1));
        if !inputs.is_empty() {
            let form =
                inputs.iter().fold(Form::new(), |form, (name, value)| form.text(name.clone(), value.clone()));
            request = request.multipart(form);
        }
        self.answer(request).await.with_context(|| format!("starting {}.{}", flow.0, flow.1))
    }

    /// Starts a backfill and returns its id.
    ///
    /// # Errors
    /// An error if the server refuses the backfill.
    pub async fn backfill(&self, request: &Value) -> anyhow::Result<String> {
        let made = self.answer(self.http.post(format!("{}/backfills", self.base)).json(request)).await?;
        made.get("id").and_then(Value::as_str).map(str::to_owned).context("the backfill has no id")
    }

    /// The state of a backfill.
    ///
    /// # Errors
    /// An error if the backfill does not exist.
    pub async fn backfill_state(&self, id: &str) -> anyhow::Result<String> {
        let found = self.answer(self.http.get(format!("{}/backfills/{id}", self.base))).await?;
        found.get("state").and_then(Value::as_str).map(str::to_owned).context("the backfill has no state")
    }

    /// The number of executions that have not ended.
    ///
    /// # Errors
    /// An error if the server does not answer.
    pub async fn open(&self) -> anyhow::Result<u64> {
        let states: String = OPEN.iter().map(|state| format!("&state={state}")).collect();
        let page = self.http.get(format!("{}/executions/search?size=1{states}", self.base));
        self.answer(page).await?.get("total").and_then(Value::as_u64).context("the page has no total")
    }

    /// The number of executions.
    ///
    /// # Errors
    /// An error if the server does not answer.
    pub async fn total(&self) -> anyhow::Result<u64> {
        let page = self.http.get(format!("{}/executions/search?size=1", self.base));
        self.answer(page).await?.get("total").and_then(Value::as_u64).context("the page has no total")
    }

    /// An execution with all its fields.
    ///
    /// # Errors
    /// An error if the execution does not exist.
    pub async fn execution(&self, id: &str) -> anyhow::Result<Value> {
        self.answer(self.http.get(format!("{}/executions/{id}", self.base))).await
    }

    /// The messages of the log of an execution, oldest first.
    ///
    /// # Errors
    /// An error if the server does not answer.
    pub async fn log(&self, id: &str) -> anyhow::Result<Vec<String>> {
        let lines = self.answer(self.http.get(format!("{}/logs/{id}", self.base))).await?;
        let lines = lines.as_array().context("the log is no list")?.iter();
        Ok(lines.filter_map(|line| line.get("message")?.as_str().map(str::to_owned)).collect())
    }

    /// The newest errors in the logs of all executions, with the names of their flows and tasks.
    ///
    /// # Errors
    /// An error if the server does not answer.
    pub async fn errors(&self) -> anyhow::Result<Vec<String>> {
        let request = self.http.get(format!("{}/logs/search?minLevel=ERROR&size=20", self.base));
        let found = self.answer(request).await?;
        let lines = found.get("results").and_then(Value::as_array).cloned().unwrap_or_default();
        let text = |line: &Value, field: &str| {
            line.get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let shown = |line: &Value| {
            format!("{} {}: {}", text(line, "executionId"), text(line, "taskId"), text(line, "message"))
        };
        Ok(lines.iter().map(shown).collect())
    }

    /// The final states of all executions, sorted.
    ///
    /// # Errors
    /// An error if the server does not answer.
    pub async fn ends(&self) -> anyhow::Result<Vec<Ended>> {
        let mut ends: Vec<Ended> = self.executions().await?.iter().map(ended).collect();
        ends.sort();
        Ok(ends)
    }

    /// All executions with all their fields.
    ///
    /// # Errors
    /// An error if the server does not answer.
    pub async fn executions(&self) -> anyhow::Result<Vec<Value>> {
        let mut executions = Vec::new();
        for page in 1.. {
            let request = self.http.get(format!("{}/executions/search?size=100&page={page}", self.base));
            let found = self.answer(request).await?;
            let found = found.get("results").and_then(Value::as_array).cloned().unwrap_or_default();
            if found.is_empty() {
                break;
            }
            for execution in found {
                let id = execution.get("id").and_then(Value::as_str).context("an execution has no id")?;
                executions.push(self.execution(id).await?);
            }
        }
        Ok(executions)
    }
}

fn ended(execution: &Value) -> Ended {
    let text = |value: &Value, pointer: &str| {
        value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let mut task_runs: Vec<String> = execution
        .get("taskRunList")
        .and_then(Value::as_array)
        .unwrap_or(&Vec::new())
        .iter()
        .map(|run| {
            let value = run.get("value").and_then(Value::as_str).map(|value| format!("[{value}]"));
            format!("{}{} {}", text(run, "/taskId"), value.unwrap_or_default(), text(run, "/state/current"))
        })
        .collect();
    task_runs.sort();
    Ended {
        flow: text(execution, "/flowId"),
        slot: execution
            .pointer("/trigger/variables/date")
            .unwrap_or(&json!(null))
            .as_str()
            .map(str::to_owned),
        state: text(execution, "/state/current"),
        task_runs,
    }
}
