//! Reads and writes dates, times and intervals by BigQuery's rules. Times are microseconds since 1970.

use jiff::tz::TimeZone;

/// The microseconds of a day.
pub(crate) const DAY: i64 = 86_400_000_000;
const FIRST_DAY: i64 = -719_162;
const LAST_DAY: i64 = 2_932_896;

/// The days since 1970 of a date in the proleptic Gregorian calendar.
pub(crate) fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month and day of the days since 1970.
pub(crate) fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// The number of days of a month.
pub(crate) fn month_length(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// The days of a date that exists. `None` if it does not.
pub(crate) fn valid_days(year: i64, month: i64, day: i64) -> Option<i64> {
    let exists = (1..=9999).contains(&year)
        && (1..=12).contains(&month)
        && day >= 1
        && day <= month_length(year, month);
    exists.then(|| days(year, month, day))
}

pub(crate) fn print_date(days: i64) -> String {
    let (year, month, day) = civil(days);
    format!("{year:04}-{month:02}-{day:02}")
}

/// A time of the day, with no, three or six digits of a second.
pub(crate) fn print_time(micros: i64) -> String {
    let (seconds, fraction) = (micros / 1_000_000, micros % 1_000_000);
    let clock = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (fraction, fraction % 1000) {
        (0, _) => clock,
        (_, 0) => format!("{clock}.{:03}", fraction / 1000),
        _ => format!("{clock}.{fraction:06}"),
    }
}

pub(crate) fn print_datetime(micros: i64) -> String {
    format!("{} {}", print_date(micros.div_euclid(DAY)), print_time(micros.rem_euclid(DAY)))
}

/// A reader of the parts of a text.
struct Cursor<'t>(&'t str);

impl<'t> Cursor<'t> {
    fn digits(&mut self, least: usize, most: usize) -> Option<i64> {
        let length = self.0.bytes().take(most).take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.0.split_at_checked(length)?;
        if length < least {
            return None;
        }
        self.0 = rest;
        digits.parse().ok()
    }

    fn take(&mut self, text: &str) -> bool {
        match self.0.strip_prefix(text) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }

    fn date(&mut self) -> Option<i64> {
        let year = self.digits(1, 4)?;
        let month = self.take("-").then(|| self.digits(1, 2))??;
        let day = self.take("-").then(|| self.digits(1, 2))??;
        valid_days(year, month, day)
    }

    fn time(&mut self) -> Option<i64> {
        let hour = self.digits(1, 2)?;
        let minute = self.take(":").then(|| self.digits(1, 2))??;
        let second = self.take(":").then(|| self.digits(1, 2))??;
        let mut micros = 0;
        if self.0.starts_with('.') && self.0.as_bytes().get(1).is_some_and(u8::is_ascii_digit) {
            self.take(".");
            let length = self.0.bytes().take_while(u8::is_ascii_digit).count();
            let (digits, rest) = self.0.split_at_checked(length)?;
            if length > 6 {
                return None;
            }
            let padded: String = digits.chars().chain("000000".chars()).take(6).collect();
            micros = padded.parse().ok()?;
            self.0 = rest;
        }
        if hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        // A leap second is the beginning of the next second.
        if second == 60 {
            micros = 0;
        }
        Some((hour * 3600 + minute * 60 + second) * 1_000_000 + micros)
    }
}

/// `2021-1-31`, as the days since 1970.
pub(crate) fn date(text: &str) -> Option<i64> {
    let mut cursor = Cursor(text.trim());
    let days = cursor.date()?;
    cursor.0.is_empty().then_some(days)
}

/// `1:02:03.5`, as microseconds.
pub(crate) fn time(text: &str) -> Option<i64> {
    let mut cursor = Cursor(text.trim());
    let micros = cursor.time()?;
    cursor.0.is_empty().then_some(micros % DAY)
}

/// `2021-01-31 01:02:03`, as microseconds since 1970.
pub(crate) fn datetime(text: &str) -> Option<i64> {
    let mut cursor = Cursor(text.trim());
    let days = cursor.date()?;
    let separated = cursor.take("T") || cursor.take("t") || cursor.take(" ");
    let micros = days * DAY + if separated { cursor.time()? } else { 0 };
    (cursor.0.is_empty() && micros < (LAST_DAY + 1) * DAY).then_some(micros)
}

/// `2021-01-31 01:02:03+01`, as microseconds since 1970 in UTC. `zone`: the zone of a text, which
/// has none of its own then.
pub(crate) fn timestamp(text: &str, zone: Option<&str>) -> Option<i64> {
    let mut cursor = Cursor(text.trim());
    let days = cursor.date()?;
    let before = cursor.0;
    let mut micros = 0;
    if (cursor.take("T") || cursor.take("t") || cursor.take(" "))
        && cursor.0.starts_with(|c: char| c.is_ascii_digit())
    {
        micros = cursor.time()?;
    } else {
        cursor.0 = before;
    }
    let local = days * DAY + micros;
    let rest = cursor.0;
    let named = rest.strip_prefix(' ').unwrap_or(rest);
    let utc = match (named, zone) {
        ("", None) => local,
        ("", Some(zone)) => in_zone(local, zone)?,
        (own, None) => in_zone(local, own)?,
        (_, Some(_)) => return None,
    };
    ((FIRST_DAY * DAY)..((LAST_DAY + 1) * DAY)).contains(&utc).then_some(utc)
}

/// The offset of `+01:30`, `-8` or `Z` in microseconds.
fn offset(text: &str) -> Option<i64> {
    if matches!(text, "Z" | "z" | "UTC" | "utc") {
        return Some(0);
    }
    let text = text.strip_prefix("UTC").filter(|rest| !rest.is_empty()).unwrap_or(text);
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+')?),
    };
    let (hours, minutes) = match rest.split_once(':') {
        Some((hours, minutes)) => (hours, minutes),
        None if rest.len() == 4 => rest.split_at_checked(2)?,
        None => (rest, "0"),
    };
    if hours.is_empty() || hours.len() > 2 {
        return None;
    }
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours <= 14 && minutes <= 59).then_some(sign * (hours * 60 + minutes) * 60_000_000)
}

/// The name of a time zone in the database of time zones, and its offset. An offset such as `+01:30` is UTC with this
/// offset, and a name has no offset.
pub(super) fn zone(text: &str) -> Result<(String, i64), String> {
    if let Some(offset) = offset(text) {
        return Ok(("UTC".to_owned(), offset));
    }
    let found = TimeZone::get(text).ok();
    let name = found.as_ref().and_then(TimeZone::iana_name);
    name.map(|name| (name.to_owned(), 0)).ok_or_else(|| format!("Invalid time zone: {text}"))
}

/// The time in UTC of a local time.
pub(crate) fn in_zone(local: i64, zone: &str) -> Option<i64> {
    if let Some(offset) = offset(zone) {
        return Some(local - offset);
    }
    let zone = TimeZone::get(zone).ok()?;
    let (year, month, day) = civil(local.div_euclid(DAY));
    let micros = local.rem_euclid(DAY);
    let date =
        jiff::civil::Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?)
            .ok()?;
    let seconds = micros / 1_000_000;
    let time = jiff::civil::Time::new(
        i8::try_from(seconds / 3600).ok()?,
        i8::try_from(seconds / 60 % 60).ok()?,
        i8::try_from(seconds % 60).ok()?,
        i32::try_from(micros % 1_000_000 * 1000).ok()?,
    )
    .ok()?;
    let stamp = zone.to_ambiguous_timestamp(date.to_datetime(time)).compatible().ok()?;
    Some(stamp.as_microsecond())
}

/// The local time of a time in UTC, and the offset, in microseconds.
pub(crate) fn local(utc: i64, zone: &str) -> Option<(i64, i64)> {
    if let Some(offset) = offset(zone) {
        return Some((utc + offset, offset));
    }
    let zone = TimeZone::get(zone).ok()?;
    let stamp = jiff::Timestamp::from_microsecond(utc).ok()?;
    let offset = i64::from(zone.to_offset(stamp).seconds()) * 1_000_000;
    Some((utc + offset, offset))
}

/// A text as a whole number, or as the microseconds of a date or time.
pub(super) fn parse(kind: &str, text: &str) -> Result<i64, String> {
    match kind {
        "int64" => int64(text).ok_or_else(|| format!("Bad int64 value: {text}")),
        "date" => date(text).map(|days| days * DAY).ok_or_else(|| format!("Invalid date: '{text}'")),
        "datetime" => datetime(text).ok_or_else(|| format!("Invalid datetime string \"{text}\"")),
        "time" => time(text).ok_or_else(|| format!("Invalid time string \"{text}\"")),
        _ => timestamp(text, None).ok_or_else(|| format!("Invalid timestamp: '{text}'")),
    }
}

fn int64(text: &str) -> Option<i64> {
    let text = text.trim();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let number = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(hex) if hex.chars().all(|c| c.is_ascii_hexdigit()) => i128::from_str_radix(hex, 16).ok()?,
        Some(_) => return None,
        None if digits.chars().all(|c| c.is_ascii_digit()) => digits.parse::<i128>().ok()?,
        None => return None,
    };
    i64::try_from(sign * number).ok()
}

/// Months, days and microseconds.
pub(crate) type Parts = (i64, i64, i64);

/// `INTERVAL '3' DAY`.
pub(crate) fn interval_of(text: &str, part: &str) -> Option<Parts> {
    if part == "SECOND" {
        return Some((0, 0, seconds(text.trim())?));
    }
    let number: i64 = text.trim().parse().ok()?;
    Some(match part {
        "YEAR" => (number.checked_mul(12)?, 0, 0),
        "QUARTER" => (number.checked_mul(3)?, 0, 0),
        "MONTH" => (number, 0, 0),
        "WEEK" => (0, number.checked_mul(7)?, 0),
        "DAY" => (0, number, 0),
        "HOUR" => (0, 0, number.checked_mul(3_600_000_000)?),
        "MINUTE" => (0, 0, number.checked_mul(60_000_000)?),
        "MILLISECOND" => (0, 0, number.checked_mul(1000)?),
        "MICROSECOND" => (0, 0, number),
        _ => return None,
    })
}

/// Seconds with a fraction, as microseconds.
fn seconds(text: &str) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if fraction.len() > 9 || !fraction.chars().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let padded: String = fraction.chars().chain("000000".chars()).take(6).collect();
    Some(sign * (whole.checked_mul(1_000_000)? + padded.parse::<i64>().ok()?))
}

/// `INTERVAL '1-2 3 4:5:6' YEAR TO SECOND`.
pub(crate) fn interval_parts(text: &str, from: &str, to: &str) -> Option<Parts> {
    const ORDER: [&str; 6] = ["YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND"];
    let first = ORDER.iter().position(|part| *part == from)?;
    let last = ORDER.iter().position(|part| *part == to).filter(|last| *last > first)?;
    let wanted: Vec<&str> = ORDER.get(first..=last)?.to_vec();
    let mut found: Vec<i64> = Vec::new();
    let mut fraction = 0;
    for word in text.split(' ') {
        let (sign, body) = match word.strip_prefix('-') {
            Some(body) => (-1, body),
            None => (1, word.strip_prefix('+').unwrap_or(word)),
        };
        for piece in body.split(['-', ':']) {
            match piece.split_once('.') {
                Some((whole, rest)) if rest.len() <= 9 => {
                    found.push(sign * whole.parse::<i64>().ok()?);
                    let padded: String = rest.chars().chain("000000".chars()).take(6).collect();
                    fraction = sign * padded.parse::<i64>().ok()?;
                }
                Some(_) => return None,
                None => found.push(sign * piece.parse::<i64>().ok()?),
            }
        }
    }
    if found.len() != wanted.len() {
        return None;
    }
    let (mut months, mut days, mut micros) = (0, 0, fraction);
    for (part, number) in wanted.iter().zip(found) {
        match *part {
            "YEAR" => months += number.checked_mul(12)?,
            "MONTH" => months += number,
            "DAY" => days += number,
            "HOUR" => micros += number.checked_mul(3_600_000_000)?,
            "MINUTE" => micros += number.checked_mul(60_000_000)?,
            _ => micros += number.checked_mul(1_000_000)?,
        }
    }
    Some((months, days, micros))
}

/// An interval as BigQuery writes it: `1-2 3 4:5:6.789`.
pub(crate) fn print_interval((months, days, micros): Parts) -> String {
    let sign = |number: i64| if number < 0 { "-" } else { "" };
    let (m, t) = (months.unsigned_abs(), micros.unsigned_abs());
    let mut text = format!(
        "{}{}-{} {days} {}{}:{}:{}",
        sign(months),
        m / 12,
        m % 12,
        sign(micros),
        t / 3_600_000_000,
        t / 60_000_000 % 60,
        t / 1_000_000 % 60
    );
    let fraction = t % 1_000_000;
    if fraction != 0 {
        text.push_str(&if fraction % 1000 == 0 {
            format!(".{:03}", fraction / 1000)
        } else {
            format!(".{fraction:06}")
        });
    }
    text
}

/// An interval from a text in the whole form, or in ISO 8601.
pub(crate) fn parse_interval(text: &str) -> Option<Parts> {
    let text = text.trim();
    if let Some(iso) = text.strip_prefix('P') {
        return iso_interval(iso);
    }
    let count = text.split(' ').count();
    let has_months = text.split(' ').next().is_some_and(|word| word.trim_start_matches('-').contains('-'));
    match (count, has_months, text.contains(':')) {
        (3, true, true) => interval_parts(text, "YEAR", "SECOND"),
        (2, true, false) => interval_parts(text, "YEAR", "DAY"),
        (2, false, true) => interval_parts(text, "DAY", "SECOND"),
        (1, true, false) => interval_parts(text, "YEAR", "MONTH"),
        (1, false, true) => interval_parts(text, "HOUR", "SECOND"),
        _ => None,
    }
}

fn iso_interval(text: &str) -> Option<Parts> {
    let (date, time) = text.split_once('T').unwrap_or((text, ""));
    let (mut months, mut days, mut micros) = (0i64, 0i64, 0i64);
    for (part, units) in [(date, "YMWD"), (time, "HMS")] {
        let mut rest = part;
        while !rest.is_empty() {
            let length = rest.find(|c: char| c.is_ascii_alphabetic())?;
            let (number, after) = rest.split_at_checked(length)?;
            let unit = after.chars().next().filter(|unit| units.contains(*unit))?;
            rest = after.get(1..)?;
            if units == "HMS" && unit == 'S' {
                micros += seconds(number)?;
                continue;
            }
            let number: i64 = number.parse().ok()?;
            match (units, unit) {
                ("YMWD", 'Y') => months += number * 12,
                ("YMWD", 'M') => months += number,
                ("YMWD", 'W') => days += number * 7,
                ("YMWD", _) => days += number,
                (_, 'H') => micros += number * 3_600_000_000,
                _ => micros += number * 60_000_000,
            }
        }
    }
    Some((months, days, micros))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_times_are_read_strictly() {
        assert_eq!(date("2021-1-31").map(print_date).as_deref(), Some("2021-01-31"));
        assert_eq!((date("2021-02-30"), date("2021-01-31 10:00"), time("24:00:00")), (None, None, None));
        assert_eq!(datetime("2006-01-02 01:02:03 UTC"), None);
        let stamp = |text: &str| timestamp(text, None).map(print_datetime);
        assert_eq!(stamp("2021-01-01 02:30:00+02:00").as_deref(), Some("2021-01-01 00:30:00"));
        assert_eq!(stamp("2021-01-01 02:30:00 America/New_York").as_deref(), Some("2021-01-01 07:30:00"));
        assert_eq!(stamp("2021-01-01T02:30:00.5Z").as_deref(), Some("2021-01-01 02:30:00.500"));
        assert_eq!(stamp("2021-01-01+08").as_deref(), Some("2020-12-31 16:00:00"));
    }

    #[test]
    fn intervals_are_read_and_written() {
        let whole = interval_parts("1-2 3 4:5:6.789", "YEAR", "SECOND").unwrap();
        assert_eq!(print_interval(whole), "1-2 3 4:5:6.789");
        assert_eq!(parse_interval("P1Y2M3DT4H5M6S").map(print_interval).as_deref(), Some("1-2 3 4:5:6"));
        assert_eq!(interval_of("-1", "DAY").map(print_interval).as_deref(), Some("0-0 -1 0:0:0"));
    }
}
