//! CAST with FORMAT between texts and dates or times: the elements `YYYY`, `MON`, `HH24`, …
//!
//! To add an element, add it to [`ELEMENTS`], a branch in [`write`] and one in [`Found::read`].

use super::times::{self, DAY, civil, days, valid_days};
use super::{Outcome, integer};
use segue_model::calendar::{DAYS, MONTHS};

/// All elements, each before the ones that it begins with. The second part says what it is about.
const ELEMENTS: &[(&str, Part)] = &[
    ("YYYY", Part::Date),
    ("YYY", Part::Date),
    ("YY", Part::Date),
    ("Y", Part::Date),
    ("RRRR", Part::Date),
    ("RR", Part::Date),
    ("MONTH", Part::Date),
    ("MON", Part::Date),
    ("MM", Part::Date),
    ("MI", Part::Time),
    ("DDD", Part::Date),
    ("DD", Part::Date),
    ("DAY", Part::Date),
    ("DY", Part::Date),
    ("D", Part::Date),
    ("HH24", Part::Time),
    ("HH12", Part::Time),
    ("HH", Part::Time),
    ("SSSSS", Part::Time),
    ("SS", Part::Time),
    ("FF1", Part::Time),
    ("FF2", Part::Time),
    ("FF3", Part::Time),
    ("FF4", Part::Time),
    ("FF5", Part::Time),
    ("FF6", Part::Time),
    ("FF7", Part::Time),
    ("FF8", Part::Time),
    ("FF9", Part::Time),
    ("A.M.", Part::Time),
    ("P.M.", Part::Time),
    ("AM", Part::Time),
    ("PM", Part::Time),
    ("TZH", Part::Zone),
    ("TZM", Part::Zone),
];

/// What an element is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Date,
    Time,
    Zone,
}

/// A piece of a format.
enum Piece<'f> {
    /// An element in capitals, and as written.
    Element(&'static str, &'f str),
    Text(&'f str),
    Blank,
}

/// Calls the function `name`. `None` if it is in another module.
pub(super) fn call(name: &str, arguments: &[&str]) -> Option<Outcome> {
    match (name, arguments) {
        ("cast_write", [format, micros, zone, kind]) => Some(written(format, micros, zone, kind)),
        ("cast_read", [format, text, zone, kind, today]) => {
            Some(read(format, text, zone, kind, today).map(|micros| Some(micros.to_string())))
        }
        _ => None,
    }
}

/// The pieces of a format for values of this kind: DATE, DATETIME, TIME or TIMESTAMP.
fn pieces<'f>(format: &'f str, kind: &str) -> Result<Vec<Piece<'f>>, String> {
    let mut found = Vec::new();
    let mut rest = format;
    while let Some(first) = rest.chars().next() {
        let begins = |name: &str| rest.get(..name.len()).is_some_and(|own| own.eq_ignore_ascii_case(name));
        let (piece, length) = if let Some((name, part)) = ELEMENTS.iter().find(|(name, _)| begins(name)) {
            let fits = match part {
                Part::Date => kind != "TIME",
                Part::Time => kind != "DATE",
                Part::Zone => kind == "TIMESTAMP",
            };
            if !fits {
                return Err(format!("Format element '{name}' is not supported for {kind}"));
            }
            (Piece::Element(name, rest.get(..name.len()).unwrap_or_default()), name.len())
        } else if first == '"' {
            let inner = rest.get(1..).and_then(|rest| rest.split_once('"')).map(|(inner, _)| inner);
            let inner = inner.ok_or("A text in quotes has no end in the format")?;
            (Piece::Text(inner), inner.len() + 2)
        } else if first.is_whitespace() {
            (Piece::Blank, rest.len() - rest.trim_start().len())
        } else if "-./,';:".contains(first) {
            (Piece::Text(rest.get(..1).unwrap_or_default()), 1)
        } else {
            return Err(format!("Cannot find matched format element in '{rest}'"));
        };
        // Blanks in a row are written as they are.
        if matches!(piece, Piece::Blank) {
            found.push(Piece::Blank);
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
        } else {
            found.push(piece);
            rest = rest.get(length..).unwrap_or_default();
        }
    }
    Ok(found)
}

/// A name in the case of the element: `MONTH` JANUARY, `Month` January, `month` january.
fn cased(name: &str, written: &str) -> String {
    let mut letters = written.chars();
    let (first, second) = (letters.next().unwrap_or('A'), letters.find(|c| c.is_alphabetic()).unwrap_or('A'));
    match (first.is_uppercase(), second.is_uppercase()) {
        (true, true) => name.to_uppercase(),
        (true, false) => name.to_owned(),
        _ => name.to_lowercase(),
    }
}

fn written(format: &str, micros: &str, zone: &str, kind: &str) -> Outcome {
    let micros = integer(micros)?;
    let (local, offset) = if kind == "TIMESTAMP" {
        times::local(micros, zone).ok_or_else(|| format!("Invalid time zone: {zone}"))?
    } else {
        (micros, 0)
    };
    let mut out = String::new();
    for piece in pieces(format, kind)? {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Blank => out.push(' '),
            Piece::Element(name, own) => write(&mut out, name, own, local, offset),
        }
    }
    Ok(Some(out))
}

fn write(out: &mut String, name: &str, own: &str, local: i64, offset: i64) {
    let day = local.div_euclid(DAY);
    let (year, month, of_month) = civil(day);
    let micros = local.rem_euclid(DAY);
    let seconds = micros / 1_000_000;
    let hour = seconds / 3600;
    let name_of = |names: &[&'static str], index: i64| {
        names.get(usize::try_from(index).unwrap_or_default()).copied().unwrap_or_default()
    };
    // 1970 began on a Thursday.
    let (weekday, from_sunday) = ((day + 3).rem_euclid(7), (day + 4).rem_euclid(7));
    let short = |name: &'static str| name.get(..3).unwrap_or(name);
    out.push_str(&match name {
        "YYYY" | "RRRR" => format!("{year:04}"),
        "YYY" => format!("{:03}", year % 1000),
        "YY" | "RR" => format!("{:02}", year % 100),
        "Y" => (year % 10).to_string(),
        "MONTH" => cased(name_of(&MONTHS, month - 1), own),
        "MON" => cased(short(name_of(&MONTHS, month - 1)), own),
        "MM" => format!("{month:02}"),
        "DDD" => format!("{:03}", day - days(year, 1, 1) + 1),
        "DD" => format!("{of_month:02}"),
        "DAY" => cased(name_of(&DAYS, weekday), own),
        "DY" => cased(short(name_of(&DAYS, weekday)), own),
        "D" => (from_sunday + 1).to_string(),
        "HH24" => format!("{hour:02}"),
        "HH12" | "HH" => format!("{:02}", (hour + 11) % 12 + 1),
        "MI" => format!("{:02}", seconds / 60 % 60),
        "SS" => format!("{:02}", seconds % 60),
        "SSSSS" => format!("{seconds:05}"),
        "AM" | "PM" => cased(if hour < 12 { "Am" } else { "Pm" }, own),
        "A.M." | "P.M." => cased(if hour < 12 { "A.m." } else { "P.m." }, own),
        "TZH" => format!("{}{:02}", if offset < 0 { '-' } else { '+' }, offset.abs() / 3_600_000_000),
        "TZM" => format!("{:02}", offset.abs() / 60_000_000 % 60),
        fraction => {
            let digits: usize = fraction.get(2..).and_then(|digits| digits.parse().ok()).unwrap_or_default();
            format!("{:06}000", micros % 1_000_000).chars().take(digits).collect()
        }
    });
}

/// The parts that a text has.
#[derive(Default)]
struct Found {
    year: Option<i64>,
    month: Option<i64>,
    day: Option<i64>,
    of_year: Option<i64>,
    hour: i64,
    half: Option<bool>,
    is_twelve: bool,
    minute: i64,
    second: i64,
    micros: i64,
    /// Hours and minutes of the time zone.
    zone: Option<(i64, i64, i64)>,
}

/// Takes up to `most` digits from the beginning of a text.
fn digits(text: &mut &str, most: usize) -> Option<i64> {
    let length = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    let (own, rest) = text.split_at_checked(length)?;
    *text = rest;
    own.parse().ok()
}

/// Takes one of the names, or their first three letters, from the beginning of a text. Returns its number from 1.
fn named(text: &mut &str, names: &[&'static str], is_short: bool) -> Option<i64> {
    let (index, length) = names.iter().enumerate().find_map(|(index, name)| {
        let wanted = if is_short { name.get(..3).unwrap_or(name) } else { name };
        let own = text.get(..wanted.len())?;
        own.eq_ignore_ascii_case(wanted).then_some((index, wanted.len()))
    })?;
    *text = text.get(length..).unwrap_or_default();
    i64::try_from(index + 1).ok()
}

impl Found {
    /// Takes one element from the beginning of a text. `None` if it is not there.
    fn read(&mut self, name: &str, text: &mut &str, now: i64) -> Option<()> {
        match name {
            "YYYY" | "RRRR" => self.year = Some(digits(text, 4)?),
            "YYY" => self.year = Some(now / 1000 * 1000 + digits(text, 3)?),
            "YY" => self.year = Some(now / 100 * 100 + digits(text, 2)?),
            "Y" => self.year = Some(now / 10 * 10 + digits(text, 1)?),
            "RR" => {
                let own = digits(text, 2)?;
                let century = now / 100 + i64::from(now % 100 >= 50 && own < 50)
                    - i64::from(now % 100 < 50 && own >= 50);
                self.year = Some(century * 100 + own);
            }
            "MONTH" => self.month = Some(named(text, &MONTHS, false)?),
            "MON" => self.month = Some(named(text, &MONTHS, true)?),
            "MM" => self.month = Some(digits(text, 2)?),
            "DDD" => self.of_year = Some(digits(text, 3)?),
            "DD" => self.day = Some(digits(text, 2)?),
            "HH24" => self.hour = digits(text, 2).filter(|hour| *hour < 24)?,
            "HH12" | "HH" => {
                self.hour = digits(text, 2).filter(|hour| (1..=12).contains(hour))?;
                self.is_twelve = true;
            }
            "MI" => self.minute = digits(text, 2).filter(|minute| *minute < 60)?,
            "SS" => self.second = digits(text, 2).filter(|second| *second < 60)?,
            "SSSSS" => {
                let seconds = digits(text, 5).filter(|seconds| *seconds < 86_400)?;
                (self.hour, self.minute, self.second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
            }
            "AM" | "PM" | "A.M." | "P.M." => {
                let own = text.get(..name.len())?.to_uppercase();
                if own.len() != name.len() || !matches!(own.as_str(), "AM" | "PM" | "A.M." | "P.M.") {
                    return None;
                }
                self.half = Some(own.starts_with('P'));
                *text = text.get(name.len()..)?;
            }
            "TZH" => {
                let sign = if text.starts_with('-') { -1 } else { 1 };
                *text = text.strip_prefix(['-', '+', ' ']).unwrap_or(text);
                self.zone = Some((sign, digits(text, 2).filter(|hours| *hours <= 14)?, 0));
            }
            "TZM" => {
                let (sign, hours, _) = self.zone?;
                self.zone = Some((sign, hours, digits(text, 2).filter(|minutes| *minutes < 60)?));
            }
            fraction if fraction.starts_with("FF") => {
                let most: usize = fraction.get(2..)?.parse().ok()?;
                let length = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
                let (own, rest) = text.split_at_checked(length)?;
                if own.is_empty() {
                    return None;
                }
                let padded: String = own.chars().chain("000000".chars()).take(6).collect();
                self.micros = padded.parse().ok()?;
                *text = rest;
            }
            // The names of days, and their numbers, cannot be read.
            _ => return None,
        }
        Some(())
    }

    /// The days since 1970, with the month of today if there is none.
    fn days(&self, (year, month, _): (i64, i64, i64)) -> Option<i64> {
        let year = self.year.unwrap_or(year);
        match self.of_year {
            Some(of_year) => {
                let first = valid_days(year, 1, 1)?;
                let length = days(year + 1, 1, 1) - first;
                (1..=length).contains(&of_year).then_some(first + of_year - 1)
            }
            None => valid_days(year, self.month.unwrap_or(month), self.day.unwrap_or(1)),
        }
    }

    fn clock(&self) -> Option<i64> {
        let hour = match (self.is_twelve, self.half) {
            (true, Some(is_afternoon)) => self.hour % 12 + if is_afternoon { 12 } else { 0 },
            (true, None) => return None,
            (false, _) => self.hour,
        };
        Some(((hour * 60 + self.minute) * 60 + self.second) * 1_000_000 + self.micros)
    }
}

/// The groups of elements of which a format for reading has one at most.
const GROUPS: &[(&str, &[&str])] = &[
    ("YEAR", &["YYYY", "YYY", "YY", "Y", "RRRR", "RR"]),
    ("MONTH", &["MONTH", "MON", "MM"]),
    ("DAY", &["DDD", "DD"]),
    ("HOUR", &["HH24", "HH12", "HH"]),
    ("MINUTE", &["MI"]),
    ("SECOND", &["SSSSS", "SS"]),
    ("MERIDIAN_INDICATOR", &["A.M.", "P.M.", "AM", "PM"]),
    ("TIME_ZONE", &["TZH"]),
    ("TIME_ZONE", &["TZM"]),
];

/// Pairs of an element and other elements that say the same.
const RIVALS: &[(&str, &[&str])] = &[
    ("DDD", &["MONTH", "MON", "MM"]),
    ("HH24", &["A.M.", "P.M.", "AM", "PM"]),
    ("SSSSS", &["HH24", "HH12", "HH", "MI", "A.M.", "P.M.", "AM", "PM"]),
];

/// Refuses a format for reading in which two elements say the same.
fn unambiguous(pieces: &[Piece<'_>]) -> Result<(), String> {
    let names: Vec<&str> = pieces
        .iter()
        .filter_map(|piece| match piece {
            Piece::Element(name, _) => Some(*name),
            _ => None,
        })
        .collect();
    for (group, members) in GROUPS {
        let mut own = names.iter().filter(|name| members.contains(name));
        if let (Some(first), Some(second)) = (own.next(), own.next()) {
            return Err(if first == second {
                format!("Format element '{first}' appears more than once in the format string")
            } else {
                format!("More than one format element in category {group} exist: '{first}' and '{second}'")
            });
        }
    }
    if names.iter().filter(|name| name.starts_with("FF")).count() > 1 {
        return Err("Format element 'FF' appears more than once in the format string".to_owned());
    }
    for (one, others) in RIVALS {
        if let (true, Some(other)) = (names.contains(one), names.iter().find(|name| others.contains(name))) {
            return Err(format!("Format elements '{one}' and '{other}' cannot be in one format"));
        }
    }
    Ok(())
}

/// The microseconds of a text. `today`: the date for the parts of a date that the text does not have.
fn read(format: &str, text: &str, zone: &str, kind: &str, today: &str) -> Result<i64, String> {
    let wrong =
        |why: &str| format!("Failed to parse input string \"{text}\" with the format '{format}': {why}");
    let today = times::date(today).map(civil).ok_or_else(|| format!("Invalid date: '{today}'"))?;
    let mut found = Found::default();
    let mut rest = text.trim();
    let pieces = pieces(format, kind)?;
    unambiguous(&pieces)?;
    for piece in pieces {
        match piece {
            Piece::Blank => rest = rest.trim_start(),
            Piece::Text(own) => {
                rest = rest.strip_prefix(own).ok_or_else(|| wrong(&format!("'{own}' is missing")))?;
            }
            Piece::Element(name, _) => {
                found
                    .read(name, &mut rest, today.0)
                    .ok_or_else(|| wrong(&format!("no {name} at '{rest}'")))?;
            }
        }
    }
    if !rest.is_empty() {
        return Err(wrong(&format!("'{rest}' is left")));
    }
    let clock = found.clock().ok_or_else(|| wrong("HH12 needs AM or PM"))?;
    if kind == "TIME" {
        return Ok(clock);
    }
    let days = found.days(today).ok_or_else(|| wrong("there is no such day"))?;
    let local = days * DAY + clock;
    match (kind, found.zone) {
        ("TIMESTAMP", Some((sign, hours, minutes))) => Ok(local - sign * (hours * 60 + minutes) * 60_000_000),
        ("TIMESTAMP", None) => {
            times::in_zone(local, zone).ok_or_else(|| format!("Invalid time zone: {zone}"))
        }
        _ => Ok(local),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_with_each_element() {
        // 2008-12-25 15:30:45.123456, a Thursday.
        let micros =
            (days(2008, 12, 25) * DAY + ((15 * 60 + 30) * 60 + 45) * 1_000_000 + 123_456).to_string();
        for (format, wanted) in [
            ("YYYY-MM-DD", "2008-12-25"),
            ("YYY YY Y RR", "008 08 8 08"),
            ("MON Mon mon MONTH Month", "DEC Dec dec DECEMBER December"),
            ("DDD D DAY Dy", "360 5 THURSDAY Thu"),
            ("HH24:MI:SS.FF3 HH12 PM p.m.", "15:30:45.123 03 PM p.m."),
            ("SSSSS \"at\" FF9", "55845 at 123456000"),
        ] {
            assert_eq!(written(format, &micros, "UTC", "DATETIME").unwrap().unwrap(), wanted, "{format}");
        }
        assert_eq!(
            written("HH24:MI TZH:TZM", &micros, "-05:30", "TIMESTAMP").unwrap().unwrap(),
            "10:00 -05:30"
        );
        assert!(written("HH24", &micros, "UTC", "DATE").is_err());
        assert!(written("YYYY", &micros, "UTC", "TIME").is_err());
        assert!(written("QQ", &micros, "UTC", "DATE").is_err());
    }

    #[test]
    fn texts_are_read_with_each_element() {
        let today = "2024-05-17";
        let own = |format: &str, text: &str, kind: &str| read(format, text, "UTC", kind, today).unwrap();
        for (format, text, wanted) in [
            ("YYYY", "2020", days(2020, 5, 1)),
            ("MM/DD/YYYY", "12/3/2018", days(2018, 12, 3)),
            ("DD MON YY", "03 dec 18", days(2018, 12, 3)),
            ("MONTH DD, RRRR", "December 3, 2018", days(2018, 12, 3)),
            ("YYYYDDD", "2018337", days(2018, 12, 3)),
            ("RR", "98", days(1998, 5, 1)),
        ] {
            assert_eq!(own(format, text, "DATE"), wanted * DAY, "{format}");
        }
        assert_eq!(own("HH:MI P.M.", "07:30 P.M.", "TIME"), (19 * 60 + 30) * 60_000_000);
        assert_eq!(own("SS.FF6", "01.5", "TIME"), 1_500_000);
        let noon = days(2020, 1, 1) * DAY + 12 * 3_600_000_000;
        assert_eq!(
            own("YYYY-MM-DD HH24:MI TZH:TZM", "2020-01-01 12:00 +01:00", "TIMESTAMP"),
            noon - 3_600_000_000
        );
        for (format, text) in [
            ("YYYY-MM-DD", "2020-02-30"),
            ("YYYY", "2020x"),
            ("HH:MI", "07:30"),
            ("DAY", "MONDAY"),
            ("YYYYYYYY", "20202020"),
            ("YYYY YY", "2020 20"),
            ("YYYY DDD MM", "2020 001 01"),
            ("HH24 AM", "10 AM"),
        ] {
            assert!(read(format, text, "UTC", "DATETIME", today).is_err(), "{format}");
        }
    }
}
