//! Renders the expressions of flows so that none of them blocks a server.
//!
//! What it is: [`Allowance`], which stops a rendering after a time limit or a memory limit, and
//! [`off_thread`], which runs rendering work where no other work waits for it.
//!
//! What it must not know: what is rendered, and for whom.

mod allowance;
mod memory;
mod off_thread;
mod permits;

pub use allowance::Allowance;
pub use off_thread::off_thread;
