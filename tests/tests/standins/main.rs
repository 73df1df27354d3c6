//! Tests the adapters of Cloud Tasks, Cloud Run jobs, Cloud Build, Cloud Scheduler and Secret Manager on the stand-ins.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

mod bucket;
mod builds;
mod containers;
mod database;
mod delays;
mod schedules;
mod secrets;

use axum::Router;
use segue_gcp::PlatformConfig;
use segue_tests::standins::google;

/// Serves on loopback and returns the address.
async fn serve(app: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

/// Starts new stand-ins. Returns their address, and a configuration with this address and the variables in `more`.
async fn platform(storage: Option<String>, more: &[(&str, &str)]) -> (String, PlatformConfig) {
    let pubsub =
        more.iter().find(|(name, _)| *name == "PUBSUB_EMULATOR_HOST").map(|(_, value)| (*value).to_owned());
    let address = serve(google::app(storage, pubsub)).await;
    let config = PlatformConfig::from_variables(|name| match name {
        "SEGUE_PROJECT" => Some("demo".to_owned()),
        "CLOUD_TASKS_EMULATOR_HOST"
        | "CLOUD_RUN_EMULATOR_HOST"
        | "CLOUD_SCHEDULER_EMULATOR_HOST"
        | "SECRET_MANAGER_EMULATOR_HOST" => Some(address.clone()),
        other => more.iter().find(|(known, _)| *known == other).map(|(_, value)| (*value).to_owned()),
    });
    (address, config.unwrap())
}
