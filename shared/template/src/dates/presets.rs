//! The named formats, such as `iso`, `sql`, `rfc_1123_date_time` and `full`. Any other name is a pattern.

use super::names::names;
use super::{format as writer, iso, parse as reader, pattern};
use crate::error::Fault;
use jiff::Zoned;
use jiff::tz::TimeZone;

/// The pattern of a named format. `None` if the format is not a pattern.
fn as_pattern(name: &str) -> Option<&'static str> {
    Some(match name {
        "iso" => "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX",
        "iso_sec" => "yyyy-MM-dd'T'HH:mm:ssXXX",
        "sql" => "yyyy-MM-dd HH:mm:ss.SSSSSS",
        "sql_seq" => "yyyy-MM-dd HH:mm:ss",
        "iso_date" => "yyyy-MM-ddXXXXX",
        "iso_local_date" => "yyyy-MM-dd",
        "iso_ordinal_date" => "yyyy-DDDXXXXX",
        "iso_week_date" => "YYYY-'W'ww-eXXXXX",
        _ => return None,
    })
}

fn style(name: &str) -> Option<usize> {
    ["full", "long", "medium", "short"].iter().position(|style| *style == name)
}

/// Formats a time in a named format or with a pattern.
pub(crate) fn format(moment: &Zoned, format: &str, locale: Option<&str>) -> Result<String, Fault> {
    let names = names(locale);
    let write = |pattern: &str| Ok(writer::write(moment, &pattern::parse(pattern)?, names));
    if let Some(pattern) = style(format).and_then(|style| names.styles.get(style)) {
        return write(pattern);
    }
    if let Some(pattern) = as_pattern(format) {
        return write(pattern);
    }
    let date = write("yyyy-MM-dd")?;
    let time = write("HH:mm:ss")? + &fraction(moment, 1);
    let offset = write("XXXXX")?;
    Ok(match format {
        "iso_time" | "iso_offset_time" => format!("{time}{offset}"),
        "iso_local_time" => time,
        "iso_local_date_time" => format!("{date}T{time}"),
        "iso_offset_date_time" => format!("{date}T{time}{offset}"),
        "iso_date_time" | "iso_zoned_date_time" => match moment.time_zone().iana_name() {
            Some(zone) => format!("{date}T{time}{offset}[{zone}]"),
            None => format!("{date}T{time}{offset}"),
        },
        "iso_instant" => {
            let utc = moment.with_time_zone(TimeZone::UTC);
            let parts = pattern::parse("yyyy-MM-dd'T'HH:mm:ss")?;
            format!("{}{}Z", writer::write(&utc, &parts, names), fraction(&utc, 3))
        }
        "rfc_1123_date_time" => {
            let english = super::names::names(None);
            let text = writer::write(moment, &pattern::parse("EEE, d MMM yyyy HH:mm:ss ")?, english);
            let zero = moment.offset().seconds() == 0;
            text + &if zero { "GMT".to_owned() } else { writer::offset(moment.offset(), 2) }
        }
        pattern => return write(pattern),
    })
}

/// The fraction of a second with its point, in groups of `group` digits. Empty if the fraction is 0.
fn fraction(moment: &Zoned, group: usize) -> String {
    let digits = format!("{:09}", moment.subsec_nanosecond());
    let kept = digits.trim_end_matches('0').len().next_multiple_of(group).min(9);
    match digits.get(..kept) {
        Some("") | None => String::new(),
        Some(digits) => format!(".{digits}"),
    }
}

/// Reads a text in a named format or with a pattern. `None` if the text does not match.
pub(super) fn parse(text: &str, format: &str, zone: &TimeZone) -> Result<Option<Zoned>, Fault> {
    let names = names(None);
    let pattern = match format {
        "iso_date_time"
        | "iso_zoned_date_time"
        | "iso_instant"
        | "iso_local_date_time"
        | "iso_offset_date_time" => {
            return Ok(iso::any(text, zone));
        }
        "iso_date" | "iso_local_date" => return Ok(iso::date_only(text, zone)),
        "iso_ordinal_date" => "yyyy-DDD[XXXXX]",
        "iso_week_date" => "YYYY-'W'ww-e[XXXXX]",
        "rfc_1123_date_time" => "[EEE, ]d MMM yyyy HH:mm[:ss] [z][Z]",
        "iso_time" | "iso_local_time" | "iso_offset_time" => return Ok(None),
        _ => match style(format).and_then(|style| names.styles.get(style)) {
            Some(pattern) => pattern,
            None => as_pattern(format).unwrap_or(format),
        },
    };
    let parts = pattern::parse(pattern)?;
    Ok(reader::read(text, &parts, names).and_then(|fields| fields.moment(zone)))
}
