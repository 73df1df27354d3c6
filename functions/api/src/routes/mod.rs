//! The endpoints of the API, with one module for each kind of thing.

mod backfills;
mod blueprints;
mod concurrency;
mod dashboards;
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
mod secrets;
mod server;
mod stats;
mod storage;
mod triggers;
mod warehouse;

use crate::endpoint::{Endpoint, Kind, Param};
use crate::parts::Api;
use axum::Router;

/// The options of a preview of a file.
const PREVIEW: [Param; 3] = [
    Param::new("maxRows", Kind::Number(1), "The largest number of lines. Default: 100."),
    Param::new("offset", Kind::Number(0), "The number of rows or lines to skip. Default: 0."),
    Param::new("encoding", Kind::Text, "The encoding of the file. Default: UTF-8."),
];

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
        dashboards::endpoints(),
        kv::endpoints(),
        namespaces::endpoints(),
        secrets::endpoints(),
        namespace_files::endpoints(),
        plugins::endpoints(),
        blueprints::endpoints(),
        warehouse::endpoints(),
        storage::endpoints(),
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
