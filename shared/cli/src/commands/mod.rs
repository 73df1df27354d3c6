//! The verbs of the command line, one file (or folder, where a verb has verbs of its own) each.
//!
//! `local` has the verbs that work on this machine: on files and on the data directory. `remote` has the clients of
//! Segue's REST API. To add a verb, add its file to one of the two and its arm to [`Command`](crate::Command).

pub(crate) mod local;
pub(crate) mod remote;
