//! The server on Google Cloud's ports instead of the embedded ones.
//!
//! - In a Google Cloud project, the deployed functions do the work. This server is one more API for the same
//!   executions.
//! - On the emulator of Pub/Sub, no functions are deployed. So this process also receives the messages of every
//!   function, as push requests like in the cloud.

use crate::families::families_with;
use crate::server::{ServeError, answer, port_error};
use crate::standalone::{PutFlowError, container_rules, put_flow};
use axum::Router;
use segue_catalog::catalog_with;
use segue_connectors::Connector;
use segue_executor::{Executor, ExecutorConfig, ExecutorParts, Watch};
use segue_fn_api::{Access, ApiParts, behind_door};
use segue_gcp::{DEAD_LETTERS, PlatformConfig, PushSubscription, ensure_subscription};
use segue_model::parse::Parsed;
use segue_ports::{Environment, PortError, Ports, TimersBy};
use segue_scheduler::{Scheduler, SchedulerParts};
use segue_service::{FactsError, FunctionFacts, Handlers, PushCaller, app};
use segue_task::{ContainerRules, TaskService, TaskSettings};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// How many messages of one function are handled at the same time.
const AT_ONCE: usize = 16;
/// The longest sleep between two checks of schedules and timers.
const NAP: Duration = Duration::from_millis(500);

/// The API on Google Cloud's ports. On emulators, this server also runs all functions.
pub struct CloudServer {
    config: PlatformConfig,
    ports: Ports,
    executor: Arc<Executor>,
    scheduler: Arc<Scheduler>,
    watch: Arc<Watch>,
    containers: ContainerRules,
    allow_metadata: bool,
    /// The user's own connectors.
    own: &'static [Connector],
    /// The address of Segue's pages. None if it is not configured.
    pages: Option<String>,
}

impl CloudServer {
    /// Connects to the services that the environment names. `environment` has the variables for `envs`. The server will
    /// answer at `address`, where the emulator of Pub/Sub pushes messages to.
    ///
    /// # Errors
    /// A missing variable, or an error of the platform.
    pub async fn connect(environment: &Environment, address: SocketAddr) -> Result<Self, PortError> {
        let containers = container_rules(environment, false)?;
        let rules = ExecutorConfig::from_environment(environment, "gcp")
            .map_err(|error| PortError::invalid(error.to_string()))?;
        let allow_metadata = rules.limits.allow_metadata;
        let mut config = PlatformConfig::from_variables(|name| environment.get(name))?;
        if config.emulators.pubsub.is_some() && config.scheduler_url.is_none() {
            config.scheduler_url = Some(format!("http://{address}/push/scheduler"));
        }
        let mut ports = segue_gcp::connect(&config).await?;
        if config.emulators.pubsub.is_some() {
            // On the emulator this process runs all the time, so it can watch the timers.
            ports.timers = TimersBy::Watching;
        }
        let own = segue_runtime::own_connectors(environment, Path::new(".segue"))
            .map_err(|error| PortError::invalid(error.to_string()))?;
        let catalog = catalog_with(own).map_err(|error| PortError::invalid(error.to_string()))?;
        let watch = Arc::new(Watch::default());
        let executor = Arc::new(Executor::new(ExecutorParts {
            observer: watch.clone(),
            ..ExecutorParts::on_ports(ports.clone(), catalog, rules)
        }));
        let scheduler = Arc::new(Scheduler::new(SchedulerParts::from_executor(&executor)));
        let pages = segue_runtime::address_of_pages(environment);
        Ok(Self { config, ports, executor, scheduler, watch, containers, allow_metadata, own, pages })
    }

    /// The name of the project.
    pub fn project(&self) -> &str {
        &self.config.project
    }

    /// Whether Pub/Sub is an emulator. Then this process handles the messages of all functions.
    pub fn is_on_emulators(&self) -> bool {
        self.config.emulators.pubsub.is_some()
    }

    /// Saves a flow and the states of its triggers.
    ///
    /// # Errors
    /// The errors in the source, or an error of the store.
    pub async fn save_flow(&self, source: &str) -> Result<Parsed, PutFlowError> {
        let catalog = &self.executor.parts().catalog;
        let (stored, mut parsed) = put_flow(&self.ports, catalog, source).await?;
        if let Some(flow) = &mut parsed.flow {
            flow.revision = stored.revision;
            self.scheduler.sync_flow(flow).await.map_err(port_error)?;
        }
        Ok(parsed)
    }

    /// Answers requests until `shutdown`. On emulators, it also handles messages and watches schedules and
    /// timers.
    ///
    /// # Errors
    /// [`ServeError`].
    pub async fn serve(
        mut self,
        listener: TcpListener,
        url: String,
        access: Access,
        shutdown: CancellationToken,
    ) -> Result<(), ServeError> {
        if access.basic.is_some() || access.token.is_some() {
            self.containers = self.containers.guarded();
        }
        let hosts = access.hosts.clone();
        let parts =
            ApiParts { access, url, ..ApiParts::from_executor(&self.executor, &self.scheduler, &self.watch) };
        let mut router = segue_fn_api::router(parts);
        let server = Arc::new(self);
        if server.is_on_emulators() {
            let bucket = server.config.bucket.clone();
            if server.ports.objects.bucket(&bucket).await?.is_none() {
                let spec = segue_ports::object::BucketSpec { name: bucket, ..Default::default() };
                server.ports.objects.create_bucket(spec).await?;
            }
            router = router.merge(behind_door(server.push_endpoints()?, hosts));
            server.subscribe(&format!("http://{}", listener.local_addr()?)).await?;
            server.executor.recover().await?;
            tokio::spawn(server.clone().watch_schedules(shutdown.clone()));
            tokio::spawn(server.clone().watch_timers(shutdown.clone()));
        }
        answer(listener, router, shutdown).await;
        Ok(())
    }

    /// The endpoints `/push/<function>`, one for each function.
    fn push_endpoints(&self) -> Result<Router, FactsError> {
        let push = |handlers| app(handlers, &PushCaller::Anybody, AT_ONCE);
        let executor = Handlers {
            messages: self.executor.clone(),
            dead_letters: Some(self.scheduler.clone()),
            usage: None,
            storage: Some(self.ports.storage.clone()),
        };
        let scheduler = Handlers { messages: self.scheduler.clone(), dead_letters: None, ..executor.clone() };
        let mut router =
            Router::new().nest("/push/executor", push(executor)).nest("/push/scheduler", push(scheduler));
        let renderer = Arc::new(self.executor.parts().renderer.clone());
        for family in families_with(self.own) {
            let path = format!("/push/{}", family.service());
            let holder = format!("server-{}-{}", std::process::id(), family.service());
            let facts = FunctionFacts::parse(family.function())?;
            let settings = TaskSettings {
                containers: self.containers,
                allow_metadata: self.allow_metadata,
                url: self.pages.clone(),
                ..segue_runtime::cloud_settings(facts.timeout)
            };
            let service =
                TaskService::with_settings(family, self.ports.clone(), renderer.clone(), holder, settings);
            router = router.nest(
                &path,
                push(Handlers {
                    storage: Some(self.ports.storage.clone()),
                    ..Handlers::messages_only(service)
                }),
            );
        }
        Ok(router)
    }

    /// Creates the topics and subscriptions of every `function.yaml`, with push requests to this process.
    async fn subscribe(&self, url: &str) -> Result<(), ServeError> {
        let families = families_with(self.own);
        let tasks = families.iter().map(|family| (family.service(), family.function()));
        let control =
            [("executor", segue_fn_executor::FUNCTION), ("scheduler", segue_fn_scheduler::FUNCTION)];
        for (function, text) in control.into_iter().chain(tasks) {
            for subscription in &FunctionFacts::parse(text)?.subscriptions {
                let push = PushSubscription {
                    name: subscription.name(function),
                    topic: subscription.topic.clone(),
                    endpoint: format!("{url}/push/{function}{}", subscription.path.trim_end_matches('/')),
                    ack_deadline: subscription.ack_deadline,
                    backoff: (subscription.minimum_backoff, subscription.maximum_backoff),
                    dead_letters: subscription
                        .max_delivery_attempts
                        .map(|most| (DEAD_LETTERS.to_owned(), most)),
                };
                ensure_subscription(&self.config, &push).await?;
            }
        }
        Ok(())
    }

    /// Publishes a tick for each slot that comes due, like Cloud Scheduler.
    async fn watch_schedules(self: Arc<Self>, stop: CancellationToken) {
        if let Err(error) = self.scheduler.recover().await {
            tracing::error!(%error, "the triggers could not be checked after the start");
        }
        while !stop.is_cancelled() {
            if let Err(error) = self.scheduler.publish_due().await {
                tracing::warn!(%error, "the schedules could not be read");
            }
            nap(&stop).await;
        }
    }

    async fn watch_timers(self: Arc<Self>, stop: CancellationToken) {
        while !stop.is_cancelled() {
            match self.executor.fire_timers().await {
                Ok(0) => nap(&stop).await,
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(%error, "the timers could not be read");
                    nap(&stop).await;
                }
            }
        }
    }
}

async fn nap(stop: &CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = tokio::time::sleep(NAP) => {}
    }
}
