//! The variables of expressions, from an execution in memory (docs/kestra.md 3.2). Tasks that the executor runs get a
//! view. Tasks that are sent to a service get JSON with only the parts that they can reach.

use crate::context::{Shared, Variables};
use crate::env::Env;
use crate::inputs::date_text;
use crate::memo;
use crate::reach::Reached;
use crate::secret_reader::SecretReader;
use crate::state::ExecutionState;
use jiff::tz::TimeZone;
use segue_model::id::friendly_id;
use segue_model::task::Task;
use segue_model::task_run::TaskRun;
use segue_model::{Json, Map};
use segue_template::{Ambient, Scope, value_from_json, value_to_json};
use serde_json::json;
use std::sync::Arc;

impl ExecutionState {
    fn shared(&mut self, env: &Env) -> Arc<Shared> {
        let Self { shared, execution, outputs, .. } = self;
        shared.get_or_insert_with(|| Arc::new(Shared::new(execution, outputs.clone(), env))).clone()
    }

    /// Makes the secrets among the inputs known, so that they are masked in the texts of this step.
    pub(crate) fn learn_inputs(&mut self, env: &Env) {
        self.shared(env).secrets().iter().for_each(|secret| env.lookups.learn(secret));
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
        // The children of a WorkingDirectory see the iteration around the directory as their own, as in Kestra.
        let directory = self.directory_around(task_run);
        let seen = directory.as_ref().unwrap_or(task_run);
        let parents = self.parents(seen);
        let mut taskrun = json!({
            "id": task_run.id,
            "startDate": date_text(task_run.state.start_date()),
            "attemptsCount": task_run.ended_attempts(),
        });
        if let Json::Object(map) = &mut taskrun {
            if let Some(parent) = &task_run.parent_task_run_id {
                map.insert("parentId".into(), json!(parent));
            }
            if let Some(value) = &seen.value {
                map.insert("value".into(), json!(value));
            }
            if let Some(iteration) = seen.iteration {
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

    /// The run of the WorkingDirectory that a task run is a child of. None for any other task run.
    fn directory_around(&self, task_run: &TaskRun) -> Option<TaskRun> {
        let around = self.run(task_run.parent_task_run_id.as_ref()?)?;
        self.directory_of(around.node?)?;
        Some(around.task_run.clone())
    }

    /// The flowables around a task run with a value or outputs, the closest first.
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

    /// `item` of Kestra 2.x: the value (always a text), index and key of the closest loop. It also has those of the
    /// loops around it. `None` outside a loop.
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
                let position = usize::try_from(iteration).ok();
                if let Some(key) = keys.zip(position).and_then(|(keys, position)| keys.get(position)) {
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

    /// The loop values around a task run, if its closest loop is a Loop; otherwise empty. In an iteration of a Loop,
    /// the name of a task is enough to read its outputs of the same iteration.
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
        let mut reach = Reached::of(properties);
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
