//! Converts a container to a Cloud Run job.

use google_cloud_run_v2::model::{
    Container, EnvVar, ExecutionEnvironment, ExecutionTemplate, GCSVolumeSource, Job, ResourceRequirements,
    TaskTemplate, Volume, VolumeMount,
};
use google_cloud_wkt as wkt;
use segue_ports::PortError;
use segue_ports::container::{ContainerJob, Mount};
use std::time::Duration;

/// The default time limit of a container. Cloud Run's own default is ten minutes.
const USUAL_TIMEOUT: Duration = Duration::from_secs(24 * 3600);
/// The longest time limit.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(168 * 3600);
/// The name of the volume.
const VOLUME: &str = "files";

/// The job for a container. `image` is the name that Cloud Run pulls the image by.
pub(super) fn job(job: &ContainerJob, image: &str, account: Option<&str>) -> Result<Job, PortError> {
    check_key(&job.key)?;
    let mut container = Container::new()
        .set_image(image)
        .set_command(job.command.clone())
        .set_args(job.arguments.clone())
        .set_env(job.env.iter().map(|(name, value)| EnvVar::new().set_name(name).set_value(value)));
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
    let mut task = TaskTemplate::new()
        .set_timeout(timeout(job.timeout))
        .set_max_retries(0)
        .set_execution_environment(ExecutionEnvironment::Gen2);
    if let Some(mount) = &job.mount {
        container = container
            .set_volume_mounts([VolumeMount::new().set_name(VOLUME).set_mount_path(&mount.directory)]);
        task = task.set_volumes([Volume::new().set_name(VOLUME).set_gcs(volume(mount))]);
    }
    if let Some(account) = account {
        task = task.set_service_account(account);
    }
    let labels = job.labels.iter().map(|(name, value)| (label(name), label(value)));
    let template = ExecutionTemplate::new()
        .set_task_count(1)
        .set_parallelism(1)
        .set_template(task.set_containers([container]));
    Ok(Job::new().set_labels(labels).set_template(template))
}

/// Mounts only the prefix, also folders without an object. Any user of the image may write there and execute
/// files.
fn volume(mount: &Mount) -> GCSVolumeSource {
    let only = format!("only-dir={}", mount.prefix.key.trim_matches('/'));
    GCSVolumeSource::new().set_bucket(&mount.prefix.bucket).set_mount_options([
        "implicit-dirs",
        only.as_str(),
        "file-mode=777",
        "dir-mode=777",
        // Without a limit, a folder that is not empty cannot be renamed.
        "rename-dir-limit=100000",
    ])
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
fn label(text: &str) -> String {
    let plain = |letter: char| match letter.to_ascii_lowercase() {
        letter if letter.is_ascii_alphanumeric() || letter == '-' || letter == '_' => letter,
        _ => '_',
    };
    text.chars().map(plain).take(63).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use segue_ports::object::ObjectAddress;
    use serde_json::json;

    #[test]
    fn a_container_becomes_a_job() {
        let made = job(
            &ContainerJob {
                key: "run-1".to_owned(),
                image: "alpine".to_owned(),
                command: vec!["/bin/sh".to_owned()],
                arguments: vec!["-c".to_owned(), "true".to_owned()],
                directory: Some("/segue/work".to_owned()),
                env: [("A".to_owned(), "1".to_owned())].into(),
                mount: Some(Mount {
                    prefix: ObjectAddress::new("bucket", "some/where"),
                    directory: "/segue".to_owned(),
                }),
                timeout: Some(Duration::from_secs(90)),
                cpu: Some("2".to_owned()),
                memory: Some("1Gi".to_owned()),
                labels: [("Flow".to_owned(), "company.Taxi".to_owned())].into(),
            },
            "alpine",
            Some("jobs@demo"),
        )
        .unwrap();
        let made = serde_json::to_value(made).unwrap();
        // Enumerations are sent as numbers.
        assert_eq!(
            made,
            json!({
                "labels": {"flow": "company_taxi"},
                "template": {"taskCount": 1, "parallelism": 1, "template": {
                    "containers": [{
                        "image": "alpine", "command": ["/bin/sh"], "args": ["-c", "true"],
                        "workingDir": "/segue/work", "env": [{"name": "A", "value": "1"}],
                        "resources": {"limits": {"cpu": "2", "memory": "1Gi"}},
                        "volumeMounts": [{"name": "files", "mountPath": "/segue"}]
                    }],
                    "volumes": [{"name": "files", "gcs": {"bucket": "bucket", "mountOptions":
                        ["implicit-dirs", "only-dir=some/where", "file-mode=777", "dir-mode=777", "rename-dir-limit=100000"]}}],
                    "timeout": "90s", "maxRetries": 0, "serviceAccount": "jobs@demo",
                    "executionEnvironment": 2
                }}
            })
        );
    }

    #[test]
    fn a_container_runs_for_a_day_and_never_more_than_a_week() {
        let seconds = |asked: Option<u64>| timeout(asked.map(Duration::from_secs)).seconds();
        assert_eq!(
            [seconds(None), seconds(Some(0)), seconds(Some(7)), seconds(Some(u64::MAX))],
            [86_400, 1, 7, 604_800]
        );
    }

    #[test]
    fn a_name_no_job_can_have_is_refused() {
        let long = "a".repeat(50);
        for key in ["", "1a", "A", "a_b", "a-", "a/b", long.as_str()] {
            let refused =
                job(&ContainerJob { key: key.to_owned(), ..ContainerJob::default() }, "alpine", None);
            assert!(refused.is_err(), "{key}");
        }
    }
}
