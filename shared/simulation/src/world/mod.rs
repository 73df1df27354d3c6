//! Executions in memory, in virtual time. Waiting takes no time: when nothing else can happen, the clock advances to the
//! next timer.
//!
//! What it is: the shell around the engine, as `segue-executor` is for real executions. `effects` carries out the
//! decisions, `steps` records the start of every attempt.
//!
//! What it must not know: why it runs. [`Services`] says how attempts end and which flow a subflow runs.

mod effects;
mod steps;

pub use steps::{Record, Step};

use crate::create::{Creation, New, Refused};
use crate::store::{Asker, Outside, Store};
use jiff::Timestamp;
use segue_engine::decide::go_on;
use segue_engine::{Dispatch, Env, ExecutionState, Plan, SubflowRequest, decide};
use segue_model::event::Event;
use segue_model::execution::Execution;
use segue_model::id::{ExecutionId, TaskRunId};
use segue_model::log::LogEntry;
use segue_model::state::State;
use segue_model::task_run::TaskRun;
use segue_model::{Cipher, Json, Map};
use segue_template::{Answer, LookupTable, Lookups as _, Renderer, Scope};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use steps::{Recorder, Steps};

/// The largest number of events of a simulation. An execution with more never ends.
const MOST_EVENTS: usize = 200_000;
/// The number of task runs that one step starts.
const BUDGET: usize = 500;
/// The largest number of values of a loop.
const MOST_VALUES: usize = 100_000;
/// The key for SECRET values. The values never leave the simulation.
const KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

/// One attempt that a service would run.
#[derive(Debug)]
pub struct Attempt<'a> {
    /// The execution.
    pub execution: &'a Execution,
    /// The task run.
    pub task_run: &'a TaskRun,
    /// The message to the service.
    pub dispatch: &'a Dispatch,
    /// The variables of the task's expressions.
    pub scope: &'a Scope,
}

/// The end of an attempt.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The state. RUNNING: the attempt never ends by itself. If the task has a timeout, the attempt then fails.
    pub state: State,
    /// The outputs.
    pub outputs: Map,
    /// An error for the log.
    pub error: Option<String>,
}

impl Outcome {
    /// An attempt that succeeds.
    pub fn success(outputs: Map) -> Self {
        Self { state: State::Success, outputs, error: None }
    }

    /// An attempt that fails.
    pub fn failure(error: impl Into<String>) -> Self {
        Self { state: State::Failed, outputs: Map::new(), error: Some(error.into()) }
    }
}

/// Plays everything that is not the engine.
pub trait Services {
    /// The end of an attempt.
    fn run(&mut self, attempt: &Attempt<'_>) -> Outcome;

    /// The flow that a subflow runs.
    ///
    /// # Errors
    /// Why there is no such flow. The calling task fails.
    fn flow(&mut self, parent: &Execution, request: &SubflowRequest) -> Result<Arc<Plan>, String>;

    /// The values with which a person resumes a Pause that waits for a person. `None`: nobody resumes.
    fn resume(&mut self, execution: &Execution, task_run: &TaskRun) -> Option<Map>;
}

/// The settings of a world.
#[derive(Debug)]
pub struct Settings {
    /// Renders expressions.
    pub renderer: Renderer,
    /// The root variables of the server: `envs`, `globals`.
    pub globals: Map,
    /// The time at which the world begins.
    pub now: Timestamp,
    /// Answers questions.
    pub outside: Arc<dyn Outside>,
    /// Renders the properties of each attempt for the record.
    pub record: Arc<dyn Record>,
}

/// Why a simulation has no result.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum WorldError {
    /// The execution was refused.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// Answers are missing. The caller fetches them and simulates again. Each question has the namespace of its flow.
    #[error("expressions need {} answers that have not been fetched yet", .0.len())]
    Questions(Vec<(String, segue_template::Lookup)>),
    /// The execution did not end after very many events.
    #[error("the execution has not ended after {MOST_EVENTS} events; does a loop have an end?")]
    Endless,
}

/// One execution of a world.
#[derive(Debug)]
pub struct Simulated {
    /// The execution.
    pub state: ExecutionState,
    /// Its log.
    pub logs: Vec<LogEntry>,
    asker: Asker,
}

impl Simulated {
    /// The variables of an expression in a task run, or in the flow. `None` if there is no such task run.
    pub fn scope(&mut self, task_run: Option<&TaskRunId>, world: &World) -> Option<Scope> {
        let env = world.env(None);
        let scope = self.state.evaluation_scope(task_run, &env)?;
        Some(Scope { lookups: Arc::new(self.asker.clone()), ..scope })
    }

    /// Answers the questions of the execution.
    pub fn asker(&self) -> &Asker {
        &self.asker
    }
}

/// A simulated world.
pub struct World {
    renderer: Renderer,
    globals: Arc<Map>,
    cipher: Cipher,
    record: Arc<dyn Record>,
    store: Arc<Store>,
    steps: Arc<Steps>,
    now: Timestamp,
    executions: Vec<Simulated>,
    events: VecDeque<(usize, Event)>,
    timers: BTreeMap<(usize, String), Timestamp>,
    /// Attempts that end when their timeout is over.
    overdue: Vec<(Timestamp, usize, TaskRunId, u32)>,
}

impl World {
    /// An empty world.
    pub fn new(settings: Settings) -> Self {
        Self {
            renderer: settings.renderer,
            globals: Arc::new(settings.globals),
            cipher: Cipher::from_base64(KEY)
                .unwrap_or_else(|_| Cipher::without_key("a simulation has a key")),
            record: settings.record,
            store: Arc::new(Store::new(settings.outside)),
            steps: Arc::default(),
            now: settings.now,
            executions: Vec::new(),
            events: VecDeque::new(),
            timers: BTreeMap::new(),
            overdue: Vec::new(),
        }
    }

    /// Creates an execution and runs it, with its subflows, until nothing more happens.
    ///
    /// # Errors
    /// [`WorldError`].
    pub fn run(&mut self, plan: &Arc<Plan>, new: New, services: &mut dyn Services) -> Result<(), WorldError> {
        self.create(plan, new).map_err(|refused| match refused {
            Refused::Pending => WorldError::Questions(self.store.open_questions()),
            refused => WorldError::Refused(refused),
        })?;
        for _ in 0..MOST_EVENTS {
            if !self.step(services)? {
                let open = self.store.open_questions();
                return if open.is_empty() { Ok(()) } else { Err(WorldError::Questions(open)) };
            }
        }
        Err(WorldError::Endless)
    }

    /// The executions, in the order of their creation. The first is the one of [`World::run`].
    pub fn executions(&self) -> &[Simulated] {
        &self.executions
    }

    /// Takes the executions out of the world, to evaluate expressions in them.
    pub fn take_executions(&mut self) -> Vec<Simulated> {
        std::mem::take(&mut self.executions)
    }

    /// The starts of attempts, in the order in which they happened.
    pub fn steps(&self) -> Vec<Step> {
        self.steps.all()
    }

    /// The stores.
    pub fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// Renders expressions.
    pub fn renderer(&self) -> &Renderer {
        &self.renderer
    }

    fn asker(&self, plan: &Plan, id: &ExecutionId) -> Asker {
        Asker { store: self.store.clone(), namespace: plan.flow.namespace.clone(), execution: id.clone() }
    }

    fn create(&mut self, plan: &Arc<Plan>, new: New) -> Result<(), Refused> {
        let asker = self.asker(plan, &new.id);
        let creation = Creation {
            plan,
            renderer: &self.renderer,
            globals: &self.globals,
            cipher: &self.cipher,
            asker: asker.clone(),
            now: self.now,
        };
        let execution = creation.create(new)?;
        self.add(plan, execution, asker);
        Ok(())
    }

    fn add(&mut self, plan: &Arc<Plan>, execution: Execution, asker: Asker) {
        let at = self.executions.len();
        let state = ExecutionState::load(plan.clone(), execution, Vec::new(), &Json::Null);
        self.executions.push(Simulated { state, logs: Vec::new(), asker });
        self.events.push_back((at, Event::ExecutionCreated));
    }

    fn index(&self, id: &ExecutionId) -> Option<usize> {
        self.executions.iter().position(|each| each.state.execution().id == *id)
    }

    /// Applies one event, or advances the clock. Returns false if nothing can happen any more.
    fn step(&mut self, services: &mut dyn Services) -> Result<bool, WorldError> {
        if let Some((at, event)) = self.events.pop_front() {
            self.fold(at, &event, services)?;
            return Ok(true);
        }
        let timer = self.timers.iter().min_by_key(|(_, due)| **due).map(|(key, due)| (key.clone(), *due));
        let overdue =
            self.overdue.iter().enumerate().min_by_key(|(_, each)| each.0).map(|(at, each)| (at, each.0));
        match (timer, overdue) {
            (Some((_, due)), Some((position, limit))) if limit <= due => self.time_out(position),
            (None, Some((position, _))) => self.time_out(position),
            (Some((key, due)), _) => {
                self.timers.remove(&key);
                self.now = self.now.max(due);
                let (at, key) = key;
                self.events.push_back((at, Event::TimerFired { key }));
            }
            (None, None) => return Ok(self.resume_paused(services)),
        }
        Ok(true)
    }

    /// Resumes the first execution that waits for a person. Returns false if none does, or nobody resumes it.
    fn resume_paused(&mut self, services: &mut dyn Services) -> bool {
        for (at, each) in self.executions.iter().enumerate() {
            let Some(id) = each.state.first_paused() else { continue };
            let Some(run) = each.state.task_runs().find(|run| run.id == id) else { continue };
            if let Some(inputs) = services.resume(each.state.execution(), run) {
                let event = Event::ResumeRequested { inputs, task_run_id: Some(id) };
                self.events.push_back((at, event));
                return true;
            }
        }
        false
    }

    fn env(&self, recorder: Option<Recorder>) -> Env {
        Env {
            renderer: self.renderer.clone(),
            lookups: LookupTable::new(),
            now: self.now,
            budget: BUDGET,
            most_values: MOST_VALUES,
            globals: self.globals.clone(),
            cipher: self.cipher.clone(),
            witness: recorder.map(|recorder| Arc::new(recorder) as Arc<dyn segue_engine::Witness>),
        }
    }

    fn fold(&mut self, at: usize, event: &Event, services: &mut dyn Services) -> Result<(), WorldError> {
        let Some(each) = self.executions.get_mut(at) else { return Ok(()) };
        let asker = each.asker.clone();
        let recorder =
            Recorder { asker: asker.clone(), record: self.record.clone(), steps: self.steps.clone() };
        let env = self.env(Some(recorder));
        let Some(each) = self.executions.get_mut(at) else { return Ok(()) };
        let mut decision = decide(&mut each.state, event, &env);
        loop {
            let (pending, more) = (std::mem::take(&mut decision.pending), decision.more);
            self.settle(at, decision, services);
            for lookup in &pending {
                match asker.lookup(lookup) {
                    Answer::Pending => return Err(WorldError::Questions(self.store.open_questions())),
                    answer => env.lookups.insert(lookup.clone(), answer),
                }
            }
            if pending.is_empty() && !more {
                return Ok(());
            }
            let Some(each) = self.executions.get_mut(at) else { return Ok(()) };
            decision = go_on(&mut each.state, &env);
        }
    }
}
