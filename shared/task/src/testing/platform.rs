//! A platform in a temporary directory, for the tests of task types.

use super::{TestEnd, TestRun, message, run_under};
use crate::list::TaskList;
use crate::settings::TaskSettings;
use futures::TryStreamExt as _;
use segue_model::Json;
use segue_model::trigger_state::TriggerKey;
use segue_ports::Ports;
use segue_ports::wire::{Find, Look, TaskRunMessage};
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// A platform with the task types of one service. Its directory is deleted with this value.
pub struct Platform {
    /// The ports.
    pub ports: Ports,
    /// The task types of the service.
    list: TaskList,
    dir: TempDir,
}

impl Platform {
    /// A new platform. `connect` opens the ports in a directory, because this crate must not name an adapter.
    pub fn new(list: TaskList, connect: impl FnOnce(&Path) -> Ports) -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self { ports: connect(dir.path()), list, dir }
    }

    /// The settings of the service, with working directories in the platform's directory.
    pub fn settings(&self) -> TaskSettings {
        TaskSettings { work_root: self.work_root(), ..TaskSettings::default() }
    }

    /// The directory of working directories.
    pub fn work_root(&self) -> PathBuf {
        self.dir.path().join("work")
    }

    /// The message for a task with its `type` and its properties, dispatched now.
    pub fn message(&self, mut task: Json) -> TaskRunMessage {
        let task_type = task.as_object_mut().and_then(|task| task.remove("type")).unwrap();
        self.message_of(task_type.as_str().unwrap(), task)
    }

    /// The message for a task of this type with these properties, dispatched now.
    pub fn message_of(&self, task_type: &str, properties: Json) -> TaskRunMessage {
        TaskRunMessage { dispatched_at: self.ports.clock.now(), ..message(task_type, properties) }
    }

    /// Runs a task with its `type` and its properties to its end.
    pub async fn run(&self, task: Json) -> TestRun {
        self.handle(self.message(task)).await
    }

    /// Lets a polling trigger look, with its `type`, its properties and its memory.
    pub async fn look(&self, trigger: Json, memory: Option<&str>) -> TestRun {
        self.handle(self.look_message(trigger, memory, None)).await
    }

    /// What a polling trigger finds in a look that must succeed.
    pub async fn find(&self, trigger: Json, memory: Option<&str>) -> Find {
        serde_json::from_value(Json::Object(self.look(trigger, memory).await.outputs())).unwrap()
    }

    /// Lets a polling trigger settle a find, which must succeed.
    pub async fn settle(&self, trigger: Json, left: Json) {
        self.handle(self.look_message(trigger, None, Some(left))).await.outputs();
    }

    fn look_message(&self, trigger: Json, memory: Option<&str>, settle: Option<Json>) -> TaskRunMessage {
        let key = TriggerKey::new("company.team", "flow", "trigger");
        let look = Look { key, memory: memory.map(str::to_owned), settle };
        TaskRunMessage {
            task_id: "trigger".to_owned(),
            task_run_id: "trigger".into(),
            look: Some(Box::new(look)),
            ..self.message(trigger)
        }
    }

    /// Runs the attempt of a message to its end.
    pub async fn handle(&self, message: TaskRunMessage) -> TestRun {
        self.handle_as(&self.list, self.settings(), message).await
    }

    /// Runs the attempt of a message to its end, in another service or with other settings.
    pub async fn handle_as(
        &self,
        list: &TaskList,
        settings: TaskSettings,
        message: TaskRunMessage,
    ) -> TestRun {
        match run_under(list, self.ports.clone(), settings, message, &CancellationToken::new()).await {
            TestEnd::Ended(run) => run,
            other => panic!("the attempt did not end: {other:?}"),
        }
    }

    /// Writes a file of internal storage and returns its URI.
    pub async fn store(&self, path: &str, bytes: &[u8]) -> String {
        self.ports.storage.put_text(path, bytes.to_vec()).await.unwrap()
    }

    /// The bytes of a file of internal storage.
    pub async fn stored(&self, uri: &str) -> Vec<u8> {
        let (_, stream) = self.ports.storage.get(uri).await.unwrap();
        stream.try_collect::<Vec<_>>().await.unwrap().concat()
    }
}
