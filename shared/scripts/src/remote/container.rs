//! The container of an attempt: its key, and where its files are in internal storage and in the container.

use crate::directories::{Layout, RemotePaths};
use crate::docker::DockerOptions;
use segue_ports::storage::PLATFORM_FOLDER;
use segue_ports::{ContainerJobs, InternalStorage};
use segue_task::TaskContext;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// The container of one attempt.
pub(crate) struct Remote {
    pub(super) context: TaskContext,
    pub(super) jobs: Arc<dyn ContainerJobs>,
    pub(super) image: String,
    pub(super) options: DockerOptions,
    /// The key of the container. It is the same for every delivery of the attempt.
    pub(super) key: String,
    /// The prefix of internal storage with the files of the container.
    pub(super) base: String,
    /// The name of the runner's own folder below `base`.
    pub(super) own: String,
    /// Whether the attempt works in the directory of a WorkingDirectory.
    pub(super) is_shared: bool,
    /// Set as long as no container can have been started.
    pub(super) is_unstarted: AtomicBool,
}

/// Where a container sees the bucket of internal storage.
pub(super) const MOUNT: &str = "/mnt/segue";

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
        let key = crate::attempt::key(context);
        let shared = context.shared_directory();
        let is_shared = shared.is_some();
        let (base, own) = match shared {
            Some(shared) => (shared, format!("run-{key}")),
            None => (format!("{PLATFORM_FOLDER}/containers/{key}"), "run".to_owned()),
        };
        let image = options.full_image(image);
        let context = context.clone();
        let is_unstarted = AtomicBool::new(false);
        Self { context, jobs, image, options, key, base, own, is_shared, is_unstarted }
    }

    /// The layout of the directories for this container.
    pub(crate) fn layout(&self) -> Layout {
        Layout::Remote(RemotePaths { root: self.root(), own: self.own.clone() })
    }

    /// The storage of the platform, which may use the files of containers.
    pub(super) fn storage(&self) -> &InternalStorage {
        &self.context.ports().storage
    }

    /// The directory on the container's disk: a folder below `/tmp`, which exists in every image. It also exists for the
    /// processes that stand in for containers in tests.
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
