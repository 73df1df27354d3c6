//! Tasks and triggers with an older type name.

use crate::error::Answer;
use crate::parts::Api;
use segue_api_types as types;
use segue_model::Json as Value;
use segue_model::parse::flow_document;
use segue_model::trigger_types::{condition, trigger};

/// The flows with older type names: all, or those of a namespace and of the namespaces below it.
pub(crate) async fn list(api: &Api, namespace: Option<&str>) -> Answer<Vec<types::DeprecatedFlow>> {
    let mut found = Vec::new();
    for stored in api.state().flows(None).await? {
        let is_below = |wanted: &str| {
            let rest = stored.namespace.strip_prefix(wanted);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        if !namespace.is_none_or(is_below) {
            continue;
        }
        let mut tasks = Vec::new();
        for part in flow_document(&stored.source).unwrap_or_default().values() {
            collect(api, part, &mut tasks);
        }
        if !tasks.is_empty() {
            found.push(types::DeprecatedFlow {
                namespace: stored.namespace,
                flow_id: stored.id,
                revision: stored.revision,
                deprecated_tasks: tasks,
            });
        }
    }
    Ok(found)
}

fn collect(api: &Api, value: &Value, found: &mut Vec<types::DeprecatedTask>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(api, item, found)),
        Value::Object(map) => {
            let text = |key: &str| map.get(key).and_then(Value::as_str);
            if let Some(written) = text("type")
                && let Some(name) = current(api, written)
                && name != written
            {
                found.push(types::DeprecatedTask {
                    task_id: text("id").unwrap_or_default().to_owned(),
                    task_type: written.to_owned(),
                    replacement: name.to_owned(),
                });
            }
            map.values().for_each(|inner| collect(api, inner, found));
        }
        _ => {}
    }
}

/// The present name of a type. None for an unknown type.
fn current(api: &Api, written: &str) -> Option<&'static str> {
    let task = api.catalog.get(written).or_else(|| api.catalog.trigger(written)).map(|kind| kind.name);
    task.or_else(|| trigger(written).or_else(|| condition(written)).map(|kind| kind.name))
}
