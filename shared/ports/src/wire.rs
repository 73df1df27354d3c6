//! The messages between services: versioned, small, without secrets. Large values are sent as references.

use jiff::Timestamp;
use segue_model::backfill::BackfillRequest;
use segue_model::event::{Event, TaskRunResult};
use segue_model::id::{ExecutionId, TaskRunId};
use segue_model::log::{LogEntry, LogLevel};
use segue_model::state::State;
use segue_model::trigger_state::TriggerKey;
use segue_model::{Json, Map};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The version written into every message.
pub const WIRE_VERSION: u32 = 1;

/// One message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
#[allow(clippy::large_enum_variant, reason = "most messages are about executions: a box would cost each one")]
pub enum Message {
    /// An event of an execution.
    Execution(ExecutionMessage),
    /// A request to run a task run.
    TaskRun(Box<TaskRunMessage>),
    /// A request to check a schedule. Cloud Scheduler publishes this body. It names no slot: the trigger's
    /// state says which slots are due.
    Tick(TriggerKey),
    /// A schedule was saved, changed, switched on or off, or removed. Its job and its next tick follow
    /// ([`crate::TickJobs`]). Only platforms without a process that always runs send this message.
    ScheduleChanged(TriggerKey),
    /// A task has saved or deleted a flow. The states of the flow's triggers follow.
    FlowChanged(FlowChanged),
    /// An execution has ended or is paused. A schedule may wait for this end, a Flow trigger may fire, and a backfill
    /// continues.
    // The alias is the name in messages that an earlier build left in the queue of a data directory.
    #[serde(alias = "executionEnded")]
    ExecutionStateReached(ExecutionStateReached),
    /// A service has looked for a polling trigger.
    Looked(Box<Looked>),
    /// A message of a topic came for a realtime trigger.
    Arrived(Box<Arrived>),
    /// A request to start a backfill.
    Backfill(Box<BackfillRequest>),
    /// Changes nothing. The sweep sends this message with a delay, because Google lets a queue that is idle for 30 days
    /// fall asleep, and the first messages after that come minutes late.
    Nothing {},
    /// A request to look for lost work, sent regularly. The receiver fires overdue timers and checks executions that
    /// were idle for a while.
    Sweep {},
}

/// The attribute of a message with its body in a file of internal storage: the URI of the file. Delayed
/// messages have it if they are too large for the queue of delayed messages.
pub const BODY_AT: &str = "bodyAt";
/// The largest body of a message, in bytes. Pub/Sub accepts 10 MB with attributes.
pub const LARGEST_BODY: usize = 9_500_000;

/// The fields that identify a body without a kind.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bare {
    kind: Option<serde::de::IgnoredAny>,
    start: Option<serde::de::IgnoredAny>,
}

impl Message {
    /// Parses the body of a message. Services send messages with a `kind`. People and Cloud Scheduler publish
    /// bodies without one: a body with a `start` is a [`BackfillRequest`], every other body is a
    /// [`TriggerKey`], which is a tick. A backfill without its own id takes the id `message_id`, so that a
    /// message that is delivered twice starts one backfill.
    ///
    /// # Errors
    /// An error that says what is wrong with the text.
    pub fn from_body(body: &[u8], message_id: &str) -> Result<Self, serde_json::Error> {
        let bare: Bare = serde_json::from_slice(body)?;
        if bare.kind.is_some() {
            return serde_json::from_slice(body);
        }
        if bare.start.is_none() {
            return serde_json::from_slice(body).map(Self::Tick);
        }
        let mut request: BackfillRequest = serde_json::from_slice(body)?;
        if request.id.is_none() && !message_id.is_empty() {
            request.id = Some(format!("message-{message_id}"));
        }
        Ok(Self::Backfill(Box::new(request)))
    }
}

/// A flow was saved or deleted by a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FlowChanged {
    /// The flow's namespace.
    pub namespace: String,
    /// The flow.
    pub flow_id: String,
}

/// An execution has ended, or is paused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExecutionStateReached {
    /// [`WIRE_VERSION`].
    pub version: u32,
    /// The execution.
    pub execution_id: ExecutionId,
    /// The flow's namespace.
    pub namespace: String,
    /// The flow.
    pub flow_id: String,
    /// The state that the execution has reached: a final state, or PAUSED.
    pub state: State,
}

/// An event of an execution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExecutionMessage {
    /// [`WIRE_VERSION`].
    pub version: u32,
    /// The execution.
    pub execution_id: ExecutionId,
    /// The event.
    pub event: Event,
}

impl ExecutionMessage {
    /// A message with the current version.
    pub fn new(execution_id: ExecutionId, event: Event) -> Self {
        Self { version: WIRE_VERSION, execution_id, event }
    }
}

/// A request to run a task run. Delivery key: execution, task run, attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskRunMessage {
    /// [`WIRE_VERSION`].
    pub version: u32,
    /// The execution.
    pub execution_id: ExecutionId,
    /// The flow's namespace.
    pub namespace: String,
    /// The flow.
    pub flow_id: String,
    /// The revision of the flow that the execution runs.
    pub flow_revision: u32,
    /// The task run.
    pub task_run_id: TaskRunId,
    /// The number of the attempt, from 0.
    pub attempt: u32,
    /// The id of the task.
    pub task_id: String,
    /// The type of the task.
    pub task_type: String,
    /// The properties of the task, not rendered.
    pub properties: Map,
    /// The values that the task's expressions can read (docs/kestra.md 3.2).
    pub context: Json,
    /// The timeout of each attempt: a duration, or a template that renders to one. None: no timeout.
    pub timeout: Option<String>,
    /// Log lines below this level are dropped. None: all lines are kept.
    pub log_level: Option<LogLevel>,
    /// Log lines go to a file in internal storage.
    #[serde(default)]
    pub log_to_file: bool,
    /// The working directory that the task run shares with its siblings. None outside of a WorkingDirectory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub working_directory: Option<WorkingDirectoryRef>,
    /// The time the task run was dispatched.
    pub dispatched_at: Timestamp,
    /// Set if the work continues outside the service, and this message checks on the work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resumed: Option<Resumed>,
    /// Set if an earlier delivery found that another worker held the attempt. If the attempt is free now and has no
    /// result, that worker may have died of the attempt.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub held_before: bool,
    /// Set if the message asks the service to look for a polling trigger. There is no execution yet: its id is the one
    /// that the execution of the look's find will have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub look: Option<Box<Look>>,
}

/// The properties of a trigger that belong to the scheduler. The service does not get them.
pub const SCHEDULERS_PROPERTIES: [&str; 2] = ["interval", "allowConcurrent"];

/// A look of a polling trigger. A look changes nothing: what the trigger does with its find (moving files, for example)
/// is asked for by a second message, after the execution was created.
///
/// For a realtime trigger, the message asks the service to connect the trigger to its source, or to disconnect it. The
/// state of the trigger says which: so the order of such messages does not matter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Look {
    /// The trigger.
    pub key: TriggerKey,
    /// What the trigger remembers of its earlier looks, as its type wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<String>,
    /// What is left to do with an earlier find, as the trigger's type wrote it. None: this message asks for the look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settle: Option<Json>,
}

/// What a polling trigger has found, as its type reports it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Find {
    /// The variables `trigger.*` of the execution. None: there is nothing new.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variables: Option<Map>,
    /// What the trigger remembers from now on. None: what it remembered before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<String>,
    /// There is more than one execution should get. The next look follows at once.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub more: bool,
    /// What to do with the find once the execution was created. None: nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settle: Option<Json>,
}

/// The result of a look.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Looked {
    /// [`WIRE_VERSION`].
    pub version: u32,
    /// The trigger.
    pub key: TriggerKey,
    /// The id of the look, which is the id of its execution.
    pub execution_id: ExecutionId,
    /// What was found, or why the look failed.
    pub found: Result<Find, String>,
    /// The last lines of the look's log. The execution gets them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<LogEntry>,
    /// The look has taken something away (an SQL statement that marks rows, for example). So it ran under a claim, and
    /// the result and the log are recorded in the state store.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_recorded: bool,
}

/// A message of a topic, pushed to a realtime trigger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Arrived {
    /// [`WIRE_VERSION`].
    pub version: u32,
    /// The trigger.
    pub key: TriggerKey,
    /// The full name of the subscription.
    pub subscription: String,
    /// The id of the message, the same in every delivery.
    pub message_id: String,
    /// The content, in base64.
    #[serde(default)]
    pub data: String,
    /// Any keys and values.
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
    /// Empty if the message has none.
    #[serde(default)]
    pub ordering_key: String,
    /// When the message was published. None if the platform did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published: Option<Timestamp>,
}

/// The attempt that a message checks on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Resumed {
    /// The time the attempt began.
    pub begun_at: Timestamp,
    /// The holder who handed the attempt's claim back. The receiver of this message takes the claim over from this
    /// holder. Duplicates of the message find that somebody else holds the claim.
    pub holder: String,
}

/// The directory that the children of a WorkingDirectory share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkingDirectoryRef {
    /// The name of the directory: the parent's task run and attempt, so that a retry begins with an empty
    /// directory.
    pub id: String,
}

/// Identifies a message among duplicates, for logs and claims.
impl TaskRunMessage {
    /// The delivery key.
    pub fn key(&self) -> AttemptKey {
        AttemptKey {
            execution_id: self.execution_id.clone(),
            task_run_id: self.task_run_id.clone(),
            attempt: self.attempt,
        }
    }

    /// A line of this attempt's log.
    pub fn log_entry(&self, level: LogLevel, timestamp: Timestamp, message: String) -> LogEntry {
        LogEntry {
            namespace: self.namespace.clone(),
            flow_id: self.flow_id.clone(),
            execution_id: self.execution_id.clone(),
            task_id: Some(self.task_id.clone()),
            task_run_id: Some(self.task_run_id.clone()),
            attempt_number: Some(self.attempt),
            timestamp,
            level,
            message,
        }
    }

    /// The result of this attempt if another process ends it as FAILED: no outputs, and the reason.
    pub fn failed(&self, error: String, now: Timestamp) -> TaskRunResult {
        TaskRunResult {
            task_run_id: self.task_run_id.clone(),
            attempt: self.attempt,
            state: State::Failed,
            outputs: Map::new(),
            error: Some(error),
            start_date: self.dispatched_at.min(now),
            end_date: now,
            dynamic: Vec::new(),
            metrics: Vec::new(),
        }
    }
}

/// One attempt of one task run.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AttemptKey {
    /// The execution.
    pub execution_id: ExecutionId,
    /// The task run.
    pub task_run_id: TaskRunId,
    /// The number of the attempt, from 0.
    pub attempt: u32,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(body: Json) -> Result<Message, String> {
        Message::from_body(body.to_string().as_bytes(), "77").map_err(|error| error.to_string())
    }

    #[test]
    fn what_people_publish_needs_no_kind() {
        let tick = read(json!({"namespace": "zoomcamp", "flowId": "taxi", "triggerId": "monthly"}));
        assert_eq!(tick, Ok(Message::Tick(TriggerKey::new("zoomcamp", "taxi", "monthly"))));
        let body =
            json!({"namespace": "zoomcamp", "flowId": "taxi", "start": "2023-01-01", "end": "2024-12-31"});
        let Ok(Message::Backfill(request)) = read(body.clone()) else { unreachable!("{body}") };
        assert_eq!(request.id.as_deref(), Some("message-77"));
        let mut named = body;
        named["id"] = json!("mine");
        let Ok(Message::Backfill(request)) = read(named) else { unreachable!() };
        assert_eq!(request.id.as_deref(), Some("mine"));
    }

    #[test]
    fn what_services_send_is_read_as_it_was_written() {
        let sent = Message::Execution(ExecutionMessage::new("e".into(), Event::Continued));
        let body = serde_json::to_vec(&sent).unwrap();
        assert_eq!(Message::from_body(&body, "1").unwrap(), sent);
        assert_eq!(read(json!({"kind": "sweep"})), Ok(Message::Sweep {}));
    }

    #[test]
    fn a_state_under_its_former_name_is_read() {
        let body = |kind| json!({"kind": kind, "version": 1, "executionId": "e", "namespace": "n", "flowId": "f", "state": "PAUSED"});
        let now = read(body("executionStateReached")).unwrap();
        assert_eq!(read(body("executionEnded")).unwrap(), now);
        assert_eq!(serde_json::to_value(now).unwrap(), body("executionStateReached"));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (body, part) in [
            (json!({"namespace": "n", "flowId": "f"}), "triggerId"),
            (json!({"namespace": "n", "start": "2024-01-01"}), "flowId"),
            (json!({"kind": "unknown"}), "unknown"),
            (json!("text"), "invalid type"),
        ] {
            let error = read(body).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }
}
