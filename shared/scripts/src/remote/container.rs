//! The container of an attempt: its key, and where its files are in internal storage and in the container.

use crate::directories::{Layout, RemotePaths};
use crate::docker::DockerOptions;
use segue_ports::{ContainerJobs, InternalStorage};
use segue_task::TaskContext;
use sha2::{Digest as _, Sha256};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The container of one attempt.
pub(crate) struct Remote {
    pub(super) context: TaskContext,
    pub(super) jobs: Arc<dyn ContainerJobs>,
    pub(super) image: String,
    pub(super) options: DockerOptions,
    /// Its key: the same for every delivery of the attempt.
    pub(super) key: String,
    /// The prefix of internal storage that it sees.
    pub(super) base: String,
    /// The runner's own folder below it.
    pub(super) own: String,
}

impl std::fmt::Debug for Remote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Remote").field("image", &self.image).field("key", &self.key).finish_non_exhaustive()
    }
}

impl Remote {
    /// The container of an attempt.
    pub(crate) fn for_attempt(
        context: &TaskContext,
        jobs: Arc<dyn ContainerJobs>,
        image: &str,
        options: DockerOptions,
    ) -> Self {
        let attempt = context.attempt_key();
        let text = format!("{}\n{}\n{}", attempt.execution_id, attempt.task_run_id, attempt.attempt);
        let digest: String = Sha256::digest(text).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let key = format!("segue-{digest}");
        let (base, own) = match context.shared_directory() {
            Some(shared) => (shared, format!("run-{key}")),
            None => (context.storage_path(&format!("container/{}", attempt.attempt)), "run".to_owned()),
        };
        let image = options.full_image(image);
        Self { context: context.clone(), jobs, image, options, key, base, own }
    }

    /// Where the container finds its files.
    pub(crate) fn layout(&self) -> Layout {
        Layout::Remote(RemotePaths { root: self.root(), own: self.own.clone() })
    }

    /// In a folder of its own below `/tmp`: there is one everywhere, a process of this machine that plays a container
    /// included.
    pub(super) fn root(&self) -> PathBuf {
        Path::new("/tmp").join(&self.key)
    }

    pub(super) fn stored(&self, name: &str) -> String {
        format!("{}/{}/{name}", self.base, self.own)
    }

    pub(super) fn uri(&self, name: &str) -> String {
        InternalStorage::uri(&self.stored(name))
    }
}
