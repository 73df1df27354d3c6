//! A flow as the engine runs it: parsed, plugin defaults merged in (docs/kestra.md 1.1).

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

/// A flow, complete.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Flow {
    /// Unique within its namespace.
    pub id: String,
    /// Dots make the hierarchy.
    pub namespace: String,
    /// Counted by the state store, from 1.
    pub revision: u32,
    /// Markdown, not rendered.
    pub description: Option<String>,
    /// Labels every execution gets.
    pub labels: Vec<Label>,
    /// Declared inputs, in order.
    pub inputs: Vec<Input>,
    /// `vars.*`; templates in them are rendered only by `render(vars.x)`.
    pub variables: Map,
    /// Run one after another.
    pub tasks: Vec<Task>,
    /// Run when a task failed for good.
    pub errors: Vec<Task>,
    /// Run whatever happened.
    pub finally: Vec<Task>,
    /// Run once the execution has its final state.
    pub after_execution: Vec<Task>,
    /// Declared outputs.
    pub outputs: Vec<FlowOutput>,
    /// What starts executions.
    pub triggers: Vec<Trigger>,
    /// How many executions may run at once.
    pub concurrency: Option<Concurrency>,
    /// For tasks that have no retry of their own nor from a parent.
    pub retry: Option<Retry>,
    /// Promises about an execution.
    pub sla: Vec<Sla>,
    /// Asked before an execution is made.
    pub checks: Vec<Check>,
    /// No trigger fires and nothing can be started.
    pub disabled: bool,
}

impl Flow {
    /// The task of that id, wherever in the flow it stands.
    pub fn task(&self, id: &str) -> Option<&Task> {
        [&self.tasks, &self.errors, &self.finally, &self.after_execution]
            .into_iter()
            .flatten()
            .find_map(|task| task.find(id))
    }

    /// The input of that id.
    pub fn input(&self, id: &str) -> Option<&Input> {
        self.inputs.iter().find(|input| input.id == id)
    }

    /// The trigger of that id.
    pub fn trigger(&self, id: &str) -> Option<&Trigger> {
        self.triggers.iter().find(|trigger| trigger.id == id)
    }
}

/// How many executions of a flow may run at once (docs/kestra.md 1.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Concurrency {
    /// At least 1.
    pub limit: u32,
    /// What happens to one too many.
    pub behavior: ConcurrencyBehavior,
}

/// What happens to an execution for which there is no slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ConcurrencyBehavior {
    /// It waits, first come first served.
    #[default]
    Queue,
    /// It ends CANCELLED.
    Cancel,
    /// It ends FAILED.
    Fail,
}

/// A promise about an execution (docs/kestra.md 1.5).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sla {
    /// Its name.
    pub id: String,
    /// What is promised.
    pub kind: SlaKind,
    /// What happens when it is broken.
    pub behavior: SlaBehavior,
    /// Labels the execution gets when it is broken.
    pub labels: Vec<Label>,
}

/// What an SLA promises.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SlaKind {
    /// The execution ends within this time of its creation.
    MaxDuration {
        /// The time.
        duration: SignedDuration,
    },
    /// A template that is true at every change of the execution.
    ExecutionAssertion {
        /// The template.
        assert: String,
    },
}

/// What happens when an SLA is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum SlaBehavior {
    /// The execution ends FAILED.
    Fail,
    /// The execution ends CANCELLED.
    Cancel,
    /// Only the labels are set.
    None,
}

/// A condition on the inputs, asked before an execution is made (docs/kestra.md 1.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// A template; falsy means the check speaks.
    pub condition: String,
    /// What it says.
    pub message: String,
    /// How it is shown: ERROR, SUCCESS, WARNING, INFO.
    pub style: String,
    /// What happens then.
    pub behavior: CheckBehavior,
}

/// What a check that speaks does; of several the strongest counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CheckBehavior {
    /// The execution is made all the same.
    CreateExecution,
    /// The execution is made and ends FAILED.
    FailExecution,
    /// No execution is made.
    #[default]
    BlockExecution,
}

impl CheckBehavior {
    /// The state an execution starts in under this behaviour; none where no execution is made.
    pub fn state(self) -> Option<State> {
        match self {
            Self::CreateExecution => Some(State::Created),
            Self::FailExecution => Some(State::Failed),
            Self::BlockExecution => None,
        }
    }
}
