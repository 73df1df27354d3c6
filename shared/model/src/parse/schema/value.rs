//! Checks a value against a JSON Schema. The check accepts the same deviations as Kestra: a template fits every schema,
//! a number or boolean fits where a text is expected, and the text of a number fits where a number is expected.

use super::{aliases, reference};
use crate::Json;
use crate::diagnostic::{Diagnostic, Position, codes};
use crate::parse::node::{Entry, Node, Value};
use crate::parse::scalar::Scalar;
use crate::suggest::suggest;

/// The depth to which values are checked.
const MAX_DEPTH: usize = 32;

/// Reports where `node` does not fit `schema`.
pub(super) fn check(
    root: &Json,
    schema: &Json,
    node: &Node,
    what: &str,
    problems: &mut Vec<Diagnostic>,
    depth: usize,
) {
    if depth > MAX_DEPTH || node.is_template() || node.is_null() {
        return;
    }
    if let Some(target) = reference(root, schema) {
        return check(root, target, node, what, problems, depth + 1);
    }
    for keyword in ["anyOf", "oneOf"] {
        if let Some(branches) = schema.get(keyword).and_then(Json::as_array) {
            check_branches(root, branches, node, what, problems, depth);
        }
    }
    for part in schema.get("allOf").and_then(Json::as_array).into_iter().flatten() {
        check(root, part, node, what, problems, depth + 1);
    }
    let wanted = types(schema);
    if !wanted.is_empty() && !wanted.iter().any(|kind| fits(kind, node)) {
        let names: Vec<&str> =
            wanted.iter().filter(|kind| **kind != "null").map(|kind| in_words(kind)).collect();
        let message = format!("{what} must be {}, not {}", names.join(" or "), node.kind());
        problems.push(Diagnostic::error(codes::WRONG_VALUE_TYPE, node.position, message));
        return;
    }
    if let Some(values) = schema.get("enum").and_then(Json::as_array) {
        check_enum(values, node, what, problems);
    } else if let Some(value) = schema.get("const") {
        check_enum(std::slice::from_ref(value), node, what, problems);
    }
    match &node.value {
        Value::Seq(items) => {
            if let Some(schema) = schema.get("items") {
                for item in items {
                    check(root, schema, item, &format!("an element of {what}"), problems, depth + 1);
                }
            }
        }
        Value::Map(entries) => check_map(root, schema, entries, node.position, what, problems, depth),
        Value::Scalar(_) => {}
    }
}

/// The value must fit one branch. If there is only one branch in addition to null, the problems of this branch are
/// reported.
fn check_branches(
    root: &Json,
    branches: &[Json],
    node: &Node,
    what: &str,
    problems: &mut Vec<Diagnostic>,
    depth: usize,
) {
    // In the schema of an enum with doc comments, each branch has one value.
    let variants: Vec<Json> = branches.iter().flat_map(variants).cloned().collect();
    if variants.len() >= branches.len() && branches.iter().all(variants_only) {
        check_enum(&variants, node, what, problems);
        return;
    }
    let mut tries = branches.iter().filter(|branch| types(branch) != ["null"]).map(|branch| {
        let mut found = Vec::new();
        check(root, branch, node, what, &mut found, depth + 1);
        found
    });
    let Some(mut fewest) = tries.next() else { return };
    for found in tries {
        if fewest.is_empty() {
            return;
        }
        if found.len() < fewest.len() {
            fewest = found;
        }
    }
    problems.append(&mut fewest);
}

fn variants(branch: &Json) -> impl Iterator<Item = &Json> {
    let listed = branch.get("enum").and_then(Json::as_array).into_iter().flatten();
    branch.get("const").into_iter().chain(listed)
}

fn variants_only(branch: &Json) -> bool {
    types(branch) == ["string"] && variants(branch).next().is_some()
}

fn check_enum(values: &[Json], node: &Node, what: &str, problems: &mut Vec<Diagnostic>) {
    let text = node.text().unwrap_or_else(|| node.kind());
    let names: Vec<String> =
        values.iter().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)).collect();
    if names.iter().any(|name| name.eq_ignore_ascii_case(text)) {
        return;
    }
    let message = format!("{what} must be one of {}, not '{text}'", names.join(", "));
    let mut problem = Diagnostic::error(codes::NOT_ALLOWED_VALUE, node.position, message);
    if let Some(near) = suggest(text, names.iter().map(String::as_str)) {
        problem = problem.with_hint(format!("did you mean '{near}'?"));
    }
    problems.push(problem);
}

fn check_map(
    root: &Json,
    schema: &Json,
    entries: &[Entry],
    position: Position,
    what: &str,
    problems: &mut Vec<Diagnostic>,
    depth: usize,
) {
    let known = schema.get("properties").and_then(Json::as_object);
    let rest = schema.get("additionalProperties");
    for entry in entries {
        let path = format!("'{}' in {what}", entry.key);
        let property = known.and_then(|known| {
            known
                .get(&entry.key)
                .or_else(|| known.values().find(|property| aliases(property).any(|alias| alias == entry.key)))
        });
        match (property, rest) {
            (Some(schema), _) => check(root, schema, &entry.node, &path, problems, depth + 1),
            (None, Some(Json::Bool(false))) if !entry.node.defaulted => {
                let message = format!("Unrecognized field '{}' in {what}", entry.key);
                let mut problem = Diagnostic::error(codes::UNRECOGNIZED_FIELD, entry.position, message);
                let names = known.into_iter().flat_map(|known| known.keys().map(String::as_str));
                if let Some(near) = suggest(&entry.key, names) {
                    problem = problem.with_hint(format!("did you mean '{near}'?"));
                }
                problems.push(problem);
            }
            (None, Some(rest)) => check(root, rest, &entry.node, &path, problems, depth + 1),
            (None, None) => {}
        }
    }
    for name in schema.get("required").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str)
    {
        let is_there = |name: &str| entries.iter().any(|entry| entry.key == name);
        let by_alias =
            known.and_then(|known| known.get(name)).is_some_and(|property| aliases(property).any(is_there));
        if !is_there(name) && !by_alias {
            problems.push(Diagnostic::error(
                codes::MISSING_PROPERTY,
                position,
                format!("{what} lacks the required property '{name}'"),
            ));
        }
    }
}

fn types(schema: &Json) -> Vec<&str> {
    match schema.get("type") {
        Some(Json::String(one)) => vec![one],
        Some(Json::Array(several)) => several.iter().filter_map(Json::as_str).collect(),
        _ => Vec::new(),
    }
}

fn fits(kind: &str, node: &Node) -> bool {
    match (kind, &node.value) {
        ("array", Value::Seq(_)) | ("object", Value::Map(_)) | ("string", Value::Scalar(_)) => true,
        ("boolean", Value::Scalar(Scalar::Bool { .. })) => true,
        ("boolean", Value::Scalar(Scalar::Text(text))) => {
            text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false")
        }
        ("integer", Value::Scalar(scalar)) => {
            scalar.text().is_some_and(|text| text.trim().parse::<i128>().is_ok()) || scalar.to_json().is_i64()
        }
        ("number", Value::Scalar(scalar)) => {
            scalar.text().is_some_and(|text| text.trim().parse::<f64>().is_ok())
        }
        _ => false,
    }
}

fn in_words(kind: &str) -> &str {
    match kind {
        "string" => "a text",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        "array" => "a list",
        "object" => "a map",
        other => other,
    }
}
