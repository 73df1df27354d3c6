//! `execution.Resume`: resumes a paused execution, this one unless another is named. Whether it is paused is
//! known only where the change is made, and refused there.
//!
//! ```yaml
//! - id: go_on
//!   type: io.kestra.plugin.core.execution.Resume
//!   executionId: "{{ trigger.executionId }}"
//!   inputs:
//!     approved: true
//! ```

use crate::inline::{Change, InlineCall, InlineError, InlineOutcome, InlineType, schema};

pub(in crate::inline) const TYPE: InlineType = InlineType {
    name: "io.kestra.plugin.core.execution.Resume",
    aliases: &[],
    schema: || {
        schema::object(
            [
                ("executionId", schema::text("The execution, this one unless given.")),
                ("namespace", schema::text("The namespace of its flow; goes with `flowId`.")),
                ("flowId", schema::text("Its flow; goes with `namespace`.")),
                ("inputs", schema::map("Values for `onResume`.")),
            ],
            &[],
        )
    },
    run,
};

fn run(call: &InlineCall<'_>) -> Result<InlineOutcome, InlineError> {
    let named = |name| Ok::<_, InlineError>(call.text(name)?.filter(|text| !text.is_empty()));
    let (execution_id, namespace, flow_id) = (named("executionId")?, named("namespace")?, named("flowId")?);
    if namespace.is_some() != flow_id.is_some() {
        return Err(InlineError::failed("Both `namespace` and `flowId` must be set, or none of them"));
    }
    if execution_id.is_none() && namespace.is_some() {
        return Err(InlineError::failed("`executionId` must be set when `namespace` and `flowId` are"));
    }
    let execution_id = execution_id.unwrap_or_else(|| call.execution.id.to_string());
    let change = Change::Resume { execution_id, inputs: call.map("inputs")? };
    Ok(InlineOutcome { changes: vec![change], ..InlineOutcome::default() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inline::testing::Bench;
    use segue_model::Json;
    use serde_json::json;

    #[test]
    fn an_execution_is_named_or_this_one() {
        let bench = Bench::with(json!({"trigger": {"executionId": "other"}}));
        for (properties, id, inputs) in [
            (json!({}), "exec", json!({})),
            (json!({"executionId": "{{ trigger.executionId }}"}), "other", json!({})),
            (json!({"executionId": "x", "namespace": "n", "flowId": "f"}), "x", json!({})),
            (
                json!({"inputs": {"by": "{{ trigger.executionId }}", "ok": true}}),
                "exec",
                json!({"by": "other", "ok": true}),
            ),
        ] {
            let outcome = bench.run(TYPE.name, &properties).unwrap();
            let [Change::Resume { execution_id, inputs: given }] = outcome.changes.as_slice() else {
                panic!()
            };
            assert_eq!((execution_id.as_str(), Json::Object(given.clone())), (id, inputs), "{properties}");
        }
        for properties in [json!({"namespace": "n"}), json!({"executionId": "x", "flowId": "f"})] {
            assert!(bench.failure(TYPE.name, &properties).contains("Both `namespace` and `flowId`"));
        }
        let by_flow = json!({"namespace": "n", "flowId": "f"});
        assert!(bench.failure(TYPE.name, &by_flow).contains("`executionId` must be set"));
    }
}
