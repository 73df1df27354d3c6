//! The variables of expressions (docs/kestra.md 3.2): as a view for tasks that the executor runs itself, and
//! as JSON with only what the task can reach, for tasks that are sent to a service.

use crate::memo;
use crate::outputs::Outputs;
use crate::reach::Reached;
use crate::secret_reader::SecretReader;
use crate::state::{Env, ExecutionState};
use jiff::tz::TimeZone;
use segue_model::cipher::holds_sealed;
use segue_model::id::friendly_id;
use segue_model::label::Label;
use segue_model::task::Task;
use segue_model::task_run::TaskRun;
use segue_model::{Json, Map};
use segue_template::{Ambient, LazyMap, LookupTable, Scope, Value, value_from_json, value_to_json};
use serde_json::json;
use std::sync::Arc;

/// The part of the context that is the same for all task runs of an execution.
#[derive(Debug)]
pub struct Shared {
    /// The values as stored.
    values: Vec<(&'static str, Value)>,
    /// The values that contain something encrypted, decrypted.
    opened: Vec<(&'static str, Value)>,
    /// The decrypted secrets.
    secrets: Vec<String>,
    globals: Vec<(String, Value)>,
    outputs: Outputs,
}

/// The root variables of one task run.
#[derive(Debug)]
struct Variables {
    shared: Arc<Shared>,
    own: Vec<(&'static str, Value)>,
    /// Decrypts values. None if they stay encrypted, to be sent to a service.
    reader: Option<SecretReader>,
    /// The loop values that are left out in names of outputs: those around a task in a Loop.
    within: Arc<[String]>,
}

impl LazyMap for Variables {
    fn get(&self, key: &str) -> Option<Value> {
        if let Some((_, value)) = self.own.iter().find(|(name, _)| *name == key) {
            return Some(value.clone());
        }
        match key {
            "outputs" => {
                return self.reader.clone().map(|reader| self.shared.outputs.value(&self.within, reader));
            }
            "tasks" => return Some(self.shared.outputs.states()),
            _ => {}
        }
        if self.reader.is_some()
            && let Some((_, value)) = self.shared.opened.iter().find(|(name, _)| *name == key)
        {
            return Some(value.clone());
        }
        if let Some((_, value)) = self.shared.values.iter().find(|(name, _)| *name == key) {
            return Some(value.clone());
        }
        self.shared.globals.iter().find(|(name, _)| name == key).map(|(_, value)| value.clone())
    }

    fn keys(&self) -> Vec<String> {
        let own = self.own.iter().map(|(name, _)| (*name).to_owned());
        let shared = self.shared.values.iter().map(|(name, _)| (*name).to_owned());
        let globals = self.shared.globals.iter().map(|(name, _)| name.clone());
        own.chain(shared).chain(globals).chain(["outputs".to_owned(), "tasks".to_owned()]).collect()
    }
}

#[derive(Debug)]
struct Overlay {
    base: Arc<dyn LazyMap>,
    over: Vec<(&'static str, Value)>,
}

impl LazyMap for Overlay {
    fn get(&self, key: &str) -> Option<Value> {
        let over = self.over.iter().find(|(name, _)| *name == key);
        over.map(|(_, value)| value.clone()).or_else(|| self.base.get(key))
    }

    fn keys(&self) -> Vec<String> {
        let mut keys = self.base.keys();
        let new = self.over.iter().filter(|(name, _)| self.base.get(name).is_none());
        keys.extend(new.map(|(name, _)| (*name).to_owned()));
        keys
    }
}

/// A scope with some root variables replaced.
pub(crate) fn overlay(scope: &Scope, over: Vec<(&'static str, Value)>) -> Scope {
    Scope { variables: Arc::new(Overlay { base: scope.variables.clone(), over }), ..scope.clone() }
}

/// Labels as `labels.*`: by key, dotted keys nested.
pub fn labels_value(labels: &[Label]) -> Json {
    let mut root = Map::new();
    for label in labels {
        let mut map = &mut root;
        let mut parts = label.key.split('.').peekable();
        while let Some(part) = parts.next() {
            if parts.peek().is_none() {
                map.insert(part.to_owned(), Json::String(label.value.clone()));
                break;
            }
            let next = map.entry(part.to_owned()).or_insert_with(|| Json::Object(Map::new()));
            if !next.is_object() {
                *next = Json::Object(Map::new());
            }
            match next {
                Json::Object(inner) => map = inner,
                _ => break,
            }
        }
    }
    Json::Object(root)
}

impl ExecutionState {
    fn shared(&mut self, env: &Env) -> Arc<Shared> {
        if let Some(shared) = &self.shared {
            return shared.clone();
        }
        let execution = &self.execution;
        let mut values = vec![
            (
                "flow",
                json!({"id": execution.flow_id, "namespace": execution.namespace,
                       "revision": execution.flow_revision, "tenantId": "main"}),
            ),
            (
                "execution",
                json!({"id": execution.id, "startDate": execution.state.start_date().to_string(),
                       "originalId": execution.original_id, "state": execution.state.current().as_str(),
                       "outputs": execution.outputs.clone().unwrap_or_default()}),
            ),
            ("inputs", Json::Object(execution.inputs.clone())),
            ("vars", Json::Object(execution.variables.clone())),
            ("labels", labels_value(&execution.labels)),
        ];
        if let Some(trigger) = &execution.trigger {
            values.push(("trigger", Json::Object(trigger.variables.clone())));
            if trigger.variables.contains_key("date") {
                values.push(("schedule", Json::Object(trigger.variables.clone())));
            }
        }
        let secrets = LookupTable::new();
        let reader = SecretReader::new(&Env { lookups: secrets.clone(), ..env.clone() });
        let opened = values
            .iter()
            .filter(|(_, value)| holds_sealed(value))
            .map(|(name, value)| (*name, reader.value(value)))
            .collect();
        let shared = Arc::new(Shared {
            opened,
            secrets: secrets.learnt(),
            values: values.into_iter().map(|(name, value)| (name, value_from_json(&value))).collect(),
            globals: env.globals.iter().map(|(name, value)| (name.clone(), value_from_json(value))).collect(),
            outputs: self.outputs.clone(),
        });
        self.shared = Some(shared.clone());
        shared
    }

    /// Masks the secrets among the inputs in the texts of this step.
    pub(crate) fn learn_inputs(&mut self, env: &Env) {
        self.shared(env).secrets.iter().for_each(|secret| env.lookups.learn(secret));
    }

    /// The variables of a task run's expressions. The task run need not be in the execution yet.
    pub(crate) fn scope(&mut self, task: &Task, task_run: &TaskRun, env: &Env) -> Scope {
        self.learn_inputs(env);
        self.scope_of(task, task_run, env, Some(SecretReader::new(env)))
    }

    fn scope_of(
        &mut self,
        task: &Task,
        task_run: &TaskRun,
        env: &Env,
        reader: Option<SecretReader>,
    ) -> Scope {
        let shared = self.shared(env);
        let value = |json: &Json| match &reader {
            Some(reader) => reader.value(json),
            None => value_from_json(json),
        };
        let parents = self.parents(task_run);
        let mut taskrun = json!({
            "id": task_run.id,
            "startDate": task_run.state.start_date().to_string(),
            "attemptsCount": task_run.ended_attempts(),
        });
        if let Json::Object(map) = &mut taskrun {
            if let Some(parent) = &task_run.parent_task_run_id {
                map.insert("parentId".into(), json!(parent));
            }
            if let Some(value) = &task_run.value {
                map.insert("value".into(), json!(value));
            }
            if let Some(iteration) = task_run.iteration {
                map.insert("iteration".into(), json!(iteration));
            }
        }
        let mut own = vec![
            ("task", value_from_json(&json!({"id": task.id, "type": task.type_name}))),
            ("taskrun", value_from_json(&taskrun)),
        ];
        if let Some(item) = self.item(task_run) {
            own.push(("item", value_from_json(&item)));
        }
        let within = self.within(task_run);
        if let Some(parent) = parents.first() {
            own.push(("parent", value(parent)));
            own.push(("parents", value(&Json::Array(parents))));
        }
        let seed = friendly_id(&[task_run.id.as_str(), &task_run.ended_attempts().to_string()])
            .bytes()
            .fold(0_u64, |sum, byte| sum.wrapping_mul(131).wrapping_add(u64::from(byte)));
        Scope {
            variables: Arc::new(Variables { shared, own, reader, within }),
            lookups: Arc::new(env.lookups.clone()),
            ambient: Ambient { now: env.now, seed, time_zone: TimeZone::UTC },
        }
    }

    /// The variables of the flow's own expressions (outputs, SLAs).
    pub(crate) fn flow_scope(&mut self, env: &Env) -> Scope {
        self.learn_inputs(env);
        let (shared, reader) = (self.shared(env), Some(SecretReader::new(env)));
        Scope {
            variables: Arc::new(Variables { shared, own: Vec::new(), reader, within: Arc::from([]) }),
            lookups: Arc::new(env.lookups.clone()),
            ambient: Ambient { now: env.now, seed: 0, time_zone: TimeZone::UTC },
        }
    }

    /// The flowables above a task run that have a value or outputs, closest first.
    fn parents(&self, task_run: &TaskRun) -> Vec<Json> {
        let mut parents = Vec::new();
        let mut next = task_run.parent_task_run_id.as_ref();
        while let Some(run) = next.and_then(|id| self.run(id)) {
            let above = &run.task_run;
            if above.value.is_some() || !above.outputs.is_empty() {
                let mut taskrun = Map::new();
                taskrun.insert("id".into(), json!(above.id));
                if let Some(value) = &above.value {
                    taskrun.insert("value".into(), json!(value));
                }
                if let Some(iteration) = above.iteration {
                    taskrun.insert("iteration".into(), json!(iteration));
                }
                let mut parent = Map::new();
                parent.insert("task".into(), json!({"id": above.task_id}));
                parent.insert("taskrun".into(), Json::Object(taskrun));
                if !above.outputs.is_empty() {
                    parent.insert("outputs".into(), Json::Object(above.outputs.clone()));
                }
                parents.push(Json::Object(parent));
            }
            next = above.parent_task_run_id.as_ref();
        }
        parents
    }

    /// `item` of Kestra 2.x: the closest loop's value (always a text), index and key, and those of the loops
    /// around it.
    fn item(&self, task_run: &TaskRun) -> Option<Json> {
        let mut items = Vec::new();
        let mut next = Some(task_run);
        while let Some(run) = next {
            let above = run.parent_task_run_id.as_ref().and_then(|id| self.run(id)).map(|run| &run.task_run);
            if let (Some(value), Some(iteration)) = (&run.value, run.iteration) {
                let mut item = Map::new();
                item.insert("value".into(), json!(value));
                item.insert("index".into(), json!(iteration));
                item.insert("iteration".into(), json!(iteration));
                let keys = above.and_then(|above| memo::KEYS.stored(&above.memo)).and_then(Json::as_array);
                let place = usize::try_from(iteration).ok();
                if let Some(key) = keys.zip(place).and_then(|(keys, place)| keys.get(place)) {
                    item.insert("key".into(), key.clone());
                }
                items.push(item);
            }
            next = above;
        }
        let mut around = items.split_off(1.min(items.len())).into_iter().map(Json::Object).peekable();
        let mut item = items.pop()?;
        if let Some(parent) = around.peek() {
            item.insert("parent".into(), parent.clone());
            item.insert("parents".into(), around.collect());
        }
        Some(Json::Object(item))
    }

    /// The loop values around a task run, if its closest loop is a Loop: within an iteration of a Loop,
    /// outputs of the same iteration are read by the task's name alone. Otherwise empty.
    fn within(&self, task_run: &TaskRun) -> Arc<[String]> {
        let mut next = Some(task_run);
        while let Some(run) = next {
            let above = run.parent_task_run_id.as_ref().and_then(|id| self.run(id));
            if run.iteration.is_some() {
                return match above.and_then(|above| above.node).and_then(|node| self.loop_options(node)) {
                    Some(_) => self.chain(run),
                    None => Arc::from([]),
                };
            }
            next = above.map(|above| &above.task_run);
        }
        Arc::from([])
    }

    /// The context as JSON, with only the outputs that `properties` can reach. Encrypted values stay
    /// encrypted.
    pub(crate) fn json_context(
        &mut self,
        task: &Task,
        task_run: &TaskRun,
        properties: &Map,
        env: &Env,
    ) -> Json {
        let scope = self.scope_of(task, task_run, env, None);
        let mut reach = Reached::default();
        reach.collect(&Json::Object(properties.clone()));
        if reach.renders {
            reach.collect(&Json::Object(self.execution.variables.clone()));
        }
        let mut context = Map::new();
        for key in scope.variables.keys() {
            let value = match key.as_str() {
                "outputs" => self.outputs.to_json(reach.outputs.as_ref(), &self.within(task_run)),
                "tasks" if !reach.tasks => continue,
                _ => scope.variables.get(&key).map(|value| value_to_json(&value)).unwrap_or_default(),
            };
            context.insert(key, value);
        }
        Json::Object(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dotted_labels_nest() {
        let labels = [Label::new("system.from", "x"), Label::new("team", "a")];
        assert_eq!(labels_value(&labels), json!({"system": {"from": "x"}, "team": "a"}));
    }
}
