//! The stand-ins for Cloud Tasks, Cloud Run jobs and Secret Manager on one port. Their paths do not overlap.

use super::{jobs, secrets, tasks};
use axum::Router;

/// The routes of all stand-ins. `storage` is the address of Cloud Storage's emulator, for the objects that containers
/// mount, as in `STORAGE_EMULATOR_HOST`.
pub fn app(storage: Option<String>) -> Router {
    let storage = storage.map(|address| {
        let address = if address.contains("://") { address } else { format!("http://{address}") };
        address.trim_end_matches('/').to_owned()
    });
    tasks::app().merge(jobs::app(storage)).merge(secrets::app())
}
