//! Checks a default before any execution, as far as the default is known then.

use super::{check, convert};
use segue_model::Json;
use segue_model::input::{Input, InputKind};

/// Why every execution without this input is refused. None if the default is valid, or if only an execution can tell.
///
/// An expression can have any value. A file may exist later. A condition may disable the input.
pub(crate) fn default_problem(input: &Input) -> Option<String> {
    let default = input.defaults.as_ref().filter(|default| !default.is_null())?;
    if has_expression(default) || input.depends_on.is_some() {
        return None;
    }
    let choices = match &input.kind {
        InputKind::File { .. } => return None,
        InputKind::Select { expression: Some(_), .. }
        | InputKind::Multiselect { expression: Some(_), .. } => {
            return None;
        }
        InputKind::Select { values, .. } | InputKind::Multiselect { values, .. } => values.as_slice(),
        _ => &[],
    };
    convert(&input.kind, default)
        .and_then(|value| check::check(&input.kind, input.required, choices, &value))
        .err()
}

/// Whether a text in the value is a template.
fn has_expression(value: &Json) -> bool {
    match value {
        Json::String(text) => text.contains("{{") || text.contains("{%"),
        Json::Array(items) => items.iter().any(has_expression),
        Json::Object(fields) => fields.values().any(has_expression),
        Json::Null | Json::Bool(_) | Json::Number(_) => false,
    }
}
