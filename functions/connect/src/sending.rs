//! Sends the requests of a connector, and refuses answers that are failures.

use crate::answer::Answer;
use crate::call::Call;
use crate::entry;
use crate::exchange::Exchange;
use segue_connectors::format::Request;
use segue_task::TaskError;

impl Call<'_> {
    /// Sends a request, and refuses an answer that is a failure.
    pub(crate) async fn send(&self, request: &Request) -> Result<Answer, TaskError> {
        let exchange = Exchange::render(self, request).await?;
        self.exchange(&exchange).await
    }

    /// Sends a rendered request, and refuses an answer that is a failure.
    pub(crate) async fn exchange(&self, exchange: &Exchange) -> Result<Answer, TaskError> {
        let answer = exchange.send(self).await?;
        let failure = &self.connector.failure;
        let seen = || entry("answer", answer.clone().into_json());
        let refused = !answer.is_success() && !failure.accepted.contains(&answer.status);
        let failed = match &failure.when {
            Some(when) if !refused => self.text_with(when, seen()).await? == "true",
            _ => refused,
        };
        if !failed {
            return Ok(answer);
        }
        let message = match &failure.message {
            // A template for the service's usual answers need not fit the answer of a gateway before the service.
            Some(message) => self.text_with(message, seen()).await.unwrap_or_default(),
            None => String::new(),
        };
        let message = if message.is_empty() { answer.explanation() } else { message };
        Err(TaskError::failed(format!(
            "{} refused the request: {message} (status {}, {})",
            self.connector.service,
            answer.status,
            exchange.name()
        )))
    }
}
