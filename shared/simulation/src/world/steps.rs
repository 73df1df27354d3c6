//! Records the start of every attempt, with its rendered properties.

use crate::store::Asker;
use segue_engine::Witness;
use segue_model::Json;
use segue_model::id::{ExecutionId, TaskRunId};
use segue_model::task::Task;
use segue_model::task_run::TaskRun;
use segue_template::Scope;
use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};

/// Renders the properties of an attempt for the record.
pub trait Record: Send + Sync + Debug {
    /// The properties as they are shown.
    fn properties(&self, execution: &ExecutionId, task: &Task, task_run: &TaskRun, scope: &Scope) -> Json;
}

/// The start of an attempt.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The execution.
    pub execution: ExecutionId,
    /// The task run.
    pub task_run: TaskRunId,
    /// The task.
    pub task_id: String,
    /// The value of the loop around the task run. `None` outside a loop.
    pub value: Option<String>,
    /// The number of the attempt, from 0.
    pub attempt: u32,
    /// The properties, as [`Record`] renders them.
    pub properties: Json,
}

impl Step {
    /// The name of the task run: `task`, or `task[value]` in a loop.
    pub fn name(&self) -> String {
        match &self.value {
            Some(value) => format!("{}[{value}]", self.task_id),
            None => self.task_id.clone(),
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Steps(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    steps: Vec<Step>,
    /// The positions in `steps` by task run and attempt.
    known: HashMap<(TaskRunId, u32), usize>,
}

impl Steps {
    pub(super) fn all(&self) -> Vec<Step> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).steps.clone()
    }

    /// Adds a step. The start of an interrupted step is shown again, and replaces the first one.
    fn add(&self, step: Step) {
        let mut guard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Seen { steps, known } = &mut *guard;
        let key = (step.task_run.clone(), step.attempt);
        match known.get(&key).and_then(|at| steps.get_mut(*at)) {
            Some(old) => *old = step,
            None => {
                known.insert(key, steps.len());
                steps.push(step);
            }
        }
    }
}

/// Sees the starts in one execution.
#[derive(Debug)]
pub(super) struct Recorder {
    pub(super) asker: Asker,
    pub(super) record: Arc<dyn Record>,
    pub(super) steps: Arc<Steps>,
}

impl Witness for Recorder {
    fn starts(&self, task: &Task, task_run: &TaskRun, scope: &Scope) {
        // The table of the engine's step knows only the answers that the engine itself has asked for.
        let scope = Scope { lookups: Arc::new(self.asker.clone()), ..scope.clone() };
        let properties = self.record.properties(&self.asker.execution, task, task_run, &scope);
        self.steps.add(Step {
            execution: self.asker.execution.clone(),
            task_run: task_run.id.clone(),
            task_id: task.id.clone(),
            value: task_run.value.clone(),
            attempt: task_run.ended_attempts(),
            properties,
        });
    }
}
