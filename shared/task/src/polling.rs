//! What a type of polling trigger is: a trigger that asks a service at an interval whether there is something new
//! (docs/kestra.md 5.1).
//!
//! What it must not know: when a look is due, what became of the find. The scheduler decides (`segue_scheduler`).
//!
//! How to add one more: implement [`PollingTrigger`] beside the tasks of the function, and add the type to the
//! function's list with `add_trigger`.

use crate::context::TaskContext;
use crate::error::TaskError;
use crate::list::{outputs_map, parsed, schema_of};
use schemars::JsonSchema;
use segue_model::{Json, Map};
pub use segue_ports::wire::Find;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use std::future::{Future, ready};

/// The largest find, in bytes as JSON. The find is a part of the trigger's state for a moment, and of the execution.
const LARGEST_FIND: usize = 256 * 1024;

/// A type of polling trigger. The struct holds the trigger's own properties, rendered and coerced to their types.
/// `interval` and `allowConcurrent`, which every polling trigger has, belong to the scheduler.
///
/// The struct has a doc comment with a YAML example of a flow, which a test reads.
pub trait PollingTrigger: DeserializeOwned + JsonSchema + Send + 'static {
    /// The canonical type name.
    const TYPE: &'static str;
    /// Other names of the same type (docs/kestra.md 4.0).
    const ALIASES: &'static [&'static str] = &[];
    /// Properties that are passed without rendering, because the trigger renders them itself.
    const RAW: &'static [&'static str] = &[];

    /// The variables of a find, read as `trigger.*` ([`Find::variables`]).
    type Variables: JsonSchema;

    /// Whether a look with these properties, as written in the flow, takes something away. Such a look runs under a
    /// claim, which costs some writes, so that no result of it is lost.
    fn takes(_properties: &Map) -> bool {
        false
    }

    /// Looks whether there is something new. A look may be run twice, by two processes at once, and of several results
    /// one counts. So a look changes nothing outside of its own files, unless [`Self::takes`] says so.
    ///
    /// `memory` is the [`Find::memory`] of the last look that found something.
    ///
    /// # Errors
    /// A [`TaskError`], which says whether the trigger or the platform failed. The next look follows after the interval.
    fn look(
        self,
        context: &TaskContext,
        memory: Option<&str>,
    ) -> impl Future<Output = Result<Find, TaskError>> + Send;

    /// Does what is left to do with a find ([`Find::settle`]). The execution of the find exists. This may be run twice.
    ///
    /// # Errors
    /// As [`Self::look`]. The execution's log has the error.
    fn settle(
        self,
        _context: &TaskContext,
        _left: Json,
    ) -> impl Future<Output = Result<(), TaskError>> + Send {
        ready(Ok(()))
    }
}

/// The find of a trigger that runs a task: the outputs of the task if something `is_found`.
///
/// # Errors
/// Outputs that are no map, which is an error in Segue.
pub fn find_outputs(outputs: &impl Serialize, is_found: bool) -> Result<Find, TaskError> {
    let variables = outputs_map(outputs)?;
    Ok(Find { variables: is_found.then_some(variables), ..Find::default() })
}

/// Looks, or settles an earlier find, as the message asks.
pub(crate) async fn run<T: PollingTrigger>(properties: Map, context: TaskContext) -> Result<Map, TaskError> {
    let trigger: T = parsed(T::TYPE, properties)?;
    let Some(look) = context.message().look.clone() else {
        return Err(TaskError::failed(format!("{} is a trigger; it cannot be a task", T::TYPE)));
    };
    if let Some(left) = look.settle {
        trigger.settle(&context, left).await?;
        return Ok(Map::new());
    }
    let find = trigger.look(&context, look.memory.as_deref()).await?;
    let bytes = serde_json::to_vec(&find).map_or(0, |json| json.len());
    if bytes > LARGEST_FIND {
        return Err(TaskError::failed(format!(
            "the trigger found {bytes} bytes at once, and {LARGEST_FIND} are allowed; ask for fewer rows or files at a \
             time, or have the rows in a file (fetchType: STORE)"
        )));
    }
    outputs_map(&find)
}

/// The schema of a trigger's own properties, and of those that every polling trigger has.
pub(crate) fn schema_of_trigger<T: PollingTrigger>() -> Json {
    let mut schema = schema_of::<T>();
    if let Json::Object(schema) = &mut schema
        && let Json::Object(properties) = schema.entry("properties").or_insert_with(|| json!({}))
    {
        properties.insert(
            "interval".to_owned(),
            json!({
                "description": "The time between two looks, at least one second.", "type": "string", "format": "duration",
                "default": "PT60S",
            }),
        );
        properties.insert(
            "allowConcurrent".to_owned(),
            json!({
                "description": "Look again while the execution of the last find runs.", "type": "boolean", "default": false,
            }),
        );
    }
    schema
}
