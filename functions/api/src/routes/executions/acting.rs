//! The addresses of actions on one execution. Kestra 2 has them below `/actions`, and answers each change with the
//! execution.
//!
//! How to add an action: one more entry in `endpoints()`, with both addresses.

use super::{BREAKPOINTS, ONE_STATE, REVISION, actions, delete, read};
use crate::endpoint::{self, Content, Endpoint, Kind, Param, json, post};
use segue_api_types as types;

const FROM: Param = Param::new("taskRunId", Kind::Text, "The first task run to repeat. Default: all.");
const CASCADE: Param = Param::new("isOnKillCascade", Kind::Flag, "Also kills its subflows.");

/// The same endpoint at the address of Kestra 1 and at the address of Kestra 2.
fn both(
    ids: [&'static str; 2],
    paths: [&'static str; 2],
    about: &'static str,
    of: impl Fn(&'static str) -> Endpoint,
) -> [Endpoint; 2] {
    let [(one, two), (path_one, path_two)] = [ids.into(), paths.into()];
    [of(path_one).is(one, about), of(path_two).is(two, about)]
}

pub(super) fn endpoints() -> Vec<Endpoint> {
    let execution = |endpoint: Endpoint| endpoint.refuses(&[404, 409]);
    let mut all = vec![
        endpoint::delete("/executions/{id}/kill", actions::kill)
            .is("kill", "Kills an execution.")
            .takes(&[CASCADE])
            .answers_code(202)
            .refuses(&[404, 409]),
        execution(
            endpoint::delete("/executions/{id}/actions/kill", actions::kill_and_show)
                .is("killAction", "Kills an execution.")
                .takes(&[CASCADE]),
        ),
        post("/executions/{id}/resume", actions::resume)
            .is("resume", "Resumes a paused execution.")
            .maybe_body(Content::Form(None))
            .answers_code(204)
            .refuses(&[404, 409]),
        execution(
            post("/executions/{id}/actions/resume", actions::resume_and_show)
                .is("resumeAction", "Resumes a paused execution.")
                .maybe_body(Content::Form(None)),
        ),
        endpoint::delete("/executions/{id}", delete::delete)
            .is("deleteExecution", "Deletes an execution with its logs and files.")
            .takes(&delete::PARTS)
            .answers_code(204)
            .refuses(&[404]),
    ];
    all.extend(both(
        ["restart", "restartAction"],
        ["/executions/{id}/restart", "/executions/{id}/actions/restart"],
        "Restarts an execution from the failed tasks, with a revision as a new execution.",
        |path| execution(post(path, actions::restart).takes(&[REVISION])),
    ));
    all.extend(both(
        ["replay", "replayAction"],
        ["/executions/{id}/replay", "/executions/{id}/actions/replay"],
        "Replays an execution as a new execution.",
        |path| execution(post(path, actions::replay).takes(&[FROM, REVISION, BREAKPOINTS])),
    ));
    all.extend(both(
        ["replayWithInputs", "replayWithInputsAction"],
        ["/executions/{id}/replay-with-inputs", "/executions/{id}/actions/replay-with-inputs"],
        "Replays an execution as a new execution with other inputs.",
        |path| {
            let endpoint = post(path, actions::replay_with_inputs).takes(&[FROM, REVISION, BREAKPOINTS]);
            execution(endpoint.maybe_body(Content::Form(None)))
        },
    ));
    all.extend(both(
        ["changeTaskRunState", "changeTaskRunStateAction"],
        ["/executions/{id}/state", "/executions/{id}/actions/state"],
        "Sets the state of a task run. The execution continues from there.",
        |path| execution(post(path, actions::task_run_state).body(json::<types::TaskState>())),
    ));
    all.extend(both(
        ["changeStatus", "changeStatusAction"],
        ["/executions/{id}/change-status", "/executions/{id}/actions/change-status"],
        "Replaces the final state of an execution by another one.",
        |path| {
            let status = Param::new("status", ONE_STATE, "The new state.").required();
            execution(post(path, actions::change_status).takes(&[status]))
        },
    ));
    all.extend(both(
        ["resumeFromBreakpoint", "resumeFromBreakpointAction"],
        ["/executions/{id}/resume-from-breakpoint", "/executions/{id}/actions/resume-from-breakpoint"],
        "Resumes an execution that waits at breakpoints. The parameter replaces its breakpoints.",
        |path| execution(post(path, actions::leave_breakpoints).takes(&[BREAKPOINTS])),
    ));
    all.extend(both(
        ["pause", "pauseAction"],
        ["/executions/{id}/pause", "/executions/{id}/actions/pause"],
        "Pauses an execution. No new tasks start.",
        |path| execution(post(path, actions::pause)),
    ));
    all.extend(both(
        ["unqueue", "unqueueAction"],
        ["/executions/{id}/unqueue", "/executions/{id}/actions/unqueue"],
        "Takes an execution out of the queue.",
        |path| {
            let state =
                Param::new("state", ONE_STATE, "`RUNNING`, or the state in which the execution ends.");
            execution(post(path, actions::unqueue).takes(&[state]))
        },
    ));
    all.extend(both(
        ["forceRun", "forceRunAction"],
        ["/executions/{id}/force-run", "/executions/{id}/actions/force-run"],
        "Runs a waiting execution now.",
        |path| execution(post(path, actions::force_run)),
    ));
    all.extend(both(
        ["setLabels", "setLabelsAction"],
        ["/executions/{id}/labels", "/executions/{id}/actions/labels"],
        "Adds labels to an execution that has ended.",
        |path| execution(post(path, actions::labels).body(json::<Vec<types::Label>>())),
    ));
    all.extend(both(
        ["validateResume", "validateResumeAction"],
        ["/executions/{id}/resume/validate", "/executions/{id}/actions/resume/validate"],
        "Checks the inputs of a resume and lists their problems.",
        |path| execution(post(path, actions::validate_resume).maybe_body(Content::Form(None))),
    ));
    all.extend(both(
        ["evaluate", "evaluateAction"],
        ["/executions/{id}/eval/{taskRunId}", "/executions/{id}/actions/eval/{taskRunId}"],
        "Renders an expression with the variables of a task run.",
        |path| post(path, read::evaluate).body(Content::Text).refuses(&[404]),
    ));
    all.extend(both(
        ["evaluateInFlow", "evaluateInFlowAction"],
        ["/executions/{id}/eval", "/executions/{id}/actions/eval"],
        "Renders an expression with the variables of the flow.",
        |path| post(path, read::evaluate_in_flow).body(Content::Text).refuses(&[404]),
    ));
    all
}
