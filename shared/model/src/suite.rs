//! Tests of a flow: test cases with fixtures and assertions, as in Kestra's unit tests (docs/testing.md).
//!
//! What it is: plain data. `parse/suite.rs` reads it from YAML, and the crate `segue-simulation` runs it.
//!
//! What it must not know: how a flow runs, and the meaning of a template. A fixture and an assertion may contain
//! templates.
//!
//! How to add one more operator: a variant of [`Operator`] and a line in `OPERATORS`.

use crate::diagnostic::Position;
use crate::state::State;
use crate::{Json, Map};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// The tests of one flow.
#[derive(Clone, Debug, PartialEq)]
pub struct Suite {
    /// The id of the suite.
    pub id: String,
    /// The namespace of the flow.
    pub namespace: String,
    /// The id of the flow.
    pub flow_id: String,
    /// A text for people.
    pub description: Option<String>,
    /// The test cases, in the order of the source.
    pub cases: Vec<Case>,
    /// Where the suite begins.
    pub position: Position,
}

/// One execution of the flow, with its fixtures and assertions.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// The id, unique within the suite.
    pub id: String,
    /// A text for people.
    pub description: Option<String>,
    /// Whether the case is left out.
    pub disabled: bool,
    /// The values that stand for the world.
    pub fixtures: Fixtures,
    /// What must be true after the execution.
    pub assertions: Vec<Assertion>,
    /// Where the case begins.
    pub position: Position,
}

/// The values that an execution gets instead of those of the world.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fixtures {
    /// The submitted inputs. Texts may be templates over `files`.
    pub inputs: Map,
    /// The contents of files by name. Expressions find the URI of a file in `files`, and the files are also the
    /// namespace files of the flow.
    pub files: BTreeMap<String, FileFixture>,
    /// The results of tasks.
    pub tasks: Vec<TaskFixture>,
    /// What started the execution. `None`: a direct request.
    pub trigger: Option<TriggerFixture>,
    /// The values of the KV store. A key is `KEY` in the namespace of the flow, or `namespace/KEY`.
    pub kv: Map,
    /// The secrets, by key.
    pub secrets: BTreeMap<String, String>,
    /// The answers of `http()`, by URI.
    pub http: Map,
    /// The variables of the server: `envs`, `globals` and others.
    pub variables: Map,
    /// The time at which the execution starts. `None`: [`Fixtures::EPOCH`].
    pub now: Option<Timestamp>,
}

impl Fixtures {
    /// The time at which an execution starts without a fixture: 2024-01-01T00:00:00Z. So a test that reads the time has
    /// the same result every day.
    pub const EPOCH: Timestamp = Timestamp::constant(1_704_067_200, 0);
}

/// The content of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileFixture {
    /// The content, written in the test.
    Text(String),
    /// A file on this machine, relative to the file of the test.
    Path(String),
}

/// The result of a task that does not run.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskFixture {
    /// The id of the task.
    pub id: String,
    /// Only the iteration with this value. `None`: every iteration.
    pub value: Option<String>,
    /// Only this attempt, from 1. `None`: every attempt.
    pub attempt: Option<u32>,
    /// The state in which the attempt ends. RUNNING: the attempt never ends.
    pub state: State,
    /// The outputs. Texts may be templates over `files` and the variables of the task run.
    pub outputs: Map,
    /// The error in the log. `None`: no error.
    pub error: Option<String>,
    /// Where the fixture is.
    pub position: Position,
}

/// What started the execution.
#[derive(Clone, Debug, PartialEq)]
pub struct TriggerFixture {
    /// The id of the trigger.
    pub id: String,
    /// The type of the trigger.
    pub type_name: String,
    /// The values of `trigger.*`.
    pub variables: Map,
}

/// Something that must be true after the execution.
#[derive(Clone, Debug, PartialEq)]
pub struct Assertion {
    /// The value that is compared, a template. `None` for assertions on states, runs and order.
    pub value: Option<Json>,
    /// The task with the variables of the template (`taskrun`, `properties`); or the task that is counted.
    pub task_id: Option<String>,
    /// A text for people.
    pub description: Option<String>,
    /// The message of a failure. `None`: expected and actual value.
    pub error_message: Option<String>,
    /// The comparisons, each with its expected value. All of them must hold.
    pub checks: Vec<Check>,
    /// Where the assertion begins.
    pub position: Position,
}

/// One comparison of an assertion.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// The comparison.
    pub operator: Operator,
    /// The expected value, which may contain templates.
    pub expected: Json,
    /// Where the comparison is.
    pub position: Position,
}

/// The comparisons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// The value is equal. A number and its text are equal.
    EqualTo,
    /// The value is not equal.
    NotEqualTo,
    /// The text begins with a text.
    StartsWith,
    /// The text ends with a text.
    EndsWith,
    /// The text, or the list, contains something.
    Contains,
    /// The number is greater.
    GreaterThan,
    /// The number is greater or equal.
    GreaterThanOrEqualTo,
    /// The number is less.
    LessThan,
    /// The number is less or equal.
    LessThanOrEqualTo,
    /// The value is one of a list.
    In,
    /// The value is none of a list.
    NotIn,
    /// The value is null or undefined, or is not.
    IsNull,
    /// The value is something else than null, or is not.
    IsNotNull,
    /// The state of the execution, or of every run of the task.
    State,
    /// The number of runs of the task. Skipped runs do not count.
    Runs,
    /// Tasks that ran, in the order in which they started.
    Order,
    /// The execution was refused with a message that contains this text.
    Refused,
}

/// The names of the operators. Kestra has renamed some, so there are two names for one operator.
pub(crate) const OPERATORS: [(Operator, &[&str]); 17] = [
    (Operator::EqualTo, &["equalTo", "equalsTo"]),
    (Operator::NotEqualTo, &["notEqualTo", "notEqualsTo"]),
    (Operator::StartsWith, &["startsWith"]),
    (Operator::EndsWith, &["endsWith"]),
    (Operator::Contains, &["contains"]),
    (Operator::GreaterThan, &["greaterThan"]),
    (Operator::GreaterThanOrEqualTo, &["greaterThanOrEqualTo"]),
    (Operator::LessThan, &["lessThan"]),
    (Operator::LessThanOrEqualTo, &["lessThanOrEqualTo"]),
    (Operator::In, &["in"]),
    (Operator::NotIn, &["notIn"]),
    (Operator::IsNull, &["isNull"]),
    (Operator::IsNotNull, &["isNotNull"]),
    (Operator::State, &["state"]),
    (Operator::Runs, &["runs"]),
    (Operator::Order, &["order"]),
    (Operator::Refused, &["refused"]),
];

impl Operator {
    /// The name in a test.
    pub fn name(self) -> &'static str {
        OPERATORS
            .iter()
            .find(|(operator, _)| *operator == self)
            .and_then(|(_, names)| names.first())
            .copied()
            .unwrap_or_default()
    }

    /// Whether the operator compares `value`. The others look at the execution itself.
    pub fn needs_value(self) -> bool {
        !matches!(self, Self::State | Self::Runs | Self::Order | Self::Refused)
    }
}
