//! Lists the types of tasks, triggers, conditions and inputs. Returns the schemas of their properties (docs/kestra.md
//! 6.7).

use crate::error::{Answer, ApiError};
use crate::parts::Api;
use segue_api_types as types;
use segue_catalog::editor;
use segue_model::catalog::TaskType;
use segue_model::parse::INPUT_TYPES;
use segue_model::trigger_types::{TriggerType, condition, condition_types, trigger, trigger_types};
use segue_model::{Json as Value, Map};
use serde_json::json;
use std::collections::BTreeMap;

/// The group of a type: its name without the last two parts.
pub(super) fn group(name: &str) -> &str {
    let package = name.rsplit_once('.').map_or(name, |(package, _)| package);
    match package.strip_prefix("io.kestra.plugin.") {
        Some(rest) => {
            let first = rest.split('.').next().unwrap_or_default();
            package.get(.."io.kestra.plugin.".len() + first.len()).unwrap_or(package)
        }
        None => package,
    }
}

/// All types by their groups.
pub(crate) fn list(api: &Api) -> Vec<types::PluginGroup> {
    grouped(api, group)
}

/// All types by their groups, and then by the packages inside of the groups.
pub(crate) fn subgroups(api: &Api) -> Vec<types::PluginGroup> {
    let mut all = list(api);
    let package = |name: &'static str| name.rsplit_once('.').map_or(name, |(package, _)| package);
    all.extend(grouped(api, package).into_iter().filter_map(|found| {
        let outer = group(&format!("{}.X", found.group)).to_owned();
        if outer == found.group {
            return None;
        }
        Some(types::PluginGroup { sub_group: Some(found.group), group: outer, ..found })
    }));
    all
}

fn grouped(api: &Api, group: impl Fn(&'static str) -> &'static str) -> Vec<types::PluginGroup> {
    let mut groups: BTreeMap<&str, [Vec<&str>; 3]> = BTreeMap::new();
    for kind in api.catalog.types() {
        groups.entry(group(kind.name)).or_default()[0].push(kind.name);
    }
    let polling = api.catalog.triggers().iter().map(|kind| kind.name);
    for name in trigger_types().iter().map(|kind| kind.name).chain(polling) {
        groups.entry(group(name)).or_default()[1].push(name);
    }
    for kind in condition_types() {
        groups.entry(group(kind.name)).or_default()[2].push(kind.name);
    }
    let texts = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect();
    let view = |(group, [tasks, triggers, conditions]): (&str, [Vec<&str>; 3])| {
        let name = group.rsplit('.').next().unwrap_or(group);
        types::PluginGroup {
            name: name.to_owned(),
            title: name.to_owned(),
            group: group.to_owned(),
            sub_group: None,
            version: api.version.clone(),
            tasks: texts(tasks),
            triggers: texts(triggers),
            conditions: texts(conditions),
            storages: Vec::new(),
            task_runners: Vec::new(),
        }
    };
    groups.into_iter().map(view).collect()
}

/// All types by their names: tasks, triggers and conditions.
pub(crate) fn types(api: &Api) -> Vec<types::PluginType> {
    let catalog = &api.catalog;
    let tasks = catalog.types().iter().map(Known::from);
    let triggers =
        trigger_types().iter().map(Known::from).chain(catalog.triggers().iter().map(Known::of_trigger));
    let conditions = condition_types().iter().map(Known::from);
    let view = |kind| move |known: Known| named(&known, kind);
    (tasks.map(view(types::PluginKind::Task)))
        .chain(triggers.map(view(types::PluginKind::Trigger)))
        .chain(conditions.map(view(types::PluginKind::Condition)))
        .collect()
}

fn named(known: &Known, kind: types::PluginKind) -> types::PluginType {
    let about = known.schema.get("description").and_then(Value::as_str).unwrap_or_default();
    let paragraph = about.split("\n\n").next().unwrap_or_default();
    types::PluginType {
        name: known.name.to_owned(),
        kind,
        aliases: known.aliases.iter().map(|alias| (*alias).to_owned()).collect(),
        about: paragraph.replace('\n', " "),
    }
}

/// The names that an expression can call, in the order of the alphabet.
pub(crate) fn expressions() -> types::ExpressionNames {
    fn sorted(names: impl Iterator<Item = &'static str>) -> Vec<String> {
        let mut names: Vec<String> = names.map(str::to_owned).collect();
        names.sort_unstable();
        names
    }
    types::ExpressionNames {
        functions: sorted(segue_template::function_names()),
        filters: sorted(segue_template::filter_names()),
        tests: sorted(segue_template::test_names()),
    }
}

/// The description of a type.
pub(super) struct Known {
    pub(super) name: &'static str,
    aliases: Vec<&'static str>,
    pub(super) schema: Value,
    outputs: Option<Value>,
    is_task: bool,
}

impl From<&TaskType> for Known {
    fn from(kind: &TaskType) -> Self {
        Self {
            name: kind.name,
            aliases: kind.aliases.clone(),
            schema: kind.schema.clone(),
            outputs: kind.outputs.clone(),
            is_task: true,
        }
    }
}

impl Known {
    /// The first paragraph of the description.
    pub(super) fn about(&self) -> String {
        let text = self.schema.get("description").and_then(Value::as_str).unwrap_or_default();
        text.split("\n\n").next().unwrap_or_default().to_owned()
    }

    /// A polling trigger of a service.
    pub(super) fn of_trigger(kind: &TaskType) -> Self {
        Self { is_task: false, ..Self::from(kind) }
    }
}

impl From<&TriggerType> for Known {
    fn from(kind: &TriggerType) -> Self {
        // Without descriptions the schema is still right.
        let (schema, outputs) =
            segue_catalog::described(kind).unwrap_or_else(|_| (kind.schema.clone(), None));
        Self { name: kind.name, aliases: kind.aliases.to_vec(), schema, outputs, is_task: false }
    }
}

/// A type of tasks, triggers or conditions.
pub(super) fn known(api: &Api, name: &str) -> Answer<Known> {
    api.catalog
        .get(name)
        .map(Known::from)
        .or_else(|| api.catalog.trigger(name).map(Known::of_trigger))
        .or_else(|| trigger(name).or_else(|| condition(name)).map(Known::from))
        .ok_or_else(|| ApiError::not_found(format!("Plugin '{name}'")))
}

/// A type with the schema of its properties. With `with_common`, also with the properties that every task has.
pub(crate) fn one(api: &Api, name: &str, with_common: bool) -> Answer<types::PluginDoc> {
    let known = known(api, name)?;
    let mut schema = known.schema.clone();
    if with_common && known.is_task {
        add_properties(&mut schema, &common());
    }
    let markdown = markdown(&known);
    let schema = types::PluginSchema { properties: schema, outputs: known.outputs };
    Ok(types::PluginDoc { markdown, schema })
}

fn markdown(known: &Known) -> String {
    let about = known.schema.get("description").and_then(Value::as_str).unwrap_or_default();
    let mut text = format!("# {}\n\n{about}\n", known.name);
    if !known.aliases.is_empty() {
        text.push_str(&format!("\nOlder names: `{}`\n", known.aliases.join("`, `")));
    }
    text
}

/// The properties that every task has, as JSON Schema (docs/kestra.md 1.3).
fn common() -> Map {
    let text = || json!({"type": "string"});
    let flag = || json!({"type": "boolean"});
    let properties = json!({
        "id": {"type": "string", "pattern": "^[a-zA-Z0-9][a-zA-Z0-9_-]*$"},
        "type": text(),
        "description": text(),
        "retry": {"type": "object"},
        "timeout": text(),
        "disabled": flag(),
        "runIf": text(),
        "allowFailure": flag(),
        "allowWarning": flag(),
        "logLevel": {"type": "string", "enum": ["TRACE", "DEBUG", "INFO", "WARN", "ERROR"]},
        "logToFile": flag(),
        "workerGroup": {"type": "object"},
    });
    properties.as_object().cloned().unwrap_or_default()
}

fn add_properties(schema: &mut Value, more: &Map) {
    let Value::Object(map) = schema else { return };
    if let Value::Object(properties) = map.entry("properties").or_insert_with(|| json!({})) {
        for (name, property) in more {
            properties.entry(name.clone()).or_insert_with(|| property.clone());
        }
    }
}

/// The properties that every trigger has, as JSON Schema.
fn trigger_common() -> Value {
    json!({
        "id": {"type": "string"}, "type": {"type": "string"}, "description": {"type": "string"},
        "disabled": {"type": "boolean"}, "conditions": {"type": "array"}, "inputs": {"type": "object"}, "labels": {},
        "stopAfter": {"type": "array"},
    })
}

/// The JSON Schema of a flow, task, trigger or plugin default, or of a list of them. Without `with_definitions`, the
/// schemas of the types are left out.
pub(crate) fn schema(api: &Api, kind: &str, is_list: bool, with_definitions: bool) -> Answer<Value> {
    let mut schema = editor::schema(&api.catalog, kind, is_list)
        .ok_or_else(|| ApiError::not_found(format!("The schema of '{kind}'")))?;
    if !with_definitions && let Some(Value::Object(parts)) = schema.get_mut("definitions") {
        // The parts of a type have its name in front: `io.kestra…/Part`.
        parts.retain(|name, _| {
            !name.contains('/') && !["task", "trigger", "condition"].contains(&name.as_str())
        });
    }
    Ok(schema)
}

/// The types of inputs.
pub(crate) fn inputs() -> Vec<types::InputType> {
    let input = |kind: &&str| types::InputType { kind: (*kind).to_owned(), cls: (*kind).to_owned() };
    INPUT_TYPES.iter().map(input).collect()
}

/// The properties of an input of a type, in addition to those that every input has.
fn input_properties(kind: &str) -> Value {
    let text = || json!({"type": "string"});
    let flag = || json!({"type": "boolean"});
    let texts = || json!({"type": "array", "items": {"type": "string"}});
    match kind {
        "STRING" | "SECRET" => json!({"validator": text()}),
        "INT" => json!({"min": {"type": "integer"}, "max": {"type": "integer"}}),
        "FLOAT" => json!({"min": {"type": "number"}, "max": {"type": "number"}}),
        "SELECT" => json!({
            "values": texts(), "expression": text(), "allowCustomValue": flag(), "autoSelectFirst": flag(),
        }),
        "MULTISELECT" => json!({
            "values": texts(), "expression": text(), "itemType": {"enum": INPUT_TYPES}, "allowCustomValue": flag(),
        }),
        "ARRAY" => json!({"itemType": {"enum": INPUT_TYPES}}),
        "DATETIME" | "DATE" | "TIME" => json!({"after": text(), "before": text()}),
        "DURATION" => json!({"min": text(), "max": text()}),
        "FILE" => json!({"allowedFileExtensions": texts()}),
        _ => json!({}),
    }
}

/// The schema of an input of a type.
pub(crate) fn input(kind: &str) -> Answer<types::PluginDoc> {
    let upper = kind.to_ascii_uppercase();
    if !INPUT_TYPES.contains(&upper.as_str()) {
        return Err(ApiError::not_found(format!("Input type '{kind}'")));
    }
    let mut properties = json!({
        "id": {"type": "string"}, "type": {"enum": [&upper]}, "displayName": {"type": "string"},
        "description": {"type": "string"}, "required": {"type": "boolean"}, "defaults": {},
        "dependsOn": {"type": "object"},
    });
    if let (Value::Object(all), Value::Object(own)) = (&mut properties, input_properties(&upper)) {
        all.extend(own);
    }
    let schema = json!({"type": "object", "required": ["id", "type"], "properties": properties});
    let schema = types::PluginSchema { properties: schema, outputs: None };
    Ok(types::PluginDoc { markdown: format!("# {upper}\n"), schema })
}

/// The properties of a flow, task, trigger or plugin default.
pub(crate) fn properties(api: &Api, kind: &str) -> Answer<Value> {
    Ok(match kind.to_ascii_lowercase().as_str() {
        "task" => Value::Object(common()),
        "trigger" => trigger_common(),
        _ => schema(api, kind, false, false)?.get("properties").cloned().unwrap_or_default(),
    })
}
