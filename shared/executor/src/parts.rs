//! The parts of an executor.

use crate::observer::{NoObserver, Observer};
use segue_lookups::outbound::Clients;
use segue_lookups::{Answers, PortAnswers};
use segue_model::catalog::Catalog;
use segue_model::{Json, Map};
use segue_ports::Ports;
use segue_rendering::Allowance;
use segue_template::Renderer;
use std::sync::Arc;

/// The parts of an executor.
pub struct ExecutorParts {
    /// The adapters of all ports.
    pub ports: Ports,
    /// All task types.
    pub catalog: Arc<Catalog>,
    /// Renders expressions.
    pub renderer: Renderer,
    /// Answers what expressions ask: `kv()`, `secret()`, `read()`.
    pub answers: Arc<dyn Answers>,
    /// The root variables that belong to the server: `envs`, `globals`, `kestra`.
    pub globals: Arc<Map>,
    /// Receives every commit.
    pub observer: Arc<dyn Observer>,
    /// Whether ends and pauses of executions are published for the scheduler. False if no scheduler listens.
    pub announce_states: bool,
    /// The largest number of values of a loop.
    pub most_values: usize,
}

impl ExecutorParts {
    /// Parts on these ports, with the limits that the environment sets. The executor has no observer, and a
    /// scheduler listens.
    pub fn on_ports(ports: Ports, catalog: Catalog, globals: Map) -> Self {
        Self {
            answers: Arc::new(PortAnswers::new(ports.clone(), Arc::new(Clients::from_env()))),
            ports,
            catalog: Arc::new(catalog),
            renderer: Renderer::new().metered(Arc::new(Allowance::from_env())),
            globals: Arc::new(globals),
            observer: Arc::new(NoObserver),
            announce_states: true,
            most_values: most_values(),
        }
    }
}

/// The largest number of values of a loop, unless SEGUE_MAX_LOOP_VALUES is set. This number takes some
/// hundred MB of memory.
const MOST_VALUES: usize = 100_000;

fn most_values() -> usize {
    let Ok(text) = std::env::var("SEGUE_MAX_LOOP_VALUES") else { return MOST_VALUES };
    text.trim().parse().unwrap_or_else(|_| {
        tracing::error!(text, "SEGUE_MAX_LOOP_VALUES is not a whole number; {MOST_VALUES} is used");
        MOST_VALUES
    })
}

/// The root variables `envs`, `globals` and `kestra` (docs/kestra.md 3.2). `envs` has the environment
/// variables that begin with `ENV_`. `platform` becomes `kestra.environment`.
pub fn globals(variables: impl IntoIterator<Item = (String, String)>, platform: &str) -> Map {
    let envs: Map = variables
        .into_iter()
        .filter_map(|(name, value)| Some((name.strip_prefix("ENV_")?.to_lowercase(), Json::String(value))))
        .collect();
    let mut globals = Map::new();
    globals.insert("envs".into(), Json::Object(envs));
    globals.insert("globals".into(), Json::Object(Map::new()));
    globals.insert("kestra".into(), serde_json::json!({"environment": platform, "url": ""}));
    globals
}
