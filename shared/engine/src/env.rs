//! The arguments of a step in addition to the execution and the event: time, answers, limits, the server's variables.

use jiff::Timestamp;
use segue_model::{Cipher, Map};
use segue_template::{LookupTable, Renderer};
use std::sync::Arc;

/// Time, answers, limits and variables for a step.
#[derive(Clone, Debug)]
pub struct Env {
    /// Renders expressions.
    pub renderer: Renderer,
    /// Answers fetched so far.
    pub lookups: LookupTable,
    /// The time of this step.
    pub now: Timestamp,
    /// The largest number of task runs that a step starts before it is interrupted.
    pub budget: usize,
    /// The largest number of values of a loop.
    pub most_values: usize,
    /// The root variables that belong to the server: `envs`, `globals`, `kestra`.
    pub globals: Arc<Map>,
    /// Encrypts and decrypts values of type SECRET.
    pub cipher: Cipher,
}
