//! The verbs of the command line. Each verb has its own file, or its own folder if the verb has verbs below it.
//!
//! - `local`: verbs that read files or the data directory of this machine
//! - `remote`: verbs that call Segue's REST API
//!
//! To add a verb, add its file to `local` or `remote`, and an arm to [`Command`](crate::arguments::Command).

pub(crate) mod local;
pub(crate) mod remote;
