//! The directory that the children of a WorkingDirectory share, for platforms on which they have no common
//! disk. The directory is passed on through internal storage.

use crate::context::TaskContext;
use crate::error::TaskError;
use segue_files::SharedFolder;
use segue_model::execution::{slug, storage_prefix};

/// The folder below [`TaskContext::shared_directory`] with the files of the directory. Other files there do
/// not belong to the directory.
pub const SHARED_FILES: &str = "work";

impl TaskContext {
    /// The path in internal storage through which the attempt shares its directory with its siblings. None if
    /// the attempt has its own directory, or all siblings see one disk. If containers run outside the
    /// services, the services run on different machines too, and no disk is shared.
    pub fn shared_directory(&self) -> Option<String> {
        let message = self.message();
        let directory = message.working_directory.as_ref().filter(|_| self.ports().containers.is_some())?;
        let prefix = storage_prefix(&message.namespace, &message.flow_id, &message.execution_id);
        Some(format!("{prefix}/directories/{}", slug(&directory.id)))
    }

    /// Runs `work` in the working directory. If the directory is shared through internal storage, the files
    /// of siblings are fetched before, and changed files are stored afterwards.
    ///
    /// # Errors
    /// The error of `work`, or [`TaskError::Platform`] if internal storage does not answer.
    pub async fn in_shared_directory<T>(
        &self,
        work: impl Future<Output = Result<T, TaskError>>,
    ) -> Result<T, TaskError> {
        let Some(prefix) = self.shared_directory() else { return work.await };
        let files = format!("{prefix}/{SHARED_FILES}");
        let shared = SharedFolder::fetch(self.storage(), files, self.working_dir()).await?;
        let outcome = work.await;
        // A failed task leaves its files too. A task that was stopped, or that is run again, has nothing to
        // pass on.
        if matches!(outcome, Ok(_) | Err(TaskError::Failed { .. })) {
            shared.hand_on(self.storage()).await?;
        }
        outcome
    }
}
