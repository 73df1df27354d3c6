//! `debug.Echo` (deprecated, use `log.Log`): writes one line to the execution's log.
//!
//! ```yaml
//! - id: echo
//!   type: io.kestra.plugin.core.debug.Echo
//!   format: "{{ flow.id }}"
//! ```

use crate::inline::properties::missing;
use crate::inline::{InlineCall, InlineError, InlineOutcome, InlineType, schema};

pub(in crate::inline) const TYPE: InlineType = InlineType {
    name: "io.kestra.plugin.core.debug.Echo",
    aliases: &["io.kestra.core.tasks.debugs.Echo"],
    schema: || {
        schema::object(
            [("format", schema::text("The line to render.")), ("level", schema::level())],
            &["format"],
        )
    },
    run,
};

fn run(call: &InlineCall<'_>) -> Result<InlineOutcome, InlineError> {
    let line = call.text("format")?.ok_or_else(|| missing("format"))?;
    Ok(InlineOutcome { logs: vec![(call.level()?, line)], ..InlineOutcome::default() })
}

#[cfg(test)]
mod tests {
    use crate::inline::testing::Bench;
    use segue_model::log::LogLevel;
    use serde_json::json;

    const ECHO: &str = "io.kestra.plugin.core.debug.Echo";

    #[test]
    fn one_line_is_logged() {
        let bench = Bench::with(json!({"flow": {"id": "f"}}));
        let outcome = bench.run(ECHO, &json!({"format": "in {{ flow.id }}", "level": "TRACE"})).unwrap();
        assert_eq!(outcome.logs, [(LogLevel::Trace, "in f".to_owned())]);
        assert!(bench.failure(ECHO, &json!({})).contains("`format` is required"));
    }
}
