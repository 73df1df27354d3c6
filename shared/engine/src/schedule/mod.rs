//! Decides when triggers fire: the slots of schedules, the conditions of triggers, backfills, Flow triggers
//! (docs/kestra.md 5).
//!
//! What it is:
//! - [`Calendar`]: the slots of a trigger in its time zone.
//! - [`NamedSlot`]: the slot that a person names.
//! - [`ScheduleSettings`]: the other properties of a Schedule.
//! - [`conditions`]: the conditions of triggers.
//! - [`TriggerEnv`]: the values that a trigger gives to its execution.
//! - [`backfill`]: the range of a backfill.
//! - [`flow_trigger`]: the executions that fire a Flow trigger.
//!
//! What it must not know: the clock, how executions are created, where the state of a trigger is stored. The time is an
//! argument. Lookups answer the questions of expressions.
//!
//! How to add one more condition: an arm in `conditions`, and its properties in the model's table.

pub mod backfill;
mod calendar;
pub mod conditions;
pub mod dates;
mod firing;
pub mod flow_trigger;
mod named;
mod settings;
mod variables;

pub use calendar::{Calendar, CalendarError};
pub use firing::{Firing, Pending};
pub use named::NamedSlot;
pub use settings::{Recover, ScheduleSettings, dates_calendar, schedule_calendar};
pub use variables::TriggerEnv;
