//! Verbs that read files or the data directory of this machine.
//!
//! A verb that needs the data directory opens the directory itself. So no server may have the directory open. Verbs
//! that call the REST API are in [`remote`](super::remote). The files `stop`, `google` and `markdown` are not verbs.
//! `stop` stops `run` and `server`, `google` has the settings of Google's APIs for both, and `markdown` shows pages.

pub(crate) mod backup;
pub(crate) mod credentials;
pub(crate) mod docs;
pub(crate) mod env;
pub(crate) mod explain;
pub(crate) mod expr;
pub(crate) mod google;
pub(crate) mod init;
mod markdown;
pub(crate) mod plan;
pub(crate) mod query;
pub(crate) mod run;
pub(crate) mod schema;
pub(crate) mod server;
pub(crate) mod stop;
pub(crate) mod tables;
pub(crate) mod test;
pub(crate) mod validate;
