//! The formats of dates and times in text files. In Ion files of Segue, dates and times are ISO texts.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use schemars::JsonSchema;
use segue_task::TaskError;
use segue_template::{format_time, time_zone};
use serde::Deserialize;

/// The formats of dates and times. A value of which the format is not set stays as it is.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Times {
    /// The format of dates, as in Java: `dd.MM.yyyy`.
    pub date_format: Option<String>,
    /// The format of times of a day: `HH:mm`.
    pub time_format: Option<String>,
    /// The format of dates with times: `yyyy-MM-dd HH:mm:ss`.
    pub date_time_format: Option<String>,
    /// The time zone in which dates with times are written. Default: the zone of each value, or else UTC.
    pub time_zone_id: Option<String>,
}

impl Times {
    /// Checks the formats and the zone, before anything is written.
    ///
    /// # Errors
    /// [`TaskError::Failed`] with the name of the property that is wrong.
    pub(crate) fn check(&self) -> Result<(), TaskError> {
        let formats = [
            ("dateFormat", &self.date_format),
            ("timeFormat", &self.time_format),
            ("dateTimeFormat", &self.date_time_format),
        ];
        let example = Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC);
        for (name, format) in formats {
            if let Some(Err(why)) = format.as_deref().map(|format| format_time(&example, format)) {
                return Err(TaskError::failed(format!("{name} is no format of dates: {why}")));
            }
        }
        match self.time_zone_id.as_deref() {
            Some(id) if time_zone(id).is_none() => Err(TaskError::failed(format!(
                "timeZoneId is '{id}', which is not a time zone; write a name like Europe/Paris"
            ))),
            _ => Ok(()),
        }
    }

    /// A text in its format, if it is a date or a time with a format.
    pub(crate) fn format(&self, text: &str) -> Option<String> {
        // All forms begin with digits, so other texts are not parsed.
        if !text.starts_with(|first: char| first.is_ascii_digit()) || text.len() > 64 {
            return None;
        }
        let zone = self.time_zone_id.as_deref().and_then(time_zone);
        if let Some(format) = &self.date_format
            && text.len() == 10
            && let Ok(date) = text.parse::<Date>()
        {
            return format_time(&date.to_zoned(TimeZone::UTC).ok()?, format).ok();
        }
        if let Some(format) = &self.time_format
            && text.get(2..3) == Some(":")
            && let Ok(time) = text.parse::<Time>()
        {
            let at = DateTime::from_parts(jiff::civil::date(1970, 1, 1), time);
            return format_time(&at.to_zoned(TimeZone::UTC).ok()?, format).ok();
        }
        let format = self.date_time_format.as_ref().filter(|_| text.get(10..11) == Some("T"))?;
        let at = moment(text)?;
        format_time(&zone.map_or_else(|| at.clone(), |zone| at.with_time_zone(zone)), format).ok()
    }
}

/// A date with a time. Without an offset, the zone is UTC.
fn moment(text: &str) -> Option<Zoned> {
    if let Ok(at) = text.parse::<Timestamp>() {
        let offset = jiff::fmt::temporal::Pieces::parse(text).ok()?.to_numeric_offset();
        return Some(at.to_zoned(offset.map_or(TimeZone::UTC, TimeZone::fixed)));
    }
    text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_format() {
        let text = |text: &str| Some(text.to_owned());
        let times = Times {
            date_format: text("dd.MM.yyyy"),
            time_format: text("HH'h'mm"),
            date_time_format: text("yyyy-MM-dd HH:mm XXX"),
            time_zone_id: None,
        };
        times.check().unwrap();
        assert_eq!(times.format("2024-01-31"), text("31.01.2024"));
        assert_eq!(times.format("10:20:30.5"), text("10h20"));
        assert_eq!(times.format("2024-01-31T10:20:30"), text("2024-01-31 10:20 Z"));
        assert_eq!(times.format("2024-01-31T10:20:30+02:00"), text("2024-01-31 10:20 +02:00"));
        let paris = Times { time_zone_id: text("Europe/Paris"), ..times.clone() };
        assert_eq!(paris.format("2024-01-31T10:20:30Z"), text("2024-01-31 11:20 +01:00"));
        for other in ["", "2024", "2024-01", "12", "x2024-01-31", "2024-01-31 is a day"] {
            assert_eq!(times.format(other), None, "{other}");
        }
        assert_eq!(Times::default().format("2024-01-31"), None);
    }

    #[test]
    fn wrong_formats_and_zones_are_refused() {
        let wrong = Times { date_format: Some("dd.QX{".to_owned()), ..Times::default() };
        assert!(wrong.check().unwrap_err().to_string().starts_with("dateFormat is no format of dates: "));
        let wrong = Times { time_zone_id: Some("Mars".to_owned()), ..Times::default() };
        assert!(wrong.check().unwrap_err().to_string().contains("'Mars', which is not a time zone"));
    }
}
