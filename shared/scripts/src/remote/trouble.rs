//! What happens if the platform fails around a container. The attempt goes on later, for a time that depends on the
//! failure. Then it fails, and the container and its files are removed.

use super::container::Remote;
use segue_ports::PortError;
use segue_task::TaskError;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// How long a container that cannot be started is tried. A role that was just granted has its effect within minutes. A
/// failure that lasts longer is an error of the installation.
const START: Duration = Duration::from_secs(600);
/// How long a container waits for a quota: other containers end, and rates recover.
const QUOTA: Duration = Duration::from_secs(3600);
/// How long a container that may run is asked about. A container runs for at most 7 days.
const RUN: Duration = Duration::from_secs(8 * 24 * 3600);

impl Remote {
    pub(super) async fn trouble(&self, error: PortError) -> TaskError {
        let is_unstarted = self.is_unstarted.load(Ordering::Relaxed);
        if self.context.age() < patience(&error, is_unstarted) {
            self.context.warn(format!("{error}; the next try follows"));
            return self.context.unfinished();
        }
        self.clear_away().await;
        TaskError::failed(error.to_string())
    }
}

/// The age at which an attempt with this error fails.
fn patience(error: &PortError, is_unstarted: bool) -> Duration {
    match (error, is_unstarted) {
        (_, false) => RUN,
        (PortError::Exhausted { .. }, true) => QUOTA,
        (_, true) => START,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_is_waited_for_and_work_that_runs_is_not_given_up() {
        let quota = PortError::Exhausted { port: "containers", message: String::new() };
        let down = PortError::unavailable("containers", "");
        assert_eq!([patience(&quota, true), patience(&down, true)], [QUOTA, START]);
        assert_eq!([patience(&quota, false), patience(&down, false)], [RUN, RUN]);
    }
}
