//! `kv.Set`: sets a value of the KV store.
//!
//! ```yaml
//! - id: remember
//!   type: io.kestra.plugin.core.kv.Set
//!   key: last_run
//!   value: "{{ execution.startDate }}"
//!   kvType: DATETIME
//!   ttl: P30D
//! ```

use super::value::{kind_of, read};
use super::{key, namespace, stored};
use crate::inline::{Change, InlineCall, InlineError, InlineOutcome, InlineType, KvKind, schema};
use segue_model::Json;

pub(in crate::inline) const TYPE: InlineType = InlineType {
    name: "io.kestra.plugin.core.kv.Set",
    aliases: &[],
    schema: || {
        let kinds = ["STRING", "NUMBER", "BOOLEAN", "DATETIME", "DATE", "DURATION", "JSON"];
        schema::object(
            [
                ("key", schema::text("The key.")),
                (
                    "value",
                    schema::any(
                        "The value. A text that is a single expression keeps the type of its result.",
                    ),
                ),
                ("namespace", schema::text("The namespace. Default: the flow's own.")),
                ("kvType", schema::one_of("The type of a value that is written as text.", &kinds, None)),
                ("ttl", schema::duration("How long the value is stored.")),
                ("overwrite", schema::flag("Whether an existing value is replaced.", true)),
                ("kvDescription", schema::text("A description of the value, for readers.")),
            ],
            &["key", "value"],
        )
    },
    run,
};

fn run(call: &InlineCall<'_>) -> Result<InlineOutcome, InlineError> {
    let (namespace, key) = (namespace(call)?, key(call)?);
    let (kind, value) = value(call)?;
    let description = call.text("kvDescription")?;
    let expires = match call.duration("ttl")? {
        None => None,
        Some(ttl) => Some(call.now.checked_add(ttl).map_err(|_| {
            InlineError::failed(
                "`ttl` is too long: the date on which the value expires is beyond the calendar",
            )
        })?),
    };
    if !call.flag("overwrite", true)? && stored(call, Some(&namespace), &key)?.is_some() {
        return Err(InlineError::failed(format!(
            "Cannot set value for key '{key}'. Key already exists and `overwrite` is set to `false`."
        )));
    }
    let change = Change::SetKv { namespace, key, kind, value, description, expires };
    Ok(InlineOutcome { changes: vec![change], ..InlineOutcome::default() })
}

fn value(call: &InlineCall<'_>) -> Result<(KvKind, Json), InlineError> {
    let value = match call.properties.get("value") {
        None => return Err(crate::inline::properties::missing("value")),
        Some(Json::String(template)) => call.renderer.render_typed(template, call.scope)?,
        Some(other) => call.renderer.render_json(other, call.scope)?,
    };
    let (Some(name), Json::String(text)) = (call.text("kvType")?, &value) else {
        return Ok((kind_of(&value), value));
    };
    let kind = KvKind::parse(&name).ok_or_else(|| {
        InlineError::failed(format!(
            "`kvType` must be one of STRING, NUMBER, BOOLEAN, DATETIME, DATE, DURATION, JSON, but is '{name}'"
        ))
    })?;
    read(kind, text).map_err(InlineError::failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inline::testing::{Bench, now};
    use jiff::ToSpan;
    use segue_template::{Answer, Lookup};
    use serde_json::json;

    const SET: &str = TYPE.name;

    fn set(bench: &Bench, properties: &Json) -> Change {
        let outcome = bench.run(SET, properties).unwrap();
        assert!(outcome.outputs.is_empty());
        assert_eq!(outcome.changes.len(), 1);
        outcome.changes.into_iter().next().unwrap()
    }

    #[test]
    fn the_type_follows_the_rendered_value() {
        let bench =
            Bench::with(json!({"inputs": {"n": 3, "list": [1, "a"], "text": "t", "json": "{\"a\":1}"}}));
        for (properties, kind, value) in [
            (json!({"value": "{{ inputs.n }}"}), KvKind::Number, json!(3)),
            (json!({"value": "{{ inputs.list }}"}), KvKind::Json, json!([1, "a"])),
            (json!({"value": "x-{{ inputs.text }}"}), KvKind::String, json!("x-t")),
            (json!({"value": "{{ inputs.n }}", "kvType": "STRING"}), KvKind::Number, json!(3)),
            (json!({"value": "12", "kvType": "NUMBER"}), KvKind::Number, json!(12)),
            (json!({"value": "{{ inputs.json }}", "kvType": "JSON"}), KvKind::Json, json!({"a": 1})),
            (json!({"value": true}), KvKind::Boolean, json!(true)),
            (json!({"value": {"k": "{{ inputs.text }}"}}), KvKind::Json, json!({"k": "t"})),
            (json!({"value": "PT1H"}), KvKind::Duration, json!("PT1H")),
        ] {
            let mut properties = properties;
            properties["key"] = json!("k");
            let expected = Change::SetKv {
                namespace: "company.team".to_owned(),
                key: "k".to_owned(),
                kind,
                value,
                description: None,
                expires: None,
            };
            assert_eq!(set(&bench, &properties), expected, "{properties}");
        }
    }

    #[test]
    fn namespace_ttl_and_description_are_rendered() {
        let bench = Bench::with(json!({"inputs": {"ns": "other", "ttl": "PT1H"}}));
        let properties = json!({
            "key": "k", "value": "v", "namespace": "{{ inputs.ns }}", "ttl": "{{ inputs.ttl }}",
            "kvDescription": "for {{ inputs.ns }}",
        });
        let expected = Change::SetKv {
            namespace: "other".to_owned(),
            key: "k".to_owned(),
            kind: KvKind::String,
            value: json!("v"),
            description: Some("for other".to_owned()),
            expires: Some(now() + 1.hour()),
        };
        assert_eq!(set(&bench, &properties), expected);
    }

    #[test]
    fn values_of_segue_itself_are_out_of_reach() {
        let properties = json!({"key": "k", "value": 1, "namespace": ":dashboards"});
        assert!(Bench::new().failure(SET, &properties).contains("':dashboards' is not a namespace"));
    }

    #[test]
    fn an_existing_key_is_kept_when_told_so() {
        let properties = json!({"key": "k", "value": 1, "overwrite": false});
        let asked = Bench::new().asked(SET, &properties);
        assert_eq!(asked, [Lookup::Kv { namespace: Some("company.team".to_owned()), key: "k".to_owned() }]);

        let taken = Bench::new().kv(Some("company.team"), "k", Answer::Found(json!(0)));
        assert_eq!(
            taken.failure(SET, &properties),
            "Cannot set value for key 'k'. Key already exists and `overwrite` is set to `false`."
        );
        let free = Bench::new().kv(Some("company.team"), "k", Answer::Missing);
        assert!(matches!(set(&free, &properties), Change::SetKv { .. }));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (properties, part) in [
            (json!({"value": 1}), "`key` is required"),
            (json!({"key": "k"}), "`value` is required"),
            (json!({"key": "/k", "value": 1}), "The key '/k' is not allowed"),
            (json!({"key": "k", "value": "x", "kvType": "NUMBER"}), "must be a NUMBER"),
            (json!({"key": "k", "value": "x", "kvType": "TEXT"}), "`kvType` must be one of"),
            (json!({"key": "k", "value": "x", "ttl": "soon"}), "`ttl`: 'soon' is not"),
            (json!({"key": "k", "value": "x", "ttl": "P99999999D"}), "`ttl` is too long"),
        ] {
            let message = Bench::new().failure(SET, &properties);
            assert!(message.contains(part), "{message}");
        }
    }
}
