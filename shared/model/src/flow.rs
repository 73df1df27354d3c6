//! A flow as the engine runs it: parsed, and with the plugin defaults (docs/kestra.md 1.1).

pub use crate::flow_output::FlowOutput;

use crate::Map;
use crate::input::Input;
use crate::label::Label;
use crate::retry::Retry;
use crate::state::State;
use crate::task::Task;
use crate::trigger::Trigger;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

/// A flow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Flow {
    /// The id, unique within the namespace.
    pub id: String,
    /// The namespace. Dots separate its levels: `company.team`.
    pub namespace: String,
    /// The number of the revision, from 1. The state store counts it.
    pub revision: u32,
    /// A text in Markdown. Templates in it are not rendered.
    pub description: Option<String>,
    /// The labels that every execution gets.
    pub labels: Vec<Label>,
    /// The declared inputs, in the order of the source.
    pub inputs: Vec<Input>,
    /// The values of `vars.*`. Templates in them are rendered only by `render(vars.x)`.
    pub variables: Map,
    /// The tasks. They run one after another.
    pub tasks: Vec<Task>,
    /// Tasks that run when a task failed and has no retry left.
    pub errors: Vec<Task>,
    /// Tasks that run at the end, even after a failure.
    pub finally: Vec<Task>,
    /// Tasks that run after the execution has its final state.
    pub after_execution: Vec<Task>,
    /// The declared outputs.
    pub outputs: Vec<FlowOutput>,
    /// The triggers, which start executions.
    pub triggers: Vec<Trigger>,
    /// How many executions may run at once. `None`: no limit.
    pub concurrency: Option<Concurrency>,
    /// The retry of tasks without a retry of their own or of a parent. `None`: no retry.
    pub retry: Option<Retry>,
    /// The SLAs: promises about each execution.
    pub sla: Vec<Sla>,
    /// Conditions that are checked before an execution is created.
    pub checks: Vec<Check>,
    /// Whether the flow is switched off. Then no trigger fires and nobody can start it.
    pub disabled: bool,
}

impl Flow {
    /// The task with this id, at any depth of the flow.
    pub fn task(&self, id: &str) -> Option<&Task> {
        [&self.tasks, &self.errors, &self.finally, &self.after_execution]
            .into_iter()
            .flatten()
            .find_map(|task| task.find(id))
    }

    /// The input with this id.
    pub fn input(&self, id: &str) -> Option<&Input> {
        self.inputs.iter().find(|input| input.id == id)
    }

    /// The trigger with this id.
    pub fn trigger(&self, id: &str) -> Option<&Trigger> {
        self.triggers.iter().find(|trigger| trigger.id == id)
    }
}

/// How many executions of a flow may run at once (docs/kestra.md 1.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Concurrency {
    /// The largest number of running executions, at least 1.
    pub limit: u32,
    /// What happens to an execution above the limit.
    pub behavior: ConcurrencyBehavior,
}

/// What happens to an execution above the concurrency limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ConcurrencyBehavior {
    /// The execution waits. The execution that has waited longest starts first.
    #[default]
    Queue,
    /// The execution ends CANCELLED.
    Cancel,
    /// The execution ends FAILED.
    Fail,
}

/// A promise about an execution (docs/kestra.md 1.5).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sla {
    /// The name of the SLA.
    pub id: String,
    /// The promise.
    pub kind: SlaKind,
    /// What happens when the promise is broken.
    pub behavior: SlaBehavior,
    /// Labels that the execution gets when the promise is broken.
    pub labels: Vec<Label>,
}

/// The promise of an SLA.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SlaKind {
    /// The execution ends within this time after its creation.
    MaxDuration {
        /// The longest time.
        duration: SignedDuration,
    },
    /// A condition that is true after every change of the execution.
    ExecutionAssertion {
        /// The condition, a template.
        assert: String,
    },
}

/// What happens when the promise of an SLA is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum SlaBehavior {
    /// The execution ends FAILED.
    Fail,
    /// The execution ends CANCELLED.
    Cancel,
    /// The execution only gets the labels of the SLA.
    None,
}

/// A condition on the inputs. It is checked before an execution is created (docs/kestra.md 1.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// The condition, a template. If it renders to a falsy value, the check fails.
    pub condition: String,
    /// The message of a failed check.
    pub message: String,
    /// How a page shows the message: ERROR, SUCCESS, WARNING or INFO.
    pub style: String,
    /// What happens when the check fails.
    pub behavior: CheckBehavior,
}

/// What happens when a check fails. If several checks fail, the strictest behaviour counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CheckBehavior {
    /// The execution is created and runs.
    CreateExecution,
    /// The execution is created and ends FAILED.
    FailExecution,
    /// No execution is created.
    #[default]
    BlockExecution,
}

impl CheckBehavior {
    /// The first state of an execution under this behaviour; `None` if no execution is created.
    pub fn state(self) -> Option<State> {
        match self {
            Self::CreateExecution => Some(State::Created),
            Self::FailExecution => Some(State::Failed),
            Self::BlockExecution => None,
        }
    }
}
