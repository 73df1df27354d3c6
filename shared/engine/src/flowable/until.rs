//! LoopUntil: repeats its children until a condition is true (docs/kestra.md 4.2).

use super::opened::{OpenError, Opened};
use crate::env::Env;
use crate::memo;
use jiff::{SignedDuration, Timestamp};
use segue_model::duration::parse_duration;
use segue_model::task::LoopUntil;
use segue_model::{Json, Map};
use segue_template::{Scope, is_truthy};
use serde_json::json;

pub(super) fn open(env: &Env) -> Opened {
    let mut outputs = Map::new();
    outputs.insert("iterationCount".into(), json!(1));
    let mut memo = Json::Null;
    memo::ROUND.set(&mut memo, &1);
    memo::SINCE.set(&mut memo, &env.now);
    Opened { outputs, memo, ..Opened::running() }
}

/// What follows after a successful round.
pub(crate) enum Round {
    /// The condition is true.
    Done,
    /// A limit is reached. The text names the limit.
    Bound(String),
    /// Another round begins at this time.
    Next(Timestamp),
}

/// Decides what follows after a round.
pub(crate) fn next_round(
    until: &LoopUntil,
    memo: &Json,
    scope: &Scope,
    env: &Env,
) -> Result<Round, OpenError> {
    if is_truthy(&env.renderer.render(&until.condition, scope)?) {
        return Ok(Round::Done);
    }
    let round = memo::ROUND.get(memo).unwrap_or(1);
    if let Some(max) = &until.max_iterations {
        let text = match max {
            Json::String(text) => env.renderer.render(text, scope)?,
            other => other.to_string(),
        };
        let max: u64 = text
            .trim()
            .parse()
            .map_err(|_| OpenError::Failed(format!("maxIterations must be a whole number, not `{text}`")))?;
        if round >= max {
            return Ok(Round::Bound(format!("the loop has reached its maximum of {max} iterations")));
        }
    }
    let duration = |text: &Option<String>| -> Result<Option<SignedDuration>, OpenError> {
        let Some(text) = text else { return Ok(None) };
        let text = env.renderer.render(text, scope)?;
        parse_duration(text.trim()).map(Some).map_err(OpenError::Failed)
    };
    let interval = duration(&until.interval)?.unwrap_or(SignedDuration::from_mins(1));
    let next = env.now.checked_add(interval).unwrap_or(Timestamp::MAX);
    if let Some(max) = duration(&until.max_duration)? {
        let since = memo::SINCE.get(memo).unwrap_or(env.now);
        if env.now.duration_since(since) >= max {
            return Ok(Round::Bound(format!("the loop has reached its maximum duration of {max:#}")));
        }
    }
    Ok(Round::Next(next))
}
