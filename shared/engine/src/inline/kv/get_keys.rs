//! `kv.GetKeys`: returns the keys of a namespace as `keys`.
//!
//! ```yaml
//! - id: keys
//!   type: io.kestra.plugin.core.kv.GetKeys
//!   prefix: last_
//! ```

use super::{answered, namespace};
use crate::inline::{InlineCall, InlineError, InlineOutcome, InlineType, schema};
use segue_model::{Json, Map};
use segue_template::Lookup;

pub(in crate::inline) const TYPE: InlineType = InlineType {
    name: "io.kestra.plugin.core.kv.GetKeys",
    aliases: &[],
    schema: || {
        schema::object(
            [
                ("prefix", schema::text("The beginning of the keys. Default: all keys.")),
                ("namespace", schema::text("The namespace. Default: the flow's own.")),
            ],
            &[],
        )
    },
    run,
};

fn run(call: &InlineCall<'_>) -> Result<InlineOutcome, InlineError> {
    let prefix = call.text("prefix")?.unwrap_or_default();
    let lookup = Lookup::KvKeys { namespace: namespace(call)? };
    let mut keys = match answered(call.scope.lookups.lookup(&lookup))? {
        Some(Json::Array(keys)) => keys,
        _ => Vec::new(),
    };
    keys.retain(|key| key.as_str().is_some_and(|key| key.starts_with(&prefix)));
    let outputs = Map::from_iter([("keys".to_owned(), Json::Array(keys))]);
    Ok(InlineOutcome { outputs, ..InlineOutcome::default() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inline::testing::Bench;
    use segue_template::Answer;
    use serde_json::json;

    const GET_KEYS: &str = TYPE.name;

    #[test]
    fn keys_are_filtered_by_prefix() {
        let bench = Bench::with(json!({"inputs": {"p": "a"}}));
        let own = Lookup::KvKeys { namespace: "company.team".to_owned() };
        assert_eq!(bench.asked(GET_KEYS, &json!({})), std::slice::from_ref(&own));
        bench.table.insert(own, Answer::Found(json!(["ab", "b", "a"])));
        bench.table.insert(Lookup::KvKeys { namespace: "other".to_owned() }, Answer::Missing);
        for (properties, keys) in [
            (json!({}), json!(["ab", "b", "a"])),
            (json!({"prefix": "{{ inputs.p }}"}), json!(["ab", "a"])),
            (json!({"prefix": "z"}), json!([])),
            (json!({"namespace": "other"}), json!([])),
        ] {
            assert_eq!(bench.outputs(GET_KEYS, &properties), json!({"keys": keys}), "{properties}");
        }
    }
}
