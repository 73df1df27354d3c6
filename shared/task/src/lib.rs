//! What a task service adds to a service: task types, their environment, and the cycle around one attempt.
//!
//! What it is: [`Task`], which a task type implements; [`TaskContext`], the environment it runs in
//! (rendering, log, metrics, files, cancellation); [`TaskList`], the types of one service; [`TaskService`],
//! which takes a task-run message and claims, renders, runs, records and reports the attempt, so that a
//! duplicate, a late message or a crash between any two steps does no harm.
//!
//! What it must not know: any single task type, how a message was delivered, which adapter is behind a port,
//! what the flow does with the result.
//!
//! How to add one more: a task type is added in its function's crate, with one file for the properties struct
//! and `impl Task`, and one line in the crate's `tasks()`. A type of polling trigger is added in
//! the same way, with `impl PollingTrigger`, and a type of realtime trigger with `impl RealtimeTrigger`.

mod attempt;
mod coerce;
mod containers;
mod context;
mod cycle;
mod error;
pub mod google;
mod journal;
mod lease;
mod list;
mod look;
pub mod memory;
mod overlay;
mod polling;
mod realtime;
pub mod records;
mod settings;
mod shared_directory;
mod takeover;
mod task;
#[cfg(feature = "testing")]
pub mod testing;
mod working_dir;

pub use containers::{ContainerMode, ContainerRules, ContainerRulesError};
pub use context::TaskContext;
pub use cycle::TaskService;
pub use error::TaskError;
pub use journal::log_file_path;
pub use list::{DescribedType, TaskList, outputs_of, schema_of};
pub use polling::{Find, PollingTrigger, find_outputs};
pub use realtime::RealtimeTrigger;
pub use segue_lookups::outbound;
pub use segue_template::{Masker, ion, is_truthy, yaml};
pub use settings::{ScriptVariables, TaskSettings};
pub use shared_directory::SHARED_FILES;
pub use task::Task;
