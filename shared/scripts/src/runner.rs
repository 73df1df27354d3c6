//! Where commands run: as processes of this machine, in a container of this machine, or in a remote container.

use crate::directories::Layout;
use crate::docker::DockerOptions;
use crate::known_images::KnownImage;
use crate::remote::Remote;

/// Where commands run.
#[derive(Debug)]
pub(crate) enum Runner {
    /// On this machine.
    Local(Local),
    /// In a container outside this machine.
    Remote(Box<Remote>),
}

/// Where commands run on this machine.
#[derive(Debug)]
pub(crate) enum Local {
    /// As processes.
    Process {
        /// What is in the image that the task asks for. None if the task asks for no image, or for an unknown one.
        image: Option<KnownImage>,
    },
    /// In a container of Docker.
    Docker {
        /// The name of the image.
        image: String,
        /// The options of the container.
        options: Box<DockerOptions>,
    },
}

impl Local {
    /// The layout of the directories for this runner.
    pub(crate) fn layout(&self) -> Layout {
        match self {
            Self::Process { .. } => Layout::Beside,
            Self::Docker { .. } => Layout::Inside,
        }
    }
}
