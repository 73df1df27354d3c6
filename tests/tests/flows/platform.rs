//! A whole platform in this process, with a new data directory.

use anyhow::{Context, bail};
use jiff::Timestamp;
use segue_executor::{ExecutorParts, NewExecution};
use segue_model::execution::{Execution, ExecutionTrigger};
use segue_model::log::{LogEntry, LogLevel};
use segue_model::task_run::TaskRun;
use segue_model::{Json, Map};
use segue_ports::kv::{KvType, KvWrite};
use segue_ports::warehouse::QueryJob;
use segue_standalone::{Options, PutFlowError, Running, Standalone};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The time limit of a flow.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running platform.
pub(crate) struct Platform {
    standalone: Arc<Standalone>,
    running: Running,
    _data: TempDir,
}

/// The end of an execution.
pub(crate) struct End {
    /// The execution.
    pub(crate) execution: Execution,
    /// Its task runs, in the order of their creation.
    pub(crate) runs: Vec<TaskRun>,
    /// Its log.
    pub(crate) logs: Vec<LogEntry>,
}

impl Platform {
    /// Starts an empty platform.
    pub(crate) fn start() -> anyhow::Result<Self> {
        let data = tempfile::tempdir()?;
        let options = Options { data_dir: data.path().to_path_buf(), ..Options::default() };
        Self::start_with(data, &options)
    }

    /// Starts an empty platform with pages at this address.
    pub(crate) fn start_at(url: &str) -> anyhow::Result<Self> {
        let data = tempfile::tempdir()?;
        let url = Some(url.to_owned());
        let options = Options { data_dir: data.path().to_path_buf(), url, ..Options::default() };
        Self::start_with(data, &options)
    }

    fn start_with(data: TempDir, options: &Options) -> anyhow::Result<Self> {
        let standalone = Arc::new(Standalone::open(options)?);
        let running = standalone.start();
        Ok(Self { standalone, running, _data: data })
    }

    /// The catalog, the renderer and the ports.
    pub(crate) fn parts(&self) -> &ExecutorParts {
        self.standalone.executor().parts()
    }

    /// Stops the platform and removes its data.
    pub(crate) async fn stop(self) {
        self.running.stop(std::time::Duration::MAX).await;
    }

    /// Saves a flow and returns its namespace and id.
    pub(crate) async fn put(&self, source: &str) -> anyhow::Result<(String, String)> {
        match self.standalone.put_flow(source).await {
            Ok((stored, _)) => Ok((stored.namespace, stored.id)),
            Err(PutFlowError::Refused(found)) => {
                bail!(
                    "the flow is refused: {}",
                    found.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
                )
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Saves a flow and runs it to its end.
    pub(crate) async fn run(&self, source: &str, inputs: Map) -> anyhow::Result<End> {
        self.run_within(PATIENCE, source, inputs).await
    }

    /// As [`Self::run`], for a flow that may take this long.
    pub(crate) async fn run_within(
        &self,
        patience: Duration,
        source: &str,
        inputs: Map,
    ) -> anyhow::Result<End> {
        self.run_started(patience, source, inputs, None).await
    }

    /// Saves a flow and runs it to its end, as a schedule starts it at this slot.
    pub(crate) async fn run_slot(
        &self,
        source: &str,
        inputs: Map,
        (trigger, slot): (&str, Timestamp),
    ) -> anyhow::Result<End> {
        let trigger = ExecutionTrigger {
            id: trigger.to_owned(),
            type_name: "io.kestra.plugin.core.trigger.Schedule".to_owned(),
            variables: Map::from_iter([("date".to_owned(), slot.to_string().into())]),
            slot: Some(slot),
            backfill: None,
            parent: None,
        };
        self.run_started(PATIENCE, source, inputs, Some(trigger)).await
    }

    async fn run_started(
        &self,
        patience: Duration,
        source: &str,
        inputs: Map,
        trigger: Option<ExecutionTrigger>,
    ) -> anyhow::Result<End> {
        let (namespace, flow_id) = self.put(source).await?;
        // Whatever runs here is planned before, and the run must do what the plan said.
        let plan = crate::plan::plan(&self.standalone, source, &inputs, trigger.clone()).await?;
        let request = NewExecution { namespace, flow_id, inputs, trigger, ..NewExecution::default() };
        let created = self.standalone.create(request).await?;
        let began = Instant::now();
        loop {
            let stored = self.standalone.execution(&created.id).await?.context("the execution is gone")?;
            if stored.execution.state.current().is_terminal() {
                let logs = self.standalone.ports().state.logs(&created.id, LogLevel::Trace, 0).await?;
                let runs = stored.task_runs.into_iter().map(|(_, run)| run).collect();
                let end = End { execution: stored.execution, runs, logs };
                let wrong = crate::plan::compare(&self.standalone, source, &plan, &end).await?;
                if !wrong.is_empty() {
                    bail!("plan and run differ:\n{}\n{}", wrong.join("\n"), serde_json::to_string(&plan)?);
                }
                return Ok(end);
            }
            if began.elapsed() > patience {
                let runs: Vec<_> =
                    stored.task_runs.iter().map(|(_, run)| (&run.task_id, run.current())).collect();
                bail!("still {} after {patience:?}: {runs:?}", stored.execution.state.current());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Sets a key to a text.
    pub(crate) async fn set_key_value(&self, namespace: &str, key: &str, value: &str) {
        let ports = self.standalone.ports();
        let write = KvWrite::Set {
            namespace: namespace.to_owned(),
            key: key.to_owned(),
            kind: KvType::String,
            value: Json::from(value),
            description: None,
            expires: None,
        };
        ports.state.write_kv(vec![write], ports.clock.now()).await.unwrap();
    }

    /// The value of a key. None if there is no such key.
    pub(crate) async fn key_value(&self, namespace: &str, key: &str) -> Option<Json> {
        let ports = self.standalone.ports();
        ports.state.kv(namespace, key, ports.clock.now()).await.unwrap().map(|entry| entry.value)
    }

    /// Runs a query that returns one number, and returns the number.
    pub(crate) async fn number(&self, sql: &str) -> anyhow::Result<i64> {
        let job_id = format!("test-{}", next_job());
        let job = QueryJob { job_id, sql: sql.to_owned(), ..QueryJob::default() };
        let result = self.standalone.ports().warehouse.query(job).await?;
        let value = result.rows.first().and_then(|row| row.values().next()).and_then(|value| value.as_i64());
        value.with_context(|| format!("{sql} returned {:?}", result.rows))
    }
}

/// A new number for the id of a job. Each call returns a larger number.
fn next_job() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

impl End {
    /// The state of the execution.
    pub(crate) fn state(&self) -> &'static str {
        self.execution.state.current().as_str()
    }

    /// All error lines of the log, as one text.
    pub(crate) fn errors(&self) -> String {
        let errors = self.logs.iter().filter(|entry| entry.level == LogLevel::Error);
        errors.map(|entry| entry.message.as_str()).collect::<Vec<_>>().join("\n")
    }
}
