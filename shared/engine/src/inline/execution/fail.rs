//! `execution.Fail`: fails, always or on a condition.
//!
//! ```yaml
//! - id: stop
//!   type: io.kestra.plugin.core.execution.Fail
//!   condition: "{{ outputs.load.rows == 0 }}"
//!   errorMessage: nothing was loaded
//! ```

use crate::inline::{InlineCall, InlineError, InlineOutcome, InlineType, schema};
use segue_model::log::LogLevel;
use segue_template::is_truthy;

pub(in crate::inline) const TYPE: InlineType = InlineType {
    name: "io.kestra.plugin.core.execution.Fail",
    aliases: &["io.kestra.core.tasks.executions.Fail"],
    schema: || {
        schema::object(
            [
                (
                    "condition",
                    schema::text(
                        "The task fails if the template is true. false, 0, -0 and an empty text are not true.",
                    ),
                ),
                ("errorMessage", schema::text("The error message. Default: `Task failure`.")),
            ],
            &[],
        )
    },
    run,
};

fn run(call: &InlineCall<'_>) -> Result<InlineOutcome, InlineError> {
    let condition = call.text("condition")?;
    if condition.as_deref().is_some_and(|text| !is_truthy(text)) {
        return Ok(InlineOutcome::default());
    }
    let text = call.text("errorMessage")?.unwrap_or_else(|| "Task failure".to_owned());
    Err(match condition {
        None => InlineError::failed(text),
        Some(_) => InlineError::Failed {
            message: "Fail on a condition".to_owned(),
            logs: vec![(LogLevel::Error, text)],
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inline::testing::Bench;
    use serde_json::json;

    #[test]
    fn it_fails_unless_a_condition_says_no() {
        let bench = Bench::with(json!({"inputs": {"n": 0}}));
        let on_condition = |text: &str| InlineError::Failed {
            message: "Fail on a condition".to_owned(),
            logs: vec![(LogLevel::Error, text.to_owned())],
        };
        for (properties, expected) in [
            (json!({}), Err(InlineError::failed("Task failure"))),
            (json!({"errorMessage": "n={{ inputs.n }}"}), Err(InlineError::failed("n=0"))),
            (json!({"condition": "{{ inputs.n == 0 }}"}), Err(on_condition("Task failure"))),
            (json!({"condition": true, "errorMessage": "x"}), Err(on_condition("x"))),
            (json!({"condition": "{{ inputs.n }}"}), Ok(InlineOutcome::default())),
            (json!({"condition": false}), Ok(InlineOutcome::default())),
            (json!({"condition": ""}), Ok(InlineOutcome::default())),
        ] {
            for name in [TYPE.name, "io.kestra.core.tasks.executions.Fail"] {
                assert_eq!(bench.run(name, &properties), expected, "{properties}");
            }
        }
    }
}
