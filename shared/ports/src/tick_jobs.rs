//! Jobs of the platform that publish the ticks of schedules, so that no process has to watch the clock.

use crate::error::PortError;
use async_trait::async_trait;
use segue_model::trigger_state::TriggerKey;

/// The job of one schedule: at each time of the cron, the platform publishes a tick of the trigger to the topic of
/// [`crate::Topic::Triggers`]. The tick names no time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TickJob {
    /// The trigger. There is one job for each trigger.
    pub key: TriggerKey,
    /// The cron expression as the flow writes it: five fields, six fields with seconds first, or a name such as
    /// `@daily`.
    pub cron: String,
    /// The time zone of the cron, as the flow writes it. None: UTC.
    pub time_zone: Option<String>,
}

/// Whether a trigger has its job now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobMade {
    /// There is a job with this cron and time zone.
    Yes,
    /// The platform has no job of this kind, or accepts no more jobs. The text says why. No job of this trigger is
    /// left.
    No(String),
}

/// Keeps the jobs. Every method can also return [`PortError::Unavailable`] if the platform does not answer, and
/// [`PortError::Invalid`] if the platform does not let Segue look at its jobs.
#[async_trait]
pub trait TickJobs: Send + Sync {
    /// Makes the job, or changes the job of this trigger. A job that is there already stays as it is.
    async fn put(&self, job: &TickJob) -> Result<JobMade, PortError>;

    /// Deletes the job of a trigger. Returns false if there was no such job.
    async fn delete(&self, key: &TriggerKey) -> Result<bool, PortError>;

    /// The triggers that have a job, in order.
    async fn keys(&self) -> Result<Vec<TriggerKey>, PortError>;
}
