//! Scripts in containers that run outside the service ([`segue_ports::ContainerJobs`]). Files are copied to the
//! container and back through internal storage.
//!
//! A prefix of internal storage has the working directory in `work`. Next to `work` is the runner's own folder with the
//! shell script, the variables, the output, and the exit code. The shell script ([`wrapper`]) copies all this to the
//! container's disk, and the results back. The exit code is written last. An image that runs without the shell script
//! sees the prefix itself as a directory.
//!
//! The platform starts a second container if it is asked twice. So every start is recorded ([`record`]). Every step can
//! be interrupted. The next delivery continues:
//!
//! - Without a record, no container was started. The delivery copies all files again.
//! - If the record names a container, the delivery waits for the container and collects its files.
//! - If the record names no container, the process crashed around the start. The delivery looks for a container with the
//!   attempt's key, and starts a container only if there is none.
//! - If the container is gone, but its exit code exists, the removal was interrupted. The delivery collects the results
//!   again.
//! - If the process crashed after the removal and before the result was recorded, the container runs again.

mod collect;
mod container;
mod limits;
mod patterns;
mod program;
mod record;
mod trouble;
mod wrapper;

pub(crate) use container::Remote;
pub(crate) use program::Program;

use crate::attempt;
use crate::directories::{Directories, RemoteFile};
use crate::docker::labels;
use crate::looks::Looks;
use crate::result::{ScriptOutput, failure_of_disk};
use crate::sink::ReadLine;
use collect::End;
use container::MOUNT;
use limits::limits;
use record::Record;
use segue_files::output::SCRATCH_PREFIX;
use segue_files::{Texts, folder};
use segue_ports::container::{ContainerJob, ContainerStatus, Mount};
use segue_ports::object::ObjectAddress;
use segue_ports::{InternalStorage, PortError, random_name};
use segue_task::TaskError;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// The shortest time between two looks at a running container.
const SOONEST_LOOK: Duration = Duration::from_millis(500);
/// The name of a container that was started.
pub(crate) struct Started(String);

impl Remote {
    /// The container that an earlier delivery started. None: the container must be started, and leftovers of an earlier
    /// try were deleted. If the task was cancelled, stops the container and fails.
    pub(crate) async fn started(&self) -> Result<Option<Started>, TaskError> {
        if self.context.cancelled().is_cancelled() {
            return Err(self.stop().await);
        }
        if let Some(record) = self.record().await?
            && let Some(container) = self.container_of(record).await?
        {
            return Ok(Some(Started(container)));
        }
        self.is_unstarted.store(true, Ordering::Relaxed);
        self.clear_files().await?;
        Ok(None)
    }

    /// Copies the files of the script to internal storage and starts the container.
    pub(crate) async fn start(
        &self,
        directories: &Directories,
        program: Program<'_>,
    ) -> Result<Started, TaskError> {
        let base = self.storage().address(&InternalStorage::uri(&self.base))?;
        let turn = random_name();
        let mut job = ContainerJob {
            key: self.key.clone(),
            image: self.image.clone(),
            timeout: attempt::timeout(&self.context).await?,
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
            job.mount = Some(Mount { prefix: base, directory: self.root().to_string_lossy().into_owned() });
        } else {
            let paths = (&*self.root(), self.context.working_dir());
            job.env = wrapper::write(directories, &program, paths, self.is_shared, env.collect()).await?;
            job.env.insert(wrapper::TURN.to_owned(), turn.clone());
            job.command = vec!["/bin/sh".to_owned()];
            let files = format!("{MOUNT}/{}", base.key);
            job.arguments = vec![format!("{files}/{}/{}", self.own, wrapper::MAIN), files];
            // All containers mount the whole bucket, so that they can share one place.
            let prefix = ObjectAddress::new(&base.bucket, "");
            job.mount = Some(Mount { prefix, directory: MOUNT.to_owned() });
        }
        self.warn_of_what_is_left_out();
        let place = self.jobs.prepare(&job).await?;
        let storage = self.storage();
        folder::upload(storage, &self.base, directories.root()).await?;
        for RemoteFile { uri, path } in &program.remote_files {
            let to = InternalStorage::uri(&format!("{}/{path}", self.base));
            let (from, to) = (self.context.storage().admitted(uri).await?, storage.address(&to)?);
            match self.context.ports().objects.copy(&from, &to, None).await {
                Err(PortError::NotFound { .. }) => return Err(PortError::not_found(uri).into()),
                copied => copied?,
            };
        }
        // Another worker may have taken the attempt over while the files were copied.
        if self.context.cancelled().is_cancelled() {
            return Err(self.stop().await);
        }
        let record = Record { turn, place, container: None };
        self.write(&record).await?;
        self.is_unstarted.store(false, Ordering::Relaxed);
        let container = match self.jobs.start(&record.place, &job).await {
            Err(error @ (PortError::Exhausted { .. } | PortError::Invalid { .. })) => {
                self.is_unstarted.store(true, Ordering::Relaxed);
                return Err(error.into());
            }
            started => started?,
        };
        self.context.debug(format!("the container {container} runs the image '{}'", self.image));
        self.complete(record, &container).await?;
        Ok(Started(container))
    }

    /// Waits for the end of the container and collects its results. Returns [`TaskError::Unfinished`] if the container
    /// still runs when the service may not wait longer.
    pub(crate) async fn end(
        &self,
        Started(container): Started,
        patterns: &Texts,
        read_line: Option<ReadLine>,
    ) -> Result<ScriptOutput, TaskError> {
        let end = self.ended(&container).await?;
        self.collect(&container, end, patterns, read_line).await
    }

    /// Removes the container and its files if the attempt ends with this outcome. A container that was never started is
    /// no error. If the platform fails, the attempt goes on later ([`trouble`]).
    pub(crate) async fn settle<T>(&self, outcome: Result<T, TaskError>) -> Result<T, TaskError> {
        match outcome {
            Err(TaskError::Platform(error)) => Err(self.trouble(error).await),
            Ok(_) | Err(TaskError::Failed { .. }) => {
                self.clear_away().await;
                outcome
            }
            outcome => outcome,
        }
    }

    async fn ended(&self, container: &str) -> Result<End, TaskError> {
        let mut looks = Looks::new(&self.context, SOONEST_LOOK);
        loop {
            match self.jobs.status(container).await {
                Ok(ContainerStatus::Ended { exit_code, message }) => return Ok(End { exit_code, message }),
                Err(PortError::Exhausted { .. }) => looks.slow_down(),
                Ok(ContainerStatus::Running) => {}
                Ok(ContainerStatus::Absent) => {
                    if self.storage().head(&self.uri(wrapper::EXIT)).await?.is_some() {
                        return Ok(End { exit_code: None, message: None });
                    }
                    if looks.is_overdue() {
                        let gone = format!("the container {container} was started and no longer exists");
                        return Err(TaskError::failed(gone));
                    }
                }
                Err(error) => return Err(error.into()),
            }
            if !looks.wait().await? {
                return Err(self.stop().await);
            }
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
        let removed = match self.remove_container().await {
            Ok(()) => self.clear_files().await.map_err(TaskError::from),
            Err(error) => Err(error),
        };
        if let Err(error) = removed {
            self.context.warn(format!("the container {} could not be removed: {error}", self.key));
        }
    }

    async fn remove_container(&self) -> Result<(), TaskError> {
        let Some(record) = self.record().await? else { return Ok(()) };
        let place = record.place.clone();
        let container = self.container_of(record).await?;
        Ok(self.jobs.remove(container.as_deref().unwrap_or(&place)).await?)
    }

    /// Removes the record first: as long as it exists, all other files exist too.
    async fn clear_files(&self) -> Result<(), PortError> {
        let storage = self.storage();
        storage.delete(&self.uri(record::RECORD)).await?;
        if self.is_shared {
            return folder::remove(storage, &format!("{}/{}", self.base, self.own)).await;
        }
        folder::remove(storage, &self.base).await
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
