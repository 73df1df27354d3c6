//! The jobs of schedules in Cloud Scheduler.

use crate::{platform, serve};
use axum::extract::{Path, State};
use axum::routing::post;
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use segue_gcp::CloudSchedulerJobs;
use segue_model::trigger_state::TriggerKey;
use segue_ports::conformance::tick_jobs;
use segue_ports::tick_jobs::{JobMade, TickJob, TickJobs as _};
use segue_ports::wire::Message;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

fn job(flow: &str, cron: &str) -> TickJob {
    TickJob { key: TriggerKey::new("company.team", flow, "t"), cron: cron.to_owned(), time_zone: None }
}

async fn rules(address: &str, rules: Value) {
    let url = format!("{address}/standin/scheduler");
    assert!(reqwest::Client::new().post(url).json(&rules).send().await.unwrap().status().is_success());
}

#[tokio::test]
async fn jobs_conform_to_their_port() {
    let (_, config) = platform(None, &[]).await;
    tick_jobs::all(&CloudSchedulerJobs::connect(&config).await.unwrap()).await.unwrap();
}

/// What a job publishes is a tick, without a time.
#[tokio::test]
async fn a_job_publishes_ticks() {
    type Seen = Arc<Mutex<Vec<(String, Value)>>>;
    async fn publish(State(seen): State<Seen>, Path(topic): Path<String>, Json(body): Json<Value>) {
        seen.lock().unwrap().push((topic, body));
    }
    let seen = Seen::default();
    let app = Router::new().route("/v1/projects/demo/topics/{topic}", post(publish)).with_state(seen.clone());
    let pubsub = serve(app).await;
    let (address, config) = platform(None, &[("PUBSUB_EMULATOR_HOST", &pubsub)]).await;
    let jobs = CloudSchedulerJobs::connect(&config).await.unwrap();
    assert_eq!(jobs.put(&job("taxi", "@daily")).await.unwrap(), JobMade::Yes);
    let url = format!("{address}/v1/projects/demo/locations/europe-west1/jobs");
    let listed: Value = reqwest::get(&url).await.unwrap().json().await.unwrap();
    let made = &listed["jobs"][0];
    assert_eq!((&made["schedule"], &made["timeZone"]), (&json!("0 0 * * *"), &json!("Etc/UTC")));
    assert_eq!(made["description"], "Segue: company.team.taxi, trigger t");
    let run = format!("{address}/v1/{}:run", made["name"].as_str().unwrap());
    assert!(reqwest::Client::new().post(run).send().await.unwrap().status().is_success());
    let (topic, body) = seen.lock().unwrap().remove(0);
    assert_eq!(topic, "segue-trigger-events:publish");
    let data = STANDARD.decode(body["messages"][0]["data"].as_str().unwrap()).unwrap();
    let tick = TriggerKey::new("company.team", "taxi", "t");
    assert_eq!(Message::from_body(&data, "1").unwrap(), Message::Tick(tick));
    // The bytes are those of Terraform's `jsonencode`.
    assert_eq!(data, br#"{"flowId":"taxi","namespace":"company.team","triggerId":"t"}"#);
}

#[tokio::test]
async fn a_full_region_and_a_missing_api_are_no_errors() {
    let (address, config) = platform(None, &[]).await;
    let jobs = CloudSchedulerJobs::connect(&config).await.unwrap();
    rules(&address, json!({"most": 1})).await;
    assert_eq!(jobs.put(&job("a", "@daily")).await.unwrap(), JobMade::Yes);
    let full = jobs.put(&job("b", "@daily")).await.unwrap();
    assert!(matches!(&full, JobMade::No(why) if why.contains("exceed 1")), "{full:?}");
    assert_eq!(jobs.put(&job("a", "@hourly")).await.unwrap(), JobMade::Yes, "a change needs no room");
    assert_eq!(jobs.keys().await.unwrap(), [job("a", "").key]);
    rules(&address, json!({"isEnabled": false})).await;
    let missing = jobs.put(&job("a", "@daily")).await.unwrap();
    assert!(matches!(&missing, JobMade::No(why) if why.contains("has not been used")), "{missing:?}");
    for error in [jobs.keys().await.unwrap_err(), jobs.delete(&job("a", "").key).await.unwrap_err()] {
        assert!(!error.is_transient(), "{error}");
    }
}

/// Jobs of others, and the sweep, are not those of schedules.
#[tokio::test]
async fn jobs_of_others_are_left_alone() {
    let (address, config) = platform(None, &[]).await;
    let jobs = CloudSchedulerJobs::connect(&config).await.unwrap();
    let parent = "projects/demo/locations/europe-west1/jobs";
    for (id, topic, data) in [
        ("segue-sweep", "segue-trigger-events", json!({"kind": "sweep"})),
        ("other", "other", json!({"flowId": "f", "namespace": "n", "triggerId": "t"})),
    ] {
        let target = json!({"topicName": format!("projects/demo/topics/{topic}"), "data": STANDARD.encode(data.to_string())});
        let body = json!({"name": format!("{parent}/{id}"), "schedule": "7 * * * *", "pubsubTarget": target});
        let url = format!("{address}/v1/{parent}");
        assert!(reqwest::Client::new().post(url).json(&body).send().await.unwrap().status().is_success());
    }
    assert_eq!(jobs.keys().await.unwrap(), []);
}
