//! If and Switch. The branch is chosen once at the start (docs/kestra.md 4.2).

use super::opened::{OpenError, Opened};
use crate::env::Env;
use crate::order::remember;
use crate::plan::Branch;
use segue_model::task::Task;
use segue_model::{Json, Map};
use segue_template::{Scope, is_truthy};

pub(super) fn open_if(condition: &str, scope: &Scope, env: &Env) -> Result<Opened, OpenError> {
    let holds = is_truthy(&env.renderer.render(condition, scope)?);
    let mut outputs = Map::new();
    outputs.insert("evaluationResult".into(), Json::Bool(holds));
    let memo = remember(if holds { Branch::Then } else { Branch::Else });
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
    let memo = remember(case.map_or(Branch::Defaults, Branch::Case));
    Ok(Opened { outputs, memo, ..Opened::running() })
}
