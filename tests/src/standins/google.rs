//! The stand-ins of one port: Cloud Tasks, Cloud Run jobs, Secret Manager. Their paths do not overlap.

use super::{jobs, secrets, tasks};
use axum::Router;

/// All stand-ins. `storage` is the address of the objects that containers mount, as in
/// `STORAGE_EMULATOR_HOST`.
pub fn app(storage: Option<String>) -> Router {
    let storage = storage.map(|address| {
        let address = if address.contains("://") { address } else { format!("http://{address}") };
        address.trim_end_matches('/').to_owned()
    });
    tasks::app().merge(jobs::app(storage)).merge(secrets::app())
}
