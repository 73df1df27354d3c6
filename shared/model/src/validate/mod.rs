//! Rules between the parts of a flow (docs/kestra.md 1.1, and the rules of each task type). The parser has already
//! checked the form of each part.
//!
//! What it must not know: the meaning of a template, except for names with a dash, and whether other flows exist.
//!
//! How to add one more: a file with one function over the flow and its positions, a line in `RULES`, and a code with
//! its page.

mod cron;
mod dag;
mod dash;
mod duplicates;
mod empty_tasks;
mod flow_trigger;
mod graph;
mod input_contradictions;
mod input_dependencies;
mod retry;
mod subflow;
mod switch;
mod task_runner;
mod time_zone;
mod working_directory;

use crate::diagnostic::Diagnostic;
use crate::flow::Flow;
use crate::positions::Positions;

type Rule = fn(&Flow, &Positions) -> Vec<Diagnostic>;

const RULES: [Rule; 14] = [
    duplicates::duplicates,
    subflow::recursive,
    input_dependencies::input_dependencies,
    input_contradictions::input_contradictions,
    dag::dag,
    switch::without_branch,
    empty_tasks::empty_tasks,
    working_directory::runnable_only,
    dash::dash_in_dot_notation,
    retry::bounds,
    cron::cron,
    task_runner::known,
    time_zone::time_zone,
    flow_trigger::for_every_flow,
];

/// All problems between the parts of a flow.
pub fn validate(flow: &Flow, positions: &Positions) -> Vec<Diagnostic> {
    RULES.iter().flat_map(|rule| rule(flow, positions)).collect()
}
