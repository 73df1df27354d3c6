//! Task types that need the list of all task types, because they check flows before they save them.
//!
//! A function with `kind: tasks` knows its own types only. So these tasks get the user's own connectors from the
//! composition root, and read the list of all types when they run.

use schemars::JsonSchema;
use segue_connectors::Connector;
use segue_model::catalog::Catalog;
use segue_model::{Json, Map};
use segue_task::{DescribedType, TaskContext, TaskError, outputs_of, schema_of};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::future::Future;
use std::sync::Arc;

/// A task type that checks flows.
pub(crate) trait FlowTask: DeserializeOwned + JsonSchema + Send + 'static {
    /// The canonical type name.
    const TYPE: &'static str;
    /// The outputs of the task.
    type Output: Serialize + JsonSchema + Send;

    /// Runs one attempt, as [`segue_task::Task::run`].
    fn run(
        self,
        catalog: Catalog,
        context: &TaskContext,
    ) -> impl Future<Output = Result<Self::Output, TaskError>> + Send;
}

/// The task type, with the user's own connectors.
pub(crate) fn described<T: FlowTask>(own: &'static [Connector]) -> DescribedType {
    DescribedType {
        name: T::TYPE,
        aliases: Vec::new(),
        schema: schema_of::<T>(),
        outputs: outputs_of::<T::Output>(),
        run: Arc::new(move |properties: Map, context: TaskContext| {
            Box::pin(async move {
                let failed =
                    |error: &dyn std::fmt::Display| TaskError::failed(format!("{}: {error}", T::TYPE));
                let task: T =
                    serde_json::from_value(Json::Object(properties)).map_err(|error| failed(&error))?;
                let catalog = segue_catalog::catalog_with(own).map_err(|error| failed(&error))?;
                let output = task.run(catalog, &context).await?;
                match serde_json::to_value(output).map_err(|error| failed(&error))? {
                    Json::Object(outputs) => {
                        Ok(outputs.into_iter().filter(|(_, value)| !value.is_null()).collect())
                    }
                    _ => Ok(Map::new()),
                }
            })
        }),
    }
}
