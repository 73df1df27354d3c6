//! The executions of jobs: started, found by key, followed to their end, cancelled.

use super::{CloudRunJobs, PORT, id, present, spec};
use crate::api_error;
use google_cloud_run_v2::model::Execution;
use segue_ports::PortError;
use segue_ports::container::{ContainerJob, ContainerStatus};

/// The number of executions in one answer.
const PAGE: i32 = 500;

impl CloudRunJobs {
    /// Starts an execution of a job, and returns the name of the execution.
    pub(super) async fn run(&self, job: &str, container: &ContainerJob) -> Result<String, PortError> {
        let run = self.jobs.run_job().set_name(job).set_overrides(spec::overrides(container));
        let operation = run.send().await.map_err(|error| api_error::about(PORT, job, &error))?;
        let execution = operation.metadata.and_then(|metadata| metadata.to_msg::<Execution>().ok());
        match execution.map(|execution| execution.name).filter(|name| !name.is_empty()) {
            // The name may have its path or not.
            Some(name) => Ok(format!("{job}/executions/{}", id(&name))),
            None => {
                let found = self.execution_with(job, &container.key).await?;
                found.ok_or_else(|| {
                    PortError::unavailable(PORT, format!("{job} was run without an execution"))
                })
            }
        }
    }

    /// The name of the execution of a job that has this key.
    pub(super) async fn execution_with(&self, job: &str, key: &str) -> Result<Option<String>, PortError> {
        let mut page = String::new();
        loop {
            let listed =
                self.executions.list_executions().set_parent(job).set_page_size(PAGE).set_page_token(&page);
            let Some(listed) = present(listed.send().await, job)? else { return Ok(None) };
            if let Some(found) = listed.executions.iter().find(|execution| spec::has_key(execution, key)) {
                return Ok(Some(format!("{job}/executions/{}", id(&found.name))));
            }
            if listed.next_page_token.is_empty() {
                return Ok(None);
            }
            page = listed.next_page_token;
        }
    }

    pub(super) async fn status_of(&self, name: &str) -> Result<ContainerStatus, PortError> {
        let Some(execution) = self.execution(name).await? else { return Ok(ContainerStatus::Absent) };
        if execution.completion_time.is_none() {
            return Ok(ContainerStatus::Running);
        }
        if execution.succeeded_count > 0 && execution.failed_count + execution.cancelled_count == 0 {
            return Ok(ContainerStatus::Ended { exit_code: Some(0), message: None });
        }
        Ok(ContainerStatus::Ended { exit_code: self.exit_code(name).await?, message: Some(why(&execution)) })
    }

    /// Stops an execution that still runs.
    pub(super) async fn cancel(&self, name: &str) -> Result<(), PortError> {
        let Some(execution) = self.execution(name).await? else { return Ok(()) };
        if execution.completion_time.is_some() {
            return Ok(());
        }
        let cancelled = self.executions.cancel_execution().set_name(name).send().await;
        // The execution may end before the cancellation arrives.
        match cancelled.map_err(|error| api_error::about(PORT, name, &error)) {
            Err(error) if error.is_transient() => Err(error),
            _ => Ok(()),
        }
    }

    pub(super) async fn execution(&self, name: &str) -> Result<Option<Execution>, PortError> {
        present(self.executions.get_execution().set_name(name).send().await, name)
    }

    /// The exit code of an execution's only task. None if unknown.
    async fn exit_code(&self, execution: &str) -> Result<Option<i32>, PortError> {
        let listed = self.tasks.list_tasks().set_parent(execution).set_page_size(1).send().await;
        let Some(listed) = present(listed, execution)? else { return Ok(None) };
        let result = listed.tasks.first().and_then(|task| task.last_attempt_result.as_ref());
        Ok(result.and_then(|result| match (result.exit_code, result.term_signal) {
            (0, 0) => None,
            (0, signal) => Some(128 + signal),
            (code, _) => Some(code),
        }))
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
