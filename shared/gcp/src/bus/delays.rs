//! Delayed messages in Cloud Tasks. Each is a task that calls Pub/Sub's own method for publishing when it is
//! due. The message then arrives like any other, so no service needs a second endpoint.
//!
//! A task may be due at most 30 days ahead. For a later due date, the task calls Cloud Tasks after the
//! longest allowed wait and creates the next task. A message never comes early.

use super::PORT;
use crate::api_error;
use crate::config::PlatformConfig;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use google_cloud_auth::credentials::anonymous;
use google_cloud_gax::options::RequestOptionsBuilder as _;
use google_cloud_gax::retry_policy::{Aip194Strict, RetryPolicyExt as _};
use google_cloud_pubsub::model::Message as PubSubMessage;
use google_cloud_tasks_v2::client::CloudTasks;
use google_cloud_tasks_v2::model::{HttpMethod, HttpRequest, OAuthToken, Task};
use google_cloud_wkt as wkt;
use jiff::{SignedDuration, Timestamp};
use segue_ports::{Clock as _, PortError, SystemClock, Topic};
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How far ahead a task may be due. Cloud Tasks accepts 30 days, and clocks differ.
const HORIZON: SignedDuration = SignedDuration::from_hours(29 * 24);
/// The largest request, in bytes. Cloud Tasks accepts 1 MB by its quotas, and 100 KB by its reference.
const REQUEST_BYTES: usize = 90_000;
/// The largest body of a message in a task. The request has the body in base64, once more for each hop of a due date far
/// ahead, and only small messages are due that far ahead.
const BODY_BYTES: usize = 60_000;
/// How far the clock of this process may be behind the clock of Cloud Tasks.
const SKEW: SignedDuration = SignedDuration::from_secs(10);
/// How long to try to create a task.
const PATIENCE: Duration = Duration::from_secs(30);
/// The OAuth scope of the token that a task sends.
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";

/// Creates tasks in the queue `PREFIX-delays`.
pub(super) struct Delays {
    client: CloudTasks,
    target: Target,
    created: AtomicU64,
}

/// The queue of the tasks, and the addresses they call.
struct Target {
    /// `projects/…/locations/…/queues/PREFIX-delays`.
    queue: String,
    /// The address of Cloud Tasks, without a slash at the end.
    tasks: String,
    /// The address of a topic, up to the prefix. The topic's name follows.
    topics: String,
    /// The account for the token of a task. None on emulators.
    account: Option<String>,
}

/// Whether a task was created.
enum Made {
    Now,
    /// A task with this name exists, or has run.
    Earlier,
}

/// The address and body of a task's request.
struct Post {
    url: String,
    body: String,
}

impl Delays {
    /// Connects. None if Pub/Sub is an emulator and Cloud Tasks is not: Google's tasks could not reach the
    /// emulator.
    pub(super) async fn connect(config: &PlatformConfig) -> Result<Option<Self>, PortError> {
        if config.emulators.pubsub.is_some() && config.emulators.tasks.is_none() {
            return Ok(None);
        }
        let mut builder = CloudTasks::builder().with_retry_policy(Aip194Strict.with_time_limit(PATIENCE));
        if let Some(url) = &config.emulators.tasks {
            builder = builder.with_endpoint(url.clone()).with_credentials(anonymous::Builder::new().build());
        }
        let target = Target::from_config(config)?;
        let client = builder.build().await.map_err(|error| PortError::unavailable(PORT, error))?;
        Ok(Some(Self { client, target, created: AtomicU64::new(0) }))
    }

    /// The number of tasks created so far.
    pub(super) fn created(&self) -> u64 {
        self.created.load(Ordering::Relaxed)
    }

    /// The task for a message.
    pub(super) fn task(
        &self,
        topic: &Topic,
        message: &PubSubMessage,
        due: Timestamp,
    ) -> Result<Task, PortError> {
        self.target.task(topic, message, due, SystemClock.now())
    }

    /// Whether a task can hold the body of a message.
    pub(super) fn takes(&self, message: &PubSubMessage) -> bool {
        message.data.len() <= BODY_BYTES
    }

    /// Creates a task, unless it exists. A second call with the same task creates no second one.
    ///
    /// Cloud Tasks refuses the name of a task for hours after the task has run. If the task may have run already, a task
    /// without a name is created: the message may come twice, but is not lost.
    pub(super) async fn create(&self, task: Task, due: Timestamp) -> Result<(), PortError> {
        let again = task.clone().set_name("");
        match self.made(task).await? {
            Made::Now => Ok(()),
            Made::Earlier if may_have_run(due, SystemClock.now()) => self.made(again).await.map(|_| ()),
            Made::Earlier => Ok(()),
        }
    }

    async fn made(&self, task: Task) -> Result<Made, PortError> {
        let queue = &self.target.queue;
        let made = self.client.create_task().set_parent(queue).set_task(task).with_idempotency(true);
        match made.send().await {
            Ok(_) => {
                self.created.fetch_add(1, Ordering::Relaxed);
                Ok(Made::Now)
            }
            Err(error) if api_error::is_already_there(&error) => Ok(Made::Earlier),
            // The queue may be missing only for a moment. The message must not be lost for this reason.
            Err(error) if api_error::is_not_found(&error) => Err(PortError::unavailable(
                PORT,
                format!("there is no queue {queue}; SEGUE_REGION names its region ({error})"),
            )),
            Err(error) => Err(api_error::about(PORT, &format!("a task in {queue}"), &error)),
        }
    }
}

impl Target {
    fn from_config(config: &PlatformConfig) -> Result<Self, PortError> {
        if config.emulators.tasks.is_none() && config.tasks_account.is_none() {
            return Err(PortError::invalid(
                "SEGUE_TASKS_ACCOUNT is not set: it names the service account that publishes messages of a later time, \
                 by its e-mail",
            ));
        }
        let url = |emulator: &Option<String>, service: &str| {
            emulator.clone().unwrap_or_else(|| format!("https://{service}.googleapis.com"))
        };
        Ok(Self {
            queue: format!(
                "projects/{}/locations/{}/queues/{}",
                config.project,
                config.region,
                config.prefixed("delays")
            ),
            tasks: url(&config.emulators.tasks, "cloudtasks"),
            topics: format!(
                "{}/v1/projects/{}/topics/{}",
                url(&config.emulators.pubsub, "pubsub"),
                config.project,
                config.prefixed("")
            ),
            account: config.tasks_account.clone(),
        })
    }

    fn task(
        &self,
        topic: &Topic,
        message: &PubSubMessage,
        due: Timestamp,
        now: Timestamp,
    ) -> Result<Task, PortError> {
        let topic = topic.name();
        let attributes: Json = message
            .attributes
            .iter()
            .map(|(name, value)| (name.clone(), Json::from(value.as_str())))
            .collect();
        let body = json!({"messages": [{"data": STANDARD.encode(&message.data), "attributes": attributes}]})
            .to_string();
        let mut post = Post { url: format!("{}{topic}:publish", self.topics), body };
        let mut moments = moments(now, due);
        let first = moments.next().unwrap_or(due);
        // Builds the last task first, because the body of each task contains the task after it.
        for later in moments.collect::<Vec<_>>().into_iter().rev() {
            let task = json!({"task": self.json(&post, later)}).to_string();
            post = Post { url: format!("{}/v2/{}/tasks", self.tasks, self.queue), body: task };
        }
        if post.body.len() > REQUEST_BYTES {
            return Err(PortError::invalid(format!(
                "a message of {} bytes is too large to be kept until {due}: its request has {} bytes, and Cloud Tasks \
                 takes {REQUEST_BYTES}; outputs and inputs that large belong into files",
                message.data.len(),
                post.body.len()
            )));
        }
        Ok(self.made(post, first, &format!("{topic}\n{due}\n"), &message.data))
    }

    /// The task in the client's type. Its name follows from message and due date, so creating it twice makes
    /// one task.
    fn made(&self, post: Post, at: Timestamp, about: &str, data: &[u8]) -> Task {
        let digest = Sha256::new().chain_update(about).chain_update(data).finalize();
        let name: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let mut request = HttpRequest::new()
            .set_url(post.url)
            .set_http_method(HttpMethod::Post)
            .set_headers([("Content-Type", "application/json")])
            .set_body(bytes::Bytes::from(post.body));
        if let Some(account) = &self.account {
            request = request
                .set_oauth_token(OAuthToken::new().set_service_account_email(account).set_scope(SCOPE));
        }
        Task::new()
            .set_name(format!("{}/tasks/{name}", self.queue))
            .set_schedule_time(wkt::Timestamp::clamp(at.as_second(), at.subsec_nanosecond()))
            .set_http_request(request)
    }

    /// The task as another task creates it. The task has no name. If it had a name that exists already, Cloud Tasks
    /// would refuse the creating task and retry it forever.
    fn json(&self, post: &Post, at: Timestamp) -> Json {
        let mut request = json!({
            "url": post.url,
            "httpMethod": "POST",
            "headers": {"Content-Type": "application/json"},
            "body": STANDARD.encode(&post.body),
        });
        if let (Some(account), Some(fields)) = (&self.account, request.as_object_mut()) {
            let token = json!({"serviceAccountEmail": account, "scope": SCOPE});
            fields.insert("oauthToken".to_owned(), token);
        }
        json!({"scheduleTime": at.to_string(), "httpRequest": request})
    }
}

/// Whether a task with this due date may have run, by a clock that differs.
fn may_have_run(due: Timestamp, now: Timestamp) -> bool {
    due.checked_sub(SKEW).is_ok_and(|early| early <= now)
}

/// The due times of the tasks in a chain, in order. The last due time is `due`.
fn moments(now: Timestamp, due: Timestamp) -> impl Iterator<Item = Timestamp> {
    let mut next = Some(now);
    std::iter::from_fn(move || {
        let from = next?;
        let reached = from.checked_add(HORIZON).unwrap_or(Timestamp::MAX);
        next = (reached < due).then_some(reached);
        Some(reached.min(due))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use google_cloud_tasks_v2::model::http_request::AuthorizationHeader;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn target(variables: &[(&str, &str)]) -> Result<Target, PortError> {
        let config = PlatformConfig::from_variables(|name| match name {
            "SEGUE_PROJECT" => Some("demo".to_owned()),
            other => {
                variables.iter().find(|(known, _)| *known == other).map(|(_, value)| (*value).to_owned())
            }
        });
        Target::from_config(&config.unwrap())
    }

    fn real() -> Target {
        target(&[("SEGUE_TASKS_ACCOUNT", "delays@demo.iam.gserviceaccount.com")]).unwrap()
    }

    fn message(text: &str) -> PubSubMessage {
        PubSubMessage::new().set_data(text.to_owned()).set_attributes([("kind", "tick")])
    }

    fn days(days: i64) -> Timestamp {
        NOW + SignedDuration::from_hours(24 * days)
    }

    #[test]
    fn a_task_publishes_in_the_name_of_its_account() {
        let task = real().task(&Topic::Executions, &message("{}"), days(1), NOW).unwrap();
        assert!(task.name.starts_with("projects/demo/locations/europe-west1/queues/segue-delays/tasks/"));
        assert_eq!(task.schedule_time.as_ref().unwrap().seconds(), days(1).as_second());
        let request = task.http_request().unwrap();
        assert_eq!(
            request.url,
            "https://pubsub.googleapis.com/v1/projects/demo/topics/segue-execution-events:publish"
        );
        let body: Json = serde_json::from_slice(&request.body).unwrap();
        assert_eq!(body, json!({"messages": [{"data": "e30=", "attributes": {"kind": "tick"}}]}));
        let Some(AuthorizationHeader::OauthToken(token)) = &request.authorization_header else {
            panic!("no token")
        };
        assert_eq!(token.service_account_email, "delays@demo.iam.gserviceaccount.com");
    }

    #[test]
    fn the_same_message_of_the_same_time_is_the_same_task() {
        let name = |text: &str, due| real().task(&Topic::Executions, &message(text), due, NOW).unwrap().name;
        assert_eq!(name("a", days(1)), name("a", days(1)));
        assert_ne!(name("a", days(1)), name("a", days(2)));
        assert_ne!(name("a", days(1)), name("b", days(1)));
    }

    #[test]
    fn what_lies_too_far_ahead_is_handed_on_and_never_early() {
        assert_eq!(moments(NOW, days(29)).collect::<Vec<_>>(), [days(29)]);
        assert_eq!(moments(NOW, days(70)).collect::<Vec<_>>(), [days(29), days(58), days(70)]);
        let task = real().task(&Topic::Executions, &message("{}"), days(70), NOW).unwrap();
        assert_eq!(task.schedule_time.as_ref().unwrap().seconds(), days(29).as_second());
        let request = task.http_request().unwrap();
        let (mut url, mut body) = (request.url.clone(), request.body.to_vec());
        for due in [days(58), days(70)] {
            assert_eq!(
                url,
                "https://cloudtasks.googleapis.com/v2/projects/demo/locations/europe-west1/queues/segue-delays/tasks"
            );
            let inner: Json = serde_json::from_slice(&body).unwrap();
            assert_eq!(inner["task"]["scheduleTime"], due.to_string());
            assert!(inner["task"]["httpRequest"]["oauthToken"]["serviceAccountEmail"].is_string());
            url = inner["task"]["httpRequest"]["url"].as_str().unwrap().to_owned();
            body = STANDARD.decode(inner["task"]["httpRequest"]["body"].as_str().unwrap()).unwrap();
        }
        assert!(url.ends_with("topics/segue-execution-events:publish"));
        assert_eq!(serde_json::from_slice::<Json>(&body).unwrap()["messages"][0]["data"], "e30=");
    }

    #[test]
    fn a_name_counts_only_while_the_task_cannot_have_run() {
        assert!(may_have_run(NOW, NOW) && may_have_run(NOW + SKEW, NOW));
        assert!(!may_have_run(NOW + SKEW + SignedDuration::from_secs(1), NOW));
    }

    #[test]
    fn a_message_no_task_takes_is_refused() {
        let large = message(&"x".repeat(80_000));
        let error = real().task(&Topic::Executions, &large, days(1), NOW).unwrap_err();
        assert!(error.to_string().contains("80000 bytes is too large"), "{error}");
        assert!(matches!(error, PortError::Invalid { .. }));
    }

    #[test]
    fn an_account_is_needed_save_on_an_emulator() {
        assert!(target(&[]).is_err_and(|error| error.to_string().contains("SEGUE_TASKS_ACCOUNT")));
        let emulated =
            target(&[("CLOUD_TASKS_EMULATOR_HOST", "127.0.0.1:1"), ("PUBSUB_EMULATOR_HOST", "127.0.0.1:2")]);
        let task = emulated.unwrap().task(&Topic::Triggers, &message("{}"), days(1), NOW).unwrap();
        let request = task.http_request().unwrap();
        assert!(request.url.starts_with("http://127.0.0.1:2/v1/projects/demo/topics/segue-"));
        assert!(request.authorization_header.is_none());
    }
}
