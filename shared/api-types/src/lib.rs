//! The shapes of the REST API: one struct for each kind of answer, and for each JSON body that the API takes.
//!
//! What it is: data with names as Kestra's API has them (docs/kestra.md 6). `functions/api` answers with these structs
//! and derives the schemas of its OpenAPI description from them. The command line reads answers into the same structs.
//! Where a shape shows a noun of the model, a conversion from the noun stands next to the shape.
//!
//! What it must not know: ports, HTTP, and how an answer is found.
//!
//! How to add one more: a struct with `Serialize`, `Deserialize` and `JsonSchema` in the file of its kind, and its name
//! in an endpoint of `functions/api/src/routes`. A field that is not always answered is an `Option` with
//! `skip_serializing_if`. A field that is added to a shape later is also `#[serde(default)]`, so that a newer command
//! line can read the answers of an older server.

mod backfill;
mod error;
mod event;
mod execution;
mod file;
mod flow;
mod graph;
mod kv;
mod lenient;
mod list;
mod log;
mod metric;
mod namespace;
mod plugin;
mod server;
mod trigger;
mod validation;

pub use backfill::{ActiveSlot, Backfill, BackfillPreview, BackfillRequest, PreviewExecution, PreviewSlot};
pub use error::{Embedded, Error, Invalid, Link, Links, Problem};
pub use event::TopicEvent;
pub use execution::{
    Attempt, Evaluation, Execution, ExecutionTrigger, LabelsByIds, State, StateChange, TaskRun, TaskState,
};
pub use file::{FileMetas, FilePreview, PreviewKind};
pub use flow::{Flow, FlowId, FlowPart, FlowSearchHit, FlowToExecute};
pub use graph::{
    Dependencies, Dependency, FlowNode, Graph, GraphCluster, GraphClusterId, GraphEdge, GraphNode,
    GraphRelation, GraphTask, GraphTrigger,
};
pub use kv::{Keys, KvKey, KvType, KvValue};
pub use list::{Count, Page};
pub use log::LogEntry;
pub use metric::{Metric, MetricAggregation, MetricValue};
pub use namespace::{Namespace, NamespaceFile, NamespaceFileKind, SecretKey};
pub use plugin::{InputType, PluginDoc, PluginGroup, PluginIcon, PluginSchema};
pub use segue_model::diagnostic::{Diagnostic, Position, Severity};
pub use segue_model::execution::ExecutionMetadata;
pub use segue_model::label::Label;
pub use server::{Configs, Health, HealthDetails, HealthFault, HealthStatus, PreviewLimits, StoreHealth};
pub use trigger::{
    NewTriggerBackfill, SetDisabled, Trigger, TriggerBackfill, TriggerDeclaration, TriggerHit, TriggerKey,
    TriggerUpdate,
};
pub use validation::{FlowValidation, InputError, InputField, InputReport, InputsValidation, TaskValidation};

/// The only tenant. Kestra's clients expect a tenant in most shapes.
pub const TENANT: &str = "main";
