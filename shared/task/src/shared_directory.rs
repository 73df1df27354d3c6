//! The directory that the children of a WorkingDirectory share, where they do not see one disk: it is handed on by
//! way of internal storage.

use crate::context::TaskContext;
use crate::error::TaskError;
use segue_files::SharedFolder;
use segue_model::execution::{slug, storage_prefix};

/// Below [`TaskContext::shared_directory`], the files of the directory itself; what else is there is not theirs.
pub const SHARED_FILES: &str = "work";

impl TaskContext {
    /// Where the directory that the attempt shares with its siblings is handed on in internal storage; none where it
    /// has a directory of its own, or all siblings see one disk. Where containers run beside the services, so do the
    /// services beside each other, and no disk is shared.
    pub fn shared_directory(&self) -> Option<String> {
        let message = self.message();
        let directory = message.working_directory.as_ref().filter(|_| self.ports().containers.is_some())?;
        let prefix = storage_prefix(&message.namespace, &message.flow_id, &message.execution_id);
        Some(format!("{prefix}/directories/{}", slug(&directory.id)))
    }

    /// Does something in the working directory. Where that is shared and has to be handed on, what siblings left is
    /// there before, and what has changed is there for them afterwards.
    ///
    /// # Errors
    /// What `work` says, and [`TaskError::Platform`] when internal storage does not answer.
    pub async fn in_shared_directory<T>(
        &self,
        work: impl Future<Output = Result<T, TaskError>>,
    ) -> Result<T, TaskError> {
        let Some(prefix) = self.shared_directory() else { return work.await };
        let files = format!("{prefix}/{SHARED_FILES}");
        let shared = SharedFolder::fetch(self.storage(), files, self.working_dir()).await?;
        let outcome = work.await;
        // A task that failed leaves its files too; one that was stopped, or comes again, has nothing to hand on.
        if matches!(outcome, Ok(_) | Err(TaskError::Failed { .. })) {
            shared.hand_on(self.storage()).await?;
        }
        outcome
    }
}
