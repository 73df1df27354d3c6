//! What a refusal for want of a role means.
//!
//! A role that was just granted takes effect after some minutes. So the first refusals of a port are a fault of the
//! platform, and requests are tried again. A refusal that lasts is an error that only a person can remove. Each port has
//! roles of its own, so each has its own first refusal.

use segue_ports::PortError;
use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a granted role may take to have its effect. Google says: usually two minutes, sometimes seven or more.
const PROPAGATION: Duration = Duration::from_secs(8 * 60);

/// The time of the first refusal of each port in this process.
static FIRST: LazyLock<Mutex<HashMap<&'static str, Instant>>> = LazyLock::new(Mutex::default);

/// The error of a port for a request that Google refused for want of a role. `what` names the requested thing.
pub(crate) fn denied(port: &'static str, what: &str, said: &str) -> PortError {
    let first =
        *FIRST.lock().unwrap_or_else(PoisonError::into_inner).entry(port).or_insert_with(Instant::now);
    after(first.elapsed(), port, what, said)
}

fn after(since_first: Duration, port: &'static str, what: &str, said: &str) -> PortError {
    if since_first < PROPAGATION {
        return PortError::unavailable(port, format!("{what}: {said}"));
    }
    PortError::invalid(format!(
        "{port}: Google Cloud does not allow it, {what}: {said}. Grant the account of this service {} (docs/roles.md \
         lists the roles of each service)",
        role(port)
    ))
}

/// The role that the requests of a port need. Google often does not name it.
fn role(port: &str) -> &'static str {
    match port {
        "state store" => "`roles/datastore.user` on the database",
        "secrets" => "`roles/secretmanager.secretAccessor` on the secret",
        "event bus" => {
            "`roles/pubsub.publisher` on the topic, or for a delay `roles/cloudtasks.enqueuer` on the queue and \
             `roles/iam.serviceAccountUser` on the account `tasks`"
        }
        "jobs of schedules" => "`cloudscheduler.jobs.create` and its like on the project",
        _ => "the role it needs",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_that_lasts_is_no_fault_that_passes() {
        let early = after(Duration::from_secs(60), "secrets", "segue-KEY", "denied");
        assert!(early.is_transient(), "{early}");
        let late = after(PROPAGATION, "secrets", "segue-KEY", "denied");
        assert!(!late.is_transient());
        assert!(late.to_string().contains("segue-KEY: denied. Grant the account"), "{late}");
        assert!(late.to_string().contains("`roles/secretmanager.secretAccessor` on the secret"), "{late}");
    }

    #[test]
    fn the_named_roles_are_those_that_are_documented() {
        let documented = include_str!("../../../docs/roles.md");
        for port in ["state store", "secrets", "event bus", "jobs of schedules"] {
            let roles: Vec<&str> = role(port).split('`').skip(1).step_by(2).collect();
            assert!(!roles.is_empty(), "{port}");
            for name in roles.into_iter().filter(|name| name.contains('.')) {
                assert!(documented.contains(&format!("`{name}`")), "{name}");
            }
        }
    }
}
