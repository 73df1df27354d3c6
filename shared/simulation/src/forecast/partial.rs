//! Renders a template as far as it is known. Unknown parts are shown as the flow writes them: `‹outputs.extract.uri›`.

use super::knowledge::Knowledge;
use segue_model::Json;
use segue_template::{RenderError, Renderer, Scope};

/// Renders templates of one task.
pub(super) struct Partial<'a> {
    pub(super) knowledge: &'a Knowledge,
    pub(super) renderer: &'a Renderer,
    pub(super) scope: &'a Scope,
    pub(super) task: Option<&'a str>,
    /// The variables of the flow as it writes them.
    pub(super) variables: &'a segue_model::Map,
    /// The known templates that cannot be rendered, with the reason.
    pub(super) problems: Vec<(String, String)>,
}

impl Partial<'_> {
    /// A value with its templates rendered.
    pub(super) fn value(&mut self, path: &str, value: &Json) -> Json {
        match value {
            Json::String(text) => Json::String(self.text(path, text)),
            Json::Array(items) => {
                let items =
                    items.iter().enumerate().map(|(at, item)| self.value(&format!("{path}/{at}"), item));
                Json::Array(items.collect())
            }
            Json::Object(map) => {
                let entries = map.iter().map(|(key, item)| {
                    let path = format!("{path}/{key}");
                    let key = self.text(&path, key);
                    (key, self.value(&path, item))
                });
                Json::Object(entries.collect())
            }
            other => other.clone(),
        }
    }

    /// A template, rendered as far as it is known.
    pub(super) fn text(&mut self, path: &str, template: &str) -> String {
        if !template.contains('{') {
            return template.to_owned();
        }
        if self.knowledge.knows(self.task, template) {
            return match self.renderer.render(template, self.scope) {
                Ok(text) => text,
                Err(RenderError::Pending) => unknown(template),
                Err(error) => {
                    self.problems.push((path.to_owned(), error.to_string()));
                    unknown(template)
                }
            };
        }
        self.pieces(path, template, 0)
    }

    /// Renders each expression of a template that is not known as a whole.
    fn pieces(&mut self, path: &str, template: &str, depth: usize) -> String {
        // Tags span several expressions, so they cannot be rendered one by one.
        if template.contains("{%") || depth > 10 {
            return unknown(template);
        }
        let mut text = String::new();
        let mut rest = template;
        while let Some(start) = rest.find("{{") {
            let (before, from) = rest.split_at(start);
            text.push_str(before);
            let Some(length) = end(from) else { break };
            let (piece, after) = from.split_at(length);
            let shown = if self.knowledge.knows(self.task, piece) {
                let shown = self.text(path, piece);
                // `render` is recursive, so the text of a variable inside of a variable is rendered too.
                if depth > 0 && shown.contains("{{") { self.pieces(path, &shown, depth + 1) } else { shown }
            } else {
                match self.variable(piece) {
                    Some(inner) => self.pieces(path, &inner, depth + 1),
                    None => unknown(piece),
                }
            };
            text.push_str(&shown);
            rest = after;
        }
        text.push_str(rest);
        text
    }

    /// The text of the variable in `{{ render(vars.name) }}` or `{{ vars.name }}` inside such a text.
    fn variable(&self, piece: &str) -> Option<String> {
        let inner = piece.trim_start_matches("{{").trim_end_matches("}}").trim();
        let name =
            inner.strip_prefix("render(").and_then(|rest| rest.strip_suffix(')')).unwrap_or(inner).trim();
        let name = name.strip_prefix("vars.")?;
        self.variables.get(name).and_then(Json::as_str).map(str::to_owned)
    }
}

/// The length of the expression at the begin of a text. Braces in texts of the expression do not count.
fn end(text: &str) -> Option<usize> {
    let mut quote = None;
    let mut letters = text.char_indices().skip(2).peekable();
    while let Some((at, letter)) = letters.next() {
        match (letter, quote) {
            ('\\', Some(_)) => drop(letters.next()),
            (letter, Some(open)) if letter == open => quote = None,
            (_, Some(_)) => {}
            ('\'' | '"', None) => quote = Some(letter),
            ('}', None) if letters.peek().is_some_and(|(_, next)| *next == '}') => return Some(at + 2),
            _ => {}
        }
    }
    None
}

/// An unknown expression as it is shown.
fn unknown(template: &str) -> String {
    let text = template.trim();
    let is_one = text.starts_with("{{") && end(text) == Some(text.len());
    let inner = if is_one { text.get(2..text.len() - 2).unwrap_or(text).trim() } else { text };
    format!("‹{inner}›")
}

/// Whether a text has an unknown part.
pub fn has_unknown(text: &str) -> bool {
    text.contains('‹')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_end_outside_of_their_texts() {
        assert_eq!(end("{{ a }} b"), Some(7));
        assert_eq!(end("{{ '}}' ~ \"\\\"}}\" }}"), Some(19));
        assert_eq!(end("{{ a"), None);
        assert_eq!(unknown("{{ outputs.a.uri }}"), "‹outputs.a.uri›");
        assert_eq!(unknown("{% if a %}b{% endif %}"), "‹{% if a %}b{% endif %}›");
    }
}
