//! `execution.Assert`: fails if a condition is false.
//!
//! ```yaml
//! - id: check
//!   type: io.kestra.plugin.core.execution.Assert
//!   errorMessage: nothing was loaded
//!   conditions:
//!     - "{{ outputs.load.rows > 0 }}"
//! ```

use crate::inline::properties::{missing, to_text};
use crate::inline::{InlineCall, InlineError, InlineOutcome, InlineType, schema};
use segue_model::Json;
use segue_model::log::LogLevel;
use segue_template::{RenderError, is_truthy};

pub(in crate::inline) const TYPE: InlineType = InlineType {
    name: "io.kestra.plugin.core.execution.Assert",
    aliases: &[],
    schema: || {
        schema::object(
            [
                (
                    "conditions",
                    schema::list(
                        "Templates that must all be true. false, 0, -0 and an empty text are not true.",
                    ),
                ),
                ("errorMessage", schema::text("A text to add to the error message.")),
            ],
            &["conditions"],
        )
    },
    run,
};

fn run(call: &InlineCall<'_>) -> Result<InlineOutcome, InlineError> {
    let conditions = match call.written("conditions") {
        None => return Err(missing("conditions")),
        Some(Json::Array(conditions)) => conditions.iter().map(to_text).collect(),
        Some(Json::String(_)) => {
            call.list("conditions")?.unwrap_or_default().iter().map(to_text).collect::<Vec<_>>()
        }
        Some(_) => return Err(InlineError::failed("`conditions` must be a list of texts")),
    };
    let mut logs = Vec::new();
    let mut is_pending = false;
    for condition in &conditions {
        match call.renderer.render(condition, call.scope) {
            Ok(text) if is_truthy(&text) => {}
            Ok(_) => logs.push((LogLevel::Error, format!("Assertion `{condition}` failed!"))),
            Err(RenderError::Pending) => is_pending = true,
            Err(error) => logs.push((
                LogLevel::Error,
                format!("Assertion `{condition}` failed, failed to render `{error}`"),
            )),
        }
    }
    if is_pending {
        return Err(InlineError::Pending);
    }
    if logs.is_empty() {
        return Ok(InlineOutcome::default());
    }
    let mut message = format!("{} assertion{} failed!", logs.len(), if logs.len() == 1 { "" } else { "s" });
    if let Some(text) = call.text("errorMessage")? {
        message = format!("{message}\n{text}");
    }
    Err(InlineError::Failed { message, logs })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inline::testing::Bench;
    use serde_json::json;

    const ASSERT: &str = TYPE.name;

    #[test]
    fn every_condition_that_fails_is_logged() {
        let bench = Bench::with(json!({"inputs": {"n": 3}}));
        let holds = json!({"conditions": ["{{ inputs.n == 3 }}", true, "any text"]});
        assert_eq!(bench.run(ASSERT, &holds), Ok(InlineOutcome::default()));

        let properties = json!({
            "conditions": ["{{ inputs.n == 4 }}", "{{ inputs.n }}", "{{ inputs.none }}"],
            "errorMessage": "n is {{ inputs.n }}",
        });
        let Err(InlineError::Failed { message, logs }) = bench.run(ASSERT, &properties) else { panic!() };
        assert_eq!(message, "2 assertions failed!\nn is 3");
        assert_eq!(logs.len(), 2);
        assert_eq!(logs[0], (LogLevel::Error, "Assertion `{{ inputs.n == 4 }}` failed!".to_owned()));
        assert!(
            logs[1].1.starts_with("Assertion `{{ inputs.none }}` failed, failed to render `Unable to find")
        );
    }

    #[test]
    fn one_failure_and_answers_to_come() {
        let bench = Bench::new();
        assert_eq!(bench.failure(ASSERT, &json!({"conditions": ["0"]})), "1 assertion failed!");
        assert!(bench.failure(ASSERT, &json!({})).contains("`conditions` is required"));
        let asked = bench.asked(ASSERT, &json!({"conditions": ["{{ kv('a') }}", "{{ kv('b') }}"]}));
        assert_eq!(asked.len(), 2, "all conditions ask at once");
    }
}
