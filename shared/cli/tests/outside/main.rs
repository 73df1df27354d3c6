//! What a newcomer meets in the first days, seen from outside: the program is started, and its output and exit code are
//! read. The names of the tests say what somebody once had to find out the hard way.
//!
//! - `world`: a folder with files, and the program in it
//! - `flows`: flows without a server
//! - `verbs`: verbs that need no flow or no server
//! - `server`: verbs next to a running server
//! - `kestra`: behaviour that flows for Kestra rely on
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod flows;
mod kestra;
mod server;
mod verbs;
mod world;
