//! The configuration of a service for tasks that ask for a container.

use thiserror::Error;

/// The variable that sets where container tasks run.
const MODE: &str = "SEGUE_CONTAINERS";
/// The variable that lists what containers may use of the machine.
const ALLOW: &str = "SEGUE_CONTAINERS_ALLOW";

/// Where a task runs that asks for a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContainerMode {
    /// Only in containers. The task fails if there are none.
    Docker,
    /// Always as processes of this machine. The image is ignored.
    Process,
    /// Nowhere. The task fails.
    Refuse,
}

/// What tasks that ask for a container may do. By default, they may use nothing of the machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ContainerRules {
    /// Where the tasks run. None: in containers if there are any, or else as processes of this machine, with
    /// a warning.
    pub mode: Option<ContainerMode>,
    /// Whether a container may be privileged.
    pub privileged: bool,
    /// Whether a container may mount folders of the machine or named volumes.
    pub volumes: bool,
    /// Whether a container may join the network of the machine or of another container.
    pub host_network: bool,
}

/// A variable with an unknown value. The service does not start: a guess could allow what should be
/// forbidden.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{variable} is '{given}', but must be {expected}")]
pub struct ContainerRulesError {
    variable: &'static str,
    given: String,
    expected: &'static str,
}

impl ContainerRules {
    /// Reads `SEGUE_CONTAINERS` and `SEGUE_CONTAINERS_ALLOW` through `variable`. An empty variable counts as
    /// not set.
    ///
    /// # Errors
    /// [`ContainerRulesError`] for an unknown word.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self, ContainerRulesError> {
        let mut rules = Self::default();
        let mode = variable(MODE).unwrap_or_default();
        rules.mode = match mode.trim() {
            "" => None,
            "docker" => Some(ContainerMode::Docker),
            "process" => Some(ContainerMode::Process),
            "refuse" => Some(ContainerMode::Refuse),
            other => {
                let expected = "docker, process or refuse";
                return Err(ContainerRulesError { variable: MODE, given: other.to_owned(), expected });
            }
        };
        for word in variable(ALLOW).unwrap_or_default().split(',') {
            match word.trim() {
                "" => {}
                "privileged" => rules.privileged = true,
                "volumes" => rules.volumes = true,
                "host-network" => rules.host_network = true,
                other => {
                    let expected = "a list of privileged, volumes and host-network, separated by commas";
                    return Err(ContainerRulesError { variable: ALLOW, given: other.to_owned(), expected });
                }
            }
        }
        Ok(rules)
    }

    /// The rules of a server that authenticates its callers: container tasks need Docker, unless the
    /// configuration says where they run.
    #[must_use]
    pub fn guarded(self) -> Self {
        Self { mode: Some(self.mode.unwrap_or(ContainerMode::Docker)), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(mode: &str, allow: &str) -> Result<ContainerRules, String> {
        let variable = |name: &str| match name {
            "SEGUE_CONTAINERS" => Some(mode.to_owned()),
            "SEGUE_CONTAINERS_ALLOW" => Some(allow.to_owned()),
            _ => None,
        };
        ContainerRules::from_variables(variable).map_err(|error| error.to_string())
    }

    #[test]
    fn nothing_is_allowed_unless_it_is_named() {
        assert_eq!(ContainerRules::from_variables(|_| None).unwrap(), ContainerRules::default());
        assert_eq!(read("", " , ").unwrap(), ContainerRules::default());
        assert_eq!(read(" docker ", "").unwrap().mode, Some(ContainerMode::Docker));
        assert_eq!(read("process", "").unwrap().mode, Some(ContainerMode::Process));
        assert_eq!(read("refuse", "").unwrap().mode, Some(ContainerMode::Refuse));
        let volumes = ContainerRules { volumes: true, ..ContainerRules::default() };
        assert_eq!(read("", "volumes").unwrap(), volumes);
        let all = ContainerRules { mode: None, privileged: true, volumes: true, host_network: true };
        assert_eq!(read("", "privileged, volumes ,host-network").unwrap(), all);
    }

    #[test]
    fn an_unknown_word_is_refused() {
        let error = read("dcoker", "").unwrap_err();
        assert_eq!(error, "SEGUE_CONTAINERS is 'dcoker', but must be docker, process or refuse");
        let error = read("", "volumes,network").unwrap_err();
        assert!(error.contains("SEGUE_CONTAINERS_ALLOW is 'network'"), "{error}");
    }

    #[test]
    fn a_guarded_server_needs_docker_unless_configured_otherwise() {
        assert_eq!(ContainerRules::default().guarded().mode, Some(ContainerMode::Docker));
        assert_eq!(read("process", "").unwrap().guarded().mode, Some(ContainerMode::Process));
    }
}
