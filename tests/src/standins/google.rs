//! The stand-ins of one port: Cloud Tasks, Cloud Run jobs, Cloud Scheduler, Secret Manager. Their paths do not overlap.

use super::{jobs, scheduler, secrets, tasks};
use axum::Router;

/// All stand-ins. `storage` is the address of the objects that containers mount, as in `STORAGE_EMULATOR_HOST`, and
/// `pubsub` the address that jobs of Cloud Scheduler publish to, as in `PUBSUB_EMULATOR_HOST`.
pub fn app(storage: Option<String>, pubsub: Option<String>) -> Router {
    let url = |address: String| {
        let address = if address.contains("://") { address } else { format!("http://{address}") };
        address.trim_end_matches('/').to_owned()
    };
    tasks::app()
        .merge(jobs::app(storage.map(url)))
        .merge(scheduler::app(pubsub.map(url)))
        .merge(secrets::app())
}
