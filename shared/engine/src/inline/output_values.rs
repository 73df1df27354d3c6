//! `output.OutputValues`: returns several values under `values`.
//!
//! ```yaml
//! - id: result
//!   type: io.kestra.plugin.core.output.OutputValues
//!   values:
//!     rows: "{{ outputs.load.rows }}"
//! ```

use super::properties::missing;
use super::{InlineCall, InlineError, InlineOutcome, InlineType, schema};
use segue_model::{Json, Map};

pub(super) const TYPE: InlineType = InlineType {
    name: "io.kestra.plugin.core.output.OutputValues",
    aliases: &[],
    schema: || {
        schema::object(
            [("values", schema::map("The values by name; templates in them are rendered."))],
            &["values"],
        )
    },
    run,
};

fn run(call: &InlineCall<'_>) -> Result<InlineOutcome, InlineError> {
    if call.written("values").is_none() {
        return Err(missing("values"));
    }
    let values = Json::Object(call.map("values")?);
    Ok(InlineOutcome { outputs: Map::from_iter([("values".to_owned(), values)]), ..InlineOutcome::default() })
}

#[cfg(test)]
mod tests {
    use crate::inline::testing::Bench;
    use serde_json::json;

    const OUTPUT_VALUES: &str = "io.kestra.plugin.core.output.OutputValues";

    #[test]
    fn rendered_texts_stay_texts() {
        let bench = Bench::with(json!({"inputs": {"n": 3}}));
        for (values, expected) in [
            (
                json!({"a": "{{ inputs.n }}", "b": [true, "{{ inputs.n }}"]}),
                json!({"a": "3", "b": [true, "3"]}),
            ),
            (json!({}), json!({})),
            (json!("{\"a\": {{ inputs.n }}}"), json!({"a": 3})),
        ] {
            assert_eq!(bench.outputs(OUTPUT_VALUES, &json!({"values": values})), json!({"values": expected}));
        }
        assert!(bench.failure(OUTPUT_VALUES, &json!({})).contains("`values` is required"));
        assert!(
            bench.failure(OUTPUT_VALUES, &json!({"values": [1]})).contains("must be a map, but is a list")
        );
    }
}
