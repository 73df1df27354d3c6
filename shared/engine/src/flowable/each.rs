//! ForEach, EachSequential, EachParallel and Loop: the values are found at the start, for good
//! (kestra-compat.md 3.3, 4.2).

use super::{OpenError, Opened};
use crate::frame::Order;
use crate::plan::NodeId;
use crate::state::Env;
use segue_model::Json;
use segue_model::task::ForEach;
use segue_template::Scope;
use serde_json::json;
use std::collections::HashSet;

pub(super) fn open(each: &ForEach, scope: &Scope, env: &Env) -> Result<Opened, OpenError> {
    let values = match &each.values {
        Json::String(text) => {
            let rendered = env.renderer.render(text, scope)?;
            serde_json::from_str::<Vec<Json>>(&rendered).map_err(|_| {
                OpenError::Failed(format!(
                    "the values of the loop must be a list, but `{text}` gave `{}`; write a YAML list or an \
                     expression that gives a JSON array",
                    shorten(&rendered)
                ))
            })?
        }
        list => match env.renderer.render_json(list, scope)? {
            Json::Array(values) => values,
            Json::Object(map) => {
                map.into_iter().map(|(key, value)| json!({"key": key, "value": value})).collect()
            }
            other => {
                return Err(OpenError::Failed(format!(
                    "the values of the loop must be a list, not `{other}`"
                )));
            }
        },
    };
    let mut seen = HashSet::new();
    let mut texts = Vec::with_capacity(values.len());
    for value in values {
        let text = match value {
            Json::Null => {
                return Err(OpenError::Failed(
                    "a value of the loop is null; leave it out, or write '' for an empty text".into(),
                ));
            }
            Json::String(text) => text,
            other => other.to_string(),
        };
        if seen.insert(text.clone()) {
            texts.push(text);
        }
    }
    Ok(Opened { memo: json!({"values": texts}), ..Opened::running() })
}

pub(super) fn order(each: &ForEach, list: Vec<NodeId>, memo: &Json) -> Order {
    let values = memo
        .get("values")
        .and_then(Json::as_array)
        .map(|values| values.iter().filter_map(Json::as_str).map(str::to_owned).collect())
        .unwrap_or_default();
    let limit = each.concurrency_limit as usize;
    if each.parallel_group {
        Order::EachParallel { values, list, limit }
    } else {
        Order::Each { values, list, limit }
    }
}

fn shorten(text: &str) -> String {
    let mut short: String = text.chars().take(80).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
