//! What a backfill is asked for with.

use crate::client::{flow_name, pair};
use segue_model::backfill::{BackfillMode, BackfillRequest};
use segue_model::label::Label;
use segue_model::{Json, Map};

/// Which slots, run how.
#[derive(Debug, clap::Args)]
pub(super) struct Which {
    /// The flow.
    #[arg(value_name = "NAMESPACE.FLOW")]
    flow: String,
    /// Its schedule; may be left out where there is one only.
    #[arg(long, value_name = "ID")]
    trigger: Option<String>,
    /// The first slot is this or the next after it: a date in the schedule's time zone, or an instant.
    #[arg(long, value_name = "DATE")]
    start: String,
    /// The last slot is this or the one before, a date to its end; else now.
    #[arg(long, value_name = "DATE")]
    end: Option<String>,
    /// An input, in place of the trigger's. May be repeated.
    #[arg(short, long = "input", value_name = "KEY=VALUE", value_parser = pair)]
    inputs: Vec<(String, String)>,
    /// A label the executions get. May be repeated.
    #[arg(long = "label", value_name = "KEY=VALUE", value_parser = pair)]
    labels: Vec<(String, String)>,
    /// Which of the slots are run.
    #[arg(long, value_enum, default_value_t = Mode::All)]
    mode: Mode,
    /// How many executions may be open at once; the flow's own limit also applies.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    max_active: u32,
    /// The backfill's id; the same request sent twice is one backfill then.
    #[arg(long, value_name = "ID")]
    id: Option<String>,
}

/// Which of the slots are run.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Mode {
    /// All.
    All,
    /// Those that no execution was made for yet.
    Missing,
    /// Those that failed, and those that are missing.
    Failed,
}

impl Which {
    /// As the API takes it.
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
