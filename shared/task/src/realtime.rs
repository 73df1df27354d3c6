//! What a type of realtime trigger is: a trigger that a service connects to a source, which then sends each message to
//! the scheduler (docs/kestra.md 5.1).
//!
//! What it must not know: what becomes of a message. The scheduler creates its execution (`segue_scheduler`).
//!
//! How to add one more: implement [`RealtimeTrigger`] beside the tasks of the function, and add the type to the
//! function's list with `add_realtime_trigger`.

use crate::coerce::coerce;
use crate::context::TaskContext;
use crate::error::TaskError;
use crate::list::{outputs_map, parsed, schema_of};
use schemars::JsonSchema;
use segue_model::trigger_state::{TriggerKey, TriggerState};
use segue_model::{Json, Map};
use segue_ports::wire::{Find, Look, SCHEDULERS_PROPERTIES};
use serde::de::DeserializeOwned;
use serde_json::json;
use std::collections::BTreeSet;
use std::future::Future;

/// How often a trigger is connected or disconnected again because its state has changed meanwhile.
const MOST_CHANGES: usize = 20;

/// A type of realtime trigger. The struct holds the trigger's own properties, rendered and coerced to their types.
///
/// The struct has a doc comment with a YAML example of a flow, which a test reads.
pub trait RealtimeTrigger: DeserializeOwned + JsonSchema + Send + Sync + 'static {
    /// The canonical type name.
    const TYPE: &'static str;
    /// Other names of the same type (docs/kestra.md 4.0).
    const ALIASES: &'static [&'static str] = &[];

    /// The variables `trigger.*` of the executions.
    type Variables: JsonSchema;

    /// Connects the trigger to its source, and returns the name of what it is connected to. Connecting twice has no other
    /// effect than connecting once.
    ///
    /// # Errors
    /// A [`TaskError`]. The trigger is connected again after its interval.
    fn connect(
        &self,
        context: &TaskContext,
        key: &TriggerKey,
    ) -> impl Future<Output = Result<String, TaskError>> + Send;

    /// Disconnects the trigger from what [`Self::connect`] returned, if it is still connected to that. The source keeps
    /// its messages.
    ///
    /// # Errors
    /// A [`TaskError`].
    fn disconnect(
        &self,
        context: &TaskContext,
        key: &TriggerKey,
        from: &str,
    ) -> impl Future<Output = Result<(), TaskError>> + Send;
}

/// Whether a trigger with this state is to be connected.
fn is_on(state: &TriggerState) -> bool {
    !state.disabled && state.next_execution_date.is_some()
}

/// Connects or disconnects a trigger until it is as its state says.
pub(crate) async fn run<T: RealtimeTrigger>(properties: Map, context: TaskContext) -> Result<Map, TaskError> {
    let Some(look) = context.message().look.clone() else {
        return Err(TaskError::failed(format!("{} is a trigger; it cannot be a task", T::TYPE)));
    };
    let Look { key, memory, settle } = *look;
    let before = settle.and_then(|settle| settle.as_str().map(str::to_owned));
    let mut connected: BTreeSet<String> = memory.into_iter().chain(before).collect();
    let mut state = stored(&context, &key).await?;
    for _ in 0..MOST_CHANGES {
        let wanted = match state.as_ref().filter(|state| is_on(state)) {
            Some(state) => {
                let trigger = current::<T>(&properties, &context, state).await?;
                let name = trigger.connect(&context, &key).await?;
                connected.insert(name.clone());
                Some((trigger, name))
            }
            None => None,
        };
        for name in connected.iter().filter(|name| wanted.as_ref().is_none_or(|(_, wanted)| wanted != *name))
        {
            match &wanted {
                Some((trigger, _)) => trigger.disconnect(&context, &key, name).await?,
                None => parsed::<T>(T::TYPE, properties.clone())?.disconnect(&context, &key, name).await?,
            }
        }
        let now = stored(&context, &key).await?;
        let same = |a: &Option<TriggerState>, b: &Option<TriggerState>| {
            let shape = |state: &Option<TriggerState>| {
                state.as_ref().filter(|state| is_on(state)).map(|state| state.definition.clone())
            };
            shape(a) == shape(b)
        };
        if same(&now, &state) {
            return outputs_map(&Find { memory: wanted.map(|(_, name)| name), ..Find::default() });
        }
        state = now;
    }
    Err(TaskError::failed(format!("trigger {key} is changed all the time; it is connected again later")))
}

async fn stored(context: &TaskContext, key: &TriggerKey) -> Result<Option<TriggerState>, TaskError> {
    Ok(context.ports().state.trigger(key).await?.map(|state| state.value))
}

/// The trigger as its state defines it now. The message may have an older definition.
async fn current<T: RealtimeTrigger>(
    properties: &Map,
    context: &TaskContext,
    state: &TriggerState,
) -> Result<T, TaskError> {
    let defined = serde_json::from_str::<(String, Map)>(&state.definition).ok();
    let Some((_, mut defined)) = defined.filter(|(type_name, _)| type_name == T::TYPE) else {
        return parsed(T::TYPE, properties.clone());
    };
    defined.retain(|name, _| !SCHEDULERS_PROPERTIES.contains(&name.as_str()));
    if defined == context.message().properties {
        return parsed(T::TYPE, properties.clone());
    }
    let rendered = context.render_json(&Json::Object(defined)).await?;
    match coerce(rendered, &schema_of::<T>()) {
        Json::Object(properties) => parsed(T::TYPE, properties),
        _ => parsed(T::TYPE, Map::new()),
    }
}

/// The schema of a trigger's own properties, and of those that every realtime trigger has.
pub(crate) fn schema_of_trigger<T: RealtimeTrigger>() -> Json {
    let mut schema = schema_of::<T>();
    if let Json::Object(schema) = &mut schema
        && let Json::Object(properties) = schema.entry("properties").or_insert_with(|| json!({}))
    {
        properties.insert(
            "interval".to_owned(),
            json!({
                "description": "The time until the next try if the trigger cannot be connected to its source.",
                "type": "string", "format": "duration", "default": "PT60S",
            }),
        );
    }
    schema
}
