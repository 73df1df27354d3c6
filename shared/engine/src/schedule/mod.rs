//! What fires when: the slots of schedules, the conditions of triggers, backfills, Flow triggers
//! (docs/kestra.md 5).
//!
//! What it is: [`Calendar`], the slots of a trigger in its time zone; [`ScheduleSettings`], what a Schedule says
//! besides; [`conditions`]; [`TriggerEnv`], what an execution gets of the trigger that fires it; [`backfill`], the
//! range of one; [`flow_trigger`], which executions fire a Flow trigger.
//!
//! What it must not know: the clock, how executions are made, where the state of a trigger is kept. The time is an
//! argument; what an expression asks of the outside is answered by lookups.
//!
//! How to add one more condition: an arm in `conditions`; its properties stand in the model's table.

pub mod backfill;
mod calendar;
pub mod conditions;
pub mod dates;
mod firing;
pub mod flow_trigger;
mod settings;
mod variables;

pub use calendar::{Calendar, CalendarError};
pub use firing::{Firing, Pending};
pub use settings::{Recover, ScheduleSettings, dates_calendar, schedule_calendar};
pub use variables::TriggerEnv;
