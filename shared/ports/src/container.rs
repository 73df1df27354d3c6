//! Containers that run to their end outside the service that started them.

use crate::error::PortError;
use crate::object::ObjectAddress;
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::time::Duration;

/// A container to run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContainerJob {
    /// The key of the container, derived from the attempt, so that two deliveries of one message start one container.
    /// At most 49 lower-case letters, digits and dashes. Begins with a letter.
    pub key: String,
    /// The name of the image.
    pub image: String,
    /// Replaces the image's entry point. Empty: the image's own entry point.
    pub command: Vec<String>,
    /// Arguments of the command.
    pub arguments: Vec<String>,
    /// The working directory. None: the image's own.
    pub directory: Option<String>,
    /// Environment variables of the process.
    pub env: BTreeMap<String, String>,
    /// A prefix of a bucket that the container sees as a directory.
    pub mount: Option<Mount>,
    /// The longest time the container may run. None: the platform's default.
    pub timeout: Option<Duration>,
    /// Number of processors: `1`, `2`, …. None: the platform's default.
    pub cpu: Option<String>,
    /// Memory: `512Mi`, `2Gi`, …. None: the platform's default.
    pub memory: Option<String>,
    /// Labels of the job.
    pub labels: BTreeMap<String, String>,
}

/// Objects of a bucket, as files in a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// The bucket, and the prefix in the bucket without a slash at the end.
    pub prefix: ObjectAddress,
    /// The absolute path of the directory in the container.
    pub directory: String,
}

/// The status of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContainerStatus {
    /// No container with this key was started, or the container was removed.
    Absent,
    /// The container runs, or is about to start.
    Running,
    /// The container has ended.
    Ended {
        /// The exit code. None if the platform does not know it.
        exit_code: Option<i32>,
        /// The platform's message about the end. None if the container succeeded.
        message: Option<String>,
    },
}

/// Runs containers (Cloud Run jobs). Every method may be called twice with the same key. Every method can
/// also return [`PortError::Unavailable`] if the platform does not answer.
#[async_trait]
pub trait ContainerJobs: Send + Sync {
    /// Starts a container, unless a container with this key was started before.
    ///
    /// # Errors
    /// [`PortError::Invalid`] if the platform refuses the container.
    async fn start(&self, job: &ContainerJob) -> Result<(), PortError>;

    /// The status of the container with this key.
    async fn status(&self, key: &str) -> Result<ContainerStatus, PortError>;

    /// Stops the container with this key if it runs, and removes it. Without such a container, nothing
    /// happens.
    async fn remove(&self, key: &str) -> Result<(), PortError>;
}
