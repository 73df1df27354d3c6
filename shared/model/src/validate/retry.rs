//! The durations of a retry (docs/kestra.md 1.3). Each upper bound must be longer than the duration that it limits.

use crate::diagnostic::{Diagnostic, codes};
use crate::flow::Flow;
use crate::positions::Positions;
use crate::retry::{Retry, RetryDelay};
use crate::walk::walk_tasks;
use jiff::SignedDuration;

pub(super) fn bounds(flow: &Flow, positions: &Positions) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    if let Some(retry) = &flow.retry {
        found.extend(contradictions(retry, "/retry", "the flow", positions));
    }
    walk_tasks(flow, &mut |path, task| {
        if let Some(retry) = &task.retry {
            found.extend(contradictions(
                retry,
                &format!("{path}/retry"),
                &format!("task '{}'", task.id),
                positions,
            ));
        }
    });
    found
}

fn contradictions(retry: &Retry, path: &str, what: &str, positions: &Positions) -> Vec<Diagnostic> {
    let most = ("maxDuration", retry.max_duration);
    let pairs = match &retry.delay {
        RetryDelay::Constant { interval } => vec![(("interval", Some(*interval)), most)],
        RetryDelay::Exponential { interval, max_interval, .. } => vec![
            (("interval", Some(*interval)), ("maxInterval", Some(*max_interval))),
            (("interval", Some(*interval)), most),
        ],
        RetryDelay::Random { min_interval, max_interval } => vec![
            (("minInterval", Some(*min_interval)), ("maxInterval", Some(*max_interval))),
            (("maxInterval", Some(*max_interval)), most),
        ],
    };
    pairs
        .into_iter()
        .filter_map(|((low, shorter), (high, longer))| {
            let (shorter, longer) = (shorter?, longer?);
            // A duration of zero was missing or invalid. The parser has already reported this.
            if shorter < longer || longer == SignedDuration::ZERO {
                return None;
            }
            let message =
                format!("the retry of {what}: '{low}' ({shorter}) must be less than '{high}' ({longer})");
            Some(
                Diagnostic::error(codes::RETRY_BOUNDS, positions.of(&format!("{path}/{high}")), message)
                    .with_hint(format!("make '{high}' longer, or delete it if it is optional")),
            )
        })
        .collect()
}
