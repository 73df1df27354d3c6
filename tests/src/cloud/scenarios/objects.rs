//! Objects are dropped into a bucket while messages come twice, late or not at all, and while the services of the
//! trigger are killed. Each object is in one execution.

use super::execution::import;
use crate::cloud::bucket::Bucket;
use crate::cloud::faults::Faults;
use crate::cloud::{Setup, System};
use anyhow::{Context as _, ensure};
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

const BUCKET: &str = "dropped";
const OBJECTS: usize = 1_000;
/// The number of objects that are dropped at once.
const AT_ONCE: usize = 50;
/// The services that take part in a look. They are killed in turn.
const KILLED: [&str; 3] = ["gcs", "scheduler", "executor"];
/// The time between two drops, and between two kills.
const PAUSE: Duration = Duration::from_millis(1_500);
const LIMIT: Duration = Duration::from_secs(600);

const FLOW: &str = "\
id: objects
namespace: faults
tasks:
  - id: say
    type: io.kestra.plugin.core.log.Log
    message: \"{{ trigger.blobs | jq('.[].name') }}\"
triggers:
  - id: watch
    type: io.kestra.plugin.gcp.gcs.Trigger
    from: gs://dropped/in/
    interval: PT1S
    maxFiles: 10
    action: MOVE
    moveDirectory: gs://dropped/done/
";

pub(super) fn setup(seed: u64) -> Setup {
    Setup { faults: Faults::of_every_kind(seed), ..Setup::default() }
}

pub(super) async fn check(system: &mut System) -> anyhow::Result<String> {
    let bucket = Bucket::make(system, BUCKET).await?;
    import(system, FLOW).await?;
    let began = Instant::now();
    let (mut dropped, mut kills) = (0, 0);
    loop {
        if dropped < OBJECTS {
            for number in dropped..dropped + AT_ONCE {
                bucket.put(&format!("in/object-{number:04}")).await?;
            }
            dropped += AT_ONCE;
            let victim = KILLED.get(kills % KILLED.len()).context("nobody to kill")?;
            system.restart(victim).await?;
            kills += 1;
        }
        tokio::time::sleep(PAUSE).await;
        let left = bucket.names("in/").await?;
        if dropped == OBJECTS && left.is_empty() && system.api.open().await? == 0 {
            break;
        }
        ensure!(began.elapsed() < LIMIT, "{} objects are left after {} s", left.len(), LIMIT.as_secs());
    }
    // A look that is late, or a message that comes once more.
    tokio::time::sleep(PAUSE * 2).await;
    let mut seen = Vec::new();
    let executions = system.api.executions().await?;
    for execution in &executions {
        let state = execution.pointer("/state/current").and_then(Value::as_str);
        ensure!(state == Some("SUCCESS"), "an execution ended {state:?}");
        let blobs = execution.pointer("/trigger/variables/blobs").and_then(Value::as_array);
        let name = |blob: &Value| blob.get("name").and_then(Value::as_str).map(str::to_owned);
        seen.extend(blobs.into_iter().flatten().filter_map(name));
    }
    let different: BTreeSet<&String> = seen.iter().collect();
    ensure!(different.len() == seen.len(), "{} objects were in two executions", seen.len() - different.len());
    ensure!(seen.len() == OBJECTS, "{} of {OBJECTS} objects were in an execution", seen.len());
    let moved = bucket.names("done/").await?.len();
    ensure!(moved == OBJECTS, "{moved} of {OBJECTS} objects were moved");
    Ok(format!(
        "{OBJECTS} objects in {} executions, each once and moved, with {kills} kills, in {:.0} s",
        executions.len(),
        began.elapsed().as_secs_f64()
    ))
}
