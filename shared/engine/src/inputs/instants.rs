//! DATETIME, DATE, TIME and DURATION: parsed as strictly as in Java, and printed as in Java.

use jiff::civil::{Date, Time};
use jiff::{SignedDuration, Timestamp};
use std::fmt::Write;

/// Reads an instant in UTC: `2024-01-31T10:00:00Z`.
pub(crate) fn instant(text: &str) -> Result<Timestamp, String> {
    let is_utc = text.get(10..11) == Some("T") && text.get(16..17) == Some(":") && text.ends_with('Z');
    match text.parse() {
        Ok(instant) if is_utc => Ok(instant),
        _ => Err(format!("'{text}' is not an instant in UTC such as 2024-01-31T10:00:00Z")),
    }
}

/// Reads a date: `2024-01-31`.
pub(crate) fn date(text: &str) -> Result<Date, String> {
    let is_plain = text.len() == 10 && text.get(4..5) == Some("-") && text.get(7..8) == Some("-");
    match text.parse() {
        Ok(date) if is_plain => Ok(date),
        _ => Err(format!("'{text}' is not a date such as 2024-01-31")),
    }
}

/// Reads a time of day: `10:30` or `10:30:15`.
pub(crate) fn time(text: &str) -> Result<Time, String> {
    let is_plain = text.get(2..3) == Some(":")
        && text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b'.'));
    match text.parse() {
        Ok(time) if is_plain => Ok(time),
        _ => Err(format!("'{text}' is not a time of day such as 10:30 or 10:30:15")),
    }
}

/// An instant as Java prints it: fractions of a second in groups of three digits.
pub(crate) fn instant_text(instant: Timestamp) -> String {
    let nanos = instant.subsec_nanosecond();
    if nanos == 0 {
        instant.to_string()
    } else if nanos % 1_000_000 == 0 {
        format!("{instant:.3}")
    } else if nanos % 1_000 == 0 {
        format!("{instant:.6}")
    } else {
        format!("{instant:.9}")
    }
}

/// A duration as Java prints it: hours, minutes and seconds, each with the sign.
pub(crate) fn duration_text(duration: SignedDuration) -> String {
    let (seconds, nanos) = (duration.as_secs(), duration.subsec_nanos());
    let (hours, minutes, rest) = (seconds / 3600, seconds % 3600 / 60, seconds % 60);
    let mut text = "PT".to_owned();
    // Writing to a String cannot fail.
    if hours != 0 {
        let _ = write!(text, "{hours}H");
    }
    if minutes != 0 {
        let _ = write!(text, "{minutes}M");
    }
    if rest != 0 || nanos != 0 || text == "PT" {
        let sign = if duration.is_negative() { "-" } else { "" };
        let _ = write!(text, "{sign}{}", rest.unsigned_abs());
        if nanos != 0 {
            let digits = format!("{:09}", nanos.unsigned_abs());
            let _ = write!(text, ".{}", digits.trim_end_matches('0'));
        }
        text.push('S');
    }
    text
}

/// A date of the context, to the millisecond, as Kestra writes it: `2024-03-01T10:00:50.985Z`.
pub(crate) fn date_text(date: Timestamp) -> String {
    let millis = Timestamp::from_millisecond(date.as_millisecond()).unwrap_or(date);
    instant_text(millis)
}

#[cfg(test)]
mod tests {
    use super::*;
    use segue_model::parse_duration;

    #[test]
    fn instants_are_in_utc() {
        for (text, printed) in [
            ("2024-01-02T03:04:05Z", "2024-01-02T03:04:05Z"),
            ("2024-01-02T03:04:05.5Z", "2024-01-02T03:04:05.500Z"),
            ("2024-01-02T03:04:05.000001Z", "2024-01-02T03:04:05.000001Z"),
            ("2024-01-02T03:04:05.123456789Z", "2024-01-02T03:04:05.123456789Z"),
        ] {
            assert_eq!(instant(text).map(instant_text), Ok(printed.to_owned()));
        }
        for text in [
            "2024-01-02",
            "2024-01-02T03:04:05",
            "2024-01-02T03:04:05+01:00",
            "2024-13-02T03:04:05Z",
            "",
            "é",
        ] {
            assert!(instant(text).unwrap_err().contains(text), "{text}");
        }
    }

    #[test]
    fn dates_of_the_context_have_milliseconds() {
        for (text, printed) in [
            ("2024-03-01T10:00:50.985123456Z", "2024-03-01T10:00:50.985Z"),
            ("2024-03-01T10:00:50.9Z", "2024-03-01T10:00:50.900Z"),
            ("2024-03-01T10:00:50Z", "2024-03-01T10:00:50Z"),
        ] {
            assert_eq!(date_text(text.parse().unwrap()), printed);
        }
    }

    #[test]
    fn dates_and_times_are_plain() {
        assert_eq!(date("2024-02-29").map(|date| date.to_string()), Ok("2024-02-29".to_owned()));
        for text in ["2023-02-29", "20240229", "2024-2-9", "2024-02-29T00:00", "29/02/2024", ""] {
            assert!(date(text).is_err(), "{text}");
        }
        for (text, printed) in [("10:30", "10:30:00"), ("10:30:15", "10:30:15"), ("00:00:00.5", "00:00:00.5")]
        {
            assert_eq!(time(text).map(|time| time.to_string()), Ok(printed.to_owned()));
        }
        for text in ["25:00", "10", "10:3", "T10:30", "10:30Z", "1030", ""] {
            assert!(time(text).is_err(), "{text}");
        }
    }

    #[test]
    fn durations_print_as_java_prints_them() {
        for (text, printed) in [
            ("P1D", "PT24H"),
            ("PT90M", "PT1H30M"),
            ("PT0S", "PT0S"),
            ("PT0.5S", "PT0.5S"),
            ("PT1H0.25S", "PT1H0.25S"),
            ("-PT1H30M", "PT-1H-30M"),
            ("-PT0.5S", "PT-0.5S"),
        ] {
            assert_eq!(parse_duration(text).map(duration_text), Ok(printed.to_owned()));
        }
    }
}
