//! Firestore writes a commit, and the answer is lost. Whoever asked must find out what became of the commit.

use super::execution::{import, start};
use crate::cloud::{FirestoreFaults, Setup, System};
use anyhow::ensure;
use std::time::Duration;

/// Every fifth answer is lost, so most task runs lose one.
const SHARE: f64 = 0.2;
const LIMIT: Duration = Duration::from_secs(120);

const FLOW: &str = "\
id: answers
namespace: faults
tasks:
  - id: each
    type: io.kestra.plugin.core.flow.ForEach
    values: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
    concurrencyLimit: 4
    tasks:
      - id: write
        type: io.kestra.plugin.core.storage.Write
        content: \"{{ taskrun.value }}\"
      - id: size
        type: io.kestra.plugin.core.storage.Size
        uri: \"{{ currentEachOutput(outputs.write).uri }}\"
";

pub(super) fn setup() -> Setup {
    Setup { firestore: FirestoreFaults { seed: 1, answer_lost: SHARE }, ..Setup::default() }
}

pub(super) async fn check(system: &System) -> anyhow::Result<String> {
    import(system, FLOW).await?;
    let end = start(system, "answers").await?.succeeds(LIMIT).await?;
    ensure!(end.states().get("size SUCCESS") == Some(&12), "the task runs are {:?}", end.states());
    let lost = system.firestore.lost();
    ensure!(lost >= 10, "only {lost} commits lost their answer");
    Ok(format!("{lost} commits lost their answer, and 24 task runs succeeded"))
}
