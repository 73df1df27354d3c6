//! Clients of Segue's REST API: verbs that ask a server on this machine or a deployed API.
//!
//! A verb of this module must not open the data directory; such verbs are in [`local`](super::local).

pub(crate) mod backfill;
pub(crate) mod execution;
pub(crate) mod flow;
pub(crate) mod kv;
pub(crate) mod logs;
pub(crate) mod namespace;
pub(crate) mod trigger;
