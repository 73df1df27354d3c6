//! The function `now()`.

use crate::builtin::{Args, Builtin, builtin};
use crate::dates;
use crate::error::Outcome;
use crate::run::Run;
use minijinja::Value;

pub(super) static TABLE: &[Builtin] =
    &[builtin("now", &["format", "timeZone", "existingFormat", "locale"], now)];

fn now(run: &Run, args: &Args<'_>) -> Outcome {
    let zone = dates::zone(run, args.optional_text(1, "timeZone")?)?;
    let format = args.optional_text(0, "format")?.unwrap_or("iso");
    let moment = run.scope().ambient.now.to_zoned(zone);
    Ok(Value::from(dates::format(&moment, format, args.optional_text(3, "locale")?)?))
}
