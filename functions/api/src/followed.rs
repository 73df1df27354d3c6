//! An execution that a client follows: its versions, and the task runs that workers have begun.

use crate::looks::{Glance, Looks};
use crate::parts::Api;
use crate::queries::executions::mark_begun;
use segue_executor::Begun;
use segue_model::id::ExecutionId;
use segue_ports::state::StoredExecution;
use std::time::Duration;

/// The longest wait for a wake-up where reads cost nothing. A change by another process wakes no follower of this process.
pub(crate) const PATIENCE: Duration = Duration::from_millis(400);

/// A followed execution.
pub(crate) struct Followed {
    id: ExecutionId,
    glance: Glance,
    looks: Looks,
    last: Option<StoredExecution>,
    /// The version that the client has.
    sent: Option<u64>,
    /// Whether a task run may wait for a worker.
    waits: bool,
    has_changed: bool,
}

/// The result of one look.
pub(crate) enum Seen<'a> {
    /// The execution was deleted. Nothing more happens.
    Gone,
    /// The client has the last known state.
    Same,
    /// The client does not have this state yet.
    News(&'a StoredExecution),
}

impl Followed {
    /// Follows an execution. `sent` is the version that the client already has.
    pub(crate) fn new(api: &Api, id: ExecutionId, sent: Option<u64>) -> Self {
        let looks = Looks::new(&api.ports, PATIENCE);
        Self { id, glance: Glance::default(), looks, last: None, sent, waits: false, has_changed: false }
    }

    /// The id of the execution.
    pub(crate) fn id(&self) -> &ExecutionId {
        &self.id
    }

    /// The time until the next look.
    pub(crate) fn pause(&mut self) -> Duration {
        self.looks.pause(self.has_changed)
    }

    /// Looks at the execution. What it returns counts as sent.
    pub(crate) async fn look(&mut self, api: &Api) -> Seen<'_> {
        self.has_changed = self.glance.has_changed(api.state(), &self.id, false).await.unwrap_or(false);
        if self.has_changed {
            match api.state().execution(&self.id).await {
                Ok(None) => return Seen::Gone,
                Ok(Some(stored)) => {
                    // A known version keeps the task runs that are marked as begun.
                    if self.last.as_ref().is_none_or(|last| last.version != stored.version) {
                        (self.last, self.waits) = (Some(stored), true);
                    }
                }
                // A store that does not answer may answer later.
                Err(_) => self.glance.forget(),
            }
        }
        let Some(stored) = &mut self.last else { return Seen::Same };
        // The begin of a task run does not change the version of the execution.
        let begun =
            if self.waits { mark_begun(api, stored).await.unwrap_or_default() } else { Begun::default() };
        self.waits = begun.waiting > 0;
        let is_last = stored.execution.state.current().is_terminal();
        let is_news = self.sent.is_none_or(|sent| stored.version > sent);
        if !is_last && begun.marked == 0 && !is_news {
            return Seen::Same;
        }
        self.sent = Some(stored.version);
        Seen::News(stored)
    }
}
