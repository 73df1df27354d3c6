//! Tests containers as Cloud Run jobs.

use crate::bucket::{self, Objects};
use crate::{platform, serve};
use segue_gcp::CloudRunJobs;
use segue_ports::ContainerJobs as _;
use segue_ports::container::{ContainerJob, ContainerStatus, Mount};
use segue_ports::object::ObjectAddress;
use serde_json::{Value, json};
use std::time::Duration;

fn shell(key: &str, text: &str) -> ContainerJob {
    ContainerJob {
        key: key.to_owned(),
        image: "alpine".to_owned(),
        command: vec!["/bin/sh".to_owned(), "-c".to_owned()],
        arguments: vec![text.to_owned()],
        ..ContainerJob::default()
    }
}

async fn end(jobs: &CloudRunJobs, key: &str) -> ContainerStatus {
    let ended = async {
        loop {
            match jobs.status(key).await.unwrap() {
                ContainerStatus::Running => tokio::time::sleep(Duration::from_millis(50)).await,
                other => break other,
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), ended).await.unwrap()
}

async fn executions(address: &str, key: &str) -> u64 {
    let url = format!("{address}/v2/projects/demo/locations/europe-west1/jobs/{key}");
    let job: Value = reqwest::get(url).await.unwrap().json().await.unwrap();
    job["executionCount"].as_u64().unwrap()
}

#[tokio::test]
async fn a_container_is_started_once_and_ends() {
    let (address, config) = platform(None, &[]).await;
    let jobs = CloudRunJobs::connect(&config).await.unwrap();
    assert_eq!(jobs.status("a").await.unwrap(), ContainerStatus::Absent);
    jobs.remove("a").await.unwrap();
    let job = ContainerJob { env: [("N".to_owned(), "3".to_owned())].into(), ..shell("a", "sleep 0.$N") };
    jobs.start(&job).await.unwrap();
    assert_eq!(jobs.status("a").await.unwrap(), ContainerStatus::Running);
    jobs.start(&job).await.unwrap();
    assert_eq!(end(&jobs, "a").await, ContainerStatus::Ended { exit_code: Some(0), message: None });
    jobs.start(&job).await.unwrap();
    assert_eq!(executions(&address, "a").await, 1);
    jobs.remove("a").await.unwrap();
    assert_eq!(jobs.status("a").await.unwrap(), ContainerStatus::Absent);
}

#[tokio::test]
async fn the_reason_of_a_failure_is_known() {
    let (_, config) = platform(None, &[]).await;
    let jobs = CloudRunJobs::connect(&config).await.unwrap();
    jobs.start(&shell("code", "exit 3")).await.unwrap();
    jobs.start(&shell("signal", "kill -9 $$")).await.unwrap();
    jobs.start(&ContainerJob { timeout: Some(Duration::from_secs(1)), ..shell("late", "sleep 60") })
        .await
        .unwrap();
    jobs.start(&ContainerJob { command: vec!["/no/such".to_owned()], ..shell("none", "") }).await.unwrap();
    for (key, code, part) in [
        ("code", 3, "exit code: 3"),
        ("signal", 137, "signal: 9"),
        ("late", 137, "signal: 9"),
        ("none", 137, "/no/such cannot be started"),
    ] {
        let ContainerStatus::Ended { exit_code, message } = end(&jobs, key).await else { panic!("{key}") };
        assert_eq!(exit_code, Some(code), "{key}");
        assert!(message.as_ref().unwrap().contains(part), "{key}: {message:?}");
    }
}

#[tokio::test]
async fn a_job_that_was_created_but_not_run_is_run() {
    let (address, config) = platform(None, &[]).await;
    let jobs = CloudRunJobs::connect(&config).await.unwrap();
    let made = json!({"template": {"template": {"containers": [{"image": "alpine", "command": ["true"]}]}}});
    let url = format!("{address}/v2/projects/demo/locations/europe-west1/jobs?jobId=half");
    reqwest::Client::new().post(url).json(&made).send().await.unwrap().error_for_status().unwrap();
    assert_eq!(jobs.status("half").await.unwrap(), ContainerStatus::Absent);
    jobs.start(&shell("half", "true")).await.unwrap();
    assert_eq!(end(&jobs, "half").await, ContainerStatus::Ended { exit_code: Some(0), message: None });
}

#[tokio::test]
async fn a_prefix_of_a_bucket_is_a_directory() {
    let objects = Objects::default();
    for (name, text) in [
        ("e/1/in/ü 1.txt", "1"),
        ("e/1/changed", "2"),
        ("e/1/gone", "3"),
        ("e/10/other", "4"),
        ("e/1/same", "5"),
    ] {
        objects.lock().unwrap().insert(name.to_owned(), text.into());
    }
    let storage = serve(bucket::app(objects.clone())).await;
    let (_, config) = platform(Some(storage), &[]).await;
    let jobs = CloudRunJobs::connect(&config).await.unwrap();
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("mounted").to_string_lossy().into_owned();
    let text = "cat 'in/ü 1.txt' > \"$0/out.txt\"; printf changed > changed; rm gone; mkdir -p a/b; echo > a/b/c; ls";
    let mut job = shell("mount", text);
    job.arguments.push(directory.clone());
    job.directory = Some(directory.clone());
    job.mount = Some(Mount { prefix: ObjectAddress::new("bucket", "e/1"), directory: directory.clone() });
    jobs.start(&job).await.unwrap();
    assert_eq!(end(&jobs, "mount").await, ContainerStatus::Ended { exit_code: Some(0), message: None });
    let objects = objects.lock().unwrap();
    let expected = [
        ("e/1/a/b/c", "\n"),
        ("e/1/changed", "changed"),
        ("e/1/in/ü 1.txt", "1"),
        ("e/1/out.txt", "1"),
        ("e/1/same", "5"),
        ("e/10/other", "4"),
    ];
    let found: Vec<(&str, &str)> =
        objects.iter().map(|(name, bytes)| (name.as_str(), std::str::from_utf8(bytes).unwrap())).collect();
    assert_eq!(found, expected);
    assert!(!std::path::Path::new(&directory).exists());
}

#[tokio::test]
async fn a_container_at_work_is_stopped_with_all_it_started() {
    let (_, config) = platform(None, &[]).await;
    let jobs = CloudRunJobs::connect(&config).await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("alive");
    let text = format!("while true; do echo >> '{}'; sleep 0.05; done & wait", file.display());
    jobs.start(&shell("long", &text)).await.unwrap();
    tokio::time::timeout(Duration::from_secs(20), async {
        while !file.exists() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .unwrap();
    jobs.remove("long").await.unwrap();
    assert_eq!(jobs.status("long").await.unwrap(), ContainerStatus::Absent);
    tokio::time::sleep(Duration::from_millis(500)).await;
    let size = std::fs::metadata(&file).unwrap().len();
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(std::fs::metadata(&file).unwrap().len(), size);
}
