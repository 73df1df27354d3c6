//! Filters on dates.

use super::input;
use crate::builtin::{Args, Builtin, builtin};
use crate::dates;
use crate::error::{Fault, Outcome};
use crate::run::Run;
use minijinja::Value;

pub(super) static TABLE: &[Builtin] = &[
    builtin("date", &["format", "timeZone", "existingFormat", "locale"], date),
    builtin("dateAdd", &["amount", "unit", "format", "timeZone", "existingFormat", "locale"], date_add),
    builtin("timestamp", &["timeZone", "existingFormat"], |run, args| {
        timestamp(run, args, |moment| Value::from(floor(moment, 1_000_000_000)))
    }),
    builtin("timestampMilli", &["timeZone", "existingFormat"], |run, args| {
        timestamp(run, args, |moment| Value::from(floor(moment, 1_000_000)))
    }),
    builtin("timestampMicro", &["timeZone", "existingFormat"], |run, args| {
        timestamp(run, args, |moment| Value::from(micro(moment).to_string()))
    }),
    builtin("timestampNano", &["timeZone", "existingFormat"], |run, args| {
        timestamp(run, args, |moment| Value::from(moment.as_nanosecond().to_string()))
    }),
];

/// The whole units since 1970, for a unit of this many nanoseconds. Times before 1970 are rounded down, as in Java.
fn floor(moment: jiff::Timestamp, nanoseconds: i128) -> i64 {
    i64::try_from(moment.as_nanosecond().div_euclid(nanoseconds)).unwrap_or(i64::MAX)
}

/// Kestra's `timestampMicro`: the nanoseconds of the whole seconds, plus the microseconds of the rest. It is no count of
/// microseconds since 1970. Flows of Kestra rely on it, so it is the same here.
fn micro(moment: jiff::Timestamp) -> i128 {
    let nanoseconds = moment.as_nanosecond();
    nanoseconds.div_euclid(1_000_000_000) * 1_000_000_000 + nanoseconds.rem_euclid(1_000_000_000) / 1_000
}

fn date(run: &Run, args: &Args<'_>) -> Outcome {
    let Some(value) = input(args) else { return Ok(Value::from(())) };
    let zone = dates::zone(run, args.optional_text(2, "timeZone")?)?;
    let moment = dates::parse(value, &zone, args.optional_text(3, "existingFormat")?)?;
    let format = args.optional_text(1, "format")?.unwrap_or("iso");
    Ok(Value::from(dates::format(&moment, format, args.optional_text(4, "locale")?)?))
}

fn date_add(run: &Run, args: &Args<'_>) -> Outcome {
    let Some(value) = input(args) else { return Ok(Value::from(())) };
    let amount = args.required(1, "amount")?;
    let amount = match amount.as_str() {
        Some(digits) => digits.parse().map_err(|_| args.wrong_type("amount", "number", amount))?,
        None => args.int(1, "amount")?,
    };
    let unit = args.text(2, "unit")?;
    let zone = dates::zone(run, args.optional_text(4, "timeZone")?)?;
    let moment = dates::parse(value, &zone, args.optional_text(5, "existingFormat")?)?;
    let moment = dates::add(&moment, amount, unit)?;
    let format = args.optional_text(3, "format")?.unwrap_or("iso");
    Ok(Value::from(dates::format(&moment, format, args.optional_text(6, "locale")?)?))
}

fn timestamp(run: &Run, args: &Args<'_>, write: fn(jiff::Timestamp) -> Value) -> Outcome {
    let Some(value) = input(args) else { return Ok(Value::from(())) };
    let zone = dates::zone(run, args.optional_text(1, "timeZone")?)?;
    let moment = dates::parse(value, &zone, args.optional_text(2, "existingFormat")?)?;
    Ok::<_, Fault>(write(moment.timestamp()))
}
