//! How a test wants its system: faults, variables, second processes.

use super::faults::{Faults, FirestoreFaults};
use std::collections::BTreeMap;

/// The settings of a system. The default has no faults, and one process for each function.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// The faults between Pub/Sub and the functions.
    pub faults: Faults,
    /// The faults between the functions and Firestore.
    pub firestore: FirestoreFaults,
    /// More variables of every process. The last one of several with the same name counts.
    pub variables: Vec<(String, String)>,
    /// The functions with a second process. Its name is the function's name, followed by `-2`.
    pub seconds: Vec<&'static str>,
    /// More variables of single processes, by the name of the process.
    pub processes: BTreeMap<&'static str, Vec<(String, String)>>,
}

impl Setup {
    /// Sets a variable of every process.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The variables of a single process.
    pub(super) fn of_process(&self, name: &str) -> &[(String, String)] {
        self.processes.get(name).map(Vec::as_slice).unwrap_or_default()
    }
}
