//! Time windows of preconditions.
//!
//! A window has one stretch of time. The first part that is met begins the stretch. If a part is met after the end of
//! the stretch, the next stretch begins. Times are in the server's zone, UTC.

use jiff::civil::{DateTime, Time};
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};
use segue_model::{Json, parse_duration};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const DAY: SignedDuration = SignedDuration::from_hours(24);
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// Windows by the ids of their preconditions.
pub type Windows = BTreeMap<String, Window>;

/// The rule for which parts are met together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TimeWindow {
    /// Stretches with the same length. They begin at midnight or at the hour.
    Duration {
        /// The length of a stretch.
        window: SignedDuration,
        /// The delay of each begin.
        advance: SignedDuration,
    },
    /// A stretch of this length. It begins when the first part is met.
    Sliding(SignedDuration),
    /// The time between two times of day, every day.
    Daily {
        /// The first time of day.
        start: Time,
        /// The last time of day, included.
        end: Time,
    },
}

impl TimeWindow {
    /// Parses a `timeWindow`. Null means one day.
    ///
    /// # Errors
    /// The problem in the `timeWindow`.
    pub fn from_json(own: &Json) -> Result<Self, String> {
        let text = |key: &str| own.get(key).and_then(Json::as_str);
        let duration = |key: &str, default| match text(key) {
            None => Ok(default),
            Some(text) => parse_duration(text).map_err(|why| format!("'{key}' of its time window: {why}")),
        };
        let time = |key: &str| {
            let text = text(key).ok_or_else(|| format!("its time window needs '{key}'"))?;
            let plain = text.split(['Z', '+']).next().unwrap_or(text);
            plain
                .parse::<Time>()
                .map_err(|_| format!("'{key}' of its time window, '{text}', is no time of day"))
        };
        let positive = |window: SignedDuration| {
            if window.is_positive() { Ok(window) } else { Err("its time window has no length".to_owned()) }
        };
        match text("type").unwrap_or("DURATION_WINDOW") {
            "DURATION_WINDOW" => Ok(Self::Duration {
                window: positive(duration("window", DAY)?)?,
                advance: duration("windowAdvance", SignedDuration::ZERO)?,
            }),
            "SLIDING_WINDOW" => Ok(Self::Sliding(positive(duration("window", DAY)?)?)),
            "DAILY_TIME_WINDOW" => Ok(Self::Daily { start: time("startTime")?, end: time("endTime")? }),
            "DAILY_TIME_DEADLINE" => Ok(Self::Daily { start: Time::midnight(), end: time("deadline")? }),
            other => Err(format!("there is no time window '{other}'")),
        }
    }

    /// The stretch with a moment: its first moment, and the first moment after it. `None` if no stretch has the moment.
    fn stretch(&self, moment: Timestamp) -> Option<(Timestamp, Timestamp)> {
        match self {
            Self::Sliding(window) => Some((moment, moment.checked_add(*window).ok()?)),
            Self::Duration { window, advance } => {
                let shifted = moment.checked_sub(*advance).ok()?;
                let midnight = at(shifted, Time::midnight())?;
                // Stretches shorter than an hour count from the hour. Longer stretches count from midnight.
                let since_midnight = shifted.duration_since(midnight);
                let hour = multiple(since_midnight, HOUR)?;
                let base = if *window < HOUR { midnight.checked_add(hour).ok()? } else { midnight };
                let start = base.checked_add(multiple(shifted.duration_since(base), *window)?).ok()?;
                let start = start.checked_add(*advance).ok()?;
                Some((start, start.checked_add(*window).ok()?))
            }
            Self::Daily { start, end } => {
                let (start, last) = (at(moment, *start)?, at(moment, *end)?);
                let end = last.checked_add(SignedDuration::from_nanos(1)).ok()?;
                (start <= moment && moment < end).then_some((start, end))
            }
        }
    }
}

/// A time of day on the day of a moment.
fn at(moment: Timestamp, time: Time) -> Option<Timestamp> {
    let day: DateTime = Offset::UTC.to_datetime(moment);
    Offset::UTC.to_timestamp(day.date().to_datetime(time)).ok()
}

/// The largest multiple of a length within a time.
fn multiple(time: SignedDuration, length: SignedDuration) -> Option<SignedDuration> {
    let (time, length) = (time.as_nanos(), length.as_nanos());
    let whole = time.checked_div(length)?.checked_mul(length)?;
    Some(SignedDuration::from_nanos_i128(whole))
}

/// A stored window.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Window {
    /// The first moment of the stretch.
    start: Option<Timestamp>,
    /// The first moment after the stretch.
    end: Option<Timestamp>,
    /// The parts that are met, each with the event that met it.
    met: BTreeMap<String, String>,
    /// The events that made the trigger fire last. If such an event is reported again, it does not count for the next
    /// firing.
    #[serde(default)]
    used: Vec<String>,
}

impl Window {
    /// Whether an event has already counted.
    pub(super) fn has_seen(&self, event: &str) -> bool {
        self.used.iter().chain(self.met.values()).any(|seen| seen == event)
    }

    /// Records the parts that an event meets. An event before the begin of the stretch is ignored.
    pub(super) fn take(&mut self, window: &TimeWindow, met: &[&str], event: &str, date: Timestamp) {
        if met.is_empty() || self.start.is_some_and(|start| date < start) {
            return;
        }
        if !self.is_open(date) {
            let Some((start, end)) = window.stretch(date) else { return };
            *self = Self { start: Some(start), end: Some(end), met: BTreeMap::new(), used: Vec::new() };
        }
        for key in met {
            self.met.insert((*key).to_owned(), event.to_owned());
        }
    }

    fn is_open(&self, date: Timestamp) -> bool {
        self.start.is_some_and(|start| start <= date) && self.end.is_some_and(|end| date < end)
    }

    /// Whether a part is met in the stretch that contains a date.
    pub(super) fn has(&self, key: &str, date: Timestamp) -> bool {
        self.is_open(date) && self.met.contains_key(key)
    }

    /// The events that met the parts.
    pub(super) fn causes(&self) -> Vec<String> {
        self.met.values().cloned().collect()
    }

    /// Clears the window after the trigger has fired.
    pub(super) fn reset(&mut self) {
        self.used = std::mem::take(&mut self.met).into_values().collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn stretch(window: Json, moment: &str) -> Option<String> {
        let (start, end) = TimeWindow::from_json(&window).unwrap().stretch(moment.parse().unwrap())?;
        Some(format!("{start} {end}"))
    }

    #[test]
    fn stretches_are_aligned() {
        let cases = [
            (json!(null), "2024-05-06T07:08:09Z", "2024-05-06T00:00:00Z 2024-05-07T00:00:00Z"),
            (json!({"window": "PT6H"}), "2024-05-06T07:08:09Z", "2024-05-06T06:00:00Z 2024-05-06T12:00:00Z"),
            (json!({"window": "PT15M"}), "2024-05-06T07:08:09Z", "2024-05-06T07:00:00Z 2024-05-06T07:15:00Z"),
            (
                json!({"window": "PT1H", "windowAdvance": "PT10M"}),
                "2024-05-06T07:08:09Z",
                "2024-05-06T06:10:00Z 2024-05-06T07:10:00Z",
            ),
            (
                json!({"type": "SLIDING_WINDOW", "window": "PT1H"}),
                "2024-05-06T07:08:09Z",
                "2024-05-06T07:08:09Z 2024-05-06T08:08:09Z",
            ),
            (
                json!({"type": "DAILY_TIME_WINDOW", "startTime": "06:00:00", "endTime": "09:00:00"}),
                "2024-05-06T09:00:00Z",
                "2024-05-06T06:00:00Z 2024-05-06T09:00:00.000000001Z",
            ),
            (
                json!({"type": "DAILY_TIME_DEADLINE", "deadline": "09:00:00Z"}),
                "2024-05-06T07:00:00Z",
                "2024-05-06T00:00:00Z 2024-05-06T09:00:00.000000001Z",
            ),
        ];
        for (window, moment, expected) in cases {
            assert_eq!(stretch(window.clone(), moment).as_deref(), Some(expected), "{window}");
        }
        let shut = json!({"type": "DAILY_TIME_DEADLINE", "deadline": "09:00:00"});
        assert_eq!(stretch(shut, "2024-05-06T09:00:01Z"), None);
    }

    #[test]
    fn wrong_windows_are_refused() {
        for (window, part) in [
            (json!({"type": "WEEKLY"}), "no time window"),
            (json!({"window": "1 day"}), "ISO-8601"),
            (json!({"window": "PT0S"}), "no length"),
            (json!({"type": "DAILY_TIME_DEADLINE"}), "needs 'deadline'"),
            (json!({"type": "DAILY_TIME_DEADLINE", "deadline": "late"}), "no time of day"),
        ] {
            assert!(TimeWindow::from_json(&window).unwrap_err().contains(part), "{window}");
        }
    }
}
