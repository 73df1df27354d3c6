//! The interface for answers to the questions of expressions: `kv()`, `secret()`, `read()`.

use async_trait::async_trait;
use segue_model::id::ExecutionId;
use segue_ports::PortError;
use segue_template::{Answer, Lookup};

/// Fetches answers, and masks every secret among them.
#[async_trait]
pub trait Answers: Send + Sync {
    /// The answer to one question of an execution in a namespace.
    ///
    /// # Errors
    /// A transient error. A later try may succeed.
    async fn answer(
        &self,
        namespace: &str,
        execution: &ExecutionId,
        lookup: &Lookup,
    ) -> Result<Answer, PortError>;

    /// The text with a mask in place of every secret that was an answer so far.
    fn mask(&self, text: String) -> String;
}
