//! Executions (docs/kestra.md 6.3).

mod acting;
mod actions;
mod bulk;
mod create;
mod delete;
mod dependencies;
mod files;
mod follow;
mod inputs;
mod read;
mod webhook;

pub(super) use follow::changed;

use super::flows::PAGE;
use crate::endpoint::{Content, Endpoint, Kind, Param, events, get, json, post, put};
use crate::queries::executions::numbers;
use crate::queries::executions::search::FIELDS;
use segue_api_types as types;
use segue_model::execution::ExecutionKind;
use segue_model::state::State;

const STATES: Kind = Kind::ManyOf(&State::NAMES);
const ONE_STATE: Kind = Kind::OneOf(&State::NAMES);
/// The parameters of a search.
pub(super) const SEARCH: [Param; 12] = [
    Param::new("q", Kind::Text, "The id of an execution, or a part of the name of its flow."),
    Param::new("namespace", Kind::Text, "Only this namespace and the namespaces below it."),
    Param::new("flowId", Kind::Text, "Only this flow."),
    Param::new("startDate", Kind::Date, "Only executions that started at this time or later."),
    Param::new("endDate", Kind::Date, "Only executions that started at this time or earlier."),
    Param::new("timeRange", Kind::Duration, "Only executions that started within this duration before now."),
    Param::new("state", STATES, "Only entries in one of these states."),
    Param::new("labels", Kind::Texts, "Only entries with all these labels, each as `key:value`."),
    Param::new("triggerId", Kind::Text, "Only executions that this trigger started."),
    Param::new("triggerExecutionId", Kind::Text, "Only executions that this execution started."),
    Param::new(
        "childFilter",
        Kind::OneOf(&["CHILD", "MAIN"]),
        "`CHILD`: only subflows. `MAIN`: no subflows.",
    ),
    Param::new(
        "scope",
        Kind::ManyOf(&["USER", "SYSTEM"]),
        "`true`: only the namespace `system`. `false`: every other namespace.",
    ),
];
const LABELS: Param = Param::new("labels", Kind::Texts, "Labels of the execution, each as `key:value`.");
const BREAKPOINTS: Param = Param::new(
    "breakpoints",
    Kind::Text,
    "Tasks before which the execution waits, with commas between them, each as `task` or `task.value`.",
);
const REVISION: Param = Param::new("revision", Kind::Number(1), "The revision of the flow.");
const PATH: Param = Param::new("path", Kind::Text, "The URI of the file, `kestra:///…`.").required();

pub(super) fn endpoints() -> Vec<Endpoint> {
    [making(), reading(), acting::endpoints(), files_of(), bulk::endpoints()].into_iter().flatten().collect()
}

fn making() -> Vec<Endpoint> {
    let run = [
        LABELS,
        REVISION,
        Param::new("wait", Kind::Flag, "Answers when the execution has ended."),
        Param::new("scheduleDate", Kind::Date, "The execution does not start before this time."),
        BREAKPOINTS,
        Param::new("kind", Kind::OneOf(&ExecutionKind::NAMES), "What the execution is for. Default: NORMAL."),
        Param::new(
            "triggerId",
            Kind::Text,
            "For a flow with schedules: the schedule to run, with the inputs and labels of this trigger.",
        ),
        Param::new(
            "triggerDate",
            Kind::Date,
            "For a flow with schedules: the fire time to run, with the inputs and labels of its trigger. A date without \
             a time is the fire time of that day. Default: the latest fire time.",
        ),
    ];
    let hook = |method: fn(&'static str) -> Endpoint, id: &'static str, path: &'static str| {
        method(path)
            .is(id, "Fires a Webhook trigger. Answers 204 if the conditions of the trigger are not met.")
            .takes_any()
            .maybe_body(Content::Any)
            .answers(Content::Any)
            .refuses(&[204, 404, 409])
    };
    let path = "/executions/webhook/{namespace}/{id}/{key}";
    let deep = "/executions/webhook/{namespace}/{id}/{key}/{*path}";
    vec![
        post("/executions/{namespace}/{flowId}", create::create)
            .is(
                "createExecution",
                "Runs a flow. Each input is one part of the form. An input of type FILE is a file.",
            )
            .takes(&run)
            .maybe_body(Content::Form(None))
            .refuses(&[404, 409]),
        post("/executions/trigger/{namespace}/{flowId}", create::create)
            .is("triggerExecution", "Runs a flow. This is the older address of `createExecution`.")
            .takes(&run)
            .maybe_body(Content::Form(None))
            .refuses(&[404, 409]),
        post("/executions/{namespace}/{flowId}/validate", create::validate)
            .is("validateExecution", "Checks inputs and lists their problems. Runs nothing.")
            .takes(&[LABELS, REVISION])
            .maybe_body(Content::Form(None))
            .refuses(&[404]),
        hook(|path| get(path, webhook::fire), "webhookGet", path),
        hook(|path| post(path, webhook::fire), "webhookPost", path),
        hook(|path| put(path, webhook::fire), "webhookPut", path),
        hook(|path| get(path, webhook::fire_at), "webhookPathGet", deep),
        hook(|path| post(path, webhook::fire_at), "webhookPathPost", deep),
        hook(|path| put(path, webhook::fire_at), "webhookPathPut", deep),
    ]
}

fn reading() -> Vec<Endpoint> {
    vec![
        get("/executions/search", read::search)
            .is("searchExecutions", "Searches executions, newest first, without their task runs.")
            .takes(&PAGE)
            .takes(&SEARCH)
            .filters(FIELDS),
        get("/executions", read::search)
            .is("executions", "Searches executions. This is the older address of `searchExecutions`.")
            .takes(&PAGE)
            .takes(&SEARCH)
            .filters(FIELDS),
        get("/executions/export/by-query/csv", read::table)
            .is("exportExecutions", "Returns the newest executions of a search as a table, at most 10,000.")
            .takes(&SEARCH)
            .filters(FIELDS)
            .answers(Content::Csv),
        get("/executions/distinct-field-values", read::distinct)
            .is(
                "distinctFieldValues",
                "Lists the values of a field among the newest executions of a search, at most 10,000.",
            )
            .takes(&[
                Param::new("field", Kind::OneOf(numbers::FIELDS), "The field.").required(),
                Param::new("size", Kind::Number(1), "The largest number of values."),
            ])
            .takes(&SEARCH)
            .filters(FIELDS),
        get("/executions/namespaces/{namespace}/flows/{flowId}/average-duration", read::average)
            .is("averageDuration", "Returns the average duration of the last 100 executions of a flow."),
        get("/executions/latest", read::latest)
            .is("latestExecution", "Returns the newest execution of a flow.")
            .takes(&[
                Param::new("namespace", Kind::Text, "The namespace of the flow.").required(),
                Param::new("flowId", Kind::Text, "The flow.").required(),
            ])
            .refuses(&[404]),
        post("/executions/latest", read::latest_of)
            .is(
                "latestExecutions",
                "Lists the newest execution of each of several flows. Flows that have not run are left out.",
            )
            .body(json::<Vec<types::FlowId>>()),
        get("/executions/namespaces", read::namespaces)
            .is("namespacesOfExecutions", "Lists the namespaces with flows that can run."),
        get("/executions/namespaces/{namespace}/flows", read::flows_of_namespace)
            .is("flowsToExecute", "Lists the flows of a namespace that can run."),
        get("/executions/flows/{namespace}/{flowId}", read::flow_to_execute)
            .is("flowToExecute", "Returns what a form needs to run a flow: its inputs and description.")
            .takes(&[REVISION])
            .refuses(&[404]),
        get("/executions/tasks", read::tasks)
            .is("executionTasks", "Searches executions, each with the states of its tasks.")
            .takes(&PAGE)
            .takes(&SEARCH)
            .filters(FIELDS),
        get("/executions/{id}/next-attempts", read::next_attempts)
            .is("nextAttempts", "Lists when task runs that wait for their next attempt begin it.")
            .refuses(&[404]),
        get("/executions/{id}", read::one)
            .is("execution", "Returns an execution with its task runs.")
            .refuses(&[404]),
        get("/executions/{id}/head", read::head)
            .is("executionHead", "Returns an execution without its task runs, and sums of its task runs.")
            .refuses(&[404]),
        get("/executions/{id}/task-runs", read::task_runs)
            .is(
                "taskRuns",
                "Lists task runs without their outputs, in the order of a tree: a flowable task, then those in it.",
            )
            .takes(&[
                Param::new("from", Kind::Number(0), "The first row, from 0."),
                Param::new("limit", Kind::Number(1), "The largest number of rows, at most 500. Default: 100."),
                Param::new("folded", Kind::Texts, "Task runs to fold: the task runs below them are no rows."),
            ])
            .refuses(&[404]),
        get("/executions/{id}/task-runs/{taskRunId}", read::task_run)
            .is("taskRun", "Returns a task run with its outputs.")
            .refuses(&[404]),
        get("/executions/{id}/task-runs/{taskRunId}/lineage", read::lineage)
            .is("lineage", "Returns which models of dbt a task run has built from which.")
            .refuses(&[404]),
        get("/executions/{id}/follow", follow::follow)
            .is("followExecution", "Streams an execution at each change, until its end.")
            .answers(events::<types::Execution>())
            .refuses(&[404]),
        get("/executions/{id}/flow", read::flow)
            .is("flowOfExecution", "Returns the flow in the revision that the execution runs.")
            .refuses(&[404]),
        get("/executions/{id}/graph", read::graph)
            .is("executionGraph", "Returns the graph of the flow in the revision that the execution runs.")
            .refuses(&[404]),
        get("/executions/{id}/follow-dependencies", dependencies::follow)
            .is(
                "followDependencies",
                "Streams the states of an execution, and of the executions of depending flows that it has caused.",
            )
            .takes(&[
                Param::new("destinationOnly", Kind::Flag, "Only flows that the flow calls or starts."),
                Param::new("expandAll", Kind::Flag, "Also flows that depend on depending flows."),
            ])
            .answers(events::<types::ExecutionStatus>())
            .refuses(&[404]),
    ]
}

fn files_of() -> Vec<Endpoint> {
    vec![
        get("/executions/{id}/file", files::download)
            .is("file", "Returns a file of an execution.")
            .takes(&[PATH])
            .answers(Content::Bytes)
            .refuses(&[303, 404]),
        get("/executions/{id}/file/metas", files::metas)
            .is("fileMetas", "Returns the size of a file.")
            .takes(&[PATH])
            .refuses(&[404]),
        get("/executions/{id}/file/preview", files::preview)
            .is("filePreview", "Returns the beginning of a file: rows, text or a picture.")
            .takes(&[PATH])
            .takes(&super::PREVIEW)
            .refuses(&[404]),
    ]
}
