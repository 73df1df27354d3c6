//! `execution.SetVariables`: sets variables of the execution, seen as `vars.*` from then on.
//!
//! ```yaml
//! - id: set
//!   type: io.kestra.plugin.core.execution.SetVariables
//!   variables:
//!     region: eu
//! ```

use crate::inline::properties::{merged, missing};
use crate::inline::{Change, InlineCall, InlineError, InlineOutcome, InlineType, schema};

pub(in crate::inline) const TYPE: InlineType = InlineType {
    name: "io.kestra.plugin.core.execution.SetVariables",
    aliases: &[],
    schema: || {
        schema::object(
            [
                ("variables", schema::map("The variables. Maps are merged with existing maps.")),
                ("overwrite", schema::flag("Whether existing variables are replaced.", true)),
            ],
            &["variables"],
        )
    },
    run,
};

fn run(call: &InlineCall<'_>) -> Result<InlineOutcome, InlineError> {
    if call.written("variables").is_none() {
        return Err(missing("variables"));
    }
    let variables = call.map("variables")?;
    let current = &call.execution.variables;
    if !call.flag("overwrite", true)? {
        let known: Vec<&str> =
            variables.keys().filter(|key| current.contains_key(*key)).map(String::as_str).collect();
        if !known.is_empty() {
            return Err(InlineError::failed(format!(
                "`overwrite` is set to false and the following variables already exist: {}",
                known.join(",")
            )));
        }
    }
    let variables = variables
        .into_iter()
        .map(|(key, value)| {
            let value = merged(current.get(&key), value);
            (key, value)
        })
        .collect();
    Ok(InlineOutcome { changes: vec![Change::SetVariables(variables)], ..InlineOutcome::default() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inline::testing::Bench;
    use serde_json::json;

    #[test]
    fn variables_are_merged_with_those_there() {
        let mut bench = Bench::with(json!({"inputs": {"n": 3}}));
        bench.execution.variables = json!({"a": 1, "m": {"x": 1, "y": 2}}).as_object().unwrap().clone();
        let properties = json!({"variables": {"a": "{{ inputs.n }}", "m": {"y": 3}, "new": [true]}});
        let outcome = bench.run(TYPE.name, &properties).unwrap();
        let expected = json!({"a": "3", "m": {"x": 1, "y": 3}, "new": [true]});
        assert_eq!(outcome.changes, [Change::SetVariables(expected.as_object().unwrap().clone())]);

        let keep = json!({"variables": {"a": 2, "m": 1, "new": 1}, "overwrite": false});
        assert_eq!(
            bench.failure(TYPE.name, &keep),
            "`overwrite` is set to false and the following variables already exist: a,m"
        );
        let fresh = json!({"variables": {"new": 1}, "overwrite": false});
        assert!(bench.run(TYPE.name, &fresh).is_ok());
        assert!(bench.failure(TYPE.name, &json!({})).contains("`variables` is required"));
    }
}
