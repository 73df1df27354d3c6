//! `state.Delete`: removes a state. The output `deleted` says whether there was one.

use super::{key, not_found, object, state};
use crate::inline::{Change, InlineCall, InlineError, InlineOutcome, InlineType, schema};
use segue_model::{Json, Map};

pub(in crate::inline) const TYPE: InlineType = InlineType {
    name: "io.kestra.plugin.core.state.Delete",
    aliases: &["io.kestra.core.tasks.states.Delete"],
    schema: || {
        object(
            [("errorOnMissing", schema::flag("Whether the task fails when there is no state.", false))],
            &[],
        )
    },
    run,
};

fn run(call: &InlineCall<'_>) -> Result<InlineOutcome, InlineError> {
    let (key, strict) = (key(call)?, call.flag("errorOnMissing", false)?);
    let deleted = state(call, &key)?.is_some();
    if !deleted && strict {
        return Err(not_found(&key));
    }
    let namespace = call.execution.namespace.clone();
    let changes = if deleted { vec![Change::DeleteKv { namespace, key }] } else { Vec::new() };
    let outputs = Map::from_iter([("deleted".to_owned(), Json::Bool(deleted))]);
    Ok(InlineOutcome { outputs, changes, ..InlineOutcome::default() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inline::testing::Bench;
    use segue_template::Answer;
    use serde_json::json;

    #[test]
    fn only_what_is_there_is_removed() {
        let key = "states_n";
        let properties = json!({"name": "n", "namespace": true});
        let there = Bench::new().kv(Some("company.team"), key, Answer::Found(json!({})));
        let outcome = there.run(TYPE.name, &properties).unwrap();
        assert_eq!(Json::Object(outcome.outputs), json!({"deleted": true}));
        let change = Change::DeleteKv { namespace: "company.team".to_owned(), key: key.to_owned() };
        assert_eq!(outcome.changes, [change]);
        let missing = Bench::new().kv(Some("company.team"), key, Answer::Missing);
        assert_eq!(missing.outputs(TYPE.name, &properties), json!({"deleted": false}));
        let strict = json!({"name": "n", "namespace": true, "errorOnMissing": true});
        assert!(missing.failure(TYPE.name, &strict).contains("not found"));
    }
}
