//! Random names: for objects, jobs and processes that must not share a name with any other.

/// A new random name: 122 random bits from the system, as 32 hexadecimal digits.
#[expect(clippy::disallowed_methods, reason = "the one source of random names")]
pub fn random_name() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}
