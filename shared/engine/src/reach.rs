//! The parts of the context that the templates of a task can reach. Only these parts are sent to a service.

use segue_model::catalog::EXECUTION_CONTEXT;
use segue_model::{Json, Map};
use segue_template::{Reach, references};
use std::collections::BTreeSet;

/// The outputs that the templates of a task can reach.
pub(crate) struct Reached {
    /// Names of tasks. None: all tasks.
    pub(crate) outputs: Option<BTreeSet<String>>,
    /// Whether `tasks` is used.
    pub(crate) tasks: bool,
    /// Whether a text from another place may be rendered as a template.
    pub(crate) renders: bool,
}

impl Default for Reached {
    fn default() -> Self {
        Self { outputs: Some(BTreeSet::new()), tasks: false, renders: false }
    }
}

impl Reached {
    /// Everything that a task with these properties can reach.
    pub(crate) fn of(properties: &Map) -> Self {
        let mut reached = Self::default();
        for (key, value) in properties {
            reached.collect(&Json::String(key.clone()));
            reached.collect(value);
        }
        if properties.get(EXECUTION_CONTEXT).is_some_and(may_be_true) {
            reached.all();
        }
        reached
    }

    fn all(&mut self) {
        self.outputs = None;
        self.tasks = true;
    }

    /// Adds everything that the templates inside a value can reach.
    pub(crate) fn collect(&mut self, value: &Json) {
        match value {
            Json::String(text) if text.contains('{') => self.template(text),
            Json::Array(list) => list.iter().for_each(|value| self.collect(value)),
            Json::Object(map) => {
                for (key, value) in map {
                    if key.contains('{') {
                        self.template(key);
                    }
                    self.collect(value);
                }
            }
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
        }
    }

    fn template(&mut self, text: &str) {
        let Ok(found) = references(text) else {
            // An invalid template fails when it is rendered. Until then, it is treated as a template that reaches
            // everything.
            self.outputs = None;
            return;
        };
        self.renders |= found.functions.contains("render") || found.functions.contains("renderOnce");
        if found.functions.contains("printContext") || found.functions.contains("fetchContext") {
            self.all();
        }
        self.tasks |= found.roots.contains_key("tasks") || found.functions.contains("tasksWithState");
        match found.roots.get("outputs") {
            None => {}
            Some(Reach::All) => self.outputs = None,
            Some(Reach::Names(names)) => {
                if let Some(known) = &mut self.outputs {
                    known.extend(names.iter().cloned());
                }
            }
        }
    }
}

/// Whether a property can be true. An expression can be; only the service renders it.
fn may_be_true(value: &Json) -> bool {
    match value {
        Json::Bool(is_true) => *is_true,
        Json::String(text) => text.contains('{') || text.trim().eq_ignore_ascii_case("true"),
        Json::Null | Json::Number(_) | Json::Array(_) | Json::Object(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn reached(properties: Json) -> Reached {
        Reached::of(properties.as_object().unwrap())
    }

    #[test]
    fn templates_reach_the_tasks_that_they_name() {
        let some = reached(json!({"env": {"{{ outputs.a.x }}": ["{{ outputs.b.y }}"]}}));
        assert_eq!((some.outputs, some.tasks), (Some(["a".to_owned(), "b".to_owned()].into()), false));
        assert_eq!(reached(json!({"script": "{{ outputs }}"})).outputs, None);
    }

    #[test]
    fn a_script_with_the_context_reaches_everything() {
        for (value, is_all) in [
            (json!(true), true),
            (json!("true"), true),
            (json!("{{ inputs.wanted }}"), true),
            (json!(false), false),
            (json!("false"), false),
            (json!(null), false),
        ] {
            let reached = reached(json!({"executionContext": value, "script": "print(1)"}));
            assert_eq!((reached.outputs.is_none(), reached.tasks), (is_all, is_all), "{value}");
        }
    }
}
