//! The shared state of all readers: the catalogue, and the problems found so far. Each reader takes a node, reports its
//! problems and returns a value in every case. So one problem never hides the next.

use super::node::{Node, Value};
use super::scalar::Scalar;
use crate::catalog::Catalog;
use crate::diagnostic::{Diagnostic, Position, codes};
use crate::duration::parse_duration;
use crate::suggest::suggest;
use jiff::SignedDuration;
use std::collections::BTreeSet;

/// The shared state of all readers.
pub(crate) struct Context<'c> {
    pub(crate) catalog: &'c Catalog,
    pub(crate) diagnostics: Vec<Diagnostic>,
    told: BTreeSet<(Position, String)>,
}

impl<'c> Context<'c> {
    pub(crate) fn new(catalog: &'c Catalog) -> Self {
        Self { catalog, diagnostics: Vec::new(), told: BTreeSet::new() }
    }

    pub(crate) fn tell(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Reports a problem only once. The same problem may be found many times at one position, for example in a plugin
    /// default.
    pub(crate) fn tell_once(&mut self, diagnostic: Diagnostic) {
        if self.told.insert((diagnostic.position, diagnostic.message.clone())) {
            self.diagnostics.push(diagnostic);
        }
    }

    pub(crate) fn error(&mut self, code: &str, position: Position, message: impl Into<String>) {
        self.tell(Diagnostic::error(code, position, message));
    }

    pub(crate) fn wrong_kind(&mut self, node: &Node, what: &str, wanted: &str) {
        self.error(
            codes::WRONG_VALUE_TYPE,
            node.position,
            format!("{what} must be {wanted}, not {}", node.kind()),
        );
    }

    /// A text. A number or boolean becomes its text in the source.
    pub(crate) fn text(&mut self, node: &Node, what: &str) -> Option<String> {
        let text = node.text().map(str::to_owned);
        if text.is_none() {
            self.wrong_kind(node, what, "a text");
        }
        text
    }

    pub(crate) fn flag(&mut self, node: &Node, what: &str) -> Option<bool> {
        match &node.value {
            Value::Scalar(Scalar::Bool { value, .. }) => Some(*value),
            Value::Scalar(Scalar::Text(text)) if text.eq_ignore_ascii_case("true") => Some(true),
            Value::Scalar(Scalar::Text(text)) if text.eq_ignore_ascii_case("false") => Some(false),
            _ => {
                self.wrong_kind(node, what, "true or false");
                None
            }
        }
    }

    /// A whole number from `min` to `max`, inclusive.
    pub(crate) fn integer(&mut self, node: &Node, what: &str, min: i64, max: i64) -> Option<i64> {
        let Some(value) = node.text().and_then(|text| text.trim().parse::<i64>().ok()) else {
            self.wrong_kind(node, what, "a whole number");
            return None;
        };
        if (min..=max).contains(&value) {
            return Some(value);
        }
        let message = if max == i64::from(u32::MAX) || max == i64::MAX {
            format!("{what} must be at least {min}, not {value}")
        } else {
            format!("{what} must be between {min} and {max}, not {value}")
        };
        self.error(codes::OUT_OF_RANGE, node.position, message);
        None
    }

    /// A whole number of at least `min`.
    pub(crate) fn count(&mut self, node: &Node, what: &str, min: u32) -> Option<u32> {
        let value = self.integer(node, what, i64::from(min), i64::from(u32::MAX))?;
        u32::try_from(value).ok()
    }

    pub(crate) fn float(&mut self, node: &Node, what: &str) -> Option<f64> {
        let value =
            node.text().and_then(|text| text.trim().parse::<f64>().ok()).filter(|value| value.is_finite());
        if value.is_none() {
            self.wrong_kind(node, what, "a number");
        }
        value
    }

    pub(crate) fn duration(&mut self, node: &Node, what: &str) -> Option<SignedDuration> {
        let text = self.text(node, what)?;
        match parse_duration(&text) {
            Ok(duration) => Some(duration),
            Err(why) => {
                self.error(codes::INVALID_DURATION, node.position, format!("{what}: {why}"));
                None
            }
        }
    }

    /// A duration or a template of one, as written.
    pub(crate) fn duration_text(&mut self, node: &Node, what: &str) -> Option<String> {
        if !node.is_template() {
            self.duration(node, what)?;
        }
        self.text(node, what)
    }

    /// One of several names. Reports other names.
    pub(crate) fn choice<T: Copy>(&mut self, node: &Node, what: &str, choices: &[(&str, T)]) -> Option<T> {
        let text = self.text(node, what)?;
        if let Some((_, value)) = choices.iter().find(|(name, _)| *name == text) {
            return Some(*value);
        }
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        self.not_allowed(node, what, &text, &names);
        None
    }

    pub(crate) fn not_allowed(&mut self, node: &Node, what: &str, text: &str, names: &[&str]) {
        let mut problem = Diagnostic::error(
            codes::NOT_ALLOWED_VALUE,
            node.position,
            format!("{what} must be one of {}, not '{text}'", names.join(", ")),
        );
        if let Some(near) = suggest(text, names.iter().copied()) {
            problem = problem.with_hint(format!("did you mean '{near}'?"));
        }
        self.tell(problem);
    }
}
