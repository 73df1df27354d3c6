//! The format of dates in triggers and backfills.

use super::calendar::CalendarError;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

/// A time in the format of Java's `ISO_OFFSET_DATE_TIME`: `2024-03-31T10:00:00+02:00`, `Z` for UTC, with a
/// fraction of a second only if there is one.
pub fn offset_text(moment: Timestamp, zone: &TimeZone) -> String {
    let offset = zone.to_offset(moment);
    let wall = offset.to_datetime(moment);
    if offset.is_zero() {
        return format!("{wall}Z");
    }
    let seconds = offset.seconds();
    let sign = if seconds < 0 { '-' } else { '+' };
    let (hours, minutes, rest) = (seconds.abs() / 3600, seconds.abs() % 3600 / 60, seconds.abs() % 60);
    let rest = if rest == 0 { String::new() } else { format!(":{rest:02}") };
    format!("{wall}{sign}{hours:02}:{minutes:02}{rest}")
}

/// The moment of a day that a date without a time means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The first moment of the day.
    First,
    /// The last moment of the day.
    Last,
}

/// Parses a moment. The text is an instant (`2024-01-31T10:00:00Z`, `…+02:00`, `…[Europe/Paris]`), a wall clock time in
/// `zone` (`2024-01-31T10:00`), or a date in `zone` (`2024-01-31`). A date means its first or last moment, depending on
/// `end`.
///
/// # Errors
/// [`CalendarError::Date`].
pub fn moment(text: &str, zone: &TimeZone, end: End) -> Result<Timestamp, CalendarError> {
    let refused = || {
        CalendarError::Date(format!(
            "'{text}' is not a date: use a form such as 2024-01-31, 2024-01-31T10:00:00 or 2024-01-31T10:00:00Z"
        ))
    };
    let text = text.trim();
    let plain = text.split_once('[').map_or(text, |(plain, _)| plain);
    if let Ok(instant) = plain.parse::<Timestamp>() {
        return Ok(instant);
    }
    if plain.len() != text.len()
        || !text.get(..4).is_some_and(|year| year.bytes().all(|b| b.is_ascii_digit()))
    {
        return Err(refused());
    }
    let wall = match (text.len(), text.parse::<Date>(), text.parse::<DateTime>()) {
        (10, Ok(date), _) => match end {
            End::First => date.to_datetime(Time::midnight()),
            End::Last => {
                let next = date.tomorrow().map_err(|_| refused())?;
                let after = zone.to_timestamp(next.to_datetime(Time::midnight())).map_err(|_| refused())?;
                return after.checked_sub(jiff::SignedDuration::from_nanos(1)).map_err(|_| refused());
            }
        },
        (16.., _, Ok(wall)) => wall,
        _ => return Err(refused()),
    };
    zone.to_timestamp(wall).map_err(|_| refused())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(id: &str) -> TimeZone {
        segue_template::time_zone(id).unwrap()
    }

    #[test]
    fn moments_print_with_their_offset() {
        let text = |at: &str, id: &str| offset_text(at.parse().unwrap(), &zone(id));
        assert_eq!(text("2024-03-31T08:00:00Z", "Europe/Paris"), "2024-03-31T10:00:00+02:00");
        assert_eq!(text("2024-03-31T08:00:00Z", "UTC"), "2024-03-31T08:00:00Z");
        assert_eq!(text("2024-03-31T08:00:00Z", "Europe/London"), "2024-03-31T09:00:00+01:00");
        assert_eq!(text("2024-01-31T08:00:00Z", "Europe/London"), "2024-01-31T08:00:00Z");
        assert_eq!(text("2025-07-01T12:00:00Z", "America/Asuncion"), "2025-07-01T09:00:00-03:00");
        assert_eq!(text("2024-07-01T12:00:00Z", "Asia/Kolkata"), "2024-07-01T17:30:00+05:30");
        assert_eq!(text("2024-07-01T12:00:00.25Z", "UTC"), "2024-07-01T12:00:00.25Z");
    }

    #[test]
    fn moments_are_read_in_the_zone() {
        let read = |text: &str, end| moment(text, &zone("Europe/Paris"), end).unwrap().to_string();
        assert_eq!(read("2024-01-31T10:00:00Z", End::First), "2024-01-31T10:00:00Z");
        assert_eq!(read("2024-01-31T10:00:00+05:00", End::First), "2024-01-31T05:00:00Z");
        assert_eq!(read("2024-07-31T10:00:00+02:00[Europe/Paris]", End::First), "2024-07-31T08:00:00Z");
        assert_eq!(read("2024-07-31T10:00", End::Last), "2024-07-31T08:00:00Z");
        assert_eq!(read("2024-07-31T10:00:30.5", End::First), "2024-07-31T08:00:30.5Z");
        assert_eq!(read("2024-07-31", End::First), "2024-07-30T22:00:00Z");
        assert_eq!(read(" 2024-07-31 ", End::Last), "2024-07-31T21:59:59.999999999Z");
        assert_eq!(read("2024-03-31", End::Last), "2024-03-31T21:59:59.999999999Z", "a day of 23 hours");
    }

    #[test]
    fn anything_else_is_refused() {
        for text in
            ["", "yesterday", "2024-13-01", "2024-1-1", "2024", "20240131", "10:00", "2024-01-31T25:00"]
        {
            let refused = moment(text, &TimeZone::UTC, End::First).unwrap_err();
            assert!(refused.to_string().contains("is not a date"), "{text}");
        }
    }
}
