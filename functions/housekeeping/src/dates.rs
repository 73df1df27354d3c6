//! Dates in properties: in the format of `now()` and `dateAdd`, RFC 3339, or a date only.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use segue_task::TaskError;

/// The time of a rendered date. A date without a zone is in UTC. A date without a time means its beginning.
///
/// # Errors
/// A text that is not a date. The error names the property.
pub fn instant(property: &str, text: &str) -> Result<Timestamp, TaskError> {
    let text = text.trim();
    let local = || text.parse::<DateTime>().or_else(|_| text.parse::<Date>().map(DateTime::from));
    text.parse::<Timestamp>()
        .or_else(|_| text.parse::<Zoned>().map(|zoned| zoned.timestamp()))
        .or_else(|_| local().and_then(|local| local.to_zoned(TimeZone::UTC)).map(|zoned| zoned.timestamp()))
        .map_err(|_| {
            TaskError::failed(format!(
                "{property} is '{text}', which is not a date; write one like 2024-02-01T00:00:00Z"
            ))
        })
}

/// Like [`instant`], for a date that may be absent or empty.
///
/// # Errors
/// As [`instant`].
pub fn optional(property: &str, text: Option<&str>) -> Result<Option<Timestamp>, TaskError> {
    text.filter(|text| !text.trim().is_empty()).map(|text| instant(property, text)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_in_every_form() {
        let expected: Timestamp = "2024-02-01T00:00:00Z".parse().unwrap();
        for text in [
            "2024-02-01T00:00:00Z",
            " 2024-02-01T01:00:00+01:00 ",
            "2024-02-01T01:00+01:00[Europe/Paris]",
            "2024-02-01T00:00:00",
            "2024-02-01",
        ] {
            assert_eq!(instant("endDate", text).unwrap(), expected, "{text}");
        }
        assert!(instant("endDate", "soon").unwrap_err().to_string().contains("endDate is 'soon'"));
        assert_eq!(optional("endDate", Some(" ")).unwrap(), None);
        assert_eq!(optional("endDate", None).unwrap(), None);
    }
}
