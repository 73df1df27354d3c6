//! `kv.Delete`: removes a value of the KV store. The output `deleted` says whether there was one.
//!
//! ```yaml
//! - id: forget
//!   type: io.kestra.plugin.core.kv.Delete
//!   key: last_run
//! ```

use super::{key, namespace, not_found, stored};
use crate::inline::{Change, InlineCall, InlineError, InlineOutcome, InlineType, schema};
use segue_model::{Json, Map};

pub(in crate::inline) const TYPE: InlineType = InlineType {
    name: "io.kestra.plugin.core.kv.Delete",
    aliases: &[],
    schema: || {
        schema::object(
            [
                ("key", schema::text("The key.")),
                ("namespace", schema::text("The namespace. Default: the flow's own.")),
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
    let deleted = stored(call, Some(&namespace), &key)?.is_some();
    if !deleted && strict {
        return Err(not_found(&key, &namespace));
    }
    let outputs = Map::from_iter([("deleted".to_owned(), Json::Bool(deleted))]);
    let changes = if deleted { vec![Change::DeleteKv { namespace, key }] } else { Vec::new() };
    Ok(InlineOutcome { outputs, changes, ..InlineOutcome::default() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inline::testing::Bench;
    use segue_template::Answer;
    use serde_json::json;

    const DELETE: &str = TYPE.name;

    #[test]
    fn only_what_is_there_is_removed() {
        let there = Bench::new().kv(Some("company.team"), "k", Answer::Found(json!(null)));
        let outcome = there.run(DELETE, &json!({"key": "k"})).unwrap();
        assert_eq!(Json::Object(outcome.outputs), json!({"deleted": true}));
        let change = Change::DeleteKv { namespace: "company.team".to_owned(), key: "k".to_owned() };
        assert_eq!(outcome.changes, [change]);

        let missing = Bench::new().kv(Some("company.team"), "k", Answer::Missing);
        let outcome = missing.run(DELETE, &json!({"key": "k"})).unwrap();
        assert_eq!(Json::Object(outcome.outputs), json!({"deleted": false}));
        assert_eq!(outcome.changes, []);
        assert_eq!(
            missing.failure(DELETE, &json!({"key": "k", "errorOnMissing": "true"})),
            "No value found for key 'k' in namespace 'company.team' and `errorOnMissing` is set to true"
        );
        assert_eq!(Bench::new().asked(DELETE, &json!({"key": "k"})).len(), 1);
    }
}
