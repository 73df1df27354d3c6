//! Who answers what expressions ask of the outside world.

use async_trait::async_trait;
use segue_model::id::ExecutionId;
use segue_ports::PortError;
use segue_template::{Answer, Lookup};

/// Fetches answers, and masks the secrets among them from then on.
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

    /// A text with every secret handed out so far made unreadable.
    fn mask(&self, text: String) -> String;
}
