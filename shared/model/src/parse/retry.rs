//! Reads a retry policy (docs/kestra.md 1.3). The module `validate::retry` compares its durations.

use super::context::Context;
use super::fields::Fields;
use crate::retry::{Retry, RetryBehavior, RetryDelay};

#[derive(Clone, Copy)]
enum Kind {
    Constant,
    Exponential,
    Random,
}

const KINDS: [(&str, Kind); 3] =
    [("constant", Kind::Constant), ("exponential", Kind::Exponential), ("random", Kind::Random)];

const BEHAVIORS: [(&str, RetryBehavior); 2] = [
    ("RETRY_FAILED_TASK", RetryBehavior::RetryFailedTask),
    ("CREATE_NEW_EXECUTION", RetryBehavior::CreateNewExecution),
];

/// Reads the property `retry`.
pub(super) fn retry(ctx: &mut Context<'_>, fields: &mut Fields<'_>) -> Option<Retry> {
    let node = fields.take(&["retry"])?;
    let mut fields = Fields::from_node(ctx, node, format!("the retry of {}", fields.what()))?;
    let what = format!("'type' of {}", fields.what());
    let kind = fields.require(ctx, &["type"]).and_then(|node| ctx.choice(node, &what, &KINDS));
    let delay = match kind {
        Some(Kind::Constant) => {
            Some(RetryDelay::Constant { interval: fields.required_duration(ctx, "interval") })
        }
        Some(Kind::Exponential) => {
            let interval = fields.required_duration(ctx, "interval");
            let max_interval = fields.required_duration(ctx, "maxInterval");
            let label = format!("'delayFactor' of {}", fields.what());
            let factor = fields.take(&["delayFactor"]).and_then(|node| ctx.float(node, &label));
            Some(RetryDelay::Exponential { interval, max_interval, delay_factor: factor.unwrap_or(2.0) })
        }
        Some(Kind::Random) => {
            let min_interval = fields.required_duration(ctx, "minInterval");
            Some(RetryDelay::Random {
                min_interval,
                max_interval: fields.required_duration(ctx, "maxInterval"),
            })
        }
        None => {
            fields.ignore(&["interval", "maxInterval", "minInterval", "delayFactor"]);
            None
        }
    };
    let label = format!("'maxAttempts' of {}", fields.what());
    let max_attempts =
        fields.take(&["maxAttempts", "maxAttempt"]).and_then(|node| ctx.count(node, &label, 1));
    let retry = Retry {
        delay: delay.unwrap_or(RetryDelay::Constant { interval: jiff::SignedDuration::ZERO }),
        max_attempts,
        max_duration: fields.duration(ctx, "maxDuration"),
        warning_on_retry: fields.flag(ctx, "warningOnRetry", false),
        behavior: fields.choice(ctx, "behavior", &BEHAVIORS).unwrap_or_default(),
    };
    fields.finish(ctx);
    Some(retry)
}
