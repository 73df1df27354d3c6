//! Reads from the ports, answered in the types of `segue-api-types`.
//!
//! What it is: one module for each kind of thing. A query gives a type, so that handlers can answer with the type and
//! pages can show it. It takes what it looks for: ids, or the names and values of a search ([`crate::request::Query`]).
//!
//! What it must not know: methods, headers, bodies, and how an answer is sent.
//!
//! How to add one more: a function here, and a handler in `routes` that calls it.

pub(crate) mod backfills;
pub(crate) mod executions;
pub(crate) mod flows;
pub(crate) mod kv;
pub(crate) mod logs;
pub(crate) mod metrics;
pub(crate) mod namespace_files;
pub(crate) mod namespaces;
pub(crate) mod plugins;
pub(crate) mod triggers;
