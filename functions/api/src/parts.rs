//! What the API is made of.

use crate::door::Access;
use crate::error::{Answer, ApiError};
use crate::health::Health;
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

/// What the API is made of.
pub struct ApiParts {
    /// The platform.
    pub ports: Ports,
    /// Makes executions, and changes them.
    pub executor: Arc<Executor>,
    /// Knows the schedules and runs the backfills.
    pub scheduler: Arc<Scheduler>,
    /// All task types.
    pub catalog: Arc<Catalog>,
    /// Renders expressions.
    pub renderer: Renderer,
    /// Answers what expressions ask.
    pub answers: Arc<dyn Answers>,
    /// Live changes, for who follows an execution.
    pub watch: Arc<Watch>,
    /// Who may come in.
    pub access: Access,
    /// The address of the server as its users see it, without a slash at the end.
    pub url: String,
    /// Segue's version.
    pub version: String,
}

impl ApiParts {
    /// Those of an API beside an executor and a scheduler: open to everybody on this machine, at no address yet.
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
        }
    }
}

/// What every handler has.
#[derive(Clone)]
pub(crate) struct Api {
    parts: Arc<ApiParts>,
    /// What the state store last said of itself.
    pub(crate) health: Arc<Health>,
}

impl Api {
    pub(crate) fn new(parts: ApiParts) -> Self {
        Self { parts: Arc::new(parts), health: Arc::default() }
    }

    /// The state store.
    pub(crate) fn state(&self) -> &dyn StateStore {
        &*self.ports.state
    }

    /// Now.
    pub(crate) fn now(&self) -> Timestamp {
        self.ports.clock.now()
    }

    /// A flow that must be there.
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
