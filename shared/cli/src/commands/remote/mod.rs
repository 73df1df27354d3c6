//! Verbs that call Segue's REST API, of a server on this machine or of a deployed API.
//!
//! Verbs that open the data directory are in [`local`](super::local).

pub(crate) mod backfill;
pub(crate) mod execution;
pub(crate) mod flow;
pub(crate) mod kv;
pub(crate) mod logs;
pub(crate) mod namespace;
pub(crate) mod secrets;
pub(crate) mod top;
pub(crate) mod trigger;
