//! Reads from the ports, answered in the types of `segue-api-types`.
//!
//! What it is: one module for each kind of thing. The arguments of a query are ids, or the names and values of a search
//! ([`crate::request::Query`]). The result is a type of `segue-api-types`. A handler answers with the result.
//!
//! What it must not know: methods, headers, bodies, and how an answer is sent.
//!
//! How to add a query: write a function here, and a handler in `routes` that calls the function.

pub(crate) mod backfills;
pub(crate) mod blueprints;
pub(crate) mod concurrency;
pub(crate) mod dashboards;
pub(crate) mod executions;
pub(crate) mod flows;
pub(crate) mod health;
mod histogram;
pub(crate) mod kv;
pub(crate) mod logs;
pub(crate) mod metrics;
pub(crate) mod namespace_files;
pub(crate) mod namespaces;
pub(crate) mod plugin_icons;
pub(crate) mod plugins;
pub(crate) mod preview;
pub(crate) mod schedules;
pub(crate) mod secrets;
pub(crate) mod stats;
pub(crate) mod storage;
pub(crate) mod triggers;
pub(crate) mod usage;
