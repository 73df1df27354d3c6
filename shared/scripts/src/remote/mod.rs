//! Scripts in containers that run outside the service ([`segue_ports::ContainerJobs`]). Files are copied to the
//! container and back through internal storage. The container sees a prefix of internal storage as a directory.
//!
//! The prefix has the working directory in `work`. Next to `work` is the runner's own folder with the shell script, the
//! variables, the output, and the exit code. The exit code is written last.
//!
//! Every step can be interrupted. The next delivery continues:
//!
//! - If no container was started, the delivery copies all files again.
//! - If a container was started, the delivery waits for the container and collects its files.
//! - If the container is gone, but its exit code exists, the removal was interrupted. The delivery collects the results
//!   again.
//! - If the process crashed after the removal and before the result was recorded, the container runs again.

mod collect;
mod container;
mod limits;
mod program;
mod wrapper;

pub(crate) use container::Remote;
pub(crate) use program::Program;

use crate::directories::{Directories, RemoteFile};
use crate::docker::labels;
use crate::result::{ScriptOutput, failure_of_disk};
use collect::End;
use limits::limits;
use segue_files::output::SCRATCH_PREFIX;
use segue_files::{Texts, folder};
use segue_model::parse_duration;
use segue_ports::container::{ContainerJob, ContainerStatus, Mount};
use segue_ports::{InternalStorage, PortError};
use segue_task::TaskError;
use std::time::Duration;
use tokio::time::Instant;

/// The shortest and the longest time between two checks of a running container.
const SOONEST_LOOK: Duration = Duration::from_millis(500);
const LATEST_LOOK: Duration = Duration::from_secs(10);
/// How long a container that was just started may seem absent.
const APPEARS_WITHIN: Duration = Duration::from_secs(60);
/// The time that is added to the task's timeout for the limit of the platform. So the task reports the timeout before
/// the platform stops the container.
const AFTER_TIMEOUT: Duration = Duration::from_secs(60);

impl Remote {
    /// Returns true if the container must be started. Leftovers of an earlier try are deleted first. If the
    /// task was cancelled, stops the container and fails.
    pub(crate) async fn needs_start(&self) -> Result<bool, TaskError> {
        if self.context.cancelled().is_cancelled() {
            return Err(self.stop().await);
        }
        let is_absent = self.jobs.status(&self.key).await? == ContainerStatus::Absent;
        if !is_absent || self.context.storage().head(&self.uri(wrapper::EXIT)).await?.is_some() {
            return Ok(false);
        }
        self.clear_files().await?;
        Ok(true)
    }

    /// Copies the files of the script to internal storage and starts the container.
    pub(crate) async fn start(
        &self,
        directories: &Directories,
        program: Program<'_>,
    ) -> Result<(), TaskError> {
        let mut job = ContainerJob {
            key: self.key.clone(),
            image: self.image.clone(),
            mount: Some(Mount {
                prefix: self.context.storage().address(&InternalStorage::uri(&self.base))?,
                directory: self.root().to_string_lossy().into_owned(),
            }),
            timeout: self.timeout().await?,
            labels: labels(self.context.message())
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
            ..ContainerJob::default()
        };
        (job.cpu, job.memory) = limits(&self.options)?;
        let env =
            program.env.iter().map(|(name, value)| (name.clone(), value.to_string_lossy().into_owned()));
        if program.by_image {
            job.arguments = program.arguments.to_vec();
            job.env = env.collect();
            // Without a file, the working directory would not exist in the container.
            let here = directories.dir().join(format!("{SCRATCH_PREFIX}here"));
            let made = std::fs::create_dir(&here).and_then(|()| std::fs::write(here.join("empty"), ""));
            made.map_err(|error| failure_of_disk("make", &here, &error))?;
            job.directory = directories.seen().first().map(|dir| dir.to_string_lossy().into_owned());
            self.context.info(format!(
                "the output of the image is in the log of the container {}, not in this log",
                self.key
            ));
        } else {
            let (file, odd) = wrapper::write(directories, &program, env.collect()).await?;
            job.env = odd;
            job.command = vec!["/bin/sh".to_owned(), file];
        }
        self.warn_of_what_is_left_out();
        let storage = self.context.storage();
        folder::upload(storage, &self.base, directories.root()).await?;
        for RemoteFile { uri, path } in &program.remote_files {
            let to = InternalStorage::uri(&format!("{}/{path}", self.base));
            let (from, to) = (storage.admitted(uri).await?, storage.address(&to)?);
            match self.context.ports().objects.copy(&from, &to, None).await {
                Err(PortError::NotFound { .. }) => return Err(PortError::not_found(uri).into()),
                copied => copied?,
            };
        }
        self.context.debug(format!("the container {} runs the image '{}'", self.key, self.image));
        Ok(self.jobs.start(&job).await?)
    }

    /// Waits for the end of the container and collects its results. Returns [`TaskError::Unfinished`] if the container
    /// still runs when the service may not wait longer.
    pub(crate) async fn end(&self, patterns: &Texts) -> Result<ScriptOutput, TaskError> {
        let end = self.ended().await?;
        self.collect(end, patterns).await
    }

    /// Removes the container and its files if the attempt ends with this outcome. A container that was never started is
    /// no error.
    pub(crate) async fn settle<T>(&self, outcome: Result<T, TaskError>) -> Result<T, TaskError> {
        if matches!(outcome, Ok(_) | Err(TaskError::Failed { .. })) {
            self.clear_away().await;
        }
        outcome
    }

    async fn ended(&self) -> Result<End, TaskError> {
        let begun = Instant::now();
        let cancelled = self.context.cancelled();
        let mut pause = SOONEST_LOOK;
        loop {
            match self.jobs.status(&self.key).await? {
                ContainerStatus::Ended { exit_code, message } => return Ok(End { exit_code, message }),
                ContainerStatus::Running => {}
                ContainerStatus::Absent => {
                    if self.context.storage().head(&self.uri(wrapper::EXIT)).await?.is_some() {
                        return Ok(End { exit_code: None, message: None });
                    }
                    if begun.elapsed() > APPEARS_WITHIN {
                        let gone = format!("the container {} was started and no longer exists", self.key);
                        return Err(TaskError::Platform(PortError::unavailable("containers", gone)));
                    }
                }
            }
            let left = self.context.patience().map(|patience| patience.saturating_sub(begun.elapsed()));
            if left.is_some_and(|left| left.is_zero()) {
                return Err(self.context.unfinished());
            }
            tokio::select! {
                biased;
                () = cancelled.cancelled() => return Err(self.stop().await),
                () = tokio::time::sleep(left.map_or(pause, |left| left.min(pause))) => {}
            }
            pause = (pause * 2).min(LATEST_LOOK);
        }
    }

    /// Removes the container and its files, unless another worker now waits for the container.
    async fn stop(&self) -> TaskError {
        if !self.context.goes_on_elsewhere() {
            self.clear_away().await;
        }
        TaskError::Stopped
    }

    /// Removes the container first, then its files: a delivery that finds an exit code without a container collects the
    /// results once more.
    async fn clear_away(&self) {
        let removed = match self.jobs.remove(&self.key).await {
            Ok(()) => self.clear_files().await,
            Err(error) => Err(error),
        };
        if let Err(error) = removed {
            self.context.warn(format!("the container {} could not be removed: {error}", self.key));
        }
    }

    /// Removes the exit code first: as long as it exists, all other files exist too.
    async fn clear_files(&self) -> Result<(), PortError> {
        let storage = self.context.storage();
        storage.delete(&self.uri(wrapper::EXIT)).await?;
        if self.context.shared_directory().is_some() {
            return folder::remove(storage, &format!("{}/{}", self.base, self.own)).await;
        }
        folder::remove(storage, &self.base).await
    }

    async fn timeout(&self) -> Result<Option<Duration>, TaskError> {
        let Some(template) = &self.context.message().timeout else { return Ok(None) };
        let text = self.context.render(template).await?;
        // An invalid duration was refused before the task ran.
        let duration = parse_duration(&text).ok().and_then(|given| Duration::try_from(given).ok());
        Ok(duration.map(|given| given.saturating_add(AFTER_TIMEOUT)))
    }

    fn warn_of_what_is_left_out(&self) {
        let options = &self.options;
        let left_out: Vec<&str> = [
            ("volumes", !options.volumes.0.is_empty()),
            ("privileged", options.privileged == Some(true)),
            ("deviceRequests", !options.device_requests.is_null()),
            ("credentials", options.credentials.is_some()),
            ("networkMode", options.network_mode.is_some()),
        ]
        .into_iter()
        .filter_map(|(name, is_asked)| is_asked.then_some(name))
        .collect();
        if !left_out.is_empty() {
            self.context
                .warn(format!("{} have no effect for a container outside this machine", left_out.join(", ")));
        }
    }
}

#[cfg(test)]
pub(crate) mod fake;
#[cfg(test)]
mod tests;
