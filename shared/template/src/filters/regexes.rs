//! Filters with regular expressions, and `replace`.

use super::{deep, input, map_text, text_input};
use crate::builtin::{Args, Builtin, builtin};
use crate::error::{Fault, Outcome};
use crate::regexes::JavaRegex;
use crate::run::Run;
use crate::value::{is_map, pairs};
use crate::{java, nesting};
use minijinja::Value;

/// The steps for compiling an expression. The length of the expression costs further steps.
const COMPILING: usize = 100;

pub(super) static TABLE: &[Builtin] = &[
    builtin("split", &["delimiter", "limit"], split),
    builtin("replace", &["replace_pairs", "regexp"], replace),
    builtin("regexReplace", &["regex", "replacement"], regex_replace),
    builtin("regexMatch", &["regex"], regex_match),
    builtin("regexExtract", &["regex", "group"], regex_extract),
];

/// Compiles an expression. Compiling costs far more steps than matching a short text.
fn compiled(run: &Run, pattern: &str) -> Result<JavaRegex, Fault> {
    run.charge(COMPILING + pattern.len())?;
    let regex = JavaRegex::new(pattern)?;
    run.look()?;
    Ok(regex)
}

/// Splits as Java's `String.split(regex, limit)` does. Without a limit, empty parts at the end are removed.
fn split(run: &Run, args: &Args<'_>) -> Outcome {
    let Some(text) = text_input(args)? else { return Ok(Value::from(())) };
    let regex = compiled(run, args.text(1, "delimiter")?)?;
    let parts = regex.split(text, args.optional_int(2, "limit")?.unwrap_or(0))?;
    run.charge(parts.len())?;
    Ok(Value::from(parts.into_iter().map(Value::from).collect::<Vec<_>>()))
}

/// Replaces pair after pair in every text of the input.
fn replace(run: &Run, args: &Args<'_>) -> Outcome {
    let Some(value) = input(args) else { return Ok(Value::from(())) };
    let Some(given) = args.get(1) else { return Err("The argument 'replace_pairs' is required.".into()) };
    if !is_map(given) {
        return Err(args.wrong_type("replace_pairs", "map", given));
    }
    let regexp = args.flag(2, "regexp", false)?;
    let mut replacements = Vec::new();
    for (from, to) in pairs(given) {
        let (from, to) = (java::to_string(&from), java::to_string(&to));
        let regex = if regexp { Some(compiled(run, &from)?) } else { None };
        replacements.push((from, to, regex));
    }
    nesting::weigh(run, value)?;
    deep(value, &|text| {
        let mut text = text.to_owned();
        for (from, to, regex) in &replacements {
            text = match regex {
                Some(regex) => regex.replace_all(&text, to, &mut |grown| run.charge(grown / 32))?,
                None => {
                    // Steps are taken before the text is made, because each of a million letters may become a million
                    // letters.
                    let found = text.matches(from.as_str()).count();
                    run.charge(1 + (text.len() + found.saturating_mul(to.len())) / 32)?;
                    text.replace(from.as_str(), to)
                }
            };
            run.charge(1 + text.len() / 32)?;
        }
        Ok(text)
    })
}

fn regex_replace(run: &Run, args: &Args<'_>) -> Outcome {
    let regex = compiled(run, args.text(1, "regex")?)?;
    let replacement = args.text(2, "replacement")?;
    map_text(run, args, |text| regex.replace_all(text, replacement, &mut |grown| run.charge(grown / 32)))
}

/// Whether a part of the text matches. Null does not match.
fn regex_match(run: &Run, args: &Args<'_>) -> Outcome {
    let Some(value) = input(args) else { return Ok(Value::from(false)) };
    let regex = compiled(run, args.text(1, "regex")?)?;
    nesting::weigh(run, value)?;
    Ok(Value::from(regex.matches(&java::to_string(value))?))
}

/// The first match, or one of its groups. Null if nothing matches.
fn regex_extract(run: &Run, args: &Args<'_>) -> Outcome {
    let Some(value) = input(args) else { return Ok(Value::from(())) };
    let regex = compiled(run, args.text(1, "regex")?)?;
    nesting::weigh(run, value)?;
    let group = usize::try_from(args.optional_int(2, "group")?.unwrap_or(0))
        .map_err(|_| Fault::from("The argument 'group' may not be negative"))?;
    Ok(regex.extract(&java::to_string(value), group)?.map_or_else(|| Value::from(()), Value::from))
}
