//! `docker.Build` where no Docker is: the platform builds the image from an archive in internal storage
//! ([`segue_ports::ImageBuilds`]).
//!
//! The archive has two folders: the context of the build, and the files for Docker's client. So no credentials are in
//! the context. The build is found by the key of the attempt, so every delivery of the attempt finds the same build.

use super::{Build, LAST_LINES, Output, disk, to_do};
use crate::attempt;
use crate::docker::labels;
use crate::looks::Looks;
use crate::staging::stage;
use flate2::Compression;
use flate2::write::GzEncoder;
use segue_files::folder;
use segue_ports::builds::{BuildStatus, ImageBuild};
use segue_ports::storage::PLATFORM_FOLDER;
use segue_ports::{ImageBuilds, InternalStorage, PortError};
use segue_task::{TaskContext, TaskError};
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// The folder of the archive with the context of the build.
const CONTEXT: &str = "context";
/// The folder of the archive with the files for the client.
const CLIENT: &str = "client";
/// The only platform that a builder has.
const PLATFORM: &str = "linux/amd64";
/// The shortest time between two looks at a running build.
const SOONEST_LOOK: Duration = Duration::from_secs(1);

/// A build of an attempt.
pub(super) struct Outside<'a> {
    context: &'a TaskContext,
    builds: Arc<dyn ImageBuilds>,
    key: String,
    /// The prefix of internal storage with the files of the build.
    base: String,
}

/// The end of a build.
struct End {
    failure: Option<String>,
    image_id: Option<String>,
}

impl<'a> Outside<'a> {
    pub(super) fn new(context: &'a TaskContext, builds: Arc<dyn ImageBuilds>) -> Self {
        let key = attempt::key(context);
        let base = format!("{PLATFORM_FOLDER}/builds/{key}");
        Self { context, builds, key, base }
    }

    /// Builds the image, or waits for the build that an earlier delivery started.
    ///
    /// # Errors
    /// The failure of the build, or of the platform.
    pub(super) async fn build(&self, build: &Build) -> Result<Output, TaskError> {
        self.check(build)?;
        let found = self.builds.find(&self.key).await?;
        if self.context.cancelled().is_cancelled() {
            return Err(self.stop(found.as_deref()).await);
        }
        let name = match found {
            Some(name) => name,
            None => self.start(build).await?,
        };
        let end = self.ended(&name).await?;
        let outcome = self.outcome(&name, end).await;
        if !matches!(outcome, Err(TaskError::Platform(_))) {
            self.clear_files().await;
        }
        outcome
    }

    /// Refuses what the builder cannot do, and warns of what has no effect.
    fn check(&self, build: &Build) -> Result<(), TaskError> {
        if let Some(other) = build.platforms.0.iter().find(|platform| *platform != PLATFORM) {
            return Err(TaskError::failed(format!(
                "platforms has '{other}', but Cloud Build builds images for {PLATFORM} only: remove it, or build this image \
                 on a machine with Docker"
            )));
        }
        if build.host.is_some() {
            self.context.warn("host has no effect, because Cloud Build builds the image");
        }
        if !build.push {
            self.context.warn(
                "push is false: the image is lost at the end of the build, because Cloud Build keeps no images; set push: true",
            );
        }
        Ok(())
    }

    async fn start(&self, build: &Build) -> Result<String, TaskError> {
        let dir = self.context.working_dir();
        stage(self.context, dir, (build.namespace_files.as_ref(), &build.input_files)).await?;
        let scratch = tempfile::tempdir().map_err(|error| disk(&error))?;
        let client = scratch.path().join(CLIENT);
        std::fs::create_dir(&client).map_err(|error| disk(&error))?;
        let file = build.dockerfile_in(dir, &client)?;
        let dockerfile = match file.strip_prefix(dir) {
            Ok(inside) => format!("{CONTEXT}/{}", inside.display()),
            Err(_) => format!("{CLIENT}/Dockerfile"),
        };
        let config = build.options().client_config()?;
        if let Some(config) = &config {
            std::fs::write(client.join("config.json"), config).map_err(|error| disk(&error))?;
        }
        let archive = scratch.path().join("source.tar.gz");
        let (from, to) = (dir.to_owned(), archive.clone());
        let packed = tokio::task::spawn_blocking(move || pack(&from, &client, &to)).await;
        packed.map_err(io::Error::other).flatten().map_err(|error| disk(&error))?;
        let storage = &self.context.ports().storage;
        let source = format!("{}/source.tar.gz", self.base);
        storage.put_file(&source, &archive).await?;
        let request = ImageBuild {
            key: self.key.clone(),
            source: storage.address(&InternalStorage::uri(&source))?,
            context: CONTEXT.to_owned(),
            dockerfile,
            client_config: config.is_some().then(|| CLIENT.to_owned()),
            tags: build.tags.0.clone(),
            platform: build.platforms.0.first().cloned(),
            push: build.push,
            pull: build.pull != Some(false),
            build_args: build.build_args.clone(),
            labels: labels(self.context.message())
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .chain(build.labels.clone())
                .collect(),
            timeout: attempt::timeout(self.context).await?,
        };
        let name = self.builds.start(&request).await?;
        self.context.info(format!("Cloud Build builds the image {} (build {name})", build.tags.0.join(", ")));
        Ok(name)
    }

    /// Waits for the end of the build. Returns [`TaskError::Unfinished`] if the build still runs when the service may not
    /// wait longer.
    async fn ended(&self, name: &str) -> Result<End, TaskError> {
        let mut looks = Looks::new(self.context, SOONEST_LOOK);
        loop {
            match self.builds.status(name).await {
                Ok(BuildStatus::Ended { failure, image_id }) => return Ok(End { failure, image_id }),
                Ok(BuildStatus::Absent) if looks.is_overdue() => {
                    return Err(TaskError::failed(format!(
                        "the build {name} was started and no longer exists"
                    )));
                }
                Ok(BuildStatus::Running | BuildStatus::Absent) => {}
                Err(PortError::Exhausted { .. }) => looks.slow_down(),
                Err(error) => return Err(error.into()),
            }
            if !looks.wait().await? {
                return Err(self.stop(Some(name)).await);
            }
        }
    }

    /// Copies the log of the build to the log of the task. Returns the result of the build.
    async fn outcome(&self, name: &str, end: End) -> Result<Output, TaskError> {
        // The image is there also if its log cannot be read.
        let lines = self.builds.output(name).await.unwrap_or_else(|error| {
            self.context.warn(format!("the log of the build {name} could not be read: {error}"));
            Vec::new()
        });
        for line in &lines {
            self.context.info(line.clone());
        }
        let Some(failure) = end.failure else {
            return Ok(Output { image_id: end.image_id.unwrap_or_default() });
        };
        let lines: Vec<&str> =
            lines.iter().map(|line| line.trim_end()).filter(|line| !line.is_empty()).collect();
        let last = lines.get(lines.len().saturating_sub(LAST_LINES)..).unwrap_or_default().join("\n");
        Err(TaskError::failed(format!(
            "Cloud Build could not build the image: {failure}{}\n{last}",
            to_do(&last)
        )))
    }

    /// Stops the build, unless another worker now waits for it.
    async fn stop(&self, name: Option<&str>) -> TaskError {
        if self.context.goes_on_elsewhere() {
            return TaskError::Stopped;
        }
        if let Some(name) = name
            && let Err(error) = self.builds.cancel(name).await
        {
            self.context.warn(format!("the build {name} could not be cancelled: {error}"));
        }
        self.clear_files().await;
        TaskError::Stopped
    }

    async fn clear_files(&self) {
        if let Err(error) = folder::remove(&self.context.ports().storage, &self.base).await {
            self.context.warn(format!("the files of the build could not be removed: {error}"));
        }
    }
}

/// Writes the archive.
fn pack(context: &Path, client: &Path, archive: &Path) -> io::Result<()> {
    let mut tar = tar::Builder::new(GzEncoder::new(File::create(archive)?, Compression::fast()));
    tar.follow_symlinks(false);
    tar.append_dir_all(CONTEXT, context)?;
    tar.append_dir_all(CLIENT, client)?;
    tar.into_inner()?.finish()?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Platform;
    use async_trait::async_trait;
    use flate2::read::GzDecoder;
    use futures::TryStreamExt as _;
    use segue_model::Json;
    use segue_ports::ObjectStore;
    use segue_task::Task as _;
    use segue_task::testing::{TestEnd, TestRun, message, run_with};
    use serde_json::json;
    use std::collections::BTreeMap;
    use std::io::Read as _;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio_util::sync::CancellationToken;

    /// A platform that builds nothing, and reads the archive as a builder would.
    struct FakeBuilds {
        objects: Arc<dyn ObjectStore>,
        started: Mutex<Vec<ImageBuild>>,
        /// The files of the last archive.
        files: Mutex<BTreeMap<String, String>>,
        /// How many more times the build still runs.
        looks: AtomicUsize,
        failure: Option<String>,
        cancelled: AtomicUsize,
    }

    #[async_trait]
    impl ImageBuilds for FakeBuilds {
        async fn find(&self, key: &str) -> Result<Option<String>, PortError> {
            let started = self.started.lock().unwrap();
            Ok(started.iter().position(|build| build.key == key).map(|at| format!("build-{at}")))
        }

        async fn start(&self, build: &ImageBuild) -> Result<String, PortError> {
            let (_, stream) = self.objects.get(&build.source).await?;
            let bytes = stream.try_collect::<Vec<_>>().await?.concat();
            let mut archive = tar::Archive::new(GzDecoder::new(&*bytes));
            let mut files = BTreeMap::new();
            for entry in archive.entries().unwrap() {
                let mut entry = entry.unwrap();
                let (path, mut text) = (entry.path().unwrap().display().to_string(), String::new());
                entry.read_to_string(&mut text).unwrap();
                files.insert(path, text);
            }
            *self.files.lock().unwrap() = files;
            let mut started = self.started.lock().unwrap();
            started.push(build.clone());
            Ok(format!("build-{}", started.len() - 1))
        }

        async fn status(&self, _: &str) -> Result<BuildStatus, PortError> {
            let left =
                self.looks.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
            if left.is_ok() {
                return Ok(BuildStatus::Running);
            }
            let image_id = self.failure.is_none().then(|| "sha256:abc".to_owned());
            Ok(BuildStatus::Ended { failure: self.failure.clone(), image_id })
        }

        async fn output(&self, _: &str) -> Result<Vec<String>, PortError> {
            Ok(vec!["Step 1/1 : FROM alpine:99".to_owned(), "manifest for alpine:99 not found".to_owned()])
        }

        async fn cancel(&self, _: &str) -> Result<(), PortError> {
            self.cancelled.fetch_add(1, Ordering::SeqCst);
            Ok(())
        }
    }

    struct World {
        platform: Platform,
        builds: Arc<FakeBuilds>,
    }

    impl World {
        fn new(looks: usize, failure: Option<&str>) -> Self {
            let mut platform = Platform::new();
            let builds = Arc::new(FakeBuilds {
                objects: platform.ports.objects.clone(),
                started: Mutex::default(),
                files: Mutex::default(),
                looks: AtomicUsize::new(looks),
                failure: failure.map(str::to_owned),
                cancelled: AtomicUsize::new(0),
            });
            platform.ports.builds = Some(builds.clone());
            Self { platform, builds }
        }

        async fn deliver(&self, more: Json, patience: Option<Duration>, lost: &CancellationToken) -> TestEnd {
            let task = json!({"dockerfile": "FROM alpine:99\nCOPY a.txt /\n", "tags": "r.example/x:1", "push": true,
                "inputFiles": {"a.txt": "data"}});
            let task = crate::testing::with(task, more);
            let (work, ports) = (self.platform.work_root(), self.platform.ports.clone());
            run_with(&crate::testing::tasks(), ports, &work, message(Build::TYPE, task), patience, lost).await
        }

        async fn run(&self, more: Json) -> TestRun {
            match self.deliver(more, None, &CancellationToken::new()).await {
                TestEnd::Ended(run) => run,
                other => panic!("{other:?}"),
            }
        }

        async fn left(&self) -> Vec<(String, u64)> {
            self.platform.ports.storage.list("_segue").await.unwrap()
        }
    }

    #[tokio::test]
    async fn the_platform_gets_the_files_without_the_credentials_in_the_context() {
        let world = World::new(1, None);
        let credentials = json!({"registry": "r.example", "username": "u", "password": "geheim"});
        let run = world.run(json!({"credentials": credentials, "buildArgs": {"SIZE": "large"}})).await;
        let log = run.log_text();
        assert_eq!(run.outputs()["imageId"], "sha256:abc");
        assert!(log.contains("Step 1/1") && !log.contains("geheim"), "{log}");
        let build = world.builds.started.lock().unwrap()[0].clone();
        assert_eq!((build.context.as_str(), build.dockerfile.as_str()), ("context", "client/Dockerfile"));
        assert_eq!(build.client_config.as_deref(), Some("client"));
        assert_eq!((build.build_args["SIZE"].as_str(), build.push, build.pull), ("large", true, true));
        let files = world.builds.files.lock().unwrap().clone();
        assert_eq!(files["context/a.txt"], "data");
        assert!(files["client/Dockerfile"].starts_with("FROM alpine"), "{files:?}");
        assert!(files["client/config.json"].contains("r.example"), "{files:?}");
        assert!(
            !files.keys().any(|name| name.starts_with("context/") && name.contains("config")),
            "{files:?}"
        );
        assert_eq!(world.left().await, [], "the archive is removed");
    }

    #[tokio::test]
    async fn a_delivery_finds_the_build_of_an_earlier_delivery() {
        let world = World::new(3, None);
        let lost = CancellationToken::new();
        for _ in 0..2 {
            let end = world.deliver(json!({}), Some(Duration::ZERO), &lost).await;
            assert!(matches!(end, TestEnd::Unfinished(_)), "{end:?}");
        }
        assert_eq!(world.run(json!({})).await.outputs()["imageId"], "sha256:abc");
        assert_eq!(world.builds.started.lock().unwrap().len(), 1);
    }

    #[tokio::test]
    async fn an_unknown_base_image_is_named() {
        let error = World::new(0, Some("step 0 exited with 1")).run(json!({})).await.error();
        assert!(error.contains("step 0 exited with 1") && error.contains("alpine:99 not found"), "{error}");
        assert!(error.contains("; check the name and the tag of the image in its registry"), "{error}");
    }

    #[tokio::test]
    async fn other_platforms_are_refused_and_a_lost_image_is_warned_of() {
        let world = World::new(0, None);
        let error = world.run(json!({"platforms": ["linux/arm64"]})).await.error();
        assert!(error.contains("linux/arm64") && error.contains("machine with Docker"), "{error}");
        let log = world.run(json!({"push": false})).await.log_text();
        assert!(log.contains("WARN push is false"), "{log}");
    }

    #[tokio::test]
    async fn a_killed_task_cancels_its_build() {
        let world = World::new(usize::MAX, None);
        let lost = CancellationToken::new();
        let soon = async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            lost.cancel();
        };
        let (end, ()) = tokio::join!(world.deliver(json!({}), None, &lost), soon);
        assert!(matches!(end, TestEnd::Stopped), "{end:?}");
        assert_eq!(world.builds.cancelled.load(Ordering::SeqCst), 1);
        assert_eq!(world.left().await, []);
    }
}
