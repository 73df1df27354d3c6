//! The slot that a person names: a moment, or a day.

use super::calendar::Calendar;
use super::dates::offset_text;
use jiff::Timestamp;
use jiff::civil::Date;
use std::fmt;

/// The most slots of a day that an error lists.
const MOST_LISTED: usize = 3;

/// The slot that a request names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamedSlot {
    /// A moment.
    At(Timestamp),
    /// The only slot of a day in the zone of the schedule, or the slot at the start of that day.
    On(Date),
}

impl fmt::Display for NamedSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(moment) => moment.fmt(f),
            Self::On(day) => day.fmt(f),
        }
    }
}

impl NamedSlot {
    /// Reads a day such as `2024-03-01`, or a moment with an offset such as `2024-03-01T09:00:00Z`.
    ///
    /// # Errors
    /// Why the text is neither.
    pub fn parse(text: &str) -> Result<Self, String> {
        let is_day = text.len() == "2024-03-01".len();
        match (text.parse::<Date>(), text.parse::<Timestamp>()) {
            (Ok(day), _) if is_day => Ok(Self::On(day)),
            (_, Ok(moment)) => Ok(Self::At(moment)),
            _ => Err("write a day such as 2024-03-01, or a moment such as 2024-03-01T09:00:00Z".to_owned()),
        }
    }

    /// The slot of a schedule that has this name.
    ///
    /// # Errors
    /// Why the schedule has no such slot, or has several, with the slots that can be named.
    pub fn resolve(self, calendar: &Calendar, trigger: &str) -> Result<Timestamp, String> {
        let text = |slot| offset_text(slot, calendar.zone());
        let near = |moment| {
            let near = [calendar.previous(moment), calendar.next(moment)];
            near.map(|slot| slot.map_or("none".into(), text)).join(" and ")
        };
        let day = match self {
            Self::At(moment) if calendar.has(moment) => return Ok(moment),
            Self::At(moment) => {
                return Err(format!(
                    "{} is not a slot of the Schedule '{trigger}'; the nearest slots are {}",
                    text(moment),
                    near(moment)
                ));
            }
            Self::On(day) => day,
        };
        let start = |day: Date| day.to_zoned(calendar.zone().clone()).map(|start| start.timestamp());
        let (Ok(from), Ok(until)) = (start(day), day.tomorrow().and_then(start)) else {
            return Err(format!("{day} is too far away"));
        };
        if calendar.has(from) {
            return Ok(from);
        }
        let slots = std::iter::successors(calendar.first_from(from), |last| calendar.next(*last));
        let slots: Vec<Timestamp> = slots.take_while(|slot| *slot < until).take(MOST_LISTED + 1).collect();
        match slots.as_slice() {
            [only] => Ok(*only),
            [] => Err(format!(
                "the Schedule '{trigger}' has no slot on {day}; the nearest slots are {}",
                near(from)
            )),
            several => {
                let listed: Vec<String> = several.iter().take(MOST_LISTED).map(|slot| text(*slot)).collect();
                let more = if several.len() > MOST_LISTED { ", …" } else { "" };
                Err(format!(
                    "the Schedule '{trigger}' has several slots on {day}; name one of them with its time: {}{more}",
                    listed.join(", ")
                ))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_named_by_its_moment_or_its_day() {
        let calendar = Calendar::of_cron("0 9,18 1 * *", false, Some("Europe/Berlin")).unwrap();
        let of = |text: &str| NamedSlot::parse(text)?.resolve(&calendar, "s").map(|slot| slot.to_string());
        assert_eq!(of("2024-03-01T09:00:00+01:00"), Ok("2024-03-01T08:00:00Z".to_owned()));
        for (text, why) in [
            ("2024-03-01", "several slots on 2024-03-01"),
            (
                "2024-03-02",
                "no slot on 2024-03-02; the nearest slots are 2024-03-01T18:00:00+01:00 and 2024-04-01",
            ),
            ("2024-03-01T09:00:00Z", "is not a slot of the Schedule 's'"),
            ("March", "write a day such as 2024-03-01"),
        ] {
            assert!(of(text).unwrap_err().contains(why), "{text}: {:?}", of(text));
        }
        let calendar = Calendar::of_cron("0 9 1 * *", false, None).unwrap();
        let only = NamedSlot::parse("2024-03-01").unwrap().resolve(&calendar, "s").unwrap();
        assert_eq!(only.to_string(), "2024-03-01T09:00:00Z");
    }
}
