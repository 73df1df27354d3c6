//! Dates of expressions (docs/kestra.md 3.8): Java's patterns on top of jiff.
//!
//! The modules are:
//! - [`pattern`]: parses a pattern
//! - [`format`]: formats a time with a pattern
//! - [`parse`]: reads a text with a pattern
//! - [`iso`]: reads ISO texts
//! - [`names`]: the words of languages
//! - [`presets`]: the named formats

mod fields;
mod format;
mod iso;
mod names;
mod parse;
mod pattern;
mod presets;

pub(crate) use presets::format;

use crate::error::Fault;
use crate::java;
use crate::run::Run;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Span, Zoned};
use minijinja::Value;
use std::sync::OnceLock;

/// The time zone with this id (`Europe/Paris`, `UTC`, `+02:00`, `Z`). The server's time zone if `id` is `None`.
pub(crate) fn zone(run: &Run, id: Option<&str>) -> Result<TimeZone, Fault> {
    match id {
        None => Ok(run.scope().ambient.time_zone.clone()),
        Some(id) => zone_of(id).ok_or_else(|| format!("Unknown time zone '{id}'").into()),
    }
}

/// The time zone with this id: `Europe/Paris`, `UTC`, `+02:00` or `Z`. `None` if the id is unknown. The data of the
/// zones is compiled in, so no file is read.
pub fn zone_of(id: &str) -> Option<TimeZone> {
    static BUNDLED: OnceLock<TimeZoneDatabase> = OnceLock::new();
    if matches!(id, "Z" | "UTC" | "UT" | "GMT" | "Etc/UTC") {
        return Some(TimeZone::UTC);
    }
    let digits = ["UTC", "GMT", "UT"].iter().find_map(|prefix| id.strip_prefix(prefix)).unwrap_or(id);
    if let Some(offset) = iso::offset(digits).filter(|(_, rest)| rest.is_empty()).map(|(offset, _)| offset) {
        return Some(TimeZone::fixed(offset));
    }
    BUNDLED.get_or_init(TimeZoneDatabase::bundled).get(id).ok()
}

/// Formats a time with one of Java's patterns, or in a named format.
///
/// # Errors
/// What is wrong with the pattern.
pub fn format_time(moment: &Zoned, format: &str) -> Result<String, String> {
    presets::format(moment, format, None).map_err(|fault| match fault {
        Fault::Message(message) => message,
        _ => format!("'{format}' is not a pattern of dates"),
    })
}

/// Reads a text with one of Java's patterns, or in a named format. A text without an offset or zone is in `zone`. `None`
/// if the text does not match.
///
/// # Errors
/// What is wrong with the pattern.
pub fn read_time(text: &str, format: &str, zone: &TimeZone) -> Result<Option<Zoned>, String> {
    presets::parse(text, format, zone).map_err(|fault| match fault {
        Fault::Message(message) => message,
        _ => format!("'{format}' is not a pattern of dates"),
    })
}

/// The time that a value means. The value is a number of seconds since 1970, an ISO text, or a text in the format
/// `existing`.
pub(crate) fn parse(value: &Value, zone: &TimeZone, existing: Option<&str>) -> Result<Zoned, Fault> {
    if value.is_integer()
        && let Some(seconds) = java::as_long(value)
    {
        let moment = jiff::Timestamp::from_second(seconds);
        return moment
            .map(|moment| moment.to_zoned(zone.clone()))
            .map_err(|_| format!("{seconds} epoch seconds are beyond the range of dates").into());
    }
    let Some(text) = value.as_str() else {
        return Err(format!(
            "A date is a text or epoch seconds. Actual type was: {}",
            java::class_name(value)
        )
        .into());
    };
    let parsed = match existing {
        None => iso::any(text, zone),
        Some(format) => presets::parse(text, format, zone)?,
    };
    // The result is in the requested zone.
    let parsed = parsed.map(|moment| moment.with_time_zone(zone.clone()));
    parsed.ok_or_else(|| match existing {
        Some(format) => format!("Text '{text}' could not be parsed with the format '{format}'").into(),
        None => format!("Text '{text}' could not be parsed as a date").into(),
    })
}

/// Makes a span of a number of units.
type MakeSpan = fn(i64) -> Result<Span, jiff::Error>;

/// Adds a number of units to a time. `unit` is the name of a Java `ChronoUnit`.
pub(crate) fn add(moment: &Zoned, amount: i64, unit: &str) -> Result<Zoned, Fault> {
    let (span, factor): (MakeSpan, i64) = match unit {
        "NANOS" => (|n| Span::new().try_nanoseconds(n), 1),
        "MICROS" => (|n| Span::new().try_microseconds(n), 1),
        "MILLIS" => (|n| Span::new().try_milliseconds(n), 1),
        "SECONDS" => (|n| Span::new().try_seconds(n), 1),
        "MINUTES" => (|n| Span::new().try_minutes(n), 1),
        "HOURS" => (|n| Span::new().try_hours(n), 1),
        "HALF_DAYS" => (|n| Span::new().try_hours(n), 12),
        "DAYS" => (|n| Span::new().try_days(n), 1),
        "WEEKS" => (|n| Span::new().try_weeks(n), 1),
        "MONTHS" => (|n| Span::new().try_months(n), 1),
        "YEARS" => (|n| Span::new().try_years(n), 1),
        "DECADES" => (|n| Span::new().try_years(n), 10),
        "CENTURIES" => (|n| Span::new().try_years(n), 100),
        "MILLENNIA" => (|n| Span::new().try_years(n), 1000),
        _ => {
            return Err(format!(
                "Unknown unit '{unit}': expected one of NANOS, MICROS, MILLIS, SECONDS, MINUTES, HOURS, \
                 HALF_DAYS, DAYS, WEEKS, MONTHS, YEARS, DECADES, CENTURIES, MILLENNIA"
            )
            .into());
        }
    };
    let beyond = || Fault::from(format!("{amount} {unit} are beyond the range of dates"));
    let amount = amount.checked_mul(factor).ok_or_else(beyond)?;
    let span = span(amount).map_err(|_| beyond())?;
    moment.checked_add(span).map_err(|_| beyond())
}
