//! The properties that every mail has, and the connection to the mail server.

use lettre::message::{Mailbox, MessageBuilder, MultiPart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use schemars::JsonSchema;
use segue_task::{TaskContext, TaskError};
use serde::Deserialize;
use std::time::{Duration, SystemTime};

/// The longest wait for the mail server without an own value, in milliseconds.
const TIMEOUT: u64 = 10_000;

/// The properties that every mail has.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Mail {
    /// The mail server.
    pub host: String,
    /// The port of the mail server. Default: 465 with SMTPS, 587 with SMTP_TLS, 25 with SMTP.
    pub port: Option<u16>,
    /// The user name for the mail server. Absent: no login.
    pub username: Option<String>,
    /// The password for the mail server.
    pub password: Option<String>,
    /// SMTPS (TLS from the start), SMTP_TLS (TLS after STARTTLS) or SMTP (TLS if the server offers it). Default: SMTPS.
    pub transport_strategy: Option<String>,
    /// The longest wait for the mail server in milliseconds. Default: 10000.
    pub session_timeout: Option<u64>,
    /// The address of the sender.
    pub from: String,
    /// The addresses of the recipients, separated by semicolons.
    pub to: String,
    /// The addresses of those who get a copy, separated by semicolons.
    pub cc: Option<String>,
    /// The subject.
    pub subject: Option<String>,
}

impl Mail {
    /// Sends a mail with this body. `subject` is used if the task has none.
    ///
    /// # Errors
    /// [`TaskError::Failed`] if an address is wrong, or the mail server refuses the mail.
    pub(crate) async fn send(
        &self,
        subject: Option<&str>,
        body: MultiPart,
        context: &TaskContext,
    ) -> Result<(), TaskError> {
        let envelope = self.envelope(subject, context)?;
        let message = envelope
            .multipart(body)
            .map_err(|error| TaskError::failed(format!("the mail cannot be written: {error}")))?;
        let transport = self.transport(context)?;
        context.debug(format!("sends a mail by {}", self.host));
        let sent = transport.send(message).await;
        sent.map(drop).map_err(|error| {
            let advice = if error.is_transient() || error.is_timeout() {
                "; a retry of the task may help"
            } else {
                ""
            };
            TaskError::failed(format!("the mail server {} refused the mail: {error}{advice}", self.host))
        })
    }

    /// The header of the mail. The id follows from the attempt, so that a mail program shows a mail that was sent twice
    /// only once.
    fn envelope(&self, subject: Option<&str>, context: &TaskContext) -> Result<MessageBuilder, TaskError> {
        let message = context.message();
        let id = format!("<{}.{}.{}@segue>", message.execution_id, message.task_run_id, message.attempt);
        let subject = self.subject.as_deref().or(subject).unwrap_or_default();
        let mut builder = Message::builder()
            .message_id(Some(id))
            .date(SystemTime::from(context.ports().clock.now()))
            .from(mailbox("from", &self.from)?)
            .subject(subject);
        for address in addresses(&self.to) {
            builder = builder.to(mailbox("to", address)?);
        }
        for address in addresses(self.cc.as_deref().unwrap_or_default()) {
            builder = builder.cc(mailbox("cc", address)?);
        }
        Ok(builder)
    }

    fn transport(&self, context: &TaskContext) -> Result<AsyncSmtpTransport<Tokio1Executor>, TaskError> {
        // The same machines are out of reach as for requests.
        context.clients().url(&format!("http://{}/", self.host))?;
        let tls = || {
            TlsParameters::new(self.host.clone())
                .map_err(|error| TaskError::failed(format!("host: '{}' cannot be used: {error}", self.host)))
        };
        let strategy = self.transport_strategy.as_deref().unwrap_or("SMTPS").to_ascii_uppercase();
        let (tls, port) = match strategy.as_str() {
            "SMTPS" => (Tls::Wrapper(tls()?), 465),
            "SMTP_TLS" => (Tls::Required(tls()?), 587),
            "SMTP" => (Tls::Opportunistic(tls()?), 25),
            other => {
                return Err(TaskError::failed(format!(
                    "transportStrategy is '{other}'; SMTPS, SMTP_TLS and SMTP can be used"
                )));
            }
        };
        let builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&self.host)
            .port(self.port.unwrap_or(port))
            .tls(tls)
            .timeout(Some(Duration::from_millis(self.session_timeout.unwrap_or(TIMEOUT))));
        let Some(username) = self.username.clone().filter(|name| !name.is_empty()) else {
            return Ok(builder.build());
        };
        let password = self.password.clone().unwrap_or_default();
        if !password.is_empty() {
            context.mask(&password);
        }
        Ok(builder.credentials(Credentials::new(username, password)).build())
    }
}

/// The addresses in a list that is separated by semicolons or commas.
fn addresses(list: &str) -> impl Iterator<Item = &str> {
    list.split([';', ',']).map(str::trim).filter(|address| !address.is_empty())
}

fn mailbox(property: &str, address: &str) -> Result<Mailbox, TaskError> {
    address
        .trim()
        .parse()
        .map_err(|error| TaskError::failed(format!("{property}: '{address}' is not a mail address: {error}")))
}
