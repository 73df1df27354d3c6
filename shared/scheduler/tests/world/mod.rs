//! A world for the scheduler: the embedded store in a new directory, a clock that the test sets, and a bus. If the test
//! says so, the bus fails, or delivers each message twice.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]
#![allow(unreachable_pub, reason = "shared by the files of tests beside it")]
#![allow(dead_code, reason = "each test file uses a part of the world")]

use async_trait::async_trait;
use jiff::Timestamp;
use segue_executor::{Executor, ExecutorParts, NoObserver};
use segue_lookups::Answers;
use segue_model::Map;
use segue_model::backfill::{Backfill, BackfillRequest};
use segue_model::catalog::{Catalog, RunBy, Service, TaskType};
use segue_model::execution::Execution;
use segue_model::flow::Flow;
use segue_model::id::ExecutionId;
use segue_model::log::LogLevel;
use segue_model::state::State;
use segue_model::trigger_state::{TriggerKey, TriggerState};
use segue_ports::state::ExecutionFilter;
use segue_ports::tick_jobs::{JobMade, TickJob};
use segue_ports::wire::{Find, Looked, Message, TaskRunMessage};
use segue_ports::{
    Clock, EventBus, MessageHandler, Outgoing, PortError, Ports, TickJobs, TimersBy, Topic, Verdict,
};
use segue_scheduler::{Scheduler, SchedulerParts};
use segue_template::{Answer, Lookup, Renderer};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};
use std::sync::{Arc, Mutex};

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

struct SetClock(Mutex<Timestamp>);

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

#[derive(Default)]
pub struct HeldBus {
    waiting: Mutex<VecDeque<Outgoing>>,
    /// Messages with a due time, and the names that were used: as Cloud Tasks, the bus takes a name once.
    delayed: Mutex<Vec<(Timestamp, Outgoing)>>,
    names: Mutex<HashSet<String>>,
    /// The number of the publication that fails, counted from now. 0: none.
    fails: Mutex<u32>,
}

#[async_trait]
impl EventBus for HeldBus {
    async fn publish(&self, messages: Vec<Outgoing>) -> Result<(), PortError> {
        let mut fails = self.fails.lock().unwrap();
        if *fails > 0 {
            *fails -= 1;
            if *fails == 0 {
                return Err(PortError::unavailable("bus", "cut short by the test"));
            }
        }
        self.waiting.lock().unwrap().extend(messages);
        Ok(())
    }

    async fn publish_at(&self, messages: Vec<Outgoing>, due: Timestamp) -> Result<(), PortError> {
        for message in messages {
            let name = format!("{due} {}", serde_json::to_string(&message.message).unwrap());
            if self.names.lock().unwrap().insert(name) {
                self.delayed.lock().unwrap().push((due, message));
            }
        }
        Ok(())
    }
}

/// The jobs of a platform that has at most `most`, and no cron with seconds.
#[derive(Default)]
pub struct FakeJobs {
    pub jobs: Mutex<BTreeMap<TriggerKey, TickJob>>,
    pub most: Mutex<Option<usize>>,
    /// The platform does not answer.
    pub down: Mutex<bool>,
}

impl FakeJobs {
    fn check(&self) -> Result<(), PortError> {
        if *self.down.lock().unwrap() { Err(PortError::unavailable("jobs", "down")) } else { Ok(()) }
    }

    /// The crons of the jobs.
    pub fn crons(&self) -> Vec<String> {
        self.jobs.lock().unwrap().values().map(|job| job.cron.clone()).collect()
    }
}

#[async_trait]
impl TickJobs for FakeJobs {
    async fn put(&self, job: &TickJob) -> Result<JobMade, PortError> {
        self.check()?;
        let mut jobs = self.jobs.lock().unwrap();
        let is_full =
            !jobs.contains_key(&job.key) && self.most.lock().unwrap().is_some_and(|most| jobs.len() >= most);
        if is_full || job.cron.split(' ').count() == 6 {
            jobs.remove(&job.key);
            return Ok(JobMade::No("not here".to_owned()));
        }
        jobs.insert(job.key.clone(), job.clone());
        Ok(JobMade::Yes)
    }

    async fn delete(&self, key: &TriggerKey) -> Result<bool, PortError> {
        self.check()?;
        Ok(self.jobs.lock().unwrap().remove(key).is_some())
    }

    async fn keys(&self) -> Result<Vec<TriggerKey>, PortError> {
        self.check()?;
        Ok(self.jobs.lock().unwrap().keys().cloned().collect())
    }
}

struct KvAnswers;

#[async_trait]
impl Answers for KvAnswers {
    async fn answer(&self, _: &str, _: &ExecutionId, lookup: &Lookup) -> Result<Answer, PortError> {
        Ok(match lookup {
            Lookup::Kv { key, .. } if key == "known" => Answer::Found(json!("from kv")),
            _ => Answer::Missing,
        })
    }

    fn mask(&self, text: String) -> String {
        text
    }
}

/// A bucket that the triggers of type [`PROBE`] look at.
#[derive(Default)]
pub struct Bucket {
    pub objects: Mutex<BTreeSet<String>>,
    /// The objects that were moved away.
    pub moved: Mutex<BTreeSet<String>>,
    /// The most objects of one find. 0: all.
    pub most: Mutex<usize>,
    /// Why looks fail. None if they do not.
    pub fault: Mutex<Option<String>>,
    pub looks: Mutex<u32>,
}

/// What realtime triggers of type [`LINE`] are connected to, as their service keeps it.
#[derive(Default)]
pub struct Lines {
    /// The triggers that are connected.
    pub connected: Mutex<BTreeSet<TriggerKey>>,
    /// The number of requests to the service.
    pub requests: Mutex<u32>,
    /// Why connecting fails. None if it does not.
    pub fault: Mutex<Option<String>>,
}

/// The realtime trigger of the world.
pub const LINE: &str = "io.test.Line";

impl Lines {
    /// What the service of the trigger does: it connects or disconnects the trigger as its state says.
    async fn answer(&self, message: TaskRunMessage, ports: &Ports, bus: &HeldBus) -> Verdict {
        *self.requests.lock().unwrap() += 1;
        let look = *message.look.unwrap();
        let state = ports.state.trigger(&look.key).await.unwrap().map(|state| state.value);
        let is_on = state.is_some_and(|state| !state.disabled && state.next_execution_date.is_some());
        let mut found = Ok(Find { memory: Some("line".to_owned()), ..Find::default() });
        if !is_on {
            self.connected.lock().unwrap().remove(&look.key);
            found = Ok(Find::default());
        } else if let Some(fault) = self.fault.lock().unwrap().clone() {
            found = Err(fault);
        } else {
            self.connected.lock().unwrap().insert(look.key.clone());
        }
        if look.settle.is_some() {
            return Verdict::Done;
        }
        let id = message.execution_id;
        let looked = Looked {
            version: 1,
            key: look.key,
            execution_id: id,
            found,
            log: Vec::new(),
            is_recorded: false,
        };
        let topic = Topic::Triggers;
        bus.waiting.lock().unwrap().push_back(Outgoing { topic, message: Message::Looked(Box::new(looked)) });
        Verdict::Done
    }
}

/// The polling trigger of the world.
pub const PROBE: &str = "io.test.Probe";

impl Bucket {
    pub fn put(&self, name: impl Into<String>) {
        self.objects.lock().unwrap().insert(name.into());
    }

    /// What the service of the trigger does.
    fn answer(&self, message: TaskRunMessage, bus: &HeldBus) -> Verdict {
        let look = *message.look.unwrap();
        let mut objects = self.objects.lock().unwrap();
        if let Some(left) = look.settle {
            let names: BTreeSet<String> = serde_json::from_value(left).unwrap();
            objects.retain(|name| !names.contains(name));
            self.moved.lock().unwrap().extend(names);
            return Verdict::Done;
        }
        *self.looks.lock().unwrap() += 1;
        let seen: BTreeSet<&str> = look.memory.as_deref().unwrap_or_default().split(',').collect();
        let new: Vec<&String> = objects.iter().filter(|name| !seen.contains(name.as_str())).collect();
        let most = *self.most.lock().unwrap();
        let taken = if most == 0 { new.clone() } else { new.iter().take(most).copied().collect() };
        let still: Vec<&str> =
            objects.iter().map(String::as_str).filter(|name| seen.contains(name)).collect();
        let memory: Vec<&str> = still.into_iter().chain(taken.iter().map(|name| name.as_str())).collect();
        let moves = message.properties.get("action") == Some(&json!("MOVE"));
        let variables = json!({"objects": taken}).as_object().cloned().filter(|_| !taken.is_empty());
        let find = Find {
            variables,
            memory: Some(memory.join(",")),
            more: new.len() > taken.len(),
            settle: moves.then(|| json!(taken)),
        };
        let found = self.fault.lock().unwrap().clone().map_or(Ok(find), Err);
        let looked = Looked {
            version: 1,
            key: look.key,
            execution_id: message.execution_id,
            found,
            log: Vec::new(),
            is_recorded: false,
        };
        let topic = Topic::Triggers;
        bus.waiting.lock().unwrap().push_back(Outgoing { topic, message: Message::Looked(Box::new(looked)) });
        Verdict::Done
    }
}

pub struct World {
    _directory: tempfile::TempDir,
    pub bucket: Bucket,
    pub lines: Lines,
    pub ports: Ports,
    pub bus: Arc<HeldBus>,
    clock: Arc<SetClock>,
    pub executor: Arc<Executor>,
    pub scheduler: Arc<Scheduler>,
    /// The number of times that every message is delivered.
    pub deliveries: usize,
}

impl World {
    pub fn new(now: &str) -> Self {
        Self::with(now, TimersBy::Watching, None)
    }

    /// A world on a platform where no process always runs, with these jobs or without jobs.
    pub fn deployed(now: &str, jobs: Option<&Arc<FakeJobs>>) -> Self {
        Self::with(now, TimersBy::Delivery, jobs.map(|jobs| jobs.clone() as Arc<dyn TickJobs>))
    }

    fn with(now: &str, timers: TimersBy, tick_jobs: Option<Arc<dyn TickJobs>>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let embedded = segue_embedded::open_with(directory.path(), Default::default()).unwrap();
        let (bus, clock) = (Arc::new(HeldBus::default()), Arc::new(SetClock(Mutex::new(at(now)))));
        let ports = Ports { bus: bus.clone(), clock: clock.clone(), timers, tick_jobs, ..embedded.ports };
        let (executor, scheduler) = services(&ports);
        Self {
            _directory: directory,
            bucket: Bucket::default(),
            lines: Lines::default(),
            ports,
            bus,
            clock,
            executor,
            scheduler,
            deliveries: 1,
        }
    }

    /// Starts the services again, with nothing in memory.
    pub fn restart(&mut self) {
        (self.executor, self.scheduler) = services(&self.ports);
    }

    pub fn set(&self, now: &str) {
        *self.clock.0.lock().unwrap() = at(now);
    }

    /// Makes the publication with this number fail, counted from now.
    pub fn fail_publishing(&self, count: u32) {
        *self.bus.fails.lock().unwrap() = count;
    }

    /// Loses the messages that were published and not delivered. Returns their number.
    pub fn lose_messages(&self) -> usize {
        std::mem::take(&mut *self.bus.waiting.lock().unwrap()).len()
    }

    pub async fn save(&self, source: &str) -> Arc<Flow> {
        let parsed = segue_model::parse_flow(source, &catalog());
        let flow = parsed.flow.unwrap_or_else(|| panic!("{:?}", parsed.diagnostics));
        let now = self.clock.now();
        self.ports.state.put_flow(&flow.namespace, &flow.id, source, now).await.unwrap();
        let flow = self.executor.plan(&flow.namespace, &flow.id, None).await.unwrap().flow.clone();
        self.scheduler.sync_flow(&flow).await.unwrap();
        flow
    }

    /// Delivers all messages and their consequences.
    pub async fn settle(&self) {
        for _ in 0..100_000 {
            let Some(next) = self.bus.waiting.lock().unwrap().pop_front() else { return };
            for _ in 0..self.deliveries {
                if self.deliver(next.message.clone(), &next.topic).await == Verdict::Retry {
                    self.bus.waiting.lock().unwrap().push_back(next.clone());
                }
            }
        }
        panic!("the messages never end");
    }

    async fn deliver(&self, message: Message, topic: &Topic) -> Verdict {
        // Messages are sent as text.
        let message = serde_json::from_str(&serde_json::to_string(&message).unwrap()).unwrap();
        match topic {
            Topic::Executions => self.executor.handle(message).await,
            Topic::Triggers | Topic::Backfills => self.scheduler.handle(message).await,
            Topic::Tasks(service) => match message {
                Message::TaskRun(message) if service == "probe" => self.bucket.answer(*message, &self.bus),
                Message::TaskRun(message) if service == "line" => {
                    self.lines.answer(*message, &self.ports, &self.bus).await
                }
                other => panic!("a message for {service}: {other:?}"),
            },
        }
    }

    /// Checks the triggers, and delivers everything that follows.
    pub async fn tick(&self, now: &str) {
        self.set(now);
        self.scheduler.publish_due().await.unwrap();
        self.settle().await;
    }

    /// Lets time pass: delivers what is due, each at its time.
    pub async fn pass(&self, until: &str) {
        self.settle().await;
        loop {
            let next = {
                let mut delayed = self.bus.delayed.lock().unwrap();
                let first = (0..delayed.len()).min_by_key(|number| delayed[*number].0);
                first.filter(|number| delayed[*number].0 <= at(until)).map(|number| delayed.remove(number))
            };
            let Some((due, message)) = next else { break };
            *self.clock.0.lock().unwrap() = due;
            self.bus.waiting.lock().unwrap().push_back(message);
            self.settle().await;
        }
        self.set(until);
    }

    /// The due times of the messages that wait.
    pub fn due(&self) -> Vec<String> {
        let mut due: Vec<_> =
            self.bus.delayed.lock().unwrap().iter().map(|(due, _)| due.to_string()).collect();
        due.sort();
        due
    }

    /// Loses the messages that wait for their time.
    pub fn lose_delayed(&self) {
        self.bus.delayed.lock().unwrap().clear();
    }

    pub async fn send(&self, message: Message) -> Verdict {
        self.scheduler.handle(message).await
    }

    /// The executions of a flow, oldest first.
    pub async fn executions(&self, flow: &str) -> Vec<Execution> {
        let filter = ExecutionFilter { flow_id: Some(flow.into()), ..ExecutionFilter::default() };
        let mut found = self.ports.state.executions(&filter).await.unwrap();
        found.sort_by_key(|execution| {
            (execution.trigger.as_ref().and_then(|one| one.slot), execution.state.start_date())
        });
        found
    }

    /// `trigger.date` of the executions of a flow.
    pub async fn dates(&self, flow: &str) -> Vec<String> {
        self.executions(flow).await.iter().map(|one| variable(one, "date")).collect()
    }

    pub async fn states(&self, flow: &str) -> Vec<State> {
        self.executions(flow).await.iter().map(|one| one.state.current()).collect()
    }

    /// Ends the executions of a flow that are paused.
    pub async fn resume_all(&self, flow: &str) -> usize {
        let paused: Vec<_> = self
            .executions(flow)
            .await
            .into_iter()
            .filter(|one| one.state.current() == State::Paused)
            .collect();
        for execution in &paused {
            self.executor.resume(&execution.id, Map::new()).await.unwrap();
        }
        self.settle().await;
        paused.len()
    }

    pub async fn trigger(&self, flow: &str, trigger: &str) -> TriggerState {
        self.ports.state.trigger(&key(flow, trigger)).await.unwrap().unwrap().value
    }

    pub async fn backfill(&self, id: &str) -> Backfill {
        self.ports.state.backfill(id).await.unwrap().unwrap().value
    }

    pub async fn log(&self, execution: &ExecutionId) -> String {
        let lines = self.ports.state.logs(execution, LogLevel::Trace, 0).await.unwrap();
        lines.into_iter().map(|line| line.message).collect::<Vec<_>>().join("\n")
    }
}

fn services(ports: &Ports) -> (Arc<Executor>, Arc<Scheduler>) {
    let (catalog, renderer, globals) = (Arc::new(catalog()), Renderer::new(), Arc::new(Map::new()));
    let executor = Arc::new(Executor::new(ExecutorParts {
        most_values: 100_000,
        ports: ports.clone(),
        catalog: catalog.clone(),
        renderer: renderer.clone(),
        answers: Arc::new(KvAnswers),
        globals: globals.clone(),
        observer: Arc::new(NoObserver),
        announce_states: true,
        gathers_results: false,
    }));
    let parts = SchedulerParts {
        ports: ports.clone(),
        executor: executor.clone(),
        catalog,
        renderer,
        globals,
        answers: Arc::new(KvAnswers),
    };
    (executor, Arc::new(Scheduler::new(parts)))
}

fn catalog() -> Catalog {
    let mut types = segue_model::flowable_types::flowable_types();
    types.extend(segue_engine::inline::inline_types());
    let probe = TaskType {
        name: PROBE,
        aliases: Vec::new(),
        outputs: None,
        run_by: RunBy::Service(Service::Named("probe")),
        schema: json!({"properties": {
            "interval": {"type": "string"}, "allowConcurrent": {"type": "boolean"}, "action": {"type": "string"},
        }}),
    };
    let line = TaskType {
        name: LINE,
        aliases: Vec::new(),
        run_by: RunBy::Service(Service::Named("line")),
        schema: json!({"properties": {"interval": {"type": "string"}, "serdeType": {"type": "string"}}}),
        outputs: None,
    };
    Catalog::new(types).with_triggers(vec![probe]).with_realtime_triggers(vec![line])
}

pub fn key(flow: &str, trigger: &str) -> TriggerKey {
    TriggerKey::new("company", flow, trigger)
}

pub fn variable(execution: &Execution, name: &str) -> String {
    let value = execution.trigger.as_ref().and_then(|trigger| trigger.variables.get(name));
    value.and_then(Json::as_str).unwrap_or("none").to_owned()
}

pub fn label<'a>(execution: &'a Execution, key: &str) -> Option<&'a str> {
    execution.labels.iter().find(|label| label.key == key).map(|label| label.value.as_str())
}

/// A flow that ends at once, with these triggers (an indented YAML list).
pub fn flow(id: &str, triggers: &str) -> String {
    with_tasks(id, "  - {id: say, type: io.kestra.plugin.core.log.Log, message: hello}\n", triggers)
}

/// A flow that waits until it is resumed.
pub fn waiting_flow(id: &str, triggers: &str) -> String {
    with_tasks(id, "  - {id: wait, type: io.kestra.plugin.core.flow.Pause}\n", triggers)
}

pub fn with_tasks(id: &str, tasks: &str, triggers: &str) -> String {
    format!("id: {id}\nnamespace: company\ntasks:\n{tasks}triggers:\n{triggers}")
}

/// A polling trigger, with more properties in flow style.
pub fn probe(id: &str, more: &str) -> String {
    format!("  - {{id: {id}, type: {PROBE}{more}}}\n")
}

/// A Schedule, with more properties in flow style: `, withSeconds: true`.
pub fn schedule(id: &str, cron: &str, more: &str) -> String {
    format!("  - {{id: {id}, type: io.kestra.plugin.core.trigger.Schedule, cron: '{cron}'{more}}}\n")
}

pub fn request(flow: &str, more: Json) -> BackfillRequest {
    let mut request = json!({"namespace": "company", "flowId": flow});
    request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    serde_json::from_value(request).unwrap()
}
