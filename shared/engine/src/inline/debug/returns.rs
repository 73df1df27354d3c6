//! `debug.Return`: returns a rendered text as the output `value`.
//!
//! ```yaml
//! - id: name
//!   type: io.kestra.plugin.core.debug.Return
//!   format: "{{ flow.id }}-{{ execution.id }}"
//! ```

use crate::inline::{InlineCall, InlineError, InlineOutcome, InlineType, schema};
use segue_model::{Json, Map};

pub(in crate::inline) const TYPE: InlineType = InlineType {
    name: "io.kestra.plugin.core.debug.Return",
    aliases: &["io.kestra.core.tasks.debugs.Return"],
    schema: || schema::object([("format", schema::text("The text to render."))], &[]),
    run,
};

fn run(call: &InlineCall<'_>) -> Result<InlineOutcome, InlineError> {
    let value = call.text("format")?.map_or(Json::Null, Json::String);
    Ok(InlineOutcome { outputs: Map::from_iter([("value".to_owned(), value)]), ..InlineOutcome::default() })
}

#[cfg(test)]
mod tests {
    use crate::inline::testing::Bench;
    use serde_json::json;

    #[test]
    fn the_rendered_text_is_the_value() {
        let bench = Bench::with(json!({"inputs": {"n": 3}}));
        for (properties, value) in [
            (json!({"format": "{{ inputs.n }}"}), json!("3")),
            (json!({"format": "n={{ inputs.n }}"}), json!("n=3")),
            (json!({"format": 5}), json!("5")),
            (json!({"format": ""}), json!("")),
            (json!({}), json!(null)),
        ] {
            for name in ["io.kestra.plugin.core.debug.Return", "io.kestra.core.tasks.debugs.Return"] {
                assert_eq!(bench.outputs(name, &properties), json!({"value": value}), "{properties}");
            }
        }
    }
}
