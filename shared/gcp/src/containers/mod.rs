//! Containers as executions of Cloud Run jobs.
//!
//! Containers that differ only in what an execution can override share one job ([`spec`]). A region has at most 1,000
//! jobs, and creating a job takes longer than running it. So a job stays, until the janitor removes jobs that nobody has
//! used for weeks ([`janitor`]). A container with a directory of its own has a job of its own, which is removed with the
//! container.
//!
//! Cloud Run starts an execution for each request. The request has no key that would make a second one harmless. So each
//! execution has the container's key as a variable, and [`ContainerJobs::find`] looks through the executions of the job.

mod executions;
mod janitor;
mod log;
mod mirror;
mod places;
mod spec;

use crate::api_error;
use crate::config::PlatformConfig;
use async_trait::async_trait;
use google_cloud_auth::credentials::anonymous;
use google_cloud_gax::error::Error as ApiError;
use google_cloud_gax::retry_policy::{Aip194Strict, RetryPolicyExt as _};
use google_cloud_run_v2::client::{Executions, Jobs, Tasks};
use janitor::Janitor;
use log::Log;
use places::Known;
use segue_ports::PortError;
use segue_ports::container::{ContainerJob, ContainerJobs, ContainerStatus, OutputLine};
use spec::Surroundings;
use std::time::Duration;

const PORT: &str = "containers";
/// How long a request is tried.
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs containers as executions of Cloud Run jobs.
pub struct CloudRunJobs {
    jobs: Jobs,
    executions: Executions,
    tasks: Tasks,
    /// `projects/…/locations/…`.
    parent: String,
    /// What all containers have.
    surroundings: Surroundings,
    /// The beginning of the names of the mirrors of other registries.
    mirror: Option<String>,
    log: Log,
    known: Known,
    janitor: Janitor,
}

impl CloudRunJobs {
    /// Connects to the emulator if the configuration names one, or else to Google's service with the
    /// credentials of the environment.
    ///
    /// # Errors
    /// [`PortError::Unavailable`] if there are no credentials, or no connection is possible.
    pub async fn connect(config: &PlatformConfig) -> Result<Self, PortError> {
        macro_rules! client {
            ($kind:ident) => {{
                let mut builder = $kind::builder().with_retry_policy(Aip194Strict.with_time_limit(PATIENCE));
                if let Some(url) = &config.emulators.run {
                    builder = builder
                        .with_endpoint(url.clone())
                        .with_credentials(anonymous::Builder::new().build());
                }
                builder.build().await.map_err(|error| PortError::unavailable(PORT, error))?
            }};
        }
        Ok(Self {
            jobs: client!(Jobs),
            executions: client!(Executions),
            tasks: client!(Tasks),
            parent: format!("projects/{}/locations/{}", config.project, config.region),
            surroundings: Surroundings {
                owner: config.prefix.clone(),
                account: config.job_account.clone(),
                disk: config.container_disk.clone(),
            },
            mirror: config.image_mirror.clone(),
            log: Log::open(config)?,
            known: Known::default(),
            janitor: Janitor::default(),
        })
    }

    /// The full name of a job.
    fn name(&self, id: &str) -> String {
        format!("{}/jobs/{id}", self.parent)
    }
}

#[async_trait]
impl ContainerJobs for CloudRunJobs {
    async fn prepare(&self, job: &ContainerJob) -> Result<String, PortError> {
        let image = mirror::image(&job.image, self.mirror.as_deref());
        let named = spec::job(job, &image, &self.surroundings)?;
        let name = self.name(&named.id);
        if !self.known.contains(&name) {
            self.make(&named, &image).await?;
            if spec::is_shared(&named.id) {
                self.known.add(&name);
            }
        }
        Ok(name)
    }

    async fn start(&self, place: &str, job: &ContainerJob) -> Result<String, PortError> {
        match self.run(place, job).await {
            Err(PortError::NotFound { what }) => {
                // The janitor of another instance, or a person, removed the job. The next try makes the job again.
                self.known.remove(place);
                Err(PortError::unavailable(PORT, what))
            }
            started => started,
        }
    }

    async fn find(&self, place: &str, key: &str) -> Result<Option<String>, PortError> {
        self.execution_with(place, key).await
    }

    async fn status(&self, container: &str) -> Result<ContainerStatus, PortError> {
        self.status_of(container).await
    }

    async fn output(&self, container: &str) -> Result<Vec<OutputLine>, PortError> {
        let began = self.execution(container).await?.and_then(|execution| execution.create_time);
        self.log.lines(container, began).await
    }

    async fn remove(&self, name: &str) -> Result<(), PortError> {
        let (job, execution) =
            name.split_once("/executions/").map_or((name, None), |(job, _)| (job, Some(name)));
        if let Some(execution) = execution {
            self.cancel(execution).await?;
        }
        if spec::is_shared(id(job)) { Ok(()) } else { self.delete(job).await }
    }
}

/// The last part of a full name.
fn id(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or_default()
}

/// The answer. None if the requested thing does not exist.
fn present<T>(answer: Result<T, ApiError>, what: &str) -> Result<Option<T>, PortError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if api_error::is_not_found(&error) => Ok(None),
        Err(error) => Err(api_error::about(PORT, what, &error)),
    }
}

#[cfg(test)]
mod tests;
