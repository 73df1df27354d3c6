//! Tests containers as executions of Cloud Run jobs.

use crate::bucket::{self, Objects};
use crate::{platform, serve};
use futures::StreamExt as _;
use segue_gcp::CloudRunJobs;
use segue_ports::ContainerJobs as _;
use segue_ports::container::{ContainerJob, ContainerStatus, Mount};
use segue_ports::object::ObjectAddress;
use serde_json::Value;
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

async fn start(jobs: &CloudRunJobs, job: &ContainerJob) -> String {
    let place = jobs.prepare(job).await.unwrap();
    jobs.start(&place, job).await.unwrap()
}

async fn end(jobs: &CloudRunJobs, container: &str) -> ContainerStatus {
    let ended = async {
        loop {
            match jobs.status(container).await.unwrap() {
                ContainerStatus::Running => tokio::time::sleep(Duration::from_millis(50)).await,
                other => break other,
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), ended).await.unwrap()
}

const SUCCESS: ContainerStatus = ContainerStatus::Ended { exit_code: Some(0), message: None };

/// The number of executions of each job.
async fn executions(address: &str) -> Vec<u64> {
    let url = format!("{address}/v2/projects/demo/locations/europe-west1/jobs");
    let listed: Value = reqwest::get(url).await.unwrap().json().await.unwrap();
    let jobs = listed["jobs"].as_array().unwrap();
    jobs.iter().map(|job| job["executionCount"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn containers_of_one_image_share_a_job() {
    let (address, config) = platform(None, &[]).await;
    let jobs = CloudRunJobs::connect(&config).await.unwrap();
    let ended = futures::stream::iter(0..50)
        .map(|number| {
            let jobs = &jobs;
            async move {
                let env = [("N".to_owned(), number.to_string())].into();
                let text = format!("[ \"$N\" = {number} ] && exit {number}");
                let job = ContainerJob { env, ..shell(&format!("key-{number}"), &text) };
                let container = start(jobs, &job).await;
                (container.clone(), end(jobs, &container).await)
            }
        })
        .buffered(10)
        .collect::<Vec<_>>()
        .await;
    let place = jobs.prepare(&shell("other", "true")).await.unwrap();
    for (number, (container, ended)) in ended.iter().enumerate() {
        let ContainerStatus::Ended { exit_code, .. } = ended else { panic!("{ended:?}") };
        assert_eq!(
            *exit_code,
            Some(i32::try_from(number).unwrap()),
            "each has its own arguments and variables"
        );
        // A worker that does not know the container finds it.
        let other = CloudRunJobs::connect(&config).await.unwrap();
        let found = other.find(&place, &format!("key-{number}")).await.unwrap();
        assert_eq!(found.as_ref(), Some(container));
    }
    assert_eq!(jobs.find(&place, "key-50").await.unwrap(), None);
    assert_eq!(executions(&address).await, [50]);
}

#[tokio::test]
async fn what_no_execution_overrides_makes_another_job() {
    let (address, config) = platform(None, &[]).await;
    let jobs = CloudRunJobs::connect(&config).await.unwrap();
    let large = ContainerJob { memory: Some("4Gi".to_owned()), ..shell("b", "true") };
    let late = ContainerJob { timeout: Some(Duration::from_secs(5)), ..shell("c", "true") };
    for job in [shell("a", "true"), large, late] {
        let container = start(&jobs, &job).await;
        assert_eq!(end(&jobs, &container).await, SUCCESS);
        jobs.remove(&container).await.unwrap();
        assert_eq!(end(&jobs, &container).await, SUCCESS, "a shared job stays, with its executions");
    }
    let mut counts = executions(&address).await;
    counts.sort_unstable();
    assert_eq!(counts, [1, 2]);
}

#[tokio::test]
async fn what_does_not_exist_is_absent() {
    let (_, config) = platform(None, &[]).await;
    let jobs = CloudRunJobs::connect(&config).await.unwrap();
    let job = "projects/demo/locations/europe-west1/jobs/segue-shared-none";
    let container = format!("{job}/executions/none");
    assert_eq!(jobs.status(&container).await.unwrap(), ContainerStatus::Absent);
    assert_eq!(jobs.find(job, "a").await.unwrap(), None);
    for name in [job, &container, "projects/demo/locations/europe-west1/jobs/alone"] {
        jobs.remove(name).await.unwrap();
    }
    assert!(jobs.start(job, &shell("a", "true")).await.unwrap_err().is_transient());
}

#[tokio::test]
async fn an_unknown_image_is_a_sentence_that_says_what_to_do() {
    let (address, config) = platform(None, &[]).await;
    let jobs = CloudRunJobs::connect(&config).await.unwrap();
    let unknown = ContainerJob { image: "docker.io/library/missing".to_owned(), ..shell("a", "true") };
    let error = jobs.prepare(&unknown).await.unwrap_err();
    assert!(!error.is_transient());
    let text = error.to_string();
    assert!(
        text.contains("the image 'docker.io/library/missing'") && text.contains("not found. Check the name"),
        "{text}"
    );
    assert_eq!(executions(&address).await, [] as [u64; 0], "the job is removed");
}

#[tokio::test]
async fn the_reason_of_a_failure_is_known() {
    let (_, config) = platform(None, &[]).await;
    let jobs = CloudRunJobs::connect(&config).await.unwrap();
    let late = ContainerJob { timeout: Some(Duration::from_secs(1)), ..shell("late", "sleep 60") };
    let none = ContainerJob { command: vec!["/no/such".to_owned()], ..shell("none", "x") };
    for (job, code, part) in [
        (shell("code", "exit 3"), 3, "exit code: 3"),
        (shell("signal", "kill -9 $$"), 137, "signal: 9"),
        (late, 137, "signal: 9"),
        (none, 137, "/no/such cannot be started"),
    ] {
        let container = start(&jobs, &job).await;
        let ended = end(&jobs, &container).await;
        let ContainerStatus::Ended { exit_code, message } = ended else { panic!("{}", job.key) };
        assert_eq!(exit_code, Some(code), "{}", job.key);
        assert!(message.as_ref().unwrap().contains(part), "{}: {message:?}", job.key);
    }
}

/// The objects after a container worked in `e/1`.
async fn worked(job: impl FnOnce(&tempfile::TempDir) -> ContainerJob) -> Vec<(String, String)> {
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
    let machine = tempfile::tempdir().unwrap();
    let container = start(&jobs, &job(&machine)).await;
    assert_eq!(end(&jobs, &container).await, SUCCESS);
    assert_eq!(std::fs::read_dir(machine.path()).unwrap().count(), 0, "the mount is gone");
    let objects = objects.lock().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    objects.iter().map(|(name, bytes)| (name.clone(), text(bytes))).collect()
}

const WORK: &str =
    "cat 'in/ü 1.txt' > \"$0/out.txt\"; printf changed > changed; rm gone; mkdir -p a/b; echo > a/b/c; ls";

fn expected() -> Vec<(String, String)> {
    [
        ("e/1/a/b/c", "\n"),
        ("e/1/changed", "changed"),
        ("e/1/in/ü 1.txt", "1"),
        ("e/1/out.txt", "1"),
        ("e/1/same", "5"),
        ("e/10/other", "4"),
    ]
    .map(|(name, text)| (name.to_owned(), text.to_owned()))
    .into()
}

#[tokio::test]
async fn a_prefix_of_a_bucket_is_a_directory() {
    let found = worked(|machine| {
        let directory = machine.path().join("mounted").to_string_lossy().into_owned();
        let mut job = shell("mount", WORK);
        job.arguments.push(directory.clone());
        job.directory = Some(directory.clone());
        job.mount = Some(Mount { prefix: ObjectAddress::new("bucket", "e/1"), directory });
        job
    })
    .await;
    assert_eq!(found, expected());
}

#[tokio::test]
async fn a_bucket_is_a_directory() {
    let found = worked(|_| {
        let mut job = shell("mount", &format!("cd \"$0\"; {WORK}"));
        job.arguments.push("/mnt/somewhere/e/1".to_owned());
        let prefix = ObjectAddress::new("bucket", "");
        job.mount = Some(Mount { prefix, directory: "/mnt/somewhere".to_owned() });
        job
    })
    .await;
    assert_eq!(found, expected());
}

#[tokio::test]
async fn the_output_of_a_container_is_kept() {
    let (_, config) = platform(None, &[]).await;
    let jobs = CloudRunJobs::connect(&config).await.unwrap();
    let text = "echo '::{\"outputs\":{}}::'; echo '{\"a\": 1}'; echo oh >&2; seq 1200; kill -9 $$";
    let other = start(&jobs, &shell("other", "echo other")).await;
    let container = start(&jobs, &shell("a", text)).await;
    for container in [&other, &container] {
        end(&jobs, container).await;
    }
    let mut lines: Vec<(bool, String)> =
        jobs.output(&container).await.unwrap().into_iter().map(|line| (line.is_error, line.text)).collect();
    let last = lines.pop().unwrap();
    assert_eq!(last, (true, "oh".to_owned()));
    assert!(lines.iter().all(|(is_error, _)| !is_error));
    assert_eq!((lines[0].1.as_str(), lines[1].1.as_str()), ("::{\"outputs\":{}}::", "{\"a\":1}"));
    assert_eq!((lines.len(), lines[1201].1.as_str()), (1202, "1200"), "all pages are read");
    assert_eq!(jobs.output(&format!("{container}0")).await.unwrap(), []);
}

#[tokio::test]
async fn a_job_of_one_container_goes_with_it() {
    let (address, config) = platform(None, &[]).await;
    let jobs = CloudRunJobs::connect(&config).await.unwrap();
    let alone = ContainerJob { directory: Some("/".to_owned()), ..shell("alone", "true") };
    let container = start(&jobs, &alone).await;
    assert_eq!(end(&jobs, &container).await, SUCCESS);
    assert_eq!(executions(&address).await, [1]);
    jobs.remove(&container).await.unwrap();
    assert_eq!(jobs.status(&container).await.unwrap(), ContainerStatus::Absent);
    // A place in which nothing was started is removed too.
    let place = jobs.prepare(&alone).await.unwrap();
    jobs.remove(&place).await.unwrap();
    assert_eq!(executions(&address).await, [0; 0]);
}

#[tokio::test]
async fn a_container_at_work_is_stopped_with_all_it_started() {
    let (_, config) = platform(None, &[]).await;
    let jobs = CloudRunJobs::connect(&config).await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("alive");
    let text = format!("while true; do echo >> '{}'; sleep 0.05; done & wait", file.display());
    let other = start(&jobs, &shell("other", "sleep 2")).await;
    let long = start(&jobs, &shell("long", &text)).await;
    tokio::time::timeout(Duration::from_secs(20), async {
        while !file.exists() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .unwrap();
    jobs.remove(&long).await.unwrap();
    let ContainerStatus::Ended { exit_code, .. } = end(&jobs, &long).await else { panic!("it is gone") };
    assert_ne!(exit_code, Some(0));
    let size = std::fs::metadata(&file).unwrap().len();
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(std::fs::metadata(&file).unwrap().len(), size);
    assert_eq!(end(&jobs, &other).await, SUCCESS, "others in the same job go on");
}
