//! Regular expressions over bytes. The bytes come and go as hexadecimal digits.
//!
//! RE2 reads bytes as characters of Latin-1. So each byte becomes the character with its number, and the functions of
//! texts do the rest.

use super::bytes::{bytes, hex};
use super::{Outcome, regexps};

/// Calls the function `name`. `None` if it is in another module.
pub(super) fn call(name: &str, arguments: &[&str]) -> Option<Outcome> {
    let name = name.strip_prefix("bytes_regexp_")?;
    Some(match (name, arguments) {
        ("contains", [all, pattern]) => contains(all, pattern),
        ("extract", [all, pattern, position, occurrence]) => extract(all, pattern, position, occurrence),
        ("extract_all", [all, pattern]) => extract_all(all, pattern),
        ("instr", [all, pattern, position, occurrence, kind]) => {
            latin(all).and_then(|all| regexps::instr(&all, &latin(pattern)?, position, occurrence, kind))
        }
        ("replace", [all, pattern, replacement]) => replace(all, pattern, replacement),
        _ => return None,
    })
}

/// The bytes as characters of Latin-1.
fn latin(digits: &str) -> Result<String, String> {
    Ok(bytes(digits)?.into_iter().map(char::from).collect())
}

/// The digits of characters of Latin-1.
fn digits(text: &str) -> String {
    hex(&text.chars().filter_map(|c| u8::try_from(u32::from(c)).ok()).collect::<Vec<_>>())
}

fn contains(all: &str, pattern: &str) -> Outcome {
    let own = regexps::compiled(&latin(pattern)?, true)?;
    Ok(Some(own.is_match(&latin(all)?).to_string()))
}

fn extract(all: &str, pattern: &str, position: &str, occurrence: &str) -> Outcome {
    let found = regexps::extract(&latin(all)?, &latin(pattern)?, position, occurrence)?;
    Ok(found.map(|found| digits(&found)))
}

fn extract_all(all: &str, pattern: &str) -> Outcome {
    let own = regexps::compiled(&latin(pattern)?, false)?;
    let all = latin(all)?;
    let found: Vec<String> =
        regexps::matches(&own, &all).into_iter().map(|found| digits(found.unwrap_or_default())).collect();
    Ok(Some(serde_json::to_string(&found).unwrap_or_default()))
}

fn replace(all: &str, pattern: &str, replacement: &str) -> Outcome {
    let (all, pattern, replacement) = (latin(all)?, latin(pattern)?, latin(replacement)?);
    regexps::rewrite(&pattern, &replacement)?;
    let own = regexps::compiled(&pattern, true)?;
    let mut out = String::with_capacity(all.len());
    let mut last = 0;
    for found in own.captures_iter(&all) {
        let Some(whole) = found.get(0) else { continue };
        out.push_str(all.get(last..whole.start()).unwrap_or_default());
        last = whole.end();
        let mut characters = replacement.chars();
        while let Some(c) = characters.next() {
            let group = if c == '\\' { characters.next() } else { None };
            match group.map(|own| (own, own.to_digit(10))) {
                None => out.push(c),
                Some((_, Some(digit))) => {
                    let group = usize::try_from(digit).ok().and_then(|digit| found.get(digit));
                    out.push_str(group.map(|own| own.as_str()).unwrap_or_default());
                }
                Some((own, None)) => out.push(own),
            }
        }
    }
    out.push_str(all.get(last..).unwrap_or_default());
    Ok(Some(digits(&out)))
}
