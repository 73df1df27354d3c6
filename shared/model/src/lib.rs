//! The nouns of Segue: flows, tasks, triggers, inputs, executions, task runs, states, labels.
//!
//! What it is: plain data, and the rules that need only this data. [`parse`] reads the YAML of a flow and remembers
//! positions. [`validate`] finds problems in a flow.
//!
//! What it must not know: IO, async, the clock, randomness, the evaluation of expressions (a template is a plain text
//! here), or the service that runs a task.
//!
//! How to add one more: a noun gets a module. A rule that a flow can break gets a file in `validate/`, a code in
//! [`diagnostic`] and a page in `docs/errors/`.

pub mod backfill;
pub mod calendar;
pub mod catalog;
pub mod cipher;
pub mod cron;
pub mod dashboard;
pub mod diagnostic;
pub mod duration;
pub mod event;
pub mod execution;
pub mod flow;
mod flow_output;
pub mod flowable_types;
pub mod id;
pub mod input;
mod kv_key;
pub mod label;
pub mod log;
pub mod metric;
pub mod parse;
mod positions;
pub mod retry;
pub mod state;
pub mod suggest;
pub mod suite;
pub mod task;
pub mod task_run;
pub mod templates;
mod texts;
pub mod trigger;
pub mod trigger_state;
pub mod trigger_types;
mod type_table;
pub mod validate;
mod walk;

pub use cipher::Cipher;
pub use cron::parse_cron;
pub use duration::parse_duration;
pub use kv_key::{is_kv_key, is_own_namespace};
pub use parse::{
    Checked, Parsed, ParsedSuite, PluginDefault, Positions, flow_document, has_only_suites, parse_chart,
    parse_dashboard, parse_flow, parse_flow_with_defaults, parse_flows, parse_suites,
};
pub use suggest::{Suggestions, suggest};
pub use templates::{TemplateAt, templates};
pub use walk::walk_tasks;

/// A JSON object. The keys keep the order in which they were written.
pub type Map = serde_json::Map<String, serde_json::Value>;
/// Any JSON value.
pub type Json = serde_json::Value;
