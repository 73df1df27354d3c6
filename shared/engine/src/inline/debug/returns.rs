//! `debug.Return`: returns a rendered text as the output `value`, and reports its length and duration as metrics.
//!
//! ```yaml
//! - id: name
//!   type: io.kestra.plugin.core.debug.Return
//!   format: "{{ flow.id }}-{{ execution.id }}"
//! ```

use crate::inline::{InlineCall, InlineError, InlineOutcome, InlineType, schema};
use segue_model::event::{Metric, MetricKind};
use segue_model::{Json, Map};

pub(in crate::inline) const TYPE: InlineType = InlineType {
    name: "io.kestra.plugin.core.debug.Return",
    aliases: &["io.kestra.core.tasks.debugs.Return"],
    schema: || schema::object([("format", schema::text("The text to render."))], &[]),
    run,
};

fn run(call: &InlineCall<'_>) -> Result<InlineOutcome, InlineError> {
    let text = call.text("format")?;
    let length = text.as_ref().map_or(0, |text| text.chars().count());
    let metric = |name: &str, kind: MetricKind, value: f64| Metric {
        name: name.to_owned(),
        kind,
        value,
        tags: Json::Null,
    };
    // Rendering takes no time on the clock of a step.
    let metrics = vec![
        metric("length", MetricKind::Counter, length as f64),
        metric("duration", MetricKind::Timer, 0.0),
    ];
    let outputs = Map::from_iter([("value".to_owned(), text.map_or(Json::Null, Json::String))]);
    Ok(InlineOutcome { outputs, metrics, ..InlineOutcome::default() })
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
