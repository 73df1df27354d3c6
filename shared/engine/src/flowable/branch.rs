//! If and Switch: one branch is chosen at the start, and stays chosen (docs/kestra.md 4.2).

use super::{OpenError, Opened};
use crate::plan::Branch;
use crate::state::Env;
use segue_model::task::Task;
use segue_model::{Json, Map};
use segue_template::{Scope, is_truthy};
use serde_json::json;

pub(super) fn open_if(condition: &str, scope: &Scope, env: &Env) -> Result<Opened, OpenError> {
    let holds = is_truthy(&env.renderer.render(condition, scope)?);
    let mut outputs = Map::new();
    outputs.insert("evaluationResult".into(), Json::Bool(holds));
    let memo = json!({"branch": if holds { "then" } else { "else" }});
    Ok(Opened { outputs, memo, ..Opened::running() })
}

pub(super) fn open_switch(
    value: &str,
    cases: &[(String, Vec<Task>)],
    scope: &Scope,
    env: &Env,
) -> Result<Opened, OpenError> {
    let value = env.renderer.render(value, scope)?;
    let case = cases.iter().position(|(name, _)| *name == value);
    let mut outputs = Map::new();
    outputs.insert("value".into(), Json::String(value));
    outputs.insert("defaults".into(), Json::Bool(case.is_none()));
    let memo = match case {
        Some(place) => json!({"case": place}),
        None => json!({"branch": "defaults"}),
    };
    Ok(Opened { outputs, memo, ..Opened::running() })
}

/// The chosen branch.
pub(super) fn chosen(memo: &Json) -> Option<Branch> {
    if let Some(place) = memo.get("case").and_then(Json::as_u64) {
        return usize::try_from(place).ok().map(Branch::Case);
    }
    match memo.get("branch").and_then(Json::as_str) {
        Some("then") => Some(Branch::Then),
        Some("else") => Some(Branch::Else),
        Some("defaults") => Some(Branch::Defaults),
        _ => None,
    }
}
