//! The jobs of containers: made when the first container needs one, and removed.

use super::spec::NamedJob;
use super::{CloudRunJobs, PORT, present};
use crate::api_error;
use google_cloud_run_v2::model::Job;
use google_cloud_run_v2::model::condition::State;
use segue_ports::PortError;
use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How long to wait until a new job can be run. Usually this takes one or two seconds.
const READY: Duration = Duration::from_secs(60);
/// The first and the longest time between two checks of a job. Cloud Run allows some thousand reads a minute in a region,
/// for all containers together.
const LOOK: Duration = Duration::from_millis(500);
const LONGEST_LOOK: Duration = Duration::from_secs(5);

/// The names of shared jobs that this process has seen ready. A job that was seen is not asked for again.
#[derive(Debug, Default)]
pub(super) struct Known(Mutex<HashSet<String>>);

impl Known {
    pub(super) fn contains(&self, name: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(name)
    }

    pub(super) fn add(&self, name: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned());
    }

    pub(super) fn remove(&self, name: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }
}

impl CloudRunJobs {
    /// Makes the job unless it exists, and waits until the job can be run.
    pub(super) async fn make(&self, named: &NamedJob, image: &str) -> Result<(), PortError> {
        let name = self.name(&named.id);
        let found = self.job(&name).await?;
        if found.is_none() {
            self.tidy().await;
            self.create(named, &name, image).await?;
        }
        self.ready(&name, found, image).await
    }

    /// The job. None if it does not exist, or is being deleted.
    async fn job(&self, name: &str) -> Result<Option<Job>, PortError> {
        let job = present(self.jobs.get_job().set_name(name).send().await, name)?;
        Ok(job.filter(|job| job.delete_time.is_none()))
    }

    /// Creates the job, unless it exists. A job of the same name that is being deleted is waited for.
    async fn create(&self, named: &NamedJob, name: &str, image: &str) -> Result<(), PortError> {
        let patience = Instant::now() + READY;
        let mut pause = LOOK;
        loop {
            let created = self
                .jobs
                .create_job()
                .set_parent(&self.parent)
                .set_job_id(&named.id)
                .set_job(named.job.clone());
            match created.send().await {
                Ok(_) => return Ok(()),
                Err(error) if api_error::is_already_there(&error) => {}
                Err(error) => {
                    return Err(api_error::about(PORT, &format!("the job {name} from {image}"), &error));
                }
            }
            if self.job(name).await?.is_some() {
                return Ok(());
            }
            if Instant::now() > patience {
                let message = format!("the job {name} is still being deleted after {} s", READY.as_secs());
                return Err(PortError::unavailable(PORT, message));
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_LOOK);
        }
    }

    /// Waits until a job can be run. `found` is the job as it was a moment ago.
    async fn ready(&self, name: &str, mut found: Option<Job>, image: &str) -> Result<(), PortError> {
        let patience = Instant::now() + READY;
        let mut pause = LOOK;
        loop {
            let job = match found.take() {
                Some(job) => Some(job),
                None => self.job(name).await?,
            };
            let Some(job) = job else {
                return Err(PortError::unavailable(PORT, format!("the job {name} was made and is gone")));
            };
            match job.terminal_condition.as_ref().map(|condition| (&condition.state, &condition.message)) {
                Some((State::ConditionSucceeded, _)) => return Ok(()),
                Some((State::ConditionFailed, message)) => {
                    let refused = format!(
                        "Cloud Run cannot run the image '{image}': {}. Check the name and the tag of the image, and whether \
                         the service may read its registry",
                        message.trim_end_matches('.')
                    );
                    self.delete(name).await?;
                    return Err(PortError::invalid(refused));
                }
                _ if Instant::now() > patience => {
                    let message = format!("the job {name} is not ready after {} s", READY.as_secs());
                    return Err(PortError::unavailable(PORT, message));
                }
                _ => {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_LOOK);
                }
            }
        }
    }

    pub(super) async fn delete(&self, name: &str) -> Result<(), PortError> {
        present(self.jobs.delete_job().set_name(name).send().await, name).map(|_| ())
    }
}
