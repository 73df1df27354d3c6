//! An executor with all task types.

use crate::answers::PortAnswers;
use crate::catalog;
use segue_executor::{Executor, ExecutorParts, Observer};
use segue_model::{Json, Map};
use segue_ports::Ports;
use segue_rendering::Allowance;
use segue_template::Renderer;
use std::sync::Arc;

/// An executor on these ports, with all task types. `observer` receives every commit. `announce_ends` says
/// whether a scheduler listens.
pub fn executor(
    ports: Ports,
    globals: Map,
    observer: Arc<dyn Observer>,
    announce_ends: bool,
) -> Arc<Executor> {
    Arc::new(Executor::new(ExecutorParts {
        answers: Arc::new(PortAnswers::new(ports.clone())),
        ports,
        catalog: Arc::new(catalog()),
        renderer: Renderer::new().metered(Arc::new(Allowance::from_env())),
        globals: Arc::new(globals),
        observer,
        announce_ends,
        most_values: most_values(),
    }))
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
