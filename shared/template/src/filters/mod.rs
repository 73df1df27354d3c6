//! The filters of docs/kestra.md 3.7, in one file for each group. The input of a filter is argument 0. If the input is
//! null, the result is null, unless the filter says otherwise.
//!
//! To add a filter, add a function to the matching file and a line to the `TABLE` of this file.

mod codec;
mod collections;
mod decimal;
mod jq;
mod numbers;
mod printf;
mod regexes;
mod text;
mod time;

use crate::builtin::{Args, Builtin};
use crate::error::{Fault, Outcome};
use crate::run::Run;
use crate::value::{is_list, is_map, items, pairs};
use crate::{java, nesting};
use minijinja::Value;

/// All filters of all groups.
pub(crate) fn all() -> impl Iterator<Item = &'static Builtin> {
    [codec::TABLE, collections::TABLE, jq::TABLE, numbers::TABLE, regexes::TABLE, text::TABLE, time::TABLE]
        .into_iter()
        .flatten()
}

/// The filter with this name. `None` if there is no such filter.
pub(crate) fn find(name: &str) -> Option<&'static Builtin> {
    all().find(|builtin| builtin.name == name)
}

/// The input. `None` if it is null.
fn input<'a>(args: &'a Args<'_>) -> Option<&'a Value> {
    args.get(0)
}

/// Makes a text from the Java text of the input. Null stays null.
fn map_text(run: &Run, args: &Args<'_>, f: impl FnOnce(&str) -> Result<String, Fault>) -> Outcome {
    let Some(value) = input(args) else { return Ok(Value::from(())) };
    let text = match value.as_str() {
        Some(text) => f(text)?,
        None => {
            nesting::weigh(run, value)?;
            f(&java::to_string(value))?
        }
    };
    run.charge(text.len() / 32)?;
    Ok(Value::from(text))
}

/// The input, which must be a text. `None` if it is null.
fn text_input<'a>(args: &'a Args<'_>) -> Result<Option<&'a str>, Fault> {
    match input(args) {
        None => Ok(None),
        Some(value) => value.as_str().map(Some).ok_or_else(|| {
            format!(
                "The {} can only be applied to String. Actual type was: {}",
                args.callee,
                java::class_name(value)
            )
            .into()
        }),
    }
}

/// Applies `f` to every text in a structure. A scalar is first changed to a text.
fn deep(value: &Value, f: &dyn Fn(&str) -> Result<String, Fault>) -> Outcome {
    if is_map(value) {
        let entries = pairs(value).into_iter().map(|(key, item)| Ok((key, deep(&item, f)?)));
        return entries.collect::<Result<Vec<_>, Fault>>().map(Value::from_pairs);
    }
    if is_list(value) {
        let all = items(value).iter().map(|item| deep(item, f)).collect::<Result<Vec<_>, Fault>>();
        return all.map(Value::from);
    }
    f(&java::to_string(value)).map(Value::from)
}

/// The error for an input of the wrong type.
fn wrong_input(args: &Args<'_>, wanted: &str, value: &Value) -> Fault {
    format!(
        "The {} can only be applied to {wanted}. Actual type was: {}",
        args.callee,
        java::class_name(value)
    )
    .into()
}
