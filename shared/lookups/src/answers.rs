//! The interface that answers the questions of expressions: `kv()`, `secret()`, `read()` and others.

use async_trait::async_trait;
use segue_model::id::ExecutionId;
use segue_ports::PortError;
use segue_template::{Answer, Lookup};

/// Answers questions, and masks every secret that was an answer.
#[async_trait]
pub trait Answers: Send + Sync {
    /// Answers one question of an execution in a namespace.
    ///
    /// # Errors
    /// A transient error. A later try may succeed.
    async fn answer(
        &self,
        namespace: &str,
        execution: &ExecutionId,
        lookup: &Lookup,
    ) -> Result<Answer, PortError>;

    /// Masks every secret in the text that was an answer until now.
    fn mask(&self, text: String) -> String;
}
