//! What people can do with executions, on the real state store. The bus is a list that the test delivers.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what is wrong here fails a test")]

mod dead_letters;
mod delivered_timers;
mod instants;
#[path = "../support/mod.rs"]
mod support;
mod together;

use async_trait::async_trait;
use segue_embedded::{EmbeddedOptions, open_with};
use segue_executor::{ActionError, Executor, NewExecution};
use segue_lookups::Answers;
use segue_model::event::{Event, TaskRunResult};
use segue_model::execution::Execution;
use segue_model::id::{ExecutionId, TaskRunId};
use segue_model::label::Label;
use segue_model::log::LogLevel;
use segue_model::state::State;
use segue_model::{Json, Map};
use segue_ports::state::{Claim, ExecutionFilter};
use segue_ports::wire::{ExecutionMessage, Message, TaskRunMessage};
use segue_ports::{EventBus, MessageHandler as _, Outgoing, PortError, Ports, TimersBy, Verdict};
use segue_template::{Answer, Lookup};
use serde_json::json;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

const FLOW: &str = "io.kestra.plugin.core.flow";

/// A bus that keeps its messages until the test delivers them, and refuses as many as the test sets.
#[derive(Default)]
struct Bus {
    refuse: AtomicU32,
    messages: Mutex<VecDeque<Message>>,
    /// Messages with a due date.
    later: Mutex<Vec<(Message, jiff::Timestamp)>>,
}

#[async_trait]
impl EventBus for Bus {
    async fn publish(&self, messages: Vec<Outgoing>) -> Result<(), PortError> {
        let refuse = |left: u32| left.checked_sub(1);
        if self.refuse.fetch_update(Ordering::SeqCst, Ordering::SeqCst, refuse).is_ok() {
            return Err(PortError::unavailable("event bus", "refused"));
        }
        self.messages.lock().unwrap().extend(messages.into_iter().map(|outgoing| outgoing.message));
        Ok(())
    }

    async fn publish_at(&self, messages: Vec<Outgoing>, due: jiff::Timestamp) -> Result<(), PortError> {
        let messages = messages.into_iter().map(|outgoing| (outgoing.message, due));
        self.later.lock().unwrap().extend(messages);
        Ok(())
    }
}

/// Answers questions about the states of executions, and no others.
struct States(Ports);

#[async_trait]
impl Answers for States {
    async fn answer(&self, _: &str, _: &ExecutionId, lookup: &Lookup) -> Result<Answer, PortError> {
        if let Lookup::Kv { key, .. } = lookup {
            assert_ne!(key, "broken", "a fault of ours");
            if key == "away" {
                return Err(PortError::unavailable("state store", "no answer"));
            }
        }
        let Lookup::ExecutionState { execution_id } = lookup else { return Ok(Answer::Missing) };
        let found = self.0.state.execution(&ExecutionId::from(execution_id.as_str())).await?;
        let state = found.map(|stored| json!(stored.execution.state.current()));
        Ok(state.map_or(Answer::Missing, Answer::Found))
    }

    fn mask(&self, text: String) -> String {
        text
    }
}

struct Bench {
    executor: Executor,
    ports: Ports,
    bus: Arc<Bus>,
    /// Task runs on their way to their service.
    tasks: Mutex<Vec<TaskRunMessage>>,
    _dir: TempDir,
}

impl Bench {
    fn new() -> Self {
        Self::with(TimersBy::Watching)
    }

    fn with(timers: TimersBy) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let bus = Arc::new(Bus::default());
        let embedded = open_with(dir.path(), EmbeddedOptions::default()).unwrap();
        let ports = Ports { bus: bus.clone(), timers, ..embedded.ports };
        let executor = support::executor(ports.clone(), Arc::new(States(ports.clone())));
        Self { executor, ports, bus, tasks: Mutex::default(), _dir: dir }
    }

    async fn flow(&self, id: &str, body: &str) {
        let source = format!("id: {id}\nnamespace: test\n{body}\n");
        self.ports.state.put_flow("test", id, &source, self.ports.clock.now()).await.unwrap();
    }

    /// Creates an execution and continues it as far as possible without task services.
    async fn begin(&self, flow: &str) -> ExecutionId {
        let new = NewExecution { namespace: "test".into(), flow_id: flow.into(), ..NewExecution::default() };
        let id = self.executor.create(new).await.unwrap().id;
        self.deliver().await;
        id
    }

    /// Delivers the published messages. A message that is handed back is delivered again.
    async fn deliver(&self) {
        loop {
            let Some(message) = self.bus.messages.lock().unwrap().pop_front() else { return };
            match message {
                Message::Execution(_) => {
                    if self.executor.handle(message.clone()).await == Verdict::Retry {
                        self.bus.messages.lock().unwrap().push_back(message);
                    }
                }
                Message::TaskRun(message) => self.tasks.lock().unwrap().push(*message),
                other => drop(other),
            }
        }
    }

    /// The message that brought the last attempt of a task.
    fn message(&self, task: &str) -> TaskRunMessage {
        self.tasks.lock().unwrap().iter().rfind(|message| message.task_id == task).unwrap().clone()
    }

    /// Ends the last attempt of a task.
    async fn finish(&self, task: &str, state: State) {
        self.bus.messages.lock().unwrap().push_back(self.finished(self.message(task), state));
        self.deliver().await;
    }

    /// The message that an attempt has ended.
    fn finished(&self, message: TaskRunMessage, state: State) -> Message {
        let now = self.ports.clock.now();
        let event = Event::TaskRunFinished(TaskRunResult {
            task_run_id: message.task_run_id,
            attempt: message.attempt,
            state,
            outputs: Map::from_iter([("from".to_owned(), json!(message.execution_id))]),
            error: None,
            start_date: now,
            end_date: now,
            dynamic: Vec::new(),
            metrics: Vec::new(),
        });
        Message::Execution(ExecutionMessage::new(message.execution_id, event))
    }

    async fn execution(&self, id: &ExecutionId) -> Execution {
        self.ports.state.execution(id).await.unwrap().unwrap().execution
    }

    async fn state(&self, id: &ExecutionId) -> State {
        self.execution(id).await.state.current()
    }

    async fn runs(&self, id: &ExecutionId) -> Vec<String> {
        let stored = self.ports.state.execution(id).await.unwrap().unwrap();
        stored.task_runs.iter().map(|(_, run)| format!("{} {}", run.task_id, run.current())).collect()
    }

    async fn run_of(&self, id: &ExecutionId, task: &str) -> TaskRunId {
        let stored = self.ports.state.execution(id).await.unwrap().unwrap();
        stored.task_runs.iter().find(|(_, run)| run.task_id == task).unwrap().1.id.clone()
    }

    async fn claim(&self, message: &TaskRunMessage) -> Claim {
        let now = self.ports.clock.now();
        let until = now + jiff::SignedDuration::from_secs(60);
        self.ports.state.claim(&message.key(), "somebody", now, until).await.unwrap()
    }
}

fn work(id: &str) -> String {
    format!("{{id: {id}, type: test.Work}}")
}

#[tokio::test]
async fn a_kill_is_faster_than_the_message() {
    let bench = Bench::new();
    bench.flow("f", &format!("tasks: [{}]", work("a"))).await;
    let id = bench.begin("f").await;
    let message = bench.message("a");
    let killed = bench.executor.kill(&id, true).await.unwrap();
    assert_eq!(killed.state.current(), State::Killed);
    assert_eq!(bench.claim(&message).await, Claim::Revoked);
    assert_eq!(bench.executor.kill(&id, true).await.unwrap().state.current(), State::Killed);
    assert!(matches!(bench.executor.kill(&id, false).await, Err(ActionError::IllegalState(_))));
    let unknown = bench.executor.kill(&ExecutionId::from("none"), true).await;
    assert!(matches!(unknown, Err(ActionError::NotFound(_))), "{unknown:?}");
}

#[tokio::test]
async fn a_kill_reaches_subflows() {
    let bench = Bench::new();
    bench.flow("child", &format!("tasks: [{}]", work("a"))).await;
    bench
        .flow("parent", &format!("tasks: [{{id: s, type: {FLOW}.Subflow, namespace: test, flowId: child}}]"))
        .await;
    for cascade in [true, false] {
        let id = bench.begin("parent").await;
        let child = bench.message("a").execution_id;
        bench.executor.kill(&id, cascade).await.unwrap();
        bench.deliver().await;
        let expected = if cascade { State::Killed } else { State::Running };
        assert_eq!((bench.state(&id).await, bench.state(&child).await), (State::Killed, expected));
    }
}

#[tokio::test]
async fn flows_that_call_each_other_without_end_are_stopped() {
    let bench = Bench::new();
    for (flow, other) in [("ping", "pong"), ("pong", "ping")] {
        let call = format!("{{id: s, type: {FLOW}.Subflow, namespace: test, flowId: {other}}}");
        bench.flow(flow, &format!("tasks: [{call}]")).await;
    }
    let id = bench.begin("ping").await;
    assert_eq!(bench.state(&id).await, State::Failed);
    let state = &bench.executor.parts().ports.state;
    let all = state.executions(&ExecutionFilter::default()).await.unwrap();
    assert_eq!(all.len(), 101, "the first one and a hundred below it");
    let deepest = |execution: &&Execution| {
        let parent = execution.trigger.as_ref().and_then(|trigger| trigger.parent.as_ref());
        parent.is_some_and(|parent| parent.depth == 100)
    };
    let last = all.iter().find(deepest).unwrap();
    let logs = state.logs(&last.id, LogLevel::Error, 0).await.unwrap();
    assert!(
        logs.iter().any(|entry| entry.message.contains("100 executions already call each other")),
        "{logs:?}"
    );
}

#[tokio::test]
async fn a_restart_keeps_what_went_well() {
    let bench = Bench::new();
    bench.flow("f", &format!("tasks: [{}, {}, {}]", work("a"), work("b"), work("c"))).await;
    let id = bench.begin("f").await;
    let running = bench.executor.restart(&id, None).await;
    assert!(matches!(running, Err(ActionError::IllegalState(_))), "{running:?}");
    bench.finish("a", State::Success).await;
    bench.finish("b", State::Failed).await;
    assert_eq!(bench.state(&id).await, State::Failed);
    bench.executor.restart(&id, None).await.unwrap();
    bench.deliver().await;
    assert_eq!(bench.message("b").attempt, 1);
    bench.finish("b", State::Success).await;
    bench.finish("c", State::Success).await;
    assert_eq!(bench.runs(&id).await, ["a SUCCESS", "b SUCCESS", "c SUCCESS"]);
    assert_eq!(bench.state(&id).await, State::Success);
    let nothing = bench.executor.restart(&id, None).await;
    assert!(
        matches!(&nothing, Err(ActionError::IllegalState(text)) if text == "No task found to restart execution from!"),
        "{nothing:?}"
    );
}

#[tokio::test]
async fn a_restart_with_a_revision_is_another_execution() {
    let bench = Bench::new();
    bench.flow("f", &format!("tasks: [{}, {}]", work("a"), work("b"))).await;
    let id = bench.begin("f").await;
    bench.finish("a", State::Success).await;
    bench.finish("b", State::Failed).await;
    let missing = bench.executor.restart(&id, Some(9)).await;
    assert!(matches!(missing, Err(ActionError::NotFound(_))), "{missing:?}");
    bench.flow("f", &format!("tasks: [{}, {}, {}]", work("a"), work("b"), work("c"))).await;
    let new = bench.executor.restart(&id, Some(2)).await.unwrap();
    assert_eq!((new.parent_id.as_ref(), new.flow_revision), (Some(&id), 2));
    assert_ne!(new.id, id);
    bench.deliver().await;
    bench.finish("b", State::Success).await;
    bench.finish("c", State::Success).await;
    assert_eq!(bench.runs(&new.id).await, ["a SUCCESS", "b SUCCESS", "c SUCCESS"]);
    assert_eq!(bench.state(&new.id).await, State::Success);
    assert_eq!(bench.state(&id).await, State::Failed, "the former is as it was");
}

#[tokio::test]
async fn a_replay_begins_at_the_given_task_run() {
    let bench = Bench::new();
    let body = format!(
        "inputs: [{{id: n, type: INT}}]\ntasks: [{}, {{id: r, type: io.kestra.plugin.core.debug.Return, format: '{{{{ outputs.a.from }}}} {{{{ inputs.n }}}}'}}]",
        work("a")
    );
    bench.flow("f", &body).await;
    let new = NewExecution {
        namespace: "test".into(),
        flow_id: "f".into(),
        inputs: Map::from_iter([("n".to_owned(), json!("1"))]),
        ..NewExecution::default()
    };
    let id = bench.executor.create(new).await.unwrap().id;
    bench.deliver().await;
    bench.finish("a", State::Success).await;
    let from = bench.run_of(&id, "r").await;
    let again = bench.executor.replay(&id, Some(&from), None, None).await.unwrap();
    bench.deliver().await;
    let value = |stored: segue_ports::state::StoredExecution| stored.task_runs[1].1.outputs["value"].clone();
    let stored = bench.ports.state.execution(&again.id).await.unwrap().unwrap();
    assert_eq!(stored.execution.state.current(), State::Success);
    assert_eq!(value(stored), json!(format!("{id} 1")), "what came before is read");

    let inputs = Map::from_iter([("n".to_owned(), json!("x"))]);
    let refused = bench.executor.replay(&id, None, None, Some(inputs)).await;
    assert!(matches!(refused, Err(ActionError::Inputs(_))), "{refused:?}");
    let inputs = Map::from_iter([("n".to_owned(), json!("2"))]);
    let scratch = bench.executor.replay(&id, None, None, Some(inputs)).await.unwrap();
    bench.deliver().await;
    bench.finish("a", State::Success).await;
    let stored = bench.ports.state.execution(&scratch.id).await.unwrap().unwrap();
    assert_eq!(value(stored), json!(format!("{} 2", scratch.id)));
    let unknown = bench.executor.replay(&id, Some(&"none".into()), None, None).await;
    assert!(matches!(unknown, Err(ActionError::NotFound(_))), "{unknown:?}");
}

#[tokio::test]
async fn a_resume_is_checked() {
    let bench = Bench::new();
    let body = format!(
        "tasks: [{{id: p, type: {FLOW}.Pause, onResume: [{{id: count, type: INT}}]}}, {{id: r, type: io.kestra.plugin.core.debug.Return, format: '{{{{ outputs.p.onResume.count + 1 }}}}'}}]"
    );
    bench.flow("f", &body).await;
    let id = bench.begin("f").await;
    assert_eq!(bench.executor.resume_inputs(&id).await.unwrap()[0].id, "count");
    for wrong in [json!({}), json!({"count": "many"})] {
        let Json::Object(inputs) = wrong else { panic!() };
        let refused = bench.executor.resume(&id, inputs).await;
        assert!(matches!(refused, Err(ActionError::Inputs(_))), "{refused:?}");
        assert_eq!(bench.state(&id).await, State::Paused);
    }
    bench.executor.resume(&id, Map::from_iter([("count".to_owned(), json!("41"))])).await.unwrap();
    bench.deliver().await;
    let stored = bench.ports.state.execution(&id).await.unwrap().unwrap();
    assert_eq!(stored.task_runs[1].1.outputs["value"], json!("42"));
    assert!(matches!(bench.executor.resume(&id, Map::new()).await, Err(ActionError::IllegalState(_))));
}

#[tokio::test]
async fn a_task_resumes_another_execution() {
    let bench = Bench::new();
    bench
        .flow("f", &format!("tasks: [{{id: p, type: {FLOW}.Pause, onResume: [{{id: count, type: INT}}]}}]"))
        .await;
    let paused = bench.begin("f").await;
    let resumes = |count: &str| {
        format!(
            "tasks: [{{id: r, type: io.kestra.plugin.core.execution.Resume, executionId: {paused}, inputs: {{count: {count}}}}}]"
        )
    };
    bench.flow("wrong", &resumes("many")).await;
    let id = bench.begin("wrong").await;
    assert_eq!(bench.state(&paused).await, State::Paused);
    let log = bench.ports.state.logs(&id, segue_model::log::LogLevel::Error, 0).await.unwrap();
    assert!(log.iter().any(|line| line.message.contains("was not resumed")), "{log:?}");
    bench.flow("right", &resumes("3")).await;
    bench.begin("right").await;
    assert_eq!(bench.state(&paused).await, State::Success);
}

#[tokio::test]
async fn a_parent_restarts_the_child_that_failed() {
    let bench = Bench::new();
    bench.flow("child", &format!("tasks: [{}, {}]", work("a"), work("b"))).await;
    bench
        .flow("parent", &format!("tasks: [{{id: s, type: {FLOW}.Subflow, namespace: test, flowId: child}}]"))
        .await;
    let id = bench.begin("parent").await;
    let child = bench.message("a").execution_id;
    bench.finish("a", State::Success).await;
    bench.finish("b", State::Failed).await;
    assert_eq!((bench.state(&child).await, bench.state(&id).await), (State::Failed, State::Failed));
    bench.executor.restart(&id, None).await.unwrap();
    bench.deliver().await;
    assert_eq!((bench.state(&child).await, bench.state(&id).await), (State::Running, State::Running));
    assert_eq!(bench.message("b").execution_id, child);
    bench.finish("b", State::Success).await;
    assert_eq!((bench.state(&child).await, bench.state(&id).await), (State::Success, State::Success));
    assert_eq!(bench.execution(&child).await.metadata.attempt_number, 2);
}

#[tokio::test]
async fn an_unpublished_end_is_published_when_the_message_comes_again() {
    let bench = Bench::new();
    bench.flow("child", &format!("concurrency: {{limit: 1}}\ntasks: [{}]", work("a"))).await;
    bench
        .flow("parent", &format!("tasks: [{{id: s, type: {FLOW}.Subflow, namespace: test, flowId: child}}]"))
        .await;
    let id = bench.begin("parent").await;
    let child = bench.message("a").execution_id;
    let waiting = bench.begin("child").await;
    assert_eq!(bench.state(&waiting).await, State::Queued);
    bench.bus.refuse.store(1, Ordering::SeqCst);
    bench.finish("a", State::Success).await;
    assert_eq!((bench.state(&child).await, bench.state(&id).await), (State::Success, State::Success));
    assert_eq!(bench.state(&waiting).await, State::Running, "the slot is not lost either");
}

#[tokio::test]
async fn a_retry_of_the_whole_flow_ends_the_call_that_waits() {
    let bench = Bench::new();
    let body = format!(
        "retry: {{type: constant, interval: PT0.001S, maxAttempts: 2, behavior: CREATE_NEW_EXECUTION}}\ntasks: [{}]",
        work("a")
    );
    bench.flow("child", &body).await;
    bench
        .flow("parent", &format!("tasks: [{{id: s, type: {FLOW}.Subflow, namespace: test, flowId: child}}]"))
        .await;
    let id = bench.begin("parent").await;
    let first = bench.message("a").execution_id;
    bench.finish("a", State::Failed).await;
    assert_eq!((bench.state(&first).await, bench.state(&id).await), (State::Retried, State::Running));
    while bench.executor.fire_timers().await.unwrap() == 0 {
        tokio::task::yield_now().await;
    }
    bench.deliver().await;
    let second = bench.message("a").execution_id;
    assert_ne!(first, second);
    bench.finish("a", State::Success).await;
    assert_eq!((bench.state(&second).await, bench.state(&id).await), (State::Success, State::Success));
    let stored = bench.ports.state.execution(&id).await.unwrap().unwrap();
    assert_eq!(stored.task_runs[0].1.outputs["executionId"], json!(second));
}

#[tokio::test]
async fn other_actions_are_granted_or_refused_by_state() {
    let bench = Bench::new();
    bench.flow("f", &format!("tasks: [{}, {}]", work("a"), work("b"))).await;
    let id = bench.begin("f").await;
    let executor = &bench.executor;
    let label = || vec![Label::new("team", "data")];
    assert!(matches!(executor.set_labels(&id, label()).await, Err(ActionError::IllegalState(_))));
    assert!(matches!(executor.change_status(&id, State::Success).await, Err(ActionError::IllegalState(_))));
    assert!(matches!(executor.unqueue(&id, State::Running).await, Err(ActionError::IllegalState(_))));
    assert_eq!(executor.pause(&id).await.unwrap().state.current(), State::Paused);
    assert!(matches!(executor.pause(&id).await, Err(ActionError::IllegalState(_))));
    assert_eq!(executor.force_run(&id).await.unwrap().state.current(), State::Running);
    bench.finish("a", State::Failed).await;
    let run = bench.run_of(&id, "a").await;
    executor.change_task_run_state(&id, &run, State::Success).await.unwrap();
    bench.deliver().await;
    bench.finish("b", State::Success).await;
    assert_eq!(bench.runs(&id).await, ["a SUCCESS", "b SUCCESS"]);
    assert_eq!(executor.change_status(&id, State::Warning).await.unwrap().state.current(), State::Warning);
    let labelled = executor.set_labels(&id, label()).await.unwrap();
    assert!(labelled.labels.contains(&Label::new("team", "data")));
    let system = executor.set_labels(&id, vec![Label::new("system.x", "y")]).await;
    assert!(matches!(system, Err(ActionError::Invalid(_))));
    assert!(matches!(executor.force_run(&id).await, Err(ActionError::IllegalState(_))));
}

#[tokio::test]
async fn deleting_a_slot_holder_starts_the_waiting_execution() {
    let bench = Bench::new();
    bench.flow("one", &format!("concurrency: {{limit: 1}}\ntasks: [{}]", work("a"))).await;
    let first = bench.begin("one").await;
    let second = bench.begin("one").await;
    bench.deliver().await;
    assert_eq!(bench.state(&second).await, State::Queued);
    assert!(bench.executor.delete(&first).await.unwrap());
    bench.deliver().await;
    assert_eq!(bench.state(&second).await, State::Running);
    assert!(!bench.executor.delete(&first).await.unwrap(), "it is gone");
}
