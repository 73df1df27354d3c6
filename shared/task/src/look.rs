//! The looks of polling triggers. Most looks change nothing, and the scheduler takes one of several results. Such a look
//! needs no claim, so a look that finds nothing costs this service no write. A look that takes something away runs as
//! an attempt of a task does: under a claim, with a recorded result ([`crate::cycle`]).

use crate::attempt::{self, Ended};
use crate::context::TaskContext;
use crate::cycle::{TaskService, later, tried};
use crate::list::Entry;
use segue_model::event::TaskRunResult;
use segue_model::id::ExecutionId;
use segue_model::log::LogEntry;
use segue_model::state::State;
use segue_model::trigger_state::TriggerKey;
use segue_model::{Json, Map};
use segue_ports::wire::{Find, Look, Looked, Message, Resumed, TaskRunMessage, WIRE_VERSION};
use segue_ports::{Outgoing, PortError, Topic, Verdict};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// The largest number of log lines that the execution gets of its look.
const MOST_LINES: usize = 200;

impl TaskService {
    /// Looks for a polling trigger and reports the find, or settles an earlier find.
    pub(crate) async fn look(&self, message: TaskRunMessage, look: Look) -> Result<Verdict, PortError> {
        let (stop, lost) = (CancellationToken::new(), CancellationToken::new());
        let entry = self.list.get(&message.task_type);
        let context = TaskContext::new(self.service.clone(), message, stop.clone(), Arc::default());
        let ended = {
            let mut run = std::pin::pin!(attempt::run(&self.service, entry, &context, &stop, &lost));
            tokio::select! {
                ended = &mut run => ended,
                () = self.stopping.cancelled() => {
                    lost.cancel();
                    stop.cancel();
                    run.await
                }
            }
        };
        let log = context.journal().rest(&self.service.ports.storage).await;
        let result = match ended {
            Ended::Stopped => return Ok(Verdict::Stopped),
            Ended::Unfinished { begun_at, look_again } => {
                let resumed = Resumed { begun_at, holder: context.holder().to_owned() };
                let message = TaskRunMessage { resumed: Some(resumed), ..context.message().clone() };
                let due = later(self.service.ports.clock.now(), look_again);
                return self.look_again(message, due).await.map(|()| Verdict::Done);
            }
            Ended::Result(result) => result,
        };
        if look.settle.is_some() && entry.is_some_and(Entry::is_realtime) {
            // A realtime trigger was disconnected. There is no execution, and so no place for the lines.
            if let Some(error) = result.error {
                tracing::warn!(trigger = %look.key, error, "the trigger could not be disconnected");
            }
            return Ok(Verdict::Done);
        }
        if look.settle.is_some() {
            // The execution exists, so the lines have a place.
            tried(|| self.service.ports.state.append_logs(log.clone())).await?;
            return Ok(Verdict::Done);
        }
        let report = looked(look.key, &context.message().execution_id, *result, last_lines(log), false);
        tried(|| self.service.ports.bus.publish(vec![report.clone()])).await?;
        Ok(Verdict::Done)
    }
}

/// The report of a look.
pub(crate) fn looked(
    key: TriggerKey,
    id: &ExecutionId,
    result: TaskRunResult,
    log: Vec<LogEntry>,
    is_recorded: bool,
) -> Outgoing {
    let found = match result.state {
        State::Failed => Err(result.error.unwrap_or_else(|| "the look failed".to_owned())),
        _ => find_of(result.outputs),
    };
    let looked = Looked { version: WIRE_VERSION, key, execution_id: id.clone(), found, log, is_recorded };
    Outgoing { topic: Topic::Triggers, message: Message::Looked(Box::new(looked)) }
}

fn find_of(outputs: Map) -> Result<Find, String> {
    serde_json::from_value(Json::Object(outputs))
        .map_err(|error| format!("the find cannot be read: {error}; this is an error in Segue"))
}

fn last_lines(mut log: Vec<LogEntry>) -> Vec<LogEntry> {
    log.drain(..log.len().saturating_sub(MOST_LINES));
    log
}
