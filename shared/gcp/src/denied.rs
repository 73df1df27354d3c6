//! What a refusal for want of a role means.
//!
//! A role that was just granted takes effect after some minutes. So the first refusals of a process are a fault of the
//! platform, and requests are tried again. A refusal that lasts is an error that only a person can remove.

use segue_ports::PortError;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

/// How long a granted role may take to have its effect. Google says: usually two minutes, sometimes seven or more.
const PROPAGATION: Duration = Duration::from_secs(8 * 60);

/// The time of the first refusal in this process.
static FIRST: LazyLock<Instant> = LazyLock::new(Instant::now);

/// The error of a port for a request that Google refused for want of a role. `what` names the requested thing.
pub(crate) fn denied(port: &'static str, what: &str, said: &str) -> PortError {
    after(FIRST.elapsed(), port, what, said)
}

fn after(since_first: Duration, port: &'static str, what: &str, said: &str) -> PortError {
    if since_first < PROPAGATION {
        return PortError::unavailable(port, format!("{what}: {said}"));
    }
    PortError::invalid(format!(
        "{port}: Google Cloud does not allow it, {what}: {said}. Grant the account of this service the role it needs \
         (docs/roles.md lists the roles of each service)"
    ))
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
    }
}
