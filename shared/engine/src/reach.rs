//! The parts of the context that the templates of a task can reach. Only these parts are sent to a service.

use segue_model::Json;
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
            self.outputs = None;
            self.tasks = true;
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
