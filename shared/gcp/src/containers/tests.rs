use super::*;
use axum::Router;
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri};
use segue_ports::container::Mount;
use segue_ports::object::ObjectAddress;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

/// The status and the body for the number, the method and the path of a request.
type Answer = dyn Fn(usize, &Method, &str) -> (u16, Value) + Send + Sync;

/// What the service was asked, and its answers.
#[derive(Clone)]
struct Service {
    seen: Arc<Mutex<Vec<String>>>,
    answer: Arc<Answer>,
}

async fn handle(
    State(service): State<Service>,
    method: Method,
    uri: Uri,
    body: String,
) -> (StatusCode, String) {
    let mut seen = service.seen.lock().unwrap();
    seen.push(format!("{method} {} {body}", uri.path()));
    let (status, answer) = (service.answer)(seen.len(), &method, uri.path());
    (StatusCode::from_u16(status).unwrap(), answer.to_string())
}

/// The jobs on a service that answers with this function. The first argument counts the requests from 1.
async fn on(
    answer: impl Fn(usize, &Method, &str) -> (u16, Value) + Send + Sync + 'static,
) -> (CloudRunJobs, Service) {
    let service = Service { seen: Arc::default(), answer: Arc::new(answer) };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let router = Router::new().fallback(handle).with_state(service.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let config = PlatformConfig::from_variables(|name| match name {
        "SEGUE_PROJECT" => Some("p".to_owned()),
        "CLOUD_RUN_EMULATOR_HOST" => Some(address.clone()),
        "SEGUE_IMAGE_MIRROR" => Some("eu-docker.pkg.dev/p/segue".to_owned()),
        _ => None,
    });
    (CloudRunJobs::connect(&config.unwrap()).await.unwrap(), service)
}

fn refusal(code: u16, status: &str) -> (u16, Value) {
    (code, json!({"error": {"code": code, "status": status, "message": "so it says"}}))
}

fn ready() -> Value {
    json!({"name": "projects/p/locations/r/jobs/x",
        "terminalCondition": {"type": "Ready", "state": "CONDITION_SUCCEEDED"}})
}

fn alone() -> ContainerJob {
    let prefix = ObjectAddress::new("bucket", "some/where");
    ContainerJob {
        key: "run-1".to_owned(),
        image: "ghcr.io/kestra-io/pydata".to_owned(),
        mount: Some(Mount { prefix, directory: "/segue".to_owned() }),
        ..ContainerJob::default()
    }
}

#[tokio::test]
async fn a_job_that_is_being_deleted_is_made_again() {
    let (jobs, service) = on(|count, method, path| {
        let mut job = ready();
        if count <= 4 {
            job["deleteTime"] = json!("2024-01-01T00:00:00Z");
        }
        match (method, path.ends_with("/jobs")) {
            (&Method::GET, true) => (200, json!({"jobs": [job]})),
            (&Method::GET, false) => (200, job),
            _ if count <= 4 => refusal(409, "ALREADY_EXISTS"),
            _ => (200, json!({"name": "operations/1", "done": false})),
        }
    })
    .await;
    let place = jobs.prepare(&alone()).await.unwrap();
    assert_eq!(place, "projects/p/locations/europe-west1/jobs/run-1");
    let seen = service.seen.lock().unwrap().clone();
    let made: Vec<_> = seen.iter().filter(|one| one.starts_with("POST")).collect();
    assert_eq!(made.len(), 2, "{seen:?}");
    assert!(made[1].contains("eu-docker.pkg.dev/p/segue-ghcr/kestra-io/pydata"), "{made:?}");
}

#[tokio::test]
async fn a_job_that_is_known_is_run_without_a_question_until_it_is_gone() {
    let (jobs, service) = on(|count, method, _| match (count, method) {
        (2, _) => refusal(404, "NOT_FOUND"),
        (_, &Method::GET) => (200, ready()),
        _ => (
            200,
            json!({"name": "operations/1", "metadata":
            {"@type": "type.googleapis.com/google.cloud.run.v2.Execution", "name": "x-7"}}),
        ),
    })
    .await;
    let job = ContainerJob { key: "run-1".to_owned(), image: "alpine".to_owned(), ..ContainerJob::default() };
    let place = jobs.prepare(&job).await.unwrap();
    let gone = jobs.start(&place, &job).await.unwrap_err();
    assert!(gone.is_transient(), "{gone}");
    let count = || service.seen.lock().unwrap().len();
    let before = count();
    assert_eq!(jobs.prepare(&job).await.unwrap(), place);
    assert!(count() > before, "a job that is gone is looked for again");
    let before = count();
    jobs.prepare(&job).await.unwrap();
    assert_eq!(jobs.start(&place, &job).await.unwrap(), format!("{place}/executions/x-7"));
    assert_eq!(count(), before + 1);
}

#[tokio::test]
async fn a_quota_is_no_failure_and_no_second_request() {
    let (jobs, service) = on(|_, _, _| refusal(429, "RESOURCE_EXHAUSTED")).await;
    let job = ContainerJob { key: "run-1".to_owned(), ..ContainerJob::default() };
    let busy = jobs.start("projects/p/locations/r/jobs/x", &job).await.unwrap_err();
    assert!(matches!(busy, PortError::Exhausted { .. }), "{busy}");
    assert_eq!(service.seen.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_start_without_an_answer_is_not_repeated_by_the_client() {
    let (jobs, service) = on(|_, _, _| refusal(503, "UNAVAILABLE")).await;
    let job = ContainerJob { key: "run-1".to_owned(), ..ContainerJob::default() };
    jobs.start("projects/p/locations/r/jobs/x", &job).await.unwrap_err();
    assert_eq!(service.seen.lock().unwrap().len(), 1, "the first request may have started a container");
}

#[tokio::test]
async fn a_container_is_found_on_a_later_page() {
    let (jobs, _) = on(|count, _, _| {
        let execution = |name: &str, key: &str| {
            json!({"name": name, "template": {"containers": [{"env": [{"name": "SEGUE_CONTAINER", "value": key}]}]}})
        };
        if count == 1 {
            return (200, json!({"executions": [execution("x-9", "run-9")], "nextPageToken": "more"}));
        }
        (200, json!({"executions": [execution("x-2", "run-2"), execution("x-1", "run-1")]}))
    })
    .await;
    let job = "projects/p/locations/r/jobs/x";
    assert_eq!(jobs.find(job, "run-1").await.unwrap(), Some(format!("{job}/executions/x-1")));
    assert_eq!(jobs.find(job, "run-3").await.unwrap(), None);
}

#[tokio::test]
async fn the_janitor_removes_old_jobs_of_this_deployment_only() {
    let (jobs, service) = on(|_, method, _| {
        let job = |id: &str, owner: &str, created: &str| {
            json!({"name": format!("projects/p/locations/r/jobs/{id}"), "createTime": created,
                "labels": {"segue": owner}})
        };
        let old = "2020-01-01T00:00:00Z";
        let mut used = job("segue-shared-used", "segue", old);
        used["latestCreatedExecution"] = json!({"name": "x", "createTime": "2999-01-01T00:00:00Z"});
        match method {
            &Method::GET => {
                let foreign = json!({"name": "projects/p/locations/r/jobs/foreign", "createTime": old});
                let others = job("segue-shared-other", "other", old);
                (200, json!({"jobs": [job("segue-shared-old", "segue", old), used, others, foreign]}))
            }
            _ => (200, json!({"name": "operations/1"})),
        }
    })
    .await;
    jobs.tidy().await;
    jobs.tidy().await;
    let seen = service.seen.lock().unwrap().clone();
    let deleted: Vec<&str> =
        seen.iter().filter(|one| one.starts_with("DELETE")).map(|one| one.trim_end()).collect();
    assert_eq!(deleted, ["DELETE /v2/projects/p/locations/r/jobs/segue-shared-old"]);
    assert_eq!(seen.len(), 2, "a second round is not due: {seen:?}");
}
