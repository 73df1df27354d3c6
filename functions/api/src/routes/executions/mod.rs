//! Executions (docs/kestra.md 6.3).

mod actions;
mod bulk;
mod create;
mod delete;
mod files;
mod follow;
mod inputs;
mod read;
mod webhook;

pub(super) use follow::changed;

use super::flows::PAGE;
use crate::endpoint::{Content, Endpoint, Kind, Param, delete, events, get, json, post, put};
use segue_api_types as types;

const STATE_NAMES: &[&str] = &[
    "CREATED",
    "QUEUED",
    "RUNNING",
    "PAUSED",
    "RESTARTED",
    "RETRYING",
    "RETRIED",
    "SUCCESS",
    "WARNING",
    "FAILED",
    "KILLING",
    "KILLED",
    "CANCELLED",
    "SKIPPED",
];
const STATES: Kind = Kind::ManyOf(STATE_NAMES);
const ONE_STATE: Kind = Kind::OneOf(STATE_NAMES);
/// The parameters of a search.
pub(super) const SEARCH: [Param; 11] = [
    Param::new("q", Kind::Text, "An execution's id, or a part of its flow's name."),
    Param::new("namespace", Kind::Text, "This namespace and those below it."),
    Param::new("flowId", Kind::Text, "This flow."),
    Param::new("startDate", Kind::Date, "Started at or after."),
    Param::new("endDate", Kind::Date, "Started at or before."),
    Param::new("timeRange", Kind::Duration, "Started within the last while."),
    Param::new("state", STATES, "In one of these states."),
    Param::new("labels", Kind::Texts, "Labels, `key:value` each."),
    Param::new("triggerExecutionId", Kind::Text, "Fired by that execution."),
    Param::new("childFilter", Kind::OneOf(&["CHILD", "MAIN"]), "Only subflows, or none of them."),
    Param::new(
        "scope",
        Kind::ManyOf(&["USER", "SYSTEM"]),
        "Whether those of the namespace `system` are meant.",
    ),
];
const LABELS: Param = Param::new("labels", Kind::Texts, "Labels, `key:value` each.");
const REVISION: Param = Param::new("revision", Kind::Number(1), "A revision of the flow.");
const PATH: Param = Param::new("path", Kind::Text, "The file, `kestra:///…`.").required();

pub(super) fn endpoints() -> Vec<Endpoint> {
    [making(), reading(), acting(), files_of(), bulk::endpoints()].into_iter().flatten().collect()
}

fn making() -> Vec<Endpoint> {
    let run = [
        LABELS,
        REVISION,
        Param::new("wait", Kind::Flag, "Whether the answer waits for the end."),
        Param::new("scheduleDate", Kind::Date, "It does not start before this."),
        Param::new("triggerId", Kind::Text, "Of a scheduled flow: the schedule it stands for."),
        Param::new(
            "triggerDate",
            Kind::Date,
            "Of a scheduled flow: the slot it stands for; the latest unless given.",
        ),
    ];
    let hook = |method: fn(&'static str) -> Endpoint, id: &'static str, path: &'static str| {
        method(path)
            .is(id, "Fires a Webhook trigger; 204 where its conditions do not hold.")
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
                "Runs a flow. Each input is a part of the form, a file for one of type FILE.",
            )
            .takes(&run)
            .maybe_body(Content::Form(None))
            .refuses(&[404, 409]),
        post("/executions/trigger/{namespace}/{flowId}", create::create)
            .is("triggerExecution", "The older address of the same.")
            .takes(&run)
            .maybe_body(Content::Form(None))
            .refuses(&[404, 409]),
        post("/executions/{namespace}/{flowId}/validate", create::validate)
            .is("validateExecution", "What is wrong with inputs; nothing is run.")
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
            .is("searchExecutions", "Executions, newest first, without their task runs.")
            .takes(&PAGE)
            .takes(&SEARCH),
        get("/executions", read::search)
            .is("executions", "The older address of the search.")
            .takes(&PAGE)
            .takes(&SEARCH),
        get("/executions/latest", read::latest)
            .is("latestExecution", "The newest execution of a flow.")
            .takes(&[
                Param::new("namespace", Kind::Text, "The flow's namespace.").required(),
                Param::new("flowId", Kind::Text, "The flow.").required(),
            ])
            .refuses(&[404]),
        post("/executions/latest", read::latest_of)
            .is(
                "latestExecutions",
                "The newest execution of each of some flows. A flow that has not run has none.",
            )
            .body(json::<Vec<types::FlowId>>()),
        get("/executions/namespaces", read::namespaces)
            .is("namespacesOfExecutions", "The namespaces in which something can be run."),
        get("/executions/namespaces/{namespace}/flows", read::flows_of_namespace)
            .is("flowsToExecute", "The flows of a namespace that can be run."),
        get("/executions/flows/{namespace}/{flowId}", read::flow_to_execute)
            .is("flowToExecute", "What is needed to run a flow.")
            .takes(&[REVISION])
            .refuses(&[404]),
        get("/executions/{id}", read::one)
            .is("execution", "An execution with its task runs.")
            .refuses(&[404]),
        get("/executions/{id}/follow", follow::follow)
            .is("followExecution", "An execution at each change until its end.")
            .answers(events::<types::Execution>())
            .refuses(&[404]),
        get("/executions/{id}/flow", read::flow)
            .is("flowOfExecution", "The flow in the revision that runs.")
            .refuses(&[404]),
        get("/executions/{id}/graph", read::graph)
            .is("executionGraph", "The flow in the revision that runs, as a graph.")
            .refuses(&[404]),
        post("/executions/{id}/eval/{taskRunId}", read::evaluate)
            .is("evaluate", "Renders an expression as a task run sees it.")
            .body(Content::Text)
            .refuses(&[404]),
        post("/executions/{id}/eval", read::evaluate_in_flow)
            .is("evaluateInFlow", "Renders an expression as the flow's own see it.")
            .body(Content::Text)
            .refuses(&[404]),
    ]
}

fn acting() -> Vec<Endpoint> {
    let execution = |endpoint: Endpoint| endpoint.refuses(&[404, 409, 422]);
    vec![
        execution(
            post("/executions/{id}/restart", actions::restart)
                .is("restart", "Goes on from what failed; with a revision as a new execution.")
                .takes(&[REVISION]),
        ),
        execution(
            post("/executions/{id}/replay", actions::replay)
                .is("replay", "Runs it again as a new execution.")
                .takes(&[Param::new("taskRunId", Kind::Text, "From this task run on."), REVISION]),
        ),
        execution(
            post("/executions/{id}/replay-with-inputs", actions::replay_with_inputs)
                .is("replayWithInputs", "Runs it again as a new execution with other inputs.")
                .takes(&[Param::new("taskRunId", Kind::Text, "From this task run on."), REVISION])
                .maybe_body(Content::Form(None)),
        ),
        execution(
            post("/executions/{id}/state", actions::task_run_state)
                .is("changeTaskRunState", "Sets the state of a task run; the execution goes on from there.")
                .body(json::<types::TaskState>()),
        ),
        execution(
            post("/executions/{id}/change-status", actions::change_status)
                .is("changeStatus", "Replaces the final state by another.")
                .takes(&[Param::new("status", ONE_STATE, "The state.").required()]),
        ),
        execution(post("/executions/{id}/pause", actions::pause).is("pause", "Starts nothing more.")),
        execution(
            post("/executions/{id}/unqueue", actions::unqueue)
                .is("unqueue", "Takes it out of the queue.")
                .takes(&[Param::new("state", ONE_STATE, "To run, RUNNING, or the state it ends in.")]),
        ),
        execution(
            post("/executions/{id}/force-run", actions::force_run)
                .is("forceRun", "Runs it now, whatever it waits for."),
        ),
        execution(
            post("/executions/{id}/labels", actions::labels)
                .is("setLabels", "Adds labels to an execution that has ended.")
                .body(json::<Vec<types::Label>>()),
        ),
        delete("/executions/{id}/kill", actions::kill)
            .is("kill", "Kills it.")
            .takes(&[Param::new("isOnKillCascade", Kind::Flag, "With its subflows.")])
            .answers_code(202)
            .refuses(&[404, 409]),
        post("/executions/{id}/resume", actions::resume)
            .is("resume", "Goes on from a pause.")
            .maybe_body(Content::Form(None))
            .answers_code(204)
            .refuses(&[404, 409]),
        post("/executions/{id}/resume/validate", actions::validate_resume)
            .is("validateResume", "What is wrong with the inputs of a resume.")
            .maybe_body(Content::Form(None))
            .refuses(&[404, 409]),
        delete("/executions/{id}", delete::delete)
            .is("deleteExecution", "Removes it, with its logs and files.")
            .takes(&delete::PARTS)
            .answers_code(204)
            .refuses(&[404]),
    ]
}

fn files_of() -> Vec<Endpoint> {
    vec![
        get("/executions/{id}/file", files::download)
            .is("file", "A file of the execution.")
            .takes(&[PATH])
            .answers(Content::Bytes)
            .refuses(&[303, 404]),
        get("/executions/{id}/file/metas", files::metas)
            .is("fileMetas", "The size of a file.")
            .takes(&[PATH])
            .refuses(&[404]),
        get("/executions/{id}/file/preview", files::preview)
            .is("filePreview", "The beginning of a file, by its kind.")
            .takes(&[
                PATH,
                Param::new("maxRows", Kind::Number(1), "At most so many lines; 100 unless given."),
                Param::new("encoding", Kind::Text, "The file's encoding; UTF-8 unless given."),
            ])
            .refuses(&[404]),
    ]
}
