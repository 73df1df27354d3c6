//! Runs flows in memory, in virtual time, without any effect outside of the process.
//!
//! What it is: [`world`] drives the engine. It plays the services, the timers and the stores. The engine's inline tasks
//! and flowables run for real. [`suite`] runs the test cases of `segue test` in such a world, and [`forecast`] says what a run would
//! do for `segue plan`.
//!
//! What it must not know: IO, the clock, randomness, adapters. The contents of files and the answers to questions of
//! expressions are arguments.
//!
//! How to add one more use: implement [`Services`] and [`Record`], and run a [`World`].

mod create;
pub mod forecast;
mod overlay;
mod properties;
mod store;
pub mod suite;
mod tree;
pub mod world;

pub use create::{New, Refused};
pub use properties::own_properties;
pub use store::{Asker, Outside, Store};
pub use world::{Attempt, Outcome, Record, Services, Settings, Simulated, Step, World, WorldError};
