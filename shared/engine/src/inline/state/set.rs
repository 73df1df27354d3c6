//! `state.Set`: merges a map into a state. Returns the number of its entries and its key.

use super::{key, object, state};
use crate::inline::properties::{merged, missing};
use crate::inline::{Change, InlineCall, InlineError, InlineOutcome, InlineType, KvKind, schema};
use segue_model::{Json, Map};

pub(in crate::inline) const TYPE: InlineType = InlineType {
    name: "io.kestra.plugin.core.state.Set",
    aliases: &["io.kestra.core.tasks.states.Set"],
    schema: || object([("data", schema::map("The map to merge into the state."))], &["data"]),
    run,
};

fn run(call: &InlineCall<'_>) -> Result<InlineOutcome, InlineError> {
    if call.written("data").is_none() {
        return Err(missing("data"));
    }
    let (key, data) = (key(call)?, call.map("data")?);
    let old = state(call, &key)?.unwrap_or_default();
    let value = merged(Some(&Json::Object(old)), Json::Object(data));
    let outputs = Map::from_iter([
        ("count".to_owned(), value.as_object().map_or(0, Map::len).into()),
        ("uri".to_owned(), key.clone().into()),
    ]);
    let change = Change::SetKv {
        namespace: call.execution.namespace.clone(),
        key,
        kind: KvKind::Json,
        value,
        description: None,
        expires: None,
    };
    Ok(InlineOutcome { outputs, changes: vec![change], ..InlineOutcome::default() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inline::testing::Bench;
    use segue_template::Answer;
    use serde_json::json;

    #[test]
    fn data_is_merged_into_what_is_there() {
        let key = "my-flow_states_default";
        let properties = json!({"data": {"a": {"y": 2}, "b": "x"}});
        for (answer, value) in [
            (Answer::Missing, json!({"a": {"y": 2}, "b": "x"})),
            (Answer::Found(json!({"a": {"x": 1}, "c": 3})), json!({"a": {"x": 1, "y": 2}, "c": 3, "b": "x"})),
        ] {
            let count = value.as_object().unwrap().len();
            let bench = Bench::new().kv(Some("company.team"), key, answer);
            let outcome = bench.run(TYPE.name, &properties).unwrap();
            assert_eq!(Json::Object(outcome.outputs), json!({"count": count, "uri": key}));
            let [Change::SetKv { key: set, value: merged, .. }] = outcome.changes.as_slice() else {
                panic!()
            };
            assert_eq!((set.as_str(), merged), (key, &value));
        }
        let taken = Bench::new().kv(Some("company.team"), key, Answer::Found(json!(1)));
        assert!(taken.failure(TYPE.name, &properties).contains("is not a state"));
        assert!(Bench::new().failure(TYPE.name, &json!({})).contains("`data` is required"));
    }
}
