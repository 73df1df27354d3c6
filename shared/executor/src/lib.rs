//! The shell round the engine: load, decide, commit if unchanged, publish.
//!
//! What it is: [`Executor`], which takes messages about executions and brings about what the engine decides,
//! and the making of executions ([`NewExecution`]).
//!
//! What it must not know: the rules of flows (the engine's), any technology behind a port, how expressions ask
//! (that is [`Answers`], given by who composes the service).
//!
//! How to add one more: a new effect of the engine gets an arm in `effects`; what people may ask of an execution
//! gets a method in `actions`.

mod actions;
mod cache;
mod create;
mod dead_letters;
mod effects;
mod evaluate;
mod executor;
mod observer;
mod parts;
mod timers;
mod translate;
mod watch;

pub use actions::ActionError;
pub use create::{CreateError, NewExecution};
pub use effects::retry_id;
pub use executor::Executor;
pub use observer::{NoObserver, Observer};
pub use parts::{ExecutorParts, globals};
pub use watch::{Change, Watch};
