//! The cycle around one attempt: claim, run, record, report. Each step may be interrupted, and each message
//! may come twice. A recorded result is not computed again, only reported again.

use crate::attempt::{self, Ended};
use crate::context::TaskContext;
use crate::lease;
use crate::list::TaskList;
use crate::look::looked;
use crate::settings::{Service, TaskSettings};
use crate::takeover::{Takeovers, Turn, next_look};
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use segue_lookups::outbound::Clients;
use segue_model::event::{Event, TaskRunResult};
use segue_model::log::LogLevel;
use segue_ports::state::Claim;
use segue_ports::wire::{AttemptKey, ExecutionMessage, Look, Message, Resumed, TaskRunMessage};
use segue_ports::{MessageHandler, Outgoing, PortError, Ports, Topic, Verdict};
use segue_template::Renderer;
use std::borrow::Cow;
use std::collections::HashSet;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// The outcome of working on an attempt.
enum Worked {
    /// The attempt ended, and its result is recorded.
    Recorded(Box<TaskRunResult>),
    /// The claim was lost. There is nothing to report.
    Lost,
    /// The work continues outside. The message is sent again after the duration.
    Unfinished(Box<TaskRunMessage>, Duration),
}

/// Grace period for a message that checks on work outside. After it, any worker may take the claim.
const LATE_LOOK: Duration = Duration::from_secs(600);
/// How often a state store or bus that does not answer is tried before the message is handed back.
const PORT_TRIES: u32 = 3;
/// The pause between two tries.
const PORT_PAUSE: Duration = Duration::from_millis(50);

/// Runs the task runs of one service.
pub struct TaskService {
    pub(crate) list: TaskList,
    pub(crate) service: Arc<Service>,
    /// The attempts running in this process. A holder may claim its own attempt again to continue after a
    /// crash. This set tells such a restart from a duplicate message.
    running: Mutex<HashSet<AttemptKey>>,
    takeovers: Takeovers,
    /// Cancelled when this process must stop its attempts, so that another process can run them again.
    pub(crate) stopping: CancellationToken,
}

impl TaskService {
    /// A service for the task types in `list`. `holder` names this process in claims. A process that restarts
    /// with the same name continues interrupted attempts at once. Two processes that run at the same time
    /// need two names.
    pub fn new(list: TaskList, ports: Ports, renderer: Arc<Renderer>, holder: impl Into<String>) -> Self {
        Self::with_settings(list, ports, renderer, holder, TaskSettings::default())
    }

    /// Like [`Self::new`], with other settings.
    pub fn with_settings(
        list: TaskList,
        ports: Ports,
        renderer: Arc<Renderer>,
        holder: impl Into<String>,
        settings: TaskSettings,
    ) -> Self {
        let clients = Arc::new(Clients::new(settings.allow_metadata));
        let service =
            Service { name: list.service(), ports, renderer, clients, settings, holder: holder.into() };
        Self {
            list,
            service: Arc::new(service),
            running: Mutex::default(),
            takeovers: Takeovers::new(),
            stopping: CancellationToken::new(),
        }
    }

    /// The number of attempts running in this process.
    pub fn at_work(&self) -> usize {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// The task types of the service.
    pub fn list(&self) -> &TaskList {
        &self.list
    }

    async fn task_run(&self, message: TaskRunMessage) -> Verdict {
        if self.stopping.is_cancelled() {
            return Verdict::Stopped;
        }
        let key = message.key();
        let Some(_running) = Running::enter(&self.running, &key) else {
            // An acknowledgement would settle the message, also for the delivery that runs. If the process then died,
            // nobody would deliver the message again.
            tracing::debug!(?key, "a duplicate of an attempt that runs here");
            return Verdict::Retry;
        };
        if let Some(look) = message.look.clone().filter(|look| look.settle.is_some() || !self.takes(&message))
        {
            return match self.look(message, *look).await {
                Ok(verdict) => verdict,
                Err(error) => {
                    tracing::warn!(?key, %error, "the look is handed back");
                    Verdict::Retry
                }
            };
        }
        let turn = self.takeovers.turn(&message, self.service.settings.turn).await;
        let done = match turn {
            Turn::Now { .. } => self.claimed(message, &key).await,
            Turn::Later => {
                let due = later(self.service.ports.clock.now(), self.service.settings.turn);
                self.look_again(message, due).await.map(|()| Verdict::Done)
            }
        };
        match done {
            Ok(verdict) => verdict,
            Err(error) => {
                tracing::warn!(?key, %error, "the message is handed back");
                Verdict::Retry
            }
        }
    }

    /// Whether a look takes something away, so that it must not run twice.
    fn takes(&self, message: &TaskRunMessage) -> bool {
        self.list.get(&message.task_type).is_some_and(|entry| entry.takes(&message.properties))
    }

    async fn claimed(&self, message: TaskRunMessage, key: &AttemptKey) -> Result<Verdict, PortError> {
        let look = message.look.clone();
        let look = look.as_deref();
        let state = &self.service.ports.state;
        let holder = self.service.holder.as_str();
        let claim = tried(|| async {
            let (now, until) = (self.service.ports.clock.now(), self.service.lease_end());
            match &message.resumed {
                Some(resumed) => state.take_claim_over(key, &resumed.holder, holder, now, until).await,
                None => state.claim(key, holder, now, until).await,
            }
        });
        let done = |()| Verdict::Done;
        match claim.await? {
            Claim::Granted { deliveries } if deliveries > self.service.settings.max_deliveries => {
                return self.give_up(message, key, holder, deliveries - 1).await.map(done);
            }
            Claim::Granted { .. } => {}
            // The work continues outside, and has its own message.
            Claim::Held { handed_back: true, .. } => return Ok(Verdict::Done),
            // Another worker runs the attempt. If that worker is dead, this may be the only message, so it is
            // delivered again later.
            Claim::Held { until, handed_back: false } => {
                tracing::debug!(?key, %until, "another worker runs the attempt");
                let due = next_look(&message, until, self.service.ports.clock.now());
                let message = TaskRunMessage { held_before: true, ..message };
                return self.look_again(message, due).await.map(done);
            }
            Claim::Revoked => return self.abandon(message).await.map(done),
            Claim::Finished(result) => return self.report(key, look, *result).await.map(done),
        }
        let (lost, elsewhere) = (CancellationToken::new(), Arc::new(AtomicBool::new(false)));
        // The claim is renewed until the result is recorded, because recording may need several tries.
        tokio::select! {
            worked = self.work(message, key, &lost, elsewhere.clone()) => match worked {
                Ok(Worked::Recorded(result)) => self.report(key, look, *result).await.map(done),
                Ok(Worked::Lost) if self.stopping.is_cancelled() => Ok(self.let_go(key, holder).await),
                Ok(Worked::Lost) => Ok(Verdict::Done),
                Ok(Worked::Unfinished(message, look_again)) => {
                    self.hand_back(*message, key, look_again).await.map(done)
                }
                Err(error) => {
                    // The store failed, not the process. If the store can be reached, this delivery is
                    // recorded as ended.
                    let now = self.service.ports.clock.now();
                    let _ = state.hand_back_claim(key, holder, now).await;
                    Err(error)
                }
            },
            () = forever(lease::keep(&self.service, key, holder, &lost, &elsewhere)) => Ok(Verdict::Done),
            () = forever(self.stopped_with_process(&lost, &elsewhere)) => Ok(Verdict::Done),
        }
    }

    /// Stops the attempt when the process stops. Where work outside is found again by other processes, this work goes
    /// on.
    async fn stopped_with_process(&self, lost: &CancellationToken, elsewhere: &AtomicBool) {
        self.stopping.cancelled().await;
        elsewhere.store(self.service.settings.patience.is_some(), Ordering::Relaxed);
        lost.cancel();
    }

    /// Hands back the claim of an attempt that was stopped because the process stops.
    async fn let_go(&self, key: &AttemptKey, holder: &str) -> Verdict {
        let state = &self.service.ports.state;
        let now = self.service.ports.clock.now();
        match tried(|| state.hand_back_claim(key, holder, now)).await {
            Ok(true) => Verdict::Stopped,
            // The attempt was killed in the meantime, or another worker has it. Nothing waits for the
            // message.
            Ok(false) => Verdict::Done,
            Err(error) => {
                tracing::warn!(?key, %error, "the claim of a stopped attempt could not be handed back");
                Verdict::Stopped
            }
        }
    }

    /// Runs the attempt, writes its log meanwhile, and records the result.
    async fn work(
        &self,
        message: TaskRunMessage,
        key: &AttemptKey,
        lost: &CancellationToken,
        elsewhere: Arc<AtomicBool>,
    ) -> Result<Worked, PortError> {
        let stop = lost.child_token();
        let entry = self.list.get(&message.task_type);
        let context = TaskContext::new(self.service.clone(), message, stop.clone(), elsewhere);
        let ended = {
            let mut run = std::pin::pin!(attempt::run(&self.service, entry, &context, &stop, lost));
            let mut ticks = tokio::time::interval(self.service.settings.log_interval);
            ticks.tick().await;
            // A batch that is being written is finished before the result is recorded.
            loop {
                tokio::select! {
                    biased;
                    ended = &mut run => break ended,
                    () = context.journal().batch() => context.journal().flush(&*self.service.ports.state).await,
                    _ = ticks.tick() => context.journal().flush(&*self.service.ports.state).await,
                }
            }
        };
        self.record(key, &context, ended).await
    }

    /// Writes the result, or the log lines so far.
    async fn record(
        &self,
        key: &AttemptKey,
        context: &TaskContext,
        ended: Ended,
    ) -> Result<Worked, PortError> {
        let ports = &self.service.ports;
        let logs = context.journal().rest(&ports.storage).await;
        let result = match ended {
            Ended::Result(result) => result,
            Ended::Stopped => {
                return tried(|| ports.state.append_logs(logs.clone())).await.map(|()| Worked::Lost);
            }
            Ended::Unfinished { begun_at, look_again } => {
                tried(|| ports.state.append_logs(logs.clone())).await?;
                let resumed = Resumed { begun_at, holder: context.holder().to_owned() };
                let message = TaskRunMessage { resumed: Some(resumed), ..context.message().clone() };
                return Ok(Worked::Unfinished(Box::new(message), look_again));
            }
        };
        let holder = context.holder();
        if tried(|| ports.state.finish_claim(key, holder, &result, logs.clone())).await? {
            return Ok(Worked::Recorded(result));
        }
        // The result may be recorded although its answer was lost. A claim with no duration tells.
        let now = ports.clock.now();
        if let Claim::Finished(recorded) = tried(|| ports.state.claim(key, holder, now, now)).await? {
            return Ok(Worked::Recorded(recorded));
        }
        tracing::info!(?key, "the claim was lost before the result could be recorded");
        Ok(Worked::Lost)
    }

    /// Publishes the delayed message for work outside first, and then keeps the claim for that message. In
    /// the other order, a crash in between would leave the work without a message.
    async fn hand_back(
        &self,
        message: TaskRunMessage,
        key: &AttemptKey,
        look_again: Duration,
    ) -> Result<(), PortError> {
        let due = later(self.service.ports.clock.now(), look_again);
        self.look_again(message, due).await?;
        let until = later(due, self.service.settings.lease + LATE_LOOK);
        tried(|| self.service.ports.state.hand_back_claim(key, &self.service.holder, until)).await.map(|_| ())
    }

    /// Ends an attempt FAILED if its process has died in each delivery. Otherwise it would end the next
    /// process too.
    async fn give_up(
        &self,
        message: TaskRunMessage,
        key: &AttemptKey,
        holder: &str,
        times: u32,
    ) -> Result<(), PortError> {
        let now = self.service.ports.clock.now();
        let error = format!(
            "the task's process ended {times} times while the task ran, so the task is not started again: it may need more \
             memory than there is, or was killed; see the process's log"
        );
        tracing::error!(?key, error);
        let logs = vec![message.log_entry(LogLevel::Error, now, error.clone())];
        let result = message.failed(error, now);
        let state = &self.service.ports.state;
        if tried(|| state.finish_claim(key, holder, &result, logs.clone())).await? {
            self.report(key, message.look.as_deref(), result).await?;
            return self.abandon(message).await;
        }
        Ok(())
    }

    pub(crate) async fn look_again(&self, message: TaskRunMessage, due: Timestamp) -> Result<(), PortError> {
        let topic = Topic::Tasks(Cow::Borrowed(self.list.service()));
        let outgoing = Outgoing { topic, message: Message::TaskRun(Box::new(message)) };
        tried(|| self.service.ports.bus.publish_at(vec![outgoing.clone()], due)).await
    }

    /// Lets a task with a revoked claim stop its work outside the service. The task is run with a token that
    /// is already cancelled.
    async fn abandon(&self, message: TaskRunMessage) -> Result<(), PortError> {
        let Some(entry) = self.list.get(&message.task_type).filter(|_| message.resumed.is_some()) else {
            return Ok(());
        };
        let stop = CancellationToken::new();
        stop.cancel();
        let context = TaskContext::new(self.service.clone(), message, stop.clone(), Arc::default());
        attempt::run(&self.service, Some(entry), &context, &stop, &stop).await;
        let logs = context.journal().rest(&self.service.ports.storage).await;
        tried(|| self.service.ports.state.append_logs(logs.clone())).await
    }

    async fn report(
        &self,
        key: &AttemptKey,
        look: Option<&Look>,
        result: TaskRunResult,
    ) -> Result<(), PortError> {
        let id = &key.execution_id;
        let outgoing = match look {
            Some(look) => looked(look.key.clone(), id, result, Vec::new(), true),
            None => {
                let event = Event::TaskRunFinished(result);
                let message = Message::Execution(ExecutionMessage::new(id.clone(), event));
                Outgoing { topic: Topic::Executions, message }
            }
        };
        tried(|| self.service.ports.bus.publish(vec![outgoing.clone()])).await
    }
}

impl Service {
    pub(crate) fn lease_end(&self) -> Timestamp {
        later(self.ports.clock.now(), self.settings.lease)
    }
}

pub(crate) fn later(moment: Timestamp, by: Duration) -> Timestamp {
    SignedDuration::try_from(by).ok().and_then(|by| moment.checked_add(by).ok()).unwrap_or(Timestamp::MAX)
}

#[async_trait]
impl MessageHandler for TaskService {
    /// Stops the running attempts and starts no others. No result is recorded: the claims are handed back and
    /// the messages stay, so that another process runs the attempts again at once. Each attempt ends within
    /// [`TaskSettings::grace`].
    fn stop(&self) {
        self.stopping.cancel();
    }

    async fn handle(&self, message: Message) -> Verdict {
        match message {
            Message::TaskRun(message) => self.task_run(*message).await,
            // Somebody's message must not be lost because a subscription names the wrong service.
            Message::Arrived(_) => Verdict::Retry,
            Message::Execution(_)
            | Message::Tick(_)
            | Message::ScheduleChanged(_)
            | Message::FlowChanged(_)
            | Message::ExecutionStateReached(_)
            | Message::Looked(_)
            | Message::Backfill(_)
            | Message::Nothing {}
            | Message::Sweep {} => {
                tracing::error!(
                    "a message that is not about a task run came to a task service; it is dropped"
                );
                Verdict::Done
            }
        }
    }
}

/// Runs a background task. Its end does not end the caller.
async fn forever(background: impl Future<Output = ()>) {
    background.await;
    std::future::pending::<()>().await;
}

/// Tries a call again after a short pause, if the port may still answer.
pub(crate) async fn tried<T, F: Future<Output = Result<T, PortError>>>(
    call: impl Fn() -> F,
) -> Result<T, PortError> {
    for _ in 1..PORT_TRIES {
        match call().await {
            Err(error) if error.is_transient() => tokio::time::sleep(PORT_PAUSE).await,
            other => return other,
        }
    }
    call().await
}

/// An attempt running in this process.
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
