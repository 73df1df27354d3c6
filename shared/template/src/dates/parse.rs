//! Reads a text with the parts of a pattern.

use super::fields::Fields;
use super::iso::{number, offset};
use super::names::Names;
use super::pattern::Part;
use super::zone_of;

/// The fields of a text. `None` if the text does not match the pattern.
pub(super) fn read(text: &str, parts: &[Part], names: &Names) -> Option<Fields> {
    let mut fields = Fields::default();
    let rest = read_parts(text, parts, names, &mut fields)?;
    rest.is_empty().then_some(fields)
}

fn read_parts<'t>(text: &'t str, parts: &[Part], names: &Names, fields: &mut Fields) -> Option<&'t str> {
    let mut rest = text;
    let mut index = 0;
    while let Some(part) = parts.get(index) {
        index += 1;
        match part {
            Part::Literal(literal) => rest = rest.strip_prefix(literal.as_str())?,
            Part::Field(letter, count, _) => {
                let after = parts.get(index..).unwrap_or_default();
                rest = read_field(rest.trim_start_matches(' '), *letter, *count, after, names, fields)
                    .or_else(|| read_field(rest, *letter, *count, after, names, fields))?;
            }
            Part::OptionalStart => {
                let length = optional_length(parts.get(index..).unwrap_or_default());
                let inner = parts.get(index..index + length).unwrap_or_default();
                let mut tried = fields.clone();
                if let Some(after) = read_parts(rest, inner, names, &mut tried) {
                    *fields = tried;
                    rest = after;
                }
                index += length + 1;
            }
            Part::OptionalEnd => {}
        }
    }
    Some(rest)
}

/// The number of parts before the `]` that closes this optional section.
fn optional_length(parts: &[Part]) -> usize {
    let mut depth = 0;
    for (index, part) in parts.iter().enumerate() {
        match part {
            Part::OptionalStart => depth += 1,
            Part::OptionalEnd if depth == 0 => return index,
            Part::OptionalEnd => depth -= 1,
            _ => {}
        }
    }
    parts.len()
}

/// The number of digits that the number fields directly after this one need. In `yyyyMMdd`, month and day need four
/// digits.
fn reserved(after: &[Part]) -> usize {
    after
        .iter()
        .map_while(|part| match part {
            Part::Field(letter, count, _) if is_fixed(*letter, *count) => Some(*count),
            _ => None,
        })
        .sum()
}

fn is_fixed(letter: char, count: usize) -> bool {
    match letter {
        'M' | 'L' | 'e' | 'c' | 'Q' | 'q' => count == 2,
        'd' | 'H' | 'h' | 'k' | 'K' | 'm' | 's' | 'w' | 'D' => count >= 2,
        'S' => true,
        'y' | 'u' | 'Y' => count == 2,
        _ => false,
    }
}

fn read_field<'t>(
    text: &'t str,
    letter: char,
    count: usize,
    after: &[Part],
    names: &Names,
    fields: &mut Fields,
) -> Option<&'t str> {
    match letter {
        'y' | 'u' | 'Y' => {
            let (year, rest) = year(text, count, after)?;
            if letter == 'Y' {
                fields.week_year = Some(year)
            } else {
                fields.year = Some(year)
            }
            return Some(rest);
        }
        'M' | 'L' if count >= 3 => {
            let (index, rest) = word(text, if count == 3 { &names.short_months } else { &names.months })?;
            fields.month = Some(index + 1);
            return Some(rest);
        }
        'E' | 'e' | 'c' if letter == 'E' || count >= 3 => {
            let (index, rest) = word(text, if count <= 3 { &names.short_days } else { &names.days })?;
            fields.weekday = Some(index + 1);
            return Some(rest);
        }
        'a' => {
            let (index, rest) = word(text, &names.halves)?;
            fields.afternoon = Some(index == 1);
            return Some(rest);
        }
        'G' => return text.strip_prefix("AD").or_else(|| text.strip_prefix("Anno Domini")),
        'S' => {
            let (fraction, rest) = text.split_at_checked(count)?;
            if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            fields.nanosecond = Some(format!("{fraction:0<9}").parse().ok()?);
            return Some(rest);
        }
        'X' | 'x' | 'Z' => {
            let (found, rest) = offset(text)?;
            fields.offset = Some(found);
            return Some(rest);
        }
        'O' => {
            let rest = text.strip_prefix("GMT")?;
            let (found, rest) = offset(rest).unwrap_or((jiff::tz::Offset::UTC, rest));
            fields.offset = Some(found);
            return Some(rest);
        }
        'V' | 'z' | 'v' => {
            let end =
                text.find(|c: char| !c.is_ascii_alphanumeric() && !"/_+-:".contains(c)).unwrap_or(text.len());
            let (id, rest) = text.split_at_checked(end)?;
            fields.zone = Some(zone_of(id)?);
            return Some(rest);
        }
        _ => {}
    }
    let (least, most) = if is_fixed(letter, count) { (count, count) } else { (count, 19) };
    let available = text.bytes().take_while(u8::is_ascii_digit).count();
    let most = most.min(available.saturating_sub(reserved(after)).max(least));
    let (value, rest) = number(text, least, most)?;
    match letter {
        'M' | 'L' => fields.month = Some(value),
        'd' => fields.day = Some(value),
        'D' => fields.day_of_year = Some(value),
        'w' => fields.week = Some(value),
        'e' | 'c' => fields.weekday = Some(value),
        'H' => fields.hour = Some(value),
        'k' => fields.hour = Some(value % 24),
        'h' => fields.half_hour = Some(value % 12),
        'K' => fields.half_hour = Some(value),
        'm' => fields.minute = Some(value),
        's' => fields.second = Some(value),
        'n' => fields.nanosecond = Some(value),
        'A' => fields.nano_of_day = value.checked_mul(1_000_000),
        'N' => fields.nano_of_day = Some(value),
        // A quarter or a week of a month is not needed to know the date.
        _ => {}
    }
    Some(rest)
}

fn year<'t>(text: &'t str, count: usize, after: &[Part]) -> Option<(i64, &'t str)> {
    if count == 2 {
        return number(text, 2, 2).map(|(year, rest)| (2000 + year, rest));
    }
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let available = digits.bytes().take_while(u8::is_ascii_digit).count();
    let most = available.saturating_sub(reserved(after)).max(count).min(19);
    let (year, rest) = number(digits, count, most)?;
    Some((if negative { -year } else { year }, rest))
}

/// The longest of these words at the start of the text. Upper and lower case make no difference.
fn word<'t>(text: &'t str, words: &[&str]) -> Option<(i64, &'t str)> {
    let mut best: Option<(usize, &'t str)> = None;
    for (index, word) in words.iter().enumerate() {
        let Some((head, rest)) = text.split_at_checked(word.len()) else { continue };
        if head.to_lowercase() == word.to_lowercase()
            && best.is_none_or(|(_, shorter)| rest.len() < shorter.len())
        {
            best = Some((index, rest));
        }
    }
    best.and_then(|(index, rest)| Some((i64::try_from(index).ok()?, rest)))
}
