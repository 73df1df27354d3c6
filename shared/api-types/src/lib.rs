//! The shapes of the REST API: one struct for each kind of answer, and for each JSON body that the API takes.
//!
//! What it is: data with the names of Kestra's API (docs/kestra.md 6). `functions/api` answers with these structs
//! and derives the schemas of its OpenAPI description from them. The command line reads answers into the same structs.
//! The conversion from a type of the model is in the file of the struct.
//!
//! What it must not know: ports, HTTP, and how the API finds an answer.
//!
//! How to add a struct: derive `Serialize`, `Deserialize` and `JsonSchema`, and use the struct in an endpoint of
//! `functions/api/src/routes`. An optional field is an `Option` with `skip_serializing_if`. A field that is added later
//! also has `#[serde(default)]`, so that a newer command line can read the answers of an older server.

mod backfill;
mod blueprint;
mod concurrency;
mod dashboard;
mod error;
mod event;
mod execution;
mod file;
mod filter;
mod flow;
mod graph;
mod head;
mod health;
mod kv;
mod lenient;
mod lineage;
mod list;
mod log;
mod metric;
mod namespace;
mod plugin;
mod server;
mod source;
mod stats;
mod storage;
mod trigger;
mod usage;
mod validation;
mod warehouse;

pub use backfill::{
    ActiveSlot, Backfill, BackfillPreview, BackfillRequest, PreviewExecution, PreviewPeriod, PreviewSlot,
};
pub use blueprint::{Blueprint, BlueprintSource};
pub use concurrency::{ConcurrencyLimit, ConcurrencyUpdate};
pub use dashboard::{ChartData, ChartFilters, ChartPreview, Dashboard, DashboardSettings, TimeWindow};
pub use error::{Embedded, Error, Invalid, Link, Links, Problem};
pub use event::TopicEvent;
pub use execution::{
    Attempt, AverageDuration, Evaluation, Execution, ExecutionStatus, ExecutionTrigger, LabelsByIds,
    LatestExecution, State, StateChange, TaskOutputs, TaskRun, TaskState,
};
pub use file::{FileMetas, FilePreview, PreviewKind};
pub use filter::{Filters, Logical, QueryFilter};
pub use flow::{
    DeprecatedFlow, DeprecatedTask, ExpressionCategories, Expressions, Flow, FlowId, FlowPart, FlowToExecute,
    ListedFlow, ListedRun,
};
pub use graph::{
    Dependencies, Dependency, FlowNode, Graph, GraphCluster, GraphClusterId, GraphEdge, GraphNode,
    GraphRelation, GraphTask, GraphTrigger,
};
pub use head::{Busy, ExecutionHead, TaskRunRow, TaskRunRows};
pub use health::{DeadLetter, HealthReport, LateTrigger, TopicBacklog};
pub use kv::{Keys, KvKey, KvType, KvValue};
pub use lineage::{Lineage, LineageEdge, LineageNode};
pub use list::{Count, Deleted, Page};
pub use log::{
    FoundLine, LogEntry, LogHistogram, LogIndex, LogPeriod, LogsPage, NumberedLine, PaginationType,
};
pub use metric::{Metric, MetricAggregation, MetricValue};
pub use namespace::{
    Autocomplete, FileRevision, Namespace, NamespaceFile, NamespaceFileKind, SecretKey, SecretOrigin,
    SecretPage,
};
pub use plugin::{
    ExpressionNames, InputType, MissingPlugins, PluginDoc, PluginGroup, PluginIcon, PluginIconAnswer,
    PluginKind, PluginSchema, PluginType, PluginVersions, TriggerPlugin,
};
pub use segue_model::diagnostic::{Diagnostic, Position, Severity};
pub use segue_model::execution::{Breakpoint, ExecutionKind, ExecutionMetadata};
pub use segue_model::label::Label;
pub use server::{Configs, Health, HealthDetails, HealthFault, HealthStatus, PreviewLimits, StoreHealth};
pub use source::{
    FlowSearchHit, NotReplaced, NotReplacedReason, ReplaceApply, ReplaceLine, ReplacePreview,
    ReplacePreviewed, Replaced, ReplacedLine, ReplacedLines, Replacement, SourceMatch, SourceScope,
};
pub use stats::{ExecutionStats, ExecutionTasks, NextAttempt, StatsPeriod, TaskStates};
pub use storage::{Bucket, BucketObject, BucketObjects, BucketTotal};
pub use trigger::{
    NewTriggerBackfill, NextDates, SetDisabled, Trigger, TriggerBackfill, TriggerBackfillRequest,
    TriggerDeclaration, TriggerHit, TriggerKey, TriggerSwitch, TriggerUpdate,
};
pub use usage::{DailyExecutions, ExecutionUsage, FlowUsage, Usage};
pub use validation::{FlowValidation, InputError, InputField, InputReport, InputsValidation, TaskValidation};
pub use warehouse::{WarehouseColumn, WarehouseParameter, WarehouseQuery, WarehouseResult, WarehouseTable};

/// The only tenant. Kestra's clients expect a tenant in most answers.
pub const TENANT: &str = "main";
