//! Dates and times: texts in rows, and numbers in files with a schema.

use super::shape::Unit;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Zoned};
use segue_task::TaskError;
use segue_template::read_time;

/// The nanoseconds of a day.
const DAY: i64 = 86_400_000_000_000;

/// The formats of Kestra.
const DATE: &str = "yyyy-MM-dd[XXX]";
const TIME: &str = "HH:mm[:ss][.SSSSSS][XXX]";
const DATE_TIME: &str = "yyyy-MM-dd'T'HH:mm[:ss][.SSSSSS][XXX]";

/// Reads dates and times. A format of the task comes first. After it, ISO texts are accepted, because rows have such
/// texts. None is the format of Kestra.
pub(super) struct Moments {
    pub(super) date_format: Option<String>,
    pub(super) time_format: Option<String>,
    pub(super) datetime_format: Option<String>,
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
            if let Some(Err(why)) = format.as_deref().map(|format| read_time("", format, &TimeZone::UTC)) {
                return Err(TaskError::failed(format!("{name} is no format of dates: {why}")));
            }
        }
        Ok(())
    }

    /// A date as the number of days since 1970. The date of a text with a time is its date.
    pub(super) fn date(&self, text: &str) -> Option<i32> {
        let by_format = |format: &str| self.read(text, format).map(|at| at.date());
        let date = in_order(self.date_format.as_deref(), DATE, by_format, || iso_date(text))?;
        Some(jiff::civil::date(1970, 1, 1).until(date).ok()?.get_days())
    }

    /// A time of a day. An offset has no effect.
    pub(super) fn time(&self, text: &str, unit: Unit) -> Option<i64> {
        // A format is read only with a date.
        let by_format = |format: &str| {
            self.read(&format!("1970-01-01 {text}"), &format!("yyyy-MM-dd {format}")).map(|at| at.time())
        };
        let time = in_order(self.time_format.as_deref(), TIME, by_format, || iso_time(text))?;
        let nanos = time.duration_since(Time::midnight()).as_nanos();
        i64::try_from(nanos).ok().map(|nanos| nanos / unit.nanos())
    }

    /// An instant. A whole number in a text is the number of units since 1970.
    pub(super) fn timestamp(&self, text: &str, unit: Unit) -> Option<i64> {
        let count = || text.parse().ok();
        let iso = || units(self.iso_instant(text)?.as_nanosecond(), unit);
        let by_format = |format: &str| units(self.read(text, format)?.timestamp().as_nanosecond(), unit);
        in_order(self.datetime_format.as_deref(), DATE_TIME, by_format, || iso().or_else(count))
    }

    /// A date with a time. A text with an offset or zone is converted to the zone of the task.
    pub(super) fn local_timestamp(&self, text: &str, unit: Unit) -> Option<i64> {
        let count = || text.parse().ok();
        let of = |at: DateTime| units(at.to_zoned(TimeZone::UTC).ok()?.timestamp().as_nanosecond(), unit);
        let here = |at: Timestamp| of(at.to_zoned(self.zone.clone()).datetime());
        let iso = || match iso_local(text) {
            Some(local) => of(local),
            None => here(self.iso_instant(text)?),
        };
        let by_format = |format: &str| here(self.read(text, format)?.timestamp());
        in_order(self.datetime_format.as_deref(), DATE_TIME, by_format, || iso().or_else(count))
    }

    fn iso_instant(&self, text: &str) -> Option<Timestamp> {
        match iso_local(text) {
            Some(local) => Some(local.to_zoned(self.zone.clone()).ok()?.timestamp()),
            None => text.parse().ok().filter(|_| is_iso(text)),
        }
    }

    fn read(&self, text: &str, format: &str) -> Option<Zoned> {
        read_time(text, format, &self.zone).ok().flatten()
    }
}

/// What a text means: by the format of the task, or else as an ISO text, or else by the format of Kestra.
fn in_order<T>(
    own: Option<&str>,
    default: &str,
    by_format: impl Fn(&str) -> Option<T>,
    iso: impl FnOnce() -> Option<T>,
) -> Option<T> {
    match own {
        Some(own) => by_format(own).or_else(iso),
        None => iso().or_else(|| by_format(default)),
    }
}

fn iso_date(text: &str) -> Option<Date> {
    let date = text.get(..10)?.parse().ok().filter(|_| is_iso(text))?;
    let is_whole = text.len() == 10 || iso_local(text).is_some() || text.parse::<Timestamp>().is_ok();
    is_whole.then_some(date)
}

fn iso_time(text: &str) -> Option<Time> {
    let plain = text.strip_suffix('Z').unwrap_or(text);
    let offset = plain.get(5..).and_then(|rest| rest.find(['+', '-']));
    let plain = offset.map_or(plain, |at| plain.get(..at + 5).unwrap_or(plain));
    plain.parse().ok().filter(|_| plain.get(2..3) == Some(":"))
}

/// An ISO date with a time that has no offset.
fn iso_local(text: &str) -> Option<DateTime> {
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
        let [date_format, time_format, datetime_format] = formats.map(|format| Some(format.to_owned()));
        let zone = segue_template::time_zone(zone).unwrap();
        Moments { date_format, time_format, datetime_format, zone }
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
        let swapped = super::tests::moments(["yyyy-dd-MM", "mm:HH", "yyyyMMddHHmmss"], "UTC");
        assert_eq!(swapped.date("2024-02-01"), moments.date("2024-01-02"));
        assert_eq!(swapped.time("20:10", Unit::Milli), moments.time("10:20", Unit::Milli));
        let at = swapped.timestamp("20240131090000", Unit::Milli);
        assert_eq!(at, ten);
        for text in ["", "x", "2024-13-01", "31.02.2024", "10:00"] {
            assert_eq!(moments.date(text), None, "{text}");
            assert_eq!(moments.timestamp(text, Unit::Milli), None, "{text}");
        }
    }

    #[test]
    fn the_formats_of_kestra() {
        let zone = TimeZone::UTC;
        let moments = Moments { date_format: None, time_format: None, datetime_format: None, zone };
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
