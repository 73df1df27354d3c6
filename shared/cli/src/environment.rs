//! Reads the environment variables. No other file of this crate reads them.

use segue_ports::Environment;

/// The environment variables of the process.
#[expect(clippy::disallowed_methods, reason = "a composition root: commands pass the environment on")]
pub(crate) fn environment() -> Environment {
    Environment::of_process()
}
