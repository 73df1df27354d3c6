//! Flows, run to their end on the embedded platform, in this process.

mod compatibility;
mod golden;
mod platform;
mod taxi;
