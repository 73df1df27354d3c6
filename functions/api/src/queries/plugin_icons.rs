//! Pictures and other facts about types that clients of Kestra show.

use super::plugins::{Known, group, known};
use crate::error::Answer;
use crate::parts::Api;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use segue_api_types as types;
use segue_model::catalog::{RunBy, TaskType};
use segue_model::parse::{flow_document, parse_flow};
use segue_model::trigger_types::{TriggerType, condition, trigger, trigger_types};
use segue_model::{Json as Value, Map};
use std::collections::{BTreeMap, BTreeSet};

/// The last part of a name.
fn last(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// The picture of a type: its first letter on the colour of its group.
pub(crate) fn svg(name: &str) -> String {
    let letter: String = last(name).chars().filter(char::is_ascii_alphanumeric).take(1).collect();
    let hue = group(name).bytes().fold(17_u32, |sum, byte| (sum * 31 + u32::from(byte)) % 360);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 24 24\" width=\"24\" height=\"24\">\
         <rect width=\"24\" height=\"24\" rx=\"5\" fill=\"hsl({hue} 45% 38%)\"/>\
         <text x=\"12\" y=\"17\" text-anchor=\"middle\" font-family=\"sans-serif\" font-size=\"14\" fill=\"#fff\">\
         {letter}</text></svg>"
    )
}

fn view(name: &str, flowable: bool) -> types::PluginIcon {
    types::PluginIcon { name: last(name).to_owned(), icon: STANDARD.encode(svg(name)), flowable }
}

fn is_flowable(kind: &TaskType) -> bool {
    kind.run_by == RunBy::Flowable
}

/// All types with their pictures.
pub(crate) fn all(api: &Api) -> BTreeMap<String, types::PluginIcon> {
    let tasks = api.catalog.types().iter().map(|kind| (kind.name, is_flowable(kind)));
    let polling = api.catalog.triggers().iter().map(|kind| (kind.name, false));
    let others = trigger_types().iter().map(|kind| (kind.name, false));
    let icon = |(name, flowable): (&str, bool)| (name.to_owned(), view(name, flowable));
    tasks.chain(polling).chain(others).map(icon).collect()
}

/// All groups with their pictures.
pub(crate) fn groups(api: &Api) -> BTreeMap<String, types::PluginIcon> {
    all(api)
        .into_keys()
        .map(|name| group(&name).to_owned())
        .map(|name| (name.clone(), view(&name, false)))
        .collect()
}

/// The picture of one type.
pub(crate) fn one(api: &Api, name: &str) -> Answer<types::PluginIconAnswer> {
    let found = known(api, name)?;
    let flowable = api.catalog.get(name).is_some_and(is_flowable);
    Ok(types::PluginIconAnswer { icon: view(found.name, flowable) })
}

/// The picture of one type as SVG.
pub(crate) fn one_svg(api: &Api, name: &str) -> Answer<String> {
    Ok(svg(known(api, name)?.name))
}

/// The versions of a type.
pub(crate) fn versions(api: &Api, name: &str) -> Answer<types::PluginVersions> {
    let found = known(api, name)?;
    Ok(types::PluginVersions { type_name: found.name.to_owned(), versions: vec![api.version.clone()] })
}

/// All types of triggers.
pub(crate) fn triggers(api: &Api) -> Vec<types::TriggerPlugin> {
    let polling = api.catalog.triggers().iter().map(Known::of_trigger);
    let all = trigger_types().iter().map(|kind: &TriggerType| Known::from(kind)).chain(polling);
    all.map(|found| {
        let is_core = found.name.starts_with("io.kestra.plugin.core.");
        types::TriggerPlugin {
            type_name: found.name.to_owned(),
            name: last(found.name).to_owned(),
            plugin_title: last(group(found.name)).to_owned(),
            description: found.about(),
            group: if is_core { "core" } else { "app" }.to_owned(),
            ee: false,
            deprecated: false,
        }
    })
    .collect()
}

/// The types of a source that Segue does not know.
pub(crate) fn missing(api: &Api, source: &str) -> Answer<types::MissingPlugins> {
    let Some(document) = flow_document(source) else {
        return Err(crate::source::refusal(&parse_flow(source, &api.catalog).diagnostics));
    };
    let is_missing =
        |name: &String| known(api, name).is_err() && trigger(name).or_else(|| condition(name)).is_none();
    let missing_types = used(&document).into_iter().filter(is_missing).collect();
    Ok(types::MissingPlugins { missing_types, artifacts: Vec::new() })
}

/// The types of the tasks and triggers of a flow, by name.
pub(crate) fn used(flow: &Map) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for part in ["tasks", "errors", "finally", "afterExecution", "triggers"] {
        if let Some(value) = flow.get(part) {
            collect(value, &mut found);
        }
    }
    found
}

/// Collects the types of things that have an id.
fn collect(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Object(map) => {
            let text = |key: &str| map.get(key).and_then(Value::as_str);
            if let (Some(_), Some(name)) = (text("id"), text("type"))
                && name.contains('.')
            {
                found.insert(name.to_owned());
            }
            map.values().for_each(|inner| collect(inner, found));
        }
        _ => {}
    }
}
