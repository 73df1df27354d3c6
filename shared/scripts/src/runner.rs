//! Where commands run: as processes of this machine, or in a container here or elsewhere.

use crate::docker::DockerOptions;
use crate::place::Layout;
use crate::remote::Remote;

/// Where commands run.
#[derive(Debug)]
pub(crate) enum Runner {
    /// On this machine.
    Local(Local),
    /// In a container that runs elsewhere.
    Remote(Box<Remote>),
}

/// Where commands run on this machine.
#[derive(Debug)]
pub(crate) enum Local {
    /// As processes.
    Process,
    /// In a container.
    Docker {
        /// The image.
        image: String,
        /// Options of the container.
        options: Box<DockerOptions>,
    },
}

impl Local {
    /// Where the runner's own folder is.
    pub(crate) fn layout(&self) -> Layout {
        match self {
            Self::Process => Layout::Beside,
            Self::Docker { .. } => Layout::Inside,
        }
    }
}
