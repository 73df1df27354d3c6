//! The API as its clients see it: requests in, answers out, over the embedded platform with an executor at work.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

mod access;
mod backfills;
mod executions;
mod flows;
mod follow;
mod harness;
mod hostile;
mod keeping;
mod observing;
mod openapi;
mod patient;
mod types;
