//! Deletes executions: first the files, then the logs, and the execution last. So an interrupted deletion can be
//! repeated.

use crate::endpoint::{Kind, Param};
use crate::error::Answer;
use crate::parts::Api;
use crate::queries::executions::stored;
use crate::request::Query;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use segue_model::execution::Execution;

/// What is deleted together with an execution.
#[derive(Clone, Copy, Debug)]
pub(super) struct With {
    logs: bool,
    files: bool,
}

/// The parameters of a deletion.
pub(super) const PARTS: [Param; 3] = [
    Param::new("deleteLogs", Kind::Flag, "Also deletes the logs. Default: true."),
    Param::new(
        "deleteMetrics",
        Kind::Flag,
        "Has no effect: metrics are stored with the task runs and are deleted with them.",
    ),
    Param::new("deleteStorage", Kind::Flag, "Also deletes the files. Default: true."),
];

impl With {
    pub(super) fn from_query(query: &Query) -> Answer<Self> {
        query.flag("deleteMetrics", true)?;
        Ok(Self { logs: query.flag("deleteLogs", true)?, files: query.flag("deleteStorage", true)? })
    }
}

/// Deletes an execution. Returns false if the execution no longer existed.
pub(super) async fn remove(api: &Api, execution: &Execution, with: With) -> Answer<bool> {
    if with.files {
        for (uri, _) in api.ports.storage.list(&format!("{}/", execution.storage_prefix())).await? {
            api.ports.storage.delete(&uri).await?;
        }
    }
    let kept = if with.logs {
        Vec::new()
    } else {
        api.state().logs(&execution.id, segue_model::log::LogLevel::Trace, 0).await?
    };
    let is_gone = api.executor.delete(&execution.id).await?;
    if !kept.is_empty() {
        // The store deletes metrics together with the execution.
        api.state().append_logs(kept).await?;
    }
    Ok(is_gone)
}

pub(super) async fn delete(
    State(api): State<Api>,
    Path(id): Path<String>,
    query: Query,
) -> Answer<StatusCode> {
    let with = With::from_query(&query)?;
    let execution = stored(&api, &id).await?.execution;
    remove(&api, &execution, with).await?;
    Ok(StatusCode::NO_CONTENT)
}
