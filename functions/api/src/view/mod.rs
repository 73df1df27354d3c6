//! Answers in the shape of Kestra's JSON.

pub(crate) mod csv;
pub(crate) mod download;
pub(crate) mod events;
pub(crate) mod flow;
pub(crate) mod kv;
pub(crate) mod zip;

use crate::parts::Api;
use segue_api_types as types;
use segue_model::execution::Execution;
use segue_model::task_run::TaskRun;

/// An execution with its task runs and the address of its page.
pub(crate) fn execution<'a>(
    api: &Api,
    execution: &Execution,
    task_runs: impl IntoIterator<Item = &'a TaskRun>,
) -> types::Execution {
    let page = format!(
        "{}/ui/main/executions/{}/{}/{}",
        api.url, execution.namespace, execution.flow_id, execution.id
    );
    types::Execution { url: Some(page), ..types::Execution::new(execution, task_runs) }
}
