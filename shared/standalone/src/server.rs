//! The server: one process with the API, the triggers and all functions.

use crate::running::Hand;
use crate::standalone::{PutFlowError, Standalone};
use axum::Router;
use jiff::Timestamp;
use segue_fn_api::{Access, ApiParts};
use segue_model::parse::Parsed;
use segue_ports::{PortError, Topic};
use segue_scheduler::{Scheduler, SchedulerParts};
use segue_service::{FactsError, Limits};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// The longest sleep between two checks of the schedules. A schedule that is saved in the meantime is seen
/// after this time at the latest.
const TICK_NAP: Duration = Duration::from_secs(1);
/// How long to wait after publishing a tick before the same slot is checked again.
const TICK_REST: Duration = Duration::from_millis(200);
/// How many messages about triggers are handled at the same time.
const TRIGGERS_AT_ONCE: usize = 8;
/// How long open requests may continue after the server stops. Without a limit, a request that follows an execution
/// could keep the server from stopping.
const LAST_REQUESTS: Duration = Duration::from_secs(3);

/// A server with the API, the triggers and all task types.
pub struct Server {
    standalone: Arc<Standalone>,
    scheduler: Arc<Scheduler>,
    api: Router,
}

/// Why a server stopped.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The store failed at the start.
    #[error(transparent)]
    Port(#[from] PortError),
    /// The `function.yaml` of a function is invalid.
    #[error(transparent)]
    Facts(#[from] FactsError),
    /// The address failed.
    #[error("the server can no longer accept requests: {0}")]
    Listen(#[from] std::io::Error),
}

impl Server {
    /// A server with the public address `url`, for callers that `access` admits.
    pub fn new(standalone: Arc<Standalone>, url: String, access: Access) -> Self {
        let scheduler = Arc::new(Scheduler::new(SchedulerParts::from_executor(standalone.executor())));
        let api = segue_fn_api::router(ApiParts {
            access,
            url,
            has_local_warehouse: true,
            ..ApiParts::from_executor(standalone.executor(), &scheduler, standalone.watch())
        });
        Self { standalone, scheduler, api }
    }

    /// The routes of the API.
    pub fn api(&self) -> &Router {
        &self.api
    }

    /// Runs triggers and backfills.
    pub fn scheduler(&self) -> &Arc<Scheduler> {
        &self.scheduler
    }

    /// Saves a flow and the states of its triggers.
    ///
    /// # Errors
    /// As [`Standalone::put_flow`].
    pub async fn save_flow(&self, source: &str) -> Result<Parsed, PutFlowError> {
        let (stored, mut parsed) = self.standalone.put_flow(source).await?;
        if let Some(flow) = &mut parsed.flow {
            flow.revision = stored.revision;
            self.scheduler.sync_flow(flow).await.map_err(port_error)?;
        }
        Ok(parsed)
    }

    /// Answers requests until `shutdown`, and runs nothing: no executions, no triggers. For commands that read and
    /// change a data directory that no server uses.
    pub async fn answer(self, listener: TcpListener, shutdown: CancellationToken) {
        answer(listener, self.api, shutdown).await;
    }

    /// Answers requests and runs everything until `shutdown`. Work that was interrupted when the last process
    /// ended continues.
    ///
    /// After `shutdown`, task runs have `grace` to end, and requests are answered meanwhile. Returns how many
    /// task runs were stopped then. The next process on the data directory runs them again.
    ///
    /// # Errors
    /// [`ServeError`].
    pub async fn serve(
        self,
        listener: TcpListener,
        shutdown: CancellationToken,
        grace: Duration,
    ) -> Result<usize, ServeError> {
        self.standalone.clear_left_over().await?;
        self.standalone.executor().recover().await?;
        let mut running = self.standalone.start();
        for topic in [Topic::Triggers, Topic::Backfills] {
            let scheduler = &self.scheduler;
            running.work(&self.standalone, topic, scheduler.clone(), scheduler.clone(), TRIGGERS_AT_ONCE);
        }
        let scheduler = self.scheduler.clone();
        let topics = self.standalone.topics().clone();
        running.spawn(|stop| async move { topics.push(&*scheduler, stop).await });
        let scheduler = self.scheduler.clone();
        let standalone = self.standalone.clone();
        running.spawn(|stop| tick(standalone, scheduler, stop));
        let at_rest = CancellationToken::new();
        let stopped = async {
            shutdown.cancelled().await;
            let stopped = running.stop(grace).await;
            at_rest.cancel();
            stopped
        };
        let ((), stopped) = tokio::join!(answer(listener, self.api, at_rest.clone()), stopped);
        Ok(stopped)
    }
}

/// Answers requests until `shutdown`. Open requests may continue for a short while.
pub(crate) async fn answer(listener: TcpListener, router: Router, shutdown: CancellationToken) {
    let stop = shutdown.clone();
    let served =
        segue_service::answer(listener, router, Limits::default(), async move { stop.cancelled().await });
    let late = async {
        shutdown.cancelled().await;
        tokio::time::sleep(LAST_REQUESTS).await;
    };
    tokio::select! {
        () = served => {}
        () = late => {}
    }
}

pub(crate) fn port_error(error: segue_scheduler::SchedulerError) -> PortError {
    match error {
        segue_scheduler::SchedulerError::Port(error) => error,
        other => PortError::invalid(other.to_string()),
    }
}

/// Publishes a tick for each slot that comes due, like Cloud Scheduler.
async fn tick(standalone: Arc<Standalone>, scheduler: Arc<Scheduler>, stop: CancellationToken) {
    if let Err(error) = scheduler.recover().await {
        tracing::error!(%error, "the triggers could not be checked after the start");
    }
    let mut hand = Hand::default();
    loop {
        if hand.went_back(standalone.ports().clock.now())
            && let Err(error) = scheduler.clock_went_back().await
        {
            tracing::warn!(%error, "the schedules could not be set again");
        }
        let nap = match scheduler.publish_due().await {
            Ok(0) => nap(&standalone).await,
            Ok(_) => TICK_REST,
            Err(error) => {
                tracing::warn!(%error, "the schedules could not be read");
                TICK_NAP
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(nap) => {}
        }
    }
}

/// The time until the next slot, up to a short maximum.
async fn nap(standalone: &Standalone) -> Duration {
    let Ok(Some(due)) = standalone.ports().state.next_slot().await else { return TICK_NAP };
    let now: Timestamp = standalone.ports().clock.now();
    let wait = due.duration_since(now);
    Duration::try_from(wait).unwrap_or(Duration::ZERO).clamp(Duration::from_millis(1), TICK_NAP)
}
