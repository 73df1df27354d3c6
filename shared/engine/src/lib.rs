//! The engine: what happens next in an execution. `decide(state, event, env) -> decision`, and nothing else.
//!
//! What it is: the rules of docs/kestra.md sections 1 and 2 as pure functions over an [`ExecutionState`]. A
//! [`Decision`] says what changed and which [`Effect`]s are to be brought about; the shell round it (crate
//! `segue-executor`) commits the one and brings about the other.
//!
//! What it must not know: IO, the clock, randomness, how task runs travel. The time is in [`Env`]; what an
//! expression asks of the outside is answered from a table, and what the table lacks is returned as
//! [`Decision::pending`], to be fetched before the next step.
//!
//! How to add one more: a flowable gets a variant in the model and its opening and its rule of the next child
//! in `flowable/`; an inline task type gets a file in `inline/`; an event gets an arm in `decide` and, where a
//! person can cause it, a rule in `refusal`.

mod admission;
mod attempt;
mod change;
pub mod check;
pub mod context;
pub mod decide;
mod dispatch;
pub mod effect;
mod ending;
mod evaluate;
mod flowable;
mod frame;
pub mod inline;
pub mod inputs;
mod kind;
mod level;
mod machine;
mod memo;
pub mod outputs;
pub mod plan;
mod reach;
mod refusal;
pub mod replay;
mod restart;
pub mod retry;
pub mod schedule;
mod secret_reader;
mod sla;
mod stage;
pub mod state;
mod stop;
mod subflows;
mod sweep;
mod timeout;
mod timer;
mod wait;

pub use decide::decide;
pub use effect::{Decision, Dispatch, Effect, SubflowRequest};
pub use plan::Plan;
pub use refusal::Refusal;
pub use state::{Env, ExecutionState};
