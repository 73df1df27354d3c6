//! The cycle round one attempt: claim, run, record, report. Every step may be cut off and every message may come
//! twice; what has been recorded is only reported again.

use crate::attempt::{self, Ended};
use crate::context::{Service, TaskContext};
use crate::lease;
use crate::list::TaskList;
use crate::outbound::Clients;
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use segue_model::event::{Event, TaskRunResult};
use segue_model::id::ExecutionId;
use segue_ports::state::Claim;
use segue_ports::wire::{AttemptKey, ExecutionMessage, Message, TaskRunMessage};
use segue_ports::{MessageHandler, Outgoing, PortError, Ports, Topic, Verdict};
use segue_template::Renderer;
use std::collections::HashSet;
use std::future::Future;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long things may take.
#[derive(Clone, Debug)]
pub struct TaskSettings {
    /// How long a claim lasts unless it is renewed.
    pub lease: Duration,
    /// How often it is renewed.
    pub heartbeat: Duration,
    /// How often log lines are written while a task runs.
    pub log_interval: Duration,
    /// How long a task that is to stop may take to stop.
    pub grace: Duration,
    /// How often a task is run again because the platform failed.
    pub platform_retries: u32,
    /// The pause before the first of these; each later one is four times as long.
    pub platform_retry_pause: Duration,
    /// The largest outputs, in bytes of JSON.
    pub max_output_bytes: usize,
    /// Where working directories are made.
    pub work_root: PathBuf,
    /// The time zone of expressions that name none.
    pub time_zone: TimeZone,
}

impl Default for TaskSettings {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(10),
            heartbeat: Duration::from_secs(1),
            log_interval: Duration::from_millis(200),
            grace: Duration::from_secs(5),
            platform_retries: 3,
            platform_retry_pause: Duration::from_millis(200),
            max_output_bytes: 8 * 1024 * 1024,
            work_root: std::env::temp_dir().join("segue-work"),
            time_zone: TimeZone::UTC,
        }
    }
}

/// Tries of a state store or bus that does not answer, before the message is handed back.
const PORT_TRIES: u32 = 3;
/// The pause between these tries.
const PORT_PAUSE: Duration = Duration::from_millis(50);

/// Runs the task runs of one service.
pub struct TaskService {
    list: TaskList,
    service: Arc<Service>,
    /// Attempts at work in this process: its holder may claim again what it holds, so that it can go on after a
    /// crash, and a duplicate must not be taken for that.
    running: Mutex<HashSet<AttemptKey>>,
}

impl TaskService {
    /// A service for the types of `list`. `holder` names this process in claims: the same name after a restart
    /// goes on at once with what was cut off; two processes at work at once need two names.
    pub fn new(list: TaskList, ports: Ports, renderer: Arc<Renderer>, holder: impl Into<String>) -> Self {
        Self::with_settings(list, ports, renderer, holder, TaskSettings::default())
    }

    /// The same with settings of its own.
    pub fn with_settings(
        list: TaskList,
        ports: Ports,
        renderer: Arc<Renderer>,
        holder: impl Into<String>,
        settings: TaskSettings,
    ) -> Self {
        let service =
            Service { ports, renderer, clients: Clients::from_env(), settings, holder: holder.into() };
        Self { list, service: Arc::new(service), running: Mutex::default() }
    }

    /// The types it runs.
    pub fn list(&self) -> &TaskList {
        &self.list
    }

    async fn task_run(&self, message: TaskRunMessage) -> Verdict {
        let key = message.key();
        let Some(_running) = Running::enter(&self.running, &key) else {
            tracing::debug!(?key, "a duplicate of what is at work here");
            return Verdict::Done;
        };
        match self.claimed(message, &key).await {
            Ok(()) => Verdict::Done,
            Err(error) => {
                tracing::warn!(?key, %error, "the message is handed back");
                Verdict::Retry
            }
        }
    }

    async fn claimed(&self, message: TaskRunMessage, key: &AttemptKey) -> Result<(), PortError> {
        let state = &self.service.ports.state;
        let holder = self.service.holder.as_str();
        let claim = tried(|| async {
            let now = self.service.ports.clock.now();
            state.claim(key, holder, now, self.service.lease_end()).await
        });
        match claim.await? {
            Claim::Granted => {}
            Claim::Held { until } => {
                tracing::debug!(?key, %until, "somebody else is at it");
                return Ok(());
            }
            Claim::Revoked => return Ok(()),
            Claim::Finished(result) => return self.report(&key.execution_id, *result).await,
        }
        let lost = CancellationToken::new();
        // The claim is kept through the record of the result, which may have to be tried again.
        tokio::select! {
            recorded = self.work(message, key, &lost) => match recorded? {
                Some(result) => self.report(&key.execution_id, result).await,
                None => Ok(()),
            },
            () = forever(lease::keep(&self.service, key, &lost)) => Ok(()),
        }
    }

    /// Runs the attempt, its log written meanwhile, and records how it ended; none where the claim was lost.
    async fn work(
        &self,
        message: TaskRunMessage,
        key: &AttemptKey,
        lost: &CancellationToken,
    ) -> Result<Option<TaskRunResult>, PortError> {
        let stop = lost.child_token();
        let entry = self.list.get(&message.task_type);
        let context = TaskContext::new(self.service.clone(), message, stop.clone());
        let ended = {
            let mut run = std::pin::pin!(attempt::run(&self.service, entry, &context, &stop, lost));
            let mut ticks = tokio::time::interval(self.service.settings.log_interval);
            ticks.tick().await;
            // A batch that is being written is finished before the end is recorded.
            loop {
                tokio::select! {
                    biased;
                    ended = &mut run => break ended,
                    _ = ticks.tick() => context.journal().flush(&*self.service.ports.state).await,
                }
            }
        };
        self.record(key, &context, ended).await
    }

    /// Writes the result; none where the claim was lost.
    async fn record(
        &self,
        key: &AttemptKey,
        context: &TaskContext,
        ended: Ended,
    ) -> Result<Option<TaskRunResult>, PortError> {
        let ports = &self.service.ports;
        let logs = context.journal().rest(&ports.storage).await;
        let Ended::Result(result) = ended else {
            return tried(|| ports.state.append_logs(logs.clone())).await.map(|()| None);
        };
        let holder = self.service.holder.as_str();
        if tried(|| ports.state.finish_claim(key, holder, &result, logs.clone())).await? {
            return Ok(Some(*result));
        }
        tracing::info!(?key, "the claim was lost before the result could be recorded");
        Ok(None)
    }

    async fn report(&self, execution_id: &ExecutionId, result: TaskRunResult) -> Result<(), PortError> {
        let event = Event::TaskRunFinished(result);
        let message = Message::Execution(ExecutionMessage::new(execution_id.clone(), event));
        let outgoing = Outgoing { topic: Topic::Executions, message };
        tried(|| self.service.ports.bus.publish(vec![outgoing.clone()])).await
    }
}

impl Service {
    pub(crate) fn lease_end(&self) -> Timestamp {
        let now = self.ports.clock.now();
        SignedDuration::try_from(self.settings.lease)
            .ok()
            .and_then(|lease| now.checked_add(lease).ok())
            .unwrap_or(Timestamp::MAX)
    }
}

#[async_trait]
impl MessageHandler for TaskService {
    async fn handle(&self, message: Message) -> Verdict {
        match message {
            Message::TaskRun(message) => self.task_run(*message).await,
            Message::Execution(_) | Message::Tick(_) | Message::ExecutionEnded(_) | Message::Backfill(_) => {
                tracing::error!(
                    "a message that is not about a task run came to a task service; it is dropped"
                );
                Verdict::Done
            }
        }
    }
}

/// Runs something besides, whose end ends nothing.
async fn forever(besides: impl Future<Output = ()>) {
    besides.await;
    std::future::pending::<()>().await;
}

/// Tries again, a little later, while the port may yet answer.
async fn tried<T, F: Future<Output = Result<T, PortError>>>(call: impl Fn() -> F) -> Result<T, PortError> {
    for _ in 1..PORT_TRIES {
        match call().await {
            Err(error) if error.is_transient() => tokio::time::sleep(PORT_PAUSE).await,
            other => return other,
        }
    }
    call().await
}

/// An attempt at work in this process.
struct Running<'a> {
    all: &'a Mutex<HashSet<AttemptKey>>,
    key: AttemptKey,
}

impl<'a> Running<'a> {
    fn enter(all: &'a Mutex<HashSet<AttemptKey>>, key: &AttemptKey) -> Option<Self> {
        let entered = all.lock().unwrap_or_else(PoisonError::into_inner).insert(key.clone());
        entered.then(|| Self { all, key: key.clone() })
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}
