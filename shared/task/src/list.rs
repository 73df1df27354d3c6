//! The task types of one service, without their Rust types.

use crate::coerce::coerce;
use crate::context::TaskContext;
use crate::error::TaskError;
use crate::polling::{self, PollingTrigger};
use crate::realtime::{self, RealtimeTrigger};
use crate::task::Task;
use futures::future::BoxFuture;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use segue_model::catalog::{RunnerServices, ServiceType, ServiceTypes};
use segue_model::{Json, Map};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// Runs a task with its rendered properties.
type Run = Arc<dyn Fn(Map, TaskContext) -> BoxFuture<'static, Result<Map, TaskError>> + Send + Sync>;

/// A task type that is described as data, without a Rust type of its own.
pub struct DescribedType {
    /// The canonical type name.
    pub name: &'static str,
    /// Other names of the same type.
    pub aliases: Vec<&'static str>,
    /// JSON Schema of the properties.
    pub schema: Json,
    /// JSON Schema of the outputs. None if there are no outputs.
    pub outputs: Option<Json>,
    /// Runs one attempt with the rendered properties, coerced to the types in the schema. After a crash, the same
    /// attempt may be run again.
    pub run: Run,
}

/// The task types of one service.
#[derive(Clone)]
pub struct TaskList {
    service: &'static str,
    function: &'static str,
    entries: Vec<Entry>,
}

/// One task type.
#[derive(Clone)]
pub(crate) struct Entry {
    name: &'static str,
    aliases: Vec<&'static str>,
    schema: Json,
    outputs: Option<Json>,
    raw: &'static [&'static str],
    /// The two services that share this type. None if this service runs every task of the type.
    by_runner: Option<RunnerServices>,
    /// Set for a type of polling trigger: whether a look with these properties takes something away.
    polls: Option<fn(&Map) -> bool>,
    /// Whether this is a type of realtime trigger.
    is_realtime: bool,
    run: Run,
}

impl TaskList {
    /// An empty list for the service with this name.
    pub fn new(service: &'static str) -> Self {
        Self { service, function: "", entries: Vec::new() }
    }

    /// Sets the text of the service's `function.yaml`.
    #[must_use]
    pub fn deployed_as(mut self, function: &'static str) -> Self {
        self.function = function;
        self
    }

    /// The text of the service's `function.yaml`. Empty if it was not set.
    pub fn function(&self) -> &'static str {
        self.function
    }

    /// Adds a task type.
    #[must_use]
    #[allow(clippy::should_implement_trait, reason = "it adds to a list, not to a number")]
    pub fn add<T: Task>(mut self) -> Self {
        self.entries.push(Entry {
            name: T::TYPE,
            aliases: T::ALIASES.to_vec(),
            schema: schema_of::<T>(),
            outputs: outputs_of::<T::Output>(),
            raw: T::RAW,
            by_runner: None,
            polls: None,
            is_realtime: false,
            run: Arc::new(|properties, context| Box::pin(run::<T>(properties, context))),
        });
        self
    }

    /// Adds a task type that is described as data.
    #[must_use]
    pub fn add_described(mut self, described: DescribedType) -> Self {
        let DescribedType { name, aliases, schema, outputs, run } = described;
        let entry = Entry {
            name,
            aliases,
            schema,
            outputs,
            raw: &[],
            by_runner: None,
            polls: None,
            is_realtime: false,
            run,
        };
        self.entries.push(entry);
        self
    }

    /// Adds a type of polling trigger.
    #[must_use]
    pub fn add_trigger<T: PollingTrigger>(mut self) -> Self {
        self.entries.push(Entry {
            name: T::TYPE,
            aliases: T::ALIASES.to_vec(),
            schema: polling::schema_of_trigger::<T>(),
            outputs: outputs_of::<T::Variables>(),
            raw: T::RAW,
            by_runner: None,
            polls: Some(T::takes),
            is_realtime: false,
            run: Arc::new(|properties, context| Box::pin(polling::run::<T>(properties, context))),
        });
        self
    }

    /// Adds a type of realtime trigger.
    #[must_use]
    pub fn add_realtime_trigger<T: RealtimeTrigger>(mut self) -> Self {
        self.entries.push(Entry {
            name: T::TYPE,
            aliases: T::ALIASES.to_vec(),
            schema: realtime::schema_of_trigger::<T>(),
            outputs: outputs_of::<T::Variables>(),
            raw: &[],
            by_runner: None,
            polls: None,
            is_realtime: true,
            run: Arc::new(|properties, context| Box::pin(realtime::run::<T>(properties, context))),
        });
        self
    }

    /// Shares the task types that were added so far between two services. The runner of a task decides which service
    /// gets it.
    #[must_use]
    pub fn shared_by(mut self, services: RunnerServices) -> Self {
        self.entries.iter_mut().for_each(|entry| entry.by_runner = Some(services));
        self
    }

    /// The name of the service.
    pub fn service(&self) -> &'static str {
        self.service
    }

    /// The types of tasks and triggers as data, in the form of the service's `task-types.json`.
    pub fn types(&self) -> ServiceTypes {
        let kind = |entry: &Entry| ServiceType {
            name: entry.name,
            aliases: entry.aliases.clone(),
            by_runner: entry.by_runner,
            schema: entry.schema.clone(),
            outputs: entry.outputs.clone(),
        };
        let of = |wanted: fn(&Entry) -> bool| {
            self.entries.iter().filter(|entry| wanted(entry)).map(kind).collect()
        };
        ServiceTypes {
            service: self.service,
            types: of(|entry| entry.polls.is_none() && !entry.is_realtime),
            triggers: of(|entry| entry.polls.is_some()),
            realtime_triggers: of(|entry| entry.is_realtime),
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.name == name || entry.aliases.contains(&name))
    }
}

impl Entry {
    pub(crate) fn is_realtime(&self) -> bool {
        self.is_realtime
    }

    pub(crate) fn takes(&self, properties: &Map) -> bool {
        self.polls.is_some_and(|takes| takes(properties))
    }

    /// Renders and coerces the properties, then runs the task.
    pub(crate) async fn run(&self, context: TaskContext) -> Result<Map, TaskError> {
        let (raw, rendered): (Map, Map) = context
            .message()
            .properties
            .clone()
            .into_iter()
            .partition(|(name, _)| self.raw.contains(&name.as_str()));
        let rendered = context.render_json(&Json::Object(rendered)).await?;
        let mut properties = match coerce(rendered, &self.schema) {
            Json::Object(properties) => properties,
            _ => Map::new(),
        };
        properties.extend(raw);
        (self.run)(properties, context).await
    }
}

async fn run<T: Task>(properties: Map, context: TaskContext) -> Result<Map, TaskError> {
    let task: T = parsed(T::TYPE, properties)?;
    let output = task.run(&context).await?;
    outputs_map(&output)
}

/// The outputs of a task as a map. Kestra leaves out absent outputs, so that `??` finds them undefined.
pub(crate) fn outputs_map(output: &impl Serialize) -> Result<Map, TaskError> {
    match serde_json::to_value(output) {
        Ok(Json::Object(outputs)) => Ok(outputs.into_iter().filter(|(_, value)| !value.is_null()).collect()),
        Ok(Json::Null) => Ok(Map::new()),
        Ok(other) => Err(TaskError::failed(format!("the outputs must be a map, but are {other}"))),
        Err(error) => Err(TaskError::failed(format!("the outputs cannot be written as JSON: {error}"))),
    }
}

pub(crate) fn parsed<T: DeserializeOwned>(type_name: &str, properties: Map) -> Result<T, TaskError> {
    serde_json::from_value(Json::Object(properties)).map_err(|error| {
        TaskError::failed(format!("the properties of the task do not fit {type_name}: {error}"))
    })
}

/// The JSON Schema of a task's own properties, without references between types.
pub fn schema_of<T: JsonSchema>() -> Json {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    settings.into_generator().into_root_schema_for::<T>().to_value()
}

/// The JSON Schema of the outputs of a task. None if the type has no fields.
pub fn outputs_of<T: JsonSchema>() -> Option<Json> {
    let mut schema = schema_of::<T>();
    if let Json::Object(parts) = &mut schema {
        // The name of the Rust type says nothing to the reader of a flow.
        parts.remove("title");
    }
    let has_fields =
        schema.get("properties").and_then(Json::as_object).is_some_and(|fields| !fields.is_empty());
    has_fields.then_some(schema)
}
