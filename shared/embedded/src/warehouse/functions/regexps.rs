//! Functions of regular expressions that DuckDB lacks.

use super::re2::translated;
use super::{Outcome, integer};
use regex::Regex;
use std::cell::RefCell;
use std::collections::HashMap;

thread_local! {
    /// The patterns of the running statement, so that a pattern is not compiled for each row.
    static PATTERNS: RefCell<HashMap<String, Regex>> = RefCell::default();
}

/// Calls the function `name`. `None` if it is in another module.
pub(super) fn call(name: &str, arguments: &[&str]) -> Option<Outcome> {
    Some(match (name, arguments) {
        ("regexp_extract", [text, pattern, position, occurrence]) => {
            extract(text, pattern, position, occurrence)
        }
        ("regexp_rewrite", [pattern, replacement]) => rewrite(pattern, replacement),
        ("regexp_extract_all", [text, pattern]) => extract_all(text, pattern),
        ("regexp_instr", [text, pattern, position, occurrence, kind]) => {
            instr(text, pattern, position, occurrence, kind)
        }
        _ => return None,
    })
}

/// A pattern. `grouped`: it may have several groups.
pub(super) fn compiled(pattern: &str, grouped: bool) -> Result<Regex, String> {
    let own = PATTERNS.with_borrow_mut(|patterns| {
        if let Some(known) = patterns.get(pattern) {
            return Ok(known.clone());
        }
        let own = Regex::new(&translated(pattern)).map_err(|error| {
            let text = error.to_string();
            format!("Cannot parse regular expression: {}", text.lines().last().unwrap_or_default().trim())
        })?;
        if patterns.len() > 100 {
            patterns.clear();
        }
        patterns.insert(pattern.to_owned(), own.clone());
        Ok::<_, String>(own)
    })?;
    if own.captures_len() > 2 && !grouped {
        return Err("Regular expression has more than 1 capturing group".to_owned());
    }
    Ok(own)
}

/// The offset of a character in bytes. `None` if the text is shorter.
fn offset(text: &str, position: i64) -> Option<usize> {
    let index = usize::try_from(position - 1).ok()?;
    text.char_indices().map(|(at, _)| at).chain([text.len()]).nth(index)
}

/// The matches of a pattern, each with its group, which may be missing. After an empty match, the search goes on behind
/// the next character. There is no match at the end of a text that was read before.
pub(super) fn matches<'t>(own: &Regex, text: &'t str) -> Vec<Option<&'t str>> {
    let group = own.captures_len() - 1;
    let (mut found, mut at) = (Vec::new(), 0);
    while let Some(captures) = own.captures_at(text, at) {
        let Some(whole) = captures.get(0) else { break };
        found.push(captures.get(group).map(|own| own.as_str()));
        let next = text.get(whole.end()..).and_then(|rest| rest.chars().next());
        at = whole.end() + if whole.is_empty() { next.map_or(0, char::len_utf8) } else { 0 };
        if at >= text.len() {
            break;
        }
    }
    found
}

pub(super) fn extract(text: &str, pattern: &str, position: &str, occurrence: &str) -> Outcome {
    let own = compiled(pattern, false)?;
    let (position, occurrence) = (integer(position)?, integer(occurrence)?);
    if position <= 0 || occurrence <= 0 {
        return Err("Position and occurrence of REGEXP_EXTRACT must be positive".to_owned());
    }
    let Some(rest) = offset(text, position).and_then(|at| text.get(at..)) else { return Ok(None) };
    if rest.is_empty() && position > 1 {
        return Ok(None);
    }
    let number = usize::try_from(occurrence - 1).unwrap_or_default();
    Ok(matches(&own, rest).into_iter().nth(number).flatten().map(str::to_owned))
}

fn extract_all(text: &str, pattern: &str) -> Outcome {
    let own = compiled(pattern, false)?;
    let found: Vec<&str> = matches(&own, text).into_iter().map(Option::unwrap_or_default).collect();
    Ok(Some(serde_json::to_string(&found).unwrap_or_default()))
}

/// The replacement of REGEXP_REPLACE, if it fits the pattern.
pub(super) fn rewrite(pattern: &str, replacement: &str) -> Outcome {
    let groups = compiled(pattern, true)?.captures_len() - 1;
    let mut characters = replacement.chars();
    while let Some(c) = characters.next() {
        if c != '\\' {
            continue;
        }
        match characters.next().map(|next| (next, next.to_digit(10))) {
            Some(('\\', _)) => {}
            Some((_, Some(digit))) if usize::try_from(digit).is_ok_and(|digit| digit <= groups) => {}
            Some((_, Some(digit))) => {
                return Err(format!(
                    "Invalid REGEXP_REPLACE pattern: the replacement has \\{digit}, but the regular expression has \
                     {groups} capturing groups"
                ));
            }
            _ => {
                return Err(
                    "Invalid REGEXP_REPLACE pattern: after a backslash, the replacement needs a digit or a \
                            backslash"
                        .to_owned(),
                );
            }
        }
    }
    Ok(Some(replacement.to_owned()))
}

pub(super) fn instr(text: &str, pattern: &str, position: &str, occurrence: &str, kind: &str) -> Outcome {
    let own = compiled(pattern, false)?;
    let (position, occurrence, kind) = (integer(position)?, integer(occurrence)?, integer(kind)?);
    if position <= 0 || occurrence <= 0 || !(0..=1).contains(&kind) {
        return Err("Position and occurrence of REGEXP_INSTR must be positive, and the last argument 0 or 1"
            .to_owned());
    }
    let zero = Ok(Some("0".to_owned()));
    let Some(start) = offset(text, position) else { return zero };
    let rest = text.get(start..).unwrap_or_default();
    if rest.is_empty() || pattern.is_empty() {
        return zero;
    }
    let number = usize::try_from(occurrence - 1).unwrap_or_default();
    let Some(found) = own.captures_iter(rest).nth(number) else { return zero };
    let Some(group) = found.get(own.captures_len() - 1) else { return zero };
    let at = if kind == 0 { group.start() } else { group.end() };
    let before = text.get(..start + at).unwrap_or_default().chars().count();
    Ok(Some((before + 1).to_string()))
}
