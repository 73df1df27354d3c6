//! Tests the API as clients use it, with requests and answers. The API runs on the embedded platform with an executor.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

mod access;
mod backfills;
mod clients;
mod dashboards;
mod executions;
mod flows;
mod follow;
mod harness;
mod health;
mod hostile;
mod keeping;
mod observing;
mod openapi;
mod patient;
mod secrets;
mod storage;
mod types;
mod warehouse;
