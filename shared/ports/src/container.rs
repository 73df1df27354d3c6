//! Containers that run to their end outside the service that asks for them.

use crate::error::PortError;
use crate::object::ObjectAddress;
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::time::Duration;

/// A container as it is to be run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContainerJob {
    /// Follows from the attempt it is made for, so that two deliveries of one message make one job: lower case
    /// letters, digits and dashes, a letter first, at most 49.
    pub key: String,
    /// The image.
    pub image: String,
    /// What is run instead of the image's entry point; empty: the image's own.
    pub command: Vec<String>,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Where it is run; that of the image where it is missing.
    pub directory: Option<String>,
    /// Variables of the process.
    pub env: BTreeMap<String, String>,
    /// A prefix of a bucket that is to be a directory of the container.
    pub mount: Option<Mount>,
    /// How long it may run.
    pub timeout: Option<Duration>,
    /// Processors: `1`, `2`, …
    pub cpu: Option<String>,
    /// Memory: `512Mi`, `2Gi`, …
    pub memory: Option<String>,
    /// Labels of the job.
    pub labels: BTreeMap<String, String>,
}

/// Objects of a bucket as files of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// The bucket, and the prefix in it without a slash at the end.
    pub prefix: ObjectAddress,
    /// The directory in the container.
    pub directory: String,
}

/// How a container is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContainerStatus {
    /// None with that key was started, or it is forgotten.
    Absent,
    /// It is at work, or will be.
    Running,
    /// It has ended.
    Ended {
        /// The exit code, where it is known.
        exit_code: Option<i32>,
        /// What the platform says of the end, where it was no success.
        message: Option<String>,
    },
}

/// Runs containers (Cloud Run jobs). Every method may be called twice with the same key.
#[async_trait]
pub trait ContainerJobs: Send + Sync {
    /// Starts a container, unless one with that key was started before.
    ///
    /// # Errors
    /// [`PortError::Invalid`] for a job the platform refuses; [`PortError::Unavailable`].
    async fn start(&self, job: &ContainerJob) -> Result<(), PortError>;

    /// How the container with that key is.
    ///
    /// # Errors
    /// [`PortError::Unavailable`].
    async fn status(&self, key: &str) -> Result<ContainerStatus, PortError>;

    /// Stops the container with that key, if it is at work, and forgets it; nothing where there is none.
    ///
    /// # Errors
    /// [`PortError::Unavailable`].
    async fn remove(&self, key: &str) -> Result<(), PortError>;
}
