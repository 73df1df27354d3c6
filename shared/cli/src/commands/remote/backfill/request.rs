//! The arguments of a backfill.

use crate::client::{flow_name, pair};
use segue_model::backfill::{BackfillMode, BackfillRequest};
use segue_model::label::Label;
use segue_model::{Json, Map};

/// The slots, and how they run.
#[derive(Debug, clap::Args)]
pub(super) struct Which {
    /// The flow.
    #[arg(value_name = "NAMESPACE.FLOW", add = crate::complete::flows())]
    flow: String,
    /// The schedule. Optional if the flow has only one.
    #[arg(long, value_name = "ID")]
    trigger: Option<String>,
    /// The start, included: a date in the time zone of the schedule, or an instant.
    #[arg(long, value_name = "DATE")]
    start: String,
    /// The end, included: a date (to the end of the day) or an instant. Default: now.
    #[arg(long, value_name = "DATE")]
    end: Option<String>,
    /// An input, which replaces the input of the trigger. May be repeated.
    #[arg(short, long = "input", value_name = "KEY=VALUE", value_parser = pair)]
    inputs: Vec<(String, String)>,
    /// A label of the executions. May be repeated.
    #[arg(long = "label", value_name = "KEY=VALUE", value_parser = pair)]
    labels: Vec<(String, String)>,
    /// Which slots run.
    #[arg(long, value_enum, default_value_t = Mode::All)]
    mode: Mode,
    /// The largest number of executions at the same time. The limit of the flow also applies.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    max_active: u32,
    /// The id of the backfill. With an id, the same request sent twice is one backfill.
    #[arg(long, value_name = "ID")]
    id: Option<String>,
}

/// Which slots run.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Mode {
    /// All slots.
    All,
    /// Slots without an execution.
    Missing,
    /// Slots that failed, and slots without an execution.
    Failed,
}

impl Which {
    /// The request in the JSON of the API.
    pub(super) fn request(&self) -> anyhow::Result<Json> {
        let (namespace, flow_id) = flow_name(&self.flow)?;
        let inputs: Map =
            self.inputs.iter().map(|(key, value)| (key.clone(), Json::String(value.clone()))).collect();
        Ok(serde_json::to_value(BackfillRequest {
            id: self.id.clone(),
            namespace,
            flow_id,
            trigger_id: self.trigger.clone(),
            start: self.start.clone(),
            end: self.end.clone(),
            inputs,
            labels: self.labels.iter().map(|(key, value)| Label::new(key, value)).collect(),
            mode: match self.mode {
                Mode::All => BackfillMode::All,
                Mode::Missing => BackfillMode::Missing,
                Mode::Failed => BackfillMode::Failed,
            },
            max_active: self.max_active,
        })?)
    }

    /// A request for tests.
    #[cfg(test)]
    pub(super) fn of(flow: &str, start: &str) -> Self {
        Self {
            flow: flow.into(),
            trigger: None,
            start: start.into(),
            end: None,
            inputs: vec![("taxi".into(), "green".into())],
            labels: vec![("backfill".into(), "true".into())],
            mode: Mode::Missing,
            max_active: 2,
            id: None,
        }
    }
}
