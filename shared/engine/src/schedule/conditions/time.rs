//! Dates in conditions: a moment with an offset, like Java's `ZonedDateTime`.

use jiff::Timestamp;
use jiff::civil::{DateTime, Time, Weekday};
use jiff::tz::{Offset, TimeZone};

/// A moment, and the wall clock at its offset.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    instant: Timestamp,
    offset: Offset,
}

impl Moment {
    pub(super) fn from_instant(instant: Timestamp, zone: &TimeZone) -> Self {
        Self { instant, offset: zone.to_offset(instant) }
    }

    /// Parses a date with its offset. Without an offset, it is UTC.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let refused = || format!("'{text}' is not a date with its offset such as 2024-01-31T10:00:00Z");
        let text = text.trim();
        let plain = text.split_once('[').map_or(text, |(plain, _)| plain);
        let Ok(instant) = plain.parse::<Timestamp>() else {
            let zone = TimeZone::UTC;
            let read = super::super::dates::moment(text, &zone, super::super::dates::End::First);
            return read.map(|instant| Self::from_instant(instant, &zone)).map_err(|_| refused());
        };
        let wall: DateTime = plain
            .trim_end_matches(['Z', 'z'])
            .parse()
            .or_else(|_| {
                let end = plain.rfind(['+', '-']).unwrap_or(plain.len());
                plain.get(..end).unwrap_or_default().parse()
            })
            .map_err(|_: jiff::Error| refused())?;
        let seconds =
            Offset::UTC.to_timestamp(wall).map_err(|_| refused())?.as_second() - instant.as_second();
        let offset = i32::try_from(seconds).ok().and_then(|seconds| Offset::from_seconds(seconds).ok());
        Ok(Self { instant, offset: offset.ok_or_else(refused)? })
    }

    pub(super) fn instant(&self) -> Timestamp {
        self.instant
    }

    fn wall(&self) -> DateTime {
        self.offset.to_datetime(self.instant)
    }

    /// The time of day minus the offset, in nanoseconds. Java sorts times with an offset by this value.
    pub(super) fn time(&self) -> i64 {
        less_offset(self.wall().time(), self.offset)
    }

    /// Whether the wall clock shows this day of the week.
    pub(super) fn is_on(&self, day: &str) -> bool {
        let name = match self.wall().weekday() {
            Weekday::Monday => "MONDAY",
            Weekday::Tuesday => "TUESDAY",
            Weekday::Wednesday => "WEDNESDAY",
            Weekday::Thursday => "THURSDAY",
            Weekday::Friday => "FRIDAY",
            Weekday::Saturday => "SATURDAY",
            Weekday::Sunday => "SUNDAY",
        };
        name.eq_ignore_ascii_case(day.trim())
    }

    pub(super) fn is_on_a_weekend(&self) -> bool {
        matches!(self.wall().weekday(), Weekday::Saturday | Weekday::Sunday)
    }

    /// Whether the day is the first, second, … or last of its weekday in the month.
    pub(super) fn is_the(&self, ordinal: &str) -> bool {
        let wall = self.wall();
        let (day, days) = (wall.day(), wall.date().days_in_month());
        match ordinal.trim().to_ascii_uppercase().as_str() {
            "FIRST" => day <= 7,
            "SECOND" => (8..=14).contains(&day),
            "THIRD" => (15..=21).contains(&day),
            "FOURTH" => (22..=28).contains(&day),
            "LAST" => day + 7 > days,
            _ => false,
        }
    }
}

fn less_offset(time: Time, offset: Offset) -> i64 {
    let nanos = time.duration_since(Time::midnight()).as_nanos();
    let nanos = i64::try_from(nanos).unwrap_or_default();
    nanos - i64::from(offset.seconds()) * 1_000_000_000
}

/// Parses a time of day with its offset, `16:19:12Z` or `16:19+02:00`. Without an offset, it is UTC.
pub(super) fn offset_time(text: &str) -> Result<i64, String> {
    let refused = || format!("'{text}' is not a time of day with its offset such as 16:19:12Z");
    let text = text.trim();
    let end = text.find(['Z', 'z', '+', '-']).unwrap_or(text.len());
    let (time, zone) = text.split_at(end);
    let time: Time = time.parse().map_err(|_| refused())?;
    let zone =
        if zone.is_empty() { Some(TimeZone::UTC) } else { segue_template::time_zone(&zone.to_uppercase()) };
    let offset = zone.and_then(|zone| zone.to_fixed_offset().ok()).ok_or_else(refused)?;
    Ok(less_offset(time, offset))
}
