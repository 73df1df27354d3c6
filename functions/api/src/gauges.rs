//! The counts that programs collect at `/prometheus`.

use segue_model::state::State;
use segue_ports::state::ExecutionFilter;
use segue_ports::{PortError, Ports, StateStore};
use std::fmt::Write as _;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// How long the counts are reused where reads are billed. Everybody may request `/prometheus`.
const KEPT: Duration = Duration::from_secs(60);

/// Counts executions, flows and triggers, and reuses the last text if reads are billed.
#[derive(Debug)]
pub(crate) struct Gauges {
    last: Mutex<Option<(Instant, String)>>,
    kept: Duration,
}

impl Gauges {
    pub(crate) fn new(ports: &Ports) -> Self {
        Self { last: Mutex::default(), kept: if ports.usage.is_some() { KEPT } else { Duration::ZERO } }
    }

    /// The text in the format of Prometheus. Requests at the same time share one count.
    pub(crate) async fn text(&self, state: &dyn StateStore, version: &str) -> Result<String, PortError> {
        let mut last = self.last.lock().await;
        if let Some((when, text)) = &*last
            && when.elapsed() < self.kept
        {
            return Ok(text.clone());
        }
        let text = counted(state, version).await?;
        *last = Some((Instant::now(), text.clone()));
        Ok(text)
    }
}

async fn counted(state: &dyn StateStore, version: &str) -> Result<String, PortError> {
    let mut text =
        String::from("# HELP segue_executions Executions by their state.\n# TYPE segue_executions gauge\n");
    for one in State::ALL {
        let filter = ExecutionFilter { states: vec![one], ..ExecutionFilter::default() };
        let count = state.count_executions(&filter).await?;
        // Writing to a text cannot fail.
        let _ = writeln!(text, "segue_executions{{state=\"{one}\"}} {count}");
    }
    let (flows, triggers) = (state.count_flows().await?, state.count_triggers().await?);
    let _ = write!(
        text,
        "# HELP segue_flows Flows.\n# TYPE segue_flows gauge\nsegue_flows {flows}\n\
         # HELP segue_triggers Triggers with a state.\n# TYPE segue_triggers gauge\nsegue_triggers {triggers}\n\
         # HELP segue_info The version.\n# TYPE segue_info gauge\nsegue_info{{version=\"{version}\"}} 1\n"
    );
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use segue_ports::Usage;
    use std::collections::BTreeMap;
    use std::sync::Arc;

    struct Billed;

    impl Usage for Billed {
        fn usage(&self) -> BTreeMap<&'static str, u64> {
            BTreeMap::new()
        }
    }

    #[tokio::test]
    async fn counts_are_reused_only_where_reads_are_billed() {
        let directory = tempfile::tempdir().unwrap();
        let mut ports = segue_embedded::open_with(directory.path(), Default::default()).unwrap().ports;
        // Each round saves two flows between two requests.
        for (is_billed, counts) in [(false, [0, 2]), (true, [2, 2])] {
            ports.usage = is_billed.then(|| Arc::new(Billed) as Arc<dyn Usage>);
            let gauges = Gauges::new(&ports);
            let flows = async |expected: u64| {
                let text = gauges.text(&*ports.state, "1").await.unwrap();
                assert!(text.contains(&format!("\nsegue_flows {expected}\n")), "billed: {is_billed}, {text}");
            };
            flows(counts[0]).await;
            for id in ["a", "b"] {
                let source = format!("{id}{is_billed}");
                ports.state.put_flow("company", &source, &source, Timestamp::UNIX_EPOCH).await.unwrap();
            }
            flows(counts[1]).await;
        }
    }
}
