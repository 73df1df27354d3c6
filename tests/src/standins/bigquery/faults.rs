//! Injects the faults that the labels of a job request.

use async_trait::async_trait;
use segue_google_apis::Refusal;
use segue_google_apis::bigquery::BeforeStatement;
use std::collections::{BTreeMap, HashSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The jobs that have already failed on purpose, so they do not fail again.
#[derive(Default)]
pub(super) struct Faults {
    failed: Mutex<HashSet<String>>,
}

#[async_trait]
impl BeforeStatement for Faults {
    async fn before(
        &self,
        labels: &BTreeMap<String, String>,
        job: &str,
        number: usize,
    ) -> Result<(), Refusal> {
        let count =
            |name: &str| labels.get(name).and_then(|text| text.parse::<u64>().ok()).unwrap_or_default();
        if number == 0 {
            tokio::time::sleep(Duration::from_millis(count("standin-delay-ms"))).await;
        }
        let Some(reason) = labels.get("standin-fail-once") else { return Ok(()) };
        if (number as u64) < count("standin-fail-after") {
            return Ok(());
        }
        if self.failed.lock().unwrap_or_else(PoisonError::into_inner).insert(job.to_owned()) {
            return Err(Refusal::new(reason, format!("the label standin-fail-once says {reason}")));
        }
        Ok(())
    }
}
