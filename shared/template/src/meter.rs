//! Who may stop a render beside its allowance of steps: steps say nothing of the time and the memory that a render
//! takes on this machine, and this crate knows neither clock nor allocator. Whoever renders passes in a [`Meter`].

use std::fmt;

/// Watches renders.
pub trait Meter: Send + Sync + fmt::Debug {
    /// A render begins now, on this thread.
    fn begin(&self) -> Box<dyn Watch>;
}

/// Watches one render.
pub trait Watch: Send + Sync + fmt::Debug {
    /// Why the render must stop, as the end of a sentence about the expression (`took longer than 5 s`); none while
    /// it may go on. Asked every few dozen steps, on the thread that renders.
    fn stop(&self) -> Option<String>;
}
