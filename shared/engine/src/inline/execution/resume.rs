//! `execution.Resume`: resumes a paused execution, by default this one. The task fails if another execution
//! is named and is not paused. Whether this execution is paused, and whether the inputs are valid, is checked
//! only when the change is made.
//!
//! ```yaml
//! - id: go_on
//!   type: io.kestra.plugin.core.execution.Resume
//!   executionId: "{{ trigger.executionId }}"
//!   inputs:
//!     approved: true
//! ```

use crate::inline::{Change, InlineCall, InlineError, InlineOutcome, InlineType, schema};
use segue_model::state::State;
use segue_template::{Answer, Lookup};

pub(in crate::inline) const TYPE: InlineType = InlineType {
    name: "io.kestra.plugin.core.execution.Resume",
    aliases: &[],
    schema: || {
        schema::object(
            [
                (
                    "executionId",
                    schema::text("The id of the execution. Default: the execution of this task."),
                ),
                ("namespace", schema::text("The namespace of the execution's flow. Also set `flowId`.")),
                ("flowId", schema::text("The id of the execution's flow. Also set `namespace`.")),
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
    if execution_id != call.execution.id.as_str() {
        refuse_unless_paused(call, &execution_id)?;
    }
    let change = Change::Resume { execution_id, inputs: call.map("inputs")? };
    Ok(InlineOutcome { changes: vec![change], ..InlineOutcome::default() })
}

fn refuse_unless_paused(call: &InlineCall<'_>, id: &str) -> Result<(), InlineError> {
    let lookup = Lookup::ExecutionState { execution_id: id.to_owned() };
    match call.scope.lookups.lookup(&lookup) {
        Answer::Found(state) if state == State::Paused.as_str() => Ok(()),
        Answer::Found(state) => Err(InlineError::failed(format!(
            "the execution {id} cannot be resumed: it is {}, not PAUSED",
            state.as_str().unwrap_or_default()
        ))),
        Answer::Missing => Err(InlineError::failed(format!("there is no execution {id} to resume"))),
        Answer::Failed(message) => Err(InlineError::failed(message)),
        Answer::Pending => Err(InlineError::Pending),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inline::testing::Bench;
    use segue_model::Json;
    use serde_json::json;

    fn asked(id: &str) -> Lookup {
        Lookup::ExecutionState { execution_id: id.to_owned() }
    }

    #[test]
    fn another_execution_must_be_paused() {
        let bench = Bench::new();
        let resume = json!({"executionId": "other"});
        assert_eq!(bench.asked(TYPE.name, &resume), [asked("other")]);
        bench.table.insert(asked("other"), Answer::Found(json!("SUCCESS")));
        assert!(bench.failure(TYPE.name, &resume).contains("other cannot be resumed: it is SUCCESS"));
        bench.table.insert(asked("other"), Answer::Missing);
        assert!(bench.failure(TYPE.name, &resume).contains("no execution other"));
    }

    #[test]
    fn an_execution_is_named_or_this_one() {
        let bench = Bench::with(json!({"trigger": {"executionId": "other"}}));
        for id in ["other", "x"] {
            bench.table.insert(asked(id), Answer::Found(json!("PAUSED")));
        }
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
