//! The shell round the engine: load, decide, commit if unchanged, publish.
//!
//! What it is: [`Executor`], which takes messages about executions and brings about what the engine decides,
//! and the making of executions ([`NewExecution`]).
//!
//! What it must not know: the rules of flows (the engine's), any technology behind a port, how expressions ask
//! (that is [`Answers`], given by who composes the service).
//!
//! How to add one more: a new effect of the engine gets an arm in `effects`.

mod answers;
mod cache;
mod create;
mod effects;
mod executor;
mod observer;
mod translate;

pub use answers::Answers;
pub use create::{CreateError, NewExecution};
pub use executor::{Executor, ExecutorParts};
pub use observer::{NoObserver, Observer};
