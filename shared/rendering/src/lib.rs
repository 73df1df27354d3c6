//! Expressions that flows bring along, rendered so that none of them holds up a server.
//!
//! What it is: [`Allowance`], which stops a render by the clock and by the memory it takes, and [`off_thread`], which
//! runs work that renders where it keeps no other work waiting.
//!
//! What it must not know: what is rendered, and for whom.

mod allowance;
mod memory;
mod off_thread;
mod places;

pub use allowance::Allowance;
pub use off_thread::off_thread;
