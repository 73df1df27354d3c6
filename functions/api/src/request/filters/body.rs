//! Reads the filters of a JSON body.

use super::condition::{Condition, op};
use super::{DEEPEST, Filter};
use crate::error::{Answer, ApiError};
use segue_api_types::{Logical, QueryFilter};
use segue_model::Json;

pub(super) fn of_body(filter: &QueryFilter, depth: usize) -> Answer<Filter> {
    let name = filter.field.as_deref().unwrap_or_default();
    if depth > DEEPEST {
        return Err(ApiError::argument("filters: too many groups inside of one another"));
    }
    if filter.field.is_none() {
        let children =
            filter.children.iter().flatten().map(|child| of_body(child, depth + 1)).collect::<Answer<_>>()?;
        return Ok(match filter.logical {
            Some(Logical::Or) => Filter::Any(children),
            Some(Logical::And) | None => Filter::All(children),
        });
    }
    if filter.logical.is_some() || filter.children.as_ref().is_some_and(|children| !children.is_empty()) {
        return Err(ApiError::argument(format!("filters: '{name}' is both a condition and a group")));
    }
    let operation = filter.operation.as_deref().unwrap_or("EQUALS");
    let op = op(operation, name)?;
    let field = field_name(name);
    let condition = |key: Option<String>, value: &Json| {
        Filter::One(Condition { field: field.clone(), op, key, value: text_of(value) })
    };
    Ok(match &filter.value {
        Some(Json::Object(map)) => {
            Filter::All(map.iter().map(|(key, value)| condition(Some(key.clone()), value)).collect())
        }
        Some(value) => condition(None, value),
        None => condition(None, &Json::String(String::new())),
    })
}

/// The name of a field in a query. A JSON body may also have the name of Kestra's enumeration, such as `FLOW_ID`.
fn field_name(name: &str) -> String {
    if name.is_empty() || name.chars().any(char::is_lowercase) {
        return name.to_owned();
    }
    if name == "QUERY" {
        return "q".to_owned();
    }
    let mut words = name.split('_').map(str::to_lowercase);
    let first = words.next().unwrap_or_default();
    words.fold(first, |text, word| {
        let mut letters = word.chars();
        let head = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
        text + &head + letters.as_str()
    })
}

fn text_of(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Array(items) => items.iter().map(text_of).collect::<Vec<_>>().join(","),
        Json::Null => String::new(),
        other => other.to_string(),
    }
}
