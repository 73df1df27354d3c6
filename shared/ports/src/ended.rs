//! Counts of executions that have ended, for charts: by period, by state and by length.
//!
//! A store keeps the counts while executions end, so that a chart of a year reads no execution. Periods begin and end at
//! quarters of an hour, because the days of every time zone do.

use jiff::{SignedDuration, Timestamp};
use segue_model::execution::Execution;
use segue_model::state::State;
use std::collections::BTreeMap;

/// Seconds of the shortest period.
pub const QUARTER: i64 = 15 * 60;

/// Selects executions that have ended. An absent field selects all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndedFilter {
    /// This namespace and the namespaces below it.
    pub namespace: Option<String>,
    /// Excludes the namespaces below `namespace`.
    pub exact_namespace: bool,
    /// This flow.
    pub flow_id: Option<String>,
}

/// The executions that began in a period and have ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// How many, by state.
    pub states: BTreeMap<State, u64>,
    /// How many, by the class of their length. Empty if the store does not keep lengths.
    pub lengths: BTreeMap<u16, u64>,
}

/// The number of the quarter of an hour of a moment, counted from 1970.
pub fn quarter(moment: Timestamp) -> i64 {
    moment.as_second().div_euclid(QUARTER)
}

/// The class of the length of an execution that has ended. None if it has not.
pub fn class(execution: &Execution) -> Option<u16> {
    let end = execution.state.end_date().filter(|_| execution.state.current().is_terminal())?;
    Some(class_of(end.duration_since(execution.state.start_date())))
}

/// The class of a length. Each class ends 9 % above the one before it, so a middle is at most 4.5 % wrong.
pub fn class_of(length: SignedDuration) -> u16 {
    let ms = length.as_millis().max(0) as f64;
    // At most 8 * 63, for the longest duration there is.
    (8.0 * (ms + 1.0).log2()).floor() as u16
}

/// The length in the middle of a class.
fn middle(class: u16) -> SignedDuration {
    SignedDuration::from_secs_f64((2_f64.powf((f64::from(class) + 0.5) / 8.0) - 1.0).max(0.0) / 1e3)
}

/// The length that a part of the executions does not exceed: 0.5 for the median. None without lengths.
pub fn quantile(lengths: &BTreeMap<u16, u64>, part: f64) -> Option<SignedDuration> {
    let all: u64 = lengths.values().sum();
    let wanted = (all as f64 * part).ceil().max(1.0) as u64;
    let mut seen = 0_u64;
    lengths
        .iter()
        .find(|(_, count)| {
            seen = seen.saturating_add(**count);
            seen >= wanted
        })
        .map(|(class, _)| middle(*class))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_middle_is_near_the_length() {
        for ms in [3, 40, 250, 1_000, 61_000, 3_600_000, 90_000_000] {
            let near = middle(class_of(SignedDuration::from_millis(ms))).as_millis() as f64;
            assert!((near / ms as f64 - 1.0).abs() < 0.15, "{ms}: {near}");
        }
        assert_eq!(class_of(SignedDuration::from_millis(-5)), 0, "a clock that went back");
        assert_eq!(middle(0).as_millis(), 0);
    }

    #[test]
    fn a_quantile_counts_executions_and_not_classes() {
        let lengths = BTreeMap::from([(10, 98), (40, 1), (80, 1)]);
        assert_eq!(quantile(&lengths, 0.5), Some(middle(10)));
        assert_eq!(quantile(&lengths, 0.99), Some(middle(40)));
        assert_eq!(quantile(&lengths, 1.0), Some(middle(80)));
        assert_eq!(quantile(&BTreeMap::new(), 0.5), None);
    }

    #[test]
    fn quarters_count_also_before_1970() {
        let at = |second| quarter(Timestamp::from_second(second).unwrap());
        assert_eq!([at(0), at(899), at(900), at(-1)], [0, 0, 1, -1]);
    }
}
