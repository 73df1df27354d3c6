//! Verbs that work on this machine: on files and on the data directory.
//!
//! A verb that needs the data directory opens the directory itself, so no server may have it open. A verb of this
//! module must not ask the REST API; such verbs are in [`remote`](super::remote). `stop` is no verb: it is how `run` and
//! `server` stop.

pub(crate) mod backup;
pub(crate) mod expr;
pub(crate) mod query;
pub(crate) mod run;
pub(crate) mod server;
pub(crate) mod stop;
pub(crate) mod tables;
pub(crate) mod validate;
