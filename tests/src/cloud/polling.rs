//! What a polling trigger costs: nothing between two looks, and little for a look that finds nothing.

use super::System;
use super::bucket::Bucket;
use super::costs::settled;
use anyhow::ensure;
use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

const BUCKET: &str = "polled";
const INTERVAL: Duration = Duration::from_secs(20);
/// How long the system is watched between two looks.
const WATCHED: Duration = Duration::from_secs(10);
const LIMIT: Duration = Duration::from_secs(60);

const FLOW: &str = "\
id: polled
namespace: costs
tasks:
  - id: say
    type: io.kestra.plugin.core.log.Log
    message: found
triggers:
  - id: watch
    type: io.kestra.plugin.gcp.gcs.Trigger
    from: gs://polled/in/
    interval: PT20S
";

/// The operations of a polling trigger, counted by the functions' own adapters.
pub struct Looks {
    /// The operations within ten seconds in which no look is due.
    pub between: BTreeMap<String, u64>,
    /// The operations of one look that finds nothing.
    pub look: BTreeMap<String, u64>,
}

/// The head of the table.
pub const LOOKS_HEAD: &str = "\
| trigger on a bucket | messages | delayed messages | writes | reads | object requests |
|---|---|---|---|---|---|";

impl fmt::Display for Looks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, counts) in
            [("ten seconds between two looks", &self.between), ("a look that finds nothing", &self.look)]
        {
            let of = |kind: &str| counts.get(kind).copied().unwrap_or_default();
            let objects = of("storage.classA") + of("storage.classB");
            let [messages, delayed] = [of("pubsub.messages"), of("tasks.created")];
            let [writes, reads] = [of("firestore.writes"), of("firestore.reads")];
            writeln!(f, "| {what} | {messages} | {delayed} | {writes} | {reads} | {objects} |")?;
        }
        Ok(())
    }
}

/// Saves a flow with a polling trigger, and counts the operations between two looks and of a look.
///
/// # Errors
/// An error if the trigger finds nothing, or does not look again.
pub async fn looks(system: &System) -> anyhow::Result<Looks> {
    let bucket = Bucket::make(system, BUCKET).await?;
    bucket.put("in/first").await?;
    system.api.import(FLOW.to_owned()).await?;
    let began = Instant::now();
    while !found(system).await? {
        ensure!(began.elapsed() < LIMIT, "the trigger found nothing within {} s", LIMIT.as_secs());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let looked = Instant::now();
    let after = settled(system).await?;
    tokio::time::sleep(WATCHED).await;
    ensure!(looked.elapsed() < INTERVAL, "the machine is too slow: the next look is due already");
    let quiet = system.usage().await?;
    // The next look follows. It finds nothing.
    let now = loop {
        let now = settled(system).await?;
        if now != quiet {
            break now;
        }
        ensure!(looked.elapsed() < INTERVAL + LIMIT, "there was no second look");
    };
    // The trigger must not disturb later measurements.
    system.api.import(FLOW.replacen('\n', "\ndisabled: true\n", 1)).await?;
    Ok(Looks { between: difference(&after, &quiet), look: difference(&quiet, &now) })
}

async fn found(system: &System) -> anyhow::Result<bool> {
    let executions = system.api.executions().await?;
    let state = |of: &serde_json::Value| Some(of.pointer("/state/current")?.as_str()? == "SUCCESS");
    let is_own = |of: &serde_json::Value| of.get("flowId").is_some_and(|id| id == "polled");
    Ok(executions.iter().any(|execution| is_own(execution) && state(execution).unwrap_or_default()))
}

/// What was added from one count to a later one. Kinds without change are left out.
fn difference(before: &BTreeMap<String, u64>, after: &BTreeMap<String, u64>) -> BTreeMap<String, u64> {
    let earlier = |kind: &String| before.get(kind).copied().unwrap_or_default();
    let added = after.iter().map(|(kind, count)| (kind.clone(), count.saturating_sub(earlier(kind))));
    added.filter(|(_, count)| *count > 0).collect()
}
