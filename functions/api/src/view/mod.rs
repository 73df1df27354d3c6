//! What is answered: the nouns in Kestra's JSON.

pub(crate) mod download;
pub(crate) mod events;
pub(crate) mod flow;
pub(crate) mod kv;
pub(crate) mod trigger;
pub(crate) mod zip;

use crate::parts::Api;
use segue_model::Json;
use segue_model::execution::Execution;
use segue_model::task_run::TaskRun;
use segue_model::view::execution_json;
use serde_json::json;

/// An execution with its task runs and the address of its page.
pub(crate) fn execution<'a>(
    api: &Api,
    execution: &Execution,
    task_runs: impl IntoIterator<Item = &'a TaskRun>,
) -> Json {
    let mut view = execution_json(execution, task_runs);
    if let Json::Object(map) = &mut view {
        let page = format!(
            "{}/ui/main/executions/{}/{}/{}",
            api.url, execution.namespace, execution.flow_id, execution.id
        );
        map.insert("url".into(), json!(page));
    }
    view
}

/// An execution in a list, where its task runs are left out.
pub(crate) fn listed(execution: &Execution) -> Json {
    let mut view = execution_json(execution, []);
    if let Json::Object(map) = &mut view {
        map.remove("taskRunList");
    }
    view
}
