//! Containers that run to their end outside the service that started them.

use crate::error::PortError;
use crate::object::ObjectAddress;
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::time::Duration;

/// The variable in a container's environment with the key of the container.
pub const KEY_VARIABLE: &str = "SEGUE_CONTAINER";
/// The variable in a container's environment with its labels, as `name=value,…`.
pub const LABELS_VARIABLE: &str = "SEGUE_LABELS";

/// A container to run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContainerJob {
    /// The key of the container, derived from the attempt. [`ContainerJobs::find`] finds the container by its key.
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
    /// Objects of a bucket that the container sees as a directory.
    pub mount: Option<Mount>,
    /// The longest time the container may run. None: the platform's default.
    pub timeout: Option<Duration>,
    /// Number of processors: `1`, `2`, …. None: the platform's default.
    pub cpu: Option<String>,
    /// Memory: `512Mi`, `2Gi`, …. None: the platform's default.
    pub memory: Option<String>,
    /// What the container belongs to, for people who look at the platform.
    pub labels: BTreeMap<String, String>,
}

/// Objects of a bucket, as files in a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// The bucket, and the prefix in the bucket without a slash at the end. An empty prefix is the whole bucket.
    pub prefix: ObjectAddress,
    /// The absolute path of the directory in the container.
    pub directory: String,
}

/// The status of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContainerStatus {
    /// There is no such container. The platform has forgotten it, or it was removed.
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

/// A line that a container wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputLine {
    /// Whether the line went to standard error.
    pub is_error: bool,
    /// The line without its end.
    pub text: String,
}

/// Runs containers (Cloud Run jobs). Every method can return [`PortError::Unavailable`] if the platform does not answer,
/// and [`PortError::Exhausted`] if a quota of the platform is used up.
///
/// The platform starts a second container if it is asked a second time. So a caller records what it does:
///
/// 1. [`Self::prepare`] returns the place where the container will run. The caller records the place.
/// 2. [`Self::start`] returns the name of the container. The caller records the name.
/// 3. A caller that finds a place without a name asks [`Self::find`] before it starts a container.
#[async_trait]
pub trait ContainerJobs: Send + Sync {
    /// Makes the place where the container can run, unless the place exists. Containers that differ only in key,
    /// arguments, variables, labels and time limit have the same place.
    ///
    /// # Errors
    /// [`PortError::Invalid`] if the platform refuses the container.
    async fn prepare(&self, job: &ContainerJob) -> Result<String, PortError>;

    /// Starts a container in its place, and returns the name of the container.
    ///
    /// # Errors
    /// [`PortError::Invalid`] if the platform refuses the container.
    async fn start(&self, place: &str, job: &ContainerJob) -> Result<String, PortError>;

    /// The name of the container that was started in this place with this key. None if there is no such container.
    async fn find(&self, place: &str, key: &str) -> Result<Option<String>, PortError>;

    /// The status of a container. `container` is a name that [`Self::start`] or [`Self::find`] returned.
    async fn status(&self, container: &str) -> Result<ContainerStatus, PortError>;

    /// The output of a container that has ended, as far as the platform kept it. The newest lines may be missing.
    async fn output(&self, container: &str) -> Result<Vec<OutputLine>, PortError>;

    /// Stops a container if it runs. If its place is for this container only, removes the place. `name` is the name of
    /// the container, or of a place in which nothing was started. A name of nothing is no error.
    async fn remove(&self, name: &str) -> Result<(), PortError>;
}
