//! Reads ISO texts: `2024-03-01`, `2024-03-01T10:00`, `…:00.5+01:00[Europe/Paris]`.

use super::fields::Fields;
use super::zone_of;
use jiff::Zoned;
use jiff::tz::{Offset, TimeZone};

/// Reads an ISO text. A text without an offset or zone is in `zone`. `None` if it is not an ISO text.
pub(super) fn any(text: &str, zone: &TimeZone) -> Option<Zoned> {
    let mut fields = Fields::default();
    let rest = date(text, &mut fields)?;
    if rest.is_empty() {
        return fields.moment(zone);
    }
    let rest = rest.strip_prefix(['T', 't'])?;
    let rest = time(rest, &mut fields)?;
    let rest = offset_and_zone(rest, &mut fields)?;
    if !rest.is_empty() {
        return None;
    }
    fields.moment(zone)
}

/// Reads a date with an optional offset, as Java's `ISO_DATE` does.
pub(super) fn date_only(text: &str, zone: &TimeZone) -> Option<Zoned> {
    let mut fields = Fields::default();
    let rest = date(text, &mut fields)?;
    let rest = offset(rest).map_or(rest, |(_, rest)| rest);
    fields.moment(zone).filter(|_| rest.is_empty())
}

fn date<'t>(text: &'t str, fields: &mut Fields) -> Option<&'t str> {
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (year, rest) = number(rest, 4, 9)?;
    let (month, rest) = number(rest.strip_prefix('-')?, 2, 2)?;
    let (day, rest) = number(rest.strip_prefix('-')?, 2, 2)?;
    fields.year = Some(if negative { -year } else { year });
    fields.month = Some(month);
    fields.day = Some(day);
    Some(rest)
}

fn time<'t>(text: &'t str, fields: &mut Fields) -> Option<&'t str> {
    let (hour, rest) = number(text, 2, 2)?;
    let (minute, rest) = number(rest.strip_prefix(':')?, 2, 2)?;
    fields.hour = Some(hour);
    fields.minute = Some(minute);
    let Some(rest) = rest.strip_prefix(':') else { return Some(rest) };
    let (second, rest) = number(rest, 2, 2)?;
    fields.second = Some(second);
    let Some(rest) = rest.strip_prefix('.') else { return Some(rest) };
    let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (fraction, rest) = rest.split_at_checked(digits.min(9))?;
    fields.nanosecond = Some(format!("{fraction:0<9}").parse().ok()?);
    Some(rest)
}

fn offset_and_zone<'t>(text: &'t str, fields: &mut Fields) -> Option<&'t str> {
    let (found, rest) = match offset(text) {
        Some((found, rest)) => (Some(found), rest),
        None => (None, text),
    };
    fields.offset = found;
    let Some(named) = rest.strip_prefix('[') else { return Some(rest) };
    let (id, rest) = named.split_once(']')?;
    fields.zone = Some(zone_of(id)?);
    Some(rest)
}

/// Reads an offset: `Z`, `+01`, `+0100`, `+01:00` or `+01:00:00`. Also returns the rest of the text.
pub(super) fn offset(text: &str) -> Option<(Offset, &str)> {
    if let Some(rest) = text.strip_prefix(['Z', 'z']) {
        return Some((Offset::UTC, rest));
    }
    let (sign, rest) = match text.strip_prefix('+') {
        Some(rest) => (1, rest),
        None => (-1, text.strip_prefix('-')?),
    };
    let (hours, mut rest) = number(rest, 2, 2)?;
    let mut seconds = hours * 3600;
    for unit in [60, 1] {
        let next = rest.strip_prefix(':').unwrap_or(rest);
        let Some((value, after)) = number(next, 2, 2) else { break };
        seconds += value * unit;
        rest = after;
    }
    Some((Offset::from_seconds(i32::try_from(sign * seconds).ok()?).ok()?, rest))
}

/// Reads a number with `least` to `most` digits. Also returns the rest of the text.
pub(super) fn number(text: &str, least: usize, most: usize) -> Option<(i64, &str)> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    if digits < least {
        return None;
    }
    let (digits, rest) = text.split_at_checked(digits.min(most))?;
    Some((digits.parse().ok()?, rest))
}
