//! What became of tasks: their states in several executions, and when they are tried again.

use super::search::search;
use super::stored;
use crate::error::Answer;
use crate::parts::Api;
use crate::request::{Query, paged};
use segue_api_types as types;
use segue_engine::retry_timer;
use segue_model::id::{ExecutionId, TaskRunId};
use segue_model::state::State;
use segue_model::task_run::TaskRun;
use std::collections::{BTreeMap, HashMap};

/// The executions of a search with the states of their tasks.
pub(crate) async fn grid(api: &Api, query: &Query) -> Answer<types::Page<types::ExecutionTasks>> {
    let found = search(api, query).await?;
    let mut results = Vec::new();
    for execution in found.results {
        // An execution that was deleted meanwhile has no tasks.
        let stored = api.state().execution(&ExecutionId::from(execution.id.as_str())).await?;
        let runs = stored.map(|stored| stored.task_runs).unwrap_or_default();
        let tasks = tasks_of(runs.iter().map(|(_, run)| run));
        results.push(types::ExecutionTasks { execution, tasks });
    }
    Ok(paged(results, found.total))
}

fn tasks_of<'a>(runs: impl Iterator<Item = &'a TaskRun>) -> Vec<types::TaskStates> {
    let mut depths: HashMap<&TaskRunId, u32> = HashMap::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut found: Vec<types::TaskStates> = Vec::new();
    for run in runs {
        let above = run.parent_task_run_id.as_ref().and_then(|parent| depths.get(parent));
        let depth = above.map_or(0, |above| above.saturating_add(1));
        depths.insert(&run.id, depth);
        let place = *places.entry(&run.task_id).or_insert_with(|| {
            let task_id = run.task_id.clone();
            let states = BTreeMap::new();
            found.push(types::TaskStates { task_id, depth, task_run_id: String::new(), states });
            found.len().saturating_sub(1)
        });
        if let Some(task) = found.get_mut(place) {
            task.task_run_id = run.id.to_string();
            *task.states.entry(run.state.current()).or_default() += 1;
        }
    }
    found
}

/// When the task runs of an execution that wait for their next attempt begin it.
pub(crate) async fn next_attempts(api: &Api, id: &str) -> Answer<Vec<types::NextAttempt>> {
    let stored = stored(api, id).await?;
    let mut found = Vec::new();
    for (_, run) in stored.task_runs.iter().filter(|(_, run)| run.state.current() == State::Retrying) {
        let key = retry_timer(&run.id, run.attempts.len());
        if let Some(timer) = api.state().timer(&stored.execution.id, &key).await? {
            found.push(types::NextAttempt { task_run_id: run.id.to_string(), date: timer.due });
        }
    }
    Ok(found)
}
