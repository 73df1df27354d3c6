//! Random names, for objects, jobs, processes and requests that must not share a name with any other; and random
//! numbers, for pauses.

use segue_model::id::ExecutionId;

/// A new random name: 122 random bits from the system, as 32 hexadecimal digits.
#[expect(clippy::disallowed_methods, reason = "the one source of random names")]
pub fn random_name() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

/// A new id for an execution that somebody asks for. Executions that a schedule, a backfill or a task creates have an id
/// that follows from their cause.
pub fn random_execution_id() -> ExecutionId {
    ExecutionId::derive(&["request", &random_name()])
}

/// A random number from 0 to 1, for pauses that several processes must not make in step.
#[expect(clippy::disallowed_methods, reason = "the one source of random numbers")]
pub fn random_fraction() -> f64 {
    let (bits, _) = uuid::Uuid::new_v4().as_u64_pair();
    (bits >> 32) as f64 / f64::from(u32::MAX)
}
