//! If and Switch: one branch is chosen at the start, and stays chosen (docs/kestra.md 4.2).

use super::{OpenError, Opened};
use crate::memo;
use crate::plan::Branch;
use crate::state::Env;
use segue_model::task::Task;
use segue_model::{Json, Map};
use segue_template::{Scope, is_truthy};

/// The branches as the memo has them.
const THEN: &str = "then";
const ELSE: &str = "else";
const DEFAULTS: &str = "defaults";

pub(super) fn open_if(condition: &str, scope: &Scope, env: &Env) -> Result<Opened, OpenError> {
    let holds = is_truthy(&env.renderer.render(condition, scope)?);
    let mut outputs = Map::new();
    outputs.insert("evaluationResult".into(), Json::Bool(holds));
    let mut memo = Json::Null;
    memo::BRANCH.set(&mut memo, &if holds { THEN } else { ELSE }.to_owned());
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
    let mut memo = Json::Null;
    match case {
        Some(number) => memo::CASE.set(&mut memo, &number),
        None => memo::BRANCH.set(&mut memo, &DEFAULTS.to_owned()),
    }
    Ok(Opened { outputs, memo, ..Opened::running() })
}

/// The chosen branch.
pub(super) fn chosen(memo: &Json) -> Option<Branch> {
    if let Some(number) = memo::CASE.get(memo) {
        return Some(Branch::Case(number));
    }
    match memo::BRANCH.get(memo)?.as_str() {
        THEN => Some(Branch::Then),
        ELSE => Some(Branch::Else),
        DEFAULTS => Some(Branch::Defaults),
        _ => None,
    }
}
