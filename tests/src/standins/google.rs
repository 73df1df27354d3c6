//! The stand-ins for Cloud Tasks, Cloud Run jobs, Cloud Scheduler and Secret Manager on one port. Their paths do not
//! overlap. The stand-in for Cloud Build is below `/cloud-build`.

use super::{builds, jobs, scheduler, secrets, tasks};
use axum::Router;

/// The routes of all stand-ins. `storage` is the address of Cloud Storage's emulator, for the objects that containers
/// mount, as in `STORAGE_EMULATOR_HOST`. `pubsub` is the address that jobs of Cloud Scheduler publish to, as in
/// `PUBSUB_EMULATOR_HOST`.
pub fn app(storage: Option<String>, pubsub: Option<String>) -> Router {
    let url = |address: String| {
        let address = if address.contains("://") { address } else { format!("http://{address}") };
        address.trim_end_matches('/').to_owned()
    };
    let storage = storage.map(url);
    tasks::app()
        .nest("/cloud-build", builds::app(storage.clone()))
        .merge(jobs::app(storage))
        .merge(scheduler::app(pubsub.map(url)))
        .merge(secrets::app())
}
