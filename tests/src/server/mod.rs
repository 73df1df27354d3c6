//! A `segue server` as a separate process, and a client of its API.
//!
//! It is for programs that test the server from outside: the crash test and the load test.

mod client;
pub mod poison;
mod process;
pub mod scripts;
pub mod seed;
pub mod volumes;

pub use client::{Client, Ended};
pub use process::ServerProcess;
