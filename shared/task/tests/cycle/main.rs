//! The cycle around an attempt, on the embedded platform: delivered twice, late, interrupted at each step.

#![expect(clippy::disallowed_methods, reason = "a test compares with the machine's clock")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails does so by a panic; its helpers stand outside the test functions"
)]

use schemars::JsonSchema;
use segue_embedded::{EmbeddedOptions, EnvSecretStore, open_with};
use segue_model::event::{Event, TaskRunResult};
use segue_model::execution::Execution;
use segue_model::log::LogLevel;
use segue_model::state::{State, StateHistory};
use segue_ports::state::Claim;
use segue_ports::wire::{ExecutionMessage, Message, TaskRunMessage};
use segue_ports::{EventBus, MessageHandler, Outgoing, PortError, Ports, Topic, Verdict};
use segue_task::{Task, TaskContext, TaskError, TaskList, TaskService, TaskSettings, log_file_path, testing};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;
use tempfile::TempDir;

mod deadly;
mod outage;
mod secrets;
mod stopped;

/// How often the task with this name ran.
static RUNS: LazyLock<Mutex<HashMap<String, u32>>> = LazyLock::new(Mutex::default);

fn runs(name: &str) -> u32 {
    RUNS.lock().unwrap().get(name).copied().unwrap_or_default()
}

/// A task with a behaviour that `mode` selects.
#[derive(Deserialize, JsonSchema)]
struct Probe {
    name: String,
    mode: String,
    #[serde(default)]
    say: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
struct Output {
    said: String,
    nothing: Option<String>,
}

impl Task for Probe {
    const TYPE: &'static str = "test.Probe";
    const ALIASES: &'static [&'static str] = &["test.OldProbe"];
    type Output = Output;

    async fn run(self, context: &TaskContext) -> Result<Output, TaskError> {
        let run = {
            let mut runs = RUNS.lock().unwrap();
            let run = runs.entry(self.name.clone()).or_default();
            *run += 1;
            *run
        };
        for line in &self.say {
            context.info(line);
        }
        let platform = || TaskError::from(PortError::unavailable("warehouse", "no answer"));
        match self.mode.as_str() {
            "wait" => {
                context.cancelled().cancelled().await;
                context.info("told to stop");
                return Err(TaskError::Stopped);
            }
            "outside" if run <= 2 => return Err(context.unfinished()),
            "outside-once" if run == 1 => return Err(context.unfinished()),
            "outside-once" => tokio::time::sleep(Duration::from_millis(300)).await,
            "outside-for-ever" if context.cancelled().is_cancelled() => {
                context.info("stopped outside");
                return Err(TaskError::Stopped);
            }
            "outside-for-ever" => return Err(context.unfinished()),
            "slow" => tokio::time::sleep(Duration::from_millis(400)).await,
            "stubborn" => std::future::pending().await,
            "panic" => panic!("out of cheese"),
            "fail" => return Err(TaskError::failed(format!("refused: {}", self.say.join(" ")))),
            "platform" => return Err(platform()),
            "platform-twice" if run <= 2 => return Err(platform()),
            "warn" => context.end_with_warning(),
            "count" => context.metric_counter(&self.say.join("."), 1.0),
            "dir" => std::fs::write(context.working_dir().join("f"), "x").unwrap(),
            _ => {}
        }
        context.metric_counter("rows", 3.0);
        Ok(Output { said: self.say.join(" "), nothing: None })
    }
}

/// Records what is published, and refuses the first few messages.
#[derive(Default)]
struct Bus {
    refuse: AtomicU32,
    published: Mutex<Vec<Outgoing>>,
    /// Messages with a due date.
    later: Mutex<Vec<(TaskRunMessage, jiff::Timestamp)>>,
}

#[async_trait::async_trait]
impl EventBus for Bus {
    async fn publish(&self, messages: Vec<Outgoing>) -> Result<(), PortError> {
        let refuse = |left: u32| left.checked_sub(1);
        if self.refuse.fetch_update(Ordering::SeqCst, Ordering::SeqCst, refuse).is_ok() {
            return Err(PortError::unavailable("event bus", "refused"));
        }
        self.published.lock().unwrap().extend(messages);
        Ok(())
    }

    async fn publish_at(&self, messages: Vec<Outgoing>, due: jiff::Timestamp) -> Result<(), PortError> {
        for outgoing in messages {
            let Message::TaskRun(message) = outgoing.message else { panic!("{outgoing:?}") };
            assert_eq!(outgoing.topic, Topic::Tasks("probe".into()));
            self.later.lock().unwrap().push((*message, due));
        }
        Ok(())
    }
}

struct Bench {
    ports: Ports,
    bus: Arc<Bus>,
    dir: TempDir,
}

impl Bench {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let secrets = EnvSecretStore::new([("SECRET_PASSWORD".to_owned(), "b3Blbi1zZXNhbWU=".to_owned())]);
        let options = EmbeddedOptions { secrets, ..EmbeddedOptions::default() };
        let bus = Arc::new(Bus::default());
        let ports = Ports { bus: bus.clone(), ..open_with(&dir.path().join("data"), options).unwrap().ports };
        assert!(ports.state.create_execution(&execution()).await.unwrap());
        Self { ports, bus, dir }
    }

    fn service(&self, holder: &str) -> Arc<TaskService> {
        self.service_with(holder, self.settings())
    }

    fn settings(&self) -> TaskSettings {
        TaskSettings {
            lease: Duration::from_millis(400),
            heartbeat: Duration::from_millis(40),
            log_interval: Duration::from_millis(50),
            grace: Duration::from_millis(200),
            platform_retry_pause: Duration::from_millis(1),
            work_root: self.dir.path().join("work"),
            ..TaskSettings::default()
        }
    }

    fn service_with(&self, holder: &str, settings: TaskSettings) -> Arc<TaskService> {
        let list = TaskList::new("probe").add::<Probe>();
        Arc::new(TaskService::with_settings(list, self.ports.clone(), Arc::default(), holder, settings))
    }

    async fn run(&self, message: TaskRunMessage) -> Verdict {
        self.service("one").handle(Message::TaskRun(Box::new(message))).await
    }

    fn published(&self) -> Vec<TaskRunResult> {
        let published = self.bus.published.lock().unwrap();
        published
            .iter()
            .map(|outgoing| match (&outgoing.topic, &outgoing.message) {
                (
                    Topic::Executions,
                    Message::Execution(ExecutionMessage { event: Event::TaskRunFinished(result), .. }),
                ) => result.clone(),
                other => panic!("{other:?}"),
            })
            .collect()
    }

    fn later(&self) -> Vec<(TaskRunMessage, jiff::Timestamp)> {
        self.bus.later.lock().unwrap().clone()
    }

    fn only(&self) -> TaskRunResult {
        let published = self.published();
        assert_eq!(published.len(), 1, "{published:?}");
        published[0].clone()
    }

    async fn log(&self) -> Vec<String> {
        let lines = self.ports.state.logs(&"execution1".into(), LogLevel::Trace, 0).await.unwrap();
        lines.into_iter().map(|line| line.message).collect()
    }

    async fn claim(&self, message: &TaskRunMessage, holder: &str, lease: Duration) -> Claim {
        let now = self.ports.clock.now();
        self.ports.state.claim(&message.key(), holder, now, now + lease).await.unwrap()
    }
}

fn execution() -> Execution {
    let now = jiff::Timestamp::now();
    Execution {
        state: StateHistory::new(State::Running, now),
        ..Execution::created("execution1".into(), "company.team", "flow", 1, now)
    }
}

fn probe(name: &str, mode: &str) -> TaskRunMessage {
    testing::message(
        "test.Probe",
        json!({"name": name, "mode": mode, "say": "[\"hello\", \"{{ inputs.name }}\"]"}),
    )
}

fn handle(service: &Arc<TaskService>, message: &TaskRunMessage) -> tokio::task::JoinHandle<Verdict> {
    let (service, message) = (service.clone(), Message::TaskRun(Box::new(message.clone())));
    tokio::spawn(async move { service.handle(message).await })
}

async fn until(condition: impl Fn() -> bool) {
    for _ in 0..1000 {
        if condition() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it never came");
}

#[tokio::test]
async fn a_task_is_rendered_run_recorded_and_reported() {
    let bench = Bench::new().await;
    let mut message = probe("plain", "");
    message.task_type = "test.OldProbe".to_owned();
    assert_eq!(bench.run(message.clone()).await, Verdict::Done);
    let result = bench.only();
    assert_eq!((result.state, result.error.as_deref(), result.attempt), (State::Success, None, 0));
    assert_eq!(json!(result.outputs), json!({"said": "hello Ada"}));
    assert_eq!((result.metrics[0].name.as_str(), result.metrics[0].value), ("rows", 3.0));
    assert!(result.start_date <= result.end_date);
    assert_eq!(bench.log().await, ["hello", "Ada"]);
    assert!(
        matches!(bench.claim(&message, "one", Duration::ZERO).await, Claim::Finished(kept) if *kept == result)
    );
}

#[tokio::test]
async fn a_duplicate_after_the_end_is_only_reported_again() {
    let bench = Bench::new().await;
    for _ in 0..3 {
        assert_eq!(bench.run(probe("again", "")).await, Verdict::Done);
    }
    assert_eq!((runs("again"), bench.published().len()), (1, 3));
    assert_eq!(bench.published()[0], bench.published()[2]);
    assert_eq!(bench.log().await.len(), 2);
}

#[tokio::test]
async fn a_duplicate_of_a_running_attempt_does_not_run() {
    let bench = Bench::new().await;
    let (here, there) = (bench.service("one"), bench.service("two"));
    let message = probe("meanwhile", "slow");
    let first = handle(&here, &message);
    until(|| runs("meanwhile") == 1).await;
    // An acknowledgement would settle the message although its attempt has not ended.
    assert_eq!(handle(&here, &message).await.unwrap(), Verdict::Retry);
    assert_eq!(handle(&there, &message).await.unwrap(), Verdict::Done);
    assert_eq!(first.await.unwrap(), Verdict::Done);
    assert_eq!((runs("meanwhile"), bench.published().len()), (1, 1));
    assert_eq!(bench.later().len(), 1, "the other process looks again when the claim would run out");
}

#[tokio::test]
async fn a_claim_of_a_dead_worker_is_taken_over_when_it_has_run_out() {
    let bench = Bench::new().await;
    let message = probe("takeover", "");
    assert_eq!(
        bench.claim(&message, "dead", Duration::from_millis(300)).await,
        Claim::Granted { deliveries: 1 }
    );
    assert_eq!(bench.run(message.clone()).await, Verdict::Done);
    assert_eq!((runs("takeover"), bench.published().len()), (0, 0));
    // The message may be the only one, so it is delivered again after the claim has expired.
    let (again, due) = bench.later().remove(0);
    assert_eq!(again, TaskRunMessage { held_before: true, ..message });
    tokio::time::sleep(Duration::try_from(due.duration_since(bench.ports.clock.now())).unwrap()).await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(bench.run(again).await, Verdict::Done);
    assert_eq!((runs("takeover"), bench.published().len()), (1, 1));
}

#[tokio::test]
async fn an_interrupted_attempt_continues_after_a_restart() {
    let bench = Bench::new().await;
    let message = probe("cut", "slow");
    let cut = handle(&bench.service("one"), &message);
    until(|| runs("cut") == 1).await;
    cut.abort();
    assert!(cut.await.unwrap_err().is_cancelled());
    // Another process waits for the lease to end. The same process after a restart does not.
    assert_eq!(handle(&bench.service("two"), &message).await.unwrap(), Verdict::Done);
    assert_eq!((runs("cut"), bench.published().len()), (1, 0));
    assert_eq!(bench.run(message).await, Verdict::Done);
    assert_eq!((runs("cut"), bench.only().state), (2, State::Success));
}

#[tokio::test]
async fn work_outside_is_checked_by_its_message() {
    let bench = Bench::new().await;
    let message = probe("outside", "outside");
    assert_eq!(bench.run(message.clone()).await, Verdict::Done);
    let (look, due) = bench.later().remove(0);
    let resumed = look.resumed.clone().unwrap();
    assert_eq!(resumed.holder, "one");
    assert!(due.duration_since(bench.ports.clock.now()).as_secs() >= 4);
    // A duplicate of the first message leaves the check to that message.
    assert_eq!(handle(&bench.service("two"), &message).await.unwrap(), Verdict::Done);
    assert_eq!((runs("outside"), bench.later().len()), (1, 1));
    // Any process may take the message that checks. The attempt keeps its time of beginning.
    assert_eq!(handle(&bench.service("two"), &look).await.unwrap(), Verdict::Done);
    assert_eq!((runs("outside"), bench.published().len(), bench.later().len()), (2, 0, 2));
    let (last, _) = bench.later().remove(1);
    let passed_on = last.resumed.clone().unwrap();
    assert_eq!((passed_on.holder.as_str(), passed_on.begun_at), ("two", resumed.begun_at));
    assert_eq!(handle(&bench.service("three"), &last).await.unwrap(), Verdict::Done);
    let result = bench.only();
    assert_eq!((runs("outside"), result.state, result.start_date), (3, State::Success, resumed.begun_at));
    // Late duplicates find the result.
    assert_eq!(handle(&bench.service("two"), &look).await.unwrap(), Verdict::Done);
    assert_eq!((runs("outside"), bench.published().len()), (3, 2));
}

#[tokio::test]
async fn two_bearers_of_a_checking_message_do_not_share_the_claim() {
    let bench = Bench::new().await;
    assert_eq!(bench.run(probe("shared", "outside-once")).await, Verdict::Done);
    let (look, _) = bench.later().remove(0);
    let (two, three) = (bench.service("two"), bench.service("three"));
    let (first, second) = tokio::join!(handle(&two, &look), handle(&three, &look));
    assert_eq!((first.unwrap(), second.unwrap()), (Verdict::Done, Verdict::Done));
    assert_eq!((runs("shared"), bench.only().state), (2, State::Success));
    assert_eq!(bench.later().len(), 2, "the other bearer looks again later");
}

#[tokio::test]
async fn a_result_that_was_recorded_without_an_answer_is_reported() {
    let bench = Bench::new().await;
    let settings = TaskSettings {
        lease: Duration::from_secs(60),
        heartbeat: Duration::from_secs(20),
        work_root: bench.dir.path().join("work"),
        ..TaskSettings::default()
    };
    let list = TaskList::new("probe").add::<Probe>();
    let service = TaskService::with_settings(list, bench.ports.clone(), Arc::default(), "one", settings);
    let message = probe("unanswered", "slow");
    let running = handle(&Arc::new(service), &message);
    until(|| runs("unanswered") == 1).await;
    // The state of the store after a commit with a lost answer: the result is there.
    let recorded = message.failed("recorded".to_owned(), bench.ports.clock.now());
    assert!(bench.ports.state.finish_claim(&message.key(), "one", &recorded, Vec::new()).await.unwrap());
    assert_eq!(running.await.unwrap(), Verdict::Done);
    assert_eq!(bench.only(), recorded);
}

#[tokio::test]
async fn work_outside_is_stopped_at_the_next_check_after_a_kill() {
    let bench = Bench::new().await;
    let message = probe("outside-killed", "outside-for-ever");
    assert_eq!(bench.run(message.clone()).await, Verdict::Done);
    bench.ports.state.revoke_claims(&[message.key()]).await.unwrap();
    let (look, _) = bench.later().remove(0);
    assert_eq!(handle(&bench.service("two"), &look).await.unwrap(), Verdict::Done);
    assert_eq!((bench.published().len(), bench.later().len()), (0, 1));
    assert!(bench.log().await.contains(&"stopped outside".to_owned()));
}

#[tokio::test]
async fn an_attempt_that_cannot_be_handed_back_fails_before_its_request_ends() {
    let bench = Bench::new().await;
    let settings = TaskSettings {
        request_limit: Some(Duration::from_millis(100)),
        work_root: bench.dir.path().join("work"),
        ..TaskSettings::default()
    };
    let list = TaskList::new("probe").add::<Probe>();
    let service = TaskService::with_settings(list, bench.ports.clone(), Arc::default(), "one", settings);
    assert_eq!(handle(&Arc::new(service), &probe("too-long", "wait")).await.unwrap(), Verdict::Done);
    let result = bench.only();
    assert_eq!(result.state, State::Failed);
    assert!(result.error.unwrap().contains("the longest time a service may take"));
}

#[tokio::test]
async fn a_result_that_could_not_be_reported_is_reported_by_the_next_delivery() {
    let bench = Bench::new().await;
    bench.bus.refuse.store(3, Ordering::SeqCst);
    assert_eq!(bench.run(probe("unreported", "")).await, Verdict::Retry);
    assert_eq!(bench.published().len(), 0);
    assert_eq!(bench.run(probe("unreported", "")).await, Verdict::Done);
    assert_eq!((runs("unreported"), bench.only().state), (1, State::Success));
}

#[tokio::test]
async fn a_bus_that_fails_briefly_is_asked_again() {
    let bench = Bench::new().await;
    bench.bus.refuse.store(2, Ordering::SeqCst);
    assert_eq!(bench.run(probe("stumble", "")).await, Verdict::Done);
    assert_eq!(bench.only().state, State::Success);
}

#[tokio::test]
async fn a_killed_task_is_stopped_and_not_reported() {
    let bench = Bench::new().await;
    for mode in ["wait", "stubborn"] {
        let name = format!("killed-{mode}");
        let mut message = probe(&name, mode);
        message.task_run_id = name.as_str().into();
        let running = handle(&bench.service("one"), &message);
        until(|| runs(&name) == 1).await;
        bench.ports.state.revoke_claims(&[message.key()]).await.unwrap();
        let verdict = tokio::time::timeout(Duration::from_secs(5), running).await.unwrap().unwrap();
        assert_eq!(verdict, Verdict::Done);
        // The message comes again, late. Nothing runs.
        assert_eq!(bench.run(message).await, Verdict::Done);
        assert_eq!((runs(&name), bench.published().len()), (1, 0));
    }
    let log = bench.log().await;
    assert!(
        log.contains(&"told to stop".to_owned()) && log.contains(&"the task was stopped".to_owned()),
        "{log:?}"
    );
}

#[tokio::test]
async fn a_long_task_keeps_its_claim_and_its_log_can_be_followed() {
    let bench = Bench::new().await;
    let message = probe("long", "wait");
    let running = handle(&bench.service("one"), &message);
    until(|| runs("long") == 1).await;
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert!(
        matches!(bench.claim(&message, "two", Duration::ZERO).await, Claim::Held { .. }),
        "longer than its lease"
    );
    assert_eq!(bench.log().await, ["hello", "Ada"]);
    bench.ports.state.revoke_claims(&[message.key()]).await.unwrap();
    running.await.unwrap();
    assert_eq!(bench.log().await, ["hello", "Ada", "told to stop", "the task was stopped"]);
}

#[tokio::test]
async fn a_task_over_its_time_is_stopped_and_fails() {
    for mode in ["wait", "stubborn", "slow"] {
        let bench = Bench::new().await;
        let mut message = probe(&format!("timeout-{mode}"), mode);
        message.timeout = Some("PT{{ 0 }}.25S".to_owned());
        assert_eq!(bench.run(message).await, Verdict::Done);
        let result = bench.only();
        assert_eq!(result.state, State::Failed, "{mode}");
        assert_eq!(result.error.as_deref(), Some("Timeout after 00:00:00.250"));
        assert_eq!(bench.log().await.last().unwrap(), "Timeout after 00:00:00.250");
    }
}

#[tokio::test]
async fn failures_are_results() {
    for (mode, expect) in [
        ("panic", "the task panicked, which is an error in Segue: out of cheese"),
        ("fail", "refused: hello Ada"),
        ("platform", "warehouse is not available: no answer"),
    ] {
        let bench = Bench::new().await;
        assert_eq!(bench.run(probe(&format!("failure-{mode}"), mode)).await, Verdict::Done);
        let result = bench.only();
        assert_eq!((result.state, result.error.as_deref()), (State::Failed, Some(expect)));
        assert_eq!(bench.log().await.last().unwrap(), expect);
    }
    assert_eq!(runs("failure-platform"), 4, "the first and three more");
    let bench = Bench::new().await;
    let mut message = probe("unknown", "");
    message.task_type = "test.Unknown".to_owned();
    assert_eq!(bench.run(message).await, Verdict::Done);
    assert!(bench.only().error.unwrap().contains("does not know the task type test.Unknown"));
    let bench = Bench::new().await;
    let message = testing::message("test.Probe", json!({"name": "x", "mode": "{{ inputs.absent }}"}));
    assert_eq!(bench.run(message).await, Verdict::Done);
    assert!(bench.only().error.unwrap().contains("Unable to find `absent`"));
}

#[tokio::test]
async fn a_platform_that_recovers_costs_nothing_but_time() {
    let bench = Bench::new().await;
    assert_eq!(bench.run(probe("recovers", "platform-twice")).await, Verdict::Done);
    let result = bench.only();
    assert_eq!((result.state, runs("recovers"), result.metrics.len()), (State::Success, 3, 1));
}

#[tokio::test]
async fn a_warning_is_a_state_of_its_own() {
    let bench = Bench::new().await;
    assert_eq!(bench.run(probe("warn", "warn")).await, Verdict::Done);
    assert_eq!(bench.only().state, State::Warning);
}

#[tokio::test]
async fn the_working_directory_goes_with_the_attempt() {
    let bench = Bench::new().await;
    assert_eq!(bench.run(probe("dir", "dir")).await, Verdict::Done);
    assert_eq!(bench.only().state, State::Success);
    assert_eq!(std::fs::read_dir(bench.dir.path().join("work")).unwrap().count(), 0);
}

#[tokio::test]
async fn a_log_can_be_filtered_and_go_to_a_file() {
    let bench = Bench::new().await;
    let mut message = probe("filtered", "fail");
    message.log_level = Some(LogLevel::Warn);
    assert_eq!(bench.run(message).await, Verdict::Done);
    assert_eq!(bench.log().await, ["refused: hello Ada"]);
    let mut message = probe("to-file", "slow");
    message.attempt = 1;
    message.log_to_file = true;
    assert_eq!(bench.run(message.clone()).await, Verdict::Done);
    assert_eq!(bench.log().await.len(), 1);
    let uri = segue_ports::InternalStorage::uri(&log_file_path(&message));
    let text = bench.ports.storage.get_text(&uri, 1000).await.unwrap();
    assert!(text.contains(" INFO hello\n") && text.ends_with(" INFO Ada\n"), "{text}");
}

#[tokio::test]
async fn kv_and_files_are_found_from_the_flows_namespace_upwards() {
    let bench = Bench::new().await;
    let set = |namespace: &str, key: &str, value: serde_json::Value| segue_ports::kv::KvWrite::Set {
        namespace: namespace.to_owned(),
        key: key.to_owned(),
        kind: segue_ports::kv::KvType::Json,
        value,
        description: None,
        expires: None,
    };
    let writes = vec![set("company", "PLACE", json!("above")), set("company.team", "OWN", json!({"a": 1}))];
    bench.ports.state.write_kv(writes, bench.ports.clock.now()).await.unwrap();
    bench.ports.storage.put_text("company/team/_files/sql/q.sql", "select 1").await.unwrap();
    let say = json!([
        "{{ kv('PLACE') }} {{ kv('OWN').a }}",
        "{{ read('sql/q.sql') }}",
        "{{ fileExists('absent.sql') }} {{ fileSize('sql/q.sql') }}",
        "{{ kv('PLACE', namespace='company.team', errorOnMissing=false) ?? 'none' }}",
    ]);
    let message = testing::message("test.Probe", json!({"name": "lookups", "mode": "", "say": say}));
    assert_eq!(bench.run(message).await, Verdict::Done);
    assert_eq!(bench.only().error, None);
    assert_eq!(bench.log().await, ["above 1", "select 1", "false 8", "none"]);
}

#[tokio::test]
async fn a_message_for_another_service_is_dropped() {
    let bench = Bench::new().await;
    let event = ExecutionMessage::new("execution1".into(), Event::ExecutionCreated);
    assert_eq!(bench.service("one").handle(Message::Execution(event)).await, Verdict::Done);
    assert_eq!(bench.published().len(), 0);
}
