//! Pause and Sleep. They are durable timers, so no process has to wait (docs/kestra.md 2.5, 4.2).

use super::opened::{OpenError, Opened};
use crate::env::Env;
use crate::memo;
use crate::plan::NodeId;
use crate::state::ExecutionState;
use jiff::Timestamp;
use segue_model::duration::parse_duration;
use segue_model::state::State;
use segue_model::task::{Pause, PauseBehavior};
use segue_model::{Json, Map};
use segue_template::Scope;

/// The current time plus a rendered duration.
fn due(template: &str, scope: &Scope, env: &Env) -> Result<Timestamp, OpenError> {
    let text = env.renderer.render(template, scope)?;
    let duration = parse_duration(text.trim()).map_err(OpenError::Failed)?;
    env.now
        .checked_add(duration)
        .map_err(|_| OpenError::Failed(format!("the duration {text} is too long for a date")))
}

pub(super) fn open_sleep(duration: &str, scope: &Scope, env: &Env) -> Result<Opened, OpenError> {
    let due = due(duration, scope, env)?;
    let mut memo = Json::Null;
    memo::DUE.set(&mut memo, &due);
    Ok(Opened { memo, timer: Some(due), ..Opened::running() })
}

pub(super) fn open_pause(
    state: &ExecutionState,
    node: NodeId,
    pause: &Pause,
    scope: &Scope,
    env: &Env,
) -> Result<Opened, OpenError> {
    let timeout = state.plan.node(node).and_then(|node| node.task.timeout.clone());
    // If both are set, the delay counts.
    let (timer, on_due) = match (&pause.duration, timeout) {
        (Some(duration), _) => (Some(due(duration, scope, env)?), pause.behavior),
        (None, Some(timeout)) => (Some(due(&timeout, scope, env)?), PauseBehavior::Fail),
        (None, None) => (None, PauseBehavior::Resume),
    };
    let mut memo = Json::Null;
    match &timer {
        Some(due) => memo::DUE.set(&mut memo, due),
        None => memo::DUE.clear(&mut memo),
    }
    memo::BEHAVIOR.set(&mut memo, &on_due);
    Ok(Opened { memo, timer, state: State::Paused, outputs: Map::new(), ..Opened::running() })
}

/// What happens at the end of a pause.
pub(crate) fn pause_due(memo: &Json) -> PauseBehavior {
    memo::BEHAVIOR.get(memo).unwrap_or_default()
}
