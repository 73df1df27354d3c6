//! Formats a time with the parts of a pattern.

use super::names::{Names, long_zone};
use super::pattern::Part;
use jiff::Zoned;
use jiff::tz::Offset;
use std::fmt::Write as _;

/// The text of a time.
pub(super) fn write(moment: &Zoned, parts: &[Part], names: &Names) -> String {
    let mut out = String::new();
    for part in parts {
        match part {
            Part::Literal(text) => out.push_str(text),
            Part::Field(letter, count, pad) => {
                let text = field(moment, *letter, *count, names);
                let missing = pad.saturating_sub(text.chars().count());
                out.push_str(&" ".repeat(missing));
                out.push_str(&text);
            }
            // A time has every field, so optional parts are always written.
            Part::OptionalStart | Part::OptionalEnd => {}
        }
    }
    out
}

fn field(moment: &Zoned, letter: char, count: usize, names: &Names) -> String {
    let number = |value: i64| format!("{value:0count$}");
    let hour = i64::from(moment.hour());
    match letter {
        'G' if count == 5 => if moment.year() > 0 { "A" } else { "B" }.to_owned(),
        'G' if count == 4 => if moment.year() > 0 { "Anno Domini" } else { "Before Christ" }.to_owned(),
        'G' => if moment.year() > 0 { "AD" } else { "BC" }.to_owned(),
        'y' => year(if moment.year() > 0 { moment.year() } else { 1 - moment.year() }, count),
        'u' => year(moment.year(), count),
        'Y' => year(moment.date().iso_week_date().year(), count),
        'Q' | 'q' => quarter(i64::from((moment.month() - 1) / 3 + 1), count),
        'M' | 'L' => word(i64::from(moment.month()), count, &names.short_months, &names.months),
        'w' => number(i64::from(moment.date().iso_week_date().week())),
        'W' => number(week_of_month(moment)),
        'D' => number(i64::from(moment.day_of_year())),
        'd' => number(i64::from(moment.day())),
        'F' => number(i64::from((moment.day() - 1) / 7 + 1)),
        'E' => word(weekday(moment), count.max(3), &names.short_days, &names.days),
        'e' | 'c' => word(weekday(moment), count, &names.short_days, &names.days),
        'a' => pick(&names.halves, hour / 12).to_owned(),
        'B' => match hour {
            0..6 => "at night",
            6..12 => "in the morning",
            12..18 => "in the afternoon",
            18..21 => "in the evening",
            _ => "at night",
        }
        .to_owned(),
        'h' => number((hour + 11) % 12 + 1),
        'K' => number(hour % 12),
        'k' => number((hour + 23) % 24 + 1),
        'H' => number(hour),
        'm' => number(i64::from(moment.minute())),
        's' => number(i64::from(moment.second())),
        'S' => format!("{:09}", moment.subsec_nanosecond()).chars().take(count).collect(),
        'A' => number(nano_of_day(moment) / 1_000_000),
        'n' => number(i64::from(moment.subsec_nanosecond())),
        'N' => number(nano_of_day(moment)),
        'V' => zone_id(moment),
        'z' | 'v' => zone_name(moment, count, names),
        'O' => localized_offset(moment.offset(), count == 4),
        'X' if moment.offset().seconds() == 0 => "Z".to_owned(),
        'X' | 'x' => offset(moment.offset(), count),
        // The letter 'Z'.
        _ => match count {
            4 => localized_offset(moment.offset(), true),
            5 if moment.offset().seconds() == 0 => "Z".to_owned(),
            5 => offset(moment.offset(), 5),
            _ => offset(moment.offset(), 2),
        },
    }
}

/// The short or full word at `value`, which counts from 1. Few repetitions of the letter give a number instead.
fn word(value: i64, count: usize, short: &[&str], full: &[&str]) -> String {
    match count {
        1 | 2 => format!("{value:0count$}"),
        3 => pick(short, value - 1).to_owned(),
        4 => pick(full, value - 1).to_owned(),
        _ => pick(full, value - 1).chars().next().map(|c| c.to_uppercase().to_string()).unwrap_or_default(),
    }
}

fn pick<'n>(names: &[&'n str], place: i64) -> &'n str {
    usize::try_from(place).ok().and_then(|place| names.get(place).copied()).unwrap_or_default()
}

fn quarter(value: i64, count: usize) -> String {
    match count {
        1 | 2 => format!("{value:0count$}"),
        3 => format!("Q{value}"),
        4 => format!("{} quarter", pick(&["1st", "2nd", "3rd", "4th"], value - 1)),
        _ => value.to_string(),
    }
}

fn year(year: i16, count: usize) -> String {
    if count == 2 {
        return format!("{:02}", year.rem_euclid(100));
    }
    let sign = if year < 0 { "-" } else { "" };
    format!("{sign}{:0count$}", year.unsigned_abs())
}

/// The day of the week, from 1 (Monday) to 7.
pub(super) fn weekday(moment: &Zoned) -> i64 {
    i64::from(moment.weekday().to_monday_one_offset())
}

/// The week of the month. Weeks begin on Monday. The first week has at least four days of the month.
fn week_of_month(moment: &Zoned) -> i64 {
    let day = i64::from(moment.day());
    let first = (weekday(moment) - day).rem_euclid(7);
    let (whole, offset) = if first <= 3 { (1, first) } else { (0, first) };
    (day - 1 + offset) / 7 + whole
}

fn nano_of_day(moment: &Zoned) -> i64 {
    let seconds =
        (i64::from(moment.hour()) * 60 + i64::from(moment.minute())) * 60 + i64::from(moment.second());
    seconds * 1_000_000_000 + i64::from(moment.subsec_nanosecond())
}

/// The id of the zone, such as `Europe/Paris`. The offset if the zone has no name.
pub(super) fn zone_id(moment: &Zoned) -> String {
    match moment.time_zone().iana_name() {
        Some(name) => name.to_owned(),
        None if moment.offset().seconds() == 0 => "Z".to_owned(),
        None => offset(moment.offset(), 5),
    }
}

fn zone_name(moment: &Zoned, count: usize, names: &Names) -> String {
    let info = moment.time_zone().to_offset_info(moment.timestamp());
    let short = info.abbreviation().to_owned();
    let Some(id) = moment.time_zone().iana_name() else { return zone_id(moment) };
    if count == 4 {
        if short == "UTC" {
            return names.utc.to_owned();
        }
        return long_zone(id, &short).map_or(short, str::to_owned);
    }
    short
}

/// Writes an offset as `+HH`, `+HHMM`, `+HH:MM` or with seconds. `count` is the number of repetitions of the letter and
/// chooses the form.
pub(super) fn offset(offset: Offset, count: usize) -> String {
    let total = offset.seconds();
    let sign = if total < 0 { '-' } else { '+' };
    let total = total.unsigned_abs();
    let (hours, minutes, seconds) = (total / 3600, total / 60 % 60, total % 60);
    let colon = if matches!(count, 3 | 5) { ":" } else { "" };
    let mut out = format!("{sign}{hours:02}");
    // Writing to a String cannot fail.
    if count > 1 || minutes > 0 {
        let _ = write!(out, "{colon}{minutes:02}");
    }
    if count > 3 && seconds > 0 {
        let _ = write!(out, "{colon}{seconds:02}");
    }
    out
}

fn localized_offset(at: Offset, full: bool) -> String {
    let total = at.seconds();
    if total == 0 {
        return "GMT".to_owned();
    }
    if full {
        return format!("GMT{}", offset(at, 5));
    }
    let sign = if total < 0 { '-' } else { '+' };
    let (hours, minutes) = (total.unsigned_abs() / 3600, total.unsigned_abs() / 60 % 60);
    if minutes == 0 { format!("GMT{sign}{hours}") } else { format!("GMT{sign}{hours}:{minutes:02}") }
}
