//! The engine: what happens next in an execution. `decide(state, event, env) -> decision`, and nothing else.
//!
//! What it is: the rules of docs/kestra.md sections 1 and 2 as pure functions on an [`ExecutionState`]. A
//! [`Decision`] says what changed, and which [`Effect`]s must be carried out. The shell around the engine
//! (crate `segue-executor`) commits the changes and carries out the effects.
//!
//! What it must not know: IO, the clock, randomness, how task runs are sent. The time is in [`Env`]. What an
//! expression asks of the outside is answered from a table. Questions without an answer are returned as
//! [`Decision::pending`], to be fetched before the next step.
//!
//! How to add one more: a flowable gets a variant in the model, and its opening and the rule for its next
//! children in `flowable/` and `order.rs`; an inline task type gets a file in `inline/`; an event gets an arm in `decide` and,
//! if a person can cause it, a rule in `refusal`.

mod admission;
mod attempt;
mod change;
pub mod check;
pub mod context;
pub mod decide;
mod dispatch;
pub mod effect;
mod ending;
pub mod env;
mod evaluate;
mod flowable;
mod for_each_item;
mod frame;
pub mod inline;
pub mod inputs;
mod kind;
mod level;
mod machine;
mod memo;
mod order;
pub mod outputs;
pub mod plan;
mod reach;
mod refusal;
pub mod replay;
mod restart;
pub mod retry;
pub mod schedule;
mod scope;
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
pub use env::Env;
pub use plan::Plan;
pub use refusal::Refusal;
pub use state::ExecutionState;
