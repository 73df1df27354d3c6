//! The addresses of the emulators.

#![expect(
    clippy::disallowed_methods,
    reason = "a test passes its own environment on, or has its settings there"
)]

use anyhow::Context as _;

/// The addresses of the emulators, as `tests/tools/emulators.sh env` prints them.
#[derive(Clone, Debug)]
pub struct Environment {
    /// The project of the emulators.
    pub project: String,
    /// Firestore, `host:port`.
    pub firestore: String,
    /// Pub/Sub, `host:port`.
    pub pubsub: String,
    /// Cloud Storage, as a URL.
    pub storage: String,
}

impl Environment {
    /// Reads the process's variables.
    ///
    /// # Errors
    /// The name of a missing variable.
    pub fn from_env() -> anyhow::Result<Self> {
        let variable = |name: &str| {
            std::env::var(name).with_context(|| {
                format!("{name} is not set: start the emulators with `make emulators`, or run under on-emulators.sh")
            })
        };
        Ok(Self {
            project: variable("SEGUE_PROJECT")?,
            firestore: variable("FIRESTORE_EMULATOR_HOST")?,
            pubsub: variable("PUBSUB_EMULATOR_HOST")?,
            storage: url(variable("STORAGE_EMULATOR_HOST")?),
        })
    }

    /// The address of Pub/Sub's REST methods for this project, with a slash at the end.
    pub fn pubsub_project(&self) -> String {
        format!("{}/v1/projects/{}/", url(self.pubsub.clone()), self.project)
    }
}

fn url(address: String) -> String {
    if address.contains("://") { address } else { format!("http://{address}") }
}
