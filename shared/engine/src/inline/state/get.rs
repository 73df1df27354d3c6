//! `state.Get`: returns a state as `data` and the number of its entries as `count`.

use super::{key, not_found, object, state};
use crate::inline::{InlineCall, InlineError, InlineOutcome, InlineType, schema};
use segue_model::{Json, Map};

pub(in crate::inline) const TYPE: InlineType = InlineType {
    name: "io.kestra.plugin.core.state.Get",
    aliases: &["io.kestra.core.tasks.states.Get"],
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
    let data = match state(call, &key)? {
        None if strict => return Err(not_found(&key)),
        data => data.unwrap_or_default(),
    };
    let outputs =
        Map::from_iter([("count".to_owned(), data.len().into()), ("data".to_owned(), Json::Object(data))]);
    Ok(InlineOutcome { outputs, ..InlineOutcome::default() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inline::testing::Bench;
    use segue_template::Answer;
    use serde_json::json;

    #[test]
    fn a_state_is_read() {
        let key = "my-flow_states_default";
        let there = Bench::new().kv(Some("company.team"), key, Answer::Found(json!({"a": 1, "b": 2})));
        assert_eq!(there.outputs(TYPE.name, &json!({})), json!({"count": 2, "data": {"a": 1, "b": 2}}));
        let missing = Bench::new().kv(Some("company.team"), key, Answer::Missing);
        assert_eq!(missing.outputs(TYPE.name, &json!({})), json!({"count": 0, "data": {}}));
        let message = missing.failure(TYPE.name, &json!({"errorOnMissing": true}));
        assert!(message.contains("State my-flow_states_default not found"), "{message}");
        assert_eq!(Bench::new().asked(TYPE.name, &json!({})).len(), 1);
    }
}
