//! What a service does with a task that belongs to the other.

use super::*;
use crate::remote::fake::FakeJobs;
use crate::testing::{Platform, shell};
use segue_task::{ContainerMode, ContainerRules};
use serde_json::{Value, json};
use std::sync::Arc;

/// A worker of a service. With `jobs`, containers run next to the services.
fn worker(service: &'static str, jobs: Option<&Arc<FakeJobs>>) -> Platform {
    let mut platform = Platform::new();
    platform.service = service;
    if let Some(jobs) = jobs {
        platform.ports.containers = Some(jobs.clone());
    }
    platform
}

fn jobs() -> Arc<FakeJobs> {
    Arc::new(FakeJobs::new(Platform::new().ports.objects.clone()))
}

fn container() -> Value {
    json!({"type": "io.kestra.plugin.scripts.shell.Commands", "containerImage": "alpine", "commands": ["echo ran"]})
}

/// An expression can have another value when the service renders it. Then the task fails, because the service
/// has no right to start containers.
#[tokio::test]
async fn the_service_for_processes_starts_no_containers() {
    let jobs = jobs();
    for task in [container(), json!({"type": "io.kestra.plugin.docker.cli.Run", "containerImage": "alpine"})]
    {
        let error = worker(PROCESSES, Some(&jobs)).run(task).await.error();
        assert!(error.contains("sent to the service 'script', and now asks for a container"), "{error}");
    }
    assert_eq!(jobs.started.lock().unwrap().len(), 0);
}

/// A process could use the right of this service to start containers.
#[tokio::test]
async fn the_service_for_containers_runs_no_processes() {
    let jobs = jobs();
    let ended = worker(CONTAINERS, Some(&jobs)).run(shell(&["echo ran"], json!({}))).await;
    assert!(!ended.log_text().contains("INFO ran"), "{}", ended.log_text());
    let error = ended.error();
    assert!(error.contains("sent to the service 'container', and now asks for a process"), "{error}");

    let mut worker = worker(CONTAINERS, Some(&jobs));
    worker.containers = ContainerRules { mode: Some(ContainerMode::Process), ..ContainerRules::default() };
    let ended = worker.run(container()).await;
    assert!(!ended.log_text().contains("INFO ran"), "{}", ended.log_text());
    let error = ended.error();
    assert!(error.contains("SEGUE_CONTAINERS=process does not apply"), "{error}");
    assert_eq!(jobs.started.lock().unwrap().len(), 0);
}

#[tokio::test]
async fn on_one_machine_each_service_runs_both() {
    let mut as_process = container();
    as_process["docker"] = json!({"host": "tcp://127.0.0.1:1"});
    for service in [PROCESSES, CONTAINERS] {
        for task in [shell(&["echo ran"], json!({})), as_process.clone()] {
            let log = worker(service, None).run(task).await.log_text();
            assert!(log.contains("INFO ran"), "{service}: {log}");
        }
    }
}
