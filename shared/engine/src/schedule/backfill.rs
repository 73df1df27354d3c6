//! The range of a backfill. The start and the end are included (acceptance row 42).

use super::calendar::{Calendar, CalendarError};
use super::dates::{End, moment};
use jiff::Timestamp;

/// The largest number of slots of a backfill.
pub const MOST_SLOTS: usize = 100_000;

/// The first and the last moment of a backfill. A date without a time is the first moment of the day as a start, and
/// the last moment as an end, in the schedule's zone. Without an end, the end is now.
///
/// # Errors
/// [`CalendarError::Date`] if a date cannot be parsed, if the end is before the start, or if there are more than
/// [`MOST_SLOTS`] slots.
pub fn range(
    calendar: &Calendar,
    start: &str,
    end: Option<&str>,
    now: Timestamp,
) -> Result<(Timestamp, Timestamp), CalendarError> {
    let first = moment(start, calendar.zone(), End::First)?;
    let last = end.map_or(Ok(now), |end| moment(end, calendar.zone(), End::Last))?;
    if last < first {
        let end = end.map_or_else(|| format!("now ({now})"), |end| format!("'{end}'"));
        return Err(CalendarError::Date(format!("the end, {end}, is before the start, '{start}'")));
    }
    if calendar.between(first, last).nth(MOST_SLOTS).is_some() {
        return Err(CalendarError::Date(format!(
            "there are more than {MOST_SLOTS} slots between '{start}' and the end: take a shorter range"
        )));
    }
    Ok((first, last))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(cron: &str, zone: &str, start: &str, end: &str) -> usize {
        let calendar = Calendar::of_cron(cron, false, Some(zone)).unwrap();
        let (start, end) = range(&calendar, start, Some(end), Timestamp::UNIX_EPOCH).unwrap();
        calendar.between(start, end).count()
    }

    #[test]
    fn both_ends_are_included() {
        for zone in ["UTC", "Europe/Paris", "America/Asuncion", "America/New_York"] {
            assert_eq!(count("0 9 1 * *", zone, "2021-01-01", "2021-07-31"), 7, "{zone}");
            assert_eq!(
                count("0 9 1 * *", zone, "2021-01-01", "2021-07-01"),
                7,
                "{zone}: to the end of the day"
            );
            assert_eq!(count("@monthly", zone, "2023-01-01", "2024-12-31"), 24, "{zone}");
        }
        assert_eq!(count("0 9 1 * *", "UTC", "2021-01-01T09:00:00Z", "2021-07-01T09:00:00Z"), 7);
        assert_eq!(count("0 9 1 * *", "UTC", "2021-01-01T09:00:00.001Z", "2021-07-01T08:59:59Z"), 5);
        assert_eq!(count("0 9 1 * *", "Europe/Paris", "2021-01-01T09:00", "2021-07-01T09:00"), 7);
    }

    #[test]
    fn without_an_end_it_is_now() {
        let calendar = Calendar::of_cron("@daily", false, None).unwrap();
        let now = "2024-01-10T12:00:00Z".parse().unwrap();
        assert_eq!(range(&calendar, "2024-01-01", None, now).unwrap().1, now);
    }

    #[test]
    fn invalid_ranges_are_refused() {
        let refused = |cron, start, end| {
            let calendar = Calendar::of_cron(cron, false, None).unwrap();
            range(&calendar, start, Some(end), Timestamp::UNIX_EPOCH).unwrap_err().to_string()
        };
        assert!(refused("@daily", "2024-02-01", "2024-01-01").contains("is before the start"));
        assert!(refused("@daily", "x", "2024-01-01").contains("'x' is not a date"));
        assert!(refused("* * * * *", "2020-01-01", "2024-01-01").contains("more than 100000 slots"));
    }
}
