//! The faults of the real platform that no emulator has on its own.
//!
//! What it is: [`Proxy`] is between Pub/Sub and the functions. [`FirestoreProxy`] is between the functions and
//! Firestore. [`Clocks`] sets the clock of a process wrong.
//!
//! What it must not know: flows, and what a test expects.
//!
//! How to add one more fault: with a chance in every round, a field of [`Faults`] or [`FirestoreFaults`]; at will, a
//! variant of [`Rule`]; then a scenario in [`super::scenarios`].

mod clocks;
mod firestore;
mod message;
mod push;
mod route;
mod rule;

pub use clocks::Clocks;
pub use firestore::{FirestoreFaults, FirestoreProxy};
pub use push::{Faults, Proxy};
pub use route::Route;
pub use rule::Rule;
