//! The workers of one process: one for each service on the embedded bus, and the timers.

use crate::standalone::Standalone;
use jiff::{SignedDuration, Timestamp};
use segue_embedded::Handling;
use segue_ports::{DeadLetterHandler, MessageHandler, Topic};
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::{AbortHandle, JoinHandle};
use tokio_util::sync::CancellationToken;

/// How many messages of one service are handled at the same time.
const TASKS_AT_ONCE: usize = 16;
/// How many executions are handled at the same time.
const EXECUTIONS_AT_ONCE: usize = 16;
/// The longest sleep between two checks of the timers. A timer that is set in the meantime is seen after this
/// time at the latest.
const TIMER_NAP: Duration = Duration::from_millis(200);

/// The largest step back that is not reported. Regular corrections of a clock are smaller.
const SETTING: SignedDuration = SignedDuration::from_secs(1);

/// How long cancelled tasks and all other work may take to end before they are dropped. A service drops its
/// cancelled tasks earlier.
const LAST_WORK: Duration = Duration::from_secs(7);

/// The workers of one process. They stop when [`Running::stop`] is called.
pub struct Running {
    standalone: Arc<Standalone>,
    shutdown: CancellationToken,
    workers: Vec<JoinHandle<()>>,
}

impl Standalone {
    /// Starts the workers of all services and the timers.
    pub fn start(self: &Arc<Self>) -> Running {
        Running::start(self)
    }
}

impl Running {
    pub(crate) fn start(standalone: &Arc<Standalone>) -> Self {
        let mut running =
            Self { standalone: standalone.clone(), shutdown: CancellationToken::new(), workers: Vec::new() };
        let executor = &standalone.executor;
        running.work(standalone, Topic::Executions, executor.clone(), executor.clone(), EXECUTIONS_AT_ONCE);
        for service in &standalone.services {
            let topic = Topic::Tasks(Cow::Borrowed(service.list().service()));
            running.work(standalone, topic, service.clone(), executor.clone(), TASKS_AT_ONCE);
        }
        running.spawn(|stop| timers(standalone.clone(), stop));
        running
    }

    /// Passes the messages of a topic to their handler, and messages that are given up to `dead_letters`.
    pub(crate) fn work(
        &mut self,
        standalone: &Standalone,
        topic: Topic,
        handler: Arc<dyn MessageHandler>,
        dead_letters: Arc<dyn DeadLetterHandler>,
        at_once: usize,
    ) {
        let bus = standalone.embedded.bus.clone();
        let handling = Handling { handler, dead_letters: Some(dead_letters) };
        self.spawn(|stop| async move {
            if let Err(error) = bus.run_with(topic, handling, at_once, stop).await {
                tracing::error!(%error, "a worker has stopped");
            }
        });
    }

    /// Runs work in the background until the token is cancelled.
    pub(crate) fn spawn<F>(&mut self, work: impl FnOnce(CancellationToken) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.workers.push(tokio::spawn(work(self.shutdown.clone())));
    }

    /// Stops receiving messages, and waits for running work. Task runs that have not ended after `grace` are stopped.
    /// Returns the number of stopped task runs. The next process on the data directory runs them again at once.
    pub async fn stop(self, grace: Duration) -> usize {
        self.shutdown.cancel();
        let aborts: Vec<_> = self.workers.iter().map(JoinHandle::abort_handle).collect();
        let mut ends = std::pin::pin!(async {
            for worker in self.workers {
                // A worker that panicked has already reported it.
                let _ = worker.await;
            }
        });
        if tokio::time::timeout(grace, &mut ends).await.is_ok() {
            return 0;
        }
        let stopped = self.standalone.task_runs_at_work();
        self.standalone.services.iter().for_each(|service| service.stop());
        if tokio::time::timeout(LAST_WORK, &mut ends).await.is_err() {
            tracing::error!("running work does not end and is stopped; the next start runs the work again");
            // Messages that workers hold stay in the bus's file.
            aborts.iter().for_each(AbortHandle::abort);
            ends.await;
        }
        stopped
    }
}

async fn timers(standalone: Arc<Standalone>, shutdown: CancellationToken) {
    let mut hand = Hand::default();
    loop {
        if hand.went_back(now(&standalone)) {
            match standalone.ports().state.clock_went_back(now(&standalone)).await {
                Ok(0) => {}
                Ok(count) => {
                    tracing::warn!(
                        count,
                        "the clock went back; timers that were set while it was ahead are moved earlier"
                    )
                }
                Err(error) => tracing::warn!(%error, "the timers could not be moved earlier"),
            }
        }
        let nap = match standalone.executor.fire_timers().await {
            Ok(0) => nap(&standalone).await,
            Ok(_) => continue,
            Err(error) => {
                tracing::warn!(%error, "the timers could not be read");
                TIMER_NAP
            }
        };
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(nap) => {}
        }
    }
}

/// Detects that the clock was set back.
#[derive(Default)]
pub(crate) struct Hand(Option<Timestamp>);

impl Hand {
    /// Whether the clock is behind its last value, by more than a regular correction. True on the first call,
    /// because the clock may have gone back while no process ran.
    pub(crate) fn went_back(&mut self, now: Timestamp) -> bool {
        let before = self.0.replace(now);
        before.is_none_or(|before| before.duration_since(now) > SETTING)
    }
}

/// The time until the next timer is due, up to a short maximum.
async fn nap(standalone: &Standalone) -> Duration {
    let Ok(Some(due)) = standalone.ports().state.next_timer().await else { return TIMER_NAP };
    let wait = due.duration_since(now(standalone));
    Duration::try_from(wait).unwrap_or(Duration::ZERO).clamp(Duration::from_millis(1), TIMER_NAP)
}

fn now(standalone: &Standalone) -> Timestamp {
    standalone.ports().clock.now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_back_is_noticed_once() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut hand = Hand::default();
        let seen = [100, 101, 90_000, 89_999, 102, 103].map(|second| hand.went_back(at(second)));
        assert_eq!(seen, [true, false, false, false, true, false]);
    }
}
