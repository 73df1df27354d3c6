//! Reads ISO-8601 dates in queries. A date without a time zone is in UTC.

use jiff::tz::TimeZone;
use jiff::{Timestamp, civil};

/// Reads an instant, a local date and time, or a date. A date without a time is the start of the day.
///
/// # Errors
/// The reason, with an example of a valid date.
pub(crate) fn date(text: &str) -> Result<Timestamp, String> {
    // An unescaped `+` in a query is decoded as a space.
    let text = text.trim().replace(' ', "+");
    if let Ok(date) = text.parse::<Timestamp>() {
        return Ok(date);
    }
    let local = text
        .parse::<civil::DateTime>()
        .or_else(|_| text.parse::<civil::Date>().map(civil::DateTime::from))
        .map_err(|_| format!("'{text}' is not a date; write it like 2024-01-31T09:00:00Z"))?;
    let zoned = local.to_zoned(TimeZone::UTC).map_err(|error| format!("'{text}': {error}"))?;
    Ok(zoned.timestamp())
}

/// A date without a time, such as `2024-01-31`. None for any other text.
pub(crate) fn day(text: &str) -> Option<civil::Date> {
    let text = text.trim();
    text.parse().ok().filter(|_| text.len() == "2024-01-31".len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_come_with_and_without_a_zone() {
        for (text, expected) in [
            ("2024-01-31T09:00:00Z", "2024-01-31T09:00:00Z"),
            ("2024-01-31T09:00:00+02:00", "2024-01-31T07:00:00Z"),
            ("2024-01-31T09:00:00 02:00", "2024-01-31T07:00:00Z"),
            ("2024-01-31T09:00", "2024-01-31T09:00:00Z"),
            ("2024-01-31T09:00:00.250", "2024-01-31T09:00:00.25Z"),
            ("2024-01-31", "2024-01-31T00:00:00Z"),
        ] {
            assert_eq!(date(text).unwrap().to_string(), expected, "{text}");
        }
        assert_eq!(day("2024-01-31"), Some(civil::date(2024, 1, 31)));
        assert_eq!(day("2024-01-31T09:00:00Z"), None);
        for wrong in ["", "yesterday", "2024-13-01", "31.01.2024", "99999-01-01"] {
            assert!(date(wrong).is_err(), "{wrong}");
        }
    }
}
