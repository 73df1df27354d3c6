//! The schema for editors says of a flow what the parser says, as far as a schema can.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use regex::Regex;
use segue_catalog::{catalog, editor};
use segue_model::diagnostic::{Severity, codes};
use segue_model::{Json, flow_document, parse_flow};
use std::path::{Path, PathBuf};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Where a value does not fit a schema. Knows the keywords that the schema of flows uses.
fn problems(root: &Json, schema: &Json, value: &Json, path: &str) -> Vec<String> {
    let Json::Object(keywords) = schema else {
        return if *schema == Json::Bool(false) { vec![format!("{path}: not allowed")] } else { Vec::new() };
    };
    let mut found = Vec::new();
    for (keyword, wanted) in keywords {
        match keyword.as_str() {
            "$ref" => {
                let target = root.pointer(wanted.as_str().unwrap().strip_prefix('#').unwrap()).unwrap();
                found.extend(problems(root, target, value, path));
            }
            "allOf" => wanted
                .as_array()
                .unwrap()
                .iter()
                .for_each(|part| found.extend(problems(root, part, value, path))),
            "anyOf" => {
                // Only the branch of the type is followed. To follow all would take a time that grows with each level.
                let parts = wanted.as_array().unwrap();
                let of_type: Vec<&Json> = parts.iter().filter(|part| fits_type(root, part, value)).collect();
                if of_type.is_empty() && !parts.is_empty() {
                    found.push(format!("{path}/type: {} is not one of the choices", value["type"]));
                }
                let tries = of_type.into_iter().map(|part| problems(root, part, value, path));
                let best = tries.min_by_key(Vec::len);
                found.extend(best.unwrap_or_default());
            }
            "type" => {
                let kinds: Vec<&str> = match wanted {
                    Json::Array(kinds) => kinds.iter().map(|kind| kind.as_str().unwrap()).collect(),
                    kind => vec![kind.as_str().unwrap()],
                };
                if !kinds.iter().any(|kind| is_a(value, kind)) {
                    found.push(format!("{path}: {value} is not {kinds:?}"));
                }
            }
            "enum" if !wanted.as_array().unwrap().contains(value) => {
                found.push(format!("{path}: {value} is not one of the choices"));
            }
            "pattern" => {
                let text = value.as_str().unwrap_or_default();
                if value.is_string() && !Regex::new(wanted.as_str().unwrap()).unwrap().is_match(text) {
                    found.push(format!("{path}: '{text}' does not match {wanted}"));
                }
            }
            "maxLength" => {
                let length = value.as_str().map_or(0, |text| text.chars().count()) as u64;
                if length > wanted.as_u64().unwrap() {
                    found.push(format!("{path}: too long"));
                }
            }
            "required" => {
                let missing = wanted.as_array().unwrap().iter().filter(|name| {
                    value.as_object().is_some_and(|map| !map.contains_key(name.as_str().unwrap()))
                });
                found.extend(missing.map(|name| format!("{path}: {name} is missing")));
            }
            "items" => {
                let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
                for (index, item) in items.iter().enumerate() {
                    found.extend(problems(root, wanted, item, &format!("{path}/{index}")));
                }
            }
            "properties" | "additionalProperties" => {}
            _ => {}
        }
    }
    if let Json::Object(map) = value {
        let known = keywords.get("properties").and_then(Json::as_object);
        for (name, value) in map {
            let path = format!("{path}/{name}");
            match (known.and_then(|known| known.get(name)), keywords.get("additionalProperties")) {
                (Some(schema), _) | (None, Some(schema)) => {
                    found.extend(problems(root, schema, value, &path))
                }
                (None, None) => {}
            }
        }
    }
    found
}

/// Whether a branch is for the `type` of the value. A branch without types is for every value.
fn fits_type(root: &Json, part: &Json, value: &Json) -> bool {
    let target =
        part.get("$ref").and_then(Json::as_str).and_then(|name| root.pointer(name.strip_prefix('#')?));
    let choices = target.unwrap_or(part).pointer("/properties/type/enum").and_then(Json::as_array);
    choices.is_none_or(|choices| value.get("type").is_some_and(|kind| choices.contains(kind)))
}

fn is_a(value: &Json, kind: &str) -> bool {
    match kind {
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        other => panic!("{other}"),
    }
}

struct Schema(Json);

impl Schema {
    fn new() -> Self {
        Self(editor::schema(&catalog().unwrap(), "flow", false).unwrap())
    }

    fn problems(&self, source: &str) -> Vec<String> {
        let document = flow_document(source).map_or(Json::Null, Json::Object);
        problems(&self.0, &self.0, &document, "")
    }
}

/// The YAML files below a folder.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml") {
            found.push(path);
        }
    }
}

#[test]
fn flows_that_the_parser_accepts_are_accepted() {
    let (schema, catalog) = (Schema::new(), catalog().unwrap());
    let mut all = Vec::new();
    files(&repository().join("flows"), &mut all);
    files(&repository().join("tests/flows"), &mut all);
    let mut checked = 0;
    for path in all {
        let source = std::fs::read_to_string(&path).unwrap();
        if parse_flow(&source, &catalog).flow.is_some() {
            checked += 1;
            assert_eq!(schema.problems(&source), [""; 0], "{}", path.display());
        }
    }
    assert!(checked > 30, "{checked}");
}

/// The example in a section of a page in `docs/errors`.
fn example(page: &str, section: &str) -> String {
    let (_, rest) = page.split_once(&format!("## {section}\n\n```yaml\n")).unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

#[test]
fn keys_types_and_choices_that_the_parser_refuses_are_refused() {
    let schema = Schema::new();
    let by_schema = [
        codes::UNRECOGNIZED_FIELD,
        codes::WRONG_VALUE_TYPE,
        codes::NOT_ALLOWED_VALUE,
        codes::INVALID_NAMESPACE,
        codes::INVALID_TYPE,
        codes::NO_PROPERTY,
    ];
    for (code, _) in codes::ALL {
        let page = std::fs::read_to_string(repository().join(format!("docs/errors/{code}.md"))).unwrap();
        let works = schema.problems(&example(&page, "An example that works"));
        assert_eq!(works, [""; 0], "{code}");
        let fails = schema.problems(&example(&page, "An example that fails"));
        assert!(!by_schema.contains(code) || !fails.is_empty(), "{code} is accepted");
    }
}

#[test]
fn tasks_are_checked_at_every_depth() {
    let schema = Schema::new();
    let flow = |task: &str| {
        let flow = "io.kestra.plugin.core.flow";
        format!(
            "id: f\nnamespace: n\ntasks: [{{id: e, type: {flow}.ForEach, values: [1], tasks: [{{id: i, type: {flow}.If, condition: 'true', then: [{{id: d, type: {flow}.Dag, tasks: [{{task: {task}}}]}}]}}]}}]\n"
        )
    };
    assert_eq!(schema.problems(&flow("{id: l, type: io.kestra.plugin.core.log.Log, message: x}")), [""; 0]);
    for wrong in [
        "{id: l, type: io.kestra.plugin.core.log.Log, mesage: x}",
        "{id: l, type: io.kestra.plugin.core.log.Lgo, message: x}",
        "{id: l, type: io.kestra.plugin.core.log.Log, message: x, level: LOUD}",
    ] {
        let source = flow(wrong);
        let parsed = parse_flow(&source, &catalog().unwrap());
        assert!(parsed.diagnostics.iter().any(|found| found.severity == Severity::Error), "{wrong}");
        assert!(!schema.problems(&source).is_empty(), "{wrong}");
    }
}

#[test]
fn a_value_may_be_an_expression_a_text_or_null() {
    let schema = Schema::new();
    let flow = |task: &str| format!("id: f\nnamespace: n\ntasks: [{task}]\n");
    for right in [
        "{id: a, type: io.kestra.plugin.core.log.Log, message: 5, level: '{{ inputs.level }}', disabled: 'TRUE'}",
        "{id: a, type: io.kestra.plugin.core.log.Log, message: x, level: warn, description: null}",
        "{id: a, type: io.kestra.plugin.core.flow.Parallel, concurrent: '2', tasks: [{id: b, type: io.kestra.plugin.core.log.Log, message: x}]}",
    ] {
        let source = flow(right);
        assert!(parse_flow(&source, &catalog().unwrap()).flow.is_some(), "{right}");
        assert_eq!(schema.problems(&source), [""; 0], "{right}");
    }
}
