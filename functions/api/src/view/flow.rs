//! Flows: the properties in the source, and the values that the state store adds.

use segue_api_types::Flow;
use segue_model::parse::flow_document;
use segue_ports::state::StoredFlow;

/// A flow without its source.
pub(crate) fn flow(stored: &StoredFlow) -> Flow {
    let document = flow_document(&stored.source);
    let flow = Flow::written(&stored.id, &stored.namespace, stored.revision, stored.updated, document);
    Flow { deleted: stored.deleted, ..flow }
}

/// A flow with its source.
pub(crate) fn flow_with_source(stored: &StoredFlow) -> Flow {
    flow(stored).with_source(&stored.source)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

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
            json!(flow_with_source(&stored(source))),
            json!({"id": "f", "namespace": "a.b", "tenantId": "main", "revision": 3,
                   "labels": [{"key": "team", "value": "data"}], "tasks": [{"id": "t", "type": "x", "n": 1.5}],
                   "disabled": false, "draft": false, "deleted": false, "updated": "1970-01-01T00:00:00Z",
                   "source": source})
        );
        assert!(flow(&stored("a: [1")).exception.is_some());
    }

    #[test]
    fn parts_in_an_unexpected_form_are_answered_all_the_same() {
        let source = "id: f\nnamespace: a.b\nlabels: 3\ndisabled: 'true'\ntasks: none\nsource: mine\ninputs:\n- name: x\n";
        let shown = flow(&stored(source));
        assert_eq!((&shown.labels, &shown.tasks, &shown.inputs), (&None, &None, &None));
        let shown = json!(shown);
        assert_eq!(
            (&shown["labels"], &shown["disabled"], &shown["tasks"]),
            (&json!(3), &json!("true"), &json!("none"))
        );
        assert_eq!((&shown["source"], &shown["inputs"]), (&json!("mine"), &json!([{"name": "x"}])));
        assert_eq!(json!(flow_with_source(&stored(source)))["source"], source);
        assert!(serde_json::from_value::<Flow>(shown).is_ok_and(|read| read.tasks.is_none()));
    }
}
