//! `kv.Get`: returns a value of the KV store as `value`, null if there is none.
//!
//! ```yaml
//! - id: last
//!   type: io.kestra.plugin.core.kv.Get
//!   key: last_run
//!   errorOnMissing: true
//! ```

use super::{key, namespace, not_found, stored};
use crate::inline::{InlineCall, InlineError, InlineOutcome, InlineType, schema};
use segue_model::{Json, Map};

pub(in crate::inline) const TYPE: InlineType = InlineType {
    name: "io.kestra.plugin.core.kv.Get",
    aliases: &[],
    schema: || {
        schema::object(
            [
                ("key", schema::text("The key.")),
                ("namespace", schema::text("The namespace. Default: the flow's own, and then its parents.")),
                ("errorOnMissing", schema::flag("Whether the task fails when there is no value.", false)),
            ],
            &["key"],
        )
    },
    run,
};

fn run(call: &InlineCall<'_>) -> Result<InlineOutcome, InlineError> {
    let (namespace, key) = (namespace(call)?, key(call)?);
    let strict = call.flag("errorOnMissing", false)?;
    let only_there = (namespace != call.execution.namespace).then_some(namespace.as_str());
    let value = stored(call, only_there, &key)?;
    if value.is_none() && strict {
        return Err(not_found(&key, &namespace));
    }
    let outputs = Map::from_iter([("value".to_owned(), value.unwrap_or(Json::Null))]);
    Ok(InlineOutcome { outputs, ..InlineOutcome::default() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inline::testing::Bench;
    use segue_template::{Answer, Lookup};
    use serde_json::json;

    const GET: &str = TYPE.name;

    #[test]
    fn a_value_keeps_its_type() {
        for value in [json!("v"), json!(1), json!({"a": [true]})] {
            let bench = Bench::new().kv(None, "k", Answer::Found(value.clone()));
            assert_eq!(bench.outputs(GET, &json!({"key": "k"})), json!({"value": value}));
        }
        let elsewhere = Bench::new().kv(Some("other"), "k", Answer::Found(json!(2)));
        assert_eq!(elsewhere.outputs(GET, &json!({"key": "k", "namespace": "other"})), json!({"value": 2}));
    }

    #[test]
    fn parents_are_searched_only_from_the_own_namespace() {
        let own = json!({"key": "k", "namespace": "company.team"});
        assert_eq!(Bench::new().asked(GET, &own), [Lookup::Kv { namespace: None, key: "k".to_owned() }]);
        let parent = json!({"key": "k", "namespace": "company"});
        let asked = Lookup::Kv { namespace: Some("company".to_owned()), key: "k".to_owned() };
        assert_eq!(Bench::new().asked(GET, &parent), [asked]);
    }

    #[test]
    fn a_missing_value_is_null_or_a_failure() {
        let bench = Bench::new().kv(None, "k", Answer::Missing);
        assert_eq!(bench.outputs(GET, &json!({"key": "k"})), json!({"value": null}));
        assert_eq!(
            bench.failure(GET, &json!({"key": "k", "errorOnMissing": true})),
            "No value found for key 'k' in namespace 'company.team' and `errorOnMissing` is set to true"
        );
        let refused = Bench::new().kv(None, "k", Answer::Failed("no such namespace".to_owned()));
        assert_eq!(refused.failure(GET, &json!({"key": "k"})), "no such namespace");
    }
}
