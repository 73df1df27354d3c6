//! Flows as they are written, with what the store knows of them.

use segue_model::parse::flow_document;
use segue_model::{Json, Map};
use segue_ports::state::StoredFlow;
use serde_json::json;

/// A flow without its source.
pub(crate) fn flow(stored: &StoredFlow) -> Json {
    let mut map = Map::new();
    map.insert("id".into(), json!(stored.id));
    map.insert("namespace".into(), json!(stored.namespace));
    map.insert("tenantId".into(), json!("main"));
    map.insert("revision".into(), json!(stored.revision));
    match flow_document(&stored.source) {
        Some(document) => {
            for (key, value) in document {
                match key.as_str() {
                    "id" | "namespace" | "revision" | "tenantId" => {}
                    "labels" => {
                        map.insert(key, labels(value));
                    }
                    _ => {
                        map.insert(key, value);
                    }
                }
            }
        }
        None => {
            map.insert("exception".into(), json!("the stored source is no YAML that can be read"));
        }
    }
    map.entry("disabled").or_insert(json!(false));
    map.insert("deleted".into(), json!(stored.deleted));
    map.insert("updated".into(), json!(stored.updated));
    Json::Object(map)
}

/// A flow with its source.
pub(crate) fn flow_with_source(stored: &StoredFlow) -> Json {
    let mut view = flow(stored);
    if let Json::Object(map) = &mut view {
        map.insert("source".into(), json!(stored.source));
    }
    view
}

/// Labels as a list of `{key, value}`, whichever way they were written.
pub(crate) fn labels(written: Json) -> Json {
    match segue_model::label::from_any(written.clone()) {
        Ok(labels) => json!(labels),
        Err(_) => written,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(source: &str) -> StoredFlow {
        StoredFlow {
            namespace: "a.b".into(),
            id: "f".into(),
            revision: 3,
            source: source.into(),
            updated: jiff::Timestamp::UNIX_EPOCH,
            deleted: false,
        }
    }

    #[test]
    fn a_flow_is_shown_as_it_is_written() {
        let source = "id: f\nnamespace: a.b\nlabels: {team: data}\ntasks:\n- id: t\n  type: x\n  n: 1.5\n";
        assert_eq!(
            flow_with_source(&stored(source)),
            json!({"id": "f", "namespace": "a.b", "tenantId": "main", "revision": 3,
                   "labels": [{"key": "team", "value": "data"}], "tasks": [{"id": "t", "type": "x", "n": 1.5}],
                   "disabled": false, "deleted": false, "updated": "1970-01-01T00:00:00Z", "source": source})
        );
        assert!(flow(&stored("a: [1"))["exception"].is_string());
    }
}
