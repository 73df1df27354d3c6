//! The cycle round one attempt: claim, run, record, report. Every step may be cut off and every message may come
//! twice; what has been recorded is only reported again.

use crate::attempt::{self, Ended};
use crate::context::TaskContext;
use crate::lease;
use crate::list::TaskList;
use crate::settings::{Service, TaskSettings};
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use segue_lookups::outbound::Clients;
use segue_model::event::{Event, TaskRunResult};
use segue_model::id::ExecutionId;
use segue_model::log::LogLevel;
use segue_ports::state::Claim;
use segue_ports::wire::{AttemptKey, ExecutionMessage, Message, Resumed, TaskRunMessage};
use segue_ports::{MessageHandler, Outgoing, PortError, Ports, Topic, Verdict};
use segue_template::Renderer;
use std::borrow::Cow;
use std::collections::HashSet;
use std::future::Future;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// What became of an attempt.
enum Worked {
    /// It ended, and its result is recorded.
    Recorded(Box<TaskRunResult>),
    /// Its claim was lost: there is nothing to report.
    Lost,
    /// Its work goes on outside, to be looked at again after that time.
    Unfinished(Box<TaskRunMessage>, Duration),
}

/// How late a message may be that looks after work outside; then the claim is anybody's.
const LATE_LOOK: Duration = Duration::from_secs(600);
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
    /// Fires when the attempts at work here are to stop, for another process to run them again.
    stopping: CancellationToken,
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
        let clients = Arc::new(Clients::from_env());
        let service = Service { ports, renderer, clients, settings, holder: holder.into() };
        Self {
            list,
            service: Arc::new(service),
            running: Mutex::default(),
            stopping: CancellationToken::new(),
        }
    }

    /// Stops the attempts at work here, and begins no others. Nothing is recorded of how they end: their claims are
    /// handed back and their messages stay, so that the next process with the name of this one runs them again at
    /// once. Returns at once; each attempt ends within [`TaskSettings::grace`].
    pub fn stop(&self) {
        self.stopping.cancel();
    }

    /// How many attempts are at work here.
    pub fn at_work(&self) -> usize {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// The types it runs.
    pub fn list(&self) -> &TaskList {
        &self.list
    }

    async fn task_run(&self, message: TaskRunMessage) -> Verdict {
        if self.stopping.is_cancelled() {
            return Verdict::Stopped;
        }
        let key = message.key();
        let Some(_running) = Running::enter(&self.running, &key) else {
            tracing::debug!(?key, "a duplicate of what is at work here");
            return Verdict::Done;
        };
        match self.claimed(message, &key).await {
            Ok(verdict) => verdict,
            Err(error) => {
                tracing::warn!(?key, %error, "the message is handed back");
                Verdict::Retry
            }
        }
    }

    async fn claimed(&self, message: TaskRunMessage, key: &AttemptKey) -> Result<Verdict, PortError> {
        let state = &self.service.ports.state;
        let holder = self.service.holder_of(&message).to_owned();
        let claim = tried(|| async {
            let now = self.service.ports.clock.now();
            state.claim(key, &holder, now, self.service.lease_end()).await
        });
        let done = |()| Verdict::Done;
        match claim.await? {
            Claim::Granted { deliveries } if deliveries > self.service.settings.max_deliveries => {
                return self.give_up(message, key, &holder, deliveries - 1).await.map(done);
            }
            Claim::Granted { .. } => {}
            // Kept for longer than a worker keeps it: the work goes on outside, and has a message of its own.
            Claim::Held { until } if until > self.service.lease_end() => return Ok(Verdict::Done),
            // Somebody is at it. Should he be dead, this may be the only message there is: it looks again.
            Claim::Held { until } => {
                tracing::debug!(?key, %until, "somebody else is at it");
                return self.look_again(message, until).await.map(done);
            }
            Claim::Revoked => return self.abandon(message).await.map(done),
            Claim::Finished(result) => return self.report(&key.execution_id, *result).await.map(done),
        }
        let (lost, elsewhere) = (CancellationToken::new(), Arc::new(AtomicBool::new(false)));
        // The claim is kept through the record of the result, which may have to be tried again.
        tokio::select! {
            worked = self.work(message, key, &lost, elsewhere.clone()) => match worked {
                Ok(Worked::Recorded(result)) => self.report(&key.execution_id, *result).await.map(done),
                Ok(Worked::Lost) if self.stopping.is_cancelled() => Ok(self.let_go(key, &holder).await),
                Ok(Worked::Lost) => Ok(Verdict::Done),
                Ok(Worked::Unfinished(message, look_again)) => {
                    self.hand_back(*message, key, look_again).await.map(done)
                }
                Err(error) => {
                    // The store failed, not the process: as far as the store can be told, this delivery has ended.
                    let now = self.service.ports.clock.now();
                    let _ = state.hand_back_claim(key, &holder, now).await;
                    Err(error)
                }
            },
            () = forever(lease::keep(&self.service, key, &holder, &lost, &elsewhere)) => Ok(Verdict::Done),
            () = forever(cancelled_with(&self.stopping, &lost)) => Ok(Verdict::Done),
        }
    }

    /// Hands back the claim of an attempt that was stopped because the process stops.
    async fn let_go(&self, key: &AttemptKey, holder: &str) -> Verdict {
        let state = &self.service.ports.state;
        let now = self.service.ports.clock.now();
        match tried(|| state.hand_back_claim(key, holder, now)).await {
            Ok(true) => Verdict::Stopped,
            // It was killed meanwhile, or somebody else has it: nobody waits for the message.
            Ok(false) => Verdict::Done,
            Err(error) => {
                tracing::warn!(?key, %error, "the claim of a stopped attempt could not be handed back");
                Verdict::Stopped
            }
        }
    }

    /// Runs the attempt, its log written meanwhile, and records how it ended.
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

    /// Writes the result, or what was logged so far.
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
        tracing::info!(?key, "the claim was lost before the result could be recorded");
        Ok(Worked::Lost)
    }

    /// Has the message of work that goes on outside come again, then keeps the claim for it: in this order, or a crash
    /// between the two would leave nobody to look after it.
    async fn hand_back(
        &self,
        message: TaskRunMessage,
        key: &AttemptKey,
        look_again: Duration,
    ) -> Result<(), PortError> {
        let holder = self.service.holder_of(&message).to_owned();
        let due = later(self.service.ports.clock.now(), look_again);
        self.look_again(message, due).await?;
        let until = later(due, self.service.settings.lease + LATE_LOOK);
        tried(|| self.service.ports.state.hand_back_claim(key, &holder, until)).await.map(|_| ())
    }

    /// Ends an attempt FAILED whose process ended each time it ran, instead of having it end the next one as well.
    async fn give_up(
        &self,
        message: TaskRunMessage,
        key: &AttemptKey,
        holder: &str,
        times: u32,
    ) -> Result<(), PortError> {
        let now = self.service.ports.clock.now();
        let error = format!(
            "the task's process ended {times} times while the task ran, so it is not started again: it may take more \
             memory than there is, or have been killed; the process's own log says more"
        );
        tracing::error!(?key, error);
        let logs = vec![message.log_entry(LogLevel::Error, now, error.clone())];
        let result = message.failed(error, now);
        let state = &self.service.ports.state;
        if tried(|| state.finish_claim(key, holder, &result, logs.clone())).await? {
            self.report(&key.execution_id, result).await?;
            return self.abandon(message).await;
        }
        Ok(())
    }

    async fn look_again(&self, message: TaskRunMessage, due: Timestamp) -> Result<(), PortError> {
        let topic = Topic::Tasks(Cow::Borrowed(self.list.service()));
        let outgoing = Outgoing { topic, message: Message::TaskRun(Box::new(message)) };
        tried(|| self.service.ports.bus.publish_at(vec![outgoing.clone()], due)).await
    }

    /// Lets a task that was taken away stop what it has at work outside the service: it is run as one that is to
    /// stop from the beginning.
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

    async fn report(&self, execution_id: &ExecutionId, result: TaskRunResult) -> Result<(), PortError> {
        let event = Event::TaskRunFinished(result);
        let message = Message::Execution(ExecutionMessage::new(execution_id.clone(), event));
        let outgoing = Outgoing { topic: Topic::Executions, message };
        tried(|| self.service.ports.bus.publish(vec![outgoing.clone()])).await
    }
}

impl Service {
    pub(crate) fn lease_end(&self) -> Timestamp {
        later(self.ports.clock.now(), self.settings.lease)
    }

    /// In whose name the claim of an attempt is kept.
    pub(crate) fn holder_of<'a>(&'a self, message: &'a TaskRunMessage) -> &'a str {
        message.resumed.as_ref().map_or(&self.holder, |resumed| &resumed.holder)
    }
}

fn later(moment: Timestamp, by: Duration) -> Timestamp {
    SignedDuration::try_from(by).ok().and_then(|by| moment.checked_add(by).ok()).unwrap_or(Timestamp::MAX)
}

#[async_trait]
impl MessageHandler for TaskService {
    async fn handle(&self, message: Message) -> Verdict {
        match message {
            Message::TaskRun(message) => self.task_run(*message).await,
            Message::Execution(_)
            | Message::Tick(_)
            | Message::ExecutionStateReached(_)
            | Message::Backfill(_)
            | Message::Sweep {} => {
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

/// Cancels `second` when `first` is.
async fn cancelled_with(first: &CancellationToken, second: &CancellationToken) {
    first.cancelled().await;
    second.cancel();
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
