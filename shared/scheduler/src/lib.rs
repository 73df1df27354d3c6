//! The scheduler: which executions the triggers of flows fire, and when (docs/kestra.md 5).
//!
//! What it is: [`Scheduler`], which handles ticks, reached states of executions and requests for backfills,
//! stores the states of triggers and the records of backfills, and asks the executor to create executions.
//! The rules of slots, conditions and windows are in the engine (`segue_engine::schedule`).
//!
//! What it must not know: who sends ticks (a loop in the same process, jobs of the platform), how an execution
//! runs, any technology behind a port.
//!
//! How to add one more trigger type: its line in the model's table, a module here that makes a `NewExecution`
//! from an event, and an arm where the event is handled.

mod arrived;
mod backfill;
mod dead_letters;
mod error;
mod fire;
mod flow_trigger;
mod jobs;
mod listeners;
mod listening;
mod manual;
mod memo;
mod polling;
mod reached;
mod realtime;
mod scheduler;
mod states;
mod sweep;
mod tick;
mod triggers;
mod webhook;

pub use backfill::{BackfillPreview, PreviewExecution, PreviewSlot};
pub use error::SchedulerError;
pub use manual::ManualRun;
pub use scheduler::{Scheduler, SchedulerParts};
pub use segue_engine::schedule::NamedSlot;
pub use webhook::{WebhookOutcome, WebhookRequest};
