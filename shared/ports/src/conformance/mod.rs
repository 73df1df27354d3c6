//! What every adapter of a port must do, as checks that an adapter's tests call.
//!
//! What it is: a suite per port, each check an async function over the port's trait that is named after what it
//! checks. A check answers with the port's error where the adapter fails, and panics where it does wrong.
//!
//! What it must not know: any adapter, and what an adapter does besides its port.
//!
//! How to add one more: a function in the suite of its port, and its line in that suite's `all`.

pub mod event_bus;
pub mod object_store;
pub mod secret;
pub mod state_store;
pub mod warehouse;
