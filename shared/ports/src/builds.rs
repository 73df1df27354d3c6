//! Images that are built outside the service that asked for them.

use crate::error::PortError;
use crate::object::ObjectAddress;
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::time::Duration;

/// An image to build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageBuild {
    /// The key of the build, derived from the attempt. [`ImageBuilds::find`] finds the build by its key. At most 64
    /// lower-case letters, digits and dashes. Begins with a letter.
    pub key: String,
    /// An archive (`.tar.gz`) with the files of the build.
    pub source: ObjectAddress,
    /// The folder of the archive that is the context of the build.
    pub context: String,
    /// The path of the Dockerfile in the archive.
    pub dockerfile: String,
    /// The folder of the archive with the configuration of Docker's client (`config.json`), with which images are pulled
    /// and pushed. None: the credentials of the platform.
    pub client_config: Option<String>,
    /// The names of the image, with tags.
    pub tags: Vec<String>,
    /// The platform of the image: `linux/amd64`. None: the platform of the builder.
    pub platform: Option<String>,
    /// Whether the image is pushed under each of its names.
    pub push: bool,
    /// Whether newer base images are pulled.
    pub pull: bool,
    /// Values of `ARG` in the Dockerfile.
    pub build_args: BTreeMap<String, String>,
    /// Labels of the image.
    pub labels: BTreeMap<String, String>,
    /// The longest time of the build. None: the platform's default.
    pub timeout: Option<Duration>,
}

/// The status of a build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BuildStatus {
    /// There is no such build.
    Absent,
    /// The build waits or runs.
    Running,
    /// The build has ended.
    Ended {
        /// Why the build failed. None if it succeeded.
        failure: Option<String>,
        /// The id of the image: `sha256:…`. None if the platform does not know it.
        image_id: Option<String>,
    },
}

/// Builds images (Cloud Build). Every method can return [`PortError::Unavailable`] if the platform does not answer, and
/// [`PortError::Exhausted`] if a quota of the platform is used up.
///
/// The platform starts a second build if it is asked a second time. So a caller asks [`Self::find`] before it starts a
/// build. Two builds of one attempt are harmless: both make the same image.
#[async_trait]
pub trait ImageBuilds: Send + Sync {
    /// The name of the build with this key. None if there is no such build.
    async fn find(&self, key: &str) -> Result<Option<String>, PortError>;

    /// Starts a build, and returns its name.
    ///
    /// # Errors
    /// [`PortError::Invalid`] if the platform refuses the build.
    async fn start(&self, build: &ImageBuild) -> Result<String, PortError>;

    /// The status of a build. `name` is a name that [`Self::start`] or [`Self::find`] returned.
    async fn status(&self, name: &str) -> Result<BuildStatus, PortError>;

    /// The lines that a build wrote, as far as the platform kept them. The newest lines may be missing.
    async fn output(&self, name: &str) -> Result<Vec<String>, PortError>;

    /// Stops a build if it runs. A name of nothing is no error.
    async fn cancel(&self, name: &str) -> Result<(), PortError>;
}
