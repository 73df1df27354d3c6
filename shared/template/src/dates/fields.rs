//! The fields of a parsed date, and the time that they mean.

use jiff::civil::{Date, DateTime, ISOWeekDate, Time, Weekday};
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, Zoned};

/// The fields that were read from a text. `None` for a field that the text does not have.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields {
    pub(super) year: Option<i64>,
    pub(super) month: Option<i64>,
    pub(super) day: Option<i64>,
    pub(super) day_of_year: Option<i64>,
    pub(super) week_year: Option<i64>,
    pub(super) week: Option<i64>,
    /// From 1 (Monday) to 7.
    pub(super) weekday: Option<i64>,
    pub(super) hour: Option<i64>,
    /// The hour of AM or PM, from 0 to 11.
    pub(super) half_hour: Option<i64>,
    pub(super) afternoon: Option<bool>,
    pub(super) minute: Option<i64>,
    pub(super) second: Option<i64>,
    pub(super) nanosecond: Option<i64>,
    pub(super) nano_of_day: Option<i64>,
    pub(super) offset: Option<Offset>,
    pub(super) zone: Option<TimeZone>,
}

fn small<T: TryFrom<i64>>(value: i64) -> Option<T> {
    T::try_from(value).ok()
}

impl Fields {
    fn date(&self) -> Option<Date> {
        if let (Some(year), Some(month), Some(day)) = (self.year, self.month, self.day) {
            return Date::new(small(year)?, small(month)?, small(day)?).ok();
        }
        if let (Some(year), Some(day)) = (self.year, self.day_of_year) {
            return Date::new(small(year)?, 1, 1).ok()?.with().day_of_year(small(day)?).build().ok();
        }
        let (year, week) = (self.week_year?, self.week?);
        let weekday = Weekday::from_monday_one_offset(small(self.weekday?)?).ok()?;
        ISOWeekDate::new(small(year)?, small(week)?, weekday).ok().map(ISOWeekDate::date)
    }

    fn time(&self) -> Option<Time> {
        if let Some(nanos) = self.nano_of_day {
            let seconds = nanos / 1_000_000_000;
            let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
            let rest = small(nanos % 1_000_000_000)?;
            return Time::new(small(hour)?, small(minute)?, small(second)?, rest).ok();
        }
        let hour = match (self.hour, self.half_hour) {
            (Some(hour), _) => hour,
            (None, Some(half)) => half + if self.afternoon? { 12 } else { 0 },
            (None, None) => return None,
        };
        let (minute, second) = (self.minute.unwrap_or(0), self.second.unwrap_or(0));
        let nanosecond = small(self.nanosecond.unwrap_or(0))?;
        Time::new(small(hour)?, small(minute)?, small(second)?, nanosecond).ok()
    }

    /// The time that the fields mean: a date with a time and an offset or zone, a date with a time in `zone`, or the
    /// start of a date in `zone`. `None` if the fields are not enough.
    pub(super) fn moment(&self, zone: &TimeZone) -> Option<Zoned> {
        let date = self.date()?;
        let Some(time) = self.time() else {
            let nothing_of_a_time =
                self.minute.is_none() && self.second.is_none() && self.half_hour.is_none();
            return date.to_zoned(zone.clone()).ok().filter(|_| nothing_of_a_time);
        };
        let local = DateTime::from_parts(date, time);
        match (self.offset, &self.zone) {
            (Some(offset), named) => {
                let moment: Timestamp = offset.to_timestamp(local).ok()?;
                Some(moment.to_zoned(named.clone().unwrap_or_else(|| TimeZone::fixed(offset))))
            }
            (None, Some(named)) => local.to_zoned(named.clone()).ok(),
            (None, None) => local.to_zoned(zone.clone()).ok(),
        }
    }
}
