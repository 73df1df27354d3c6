//! The verbs, one file (or folder, where they have verbs of their own) each.

pub(crate) mod backfill;
pub(crate) mod backup;
pub(crate) mod execution;
pub(crate) mod expr;
pub(crate) mod flow;
pub(crate) mod kv;
pub(crate) mod logs;
pub(crate) mod namespace;
pub(crate) mod query;
pub(crate) mod run;
pub(crate) mod server;
pub(crate) mod stop;
pub(crate) mod tables;
pub(crate) mod trigger;
pub(crate) mod validate;
