//! Renders a template completely: fetches the answers that the template needs, and renders it again.

use crate::error::TaskError;
use crate::lookups::Asker;
use segue_model::Map;
use segue_rendering::off_thread;
use segue_template::{JsonMap, LazyMap, LookupTable, RenderError, Value};
use std::sync::Arc;

/// The largest number of rounds for a template with answers that lead to new questions.
const MAX_ROUNDS: usize = 100;

/// Calls `render` until nothing is pending. The questions of one round are asked at the same time. `computes`
/// says whether rendering may take noticeable time: see [`off_thread`].
pub(crate) async fn until_answered<T>(
    table: &LookupTable,
    asker: Asker<'_>,
    computes: bool,
    render: impl Fn() -> Result<T, RenderError>,
) -> Result<T, TaskError> {
    for _ in 0..MAX_ROUNDS {
        match off_thread(computes, &render) {
            Err(RenderError::Pending) => {}
            other => return Ok(other?),
        }
        let pending = table.take_pending();
        if pending.is_empty() {
            break;
        }
        let answers = futures::future::join_all(pending.iter().map(|lookup| asker.answer(lookup))).await;
        for (lookup, answer) in pending.into_iter().zip(answers) {
            table.insert(lookup, answer.map_err(TaskError::Platform)?);
        }
    }
    Err(TaskError::failed(format!(
        "an expression needs more than {MAX_ROUNDS} rounds of answers; make its calls depend less on each other"
    )))
}

/// Variables with others laid over them. The upper ones win.
#[derive(Debug)]
pub(crate) struct Overlay {
    over: JsonMap,
    base: Arc<dyn LazyMap>,
}

impl Overlay {
    pub(crate) fn new(over: Map, base: Arc<dyn LazyMap>) -> Self {
        Self { over: JsonMap::new(over), base }
    }
}

impl LazyMap for Overlay {
    fn get(&self, key: &str) -> Option<Value> {
        self.over.get(key).or_else(|| self.base.get(key))
    }

    fn keys(&self) -> Vec<String> {
        let mut keys = self.over.keys();
        let more: Vec<_> = self.base.keys().into_iter().filter(|key| !keys.contains(key)).collect();
        keys.extend(more);
        keys
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_lies_over_wins() {
        let map = |value: serde_json::Value| value.as_object().cloned().unwrap();
        let base = Arc::new(JsonMap::new(map(json!({"a": 1, "b": 2}))));
        let overlay = Overlay::new(map(json!({"b": 3, "c": 4})), base);
        assert_eq!(overlay.keys(), ["b", "c", "a"]);
        assert_eq!(
            (overlay.get("b"), overlay.get("a"), overlay.get("d")),
            (Some(3.into()), Some(1.into()), None)
        );
    }
}
