//! Containers as processes of this machine, for tests. A job reports that it runs for some checks. Then its process runs
//! to the end.

#![expect(
    clippy::disallowed_methods,
    reason = "a test passes its own environment on, or has its settings there"
)]

use async_trait::async_trait;
use bytes::Bytes;
use futures::TryStreamExt as _;
use segue_ports::container::{ContainerJob, ContainerStatus, Mount, OutputLine};
use segue_ports::object::{ObjectAddress, ObjectAttributes};
use segue_ports::{ContainerJobs, ObjectStore, PortError};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use tokio::process::Command;
use tokio::sync::Mutex;

/// A container that was started.
struct FakeContainer {
    job: ContainerJob,
    /// The number of checks that report a running container before its process starts.
    looks: u32,
    /// The exit code, if the process has run.
    code: Option<i32>,
}

/// The containers of one test.
pub(crate) struct FakeJobs {
    objects: Arc<dyn ObjectStore>,
    containers: std::sync::Mutex<BTreeMap<String, FakeContainer>>,
    /// The started containers.
    pub(crate) started: std::sync::Mutex<Vec<ContainerJob>>,
    /// Containers that were removed.
    pub(crate) removed: AtomicU32,
    /// The number of checks that report a running container before its process starts.
    pub(crate) looks: AtomicU32,
    /// What the next start does.
    pub(crate) next_start: std::sync::Mutex<NextStart>,
    /// Whether the next removal removes the container and then fails.
    pub(crate) next_removal_fails: AtomicBool,
    /// Whether containers end before their process ran.
    pub(crate) kills: AtomicBool,
    /// The output that the platform kept, for every container. None: the platform cannot be asked.
    pub(crate) output: std::sync::Mutex<Option<Vec<OutputLine>>>,
}

/// What a start does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum NextStart {
    /// Starts a container.
    #[default]
    Works,
    /// Fails, and starts nothing.
    Fails,
    /// Finds a quota used up, and starts nothing.
    Waits,
    /// Starts a container, and then fails: the answer is lost.
    LosesAnswer,
}

impl FakeJobs {
    pub(crate) fn new(objects: Arc<dyn ObjectStore>) -> Self {
        Self {
            objects,
            containers: std::sync::Mutex::default(),
            started: std::sync::Mutex::default(),
            removed: AtomicU32::new(0),
            looks: AtomicU32::new(0),
            next_start: std::sync::Mutex::default(),
            next_removal_fails: AtomicBool::new(false),
            kills: AtomicBool::new(false),
            output: std::sync::Mutex::new(Some(Vec::new())),
        }
    }

    pub(crate) fn next_start(&self, next: NextStart) {
        *self.next_start.lock().unwrap() = next;
    }

    async fn execute(&self, job: &ContainerJob) -> i32 {
        // All tests run the same attempt, which has one directory on this machine.
        static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());
        let _alone = ONE_AT_A_TIME.lock().await;
        let mount = job.mount.as_ref().unwrap();
        let machine = tempfile::tempdir().unwrap();
        // The whole bucket is mounted where this machine has no directory. An argument names the folder in the bucket.
        let (mount, arguments) = if mount.prefix.key.is_empty() {
            let inside = |text: &String| {
                let path = text.strip_prefix(&mount.directory)?;
                Some((text.clone(), path.trim_start_matches('/').to_owned()))
            };
            let (seen, key) =
                job.arguments.iter().filter_map(inside).min_by_key(|(_, key)| key.len()).unwrap();
            let here = machine.path().to_string_lossy().into_owned();
            let arguments = job.arguments.iter().map(|text| text.replace(&seen, &here)).collect();
            (Mount { prefix: ObjectAddress::new(&mount.prefix.bucket, key), directory: here }, arguments)
        } else {
            (mount.clone(), job.arguments.clone())
        };
        let dir = PathBuf::from(&mount.directory);
        self.bring(&mount, &dir).await;
        let mut words = job.command.iter().chain(&arguments);
        let status = Command::new(words.next().unwrap())
            .args(words)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .envs(&job.env)
            .current_dir(job.directory.as_deref().unwrap_or("/"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .await
            .unwrap();
        self.take_back(&mount, &dir).await;
        status.code().unwrap()
    }

    async fn bring(&self, mount: &Mount, dir: &Path) {
        let prefix = format!("{}/", mount.prefix.key);
        let listed = self.objects.list(&mount.prefix.bucket, &prefix, None).await.unwrap();
        for object in listed.objects {
            let file = dir.join(object.address.key.strip_prefix(&prefix).unwrap());
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            let (_, stream) = self.objects.get(&object.address).await.unwrap();
            let bytes = stream.try_collect::<Vec<Bytes>>().await.unwrap().concat();
            std::fs::write(file, bytes).unwrap();
        }
    }

    async fn take_back(&self, mount: &Mount, dir: &Path) {
        let prefix = format!("{}/", mount.prefix.key);
        let listed = self.objects.list(&mount.prefix.bucket, &prefix, None).await.unwrap();
        for object in listed.objects {
            if !dir.join(object.address.key.strip_prefix(&prefix).unwrap()).exists() {
                self.objects.delete(&object.address).await.unwrap();
            }
        }
        let mut folders = vec![dir.to_path_buf()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let name = path.strip_prefix(dir).unwrap().to_string_lossy().into_owned();
                let address = ObjectAddress::new(&mount.prefix.bucket, format!("{prefix}{name}"));
                let bytes = Bytes::from(std::fs::read(&path).unwrap());
                let stream = Box::pin(futures::stream::once(async move { Ok(bytes) }));
                self.objects.put(&address, stream, ObjectAttributes::default()).await.unwrap();
            }
        }
        std::fs::remove_dir_all(dir).unwrap();
    }
}

#[async_trait]
impl ContainerJobs for FakeJobs {
    async fn prepare(&self, job: &ContainerJob) -> Result<String, PortError> {
        if job.image == "refused" {
            return Err(PortError::invalid("there is no image 'refused'"));
        }
        Ok(format!("place of {}", job.image))
    }

    async fn start(&self, place: &str, job: &ContainerJob) -> Result<String, PortError> {
        let next = std::mem::take(&mut *self.next_start.lock().unwrap());
        match next {
            NextStart::Fails => return Err(PortError::unavailable("containers", "the next one starts")),
            NextStart::Waits => {
                return Err(PortError::Exhausted { port: "containers", message: "no room".to_owned() });
            }
            NextStart::Works | NextStart::LosesAnswer => {}
        }
        let mut started = self.started.lock().unwrap();
        let name = format!("{place}/{}", started.len());
        let looks = self.looks.load(Ordering::Relaxed);
        let container = FakeContainer { job: job.clone(), looks, code: None };
        self.containers.lock().unwrap().insert(name.clone(), container);
        started.push(job.clone());
        match next {
            NextStart::LosesAnswer => Err(PortError::unavailable("containers", "the answer is lost")),
            _ => Ok(name),
        }
    }

    async fn find(&self, place: &str, key: &str) -> Result<Option<String>, PortError> {
        let containers = self.containers.lock().unwrap();
        let mut here = containers.iter().filter(|(name, _)| name.starts_with(place));
        Ok(here.find(|(_, container)| container.job.key == key).map(|(name, _)| name.clone()))
    }

    async fn status(&self, name: &str) -> Result<ContainerStatus, PortError> {
        let job = {
            let mut containers = self.containers.lock().unwrap();
            let Some(container) = containers.get_mut(name) else { return Ok(ContainerStatus::Absent) };
            if container.looks > 0 {
                container.looks -= 1;
                return Ok(ContainerStatus::Running);
            }
            container.code.is_none().then(|| container.job.clone())
        };
        let code = match job {
            Some(_) if self.kills.load(Ordering::Relaxed) => 137,
            Some(job) => self.execute(&job).await,
            None => 0,
        };
        let code = {
            let mut containers = self.containers.lock().unwrap();
            containers.get_mut(name).map_or(code, |container| *container.code.get_or_insert(code))
        };
        let message = (code != 0).then(|| "The container exited with an error.".to_owned());
        Ok(ContainerStatus::Ended { exit_code: Some(code), message })
    }

    async fn output(&self, _: &str) -> Result<Vec<OutputLine>, PortError> {
        let kept = self.output.lock().unwrap().clone();
        kept.ok_or_else(|| PortError::unavailable("containers", "no role to read logs"))
    }

    async fn remove(&self, name: &str) -> Result<(), PortError> {
        if self.containers.lock().unwrap().remove(name).is_some() {
            self.removed.fetch_add(1, Ordering::Relaxed);
        }
        if self.next_removal_fails.swap(false, Ordering::Relaxed) {
            return Err(PortError::unavailable("containers", "it is gone all the same"));
        }
        Ok(())
    }
}
