//! What a task service adds to a service: task types, what they run in, and the cycle round one attempt.
//!
//! What it is: [`Task`], which a task type implements; [`TaskContext`], which it runs in (rendering, log, metrics,
//! files, cancellation); [`TaskList`], the types one service has; [`TaskService`], which takes a task-run message
//! and claims, renders, runs, records and reports the attempt so that a duplicate, a late message or a crash
//! between any two steps does no harm.
//!
//! What it must not know: a single task type, how a message was delivered, which adapter stands behind a port,
//! what the flow does with the result.
//!
//! How to add one more: a task type is not added here but in its function's crate: one file with the properties
//! struct and `impl Task`, and one line in that crate's `tasks()`.

mod attempt;
mod coerce;
mod containers;
mod context;
mod cycle;
mod error;
mod journal;
mod lease;
mod list;
mod overlay;
mod settings;
mod shared_directory;
mod task;
#[cfg(feature = "testing")]
pub mod testing;
mod working_dir;

pub use containers::{ContainerPlace, ContainerRules, ContainerRulesError};
pub use context::TaskContext;
pub use cycle::TaskService;
pub use error::TaskError;
pub use journal::log_file_path;
pub use list::TaskList;
pub use segue_lookups::outbound;
pub use segue_template::{Masker, ion};
pub use settings::TaskSettings;
pub use shared_directory::SHARED_FILES;
pub use task::Task;
