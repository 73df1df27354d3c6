//! The scheduler as a service: a push endpoint for ticks, reached states of executions and requests for backfills. The
//! work is in `segue-scheduler`.

/// The text of the service's `function.yaml`.
pub const FUNCTION: &str = include_str!("../function.yaml");
