//! Messages about triggers and backfills that were given up after too many deliveries. A request for a backfill is
//! stored as REFUSED. The sweep does again what the other messages should have done. Messages about executions belong
//! to the executor.

use crate::scheduler::Scheduler;
use async_trait::async_trait;
use segue_model::backfill::BackfillRequest;
use segue_ports::bus::GivenUp;
use segue_ports::wire::Message;
use segue_ports::{DeadLetterHandler, PortError, Verdict};

#[async_trait]
impl DeadLetterHandler for Scheduler {
    async fn given_up(&self, letter: GivenUp) -> Verdict {
        let Some(Message::Backfill(request)) = &letter.message else {
            return self.parts.executor.given_up(letter).await;
        };
        match self.give_up_backfill(request, letter.deliveries).await {
            Ok(()) => Verdict::Done,
            Err(error) if error.is_transient() => {
                tracing::warn!(%error, "the dead letter will be delivered again");
                Verdict::Retry
            }
            Err(error) => {
                tracing::error!(%error, "the dead letter cannot be handled");
                Verdict::Done
            }
        }
    }
}

impl Scheduler {
    async fn give_up_backfill(&self, request: &BackfillRequest, deliveries: u32) -> Result<(), PortError> {
        let why = format!(
            "the scheduler did not accept the request in {deliveries} deliveries; see its log, and start the backfill again"
        );
        self.refuse(request, &why).await
    }
}
