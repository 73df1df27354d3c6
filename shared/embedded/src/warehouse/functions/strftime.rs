//! FORMAT_DATE and PARSE_DATE and the like: the elements of formats that begin with `%`.
//!
//! To add an element, add a branch in [`write`] and one in [`Reader::element`].

use super::times::{self, DAY, civil, days, print_date};
use super::{Outcome, integer};
use segue_model::calendar::{DAYS, MONTHS};

/// Calls the function `name`. `None` if it is in another module.
pub(super) fn call(name: &str, arguments: &[&str]) -> Option<Outcome> {
    let [format, value, zone] = arguments else { return None };
    if let Some(kind) = name.strip_prefix("format_") {
        return Some(formatted(format, value, zone, kind));
    }
    let kind = name.strip_prefix("parse_")?;
    Some(parsed(format, value, zone, kind))
}

fn formatted(format: &str, value: &str, zone: &str, kind: &str) -> Outcome {
    let micros = integer(value)?;
    let (local, offset) = if kind == "timestamp" {
        times::local(micros, zone).ok_or_else(|| format!("Invalid time zone: {zone}"))?
    } else {
        (micros, 0)
    };
    let mut out = String::new();
    let mut rest = format;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        let (element, next) = element(after);
        rest = next;
        write(&mut out, element, local, offset, if kind == "timestamp" { zone } else { "" });
    }
    out.push_str(rest);
    Ok(Some(out))
}

/// The element at the start of a text without its `%`, and the rest.
fn element(text: &str) -> (&str, &str) {
    let long = ["E*S", "E4Y", "E*f", "Ez_short", "Ez"].iter().find(|long| text.starts_with(**long));
    let length = match long {
        Some(long) => long.len(),
        None if is_digits(text) => 3,
        None if text.starts_with(['E', 'O']) => text.char_indices().nth(2).map_or(text.len(), |(at, _)| at),
        None => text.chars().next().map_or(0, char::len_utf8),
    };
    text.split_at_checked(length).unwrap_or((text, ""))
}

/// Whether a text begins like `E3S`.
fn is_digits(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next() == Some(b'E')
        && bytes.next().is_some_and(|byte| byte.is_ascii_digit())
        && bytes.next() == Some(b'S')
}

fn write(out: &mut String, element: &str, local: i64, offset: i64, zone: &str) {
    let day = local.div_euclid(DAY);
    let time = local.rem_euclid(DAY);
    let (year, month, of_month) = civil(day);
    let weekday = (day + 4).rem_euclid(7);
    let of_year = day - days(year, 1, 1);
    let (hour, minute, second) = (time / 3_600_000_000, time / 60_000_000 % 60, time / 1_000_000 % 60);
    let fraction = time % 1_000_000;
    let twelve = if hour % 12 == 0 { 12 } else { hour % 12 };
    let (iso_year, iso_week) = iso(day);
    let name = |list: &[&str], index: i64| {
        usize::try_from(index).ok().and_then(|index| list.get(index).copied()).unwrap_or_default().to_owned()
    };
    let short = |text: String| text.chars().take(3).collect::<String>();
    let sub = |formats: &[&str]| {
        let mut text = String::new();
        for own in formats {
            match own.strip_prefix('%') {
                Some(element) => write(&mut text, element, local, offset, zone),
                None => text.push_str(own),
            }
        }
        text
    };
    let zone_text = |colon: &str| {
        let minutes = offset.abs() / 60_000_000;
        format!("{}{:02}{colon}{:02}", if offset < 0 { '-' } else { '+' }, minutes / 60, minutes % 60)
    };
    let text = match element {
        "A" => name(&DAYS, (weekday + 6) % 7),
        "a" => short(name(&DAYS, (weekday + 6) % 7)),
        "B" => name(&MONTHS, month - 1),
        "b" | "h" => short(name(&MONTHS, month - 1)),
        "C" => format!("{:02}", year / 100),
        "c" => sub(&["%a", " ", "%b", " ", "%e", " ", "%T", " ", "%Y"]),
        "D" | "x" => sub(&["%m", "/", "%d", "/", "%y"]),
        "d" => format!("{of_month:02}"),
        "e" => format!("{of_month:2}"),
        "F" => print_date(day),
        "G" => format!("{iso_year}"),
        "g" => format!("{:02}", iso_year % 100),
        "H" => format!("{hour:02}"),
        "I" => format!("{twelve:02}"),
        "J" => format!("{:03}", day - iso_start(iso_year) + 1),
        "j" => format!("{:03}", of_year + 1),
        "k" => format!("{hour:2}"),
        "l" => format!("{twelve:2}"),
        "M" => format!("{minute:02}"),
        "m" => format!("{month:02}"),
        "n" => "\n".to_owned(),
        "P" => (if hour < 12 { "am" } else { "pm" }).to_owned(),
        "p" => (if hour < 12 { "AM" } else { "PM" }).to_owned(),
        "Q" => format!("{}", (month - 1) / 3 + 1),
        "R" => sub(&["%H", ":", "%M"]),
        "r" => sub(&["%I", ":", "%M", ":", "%S", " ", "%p"]),
        "S" => format!("{second:02}"),
        "s" => (local - offset).div_euclid(1_000_000).to_string(),
        "T" | "X" => sub(&["%H", ":", "%M", ":", "%S"]),
        "t" => "\t".to_owned(),
        "U" => format!("{:02}", (of_year + 7 - weekday) / 7),
        "u" => format!("{}", if weekday == 0 { 7 } else { weekday }),
        "V" => format!("{iso_week:02}"),
        "W" => format!("{:02}", (of_year + 7 - (weekday + 6) % 7) / 7),
        "w" => weekday.to_string(),
        "Y" => year.to_string(),
        "E4Y" => format!("{year:04}"),
        "y" => format!("{:02}", year % 100),
        "Z" => match (offset, zone) {
            (0, "UTC") => "UTC".to_owned(),
            (_, "") => "UTC".to_owned(),
            _ => format!("UTC{}", zone_text("").trim_end_matches("00").replace("+0", "+").replace("-0", "-")),
        },
        "z" => zone_text(""),
        "Ez" => zone_text(":"),
        "Ez_short" => zone_text(":").trim_end_matches(":00").to_owned(),
        "%" => "%".to_owned(),
        "E*S" => {
            let digits = format!("{fraction:06}");
            let digits = digits.trim_end_matches('0');
            if digits.is_empty() { format!("{second:02}") } else { format!("{second:02}.{digits}") }
        }
        other if is_digits(other) => {
            let count = other.as_bytes().get(1).map_or(0, |byte| usize::from(byte - b'0'));
            let digits: String = format!("{fraction:06}000").chars().take(count).collect();
            if count == 0 { format!("{second:02}") } else { format!("{second:02}.{digits}") }
        }
        other => format!("%{other}"),
    };
    out.push_str(&text);
}

/// The first day of a year in ISO 8601.
fn iso_start(year: i64) -> i64 {
    let fourth = days(year, 1, 4);
    fourth - (fourth + 3).rem_euclid(7)
}

/// The year and the week of a day in ISO 8601.
fn iso(day: i64) -> (i64, i64) {
    let (year, ..) = civil(day);
    let own = if day < iso_start(year) {
        year - 1
    } else if day >= iso_start(year + 1) {
        year + 1
    } else {
        year
    };
    (own, (day - iso_start(own)) / 7 + 1)
}

/// What a format has read so far.
#[derive(Default)]
struct Reader<'t> {
    rest: &'t str,
    year: Option<i64>,
    month: Option<i64>,
    day: Option<i64>,
    of_year: Option<i64>,
    century: Option<i64>,
    short_year: Option<i64>,
    week: Option<(char, i64)>,
    weekday: Option<i64>,
    iso_year: Option<i64>,
    hour: Option<i64>,
    twelve: Option<i64>,
    afternoon: Option<bool>,
    minute: i64,
    second: i64,
    fraction: i64,
    epoch: Option<i64>,
    offset: Option<i64>,
    zone: Option<String>,
}

impl<'t> Reader<'t> {
    fn number(&mut self, most: usize) -> Option<i64> {
        let blank = self.rest.trim_start();
        let length = blank.bytes().take(most).take_while(u8::is_ascii_digit).count();
        let (digits, rest) = blank.split_at_checked(length)?;
        self.rest = rest;
        digits.parse().ok()
    }

    fn within(&mut self, most: usize, low: i64, high: i64) -> Option<i64> {
        self.number(most).filter(|number| (low..=high).contains(number))
    }

    fn name(&mut self, list: &[&str]) -> Option<i64> {
        for (index, name) in list.iter().enumerate() {
            for own in [*name, name.get(..3).unwrap_or(name)] {
                let head = self.rest.get(..own.len());
                if head.is_some_and(|head| head.eq_ignore_ascii_case(own)) {
                    self.rest = self.rest.get(own.len()..)?;
                    return i64::try_from(index).ok();
                }
            }
        }
        None
    }

    fn sequence(&mut self, elements: &str) -> Option<()> {
        let mut rest = elements;
        while let Some(c) = rest.chars().next() {
            if let Some(after) = rest.strip_prefix('%') {
                let (own, next) = element(after);
                self.element(own)?;
                rest = next;
            } else if c.is_whitespace() {
                self.rest = self.rest.trim_start();
                rest = rest.get(c.len_utf8()..)?;
            } else {
                self.rest = self.rest.strip_prefix(c)?;
                rest = rest.get(c.len_utf8()..)?;
            }
        }
        Some(())
    }

    fn element(&mut self, element: &str) -> Option<()> {
        match element {
            "Y" | "E4Y" => self.year = Some(self.number(4)?),
            "y" => self.short_year = Some(self.number(2)?),
            "C" => self.century = Some(self.number(2)?),
            "m" => self.month = Some(self.within(2, 1, 12)?),
            "d" | "e" => self.day = Some(self.within(2, 1, 31)?),
            "j" => self.of_year = Some(self.within(3, 1, 366)?),
            "B" | "b" | "h" => self.month = Some(self.name(&MONTHS)? + 1),
            "A" | "a" => self.weekday = Some((self.name(&DAYS)? + 1) % 7),
            "w" => self.weekday = Some(self.within(1, 0, 6)?),
            "u" => self.weekday = Some(self.within(1, 1, 7)? % 7),
            "U" | "W" | "V" => {
                let kind = element.chars().next()?;
                self.week = Some((kind, self.within(2, 0, 53)?));
            }
            "G" => self.iso_year = Some(self.number(4)?),
            "F" => self.sequence("%Y-%m-%d")?,
            "D" | "x" => self.sequence("%m/%d/%y")?,
            "T" | "X" => self.sequence("%H:%M:%S")?,
            "R" => self.sequence("%H:%M")?,
            "c" => self.sequence("%a %b %e %H:%M:%S %Y")?,
            "H" | "k" => self.hour = Some(self.within(2, 0, 23)?),
            "I" | "l" => self.twelve = Some(self.within(2, 1, 12)?),
            "M" => self.minute = self.within(2, 0, 59)?,
            "S" => self.second = self.within(2, 0, 60)?,
            "p" | "P" => {
                let head = self.rest.get(..2)?.to_ascii_uppercase();
                self.afternoon = Some(match head.as_str() {
                    "AM" => false,
                    "PM" => true,
                    _ => return None,
                });
                self.rest = self.rest.get(2..)?;
            }
            "Q" => {
                let quarter = self.within(1, 1, 4)?;
                self.month = Some(quarter * 3 - 2);
            }
            "s" => {
                let negative = self.rest.starts_with('-');
                self.rest = self.rest.strip_prefix('-').unwrap_or(self.rest);
                let number = self.number(12)?;
                self.epoch = Some(if negative { -number } else { number });
            }
            "z" | "Ez" => {
                if let Some(rest) = self.rest.strip_prefix(['Z', 'z']) {
                    self.rest = rest;
                    self.offset = Some(0);
                    return Some(());
                }
                let sign = match self.rest.chars().next()? {
                    '+' => 1,
                    '-' => -1,
                    _ => return None,
                };
                self.rest = self.rest.get(1..)?;
                let hours = self.number(2)?;
                self.rest = self.rest.strip_prefix(':').unwrap_or(self.rest);
                let minutes = self.number(2).unwrap_or_default();
                self.offset = Some(sign * (hours * 60 + minutes) * 60_000_000);
            }
            "Z" => {
                let length = self.rest.find(char::is_whitespace).unwrap_or(self.rest.len());
                let (zone, rest) = self.rest.split_at_checked(length)?;
                self.rest = rest;
                self.zone = Some(zone.to_owned());
            }
            "n" | "t" => self.rest = self.rest.trim_start(),
            "%" => self.rest = self.rest.strip_prefix('%')?,
            "E*S" => self.seconds(9)?,
            other if is_digits(other) => {
                let count = other.as_bytes().get(1).map_or(0, |byte| usize::from(byte - b'0'));
                self.seconds(count)?;
            }
            _ => return None,
        }
        Some(())
    }

    fn seconds(&mut self, most: usize) -> Option<()> {
        self.second = self.within(2, 0, 60)?;
        let Some(rest) = self.rest.strip_prefix('.').filter(|_| most > 0) else { return Some(()) };
        let length = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
        let (digits, rest) = rest.split_at_checked(length)?;
        let padded: String = digits.chars().chain("000000".chars()).take(6).collect();
        self.fraction = padded.parse().ok()?;
        self.rest = rest;
        Some(())
    }

    /// The days since 1970. Parts that are missing are those of 1970-01-01.
    fn day(&self) -> Option<i64> {
        let year = match (self.year, self.short_year, self.century) {
            (Some(year), ..) => year,
            (None, Some(short), Some(century)) => century * 100 + short,
            (None, Some(short), None) => {
                if short < 69 {
                    2000 + short
                } else {
                    1900 + short
                }
            }
            (None, None, Some(century)) => century * 100,
            _ => 1970,
        };
        if let (Some(iso_year), Some(('V', week))) = (self.iso_year, self.week) {
            let weekday = self.weekday.map_or(0, |day| (day + 6) % 7);
            return Some(iso_start(iso_year) + (week - 1) * 7 + weekday);
        }
        if let Some(of_year) = self.of_year {
            let day = days(year, 1, 1) + of_year - 1;
            return (civil(day).0 == year).then_some(day);
        }
        if let Some((kind @ ('U' | 'W'), week)) = self.week {
            let first = days(year, 1, 1);
            let start = (first + 4).rem_euclid(7);
            let (shift, weekday) = if kind == 'U' {
                (start, self.weekday.unwrap_or_default())
            } else {
                ((start + 6) % 7, self.weekday.map_or(0, |day| (day + 6) % 7))
            };
            let offset = if shift == 0 { 0 } else { 7 - shift };
            return Some(first + offset + (week - 1) * 7 + weekday);
        }
        times::valid_days(year, self.month.unwrap_or(1), self.day.unwrap_or(1))
    }

    fn time(&self) -> i64 {
        let hour = match (self.hour, self.twelve, self.afternoon) {
            (Some(hour), ..) => hour,
            (None, Some(hour), afternoon) => hour % 12 + if afternoon == Some(true) { 12 } else { 0 },
            _ => 0,
        };
        ((hour * 60 + self.minute) * 60 + self.second) * 1_000_000 + self.fraction
    }
}

fn parsed(format: &str, text: &str, zone: &str, kind: &str) -> Outcome {
    let failed = || format!("Failed to parse input string \"{text}\"");
    let mut reader = Reader { rest: text.trim_start(), ..Reader::default() };
    reader.sequence(format).ok_or_else(failed)?;
    if !reader.rest.trim_end().is_empty() {
        return Err(failed());
    }
    if let Some(epoch) = reader.epoch {
        return Ok(Some((epoch * 1_000_000).to_string()));
    }
    let time = reader.time();
    let micros = match kind {
        "time" => time % DAY,
        "date" => reader.day().ok_or_else(failed)? * DAY,
        "datetime" => reader.day().ok_or_else(failed)? * DAY + time,
        _ => {
            let local = reader.day().ok_or_else(failed)? * DAY + time;
            match (reader.offset, &reader.zone) {
                (Some(offset), _) => local - offset,
                (None, Some(own)) => times::in_zone(local, own).ok_or_else(failed)?,
                (None, None) => {
                    times::in_zone(local, zone).ok_or_else(|| format!("Invalid time zone: {zone}"))?
                }
            }
        }
    };
    Ok(Some(micros.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_written() {
        let day = (days(2024, 5, 1) * DAY + 3_723_004_500).to_string();
        for (format, text) in [
            ("%F %T", "2024-05-01 01:02:03"),
            ("%e|%k|%l", " 1| 1| 1"),
            ("%E3S %E*S", "03.004 03.0045"),
            ("%A %a %B %b %j %Q %U %W %V %G", "Wednesday Wed May May 122 2 17 18 18 2024"),
            ("%p %Z %z %Ez %%", "AM UTC +0000 +00:00 %"),
        ] {
            assert_eq!(formatted(format, &day, "UTC", "timestamp").unwrap().as_deref(), Some(text));
        }
    }

    #[test]
    fn texts_are_read() {
        let read = |format: &str, text: &str, kind: &str| {
            parsed(format, text, "UTC", kind)
                .map(|micros| times::print_datetime(micros.unwrap().parse().unwrap()))
        };
        assert_eq!(read("%Y%m%d", "20210305", "date").unwrap(), "2021-03-05 00:00:00");
        assert_eq!(read("%m/%d/%y %I:%M %p", "3/5/21 1:30 PM", "datetime").unwrap(), "2021-03-05 13:30:00");
        assert_eq!(
            read("%FT%T%Ez", "2021-03-05T10:00:00+02:00", "timestamp").unwrap(),
            "2021-03-05 08:00:00"
        );
        assert!(read("%F", "2021-02-30", "date").is_err() && read("%F", "2021-02-03x", "date").is_err());
    }
}
