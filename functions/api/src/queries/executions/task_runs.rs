//! Executions by part: what is seen at once, and pages of task runs.

use crate::error::{Answer, ApiError};
use crate::parts::Api;
use crate::request::Query;
use crate::snapshots::Snapshot;
use crate::view;
use segue_api_types as types;
use segue_model::id::{ExecutionId, TaskRunId};
use std::collections::HashSet;
use std::sync::Arc;

/// The number of rows without the parameter `limit`, and the largest one.
const ROWS: (u32, u32) = (100, 500);

/// An execution that must exist.
pub(crate) async fn snapshot(api: &Api, id: &str) -> Answer<Arc<Snapshot>> {
    api.snapshots
        .current(api.state(), &ExecutionId::from(id))
        .await?
        .ok_or_else(|| ApiError::not_found(format!("Execution '{id}'")))
}

/// A snapshot without its task runs, in the shape of the API.
pub(crate) fn head_of(api: &Api, snapshot: &Snapshot) -> types::ExecutionHead {
    let execution = view::execution(api, &snapshot.execution, []);
    snapshot.head(types::Execution { task_run_list: None, ..execution })
}

/// An execution without its task runs, and what a page shows of all of them.
pub(crate) async fn head(api: &Api, id: &str) -> Answer<types::ExecutionHead> {
    Ok(head_of(api, &*snapshot(api, id).await?))
}

/// A page of the task runs in the order of a tree.
pub(crate) async fn rows(api: &Api, id: &str, query: &Query) -> Answer<types::TaskRunRows> {
    let from = query.number("from")?.unwrap_or(0);
    let (usual, most) = ROWS;
    let limit = query.number("limit")?.unwrap_or(usual).min(most);
    let folded: HashSet<&str> = query.all("folded").flat_map(|ids| ids.split(',')).collect();
    Ok(snapshot(api, id).await?.rows(from as usize, limit as usize, &folded))
}

/// One task run, with its outputs.
pub(crate) async fn one_run(api: &Api, id: &str, task_run: &str) -> Answer<types::TaskRun> {
    let snapshot = snapshot(api, id).await?;
    let run = snapshot.run(&TaskRunId::from(task_run));
    run.map(|run| types::TaskRun::new(&snapshot.execution, run))
        .ok_or_else(|| ApiError::not_found(format!("Task run '{task_run}' of the execution '{id}'")))
}
