//! Values of type SECRET are readable only in expressions. The tests search everything that is stored, sent
//! and logged for the clear text.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what is wrong here fails a test")]

mod support;

use async_trait::async_trait;
use segue_embedded::{EmbeddedOptions, EnvSecretStore, open_with};
use segue_executor::{CreateError, Executor, NewExecution};
use segue_lookups::Answers;
use segue_model::cipher::is_sealed;
use segue_model::event::{Event, TaskRunResult};
use segue_model::execution::Execution;
use segue_model::id::ExecutionId;
use segue_model::log::LogLevel;
use segue_model::state::State;
use segue_model::{Json, Map};
use segue_ports::wire::Message;
use segue_ports::{EventBus, MessageHandler as _, Outgoing, PortError, Ports, Verdict};
use segue_template::{Answer, Lookup};
use serde_json::json;
use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

const CLEAR: &str = "open-sesame-42";
const CORE: &str = "io.kestra.plugin.core";

/// A bus that keeps all messages as they would be stored.
#[derive(Default)]
struct Bus {
    queue: Mutex<VecDeque<Message>>,
    sent: Mutex<String>,
}

#[async_trait]
impl EventBus for Bus {
    async fn publish(&self, messages: Vec<Outgoing>) -> Result<(), PortError> {
        for Outgoing { message, .. } in messages {
            self.sent.lock().unwrap().push_str(&serde_json::to_string(&message).unwrap());
            self.queue.lock().unwrap().push_back(message);
        }
        Ok(())
    }

    async fn publish_at(&self, messages: Vec<Outgoing>, _: jiff::Timestamp) -> Result<(), PortError> {
        self.publish(messages).await
    }
}

struct Nothing;

#[async_trait]
impl Answers for Nothing {
    async fn answer(&self, _: &str, _: &ExecutionId, _: &Lookup) -> Result<Answer, PortError> {
        Ok(Answer::Missing)
    }

    fn mask(&self, text: String) -> String {
        text
    }
}

struct Bench {
    executor: Executor,
    ports: Ports,
    bus: Arc<Bus>,
}

impl Bench {
    fn open(dir: &Path, key: Option<&str>) -> Self {
        let key = key.map(|key| ("SEGUE_ENCRYPTION_KEY".to_owned(), key.to_owned()));
        let options = EmbeddedOptions { secrets: EnvSecretStore::new(key), ..EmbeddedOptions::default() };
        let bus = Arc::new(Bus::default());
        let ports = Ports { bus: bus.clone(), ..open_with(dir, options).unwrap().ports };
        let executor = support::executor(ports.clone(), Arc::new(Nothing));
        Self { executor, ports, bus }
    }

    async fn flow(&self, id: &str, body: &str) {
        let source = format!("id: {id}\nnamespace: test\n{body}\n");
        self.ports.state.put_flow("test", id, &source, self.ports.clock.now()).await.unwrap();
    }

    async fn create(&self, flow: &str, inputs: Json) -> Result<Execution, CreateError> {
        let inputs = inputs.as_object().unwrap().clone();
        let (namespace, flow_id) = ("test".to_owned(), flow.to_owned());
        self.executor.create(NewExecution { namespace, flow_id, inputs, ..NewExecution::default() }).await
    }

    /// Delivers all messages. A task of a service succeeds at once. Returns the contexts that were sent.
    async fn deliver(&self) -> Vec<Json> {
        let mut contexts = Vec::new();
        loop {
            let Some(message) = self.bus.queue.lock().unwrap().pop_front() else { return contexts };
            let Message::TaskRun(task) = message else {
                assert_eq!(self.executor.handle(message).await, Verdict::Done);
                continue;
            };
            let now = self.ports.clock.now();
            let result = TaskRunResult {
                task_run_id: task.task_run_id.clone(),
                attempt: task.attempt,
                state: State::Success,
                outputs: Map::new(),
                error: None,
                start_date: now,
                end_date: now,
                dynamic: Vec::new(),
                metrics: Vec::new(),
            };
            self.executor.apply(&task.execution_id, Event::TaskRunFinished(result)).await.unwrap();
            contexts.push(task.context);
        }
    }

    async fn execution(&self, id: &ExecutionId) -> Execution {
        self.ports.state.execution(id).await.unwrap().unwrap().execution
    }

    async fn outputs(&self, id: &ExecutionId, task: &str) -> Json {
        let stored = self.ports.state.execution(id).await.unwrap().unwrap();
        let run = stored.task_runs.into_iter().find(|(_, run)| run.task_id == task);
        Json::Object(run.unwrap_or_else(|| panic!("{task} did not run")).1.outputs)
    }

    fn assert_hidden(&self, dir: &TempDir) {
        assert!(!self.bus.sent.lock().unwrap().contains(CLEAR), "{}", self.bus.sent.lock().unwrap());
        for entry in std::fs::read_dir(dir.path()).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                let bytes = std::fs::read(&path).unwrap();
                let found = bytes.windows(CLEAR.len()).position(|window| window == CLEAR.as_bytes());
                let around = found.map(|at| {
                    let near: Vec<u8> =
                        bytes.iter().skip(at.saturating_sub(200)).take(260).copied().collect();
                    String::from_utf8_lossy(&near).into_owned()
                });
                assert_eq!(around, None, "{}", path.display());
            }
        }
    }
}

#[tokio::test]
async fn a_secret_input_is_read_by_expressions_and_stored_nowhere() {
    let dir = tempfile::tempdir().unwrap();
    let bench = Bench::open(dir.path(), None);
    bench
        .flow(
            "child",
            &format!(
                "inputs: [{{id: token, type: SECRET}}, {{id: text, type: STRING}}]\n\
                 outputs: [{{id: token, type: SECRET, value: '{{{{ inputs.token }}}}'}}]\n\
                 tasks:\n\
                 - {{id: say, type: {CORE}.log.Log, message: 'child {{{{ inputs.text }}}} {{{{ inputs.token }}}}'}}\n\
                 - {{id: size, type: {CORE}.debug.Return, format: '{{{{ inputs.text | length }}}}'}}"
            ),
        )
        .await;
    let token = "{{ inputs.token }}";
    bench
        .flow(
            "parent",
            &format!(
                "inputs: [{{id: token, type: SECRET}}]\n\
                 outputs:\n\
                 - {{id: token, type: SECRET, value: '{token}'}}\n\
                 - {{id: plain, type: STRING, value: 'is {token}'}}\n\
                 tasks:\n\
                 - {{id: say, type: {CORE}.log.Log, message: 'parent {token}'}}\n\
                 - {{id: size, type: {CORE}.debug.Return, format: '{{{{ inputs.token | length }}}}'}}\n\
                 - {{id: label, type: {CORE}.execution.Labels, labels: {{t: '{token}'}}}}\n\
                 - {{id: vars, type: {CORE}.execution.SetVariables, variables: {{v: '{token}'}}}}\n\
                 - {{id: keep, type: {CORE}.kv.Set, key: k, value: '{token}'}}\n\
                 - {{id: way, type: {CORE}.flow.Switch, value: '{token}', cases: {{a: []}}, defaults: [\
                    {{id: there, type: {CORE}.log.Log, message: there}}]}}\n\
                 - {{id: each, type: {CORE}.flow.ForEach, values: ['{token}'], tasks: [\
                    {{id: in, type: {CORE}.log.Log, message: '{{{{ taskrun.value }}}}'}}]}}\n\
                 - {{id: work, type: test.Work, header: '{token}'}}\n\
                 - {{id: sub, type: {CORE}.flow.Subflow, namespace: test, flowId: child, wait: true, \
                    labels: {{t: '{token}'}}, inputs: {{token: '{token}', text: 'Bearer {token}'}}}}\n\
                 - {{id: back, type: {CORE}.debug.Return, format: '{{{{ outputs.sub.outputs.token | length }}}}'}}\n\
                 - {{id: wrong, type: {CORE}.log.Log, allowFailure: true, message: '{{{{ {token_name} | date(\"yyyy\") }}}}'}}",
                token_name = "inputs.token"
            ),
        )
        .await;
    let made = bench.create("parent", json!({"token": CLEAR})).await.unwrap();
    assert!(is_sealed(&made.inputs["token"]));
    let contexts = bench.deliver().await;
    assert!(contexts.iter().all(|context| is_sealed(&context["inputs"]["token"])), "{contexts:?}");
    assert_eq!(contexts.len(), 1);
    let ended = bench.execution(&made.id).await;
    assert_eq!(ended.state.current(), State::Warning);
    assert_eq!(bench.outputs(&made.id, "size").await["value"], CLEAR.len().to_string());
    assert_eq!(bench.outputs(&made.id, "back").await["value"], CLEAR.len().to_string());
    let outputs = ended.outputs.unwrap();
    assert!(is_sealed(&outputs["token"]));
    assert_eq!(outputs["plain"], "is ******");
    let child = ExecutionId::from(bench.outputs(&made.id, "sub").await["executionId"].as_str().unwrap());
    assert_eq!(bench.outputs(&child, "size").await["value"], (CLEAR.len() + "Bearer ".len()).to_string());
    let child = bench.execution(&child).await;
    assert!(is_sealed(&child.inputs["token"]) && is_sealed(&child.inputs["text"]), "{:?}", child.inputs);
    let logs = bench.ports.state.logs(&made.id, LogLevel::Trace, 0).await.unwrap();
    let says: Vec<&str> = logs.iter().map(|entry| entry.message.as_str()).collect();
    assert!(says.contains(&"parent ******"), "{says:?}");
    let seen = bench.executor.evaluate(&made.id, None, "<{{ inputs.token }}>").await.unwrap();
    assert_eq!(seen, Ok("<******>".to_owned()));
    bench.assert_hidden(&dir);
}

#[tokio::test]
async fn what_a_resume_and_a_replay_submit_is_sealed_too() {
    let dir = tempfile::tempdir().unwrap();
    let bench = Bench::open(dir.path(), None);
    bench
        .flow(
            "pausing",
            &format!(
                "inputs: [{{id: token, type: SECRET}}]\ntasks:\n\
                 - {{id: wait, type: {CORE}.flow.Pause, onResume: [{{id: pin, type: SECRET}}]}}\n\
                 - {{id: size, type: {CORE}.debug.Return, \
                    format: '{{{{ outputs.wait.onResume.pin | length }}}} {{{{ outputs.wait.onResume.pin }}}}'}}"
            ),
        )
        .await;
    let made = bench.create("pausing", json!({"token": "other"})).await.unwrap();
    bench.deliver().await;
    let pin = json!({"pin": CLEAR}).as_object().unwrap().clone();
    bench.executor.resume(&made.id, pin).await.unwrap();
    bench.deliver().await;
    assert_eq!(bench.outputs(&made.id, "size").await["value"], format!("{} ******", CLEAR.len()));
    assert!(is_sealed(&bench.outputs(&made.id, "wait").await["onResume"]["pin"]));
    let token = json!({"token": CLEAR}).as_object().unwrap().clone();
    let copy = bench.executor.replay(&made.id, None, None, Some(token)).await.unwrap();
    assert!(is_sealed(&copy.inputs["token"]));
    // An encrypted value can be submitted again and is the same secret.
    let again = bench.create("pausing", Json::Object(copy.inputs.clone())).await.unwrap();
    let length = bench.executor.evaluate(&again.id, None, "{{ inputs.token | length }}").await.unwrap();
    assert_eq!(length, Ok(CLEAR.len().to_string()));
    bench.assert_hidden(&dir);
}

#[tokio::test]
async fn a_refused_input_does_not_show_the_secret_of_another() {
    let dir = tempfile::tempdir().unwrap();
    let bench = Bench::open(dir.path(), None);
    let flow = "inputs: [{id: token, type: SECRET}, {id: n, type: INT, defaults: '{{ inputs.token }}'}]\n\
                tasks: [{id: a, type: io.kestra.plugin.core.log.Log, message: a}]";
    bench.flow("refusing", flow).await;
    let refused = bench.create("refusing", json!({"token": CLEAR})).await.unwrap_err().to_string();
    assert!(refused.contains("`n`") && refused.contains("******") && !refused.contains(CLEAR), "{refused}");
}

#[tokio::test]
async fn a_wrong_key_is_reported_where_the_secret_is_used() {
    let dir = tempfile::tempdir().unwrap();
    let flow = "inputs: [{id: token, type: SECRET}]\n\
                tasks: [{id: a, type: io.kestra.plugin.core.debug.Return, format: '<{{ inputs.token }}>'}]";
    let made = {
        let bench = Bench::open(dir.path(), None);
        bench.flow("simple", flow).await;
        bench.create("simple", json!({"token": CLEAR})).await.unwrap()
    };
    let bench = Bench::open(dir.path(), Some("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="));
    let said = bench.executor.evaluate(&made.id, None, "<{{ inputs.token }}>").await.unwrap().unwrap_err();
    assert!(said.contains("encrypted with another key"), "{said}");
    bench.executor.apply(&made.id, Event::ExecutionCreated).await.unwrap();
    assert_eq!(bench.execution(&made.id).await.state.current(), State::Failed);
}
