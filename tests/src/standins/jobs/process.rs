//! Runs the first container of a job as a process of this machine.

use super::End;
use crate::standins::objects::Mounted;
use anyhow::Context as _;
use jiff::Timestamp;
use rustix::process::{Pid, Signal, kill_process_group};
use serde::Deserialize;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;
use tokio_util::sync::CancellationToken;

/// The names of the streams, and of the files with what a container wrote.
const STREAMS: [&str; 2] = ["stdout", "stderr"];

/// The parts of a job that the stand-in uses.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Spec {
    containers: Vec<Container>,
    #[serde(default)]
    volumes: Vec<Volume>,
    timeout: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct Container {
    command: Vec<String>,
    args: Vec<String>,
    env: Vec<Variable>,
    working_dir: Option<PathBuf>,
    volume_mounts: Vec<VolumeMount>,
}

#[derive(Deserialize)]
struct Variable {
    name: String,
    #[serde(default)]
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct VolumeMount {
    name: String,
    mount_path: PathBuf,
}

#[derive(Deserialize)]
struct Volume {
    name: String,
    /// None: a disk of the container. The machine has one.
    gcs: Option<Bucket>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bucket {
    bucket: String,
    #[serde(default)]
    mount_options: Vec<String>,
}

/// Runs an execution to its end. Returns the end, and stream and text of each line that the container wrote.
pub(super) async fn work(
    spec: Spec,
    storage: Option<String>,
    stop: &CancellationToken,
) -> (End, Vec<(&'static str, String)>) {
    let ended = |code, signal, message: String| End {
        at: Timestamp::now(),
        code,
        signal,
        cancelled: stop.is_cancelled(),
        message,
    };
    let machine = match tempfile::tempdir() {
        Ok(machine) => machine,
        Err(error) => return (ended(0, 9, error.to_string()), Vec::new()),
    };
    let end = match execute(spec, storage, machine.path(), stop).await {
        Ok((0, 0)) => ended(0, 0, "Execution completed successfully.".to_owned()),
        Ok((code, signal)) => {
            let how = if signal == 0 { format!("exit code: {code}") } else { format!("signal: {signal}") };
            ended(code, signal, format!("The container exited with an error, {how}."))
        }
        Err(error) => ended(0, 9, format!("{error:#}")),
    };
    let mut log = Vec::new();
    for stream in STREAMS {
        let text = std::fs::read(machine.path().join(stream)).unwrap_or_default();
        let text = String::from_utf8_lossy(&text).into_owned();
        log.extend(text.lines().map(|line| (stream, line.to_owned())));
    }
    (end, log)
}

/// The part of a bucket that a container with the whole bucket uses: the folder that its arguments name. This machine has
/// no directory at the path of the mount, so the arguments get the path of a directory here.
fn part_of_bucket(
    arguments: &mut [String],
    mount: &Path,
    machine: &Path,
) -> anyhow::Result<(String, PathBuf)> {
    let below = format!("{}/", mount.display());
    let named = arguments.iter().filter_map(|argument| argument.strip_prefix(&below));
    let folder =
        named.min_by_key(|path| path.len()).context("no argument names a folder of the mounted bucket")?;
    let (folder, here) = (folder.to_owned(), machine.join("bucket"));
    let (seen, shown) = (format!("{below}{folder}"), here.to_string_lossy().into_owned());
    for argument in arguments {
        *argument = argument.replace(&seen, &shown);
    }
    Ok((folder, here))
}

/// Exit code and signal of the container.
async fn execute(
    spec: Spec,
    storage: Option<String>,
    machine: &Path,
    stop: &CancellationToken,
) -> anyhow::Result<(i32, i32)> {
    let container = spec.containers.into_iter().next().context("the job has no container")?;
    let mut container = container;
    let mut mounted = Vec::new();
    for mount in std::mem::take(&mut container.volume_mounts) {
        let volume = spec.volumes.iter().find(|volume| volume.name == mount.name);
        let volume = volume.with_context(|| format!("there is no volume '{}'", mount.name))?;
        let Some(bucket) = &volume.gcs else { continue };
        let storage =
            storage.clone().context("STORAGE_EMULATOR_HOST is not set, and the job has a volume")?;
        let only = bucket.mount_options.iter().find_map(|option| option.strip_prefix("only-dir="));
        let (prefix, directory) = match only {
            Some(only) => {
                anyhow::ensure!(
                    mount.mount_path.starts_with(std::env::temp_dir()),
                    "only what lies below {} can be a mount here, which {} does not",
                    std::env::temp_dir().display(),
                    mount.mount_path.display()
                );
                (only.to_owned(), mount.mount_path.clone())
            }
            None => part_of_bucket(&mut container.args, &mount.mount_path, machine)?,
        };
        mounted.push(Mounted::mount(storage, bucket.bucket.clone(), &prefix, directory).await?);
    }
    let timeout = spec.timeout.as_deref().and_then(|text| text.strip_suffix('s')?.parse::<f64>().ok());
    let timeout = timeout.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let ended = process(container, timeout.unwrap_or(Duration::from_secs(600)), machine, stop).await;
    for mount in mounted {
        mount.unmount().await?;
    }
    ended
}

async fn process(
    container: Container,
    timeout: Duration,
    machine: &Path,
    stop: &CancellationToken,
) -> anyhow::Result<(i32, i32)> {
    let mut words = container.command.into_iter().chain(container.args);
    let program = words.next().context("what the image would run by itself is not known here")?;
    let elsewhere = tempfile::tempdir()?;
    let mut command = Command::new(&program);
    command
        .args(words)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", elsewhere.path())
        .envs(container.env.into_iter().map(|variable| (variable.name, variable.value)))
        .current_dir(container.working_dir.as_deref().unwrap_or(elsewhere.path()))
        .stdin(Stdio::null())
        .stdout(std::fs::File::create(machine.join(STREAMS[0]))?)
        .stderr(std::fs::File::create(machine.join(STREAMS[1]))?)
        .process_group(0)
        .kill_on_drop(true);
    let mut child = command.spawn().with_context(|| format!("{program} cannot be started"))?;
    let group = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
    let status = tokio::select! {
        status = child.wait() => Some(status?),
        () = stop.cancelled() => None,
        () = tokio::time::sleep(timeout) => None,
    };
    // The other processes of the container end with its first process.
    if let Some(group) = group {
        let _gone_already = kill_process_group(group, Signal::KILL);
    }
    let status = match status {
        Some(status) => status,
        None => child.wait().await?,
    };
    Ok((status.code().unwrap_or(0), status.signal().unwrap_or(0)))
}
