//! The dependencies of the API, which the composition root sets.

use crate::door::Access;
use crate::error::{Answer, ApiError};
use crate::gauges::Gauges;
use crate::health::Health;
use crate::snapshots::Snapshots;
use jiff::Timestamp;
use segue_executor::{Executor, Watch};
use segue_lookups::Answers;
use segue_model::catalog::Catalog;
use segue_ports::Ports;
use segue_ports::state::{StateStore, StoredFlow};
use segue_scheduler::Scheduler;
use segue_template::Renderer;
use std::ops::Deref;
use std::sync::Arc;

/// The dependencies of [`router`](fn@crate::router).
pub struct ApiParts {
    /// The adapters of all ports.
    pub ports: Ports,
    /// Creates and changes executions.
    pub executor: Arc<Executor>,
    /// Knows the schedules and runs the backfills.
    pub scheduler: Arc<Scheduler>,
    /// All task types.
    pub catalog: Arc<Catalog>,
    /// Renders expressions.
    pub renderer: Renderer,
    /// Computes the functions `kv()`, `secret()` and `read()` of expressions.
    pub answers: Arc<dyn Answers>,
    /// Live changes, for clients that follow an execution.
    pub watch: Arc<Watch>,
    /// The callers that are admitted.
    pub access: Access,
    /// The address of the server as its users see it, without a slash at the end.
    pub url: String,
    /// Segue's version.
    pub version: String,
    /// Whether the warehouse is the local one, which callers of the API may query.
    pub has_local_warehouse: bool,
}

impl ApiParts {
    /// Builds the parts from an executor and a scheduler. The API is open to every user of this machine, the
    /// URL is empty, and the warehouse is not the local one; the caller sets all three.
    pub fn from_executor(executor: &Arc<Executor>, scheduler: &Arc<Scheduler>, watch: &Arc<Watch>) -> Self {
        let parts = executor.parts();
        Self {
            ports: parts.ports.clone(),
            executor: executor.clone(),
            scheduler: scheduler.clone(),
            catalog: parts.catalog.clone(),
            renderer: parts.renderer.clone(),
            answers: parts.answers.clone(),
            watch: watch.clone(),
            access: Access::default(),
            url: String::new(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            has_local_warehouse: false,
        }
    }
}

/// The state that every handler uses.
#[derive(Clone)]
pub(crate) struct Api {
    parts: Arc<ApiParts>,
    /// The last known health of the state store.
    pub(crate) health: Arc<Health>,
    /// The last counts of executions, flows and triggers.
    pub(crate) gauges: Arc<Gauges>,
    /// The executions that somebody looks at.
    pub(crate) snapshots: Arc<Snapshots>,
}

impl Api {
    pub(crate) fn new(parts: ApiParts) -> Self {
        let (health, gauges) = (Health::new(&parts.ports), Gauges::new(&parts.ports));
        Self {
            parts: Arc::new(parts),
            health: Arc::new(health),
            gauges: Arc::new(gauges),
            snapshots: Arc::default(),
        }
    }

    /// The state store.
    pub(crate) fn state(&self) -> &dyn StateStore {
        &*self.ports.state
    }

    /// The current time.
    pub(crate) fn now(&self) -> Timestamp {
        self.ports.clock.now()
    }

    /// A flow that must exist.
    pub(crate) async fn flow(&self, namespace: &str, id: &str, revision: Option<u32>) -> Answer<StoredFlow> {
        self.state()
            .flow(namespace, id, revision)
            .await?
            .ok_or_else(|| ApiError::not_found(format!("Flow '{namespace}.{id}'")))
    }
}

impl Deref for Api {
    type Target = ApiParts;

    fn deref(&self) -> &ApiParts {
        &self.parts
    }
}
