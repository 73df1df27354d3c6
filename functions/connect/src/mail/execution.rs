//! `email.MailExecution`.

use super::connection::Mail;
use crate::execution::facts;
use lettre::message::{MultiPart, SinglePart};
use schemars::JsonSchema;
use segue_model::{Json, Map};
use segue_task::{Task, TaskContext, TaskError};
use serde::Deserialize;
use serde_json::json;

/// Sends a mail about an execution by SMTP.
///
/// The mail has the state, the duration, the first failed task and a link to the execution.
///
/// ```yaml
/// id: mail
/// type: io.kestra.plugin.email.MailExecution
/// host: mail.example.com
/// username: "{{ secret('MAIL_USERNAME') }}"
/// password: "{{ secret('MAIL_PASSWORD') }}"
/// from: segue@example.com
/// to: team@example.com
/// executionId: "{{ trigger.executionId }}"
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MailExecution {
    /// The connection and the addresses.
    #[serde(flatten)]
    pub mail: Mail,
    /// The id of the execution that the mail is about. Default: the execution of the task.
    pub execution_id: Option<String>,
    /// A text that is added to the mail.
    pub custom_message: Option<String>,
    /// Names and values that are added to the mail.
    pub custom_fields: Option<Map>,
}

impl Task for MailExecution {
    const TYPE: &'static str = "io.kestra.plugin.email.MailExecution";
    const ALIASES: &'static [&'static str] = &["io.kestra.plugin.notifications.mail.MailExecution"];
    type Output = ();

    async fn run(self, context: &TaskContext) -> Result<(), TaskError> {
        let about = Map::from_iter([
            ("executionId".to_owned(), json!(self.execution_id)),
            ("customMessage".to_owned(), json!(self.custom_message)),
            ("customFields".to_owned(), json!(self.custom_fields)),
        ]);
        let facts = facts(&about, context).await?;
        let text = |name: &str| facts.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
        let body = MultiPart::mixed().singlepart(SinglePart::plain(text("message")));
        self.mail.send(Some(&text("title")), body, context).await
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{MailServer, an_execution, platform};
    use serde_json::json;

    #[tokio::test]
    async fn a_mail_describes_the_execution() {
        let (server, platform) = (MailServer::start("250 accepted").await, platform());
        an_execution(&platform, "e7").await;
        let task = json!({
            "type": "io.kestra.plugin.email.MailExecution", "host": "127.0.0.1", "port": server.port,
            "transportStrategy": "SMTP", "from": "a@example.com", "to": "b@example.com", "executionId": "e7",
            "customMessage": "look at it", "customFields": {"team": "data"},
        });
        platform.run(task).await.outputs();
        let talk = server.talk();
        assert!(talk.contains("Subject: [company.team] flow is FAILED after 1m 5s"), "{talk}");
        assert!(talk.contains("look at it\nteam: data"), "{talk}");
    }
}
