//! What a task type is: properties that are parsed by serde, and one async function.

use crate::context::TaskContext;
use crate::error::TaskError;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::future::Future;

/// A task type. The struct holds the task's own properties, rendered and coerced to their types.
///
/// The struct has a doc comment with a YAML example. The page of the type shows it, and a test checks it.
pub trait Task: DeserializeOwned + JsonSchema + Send + 'static {
    /// The canonical type name.
    const TYPE: &'static str;
    /// Other names of the same type (docs/kestra.md 4.0).
    const ALIASES: &'static [&'static str] = &[];
    /// Properties that are passed without rendering, because the task renders them itself.
    const RAW: &'static [&'static str] = &[];

    /// The outputs of the task, read as `outputs.<taskId>.*`.
    type Output: Serialize + JsonSchema + Send;

    /// Runs one attempt. After a crash, the same attempt may be run again, and the task must tolerate this.
    ///
    /// # Errors
    /// A [`TaskError`], which says whether the task or the platform failed.
    fn run(self, context: &TaskContext) -> impl Future<Output = Result<Self::Output, TaskError>> + Send;
}
