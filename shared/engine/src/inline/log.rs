//! `log.Log`: writes lines to the execution's log.
//!
//! ```yaml
//! - id: greeting
//!   type: io.kestra.plugin.core.log.Log
//!   level: DEBUG
//!   message:
//!     - "Hello {{ inputs.name }}"
//!     - second line
//! ```

use super::properties::{kind_of, missing, to_text};
use super::{InlineCall, InlineError, InlineOutcome, InlineType, schema};
use segue_model::Json;

pub(super) const TYPE: InlineType = InlineType {
    name: "io.kestra.plugin.core.log.Log",
    aliases: &["io.kestra.core.tasks.log.Log"],
    schema: || {
        schema::object(
            [
                ("message", schema::any("A text, or a list with one line for each element.")),
                ("level", schema::level()),
            ],
            &["message"],
        )
    },
    run,
};

fn run(call: &InlineCall<'_>) -> Result<InlineOutcome, InlineError> {
    let level = call.level()?;
    let lines = match call.rendered("message")? {
        None => return Err(missing("message")),
        Some(Json::Array(items)) => items.iter().map(to_text).collect(),
        Some(map @ Json::Object(_)) => {
            let kind = kind_of(&map);
            return Err(InlineError::failed(format!(
                "Invalid message type '{kind}': `message` must be a text or a list of texts"
            )));
        }
        Some(line) => vec![to_text(&line)],
    };
    Ok(InlineOutcome {
        logs: lines.into_iter().map(|line| (level, line)).collect(),
        ..InlineOutcome::default()
    })
}

#[cfg(test)]
mod tests {
    use crate::inline::testing::Bench;
    use segue_model::log::LogLevel;
    use serde_json::json;

    const LOG: &str = "io.kestra.plugin.core.log.Log";

    #[test]
    fn each_element_is_one_line() {
        let bench = Bench::with(json!({"inputs": {"name": "Ada", "level": "warn"}}));
        for (properties, level, lines) in [
            (json!({"message": "Hello {{ inputs.name }}"}), LogLevel::Info, vec!["Hello Ada"]),
            (json!({"message": "a\nb", "level": "ERROR"}), LogLevel::Error, vec!["a\nb"]),
            (
                json!({"message": ["{{ inputs.name }}", 3, {"k": true}]}),
                LogLevel::Info,
                vec!["Ada", "3", "{\"k\":true}"],
            ),
            (json!({"message": 42, "level": "{{ inputs.level }}"}), LogLevel::Warn, vec!["42"]),
            (json!({"message": []}), LogLevel::Info, vec![]),
        ] {
            let outcome = bench.run(LOG, &properties).unwrap();
            let expected: Vec<_> = lines.into_iter().map(|line| (level, line.to_owned())).collect();
            assert_eq!(outcome.logs, expected, "{properties}");
            assert!(outcome.outputs.is_empty());
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        let bench = Bench::new();
        for (properties, part) in [
            (json!({}), "`message` is required"),
            (json!({"message": {"a": 1}}), "Invalid message type 'a map'"),
            (json!({"message": "x", "level": "LOUD"}), "Invalid log level 'LOUD'"),
            (json!({"message": "{{ inputs.none }}"}), "Unable to find"),
        ] {
            let message = bench.failure(LOG, &properties);
            assert!(message.contains(part), "{message}");
        }
    }
}
