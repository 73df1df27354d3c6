//! The interface to the code that answers what expressions ask: `kv()`, `secret()`, `read()`.

use async_trait::async_trait;
use segue_model::id::ExecutionId;
use segue_ports::PortError;
use segue_template::{Answer, Lookup};

/// Fetches answers, and masks every secret it has handed out.
#[async_trait]
pub trait Answers: Send + Sync {
    /// The answer to one question of an execution in a namespace.
    ///
    /// # Errors
    /// A transient error: asking again may help.
    async fn answer(
        &self,
        namespace: &str,
        execution: &ExecutionId,
        lookup: &Lookup,
    ) -> Result<Answer, PortError>;

    /// The text with every secret that was handed out so far replaced by a mask.
    fn mask(&self, text: String) -> String;
}
