//! Walks through many slots. As long as the clock does not change, the next slot follows from the times of a day and the
//! days that match, so that a hundred thousand slots are found within a second.

use super::{Calendar, Slots, Stretch};
use croner::Cron;
use croner::time::Weekday;
use jiff::civil::{Date, DateTime, Time};
use jiff::{SignedDuration, Timestamp};

/// A day with more slots than this is not worth the memory.
const MOST_TIMES: usize = 24 * 60;
/// A walk looks at most so many days ahead by itself.
const MOST_DAYS: usize = 400;

/// How long the rules of a clock change count. The largest change that there was, in Samoa, is a day.
const CHANGE: SignedDuration = SignedDuration::from_hours(48);

/// The slots from one on.
pub(super) struct Walk<'a> {
    calendar: &'a Calendar,
    /// The times of a day that match, in order. Empty if the walk asks the calendar for each slot.
    times: Vec<Time>,
    next: Option<Timestamp>,
    stretch: Option<Stretch>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(calendar: &'a Calendar, first: Option<Timestamp>) -> Self {
        let times = match &calendar.slots {
            Slots::Cron { cron, .. } => times(cron),
            Slots::Dates(_) => Vec::new(),
        };
        Self { calendar, times, next: first, stretch: None }
    }

    /// The slot after another one, if the clock does not change between both.
    fn step(&mut self, slot: Timestamp) -> Option<Timestamp> {
        let Slots::Cron { cron, .. } = &self.calendar.slots else { return None };
        if self.times.is_empty() {
            return None;
        }
        if self.stretch.as_ref().is_none_or(|stretch| stretch.end.is_some_and(|end| end <= slot)) {
            self.stretch = Some(Stretch::around(&self.calendar.zone, slot));
        }
        let stretch = self.stretch.as_ref()?;
        // Soon after a change, the rules for repeated and skipped hours count.
        if stretch.start.is_some_and(|start| slot.duration_since(start.at) < CHANGE) {
            return None;
        }
        let found = stretch.moment(self.after(cron, stretch.wall(slot))?)?;
        stretch.end.is_none_or(|end| found < end).then_some(found)
    }

    /// The next time of the wall clock that matches.
    fn after(&self, cron: &Cron, wall: DateTime) -> Option<DateTime> {
        let rest = self.times.partition_point(|time| *time <= wall.time());
        if let Some(time) = self.times.get(rest) {
            return Some(wall.date().to_datetime(*time));
        }
        let mut date = wall.date();
        for _ in 0..MOST_DAYS {
            date = date.tomorrow().ok()?;
            if has(cron, date) {
                return Some(date.to_datetime(*self.times.first()?));
            }
        }
        None
    }
}

impl Iterator for Walk<'_> {
    type Item = Timestamp;

    fn next(&mut self) -> Option<Timestamp> {
        let slot = self.next?;
        self.next = self.step(slot).or_else(|| self.calendar.next(slot));
        Some(slot)
    }
}

fn times(cron: &Cron) -> Vec<Time> {
    let pattern = &cron.pattern;
    let of = |most: u32, is: &dyn Fn(u32) -> bool| (0..most).filter(|one| is(*one)).collect::<Vec<_>>();
    let hours = of(24, &|hour| pattern.hour_match(hour).unwrap_or(false));
    let minutes = of(60, &|minute| pattern.minute_match(minute).unwrap_or(false));
    let seconds = of(60, &|second| pattern.second_match(second).unwrap_or(false));
    if hours.len() * minutes.len() * seconds.len() > MOST_TIMES {
        return Vec::new();
    }
    let small = |number: u32| i8::try_from(number).unwrap_or_default();
    hours
        .iter()
        .flat_map(|hour| minutes.iter().map(move |minute| (hour, minute)))
        .flat_map(|(hour, minute)| seconds.iter().map(move |second| (*hour, *minute, *second)))
        .filter_map(|(hour, minute, second)| Time::new(small(hour), small(minute), small(second), 0).ok())
        .collect()
}

/// Whether a day matches.
pub(super) fn has(cron: &Cron, date: Date) -> bool {
    let [month, day] = [date.month(), date.day()].map(|number| u32::from(number.unsigned_abs()));
    let weekday =
        Weekday::from_days_from_sunday(u32::from(date.weekday().to_sunday_zero_offset().unsigned_abs()));
    cron.pattern.month_match(month).unwrap_or(false)
        && cron.pattern.day_match(i32::from(date.year()), month, day, weekday).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_finds_the_same_slots_as_the_calendar() {
        let crons = [
            "0 * * * *",
            "*/20 2-4 * * *",
            "30 2 * * *",
            "0 9 1 * *",
            "0 0 L * *",
            "15 1,3 * * MON#2",
            "0 12 29 2 *",
            "0 9 15W * *",
            "0 6,18 13 * 5",
        ];
        for zone in ["UTC", "Europe/Berlin", "America/Asuncion", "Australia/Lord_Howe", "Pacific/Apia"] {
            for cron in crons {
                let calendar = Calendar::of_cron(cron, false, Some(zone)).unwrap();
                let start: Timestamp = "2011-12-20T00:00:00Z".parse().unwrap();
                let first = calendar.first_from(start);
                let slow = std::iter::successors(first, |slot| calendar.next(*slot)).take(400);
                let other = Walk::new(&calendar, first).zip(slow).find(|(fast, slow)| fast != slow);
                assert_eq!(other, None, "{cron} in {zone}");
            }
        }
    }

    #[test]
    fn seconds_and_lists_of_dates_are_walked_too() {
        let calendar = Calendar::of_cron("*/30 * * * * *", true, None).unwrap();
        let start = Timestamp::UNIX_EPOCH;
        let seconds: Vec<_> =
            Walk::new(&calendar, Some(start)).take(3).map(|slot| slot.as_second()).collect();
        assert_eq!(seconds, [0, 30, 60]);
        let dates = Calendar::from_dates([start], jiff::tz::TimeZone::UTC);
        assert_eq!(Walk::new(&dates, Some(start)).count(), 1);
    }
}
