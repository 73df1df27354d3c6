//! The ticks of schedules as jobs of Cloud Scheduler: one job for each schedule, which publishes a tick to Pub/Sub.
//!
//! Terraform makes the same jobs for the flows it knows (`terraform/flows.tf`): name, description, cron, time zone and
//! data are the same, so each finds what the other made.

mod cron;
mod name;

use crate::api_error;
use crate::config::PlatformConfig;
use async_trait::async_trait;
use google_cloud_auth::credentials::anonymous;
use google_cloud_gax::error::Error as ApiError;
use google_cloud_gax::error::rpc::Code;
use google_cloud_gax::options::RequestOptionsBuilder as _;
use google_cloud_gax::paginator::ItemPaginator as _;
use google_cloud_gax::retry_policy::{Aip194Strict, RetryPolicyExt as _};
use google_cloud_scheduler_v1::client::CloudScheduler;
use google_cloud_scheduler_v1::model::{Job, PubsubTarget};
use google_cloud_wkt::FieldMask;
use segue_model::trigger_state::TriggerKey;
use segue_ports::tick_jobs::{JobMade, TickJob, TickJobs};
use segue_ports::{PortError, Topic};
use serde::{Deserialize, Serialize};
use std::time::Duration;

const PORT: &str = "jobs of schedules";
/// How long a request is tried.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many jobs a page has at most. Cloud Scheduler has 1,000 in a region.
const PAGE: i32 = 500;
/// What a change of a job sets.
const CHANGED: [&str; 4] = ["description", "schedule", "timeZone", "pubsubTarget"];

/// Keeps jobs in Cloud Scheduler.
pub struct CloudSchedulerJobs {
    client: CloudScheduler,
    /// `projects/…/locations/…`.
    parent: String,
    /// The first part of the names of jobs.
    prefix: String,
    /// `projects/…/topics/PREFIX-trigger-events`.
    topic: String,
}

/// The data of a job, with fields in the order in which Terraform writes them.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Tick {
    flow_id: String,
    namespace: String,
    trigger_id: String,
}

impl CloudSchedulerJobs {
    /// Connects to the emulator if the configuration names one, or else to Google's service with the credentials of
    /// the environment.
    ///
    /// # Errors
    /// [`PortError::Unavailable`] if there are no credentials, or no connection is possible.
    pub async fn connect(config: &PlatformConfig) -> Result<Self, PortError> {
        let mut builder = CloudScheduler::builder().with_retry_policy(Aip194Strict.with_time_limit(PATIENCE));
        if let Some(url) = &config.emulators.scheduler {
            builder = builder.with_endpoint(url.clone()).with_credentials(anonymous::Builder::new().build());
        }
        Ok(Self {
            client: builder.build().await.map_err(|error| PortError::unavailable(PORT, error))?,
            parent: format!("projects/{}/locations/{}", config.project, config.region),
            prefix: config.prefixed(""),
            topic: format!("projects/{}/topics/{}", config.project, config.prefixed(&Topic::Triggers.name())),
        })
    }

    fn name(&self, key: &TriggerKey) -> String {
        format!("{}/jobs/{}", self.parent, name::of_job(&self.prefix, key))
    }

    /// The job as it should be.
    fn job(&self, job: &TickJob) -> Result<Job, String> {
        let TriggerKey { namespace, flow_id, trigger_id } = job.key.clone();
        let description = format!("Segue: {namespace}.{flow_id}, trigger {trigger_id}");
        let tick = serde_json::to_vec(&Tick { flow_id, namespace, trigger_id });
        let target = PubsubTarget::new().set_topic_name(&self.topic);
        Ok(Job::new()
            .set_name(self.name(&job.key))
            .set_description(description.chars().take(500).collect::<String>())
            .set_schedule(cron::of_job(&job.cron)?)
            .set_time_zone(cron::zone_of_job(job.time_zone.as_deref())?)
            .set_pubsub_target(target.set_data(tick.map_err(|error| error.to_string())?)))
    }

    /// Makes the job, or changes the job that is there.
    async fn make(&self, wanted: Job) -> Result<(), ApiError> {
        let there = match self.client.get_job().set_name(&wanted.name).send().await {
            Ok(there) => Some(there),
            Err(error) if api_error::is_not_found(&error) => None,
            Err(error) => return Err(error),
        };
        if there.is_none() {
            let create = self.client.create_job().set_parent(&self.parent).set_job(wanted.clone());
            match create.with_idempotency(true).send().await {
                // Another process was faster, or the answer to the first try was lost.
                Err(error) if api_error::is_already_there(&error) => {}
                made => return made.map(drop),
            }
        }
        if there.is_some_and(|there| is_same(&there, &wanted)) {
            return Ok(());
        }
        let changed = FieldMask::default().set_paths(CHANGED);
        let update = self.client.update_job().set_job(wanted).set_update_mask(changed);
        update.with_idempotency(true).send().await.map(drop)
    }

    async fn remove(&self, name: &str) -> Result<bool, ApiError> {
        match self.client.delete_job().set_name(name).with_idempotency(true).send().await {
            Ok(()) => Ok(true),
            Err(error) if api_error::is_not_found(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// The trigger that a job ticks. None for jobs of others, and for the sweep.
fn ticked(job: &Job, topic: &str) -> Option<TriggerKey> {
    let target = job.pubsub_target().filter(|target| target.topic_name == topic)?;
    let tick: Tick = serde_json::from_slice(&target.data).ok()?;
    Some(TriggerKey::new(tick.namespace, tick.flow_id, tick.trigger_id))
}

fn is_same(there: &Job, wanted: &Job) -> bool {
    let target =
        |job: &Job| job.pubsub_target().map(|target| (target.topic_name.clone(), target.data.clone()));
    there.schedule == wanted.schedule
        && there.time_zone == wanted.time_zone
        && target(there) == target(wanted)
}

/// Why Cloud Scheduler does not do what was asked. None if it may do so a moment later.
fn refusal(error: &ApiError) -> Option<String> {
    let is_refused = match error.status() {
        Some(status) => matches!(
            status.code,
            Code::InvalidArgument
                | Code::FailedPrecondition
                | Code::NotFound
                | Code::OutOfRange
                | Code::PermissionDenied
                | Code::ResourceExhausted
                | Code::Unimplemented
        ),
        None => matches!(error.http_status_code(), Some(400 | 403 | 404 | 429 | 501)),
    };
    is_refused.then(|| format!("Cloud Scheduler refused the request: {}", api_error::said(error)))
}

#[async_trait]
impl TickJobs for CloudSchedulerJobs {
    async fn put(&self, job: &TickJob) -> Result<JobMade, PortError> {
        let why = match self.job(job) {
            Ok(wanted) => match self.make(wanted).await {
                Ok(()) => return Ok(JobMade::Yes),
                Err(error) => refusal(&error).ok_or_else(|| about(&job.key, &error))?,
            },
            Err(why) => why,
        };
        // A job with the former cron may be left.
        match self.remove(&self.name(&job.key)).await {
            Err(error) if refusal(&error).is_none() => Err(about(&job.key, &error)),
            _ => Ok(JobMade::No(why)),
        }
    }

    async fn delete(&self, key: &TriggerKey) -> Result<bool, PortError> {
        match self.remove(&self.name(key)).await {
            Ok(deleted) => Ok(deleted),
            Err(error) => Err(refusal(&error).map_or_else(|| about(key, &error), PortError::invalid)),
        }
    }

    async fn keys(&self) -> Result<Vec<TriggerKey>, PortError> {
        let mut pages = self.client.list_jobs().set_parent(&self.parent).set_page_size(PAGE).by_item();
        let mut keys = Vec::new();
        while let Some(job) = pages.next().await {
            match job {
                Ok(job) => keys.extend(ticked(&job, &self.topic)),
                Err(error) => {
                    let transient = || api_error::about(PORT, "the list of jobs", &error);
                    return Err(refusal(&error).map_or_else(transient, PortError::invalid));
                }
            }
        }
        keys.sort();
        Ok(keys)
    }
}

fn about(key: &TriggerKey, error: &ApiError) -> PortError {
    api_error::about(PORT, &format!("the job of trigger {key}"), error)
}
