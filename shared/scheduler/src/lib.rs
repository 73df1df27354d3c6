//! The scheduler: which executions the triggers of flows fire, and when (docs/kestra.md 5).
//!
//! What it is: [`Scheduler`], which takes ticks, ends of executions and requests for backfills, keeps the states of
//! triggers and the records of backfills, and has the executor make the executions. The rules of slots, conditions
//! and windows are the engine's (`segue_engine::schedule`).
//!
//! What it must not know: who ticks (a loop in the same process, Cloud Scheduler), how an execution runs, any
//! technology behind a port.
//!
//! How to add one more trigger type: its line in the model's table, a module here that turns what happens into a
//! `NewExecution`, and an arm where that is told of.

mod backfill;
mod error;
mod fire;
mod flow_trigger;
mod listeners;
mod manual;
mod memo;
mod reached;
mod scheduler;
mod states;
mod sweep;
mod tick;
mod webhook;

pub use backfill::{BackfillPreview, PreviewExecution, PreviewSlot};
pub use error::SchedulerError;
pub use scheduler::{Scheduler, SchedulerParts};
pub use webhook::{WebhookOutcome, WebhookRequest};
