//! `execution.UnsetVariables`: removes variables of the execution; a dotted name reaches into a map.
//!
//! ```yaml
//! - id: unset
//!   type: io.kestra.plugin.core.execution.UnsetVariables
//!   variables: [region, limits.rows]
//! ```

use crate::inline::properties::{missing, to_text};
use crate::inline::{Change, InlineCall, InlineError, InlineOutcome, InlineType, schema};
use segue_model::{Json, Map};

pub(in crate::inline) const TYPE: InlineType = InlineType {
    name: "io.kestra.plugin.core.execution.UnsetVariables",
    aliases: &[],
    schema: || {
        schema::object(
            [
                ("variables", schema::list("The names of the variables.")),
                ("ignoreMissing", schema::flag("Whether a missing variable is ignored.", false)),
            ],
            &["variables"],
        )
    },
    run,
};

fn run(call: &InlineCall<'_>) -> Result<InlineOutcome, InlineError> {
    let names = call.list("variables")?.ok_or_else(|| missing("variables"))?;
    let ignore_missing = call.flag("ignoreMissing", false)?;
    let current = &call.execution.variables;
    let mut left = current.clone();
    for name in names.iter().map(to_text) {
        if !remove(&mut left, &name) && !ignore_missing {
            return Err(InlineError::failed(format!(
                "The variable '{name}' does not exist and `ignoreMissing` is set to false"
            )));
        }
    }
    let gone: Vec<String> = current.keys().filter(|key| !left.contains_key(*key)).cloned().collect();
    let changed: Map = left.into_iter().filter(|(key, value)| current.get(key) != Some(value)).collect();
    let mut changes = Vec::new();
    if !gone.is_empty() {
        changes.push(Change::UnsetVariables(gone));
    }
    if !changed.is_empty() {
        changes.push(Change::SetVariables(changed));
    }
    Ok(InlineOutcome { changes, ..InlineOutcome::default() })
}

/// Removes a variable. Returns false if it does not exist.
fn remove(variables: &mut Map, name: &str) -> bool {
    // A key with dots comes before a path.
    if variables.shift_remove(name).is_some() {
        return true;
    }
    let Some((first, rest)) = name.split_once('.') else { return false };
    match variables.get_mut(first) {
        Some(Json::Object(inner)) => remove(inner, rest),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inline::testing::Bench;
    use serde_json::json;

    #[test]
    fn variables_are_removed_at_any_depth() {
        let mut bench = Bench::with(json!({"inputs": {"name": "a"}}));
        bench.execution.variables =
            json!({"a": 1, "m": {"x": {"y": 1, "z": 2}}, "d.e": 1, "n": null}).as_object().unwrap().clone();
        let unset =
            |keys: &[&str]| Change::UnsetVariables(keys.iter().map(|key| (*key).to_owned()).collect());
        let set = |map: Json| Change::SetVariables(map.as_object().unwrap().clone());
        for (names, changes) in [
            (json!(["{{ inputs.name }}", "n"]), vec![unset(&["a", "n"])]),
            (json!(["m.x.y"]), vec![set(json!({"m": {"x": {"z": 2}}}))]),
            (json!(["d.e", "m.x.z"]), vec![unset(&["d.e"]), set(json!({"m": {"x": {"y": 1}}}))]),
            (json!([]), vec![]),
            (json!("[\"a\"]"), vec![unset(&["a"])]),
        ] {
            let properties = json!({"variables": names});
            assert_eq!(bench.run(TYPE.name, &properties).unwrap().changes, changes, "{properties}");
        }
        for name in ["none", "m.none", "a.b"] {
            assert_eq!(
                bench.failure(TYPE.name, &json!({"variables": [name]})),
                format!("The variable '{name}' does not exist and `ignoreMissing` is set to false")
            );
            let properties = json!({"variables": [name], "ignoreMissing": true});
            assert_eq!(bench.run(TYPE.name, &properties).unwrap().changes, []);
        }
    }
}
