//! ForEach, EachSequential, EachParallel and Loop. The values are computed once at the start (docs/kestra.md 3.3, 4.2).
//!
//! A Loop differs from the others:
//! - It takes the values of a map with their keys, and the lines of a file. A value may repeat.
//! - A failed iteration does not always end it.
//! - It has outputs for each iteration.

use super::opened::{OpenError, Opened};
use crate::context::overlay;
use crate::env::Env;
use crate::inputs::{OutputsError, Sealing, resolve_outputs};
use crate::memo;
use crate::plan::NodeId;
use crate::state::ExecutionState;
use segue_model::id::TaskRunId;
use segue_model::state::State;
use segue_model::task::{FlowableKind, ForEach, LoopOptions, TaskKind};
use segue_model::task_run::TaskRun;
use segue_model::{Json, Map};
use segue_template::{Scope, Value};
use serde_json::json;
use std::collections::HashSet;

/// The values of a loop, with their keys if they come from a map.
struct Values {
    values: Vec<Json>,
    keys: Vec<String>,
}

pub(super) fn open(each: &ForEach, scope: &Scope, env: &Env) -> Result<Opened, OpenError> {
    let Values { values, keys } = match &each.values {
        Json::String(text) => read(each, text, scope, env)?,
        list => from_json(each, env.renderer.render_json(list, scope)?)?,
    };
    // Each value becomes a task run. Task runs are kept in memory and written with their execution.
    if values.len() > env.most_values {
        return Err(OpenError::Failed(format!(
            "the loop has {} values; at most {} are allowed. Put them into a file and pass batches of them to a subflow \
             with ForEachItem, or ask the operator of Segue to raise SEGUE_MAX_LOOP_VALUES",
            values.len(),
            env.most_values
        )));
    }
    // Loop values are stored in clear text, so a secret must not be a loop value.
    let mut values = Json::Array(values);
    env.lookups.mask(&mut values);
    let Json::Array(values) = values else { return Ok(Opened::running()) };
    let mut seen = HashSet::new();
    let mut texts = Vec::with_capacity(values.len());
    let mut repeated = Vec::new();
    for value in values {
        let text = match value {
            Json::Null => {
                return Err(OpenError::Failed(
                    "a value of the loop is null: remove the value, or write '' for an empty text".into(),
                ));
            }
            Json::String(text) => text,
            other => other.to_string(),
        };
        let is_new = seen.insert(text.clone());
        if each.as_loop.is_some() && !is_new {
            repeated.push(texts.len());
        }
        if each.as_loop.is_some() || is_new {
            texts.push(text);
        }
    }
    let mut memo = Json::Null;
    if !repeated.is_empty() {
        memo::REPEATED.set(&mut memo, &repeated);
    }
    memo::VALUES.set(&mut memo, &texts);
    if !keys.is_empty() {
        memo::KEYS.set(&mut memo, &keys);
    }
    Ok(Opened { memo, ..Opened::running() })
}

/// Reads the values from a text: a JSON array, or for a Loop also a map or a file.
fn read(each: &ForEach, text: &str, scope: &Scope, env: &Env) -> Result<Values, OpenError> {
    let rendered = env.renderer.render(text, scope)?;
    if each.as_loop.is_some() && rendered.trim_start().starts_with("kestra://") {
        let uri = Value::from(rendered.trim());
        let lines = env.renderer.render("{{ read(uri) }}", &overlay(scope, vec![("uri", uri)]))?;
        let values = lines.lines().filter(|line| !line.is_empty()).map(Json::from).collect();
        return Ok(Values { values, keys: Vec::new() });
    }
    match serde_json::from_str::<Json>(&rendered) {
        Ok(Json::Array(values)) => Ok(Values { values, keys: Vec::new() }),
        Ok(map @ Json::Object(_)) if each.as_loop.is_some() => from_json(each, map),
        _ => Err(OpenError::Failed(format!(
            "the values of the loop must be a list, but `{text}` is `{}`; write a YAML list or an expression \
             that gives a JSON array",
            shorten(&rendered)
        ))),
    }
}

fn from_json(each: &ForEach, value: Json) -> Result<Values, OpenError> {
    match value {
        Json::Array(values) => Ok(Values { values, keys: Vec::new() }),
        Json::Object(map) if each.as_loop.is_some() => {
            let (keys, values) = map.into_iter().unzip();
            Ok(Values { values, keys })
        }
        other => Err(OpenError::Failed(format!("the values of the loop must be a list, not `{other}`"))),
    }
}

fn shorten(text: &str) -> String {
    let mut short: String = text.chars().take(80).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

impl ExecutionState {
    /// The additional options of a Loop; `None` for other tasks.
    pub(crate) fn loop_options(&self, node: NodeId) -> Option<LoopOptions> {
        let TaskKind::Flowable(flowable) = &self.plan.node(node)?.task.kind else { return None };
        match &flowable.kind {
            FlowableKind::ForEach(each) => each.as_loop.clone(),
            _ => None,
        }
    }

    /// The outputs of a finished Loop: the number of iterations, and the declared outputs of each iteration.
    ///
    /// # Errors
    /// [`OpenError::Pending`] if an output needs an answer that has not been fetched. Otherwise, why an output cannot
    /// be rendered.
    pub(crate) fn loop_outputs(
        &mut self,
        id: &TaskRunId,
        options: &LoopOptions,
        env: &Env,
    ) -> Result<Map, OpenError> {
        let Some((task_run, node)) = self.run(id).map(|run| (run.task_run.clone(), run.node)) else {
            return Ok(Map::new());
        };
        let Some(task) = node.and_then(|node| self.plan.node(node)).map(|node| node.task.clone()) else {
            return Ok(Map::new());
        };
        let values = memo::VALUES.get(&task_run.memo).unwrap_or_default();
        let keys = memo::KEYS.get(&task_run.memo).unwrap_or_default();
        let mut map = Map::new();
        map.insert("iterationCount".into(), json!(values.len()));
        if options.outputs.is_empty() {
            return Ok(map);
        }
        let mut all = Vec::with_capacity(values.len());
        for (iteration, value) in (0_u64..).zip(&values) {
            // This task run has the position of the iteration's children, so the outputs see the same variables as the
            // children.
            let within = TaskRun {
                parent_task_run_id: Some(id.clone()),
                value: Some(value.clone()),
                iteration: Some(iteration),
                attempts: Vec::new(),
                ..task_run.clone()
            };
            let scope = self.scope(&task, &within, env);
            let (of, number) = (id.as_str(), iteration.to_string());
            let sealing = Sealing { cipher: &env.cipher, owner: &[of, &number] };
            let outputs = match resolve_outputs(&options.outputs, &env.renderer, &scope, sealing) {
                Ok(outputs) => outputs,
                Err(OutputsError::Pending) => return Err(OpenError::Pending),
                // If an iteration failed, some of its outputs may be missing.
                Err(OutputsError::Failed(_)) if self.has_failed(id, iteration) => Map::new(),
                Err(error) => return Err(OpenError::Failed(error.to_string())),
            };
            let mut item = Map::new();
            item.insert("value".into(), json!(value));
            item.insert("iteration".into(), json!(iteration));
            if let Some(key) = usize::try_from(iteration).ok().and_then(|position| keys.get(position)) {
                item.insert("key".into(), json!(key));
            }
            all.push(json!({"item": item, "outputs": outputs}));
        }
        map.insert("outputs".into(), Json::Array(all));
        Ok(map)
    }

    /// Whether a child of an iteration has failed.
    fn has_failed(&self, id: &TaskRunId, iteration: u64) -> bool {
        self.runs.values().map(|run| &run.task_run).any(|run| {
            run.parent_task_run_id.as_ref() == Some(id)
                && run.iteration == Some(iteration)
                && run.current() == State::Failed
        })
    }
}
