//! `execution.Exit`: ends the execution in a state.
//!
//! ```yaml
//! - id: stop
//!   type: io.kestra.plugin.core.execution.Exit
//!   state: WARNING
//! ```

use crate::inline::{Change, InlineCall, InlineError, InlineOutcome, InlineType, schema};
use segue_model::state::State;

pub(in crate::inline) const TYPE: InlineType = InlineType {
    name: "io.kestra.plugin.core.execution.Exit",
    aliases: &[],
    schema: || {
        let states = ["SUCCESS", "WARNING", "KILLED", "FAILED", "CANCELED"];
        schema::object(
            [(
                "state",
                schema::one_of(
                    "The state in which the execution ends. KILLED also stops running tasks.",
                    &states,
                    Some("SUCCESS"),
                ),
            )],
            &[],
        )
    },
    run,
};

fn run(call: &InlineCall<'_>) -> Result<InlineOutcome, InlineError> {
    let text = call.text("state")?.unwrap_or_else(|| State::Success.as_str().to_owned());
    let state = State::parse(&text).filter(|state| {
        matches!(state, State::Success | State::Warning | State::Killed | State::Failed | State::Cancelled)
    });
    let state = state.ok_or_else(|| {
        InlineError::failed(format!(
            "`state` must be one of SUCCESS, WARNING, KILLED, FAILED, CANCELED, but is '{text}'"
        ))
    })?;
    Ok(InlineOutcome { changes: vec![Change::Exit(state)], ..InlineOutcome::default() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inline::testing::Bench;
    use serde_json::json;

    #[test]
    fn the_state_is_read() {
        let bench = Bench::with(json!({"inputs": {"s": "killed"}}));
        for (properties, state) in [
            (json!({}), State::Success),
            (json!({"state": "WARNING"}), State::Warning),
            (json!({"state": "CANCELED"}), State::Cancelled),
            (json!({"state": "FAILED"}), State::Failed),
            (json!({"state": "{{ inputs.s }}"}), State::Killed),
        ] {
            assert_eq!(bench.run(TYPE.name, &properties).unwrap().changes, [Change::Exit(state)]);
        }
        for state in ["RUNNING", "DONE"] {
            let message = bench.failure(TYPE.name, &json!({"state": state}));
            assert!(message.contains("`state` must be one of") && message.contains(state), "{message}");
        }
    }
}
