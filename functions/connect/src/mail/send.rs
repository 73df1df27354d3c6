//! `email.MailSend`.

use super::attachments::{files, parts};
use super::connection::Mail;
use lettre::message::{MultiPart, SinglePart};
use schemars::JsonSchema;
use segue_model::Json;
use segue_task::{Task, TaskContext, TaskError};
use serde::Deserialize;

/// The text of a mail without one.
const NO_TEXT: &str = "Please view this mail in a program that shows HTML.";

/// Sends a mail by SMTP.
///
/// A task is delivered at least once, so a mail may be sent twice. Both have the same `Message-ID`.
///
/// ```yaml
/// id: mail
/// type: io.kestra.plugin.email.MailSend
/// host: mail.example.com
/// username: "{{ secret('MAIL_USERNAME') }}"
/// password: "{{ secret('MAIL_PASSWORD') }}"
/// from: segue@example.com
/// to: team@example.com
/// subject: The data is loaded
/// htmlTextContent: "<b>{{ flow.id }}</b> has loaded the data."
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MailSend {
    /// The connection and the addresses.
    #[serde(flatten)]
    pub mail: Mail,
    /// The text as HTML.
    pub html_text_content: Option<String>,
    /// The text without HTML.
    pub plain_text_content: Option<String>,
    /// Files: a list of maps with `uri`, `name` and `contentType`, or such a list as JSON in a text.
    pub attachments: Option<Json>,
    /// Images, written like `attachments`. The HTML refers to an image as `cid:NAME`.
    pub embedded_images: Option<Json>,
}

impl Task for MailSend {
    const TYPE: &'static str = "io.kestra.plugin.email.MailSend";
    const ALIASES: &'static [&'static str] = &["io.kestra.plugin.notifications.mail.MailSend"];
    type Output = ();

    async fn run(self, context: &TaskContext) -> Result<(), TaskError> {
        let text = SinglePart::plain(self.plain_text_content.unwrap_or_else(|| NO_TEXT.to_owned()));
        let images = files("embeddedImages", self.embedded_images.as_ref())?;
        let attachments = files("attachments", self.attachments.as_ref())?;
        let mut alternatives = MultiPart::alternative().singlepart(text);
        if let Some(html) = self.html_text_content {
            let mut related = MultiPart::related().singlepart(SinglePart::html(html));
            for part in parts(&images, true, context).await? {
                related = related.singlepart(part);
            }
            alternatives = alternatives.multipart(related);
        }
        let mut body = MultiPart::mixed().multipart(alternatives);
        for part in parts(&attachments, false, context).await? {
            body = body.singlepart(part);
        }
        self.mail.send(None, body, context).await
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{MailServer, platform};
    use serde_json::json;

    #[tokio::test]
    async fn a_mail_is_sent_with_its_files() {
        let (server, platform) = (MailServer::start("250 accepted").await, platform());
        let file = platform.store("report.csv", b"a,b\n1,2\n").await;
        let task = json!({
            "type": "io.kestra.plugin.notifications.mail.MailSend",
            "host": "127.0.0.1", "port": server.port, "transportStrategy": "SMTP",
            "username": "worker", "password": "open sesame",
            "from": "Segue <segue@example.com>", "to": "a@example.com; b@example.com", "cc": "c@example.com",
            "subject": "Loaded – done", "htmlTextContent": "<b>loaded</b>", "plainTextContent": "loaded",
            "attachments": json!([{"name": "report.csv", "uri": file, "contentType": "text/csv"}]).to_string(),
        });
        let run = platform.run(task).await;
        let log = run.log_text();
        assert!(run.outputs().is_empty());
        assert!(!log.contains("sesame"), "{log}");
        let talk = server.talk();
        for line in [
            "AUTH PLAIN AHdvcmtlcgBvcGVuIHNlc2FtZQ==",
            "MAIL FROM:<segue@example.com>",
            "RCPT TO:<a@example.com>",
            "RCPT TO:<b@example.com>",
            "RCPT TO:<c@example.com>",
            "Message-ID: <execution1.taskrun1.0@segue>",
            "<b>loaded</b>",
            "Content-Type: text/csv",
            "a,b",
        ] {
            assert!(talk.contains(line), "no {line} in\n{talk}");
        }
    }

    #[tokio::test]
    async fn the_answer_of_the_server_is_in_the_error() {
        let (server, platform) = (MailServer::start("550 no such user").await, platform());
        let mail = |to: &str, strategy: &str| {
            json!({
                "type": "io.kestra.plugin.email.MailSend", "host": "127.0.0.1", "port": server.port,
                "transportStrategy": strategy, "from": "a@example.com", "to": to,
            })
        };
        let error = platform.run(mail("x@example.com", "SMTP")).await.error();
        assert!(error.contains("the mail server 127.0.0.1 refused the mail"), "{error}");
        assert!(error.contains("no such user"), "{error}");
        let error = platform.run(mail("nobody", "SMTP")).await.error();
        assert!(error.contains("to: 'nobody' is not a mail address"), "{error}");
        let error = platform.run(mail("x@example.com", "PIGEON")).await.error();
        assert!(error.contains("SMTPS, SMTP_TLS and SMTP can be used"), "{error}");
        // The server has no TLS.
        let error = platform.run(mail("x@example.com", "SMTP_TLS")).await.error();
        assert!(error.contains("refused the mail"), "{error}");
    }
}
