//! The data of a chart: a source of rows, columns, conditions and an order.

use crate::diagnostic::Position;
use jiff::Timestamp;

/// The data of a chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Data {
    /// Where the rows come from.
    pub source: Source,
    /// The columns, in the order of the source. If one of them has an aggregate, the others make the groups.
    pub columns: Vec<Column>,
    /// The conditions that a row must meet.
    pub conditions: Vec<Condition>,
    /// The order of the result. Empty: the order of the groups, or the newest row first.
    pub order: Vec<Order>,
}

/// Where the rows of a chart come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A row for each execution.
    Executions,
    /// A row for each line of a log.
    Logs,
    /// A row for each metric that a task reported.
    Metrics,
    /// A row for each flow.
    Flows,
    /// A row for each trigger.
    Triggers,
}

/// The names of the sources of charts with rows.
pub(crate) const SOURCES: [(&str, Source); 5] = [
    ("io.kestra.plugin.core.dashboard.data.Executions", Source::Executions),
    ("io.kestra.plugin.core.dashboard.data.Logs", Source::Logs),
    ("io.kestra.plugin.core.dashboard.data.Metrics", Source::Metrics),
    ("io.kestra.plugin.core.dashboard.data.Flows", Source::Flows),
    ("io.kestra.plugin.core.dashboard.data.Triggers", Source::Triggers),
];

/// The names of the sources of charts with one number.
pub(crate) const NUMBER_SOURCES: [(&str, Source); 5] = [
    ("io.kestra.plugin.core.dashboard.data.ExecutionsKPI", Source::Executions),
    ("io.kestra.plugin.core.dashboard.data.LogsKPI", Source::Logs),
    ("io.kestra.plugin.core.dashboard.data.MetricsKPI", Source::Metrics),
    ("io.kestra.plugin.core.dashboard.data.FlowsKPI", Source::Flows),
    ("io.kestra.plugin.core.dashboard.data.TriggersKPI", Source::Triggers),
];

impl Source {
    /// The rows in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Executions => "executions",
            Self::Logs => "log lines",
            Self::Metrics => "metrics",
            Self::Flows => "flows",
            Self::Triggers => "triggers",
        }
    }

    /// The fields of a row.
    pub fn fields(self) -> &'static [Field] {
        match self {
            Self::Executions => &[
                Field::Id,
                Field::Namespace,
                Field::FlowId,
                Field::FlowRevision,
                Field::State,
                Field::Duration,
                Field::Labels,
                Field::StartDate,
                Field::EndDate,
                Field::TriggerExecutionId,
            ],
            Self::Logs => &[
                Field::Id,
                Field::Namespace,
                Field::FlowId,
                Field::ExecutionId,
                Field::TaskId,
                Field::TaskRunId,
                Field::AttemptNumber,
                Field::Level,
                Field::Message,
                Field::Date,
            ],
            Self::Metrics => &[
                Field::Namespace,
                Field::FlowId,
                Field::ExecutionId,
                Field::TaskId,
                Field::TaskRunId,
                Field::Name,
                Field::Type,
                Field::Value,
                Field::Date,
            ],
            Self::Flows => &[Field::Id, Field::Namespace, Field::Revision],
            Self::Triggers => &[
                Field::Id,
                Field::Namespace,
                Field::FlowId,
                Field::TriggerId,
                Field::ExecutionId,
                Field::NextExecutionDate,
            ],
        }
    }
}

/// A field of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each name says what the field is")]
pub enum Field {
    Id,
    Namespace,
    FlowId,
    FlowRevision,
    Revision,
    State,
    Duration,
    Labels,
    StartDate,
    EndDate,
    TriggerExecutionId,
    ExecutionId,
    TaskId,
    TaskRunId,
    AttemptNumber,
    TriggerId,
    Level,
    Message,
    Date,
    Name,
    Type,
    Value,
    NextExecutionDate,
}

/// The kind of the values of a field. It says which aggregates and conditions the field takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// A text.
    Text,
    /// A number.
    Number,
    /// Seconds. A condition may also have an ISO-8601 duration.
    Duration,
    /// A date and time.
    Date,
    /// The name of a state.
    State,
    /// The name of a log level.
    Level,
    /// The value of the label with the key in `labelKey`.
    Labels,
}

const FIELDS: [(Field, &str, FieldKind); 23] = [
    (Field::Id, "ID", FieldKind::Text),
    (Field::Namespace, "NAMESPACE", FieldKind::Text),
    (Field::FlowId, "FLOW_ID", FieldKind::Text),
    (Field::FlowRevision, "FLOW_REVISION", FieldKind::Number),
    (Field::Revision, "REVISION", FieldKind::Number),
    (Field::State, "STATE", FieldKind::State),
    (Field::Duration, "DURATION", FieldKind::Duration),
    (Field::Labels, "LABELS", FieldKind::Labels),
    (Field::StartDate, "START_DATE", FieldKind::Date),
    (Field::EndDate, "END_DATE", FieldKind::Date),
    (Field::TriggerExecutionId, "TRIGGER_EXECUTION_ID", FieldKind::Text),
    (Field::ExecutionId, "EXECUTION_ID", FieldKind::Text),
    (Field::TaskId, "TASK_ID", FieldKind::Text),
    (Field::TaskRunId, "TASK_RUN_ID", FieldKind::Text),
    (Field::AttemptNumber, "ATTEMPT_NUMBER", FieldKind::Number),
    (Field::TriggerId, "TRIGGER_ID", FieldKind::Text),
    (Field::Level, "LEVEL", FieldKind::Level),
    (Field::Message, "MESSAGE", FieldKind::Text),
    (Field::Date, "DATE", FieldKind::Date),
    (Field::Name, "NAME", FieldKind::Text),
    (Field::Type, "TYPE", FieldKind::Text),
    (Field::Value, "VALUE", FieldKind::Number),
    (Field::NextExecutionDate, "NEXT_EXECUTION_DATE", FieldKind::Date),
];

impl Field {
    fn entry(self) -> (&'static str, FieldKind) {
        let found = FIELDS.iter().find(|(field, ..)| *field == self);
        found.map_or(("", FieldKind::Text), |(_, name, kind)| (name, *kind))
    }

    /// The name in a source.
    pub fn name(self) -> &'static str {
        self.entry().0
    }

    /// The kind of the values.
    pub fn kind(self) -> FieldKind {
        self.entry().1
    }
}

/// A column of the result.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// The key of the column in each row of the result.
    pub key: String,
    /// The field. `None` only for a column that counts rows.
    pub field: Option<Field>,
    /// The key of the label, if the field is LABELS.
    pub label_key: Option<String>,
    /// How the values of a group become one value. `None`: the column is a part of the group.
    pub aggregate: Option<Aggregate>,
    /// Where the column begins.
    pub position: Position,
}

/// How the values of a group become one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggregate {
    /// The number of rows, or of values if the column has a field.
    Count,
    /// The number of different values.
    CountDistinct,
    /// The sum.
    Sum,
    /// The mean.
    Avg,
    /// The least value.
    Min,
    /// The greatest value.
    Max,
}

/// The names of the aggregates.
pub(crate) const AGGREGATES: [(&str, Aggregate); 6] = [
    ("COUNT", Aggregate::Count),
    ("COUNT_DISTINCT", Aggregate::CountDistinct),
    ("SUM", Aggregate::Sum),
    ("AVG", Aggregate::Avg),
    ("MIN", Aggregate::Min),
    ("MAX", Aggregate::Max),
];

/// A column that the result is sorted by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The key of the column.
    pub column: String,
    /// Whether the greatest value comes first.
    pub is_descending: bool,
}

/// A value of a field. An absent value is a `None` of the caller.
#[derive(Clone, Debug, PartialEq, PartialOrd)]
pub enum Cell {
    /// A text.
    Text(String),
    /// A number.
    Number(f64),
    /// A date and time.
    Date(Timestamp),
}

/// A condition on a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// A condition on one field.
    One {
        /// The field.
        field: Field,
        /// The key of the label, if the field is LABELS.
        label_key: Option<String>,
        /// What the value must be.
        test: Test,
        /// Where the condition begins.
        position: Position,
    },
    /// At least one of the conditions must hold.
    Any(Vec<Condition>),
}

/// What the value of a field must be. An absent value meets only the negative tests.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// Equal.
    Is(Cell),
    /// Not equal.
    IsNot(Cell),
    /// One of these.
    OneOf(Vec<Cell>),
    /// None of these.
    NoneOf(Vec<Cell>),
    /// The text contains a text. Upper and lower case differ.
    Contains(String),
    /// The text does not contain a text.
    ContainsNot(String),
    /// The text starts with a text.
    StartsWith(String),
    /// The text ends with a text.
    EndsWith(String),
    /// The namespace is this one, or is below it.
    Prefix(String),
    /// The regular expression finds something in the text.
    Matches(String),
    /// Greater.
    More(Cell),
    /// Greater or equal.
    AtLeast(Cell),
    /// Less.
    Less(Cell),
    /// Less or equal.
    AtMost(Cell),
    /// There is no value.
    IsNull,
    /// There is a value.
    IsNotNull,
}
