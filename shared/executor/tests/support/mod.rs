//! An executor with one service, which belongs to the test.

use segue_executor::{Executor, ExecutorParts, NoObserver};
use segue_lookups::Answers;
use segue_model::Map;
use segue_model::catalog::{Catalog, RunBy, Service, TaskType};
use segue_ports::{Ports, TimersBy};
use segue_template::Renderer;
use serde_json::json;
use std::sync::Arc;

/// Knows `test.Work`, which the service `test` runs, and the flowable and inline tasks.
pub(crate) fn executor(ports: Ports, answers: Arc<dyn Answers>) -> Executor {
    let mut types = segue_model::flowable_types::flowable_types();
    types.extend(segue_engine::inline::inline_types());
    types.push(TaskType {
        name: "test.Work",
        aliases: Vec::new(),
        outputs: None,
        run_by: RunBy::Service(Service::Named("test")),
        schema: json!({"type": "object", "additionalProperties": true}),
    });
    Executor::new(ExecutorParts {
        most_values: 100_000,
        gathers_results: ports.timers == TimersBy::Delivery,
        ports,
        catalog: Arc::new(Catalog::new(types)),
        renderer: Renderer::new(),
        answers,
        globals: Arc::new(Map::new()),
        observer: Arc::new(NoObserver),
        announce_states: false,
    })
}
