//! What a task type is: properties that read themselves, and one async function.

use crate::context::TaskContext;
use crate::error::TaskError;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::future::Future;

/// A task type. The struct holds the task's own properties, rendered and coerced to their types.
///
/// A doc comment with a YAML example stands on the struct; the example is run as a test.
pub trait Task: DeserializeOwned + JsonSchema + Send + 'static {
    /// The canonical type name.
    const TYPE: &'static str;
    /// Other names that mean the same (docs/kestra.md 4.0).
    const ALIASES: &'static [&'static str] = &[];
    /// Names of properties that are handed over as written, because the task renders them itself.
    const RAW: &'static [&'static str] = &[];

    /// What the task gives out, read as `outputs.<taskId>.*`.
    type Output: Serialize + Send;

    /// Runs one attempt. May be run again for the same attempt after a crash: it must bear that.
    ///
    /// # Errors
    /// A [`TaskError`], which says whether the task failed or the platform did.
    fn run(self, context: &TaskContext) -> impl Future<Output = Result<Self::Output, TaskError>> + Send;
}
