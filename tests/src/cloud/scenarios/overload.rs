//! A service has no free instance: Cloud Run answers 429 for a while, without asking the service.

use super::execution::{import, start};
use crate::cloud::faults::Rule;
use crate::cloud::{Setup, System};
use anyhow::ensure;
use axum::http::StatusCode;
use std::time::Duration;

const OVERLOAD: Duration = Duration::from_secs(30);
const LIMIT: Duration = Duration::from_secs(240);

const FLOW: &str = "\
id: overload
namespace: faults
tasks:
  - id: each
    type: io.kestra.plugin.core.flow.ForEach
    values: \"{{ range(1, 200) }}\"
    concurrencyLimit: 0
    tasks:
      - id: write
        type: io.kestra.plugin.core.storage.Write
        content: \"{{ taskrun.value }}\"
";

pub(super) fn setup() -> Setup {
    // 200 workers on one machine that also runs the emulators answer late, so claims are longer than elsewhere.
    Setup::default().variable("SEGUE_CLAIM_SECONDS", "20")
}

pub(super) async fn check(system: &System) -> anyhow::Result<String> {
    import(system, FLOW).await?;
    system.proxy.set_rule("storage", Some(Rule::Answer(StatusCode::TOO_MANY_REQUESTS)));
    let execution = start(system, "overload").await?;
    tokio::time::sleep(OVERLOAD).await;
    system.proxy.set_rule("storage", None);
    let before = system.proxy.counts()[0];
    let end = execution.succeeds(LIMIT).await?;
    ensure!(end.states().get("write SUCCESS") == Some(&200), "the task runs are {:?}", end.states());
    ensure!(before > 400, "only {before} messages arrived in the overload");
    Ok(format!("{before} messages up to the end of the overload, and 200 task runs succeeded"))
}
