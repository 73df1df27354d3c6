//! Converts a container to a Cloud Run job, and to the overrides of one execution of the job.
//!
//! Cloud Run lets an execution override arguments, variables and the time limit. Everything else is part of the job. So
//! the name of a job is a hash of everything else, and all containers that are equal in these parts share one job.

use google_cloud_run_v2::model::run_job_request::Overrides;
use google_cloud_run_v2::model::run_job_request::overrides::ContainerOverride;
use google_cloud_run_v2::model::{
    Container, EmptyDirVolumeSource, EnvVar, Execution, ExecutionEnvironment, ExecutionTemplate,
    GCSVolumeSource, Job, ResourceRequirements, TaskTemplate, Volume, VolumeMount,
};
use google_cloud_wkt as wkt;
use segue_ports::PortError;
use segue_ports::container::{ContainerJob, KEY_VARIABLE, LABELS_VARIABLE, Mount};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::time::Duration;

/// The default time limit of a container. Cloud Run's own default is ten minutes.
const USUAL_TIMEOUT: Duration = Duration::from_secs(24 * 3600);
/// The longest time limit.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(168 * 3600);
/// The name of the volume with the files of internal storage.
const VOLUME: &str = "files";
/// The name of the volume with the container's disk.
const DISK: &str = "disk";
/// Where the container sees its disk. Scripts work below this directory.
const DISK_DIRECTORY: &str = "/tmp";
/// The name of the container in its job. Overrides name the container.
const CONTAINER: &str = "main";
/// The beginning of the names of jobs that many containers share.
const SHARED: &str = "segue-shared-";
/// The label of all jobs of a deployment. Its value is the deployment's prefix.
pub(super) const OWNER: &str = "segue";

/// A job with its name.
pub(super) struct NamedJob {
    pub(super) id: String,
    pub(super) job: Job,
}

/// What all containers of a deployment have.
#[derive(Clone, Debug, Default)]
pub(super) struct Surroundings {
    /// The prefix of the deployment.
    pub(super) owner: String,
    /// The service account. None: the project's Compute Engine account.
    pub(super) account: Option<String>,
    /// The size of the disk at `/tmp`. None: files are in the memory of the container.
    pub(super) disk: Option<String>,
}

/// The job for a container. `image` is the name that Cloud Run pulls the image by.
pub(super) fn job(
    job: &ContainerJob,
    image: &str,
    surroundings: &Surroundings,
) -> Result<NamedJob, PortError> {
    check_key(&job.key)?;
    let mut container =
        Container::new().set_name(CONTAINER).set_image(image).set_command(job.command.clone());
    if let Some(directory) = &job.directory {
        container = container.set_working_dir(directory);
    }
    let limits = [("cpu", &job.cpu), ("memory", &job.memory)];
    let limits: Vec<(&str, &String)> =
        limits.into_iter().filter_map(|(name, limit)| limit.as_ref().map(|limit| (name, limit))).collect();
    if !limits.is_empty() {
        container = container.set_resources(ResourceRequirements::new().set_limits(limits));
    }
    // No retries: the flow decides whether a script is run again.
    let mut task =
        TaskTemplate::new().set_max_retries(0).set_execution_environment(ExecutionEnvironment::Gen2);
    let (mut volumes, mut mounts) = (Vec::new(), Vec::new());
    if let Some(mount) = &job.mount {
        mounts.push(VolumeMount::new().set_name(VOLUME).set_mount_path(&mount.directory));
        volumes.push(Volume::new().set_name(VOLUME).set_gcs(volume(mount)));
    }
    // A container with a mount of its own works in that mount.
    let disk = surroundings.disk.as_ref().filter(|_| !is_for_one(job));
    if let Some(size) = disk {
        mounts.push(VolumeMount::new().set_name(DISK).set_mount_path(DISK_DIRECTORY));
        // The library does not know the medium of disks yet, which are a preview.
        let source = EmptyDirVolumeSource::new().set_medium("DISK").set_size_limit(size);
        volumes.push(Volume::new().set_name(DISK).set_empty_dir(source));
    }
    container = container.set_volume_mounts(mounts);
    task = task.set_volumes(volumes);
    if let Some(account) = &surroundings.account {
        task = task.set_service_account(account);
    }
    let template = ExecutionTemplate::new()
        .set_task_count(1)
        .set_parallelism(1)
        .set_template(task.set_containers([container]));
    let mut labels = vec![(OWNER.to_owned(), label(&surroundings.owner))];
    if is_for_one(job) {
        labels.extend(job.labels.iter().map(|(name, value)| (label(name), label(value))));
    }
    let mut made = Job::new().set_labels(labels).set_template(template);
    if disk.is_some() {
        made = made.set_launch_stage("BETA");
    }
    let id = if is_for_one(job) { job.key.clone() } else { shared_name(&made)? };
    Ok(NamedJob { id, job: made })
}

/// Whether a container cannot share its job: it sees a part of a bucket, or starts in a directory, that no other
/// container has.
fn is_for_one(job: &ContainerJob) -> bool {
    job.directory.is_some() || job.mount.as_ref().is_some_and(|mount| !mount.prefix.key.is_empty())
}

/// Whether many containers share the job with this name.
pub(super) fn is_shared(id: &str) -> bool {
    id.starts_with(SHARED)
}

/// The name of a shared job: a hash of everything in the job.
fn shared_name(job: &Job) -> Result<String, PortError> {
    let value = serde_json::to_value(job)
        .map_err(|error| PortError::invalid(format!("a job cannot be written as JSON: {error}")))?;
    let mut text = String::new();
    canonical(&value, &mut text);
    let hash: String = Sha256::digest(text).iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("{SHARED}{hash}"))
}

/// Writes JSON with sorted names, so that equal values are equal texts.
fn canonical(value: &Value, text: &mut String) {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| name.as_str());
            text.push('{');
            for (name, value) in fields {
                // Writing to a text cannot fail.
                let _never_fails = write!(text, "{name:?}:");
                canonical(value, text);
                text.push(',');
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for item in items {
                canonical(item, text);
                text.push(',');
            }
            text.push(']');
        }
        plain => text.push_str(&plain.to_string()),
    }
}

/// What one execution has of its own: arguments, variables and the time limit.
pub(super) fn overrides(job: &ContainerJob) -> Overrides {
    let labels: Vec<String> = job.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let marks = [(KEY_VARIABLE, job.key.clone()), (LABELS_VARIABLE, labels.join(","))];
    let variable = |name: &str, value: &str| EnvVar::new().set_name(name).set_value(value);
    let env = job.env.iter().map(|(name, value)| variable(name, value));
    let env = env.chain(marks.iter().map(|(name, value)| variable(name, value)));
    let container = ContainerOverride::new().set_name(CONTAINER).set_args(job.arguments.clone()).set_env(env);
    Overrides::new().set_container_overrides([container]).set_timeout(timeout(job.timeout))
}

/// Whether an execution is the container with this key.
pub(super) fn has_key(execution: &Execution, key: &str) -> bool {
    let containers = execution.template.iter().flat_map(|template| &template.containers);
    let mut variables = containers.flat_map(|container| &container.env);
    variables
        .any(|variable| variable.name == KEY_VARIABLE && variable.value().is_some_and(|value| value == key))
}

/// Mounts the prefix, also folders without an object. Any user of the image may write there and execute files.
fn volume(mount: &Mount) -> GCSVolumeSource {
    let mut options = vec!["implicit-dirs".to_owned(), "file-mode=777".to_owned(), "dir-mode=777".to_owned()];
    let prefix = mount.prefix.key.trim_matches('/');
    if !prefix.is_empty() {
        options.push(format!("only-dir={prefix}"));
        // An image without the shell script works in the mount. Without a limit, a folder that is not empty cannot be
        // renamed.
        options.push("rename-dir-limit=100000".to_owned());
    }
    GCSVolumeSource::new().set_bucket(&mount.prefix.bucket).set_mount_options(options)
}

fn timeout(asked: Option<Duration>) -> wkt::Duration {
    let seconds = asked.unwrap_or(USUAL_TIMEOUT).min(LONGEST_TIMEOUT).as_secs().max(1);
    wkt::Duration::clamp(i64::try_from(seconds).unwrap_or(i64::MAX), 0)
}

/// Checks a key before the request. Cloud Run would refuse the key later, with the name of its own field.
fn check_key(key: &str) -> Result<(), PortError> {
    let is_plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    let begins = key.starts_with(|letter: char| letter.is_ascii_lowercase());
    if begins && key.len() <= 49 && !key.ends_with('-') && key.chars().all(is_plain) {
        return Ok(());
    }
    Err(PortError::invalid(format!(
        "'{key}' is no name for a container: lower case letters, digits and dashes are meant, a letter first, no dash \
         last, at most 49"
    )))
}

/// The text as a label: lower-case letters, digits, dashes and underscores, at most 63.
pub(super) fn label(text: &str) -> String {
    let plain = |letter: char| match letter.to_ascii_lowercase() {
        letter if letter.is_ascii_alphanumeric() || letter == '-' || letter == '_' => letter,
        _ => '_',
    };
    text.chars().map(plain).take(63).collect()
}

#[cfg(test)]
mod tests;
