//! The interface for stopping a rendering by time or memory. Steps do not measure the time and memory that a
//! rendering takes on this machine, and this crate knows neither clock nor allocator. The caller passes in a
//! [`Meter`].

use std::fmt;

/// Watches renderings.
pub trait Meter: Send + Sync + fmt::Debug {
    /// A rendering begins now, on this thread.
    fn begin(&self) -> Box<dyn Watch>;
}

/// Watches one rendering.
pub trait Watch: Send + Sync + fmt::Debug {
    /// Why the rendering must stop, as the end of a sentence about the expression (`took longer than 5 s`).
    /// None while it may continue. Called every few dozen steps, on the rendering thread.
    fn stop(&self) -> Option<String>;
}
