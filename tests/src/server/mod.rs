//! A `segue server` as a process of its own, and what is asked of it over its API.
//!
//! It is for programs that look at the server from outside: the crash test and the load test.

mod client;
pub mod poison;
mod process;
pub mod scripts;
pub mod seed;

pub use client::{Client, Ended};
pub use process::ServerProcess;
