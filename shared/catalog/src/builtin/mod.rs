//! Descriptions of the types that no service has: flowable tasks, tasks of the engine, triggers of the scheduler, and
//! conditions. The services describe their types in their code.
//!
//! What it must not know: what a type does, which properties it has. `model` and `engine` say that; a test compares.
//!
//! How to add one more: an entry in the YAML file of its kind.

use crate::CatalogError;
use segue_model::catalog::TaskType;
use segue_model::{Json, Map};
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::LazyLock;

const FILES: [(&str, &str); 4] = [
    ("shared/catalog/src/builtin/flow.yaml", include_str!("flow.yaml")),
    ("shared/catalog/src/builtin/core.yaml", include_str!("core.yaml")),
    ("shared/catalog/src/builtin/trigger.yaml", include_str!("trigger.yaml")),
    ("shared/catalog/src/builtin/condition.yaml", include_str!("condition.yaml")),
];

/// The properties that every flowable task has, with their descriptions.
const OF_FLOWABLES: [(&str, &str); 2] = [
    ("errors", "Tasks that run if one of the tasks fails."),
    ("finally", "Tasks that run at the end in every case."),
];

type Abouts = BTreeMap<String, About>;

/// The description of one type.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct About {
    /// What the type does. The first paragraph is the summary.
    about: String,
    /// Descriptions of properties. A property with a description in its schema is absent.
    #[serde(default)]
    properties: BTreeMap<String, String>,
    /// Values of absent properties.
    #[serde(default)]
    defaults: BTreeMap<String, Json>,
    /// The outputs, or the variables of a trigger, each with its JSON Schema.
    #[serde(default)]
    outputs: Map,
    /// A task, or a whole flow.
    example: String,
}

/// Adds descriptions and outputs to types of the engine.
///
/// # Errors
/// [`CatalogError`] if a file of descriptions cannot be read.
pub(crate) fn describe_all(types: &mut [TaskType]) -> Result<(), CatalogError> {
    for kind in types {
        kind.outputs = describe(kind.name, &mut kind.schema)?;
    }
    Ok(())
}

/// Adds the descriptions to the schema of a type. Returns the JSON Schema of its outputs.
///
/// # Errors
/// [`CatalogError`] if a file of descriptions cannot be read.
pub(crate) fn describe(name: &str, schema: &mut Json) -> Result<Option<Json>, CatalogError> {
    let Some(about) = all()?.get(name) else { return Ok(None) };
    let Json::Object(parts) = schema else { return Ok(None) };
    let text = format!("{}\n\n```yaml\n{}\n```", about.about.trim_end(), about.example.trim_end());
    parts.insert("description".to_owned(), text.into());
    if let Some(Json::Object(properties)) = parts.get_mut("properties") {
        for (name, property) in properties {
            let of_flowables = OF_FLOWABLES.iter().find(|(own, _)| own == name).map(|(_, text)| *text);
            let text = about.properties.get(name).map(String::as_str).or(of_flowables);
            add(property, "description", text.map(Json::from));
            add(property, "default", about.defaults.get(name).cloned());
        }
    }
    let outputs = &about.outputs;
    Ok((!outputs.is_empty()).then(|| json!({"type": "object", "properties": outputs})))
}

/// Adds a keyword to a schema that does not have it. The schema `true` has no keywords yet.
fn add(schema: &mut Json, keyword: &str, value: Option<Json>) {
    let Some(value) = value else { return };
    if *schema == Json::Bool(true) {
        *schema = json!({});
    }
    if let Json::Object(parts) = schema {
        parts.entry(keyword.to_owned()).or_insert(value);
    }
}

/// The descriptions of all files. They are read once.
fn all() -> Result<&'static Abouts, CatalogError> {
    static ALL: LazyLock<Result<Abouts, CatalogError>> = LazyLock::new(read);
    ALL.as_ref().map_err(Clone::clone)
}

fn read() -> Result<Abouts, CatalogError> {
    let mut all = Abouts::new();
    for (path, text) in FILES {
        let read: Abouts =
            serde_saphyr::from_str(text).map_err(|error| CatalogError { path, why: error.to_string() })?;
        all.extend(read);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use segue_model::trigger_types::{condition_types, trigger_types};
    use std::collections::BTreeSet;

    fn schemas() -> Vec<(&'static str, Json)> {
        let mut types = segue_model::flowable_types::flowable_types();
        types.extend(segue_engine::inline::inline_types());
        let tasks = types.into_iter().map(|kind| (kind.name, kind.schema));
        let others = trigger_types().iter().chain(condition_types());
        tasks.chain(others.map(|kind| (kind.name, kind.schema.clone()))).collect()
    }

    #[test]
    fn every_type_has_one_description_and_every_description_a_type() {
        let described: BTreeSet<&str> = all().unwrap().keys().map(String::as_str).collect();
        let known: BTreeSet<&str> = schemas().into_iter().map(|(name, _)| name).collect();
        assert_eq!(described, known);
    }

    #[test]
    fn descriptions_are_about_properties_that_exist_and_none_is_left_out() {
        for (name, mut schema) in schemas() {
            let about = &all().unwrap()[name];
            let properties: BTreeSet<String> =
                schema["properties"].as_object().unwrap().keys().cloned().collect();
            for property in about.properties.keys().chain(about.defaults.keys()) {
                assert!(properties.contains(property), "{name} has no property {property}");
            }
            describe(name, &mut schema).unwrap();
            for property in &properties {
                assert!(schema["properties"][property]["description"].is_string(), "{name}: {property}");
            }
        }
    }
}
