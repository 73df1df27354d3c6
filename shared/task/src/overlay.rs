//! Two layers of variables.

use segue_model::Map;
use segue_template::{JsonMap, LazyMap, Value};
use std::sync::Arc;

/// Two layers of variables. If both have a name, the upper layer counts.
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
