//! The JSON Schema of flows, for editors.
//!
//! The schema says of a flow what the parser says, as far as a schema can: it knows the types of tasks and triggers with
//! their properties, at every depth, and refuses unknown keys. A text with an expression fits everywhere. The rules
//! between the parts of a flow are not in it, such as ids that occur twice, or properties that plugin defaults supply.
//!
//! What it must not know: how an editor uses the schema, and the code of a function.
//!
//! How to add one more: a new key of a flow is one line in `keys`. A new type needs no line here.

mod keys;
mod loose;

use crate::described;
use keys::{flow, input, plugin_default, policy, task_keys, trigger_keys};
use loose::{TEMPLATE, loose, scalars};
use segue_model::catalog::{Catalog, RunBy, TaskType, TypeProperties, aliases};
use segue_model::trigger_types::{TriggerType, condition_types, trigger_types};
use segue_model::{Json, Map};
use serde_json::json;

/// The dialect of the schema. Editors know it best.
const DRAFT: &str = "http://json-schema.org/draft-07/schema#";

/// The schema of a `flow`, `task`, `trigger` or `plugindefault`, in any case. With `is_list`, of a list of them. None
/// for another kind.
pub fn schema(catalog: &Catalog, kind: &str, is_list: bool) -> Option<Json> {
    let one = match kind.to_ascii_lowercase().as_str() {
        "flow" => flow(),
        "task" => json!({"allOf": [{"$ref": "#/definitions/task"}]}),
        "trigger" => json!({"allOf": [{"$ref": "#/definitions/trigger"}]}),
        "plugindefault" => plugin_default(),
        _ => return None,
    };
    let mut schema = if is_list { json!({"type": "array", "items": one}) } else { one };
    if let Json::Object(map) = &mut schema {
        map.insert("$schema".into(), json!(DRAFT));
        map.insert("definitions".into(), definitions(catalog));
    }
    Some(schema)
}

/// The parts that a flow uses at several places.
fn definitions(catalog: &Catalog) -> Json {
    let mut all = scalars();
    all.insert(
        "expression".into(),
        json!({"anyOf": [{"type": "string", "pattern": TEMPLATE}, {"type": "null"}]}),
    );
    all.insert(
        "level".into(),
        loose(&json!({"enum": ["TRACE", "DEBUG", "INFO", "WARN", "ERROR"]}), "", true),
    );
    all.insert("retry".into(), policy());
    let mut tasks = Vec::new();
    for kind in catalog.types() {
        tasks.push(typed(Typed::from(kind), &task_keys(), &mut all));
    }
    let mut triggers = Vec::new();
    let polling = catalog.triggers().iter().map(|kind| Typed { is_flowable: false, ..Typed::from(kind) });
    for kind in polling {
        triggers.push(typed(kind, &trigger_keys(), &mut all));
    }
    let mut conditions = Vec::new();
    for (list, keys, found) in
        [(trigger_types(), trigger_keys(), &mut triggers), (condition_types(), Map::new(), &mut conditions)]
    {
        for kind in list {
            // Without its description, a type is still complete.
            let schema = described(kind).map_or_else(|_| kind.schema.clone(), |(schema, _)| schema);
            let kind = Typed { schema: &schema, ..Typed::from(kind) };
            found.push(typed(kind, &keys, &mut all));
        }
    }
    all.insert("task".into(), json!({"anyOf": tasks}));
    all.insert("tasks".into(), json!({"type": "array", "items": {"$ref": "#/definitions/task"}}));
    all.insert("trigger".into(), json!({"anyOf": triggers}));
    all.insert("condition".into(), json!({"anyOf": conditions}));
    all.insert("inputs".into(), json!({"type": "array", "items": input()}));
    Json::Object(all)
}

/// A type of task, trigger or condition.
struct Typed<'a> {
    name: &'a str,
    aliases: &'a [&'a str],
    schema: &'a Json,
    is_flowable: bool,
}

impl<'a> From<&'a TaskType> for Typed<'a> {
    fn from(kind: &'a TaskType) -> Self {
        let is_flowable = kind.run_by == RunBy::Flowable;
        Self { name: kind.name, aliases: &kind.aliases, schema: &kind.schema, is_flowable }
    }
}

impl<'a> From<&'a TriggerType> for Typed<'a> {
    fn from(kind: &'a TriggerType) -> Self {
        Self { name: kind.name, aliases: kind.aliases, schema: &kind.schema, is_flowable: false }
    }
}

/// The schema of one type. `more` are the keys that every task or trigger has. The parts that the type refers to become
/// definitions under the name of the type.
fn typed(kind: Typed<'_>, more: &Map, definitions: &mut Map) -> Json {
    for parts in ["$defs", "definitions"] {
        for (name, part) in kind.schema.get(parts).and_then(Json::as_object).into_iter().flatten() {
            definitions.insert(format!("{}/{name}", kind.name), loose(part, kind.name, false));
        }
    }
    let known = TypeProperties::of(kind.schema);
    let mut properties = more.clone();
    for (name, property) in &known.known {
        let schema = match children(&kind, name) {
            Some(children) => children,
            None => loose(property, kind.name, true),
        };
        for alias in aliases(property) {
            properties.insert(alias.to_owned(), schema.clone());
        }
        properties.insert((*name).to_owned(), schema);
    }
    if kind.is_flowable {
        for name in ["errors", "finally"] {
            properties.insert(name.to_owned(), json!({"$ref": "#/definitions/tasks"}));
        }
    }
    let mut names = vec![kind.name];
    names.extend(kind.aliases);
    properties.insert("type".into(), json!({"enum": names}));
    // Any other property can come from plugin defaults, which a schema of the task does not see.
    let required: &[&str] = if more.contains_key("id") { &["id", "type"] } else { &["type"] };
    let mut schema = json!({
        "title": kind.name,
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": known.open,
    });
    if let (Some(about), Json::Object(map)) = (kind.schema.get("description"), &mut schema) {
        map.insert("description".into(), about.clone());
    }
    schema
}

/// The schema of a property of a flowable that holds tasks or inputs. None for any other property.
fn children(kind: &Typed<'_>, name: &str) -> Option<Json> {
    if !kind.is_flowable {
        return None;
    }
    let tasks = || json!({"$ref": "#/definitions/tasks"});
    match name {
        "tasks" if kind.name.ends_with(".Dag") => Some(json!({"type": "array", "items": {
            "type": "object",
            "required": ["task"],
            "properties": {
                "task": {"$ref": "#/definitions/task"},
                "dependsOn": {"type": "array", "items": {"type": "string"}},
            },
            "additionalProperties": false,
        }})),
        "tasks" | "then" | "else" => Some(tasks()),
        "defaults" if kind.name.ends_with(".Switch") => Some(tasks()),
        "cases" => Some(json!({"type": "object", "additionalProperties": tasks()})),
        "onResume" => Some(json!({"$ref": "#/definitions/inputs"})),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow_schema() -> Json {
        schema(&crate::catalog().unwrap(), "flow", false).unwrap()
    }

    /// The schema of a type of task in the schema of a flow.
    fn task<'a>(schema: &'a Json, name: &str) -> &'a Json {
        let all = schema["definitions"]["task"]["anyOf"].as_array().unwrap();
        all.iter().find(|task| task["title"] == name).unwrap_or_else(|| panic!("{name}"))
    }

    #[test]
    fn tasks_are_known_at_every_depth() {
        let schema = flow_schema();
        let flow = "io.kestra.plugin.core.flow.";
        let tasks = json!({"$ref": "#/definitions/tasks"});
        for (name, path) in [
            ("ForEach", "/properties/tasks"),
            ("If", "/properties/then"),
            ("If", "/properties/else"),
            ("Switch", "/properties/cases/additionalProperties"),
            ("Switch", "/properties/defaults"),
            ("Parallel", "/properties/errors"),
        ] {
            assert_eq!(task(&schema, &format!("{flow}{name}")).pointer(path), Some(&tasks), "{name} {path}");
        }
        let dag = task(&schema, &format!("{flow}Dag"));
        assert_eq!(dag["properties"]["tasks"]["items"]["properties"]["task"]["$ref"], "#/definitions/task");
    }

    #[test]
    fn unknown_keys_are_refused_and_every_type_of_input_is_known() {
        let schema = flow_schema();
        assert_eq!(schema["additionalProperties"], false);
        assert_eq!(task(&schema, "io.kestra.plugin.core.log.Log")["additionalProperties"], false);
        let types =
            schema["definitions"]["inputs"]["items"]["properties"]["type"]["enum"].as_array().unwrap();
        for name in ["BOOL", "ENUM", "STRING"] {
            assert!(types.contains(&json!(name)), "{name}");
        }
        assert!(super::schema(&crate::catalog().unwrap(), "mood", false).is_none());
    }

    #[test]
    fn every_reference_leads_somewhere() {
        fn check(whole: &Json, part: &Json) {
            match part {
                Json::Object(map) => {
                    if let Some(Json::String(path)) = map.get("$ref") {
                        let found = path.strip_prefix('#').and_then(|path| whole.pointer(path));
                        assert!(found.is_some(), "{path}");
                    }
                    map.values().for_each(|value| check(whole, value));
                }
                Json::Array(list) => list.iter().for_each(|value| check(whole, value)),
                _ => {}
            }
        }
        let schema = flow_schema();
        check(&schema, &schema);
    }
}
