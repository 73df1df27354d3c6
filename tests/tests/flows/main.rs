//! Runs flows to their end on the embedded platform, in this process.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, in its helpers too")]

mod ai;
mod alert;
mod compatibility;
mod dbt;
mod endless;
mod git;
mod golden;
mod plan;
mod platform;
mod postgres;
mod published;
mod taxi;
