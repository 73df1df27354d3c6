//! The properties of a Schedule or a ScheduleOnDates in addition to its slots (docs/kestra.md 5.2, 5.3).

use super::calendar::{self, Calendar, CalendarError};
use super::dates::{End, moment};
use jiff::SignedDuration;
use segue_model::trigger::Trigger;
use segue_model::{Json, parse_duration};

/// What happens to slots that were missed while no scheduler ran.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Recover {
    /// All missed slots are run.
    #[default]
    All,
    /// Only the last missed slot is run.
    Last,
    /// No missed slot is run.
    None,
}

/// The properties of a schedule, without the properties of its slots.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScheduleSettings {
    /// What happens to missed slots.
    pub recover: Recover,
    /// Slots older than this are skipped. None: no limit.
    pub late_maximum_delay: Option<SignedDuration>,
    /// Whether a slot may start before the last execution has ended.
    pub allow_concurrent: bool,
}

impl ScheduleSettings {
    /// Reads the properties of a trigger. Saving a flow rejects invalid values, so an invalid value counts as absent
    /// here.
    pub fn from_trigger(trigger: &Trigger) -> Self {
        let text = |key: &str| trigger.properties.get(key).and_then(Json::as_str);
        Self {
            recover: match text("recoverMissedSchedules") {
                Some("LAST") => Recover::Last,
                Some("NONE") => Recover::None,
                _ => Recover::All,
            },
            late_maximum_delay: text("lateMaximumDelay").and_then(|text| parse_duration(text).ok()),
            allow_concurrent: flag(trigger, "allowConcurrent"),
        }
    }
}

/// A boolean property. False if it is absent.
pub(super) fn flag(trigger: &Trigger, key: &str) -> bool {
    match trigger.properties.get(key) {
        Some(Json::Bool(flag)) => *flag,
        Some(Json::String(text)) => text.trim().eq_ignore_ascii_case("true"),
        _ => false,
    }
}

/// The slots of a Schedule.
///
/// # Errors
/// [`CalendarError`].
pub fn schedule_calendar(trigger: &Trigger) -> Result<Calendar, CalendarError> {
    let text = |key: &str| trigger.properties.get(key).and_then(Json::as_str);
    Calendar::of_cron(text("cron").unwrap_or_default(), flag(trigger, "withSeconds"), text("timezone"))
}

/// The slots of a ScheduleOnDates. `dates` is rendered: a list, or the text of a list.
///
/// # Errors
/// [`CalendarError`].
pub fn dates_calendar(trigger: &Trigger, dates: &Json) -> Result<Calendar, CalendarError> {
    let zone = calendar::zone(trigger.properties.get("timezone").and_then(Json::as_str))?;
    let refused = |what: &Json| {
        CalendarError::Date(format!(
            "'dates' of trigger '{}' must be a list of dates, but is {what}",
            trigger.id
        ))
    };
    let parsed: Json;
    let list = match dates {
        Json::Array(list) => list,
        Json::String(text) => {
            parsed = serde_json::from_str(text).map_err(|_| refused(dates))?;
            parsed.as_array().ok_or_else(|| refused(dates))?
        }
        other => return Err(refused(other)),
    };
    let read = |date: &Json| match date {
        Json::String(text) => moment(text, &zone, End::First),
        other => Err(refused(other)),
    };
    let dates = list.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    Ok(Calendar::from_dates(dates, zone))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn trigger(properties: Json) -> Trigger {
        let trigger = json!({
            "id": "t", "type": "io.kestra.plugin.core.trigger.Schedule", "description": null, "disabled": false,
            "conditions": [], "labels": [], "inputs": {}, "stop_after": [], "log_level": null,
            "properties": properties,
        });
        serde_json::from_value(trigger).unwrap()
    }

    #[test]
    fn settings_are_read() {
        assert_eq!(ScheduleSettings::from_trigger(&trigger(json!({}))), ScheduleSettings::default());
        let all = trigger(json!({
            "recoverMissedSchedules": "LAST", "lateMaximumDelay": "PT10M", "allowConcurrent": true
        }));
        let expected = ScheduleSettings {
            recover: Recover::Last,
            late_maximum_delay: Some(SignedDuration::from_mins(10)),
            allow_concurrent: true,
        };
        assert_eq!(ScheduleSettings::from_trigger(&all), expected);
    }

    #[test]
    fn dates_are_read_in_the_zone() {
        let paris = trigger(json!({"timezone": "Europe/Paris"}));
        let dates = |dates| dates_calendar(&paris, &dates).map_err(|error| error.to_string());
        let first = |dates| {
            super::super::dates::offset_text(
                self::dates_calendar(&paris, &dates).unwrap().first_from(jiff::Timestamp::MIN).unwrap(),
                &jiff::tz::TimeZone::UTC,
            )
        };
        assert_eq!(first(json!(["2024-07-01T10:00:00", "2024-06-01T10:00:00Z"])), "2024-06-01T10:00:00Z");
        assert_eq!(first(json!("[\"2024-07-01T10:00:00\"]")), "2024-07-01T08:00:00Z");
        assert!(dates(json!("tomorrow")).unwrap_err().contains("must be a list of dates"));
        assert!(dates(json!([3])).unwrap_err().contains("must be a list of dates"));
        assert!(dates(json!(["soon"])).unwrap_err().contains("is not a date"));
    }
}
