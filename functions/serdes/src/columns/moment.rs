//! Dates and times: texts in rows, and numbers in files with a schema.

use super::shape::Unit;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Zoned};
use segue_task::TaskError;
use segue_template::read_time;

/// The nanoseconds of a day.
const DAY: i64 = 86_400_000_000_000;

/// Reads dates and times. ISO texts are accepted whatever the formats are, because rows have such texts.
pub(super) struct Moments {
    pub(super) date_format: String,
    pub(super) time_format: String,
    pub(super) datetime_format: String,
    /// The zone of texts that have none.
    pub(super) zone: TimeZone,
}

impl Moments {
    /// Checks the formats.
    ///
    /// # Errors
    /// [`TaskError::Failed`] with the name of the property that is wrong.
    pub(super) fn check(&self) -> Result<(), TaskError> {
        for (name, format) in [
            ("dateFormat", &self.date_format),
            ("timeFormat", &self.time_format),
            ("datetimeFormat", &self.datetime_format),
        ] {
            if let Err(why) = read_time("", format, &TimeZone::UTC) {
                return Err(TaskError::failed(format!("{name} is no format of dates: {why}")));
            }
        }
        Ok(())
    }

    /// A date as the number of days since 1970. The date of a text with a time is its date.
    pub(super) fn date(&self, text: &str) -> Option<i32> {
        let iso = is_iso(text).then(|| text.parse::<Date>().ok()).flatten();
        let date = match iso {
            Some(date) => date,
            None => self.read(text, &self.date_format)?.date(),
        };
        let epoch = jiff::civil::date(1970, 1, 1);
        Some(epoch.until(date).ok()?.get_days())
    }

    /// A time of a day. An offset has no effect.
    pub(super) fn time(&self, text: &str, unit: Unit) -> Option<i64> {
        let plain = text.trim_end_matches('Z');
        let plain = plain
            .get(5..)
            .and_then(|rest| rest.find(['+', '-']))
            .map_or(plain, |at| plain.get(..at + 5).unwrap_or(plain));
        let is_iso = plain.get(2..3) == Some(":");
        let time = match is_iso.then(|| plain.parse::<Time>().ok()).flatten() {
            Some(time) => time,
            // A pattern is read only with a date.
            None => {
                self.read(&format!("1970-01-01 {text}"), &format!("yyyy-MM-dd {}", self.time_format))?.time()
            }
        };
        let nanos = time.duration_since(Time::midnight()).as_nanos();
        i64::try_from(nanos).ok().map(|nanos| nanos / unit.nanos())
    }

    /// An instant. A whole number in a text is the number of units since 1970.
    pub(super) fn timestamp(&self, text: &str, unit: Unit) -> Option<i64> {
        if let Ok(units) = text.parse() {
            return Some(units);
        }
        units(self.instant(text)?.as_nanosecond(), unit)
    }

    /// A date with a time. A text with an offset or zone is converted to the zone of the task.
    pub(super) fn local_timestamp(&self, text: &str, unit: Unit) -> Option<i64> {
        if let Ok(units) = text.parse() {
            return Some(units);
        }
        let local = match local(text) {
            Some(local) => local,
            None => self.instant(text)?.to_zoned(self.zone.clone()).datetime(),
        };
        units(local.to_zoned(TimeZone::UTC).ok()?.timestamp().as_nanosecond(), unit)
    }

    fn instant(&self, text: &str) -> Option<Timestamp> {
        if is_iso(text) {
            if let Ok(at) = text.parse::<Timestamp>() {
                return Some(at);
            }
            if let Some(local) = local(text) {
                return Some(local.to_zoned(self.zone.clone()).ok()?.timestamp());
            }
        }
        self.read(text, &self.datetime_format).map(|at| at.timestamp())
    }

    fn read(&self, text: &str, format: &str) -> Option<Zoned> {
        read_time(text, format, &self.zone).ok().flatten()
    }
}

/// An ISO date with a time that has no offset.
fn local(text: &str) -> Option<DateTime> {
    let has_offset = text.parse::<Timestamp>().is_ok();
    if is_iso(text) && !has_offset { text.parse().ok() } else { None }
}

fn is_iso(text: &str) -> bool {
    text.get(4..5) == Some("-") && text.get(7..8) == Some("-")
}

/// Nanoseconds as whole units, towards the past.
fn units(nanos: i128, unit: Unit) -> Option<i64> {
    i64::try_from(nanos.div_euclid(i128::from(unit.nanos()))).ok()
}

/// A number of days since 1970 as `2024-01-31`. None outside of the years -9999 to 9999.
pub(crate) fn date(days: i64) -> Option<String> {
    let span = Span::new().try_days(days).ok()?;
    Some(jiff::civil::date(1970, 1, 1).checked_add(span).ok()?.to_string())
}

/// A number of nanoseconds since midnight as `10:00:00.5`. None outside of a day.
pub(crate) fn clock(nanos: i64) -> Option<String> {
    if !(0..DAY).contains(&nanos) {
        return None;
    }
    let at = Timestamp::from_nanosecond(i128::from(nanos)).ok()?;
    Some(at.to_zoned(TimeZone::UTC).time().to_string())
}

/// Nanoseconds since 1970 as `2024-01-31T10:00:00.5Z`. None outside of the years -9999 to 9999.
pub(crate) fn instant(nanos: i128) -> Option<String> {
    Some(Timestamp::from_nanosecond(nanos).ok()?.to_string())
}

/// Nanoseconds since 1970 as `2024-01-31T10:00:00.5`. None outside of the years -9999 to 9999.
pub(crate) fn date_time(nanos: i128) -> Option<String> {
    let at = Timestamp::from_nanosecond(nanos).ok()?;
    Some(at.to_zoned(TimeZone::UTC).datetime().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(formats: [&str; 3], zone: &str) -> Moments {
        let [date_format, time_format, datetime_format] = formats.map(str::to_owned);
        let zone = segue_template::time_zone(zone).unwrap();
        Moments { date_format, time_format, datetime_format, zone }
    }

    fn kestra() -> Moments {
        let formats =
            ["yyyy-MM-dd[XXX]", "HH:mm[:ss][.SSSSSS][XXX]", "yyyy-MM-dd'T'HH:mm[:ss][.SSSSSS][XXX]"];
        moments(formats, "UTC")
    }

    #[test]
    fn iso_texts_and_formats() {
        let moments = moments(["dd.MM.yyyy", "HH'h'mm", "dd.MM.yyyy HH:mm"], "Europe/Paris");
        moments.check().unwrap();
        for text in ["31.01.2024", "2024-01-31", "2024-01-31T10:00:00Z"] {
            assert_eq!(moments.date(text), Some(19_753), "{text}");
        }
        assert_eq!(moments.time("10h20", Unit::Milli), Some(37_200_000));
        assert_eq!(moments.time("10:20:30.5", Unit::Micro), Some(37_230_500_000));
        let ten = Some(1_706_691_600_000);
        for text in ["31.01.2024 10:00", "2024-01-31T10:00:00", "2024-01-31T09:00:00Z", "1706691600000"] {
            assert_eq!(moments.timestamp(text, Unit::Milli), ten, "{text}");
        }
        let local = Some(1_706_695_200_000_000);
        for text in ["31.01.2024 10:00", "2024-01-31T10:00:00", "2024-01-31T09:00:00Z"] {
            assert_eq!(moments.local_timestamp(text, Unit::Micro), local, "{text}");
        }
        for text in ["", "x", "2024-13-01", "31.02.2024", "10:00"] {
            assert_eq!(moments.date(text), None, "{text}");
            assert_eq!(moments.timestamp(text, Unit::Milli), None, "{text}");
        }
    }

    #[test]
    fn the_formats_of_kestra() {
        let moments = kestra();
        moments.check().unwrap();
        assert_eq!(moments.date("1970-01-02+02:00"), Some(1));
        assert_eq!(moments.time("10:20", Unit::Milli), Some(37_200_000));
        assert_eq!(moments.time("10:20:30.123456+02:00", Unit::Micro), Some(37_230_123_456));
        assert_eq!(moments.time("10:20Z", Unit::Milli), Some(37_200_000));
        assert_eq!(moments.timestamp("1970-01-01T00:00:01.5+00:00", Unit::Milli), Some(1500));
        assert_eq!(moments.timestamp("1969-12-31T23:59:59.9999", Unit::Milli), Some(-1));
    }

    #[test]
    fn numbers_become_texts() {
        assert_eq!(date(19_753).unwrap(), "2024-01-31");
        assert_eq!(date(-719_162).unwrap(), "0001-01-01");
        assert_eq!(date(i64::from(i32::MAX)), None);
        assert_eq!(clock(37_230_500_000_000).unwrap(), "10:20:30.5");
        assert_eq!(clock(-1), None);
        assert_eq!(instant(1_500_000_000).unwrap(), "1970-01-01T00:00:01.5Z");
        assert_eq!(date_time(-1).unwrap(), "1969-12-31T23:59:59.999999999");
        assert_eq!(instant(i128::MAX), None);
    }
}
