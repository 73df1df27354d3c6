//! Counts the lines of a search by time and level. Knows nothing of a store or of a request.

use jiff::{SignedDuration, Timestamp};
use segue_api_types as types;
use segue_ports::log_line::Moment;

/// The largest number of periods.
const MOST: i64 = 60;
/// The lengths of a period, in seconds. Each begins at a round time.
const STEPS: [i64; 16] = [
    1, 5, 15, 30, 60, 300, 900, 1_800, 3_600, 10_800, 21_600, 43_200, 86_400, 604_800, 2_592_000, 31_536_000,
];

/// The lines by period and level, from `from` to `to`, or else from the first line to the last. `complete` is whether all
/// matching lines are counted.
pub(super) fn of(
    moments: &[Moment],
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    complete: bool,
) -> types::LogHistogram {
    let (first, last) = (moments.iter().map(|one| one.at).min(), moments.iter().map(|one| one.at).max());
    let (Some(from), Some(to)) = (from.or(first), to.or(last)) else {
        return types::LogHistogram { periods: Vec::new(), complete };
    };
    let (from, to) = (from.as_second(), to.as_second().max(from.as_second()));
    let step = step(to.saturating_sub(from));
    let start = from.saturating_sub(from.rem_euclid(step));
    let count = to.saturating_sub(start) / step + 1;
    let edge = |at: i64| {
        let offset = SignedDuration::from_secs(start.saturating_add(at.saturating_mul(step)));
        Timestamp::from_duration(offset).unwrap_or(Timestamp::MAX)
    };
    let mut periods: Vec<types::LogPeriod> = (0..count)
        .map(|at| types::LogPeriod { from: edge(at), to: edge(at + 1), levels: Default::default() })
        .collect();
    for moment in moments {
        let at = moment.at.as_second().saturating_sub(start).div_euclid(step);
        let Some(period) = usize::try_from(at).ok().and_then(|at| periods.get_mut(at)) else { continue };
        *period.levels.entry(moment.level).or_default() += 1;
    }
    types::LogHistogram { periods, complete }
}

/// The shortest length with which a span has few enough periods.
fn step(span: i64) -> i64 {
    let fits = |step: &i64| span / step < MOST - 1;
    STEPS.into_iter().find(fits).unwrap_or_else(|| span / (MOST - 2) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use segue_model::log::LogLevel;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn moments(of: &[(&str, LogLevel)]) -> Vec<Moment> {
        of.iter().map(|(time, level)| Moment { at: at(time), level: *level }).collect()
    }

    #[test]
    fn every_line_is_in_the_period_that_has_it() {
        let lines = moments(&[
            ("2026-01-01T12:01:04.999Z", LogLevel::Info),
            ("2026-01-01T12:00:01Z", LogLevel::Error),
            ("2026-01-01T12:00:05Z", LogLevel::Info),
            ("2026-01-01T12:00:06Z", LogLevel::Info),
        ]);
        let found = of(&lines, None, None, true);
        assert_eq!(found.periods.len(), 13, "five seconds each");
        let first = found.periods.first().unwrap();
        assert_eq!((first.from, first.to), (at("2026-01-01T12:00:00Z"), at("2026-01-01T12:00:05Z")));
        let counts = |index: usize| found.periods.get(index).unwrap().levels.clone();
        assert_eq!(counts(0), [(LogLevel::Error, 1)].into());
        assert_eq!(counts(1), [(LogLevel::Info, 2)].into(), "a period begins with its first moment");
        assert_eq!(counts(12), [(LogLevel::Info, 1)].into());
        let all: u64 = found.periods.iter().flat_map(|period| period.levels.values()).sum();
        assert_eq!(all, 4);
    }

    #[test]
    fn a_span_of_any_length_has_at_most_sixty_periods() {
        let mut span = 0_i64;
        while span < 400_000_000_000 {
            let from = Timestamp::from_second(-350_000_000_000 + 7).unwrap();
            let to = Timestamp::from_second((from.as_second() + span).min(250_000_000_000)).unwrap();
            let found = of(&[], Some(from), Some(to), true).periods;
            assert!((1..=60).contains(&found.len()), "{span}: {}", found.len());
            assert!(found.first().unwrap().from <= from && found.last().unwrap().to > to, "{span}");
            span = span * 3 / 2 + 1;
        }
    }

    #[test]
    fn without_lines_and_times_there_is_no_period() {
        assert!(of(&[], None, None, true).periods.is_empty());
        let backwards = of(&[], Some(at("2026-01-02T00:00:00Z")), Some(at("2026-01-01T00:00:00Z")), true);
        assert_eq!(backwards.periods.len(), 1, "an end before the start");
    }
}
