//! Runs flows to their end on the embedded platform, in this process.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, in its helpers too")]

mod ai;
mod alert;
mod blueprints;
mod compatibility;
mod dbt;
mod endless;
mod git;
mod golden;
mod plan;
mod platform;
mod postgres;
mod taxi;
