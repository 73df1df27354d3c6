//! The arguments of a step in addition to the execution and the event: time, answers, limits, the server's variables.

use jiff::Timestamp;
use segue_model::task::Task;
use segue_model::task_run::TaskRun;
use segue_model::{Cipher, Map};
use segue_template::{LookupTable, Renderer, Scope};
use std::fmt::Debug;
use std::sync::Arc;

/// Time, answers, limits and variables for a step.
#[derive(Clone, Debug)]
pub struct Env {
    /// Renders expressions.
    pub renderer: Renderer,
    /// Answers fetched so far.
    pub lookups: LookupTable,
    /// The time of this step, or of this part of the step.
    pub now: Timestamp,
    /// The largest number of task runs that a step starts before it is interrupted.
    pub budget: usize,
    /// The largest number of values of a loop.
    pub most_values: usize,
    /// The root variables that belong to the server: `envs`, `globals`, `kestra`.
    pub globals: Arc<Map>,
    /// Encrypts and decrypts values of type SECRET.
    pub cipher: Cipher,
    /// Sees the start of every task run. `None` if nobody looks, as in every real execution.
    pub witness: Option<Arc<dyn Witness>>,
}

/// Sees task runs start, for simulations. A witness changes nothing: the step has the same result with it and without
/// it.
pub trait Witness: Send + Sync + Debug {
    /// An attempt of a task run starts now. Its expressions see `scope`. If the step is interrupted, the same start is
    /// shown again.
    fn starts(&self, task: &Task, task_run: &TaskRun, scope: &Scope);
}
