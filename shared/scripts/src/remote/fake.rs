//! Containers as processes of this machine, for tests. A job reports that it runs for some checks. Then its process runs
//! to the end.

#![expect(
    clippy::disallowed_methods,
    reason = "a test passes its own environment on, or has its settings there"
)]

use async_trait::async_trait;
use bytes::Bytes;
use futures::TryStreamExt as _;
use segue_ports::container::{ContainerJob, ContainerStatus, Mount};
use segue_ports::object::{ObjectAddress, ObjectAttributes};
use segue_ports::{ContainerJobs, ObjectStore, PortError};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use tokio::process::Command;
use tokio::sync::Mutex;

/// The jobs of one test.
pub(crate) struct FakeJobs {
    objects: Arc<dyn ObjectStore>,
    jobs: std::sync::Mutex<BTreeMap<String, (ContainerJob, u32)>>,
    /// The started containers, without repetitions.
    pub(crate) started: std::sync::Mutex<Vec<ContainerJob>>,
    /// Jobs that were removed.
    pub(crate) removed: AtomicU32,
    /// The number of checks that report a running job before its process starts.
    pub(crate) looks: AtomicU32,
    /// Whether the next start fails.
    pub(crate) next_start_fails: AtomicBool,
    /// Whether the next removal removes the job and then fails.
    pub(crate) next_removal_fails: AtomicBool,
}

impl FakeJobs {
    pub(crate) fn new(objects: Arc<dyn ObjectStore>) -> Self {
        Self {
            objects,
            jobs: std::sync::Mutex::default(),
            started: std::sync::Mutex::default(),
            removed: AtomicU32::new(0),
            looks: AtomicU32::new(0),
            next_start_fails: AtomicBool::new(false),
            next_removal_fails: AtomicBool::new(false),
        }
    }

    async fn execute(&self, job: &ContainerJob) -> i32 {
        // All tests run the same attempt, which has one directory on this machine.
        static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());
        let _alone = ONE_AT_A_TIME.lock().await;
        let mount = job.mount.as_ref().unwrap();
        let dir = PathBuf::from(&mount.directory);
        self.bring(mount, &dir).await;
        let mut words = job.command.iter().chain(&job.arguments);
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
        self.take_back(mount, &dir).await;
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
    async fn start(&self, job: &ContainerJob) -> Result<(), PortError> {
        if job.image == "refused" {
            return Err(PortError::invalid("there is no image 'refused'"));
        }
        if self.next_start_fails.swap(false, Ordering::Relaxed) {
            return Err(PortError::unavailable("containers", "the next one starts"));
        }
        let mut jobs = self.jobs.lock().unwrap();
        if !jobs.contains_key(&job.key) {
            jobs.insert(job.key.clone(), (job.clone(), self.looks.load(Ordering::Relaxed)));
            self.started.lock().unwrap().push(job.clone());
        }
        Ok(())
    }

    async fn status(&self, key: &str) -> Result<ContainerStatus, PortError> {
        let job = {
            let mut jobs = self.jobs.lock().unwrap();
            let Some((job, looks)) = jobs.get_mut(key) else { return Ok(ContainerStatus::Absent) };
            if *looks > 0 {
                *looks -= 1;
                return Ok(ContainerStatus::Running);
            }
            job.clone()
        };
        let code = self.execute(&job).await;
        let message = (code != 0).then(|| "The container exited with an error.".to_owned());
        Ok(ContainerStatus::Ended { exit_code: Some(code), message })
    }

    async fn remove(&self, key: &str) -> Result<(), PortError> {
        if self.jobs.lock().unwrap().remove(key).is_some() {
            self.removed.fetch_add(1, Ordering::Relaxed);
        }
        if self.next_removal_fails.swap(false, Ordering::Relaxed) {
            return Err(PortError::unavailable("containers", "it is gone all the same"));
        }
        Ok(())
    }
}
