//! `inputs.a-b` is a subtraction, not a name (docs/kestra.md 1.1).

use crate::diagnostic::{Diagnostic, codes};
use crate::flow::Flow;
use crate::positions::Positions;
use crate::templates::templates;
use std::collections::HashSet;

/// The roots that may follow the dash in a subtraction without spaces: `inputs.a-inputs.b`.
const ROOTS: [&str; 3] = ["inputs", "outputs", "vars"];

pub(super) fn dash_in_dot_notation(flow: &Flow, positions: &Positions) -> Vec<Diagnostic> {
    let mut declared: HashSet<&str> = flow.inputs.iter().map(|input| input.id.as_str()).collect();
    flow.walk(&mut |task| {
        declared.insert(&task.id);
    });
    let mut found = Vec::new();
    for template in templates(flow) {
        for (before, name) in dashed(template.text) {
            let rest = name.split_once('-').map_or("", |(_, rest)| rest);
            let is_number = rest.starts_with(|letter: char| letter.is_ascii_digit());
            if is_number && !declared.contains(name) {
                continue;
            }
            let message = format!("'{before}.{name}' is read as a subtraction");
            found.push(
                Diagnostic::error(codes::DASH_IN_DOT_NOTATION, positions.of(&template.path), message)
                    .with_hint(format!("write {before}['{name}']")),
            );
        }
    }
    found
}

/// The names with a dash after a dot in the expressions of a text, each with the name before the dot.
fn dashed(text: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    for region in regions(text) {
        let mut rest = region;
        while let Some(letter) = rest.chars().next() {
            if letter == '"' || letter == '\'' {
                let after = rest.get(1..).unwrap_or_default();
                rest = after.split_once(letter).map_or("", |(_, after)| after);
            } else if is_name(letter) {
                let end = rest
                    .find(|letter| !is_name(letter) && letter != '.' && letter != '-')
                    .unwrap_or(rest.len());
                let (chain, after) = rest.split_at(end);
                found.extend(dashed_in(chain));
                rest = after;
            } else {
                rest = rest.get(letter.len_utf8()..).unwrap_or_default();
            }
        }
    }
    found
}

/// `outputs.my-task.value` gives `outputs` and `my-task`.
fn dashed_in(chain: &str) -> Option<(&str, &str)> {
    if !chain.starts_with("inputs.") && !chain.starts_with("outputs.") {
        return None;
    }
    let mut start = 0;
    for segment in chain.split('.') {
        let (_, behind) = segment.split_once('-').unwrap_or((segment, ""));
        if start > 0 && !behind.is_empty() {
            let root = behind.split('-').next_back().unwrap_or(behind);
            let is_subtraction = ROOTS.contains(&root) && chain.len() > start + segment.len();
            return (!is_subtraction).then_some((chain.get(..start - 1)?, segment));
        }
        start += segment.len() + 1;
    }
    None
}

fn is_name(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// The texts between `{{` and `}}`, and between `{%` and `%}`.
fn regions(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("{{").into_iter().chain(rest.find("{%")).min() {
        let closing = if rest.get(start..).is_some_and(|from| from.starts_with("{{")) { "}}" } else { "%}" };
        let inside = rest.get(start + 2..).unwrap_or_default();
        let end = inside.find(closing).unwrap_or(inside.len());
        found.push(inside.get(..end).unwrap_or_default());
        rest = inside.get(end..).unwrap_or_default();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dashed_names_are_found() {
        assert_eq!(dashed("{{ inputs.a-b }}"), [("inputs", "a-b")]);
        assert_eq!(dashed("{{ outputs.my-task.value | upper }}"), [("outputs", "my-task")]);
        assert_eq!(dashed("{% if outputs.t.files-a %}x{% endif %}"), [("outputs.t", "files-a")]);
        assert_eq!(dashed("inputs.a-b {{ inputs['a-b'] }} {{ 'inputs.a-b' }}"), []);
        assert_eq!(dashed("{{ inputs.a - inputs.b }} {{ inputs.a-inputs.b }} {{ x.a-b }}"), []);
        assert_eq!(dashed("{{ inputs.é-b"), [("inputs", "é-b")]);
    }
}
