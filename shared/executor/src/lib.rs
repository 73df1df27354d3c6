//! The shell around the engine: load, decide, commit if unchanged, publish.
//!
//! What it is: [`Executor`], which handles messages about executions and carries out what the engine decides,
//! and the creation of executions ([`NewExecution`]).
//!
//! What it must not know: the rules of flows (these are in the engine), any technology behind a port, how
//! expressions get answers (in `segue-lookups`).
//!
//! How to add one more: a new effect of the engine gets an arm in `effects`; a new action of people on an
//! execution gets a method in `actions`.

mod actions;
mod begun;
mod cache;
mod config;
mod create;
mod dead_letters;
mod effects;
mod evaluate;
mod executor;
mod mailbox;
mod observer;
mod pace;
mod parts;
mod recover;
mod step;
mod timers;
mod translate;
mod watch;

pub use actions::ActionError;
pub use begun::{Begun, mark_begun};
pub use config::ExecutorConfig;
pub use create::{CreateError, NewExecution};
pub use effects::retry_id;
pub use executor::Executor;
pub use observer::{NoObserver, Observer};
pub use parts::ExecutorParts;
pub use watch::{Change, Watch};
