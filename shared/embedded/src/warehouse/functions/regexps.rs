//! Functions of regular expressions that DuckDB lacks.

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
        ("regexp_extract_all", [text, pattern]) => extract_all(text, pattern),
        ("regexp_instr", [text, pattern, position, occurrence, kind]) => {
            instr(text, pattern, position, occurrence, kind)
        }
        _ => return None,
    })
}

fn compiled(pattern: &str) -> Result<Regex, String> {
    PATTERNS.with_borrow_mut(|patterns| {
        if let Some(known) = patterns.get(pattern) {
            return Ok(known.clone());
        }
        let own = Regex::new(pattern).map_err(|error| {
            let text = error.to_string();
            format!("Cannot parse regular expression: {}", text.lines().last().unwrap_or_default().trim())
        })?;
        if own.captures_len() > 2 {
            return Err("Regular expression has more than 1 capturing group".to_owned());
        }
        if patterns.len() > 100 {
            patterns.clear();
        }
        patterns.insert(pattern.to_owned(), own.clone());
        Ok(own)
    })
}

/// The offset of a character in bytes. `None` if the text is shorter.
fn offset(text: &str, position: i64) -> Option<usize> {
    let index = usize::try_from(position - 1).ok()?;
    text.char_indices().map(|(at, _)| at).chain([text.len()]).nth(index)
}

fn extract(text: &str, pattern: &str, position: &str, occurrence: &str) -> Outcome {
    let own = compiled(pattern)?;
    let (position, occurrence) = (integer(position)?, integer(occurrence)?);
    if position <= 0 || occurrence <= 0 {
        return Err("Position and occurrence of REGEXP_EXTRACT must be positive".to_owned());
    }
    let Some(rest) = offset(text, position).and_then(|at| text.get(at..)) else { return Ok(None) };
    let number = usize::try_from(occurrence - 1).unwrap_or_default();
    let Some(found) = own.captures_iter(rest).nth(number) else { return Ok(None) };
    let group = if own.captures_len() > 1 { found.get(1) } else { found.get(0) };
    Ok(Some(group.map(|group| group.as_str()).unwrap_or_default().to_owned()))
}

fn extract_all(text: &str, pattern: &str) -> Outcome {
    let own = compiled(pattern)?;
    let group = own.captures_len() - 1;
    let found: Vec<&str> = own
        .captures_iter(text)
        .map(|found| found.get(group).map(|own| own.as_str()).unwrap_or_default())
        .collect();
    Ok(Some(serde_json::to_string(&found).unwrap_or_default()))
}

fn instr(text: &str, pattern: &str, position: &str, occurrence: &str, kind: &str) -> Outcome {
    let own = compiled(pattern)?;
    let (position, occurrence, kind) = (integer(position)?, integer(occurrence)?, integer(kind)?);
    if position <= 0 || occurrence <= 0 || !(0..=1).contains(&kind) {
        return Err("Position and occurrence of REGEXP_INSTR must be positive, and the last argument 0 or 1"
            .to_owned());
    }
    let zero = Ok(Some("0".to_owned()));
    let Some(start) = offset(text, position) else { return zero };
    let rest = text.get(start..).unwrap_or_default();
    if rest.is_empty() {
        return zero;
    }
    let number = usize::try_from(occurrence - 1).unwrap_or_default();
    let Some(found) = own.captures_iter(rest).nth(number) else { return zero };
    let Some(group) = found.get(own.captures_len() - 1) else { return zero };
    let at = if kind == 0 { group.start() } else { group.end() };
    let before = text.get(..start + at).unwrap_or_default().chars().count();
    Ok(Some((before + 1).to_string()))
}
