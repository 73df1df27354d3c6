//! `execution.Labels`: sets labels of the execution.
//!
//! ```yaml
//! - id: mark
//!   type: io.kestra.plugin.core.execution.Labels
//!   labels:
//!     customer: "{{ inputs.customer }}"
//! ```

use crate::inline::properties::{kind_of, missing, to_text};
use crate::inline::{Change, InlineCall, InlineError, InlineOutcome, InlineType, schema};
use segue_model::label::{Label, set_labels};
use segue_model::{Json, Map};
use serde_json::json;

pub(in crate::inline) const TYPE: InlineType = InlineType {
    name: "io.kestra.plugin.core.execution.Labels",
    aliases: &["io.kestra.core.tasks.executions.Labels"],
    schema: || {
        let labels = json!({
            "description": "A map, a list of `key` and `value`, or JSON text.",
            "type": ["object", "array", "string"],
        });
        schema::object([("labels", labels)], &["labels"])
    },
    run,
};

fn run(call: &InlineCall<'_>) -> Result<InlineOutcome, InlineError> {
    let written = match call.rendered("labels")? {
        None => return Err(missing("labels")),
        Some(Json::String(text)) => serde_json::from_str(&text).map_err(|error| {
            InlineError::failed(format!("`labels` must be JSON when it is a text, but is '{text}': {error}"))
        })?,
        Some(value) => value,
    };
    let labels = labels(&written)?;
    if let Some(label) = labels.iter().find(|label| label.is_system()) {
        return Err(InlineError::failed(format!(
            "System labels can only be set by Segue itself, offending label: {}={}",
            label.key, label.value
        )));
    }
    Ok(InlineOutcome { changes: vec![Change::Labels(labels)], ..InlineOutcome::default() })
}

/// Labels from a map or a list, each key once. If a key repeats, the last label wins.
fn labels(written: &Json) -> Result<Vec<Label>, InlineError> {
    let mut labels = Vec::new();
    match written {
        Json::Object(map) => {
            for (key, value) in map {
                labels.push(label(key, value)?);
            }
        }
        Json::Array(items) => {
            for item in items {
                let entry = item.as_object().ok_or_else(|| unknown(item))?;
                labels.push(label(&key(entry)?, entry.get("value").unwrap_or(&Json::Null))?);
            }
        }
        other => return Err(unknown(other)),
    }
    let mut distinct = Vec::new();
    set_labels(&mut distinct, labels);
    Ok(distinct)
}

fn key(entry: &Map) -> Result<String, InlineError> {
    match entry.get("key") {
        Some(Json::String(key)) if !key.is_empty() => Ok(key.clone()),
        _ => Err(InlineError::failed("each of the `labels` in a list must have a `key` and a `value`")),
    }
}

fn label(key: &str, value: &Json) -> Result<Label, InlineError> {
    if value.is_null() {
        return Err(InlineError::failed(format!(
            "the label '{key}' has no value: set a value or remove the label"
        )));
    }
    Ok(Label::new(key, to_text(value)))
}

fn unknown(value: &Json) -> InlineError {
    InlineError::failed(format!(
        "Unknown value type: {}. `labels` must be a map, a list of `key` and `value`, or JSON text",
        kind_of(value)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inline::testing::Bench;

    #[test]
    fn labels_are_read_from_every_form() {
        let bench = Bench::with(json!({"inputs": {"who": "Ada", "json": "{\"a\":\"1\",\"b\":2}"}}));
        for (written, expected) in [
            (
                json!({"who": "{{ inputs.who }}", "n": 1, "t": true}),
                vec![("who", "Ada"), ("n", "1"), ("t", "true")],
            ),
            (
                json!([{"key": "k", "value": "{{ inputs.who }}"}, {"key": "k", "value": "x"}]),
                vec![("k", "x")],
            ),
            (json!("{{ inputs.json }}"), vec![("a", "1"), ("b", "2")]),
            (json!({"m": {"x": 1}}), vec![("m", "{\"x\":1}")]),
            (json!({}), vec![]),
        ] {
            let expected = expected.into_iter().map(|(key, value)| Label::new(key, value)).collect();
            let outcome = bench.run(TYPE.name, &json!({"labels": written})).unwrap();
            assert_eq!(outcome.changes, [Change::Labels(expected)], "{written}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        let bench = Bench::new();
        for (written, part) in [
            (json!(null), "`labels` is required"),
            (json!(5), "Unknown value type: a number"),
            (json!(["a"]), "Unknown value type: a text"),
            (json!([{"value": "a"}]), "must have a `key`"),
            (json!({"a": null}), "the label 'a' has no value"),
            (json!("{"), "`labels` must be JSON"),
            (
                json!({"system.username": "me"}),
                "System labels can only be set by Segue itself, offending label: system.username=me",
            ),
        ] {
            let message = bench.failure(TYPE.name, &json!({"labels": written}));
            assert!(message.contains(part), "{message}");
        }
    }
}
