//! Helpers that the tests on emulators share.

#![expect(
    clippy::disallowed_methods,
    reason = "a test passes its own environment on, or has its settings there"
)]

use segue_gcp::PlatformConfig;

/// The configuration for the emulator with its address in the variable `emulator`. Without an address, the
/// test prints this and ends. With `SEGUE_TEST_EMULATORS=required` (`make test-gcp`), it fails instead.
pub(crate) fn config(emulator: &str) -> Option<PlatformConfig> {
    let given = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    if given(emulator).is_none() {
        assert!(
            given("SEGUE_TEST_EMULATORS").is_none(),
            "{emulator} is not set: `make test-gcp` starts the emulators and sets it"
        );
        eprintln!("skipped: no emulator, start them with `make emulators` ({emulator})");
        return None;
    }
    // A new prefix for each run, because an emulator keeps the data of earlier runs.
    let prefix = format!("t{}", segue_ports::random_name());
    let config = PlatformConfig::from_variables(|name| match name {
        "SEGUE_PROJECT" => Some(given(name).unwrap_or_else(|| "demo".to_owned())),
        "SEGUE_PREFIX" => Some(prefix.clone()),
        other => given(other),
    });
    Some(config.unwrap())
}
