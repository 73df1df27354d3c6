//! Functions that read JSON, YAML and ION.

use crate::builtin::{Args, Builtin, builtin};
use crate::error::{Fault, Outcome};
use crate::run::Run;
use crate::value::value_from_json;
use crate::{ion, yaml};
use minijinja::Value;

pub(super) static TABLE: &[Builtin] = &[
    builtin("fromJson", &["json"], from_json),
    builtin("json", &["json"], from_json),
    builtin("jsonDecode", &["json"], from_json),
    builtin("yaml", &["yaml"], from_yaml),
    builtin("fromIon", &["ion", "allRows"], from_ion),
    builtin("ionDecode", &["ion", "allRows"], from_ion),
];

/// The text of an argument. `None` if it is null.
fn source<'a>(run: &Run, args: &'a Args<'_>, name: &str) -> Result<Option<&'a str>, Fault> {
    match args.values.first() {
        Some(value) if value.is_none() => Ok(None),
        _ => {
            let text = args.text(0, name)?;
            // A parsed value takes many times the memory of its text.
            run.charge(text.len() / 4)?;
            Ok(Some(text))
        }
    }
}

fn from_json(run: &Run, args: &Args<'_>) -> Outcome {
    let Some(text) = source(run, args, "json")? else { return Ok(Value::from(())) };
    let parsed = serde_json::from_str(text);
    parsed
        .map(|json| value_from_json(&json))
        .map_err(|error| format!("The {} cannot read the JSON: {error}", args.callee).into())
}

fn from_yaml(run: &Run, args: &Args<'_>) -> Outcome {
    let Some(text) = source(run, args, "yaml")? else { return Ok(Value::from(())) };
    yaml::parse(text)
        .map(|yaml| value_from_json(&yaml))
        .map_err(|error| format!("The {} cannot read the YAML: {error}", args.callee).into())
}

fn from_ion(run: &Run, args: &Args<'_>) -> Outcome {
    let Some(text) = source(run, args, "ion")? else { return Ok(Value::from(())) };
    let rows = ion::parse_all(text).map_err(|error| format!("The {} {error}", args.callee))?;
    if args.flag(1, "allRows", false)? {
        return Ok(Value::from(rows.iter().map(value_from_json).collect::<Vec<_>>()));
    }
    Ok(rows.first().map_or_else(|| Value::from(()), value_from_json))
}
