//! The expressions that a flow, or one of its tasks, can use.

use crate::error::{Answer, ApiError};
use crate::parts::Api;
use crate::source::read;
use segue_api_types as types;
use segue_files::namespace::list as list_files;
use segue_model::flow::Flow;
use segue_model::parse::parse_flow;
use segue_model::task::Task;
use segue_template::{filter_names, function_names};

/// What an expression finds in every execution.
const CONTEXT: [&str; 14] = [
    "flow.id",
    "flow.namespace",
    "flow.revision",
    "flow.tenantId",
    "execution.id",
    "execution.startDate",
    "execution.originalId",
    "task.id",
    "task.type",
    "taskrun.id",
    "taskrun.startDate",
    "taskrun.attemptsCount",
    "labels",
    "envs",
];

/// The expressions that the flow in `source` can use, at a task if one is given.
pub(crate) async fn of_source(api: &Api, source: &str, task: Option<&str>) -> Answer<types::Expressions> {
    let parsed = read(api, source);
    let flow = parsed.flow.or_else(|| parse_flow(source, &api.catalog).flow);
    let flow = flow.ok_or_else(|| crate::source::refusal(&parsed.diagnostics))?;
    let tasks = known_at(&flow, task)?;
    let namespace = flow.namespace.as_str();
    let secrets = api.ports.secrets.names(namespace).await?;
    let keys = api.state().kv_entries(namespace, api.now()).await?;
    let files = list_files(&api.ports.storage, namespace).await?;
    let mut context: Vec<String> = CONTEXT.map(str::to_owned).into();
    if !flow.triggers.is_empty() {
        context.push("trigger".to_owned());
    }
    Ok(types::Expressions {
        categories: types::ExpressionCategories {
            task_outputs: tasks.iter().map(|id| member("outputs", id)).collect(),
            execution_context: context,
            inputs: flow.inputs.iter().map(|input| format!("inputs.{}", input.id)).collect(),
            variables: flow.variables.keys().map(|name| member("vars", name)).collect(),
            secrets: secrets.iter().map(|name| format!("secret('{name}')")).collect(),
            kv_pairs: keys.iter().map(|entry| format!("kv('{}')", entry.key)).collect(),
            namespace_files: files.iter().map(|file| format!("read('{}')", file.path)).collect(),
            filters: filter_names().map(str::to_owned).collect(),
            functions: function_names().map(str::to_owned).collect(),
        },
    })
}

/// A member of a value. A name with other characters than letters, digits and `_` needs brackets.
fn member(of: &str, name: &str) -> String {
    if name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_') {
        format!("{of}.{name}")
    } else {
        format!("{of}['{name}']")
    }
}

/// The ids of the tasks that come before a task, or of all tasks.
fn known_at(flow: &Flow, task: Option<&str>) -> Answer<Vec<String>> {
    let mut all = Vec::new();
    flow.walk(&mut |found: &Task| all.push(found.id.clone()));
    let Some(task) = task else { return Ok(all) };
    let at = all.iter().position(|id| id == task);
    let at = at.ok_or_else(|| ApiError::argument(format!("taskId: the flow has no task '{task}'")))?;
    all.truncate(at);
    Ok(all)
}
