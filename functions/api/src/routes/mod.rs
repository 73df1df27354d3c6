//! The endpoints of the API, with one module for each kind of thing.

mod backfills;
mod concurrency;
mod events;
mod executions;
mod flows;
mod kv;
mod logs;
mod metrics;
mod namespace_files;
mod namespaces;
mod outputs;
mod plugins;
mod server;
mod stats;
mod triggers;
mod warehouse;

use crate::endpoint::Endpoint;
use crate::parts::Api;
use axum::Router;

/// Every endpoint below `/api/v1`.
pub(crate) fn endpoints() -> Vec<Endpoint> {
    [
        flows::endpoints(),
        executions::endpoints(),
        outputs::endpoints(),
        logs::endpoints(),
        events::endpoints(),
        metrics::endpoints(),
        triggers::endpoints(),
        backfills::endpoints(),
        concurrency::endpoints(),
        kv::endpoints(),
        namespaces::endpoints(),
        namespace_files::endpoints(),
        plugins::endpoints(),
        warehouse::endpoints(),
        stats::endpoints(),
        server::endpoints(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The endpoints outside `/api/v1`, such as `/health` and `/prometheus`.
pub(crate) fn open() -> Router<Api> {
    server::open()
}
