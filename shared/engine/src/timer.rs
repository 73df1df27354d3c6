//! The timers of an execution, and their names in the state store. These names occur in no other file.
//!
//! How to add one more: a variant, its name in `Display` and in [`TimerKey::parse`], and an arm in `timer_fired`.

use crate::effect::Effect;
use crate::state::ExecutionState;
use jiff::Timestamp;
use segue_model::id::TaskRunId;
use std::fmt;

/// A timer of an execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TimerKey {
    /// The execution starts at a date.
    Start,
    /// A new execution starts as a retry of the whole flow.
    Replay,
    /// The duration of an SLA is over. The text is the id of the SLA.
    Sla(String),
    /// The next attempt of a task run begins. The number counts the attempts so far.
    Retry(TaskRunId, usize),
    /// The next round of a loop begins.
    Round(TaskRunId),
    /// A Pause or a Sleep is over.
    Due(TaskRunId),
    /// The timeout of a flowable is over.
    Timeout(TaskRunId),
}

/// The key of the timer that begins the next attempt of a task run, after so many attempts.
pub fn retry_timer(task_run: &TaskRunId, attempts: usize) -> String {
    TimerKey::Retry(task_run.clone(), attempts).to_string()
}

impl fmt::Display for TimerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start => f.write_str("start"),
            Self::Replay => f.write_str("replay"),
            Self::Sla(id) => write!(f, "sla:{id}"),
            Self::Retry(id, attempts) => write!(f, "retry:{id}:{attempts}"),
            Self::Round(id) => write!(f, "round:{id}"),
            Self::Due(id) => write!(f, "due:{id}"),
            Self::Timeout(id) => write!(f, "timeout:{id}"),
        }
    }
}

impl TimerKey {
    /// The timer with this name; `None` if no timer has the name.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once(':').unwrap_or((text, ""));
        Some(match kind {
            "start" => Self::Start,
            "replay" => Self::Replay,
            "sla" => Self::Sla(rest.to_owned()),
            "retry" => {
                let (id, attempts) = rest.rsplit_once(':')?;
                Self::Retry(id.into(), attempts.parse().ok()?)
            }
            "round" => Self::Round(rest.into()),
            "due" => Self::Due(rest.into()),
            "timeout" => Self::Timeout(rest.into()),
            _ => return None,
        })
    }
}

impl ExecutionState {
    /// Sets a timer. If the timer is already set, its date is replaced.
    pub(crate) fn set_timer(&mut self, key: &TimerKey, due: Timestamp) {
        self.effect(Effect::SetTimer { key: key.to_string(), due });
    }

    /// Removes a timer, if it is set.
    pub(crate) fn clear_timer(&mut self, key: &TimerKey) {
        self.effect(Effect::ClearTimer { key: key.to_string() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_the_timer_that_wrote_it() {
        let run = || TaskRunId::from("r1");
        for (timer, text) in [
            (TimerKey::Start, "start"),
            (TimerKey::Replay, "replay"),
            (TimerKey::Sla("soon".into()), "sla:soon"),
            (TimerKey::Retry(run(), 2), "retry:r1:2"),
            (TimerKey::Round(run()), "round:r1"),
            (TimerKey::Due(run()), "due:r1"),
            (TimerKey::Timeout(run()), "timeout:r1"),
        ] {
            assert_eq!(timer.to_string(), text);
            assert_eq!(TimerKey::parse(text), Some(timer));
        }
        assert_eq!(TimerKey::parse("other:r1"), None);
        assert_eq!(TimerKey::parse("retry:r1:x"), None);
    }
}
