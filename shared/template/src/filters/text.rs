//! Filters on text.

use super::{deep, input, map_text, printf, text_input, wrong_input};
use crate::builtin::{Args, Builtin, builtin, variadic};
use crate::error::{Fault, Outcome};
use crate::predicates::is_empty;
use crate::run::Run;
use crate::{java, nesting};
use minijinja::Value;
use std::fmt::Write as _;

pub(super) static TABLE: &[Builtin] = &[
    builtin("lower", &[], |run, args| map_text(run, args, |text| Ok(text.to_lowercase()))),
    builtin("upper", &[], |run, args| map_text(run, args, |text| Ok(text.to_uppercase()))),
    builtin("trim", &[], |run, args| map_text(run, args, |text| Ok(text.trim().to_owned()))),
    builtin("capitalize", &[], |run, args| map_text(run, args, |text| Ok(capitalize(text)))),
    builtin("title", &[], |run, args| map_text(run, args, |text| Ok(title(text)))),
    builtin("abbreviate", &["length"], abbreviate),
    builtin("nl2br", &[], |run, args| map_text(run, args, |text| Ok(nl2br(text)))),
    variadic("format", format_filter),
    builtin("slugify", &[], |run, args| map_text(run, args, |text| Ok(slugify(text)))),
    builtin("substringBefore", &["separator"], |run, args| {
        cut(run, args, |text, part| text.find(part), true)
    }),
    builtin("substringBeforeLast", &["separator"], |run, args| {
        cut(run, args, |text, part| text.rfind(part), true)
    }),
    builtin("substringAfter", &["separator"], |run, args| {
        cut(run, args, |text, part| text.find(part), false)
    }),
    builtin("substringAfterLast", &["separator"], |run, args| {
        cut(run, args, |text, part| text.rfind(part), false)
    }),
    builtin("startsWith", &["value"], |_, args| affix(args, |text, part| text.starts_with(part))),
    builtin("endsWith", &["value"], |_, args| affix(args, |text, part| text.ends_with(part))),
    builtin("escapeChar", &["type"], escape_char),
    // The result is used between single quotes of a shell.
    builtin("sh", &[], |run, args| map_text(run, args, |text| Ok(text.replace('\'', "'\\''")))),
    builtin("indent", &["amount", "prefix"], |run, args| indent(run, args, false)),
    builtin("nindent", &["amount", "prefix"], |run, args| indent(run, args, true)),
    builtin("default", &["default"], default),
    builtin("string", &[], string),
    builtin("className", &[], class_name),
];

fn capitalize(text: &str) -> String {
    let start = text.len() - text.trim_start().len();
    let (space, rest) = text.split_at_checked(start).unwrap_or(("", text));
    let mut chars = rest.chars();
    chars
        .next()
        .map_or_else(|| text.to_owned(), |first| format!("{space}{}{}", first.to_uppercase(), chars.as_str()))
}

fn title(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut begins = true;
    for c in text.chars() {
        if begins {
            out.extend(c.to_uppercase())
        } else {
            out.push(c)
        }
        begins = c.is_whitespace();
    }
    out
}

/// Shortens a text to a length. The length includes the three dots.
fn abbreviate(_: &Run, args: &Args<'_>) -> Outcome {
    let Some(text) = text_input(args)? else { return Ok(Value::from(())) };
    let length = usize::try_from(args.int(1, "length")?)
        .map_err(|_| Fault::from("Invalid argument to abbreviate filter; must be greater than zero"))?;
    let count = text.chars().count();
    if count <= length || count <= 3 {
        return Ok(Value::from(text));
    }
    let (kept, dots) = if length <= 3 { (length, "") } else { (length - 3, "...") };
    Ok(Value::from(text.chars().take(kept).collect::<String>() + dots))
}

fn nl2br(text: &str) -> String {
    text.replace("\r\n", "<br />").replace('\n', "<br />")
}

fn format_filter(run: &Run, args: &Args<'_>) -> Outcome {
    let Some(text) = text_input(args)? else { return Ok(Value::from(())) };
    let rest = args.values.get(1..).unwrap_or_default();
    // If the only argument is a list, its items are the arguments.
    let listed = rest.first().filter(|first| rest.len() == 1 && crate::value::is_list(first));
    let formatted = match listed {
        Some(list) => printf::format(run, text, &crate::value::items(list))?,
        None => printf::format(run, text, rest)?,
    };
    run.charge(formatted.len() / 32)?;
    Ok(Value::from(formatted))
}

/// Makes a slug. Spaces and `_` become `-`. Accents, and characters that are not in words, are removed.
fn slugify(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_whitespace() || c == '_' || c == '-' {
            if !out.ends_with('-') {
                out.push('-');
            }
        } else if c.is_ascii_alphanumeric() {
            out.push(c.to_ascii_lowercase());
        } else {
            unicode_normalization::char::decompose_canonical(c, |base| {
                if base.is_ascii_alphanumeric() {
                    out.push(base.to_ascii_lowercase());
                }
            });
        }
    }
    out.trim_matches('-').to_owned()
}

/// The text before or after a separator. If the separator is not found, the text before it is the whole text, and the
/// text after it is empty.
fn cut(run: &Run, args: &Args<'_>, find: fn(&str, &str) -> Option<usize>, before: bool) -> Outcome {
    let separator = match args.get(1) {
        Some(separator) => java::to_string(separator),
        None => return Err(format!("The {} expects an argument 'separator'.", args.callee).into()),
    };
    map_text(run, args, |text| {
        Ok(match (find(text, &separator), before) {
            (Some(place), true) => text.get(..place),
            (Some(place), false) => text.get(place + separator.len()..),
            (None, true) => Some(text),
            (None, false) => None,
        }
        .unwrap_or_default()
        .to_owned())
    })
}

fn affix(args: &Args<'_>, holds: fn(&str, &str) -> bool) -> Outcome {
    let Some(text) = text_input(args)? else {
        return Err(format!("The {} cannot be applied to null", args.callee).into());
    };
    Ok(Value::from(holds(text, args.text(1, "value")?)))
}

fn escape_char(run: &Run, args: &Args<'_>) -> Outcome {
    let kind = args.text(1, "type")?.to_lowercase();
    let (from, to) = match kind.as_str() {
        "single" => ("'", "\\'"),
        "double" => ("\"", "\\\""),
        "shell" => ("'", "'\\''"),
        _ => {
            return Err(
                "The 'escapeChar' filter expects the value of 'type' to be either 'single', 'double', \
                        or 'shell'."
                    .into(),
            );
        }
    };
    let Some(value) = input(args) else { return Ok(Value::from(())) };
    nesting::weigh(run, value)?;
    deep(value, &|text| {
        run.charge(1 + text.len() / 32)?;
        Ok(text.replace(from, to))
    })
}

/// Indents a text. `indent` does not indent the first line. `nindent` begins with a new line.
fn indent(run: &Run, args: &Args<'_>, newline: bool) -> Outcome {
    if args.get(1).is_none() {
        return Err(format!("The {} expects an integer as argument 'amount'.", args.callee).into());
    }
    let amount = usize::try_from(args.int(1, "amount")?).map_err(|_| {
        Fault::from(format!("The {} expects a positive integer >=0 as argument 'amount'.", args.callee))
    })?;
    let prefix = args.optional_text(2, "prefix")?.unwrap_or(" ");
    run.charge(amount.saturating_mul(prefix.len()))?;
    let prefix = prefix.repeat(amount);
    map_text(run, args, |text| {
        if text.is_empty() {
            return Ok(String::new());
        }
        let separator =
            ["\r\n", "\n\r", "\n", "\r"].into_iter().find(|end| text.contains(end)).unwrap_or("\n");
        let lines = text.matches(separator).count();
        run.charge(lines.saturating_mul(prefix.len()) / 32)?;
        let body = text.replace(separator, &format!("{separator}{prefix}"));
        Ok(if newline { format!("{separator}{prefix}{body}") } else { body })
    })
}

/// Replaces an input that is undefined, null or empty.
fn default(_: &Run, args: &Args<'_>) -> Outcome {
    let value = args.values.first();
    let lacks = value.is_none_or(|value| crate::missing::is_missing(value) || is_empty(value));
    Ok(if lacks { args.values.get(1) } else { value }.cloned().unwrap_or_default())
}

/// The Java text of the input. Maps and lists become JSON.
fn string(run: &Run, args: &Args<'_>) -> Outcome {
    let Some(value) = input(args) else { return Ok(Value::from(())) };
    nesting::weigh(run, value)?;
    let text = java::print(value);
    run.charge(text.len() / 32)?;
    Ok(Value::from(text))
}

fn class_name(_: &Run, args: &Args<'_>) -> Outcome {
    Ok(match input(args) {
        None => Value::from(()),
        Some(value) => Value::from(java::class_name(value)),
    })
}

/// Bytes as lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        // Writing to a String cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// The input for filters that accept only texts. `None` if the input is null.
pub(super) fn only_text<'a>(args: &'a Args<'_>) -> Result<Option<&'a str>, Fault> {
    match input(args) {
        None => Ok(None),
        Some(value) => value.as_str().map(Some).ok_or_else(|| wrong_input(args, "String", value)),
    }
}
