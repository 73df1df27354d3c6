//! Containers as Cloud Run jobs: a job for each key, with one execution of one task.
//!
//! A job is created first, and then run. A crash between the two leaves a job without an execution. Such a job counts
//! as absent: the next start finds it and runs it.

mod mirror;
mod spec;

use crate::api_error;
use crate::config::PlatformConfig;
use async_trait::async_trait;
use google_cloud_auth::credentials::anonymous;
use google_cloud_gax::error::Error as ApiError;
use google_cloud_gax::retry_policy::{Aip194Strict, RetryPolicyExt as _};
use google_cloud_run_v2::client::{Executions, Jobs, Tasks};
use google_cloud_run_v2::model::condition::State;
use google_cloud_run_v2::model::{Execution, Job};
use segue_ports::PortError;
use segue_ports::container::{ContainerJob, ContainerJobs, ContainerStatus};
use std::time::Duration;
use tokio::time::Instant;

const PORT: &str = "containers";
/// How long a request is tried.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long to wait until a new job can be run. Usually this takes one or two seconds.
const READY: Duration = Duration::from_secs(60);
/// The first and the longest time between two checks of the job. Cloud Run allows some thousand reads a minute in a
/// region, for all containers together.
const LOOK: Duration = Duration::from_millis(500);
const LONGEST_LOOK: Duration = Duration::from_secs(5);

/// Runs containers as Cloud Run jobs.
pub struct CloudRunJobs {
    jobs: Jobs,
    executions: Executions,
    tasks: Tasks,
    /// `projects/…/locations/…`.
    parent: String,
    account: Option<String>,
    /// The beginning of the names of the mirrors of other registries.
    mirror: Option<String>,
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
            account: config.job_account.clone(),
            mirror: config.image_mirror.clone(),
        })
    }

    fn name(&self, key: &str) -> String {
        format!("{}/jobs/{key}", self.parent)
    }

    /// The job. None if it does not exist, or is being deleted.
    async fn job(&self, key: &str) -> Result<Option<Job>, PortError> {
        Ok(self.job_at_all(key).await?.filter(|job| job.delete_time.is_none()))
    }

    async fn job_at_all(&self, key: &str) -> Result<Option<Job>, PortError> {
        let name = self.name(key);
        present(self.jobs.get_job().set_name(&name).send().await, &name)
    }

    /// Creates the job, unless it exists. A job of the same name that is being deleted is waited for.
    async fn create(&self, key: &str, image: &str, made: Job) -> Result<(), PortError> {
        let patience = Instant::now() + READY;
        let mut pause = LOOK;
        loop {
            let created =
                self.jobs.create_job().set_parent(&self.parent).set_job_id(key).set_job(made.clone());
            match created.send().await {
                Ok(_) => return Ok(()),
                Err(error) if api_error::is_already_there(&error) => {}
                Err(error) => {
                    return Err(api_error::about(PORT, &format!("the job {key} from {image}"), &error));
                }
            }
            if self.job_at_all(key).await?.is_some_and(|job| job.delete_time.is_none()) {
                return Ok(());
            }
            if Instant::now() > patience {
                let message = format!("the job {key} is still being deleted after {} s", READY.as_secs());
                return Err(PortError::unavailable(PORT, message));
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_LOOK);
        }
    }

    /// The newest execution of a job.
    async fn execution(&self, job: &Job, key: &str) -> Result<Option<Execution>, PortError> {
        let Some(newest) = &job.latest_created_execution else { return Ok(None) };
        // The name may have its path or not.
        let id = newest.name.rsplit('/').next().unwrap_or_default();
        let name = format!("{}/executions/{id}", self.name(key));
        present(self.executions.get_execution().set_name(&name).send().await, &name)
    }

    /// Waits until a new job can be run, and returns the job.
    async fn ready(&self, key: &str) -> Result<Job, PortError> {
        let patience = Instant::now() + READY;
        let mut pause = LOOK;
        loop {
            let Some(job) = self.job(key).await? else {
                return Err(PortError::unavailable(PORT, format!("the job {key} was made and is gone")));
            };
            match job.terminal_condition.as_ref().map(|condition| (&condition.state, &condition.message)) {
                Some((State::ConditionSucceeded, _)) => return Ok(job),
                Some((State::ConditionFailed, message)) => {
                    let refused = format!("Cloud Run cannot run the job {key}: {message}");
                    self.delete(key).await?;
                    return Err(PortError::invalid(refused));
                }
                _ if Instant::now() > patience => {
                    return Err(PortError::unavailable(
                        PORT,
                        format!("the job {key} is not ready after {} s", READY.as_secs()),
                    ));
                }
                _ => {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_LOOK);
                }
            }
        }
    }

    /// The exit code of an execution's only task. None if unknown.
    async fn exit_code(&self, execution: &Execution) -> Result<Option<i32>, PortError> {
        let listed = self.tasks.list_tasks().set_parent(&execution.name).set_page_size(1).send().await;
        let Some(listed) = present(listed, &execution.name)? else { return Ok(None) };
        let result = listed.tasks.first().and_then(|task| task.last_attempt_result.as_ref());
        Ok(result.and_then(|result| match (result.exit_code, result.term_signal) {
            (0, 0) => None,
            (0, signal) => Some(128 + signal),
            (code, _) => Some(code),
        }))
    }

    async fn delete(&self, key: &str) -> Result<(), PortError> {
        let name = self.name(key);
        present(self.jobs.delete_job().set_name(&name).send().await, &name).map(|_| ())
    }
}

#[async_trait]
impl ContainerJobs for CloudRunJobs {
    async fn start(&self, job: &ContainerJob) -> Result<(), PortError> {
        let image = mirror::image(&job.image, self.mirror.as_deref());
        let made = spec::job(job, &image, self.account.as_deref())?;
        self.create(&job.key, &image, made).await?;
        let ready = self.ready(&job.key).await?;
        if ready.latest_created_execution.is_some() {
            return Ok(());
        }
        let name = self.name(&job.key);
        let run = self.jobs.run_job().set_name(&name).send().await;
        run.map(|_| ()).map_err(|error| api_error::about(PORT, &name, &error))
    }

    async fn status(&self, key: &str) -> Result<ContainerStatus, PortError> {
        let Some(job) = self.job(key).await? else { return Ok(ContainerStatus::Absent) };
        let Some(execution) = self.execution(&job, key).await? else { return Ok(ContainerStatus::Absent) };
        if execution.completion_time.is_none() {
            return Ok(ContainerStatus::Running);
        }
        if execution.succeeded_count > 0 && execution.failed_count + execution.cancelled_count == 0 {
            return Ok(ContainerStatus::Ended { exit_code: Some(0), message: None });
        }
        Ok(ContainerStatus::Ended {
            exit_code: self.exit_code(&execution).await?,
            message: Some(why(&execution)),
        })
    }

    async fn remove(&self, key: &str) -> Result<(), PortError> {
        let Some(job) = self.job(key).await? else { return Ok(()) };
        if let Some(execution) = self.execution(&job, key).await?
            && execution.completion_time.is_none()
        {
            let cancelled = self.executions.cancel_execution().set_name(&execution.name).send().await;
            // The execution may end before the cancellation arrives. The job is deleted in any case.
            if let Err(error) = cancelled
                && api_error::about(PORT, &execution.name, &error).is_transient()
            {
                return Err(api_error::about(PORT, &execution.name, &error));
            }
        }
        self.delete(key).await
    }
}

/// Cloud Run's message about an execution that failed.
fn why(execution: &Execution) -> String {
    let said = execution.conditions.iter().find(|condition| condition.r#type == "Completed");
    let said = said.map(|condition| condition.message.trim()).filter(|message| !message.is_empty());
    match said {
        Some(message) => message.to_owned(),
        None if execution.cancelled_count > 0 => "it was cancelled".to_owned(),
        None => "Cloud Run does not say why".to_owned(),
    }
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
mod tests {
    use super::*;
    use axum::Router;
    use axum::extract::State;
    use axum::http::{Method, StatusCode, Uri};
    use serde_json::{Value, json};
    use std::sync::{Arc, Mutex};

    /// A job of this name is being deleted when the first three requests arrive.
    #[derive(Clone, Default)]
    struct Deleting(Arc<Mutex<Vec<String>>>);

    async fn answer(
        State(seen): State<Deleting>,
        method: Method,
        uri: Uri,
        body: String,
    ) -> (StatusCode, String) {
        let mut seen = seen.0.lock().unwrap();
        seen.push(format!("{method} {} {body}", uri.path()));
        let deleting = seen.len() <= 3;
        let exists = json!({"error": {"code": 409, "status": "ALREADY_EXISTS", "message": "exists"}});
        let mut job = json!({"name": "projects/p/locations/r/jobs/run-1",
            "terminalCondition": {"type": "Ready", "state": "CONDITION_SUCCEEDED"}});
        if deleting {
            job["deleteTime"] = json!("2024-01-01T00:00:00Z");
        }
        let (status, answer): (u16, Value) = match (method, deleting) {
            (Method::GET, _) => (200, job),
            (Method::POST, true) => (409, exists),
            _ => (200, json!({"name": "operations/1", "done": false})),
        };
        (StatusCode::from_u16(status).unwrap(), answer.to_string())
    }

    #[tokio::test]
    async fn a_job_that_is_being_deleted_is_absent_and_is_made_again() {
        let seen = Deleting::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let router = Router::new().fallback(answer).with_state(seen.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let config = PlatformConfig::from_variables(|name| match name {
            "SEGUE_PROJECT" => Some("p".to_owned()),
            "CLOUD_RUN_EMULATOR_HOST" => Some(address.clone()),
            "SEGUE_IMAGE_MIRROR" => Some("eu-docker.pkg.dev/p/segue".to_owned()),
            _ => None,
        });
        let jobs = CloudRunJobs::connect(&config.unwrap()).await.unwrap();
        assert_eq!(jobs.status("run-1").await.unwrap(), ContainerStatus::Absent);
        let image = "ghcr.io/kestra-io/pydata".to_owned();
        let job = ContainerJob { key: "run-1".to_owned(), image, ..ContainerJob::default() };
        jobs.start(&job).await.unwrap();
        let seen = seen.0.lock().unwrap().clone();
        let made: Vec<_> =
            seen.iter().filter(|one| one.starts_with("POST") && one.contains("pydata")).collect();
        assert_eq!(made.len(), 2, "{seen:?}");
        assert!(made[1].contains("eu-docker.pkg.dev/p/segue-ghcr/kestra-io/pydata"), "{made:?}");
        assert!(
            seen.last().unwrap().starts_with("POST") && seen.last().unwrap().contains(":run"),
            "{seen:?}"
        );
    }
}
