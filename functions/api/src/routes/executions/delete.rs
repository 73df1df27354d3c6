//! Removing executions: files, then logs, and the execution last, so that a removal that is cut short is found again.

use crate::endpoint::{Kind, Param};
use crate::error::Answer;
use crate::parts::Api;
use crate::queries::executions::stored;
use crate::request::Query;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use segue_model::execution::Execution;

/// What goes with an execution.
#[derive(Clone, Copy, Debug)]
pub(super) struct With {
    logs: bool,
    files: bool,
}

/// The parameters of it.
pub(super) const PARTS: [Param; 3] = [
    Param::new("deleteLogs", Kind::Flag, "Whether its logs go; true unless given."),
    Param::new("deleteMetrics", Kind::Flag, "Metrics are kept with the task runs and go with them."),
    Param::new("deleteStorage", Kind::Flag, "Whether its files go; true unless given."),
];

impl With {
    pub(super) fn from_query(query: &Query) -> Answer<Self> {
        query.flag("deleteMetrics", true)?;
        Ok(Self { logs: query.flag("deleteLogs", true)?, files: query.flag("deleteStorage", true)? })
    }
}

/// Removes an execution; false where it was not there any more.
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
        // The store takes them with the execution.
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
