//! The engine decides what happens next in an execution: `decide(state, event, env) -> decision`.
//!
//! What it is: the rules of docs/kestra.md sections 1 and 2 as pure functions on an [`ExecutionState`]. A [`Decision`]
//! lists the changes, and the [`Effect`]s to carry out. The shell around the engine (crate `segue-executor`) commits
//! the changes and carries out the effects.
//!
//! What it must not know: IO, the clock, randomness, how task runs are sent. [`Env`] has the time. A table has the
//! answers to the questions of expressions, for example the value of a key. Questions without an answer are returned as
//! [`Decision::pending`]. The shell fetches the answers before the next step.
//!
//! How to add one more flowable: add a variant in the model, its opening in `flowable/` and the order of its children
//! in `order.rs`.
//!
//! How to add one more inline task type: add a file in `inline/`.
//!
//! How to add one more event: add an arm in `decide`. If a person can cause the event, also add a rule in `refusal`.

mod admission;
mod attempt;
mod breakpoint;
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

pub use decide::{conclude, decide, decide_part};
pub use effect::{Decision, Dispatch, Effect, SubflowRequest};
pub use env::{Env, Witness};
pub use plan::Plan;
pub use refusal::Refusal;
pub use state::ExecutionState;
pub use timer::retry_timer;
