//! A platform in a temporary directory, for the tests of all task types.

pub(crate) use crate::server::ModelServer;
use segue_task::testing::Platform;
use std::path::Path;

/// A platform with the task types of this service.
pub(crate) fn platform() -> Platform {
    Platform::new(crate::tasks(), |folder: &Path| segue_embedded::connect(folder).unwrap())
}
