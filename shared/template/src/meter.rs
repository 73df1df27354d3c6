//! The interface for stopping a rendering by time or memory. A limit of steps does not limit time or memory on a given
//! machine. This crate has no clock and cannot see the memory. So the caller passes in a [`Meter`].

use std::fmt;

/// Makes a [`Watch`] for each rendering.
pub trait Meter: Send + Sync + fmt::Debug {
    /// Called on the thread of the rendering when it begins.
    fn begin(&self) -> Box<dyn Watch>;
}

/// Decides whether one rendering may continue.
pub trait Watch: Send + Sync + fmt::Debug {
    /// Why the rendering must stop, as the end of a sentence about the expression (`took longer than 5 s`). `None` if
    /// it may continue. Called every few dozen steps, on the thread of the rendering.
    fn stop(&self) -> Option<String>;
}
