//! The slots of a trigger: the times of a cron expression in a time zone, or a list of dates.
//!
//! Between two clock changes, a zone has a constant offset. The search visits one such stretch of time after the other.
//! In a stretch, it follows the wall clock. At a clock change (docs/kestra.md 5.2):
//! - A cron with restricted hours follows the wall clock. A slot in the skipped hour happens once, at the moment after
//!   the hour. A slot in the repeated hour happens once, the first time.
//! - A cron of every hour follows elapsed time. It ignores slots in the skipped hour, and continues through both
//!   repeated hours.

mod walk;

use croner::Cron;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};
use segue_model::cron::{has_a_day, parse_cron};
use thiserror::Error;

/// How far a search goes before it gives up. A leap day on a given weekday comes every 28 years, or after 40 years if
/// the year 1900 or 2100 is in between.
const FARTHEST: SignedDuration = SignedDuration::from_hours(41 * 366 * 24);

/// Why a trigger has no calendar.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CalendarError {
    /// The cron expression is invalid.
    #[error("{0}")]
    Cron(String),
    /// The time zone does not exist.
    #[error("unknown time zone '{0}': give one such as Europe/Paris, UTC or +02:00")]
    TimeZone(String),
    /// A date is invalid.
    #[error("{0}")]
    Date(String),
}

/// The slots of a trigger.
#[derive(Clone, Debug)]
pub struct Calendar {
    slots: Slots,
    zone: TimeZone,
}

#[derive(Clone, Debug)]
enum Slots {
    Cron {
        cron: Box<Cron>,
        /// Whether the cron follows elapsed time instead of the wall clock.
        every_hour: bool,
    },
    /// The dates in order, each once.
    Dates(Vec<Timestamp>),
}

/// The zone with this id. UTC if none is named.
pub(super) fn zone(id: Option<&str>) -> Result<TimeZone, CalendarError> {
    match id {
        None => Ok(TimeZone::UTC),
        Some(id) => segue_template::time_zone(id).ok_or_else(|| CalendarError::TimeZone(id.to_owned())),
    }
}

impl Calendar {
    /// The slots of a cron expression in a zone.
    ///
    /// # Errors
    /// [`CalendarError`].
    pub fn of_cron(cron: &str, with_seconds: bool, time_zone: Option<&str>) -> Result<Self, CalendarError> {
        let cron = parse_cron(cron, with_seconds).map_err(CalendarError::Cron)?;
        let every_hour = (0..24).all(|hour| cron.pattern.hour_match(hour).unwrap_or(false));
        let slots = if has_a_day(&cron) {
            Slots::Cron { cron: Box::new(cron), every_hour }
        } else {
            Slots::Dates(Vec::new())
        };
        Ok(Self { slots, zone: zone(time_zone)? })
    }

    /// The slots of a list of dates. Fractions of seconds are cut off. Each slot occurs once.
    pub fn from_dates(dates: impl IntoIterator<Item = Timestamp>, zone: TimeZone) -> Self {
        let whole = |date: Timestamp| Timestamp::from_second(date.as_second()).unwrap_or(date);
        let mut dates: Vec<Timestamp> = dates.into_iter().map(whole).collect();
        dates.sort_unstable();
        dates.dedup();
        Self { slots: Slots::Dates(dates), zone }
    }

    /// The zone of the slots.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The first slot after a time.
    pub fn next(&self, after: Timestamp) -> Option<Timestamp> {
        self.first_from(after.checked_add(SignedDuration::from_nanos(1)).ok()?)
    }

    /// The first slot at a time or later.
    pub fn first_from(&self, moment: Timestamp) -> Option<Timestamp> {
        let (cron, every_hour) = match &self.slots {
            Slots::Dates(dates) => return dates.iter().find(|date| **date >= moment).copied(),
            Slots::Cron { cron, every_hour } => (cron, *every_hour),
        };
        let mut from = ceiling(moment)?;
        let limit = from.checked_add(FARTHEST).unwrap_or(Timestamp::MAX);
        while from <= limit {
            let stretch = Stretch::around(&self.zone, from);
            if stretch.starts_at(from) && !every_hour && stretch.skips_a_slot_of(cron) {
                return Some(from);
            }
            let wall = stretch.wall(from).max(stretch.first_wall(every_hour)?);
            let found = cron.find_next_occurrence(&wall, true).ok()?;
            match stretch.moment(found) {
                Some(found) if found > limit => return None,
                Some(found) if stretch.end.is_none_or(|end| found < end) => return Some(found),
                _ => from = stretch.end?,
            }
        }
        None
    }

    /// The last slot before a time.
    pub fn previous(&self, before: Timestamp) -> Option<Timestamp> {
        self.last_until(before.checked_sub(SignedDuration::from_nanos(1)).ok()?)
    }

    /// The last slot at a time or earlier.
    pub fn last_until(&self, moment: Timestamp) -> Option<Timestamp> {
        let (cron, every_hour) = match &self.slots {
            Slots::Dates(dates) => return dates.iter().rev().find(|date| **date <= moment).copied(),
            Slots::Cron { cron, every_hour } => (cron, *every_hour),
        };
        let mut until = floor(moment)?;
        let limit = until.checked_sub(FARTHEST).unwrap_or(Timestamp::MIN);
        while until >= limit {
            let stretch = Stretch::around(&self.zone, until);
            let found = cron.find_previous_occurrence(&stretch.wall(until), true).ok();
            let first = stretch.first_wall(every_hour)?;
            if let Some(found) = found.filter(|found| *found >= first) {
                return stretch.moment(found).filter(|found| *found >= limit);
            }
            let start = stretch.start?.at;
            if !every_hour && stretch.skips_a_slot_of(cron) {
                return Some(start);
            }
            until = start.checked_sub(SignedDuration::from_secs(1)).ok()?;
        }
        None
    }

    /// The slots between two times, both included.
    pub fn between(&self, start: Timestamp, end: Timestamp) -> impl Iterator<Item = Timestamp> + '_ {
        walk::Walk::new(self, self.first_from(start)).take_while(move |slot| *slot <= end)
    }

    /// Whether a time is a slot.
    pub fn has(&self, moment: Timestamp) -> bool {
        self.first_from(moment) == Some(moment)
    }
}

/// A stretch of time in which a zone has a constant offset.
struct Stretch {
    offset: Offset,
    /// The clock change at its first moment. `None` if the zone has always had this offset.
    start: Option<Change>,
    /// The first moment after the stretch. `None` if the stretch has no end.
    end: Option<Timestamp>,
}

/// A change of the clock.
#[derive(Clone, Copy)]
struct Change {
    at: Timestamp,
    /// The offset before the change.
    before: Offset,
}

impl Stretch {
    fn around(zone: &TimeZone, moment: Timestamp) -> Self {
        let after = moment.checked_add(SignedDuration::from_nanos(1)).unwrap_or(moment);
        let start = zone.preceding(after).next().map(|change| {
            let at = change.timestamp();
            let before = at.checked_sub(SignedDuration::from_nanos(1)).unwrap_or(at);
            Change { at, before: zone.to_offset(before) }
        });
        Self {
            offset: zone.to_offset(moment),
            start,
            end: zone.following(moment).next().map(|change| change.timestamp()),
        }
    }

    fn starts_at(&self, moment: Timestamp) -> bool {
        self.start.is_some_and(|start| start.at == moment)
    }

    /// The wall clock at a time.
    fn wall(&self, moment: Timestamp) -> DateTime {
        self.offset.to_datetime(moment)
    }

    fn moment(&self, wall: DateTime) -> Option<Timestamp> {
        self.offset.to_timestamp(wall).ok()
    }

    /// The first wall clock time of the stretch that counts. A cron that follows the wall clock ignores times that the
    /// last stretch has already shown.
    fn first_wall(&self, every_hour: bool) -> Option<DateTime> {
        let Some(start) = self.start else { return Some(DateTime::MIN) };
        let first = self.wall(start.at);
        Some(if every_hour { first } else { first.max(start.before.to_datetime(start.at)) })
    }

    /// Whether the clock change at the start skips a slot.
    fn skips_a_slot_of(&self, cron: &Cron) -> bool {
        let Some(start) = self.start else { return false };
        let (skipped, shown) = (start.before.to_datetime(start.at), self.wall(start.at));
        skipped < shown && cron.find_next_occurrence(&skipped, true).is_ok_and(|found| found < shown)
    }
}

/// The moment itself if it is a whole second, or else the next whole second.
fn ceiling(moment: Timestamp) -> Option<Timestamp> {
    let second = moment.as_nanosecond().div_euclid(1_000_000_000);
    let rest = moment.as_nanosecond().rem_euclid(1_000_000_000);
    Timestamp::from_second(i64::try_from(second).ok()? + i64::from(rest > 0)).ok()
}

/// The moment itself if it is a whole second, or else the last whole second before it.
fn floor(moment: Timestamp) -> Option<Timestamp> {
    Timestamp::from_second(i64::try_from(moment.as_nanosecond().div_euclid(1_000_000_000)).ok()?).ok()
}

#[cfg(test)]
mod tests;
