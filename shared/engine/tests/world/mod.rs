//! A simulated world around the engine. It plays the services, the timers and the store, in virtual time.
#![allow(dead_code, reason = "each test binary uses its part of the world")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "what is wrong here fails a test")]

use jiff::{SignedDuration, Timestamp};
use segue_engine::decide::go_on;
use segue_engine::replay::Copy;
use segue_engine::{
    Decision, Dispatch, Effect, Env, ExecutionState, Plan, SubflowRequest, conclude, decide, decide_part,
};
use segue_model::Map;
use segue_model::catalog::{Catalog, RunBy, RunnerServices, Service, TaskType};
use segue_model::event::{Event, TaskRunResult};
use segue_model::execution::Execution;
use segue_model::id::{ExecutionId, TaskRunId};
use segue_model::log::LogEntry;
use segue_model::parse::parse_flow;
use segue_model::state::State;
use segue_model::task_run::TaskRun;
use segue_template::{Answer, LookupTable, Renderer};
use serde_json::json;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

pub(crate) fn catalog() -> Catalog {
    let mut types = segue_model::flowable_types::flowable_types();
    types.extend(segue_engine::inline::inline_types());
    types.push(TaskType {
        name: "test.Work",
        aliases: Vec::new(),
        outputs: None,
        run_by: RunBy::Service(Service::Named("test")),
        schema: json!({"type": "object", "additionalProperties": true}),
    });
    types.push(TaskType {
        name: "test.Shared",
        aliases: Vec::new(),
        outputs: None,
        run_by: RunBy::Service(Service::ByRunner(NEAR_OR_FAR)),
        schema: json!({"type": "object", "additionalProperties": true}),
    });
    Catalog::new(types)
}

/// Tasks of the type `test.Shared` go to the service `near` if they ask for a process, and else to `far`.
const NEAR_OR_FAR: RunnerServices = RunnerServices { processes: "near", containers: "far" };

/// A prepared flow. `body` is the YAML without id and namespace.
pub(crate) fn plan(body: &str) -> Arc<Plan> {
    let source = format!("id: case\nnamespace: test\n{body}\n");
    let parsed = parse_flow(&source, &catalog());
    let flow = parsed.flow.unwrap_or_else(|| panic!("{source}\n{:?}", parsed.diagnostics));
    Arc::new(Plan::new(Arc::new(flow), &catalog()))
}

/// A task that succeeds.
pub(crate) fn work(id: &str) -> String {
    format!("{{id: {id}, type: test.Work}}")
}

/// A task that fails in its first `times` attempts.
pub(crate) fn fails(id: &str, times: u32) -> String {
    format!("{{id: {id}, type: test.Work, fails: {times}}}")
}

/// A complete execution of a flow.
pub(crate) fn ended(flow: &str) -> World {
    let mut world = World::new(flow);
    world.run();
    assert!(world.state().is_terminal(), "{flow}");
    world
}

pub(crate) struct World {
    pub(crate) plan: Arc<Plan>,
    renderer: Renderer,
    pub(crate) execution: ExecutionState,
    pub(crate) now: Timestamp,
    events: VecDeque<Event>,
    timers: BTreeMap<String, Timestamp>,
    pub(crate) logs: Vec<LogEntry>,
    pub(crate) stored: BTreeMap<TaskRunId, (u64, TaskRun)>,
    /// Every event that was applied, in order.
    pub(crate) history: Vec<Event>,
    /// If true, the test ends the dispatched task runs. If false, the world ends them.
    pub(crate) manual: bool,
    pub(crate) dispatched: Vec<Dispatch>,
    pub(crate) subflows: Vec<SubflowRequest>,
    /// All effects so far.
    pub(crate) effects: Vec<Effect>,
    /// Whether all permits of the flow's concurrency limit are taken.
    pub(crate) is_full: bool,
    pub(crate) budget: usize,
    /// Whether every event is delivered twice.
    pub(crate) twice: bool,
    /// Whether the newest event is delivered first.
    pub(crate) last_first: bool,
    /// Whether the execution is loaded again before every event.
    pub(crate) reloads: bool,
    /// Whether all events that wait are applied as one step.
    pub(crate) at_once: bool,
    /// The number of steps so far.
    pub(crate) steps: usize,
}

impl World {
    /// A new execution of a flow. `body` is the YAML without id and namespace.
    pub(crate) fn new(body: &str) -> Self {
        Self::of(plan(body))
    }

    /// A new execution that does not start before `seconds` have passed.
    pub(crate) fn scheduled(body: &str, seconds: i64) -> Self {
        let mut world = Self::new(body);
        let mut execution = world.execution.execution().clone();
        execution.schedule_date = Some(world.now + SignedDuration::from_secs(seconds));
        world.execution = ExecutionState::load(world.plan.clone(), execution, Vec::new(), &json!(null));
        world
    }

    /// An execution that was copied from another execution.
    pub(crate) fn copied(plan: Arc<Plan>, copy: Copy) -> Self {
        let mut world = Self::of(plan.clone());
        world.stored =
            copy.task_runs.iter().map(|(position, run)| (run.id.clone(), (*position, run.clone()))).collect();
        world.execution = ExecutionState::load(plan, copy.execution, copy.task_runs, &copy.notes);
        world
    }

    pub(crate) fn of(plan: Arc<Plan>) -> Self {
        let now: Timestamp = "2024-01-01T00:00:00Z".parse().unwrap();
        let id = ExecutionId::derive(&["test"]);
        let execution = Execution {
            variables: plan.flow.variables.clone(),
            ..Execution::created(id.clone(), "test", "case", 1, now)
        };
        let state = ExecutionState::load(plan.clone(), execution, Vec::new(), &json!(null));
        Self {
            plan,
            renderer: Renderer::new(),
            execution: state,
            now,
            events: VecDeque::from([Event::ExecutionCreated]),
            timers: BTreeMap::new(),
            logs: Vec::new(),
            stored: BTreeMap::new(),
            history: Vec::new(),
            manual: false,
            dispatched: Vec::new(),
            subflows: Vec::new(),
            effects: Vec::new(),
            is_full: false,
            budget: 100,
            twice: false,
            last_first: false,
            reloads: false,
            at_once: false,
            steps: 0,
        }
    }

    pub(crate) fn send(&mut self, event: Event) {
        self.events.push_back(event);
    }

    /// Applies events until nothing more happens without a request.
    pub(crate) fn run(&mut self) {
        for _ in 0..100_000 {
            if !self.step() {
                return;
            }
        }
        panic!("the execution always has another event");
    }

    /// Applies at most this number of events.
    pub(crate) fn run_at_most(&mut self, events: usize) {
        while self.history.len() < events && self.step() {}
    }

    /// Applies one event, or fires the next timer. Returns false if there is neither.
    fn step(&mut self) -> bool {
        let next = if self.last_first { self.events.pop_back() } else { self.events.pop_front() };
        if self.at_once && next.is_some() {
            let events: Vec<Event> = next.into_iter().chain(self.events.drain(..)).collect();
            self.fold_all(&events);
        } else if let Some(event) = next {
            if self.reloads {
                self.reload();
            }
            self.fold(&event);
            if self.twice {
                self.fold(&event);
            }
        } else if let Some((key, due)) = self.next_timer() {
            self.timers.remove(&key);
            self.now = self.now.max(due);
            self.events.push_back(Event::TimerFired { key });
        } else {
            return false;
        }
        true
    }

    /// Drops all events that are not delivered yet.
    pub(crate) fn forget_messages(&mut self) {
        self.events.clear();
    }

    fn next_timer(&self) -> Option<(String, Timestamp)> {
        self.timers.iter().min_by_key(|(_, due)| **due).map(|(key, due)| (key.clone(), *due))
    }

    pub(crate) fn fold(&mut self, event: &Event) {
        self.history.push(event.clone());
        self.now += SignedDuration::from_millis(1);
        let env = self.env();
        let decision = decide(&mut self.execution, event, &env);
        self.finish_step(decision, &env);
    }

    /// Applies events in as few steps as possible.
    fn fold_all(&mut self, mut events: &[Event]) {
        while !events.is_empty() {
            self.now += SignedDuration::from_millis(1);
            let mut env = self.env();
            loop {
                let part = decide_part(&mut self.execution, events, &env);
                let (done, rest) = events.split_at(usize::from(part.applied));
                self.history.extend_from_slice(done);
                events = rest;
                if part.is_last {
                    break;
                }
                self.now += SignedDuration::from_millis(1);
                env.now = self.now;
            }
            let decision = conclude(&mut self.execution, &env);
            self.finish_step(decision, &env);
        }
    }

    /// Settles a decision, and continues the step until it needs nothing more.
    fn finish_step(&mut self, mut decision: Decision, env: &Env) {
        self.steps += 1;
        loop {
            let (pending, more) = (std::mem::take(&mut decision.pending), decision.more);
            self.settle(decision);
            for lookup in &pending {
                env.lookups.insert(lookup.clone(), Answer::Missing);
            }
            if pending.is_empty() && !more {
                return;
            }
            decision = go_on(&mut self.execution, env);
        }
    }

    pub(crate) fn env(&self) -> Env {
        Env {
            renderer: self.renderer.clone(),
            lookups: LookupTable::new(),
            now: self.now,
            budget: self.budget,
            most_values: 100_000,
            globals: Arc::new(Map::new()),
            cipher: segue_model::Cipher::without_key("the world has none"),
            witness: None,
        }
    }

    fn settle(&mut self, decision: Decision) {
        self.logs.extend(decision.logs);
        for (position, run) in decision.task_runs {
            self.stored.insert(run.id.clone(), (position, run));
        }
        for id in decision.removed {
            self.stored.remove(&id);
        }
        for effect in decision.effects {
            self.effects.push(effect.clone());
            match effect {
                Effect::DispatchTaskRun(dispatch) if self.manual => self.dispatched.push(*dispatch),
                Effect::DispatchTaskRun(dispatch) => {
                    if let Some(result) = self.work(&dispatch) {
                        self.events.push_back(Event::TaskRunFinished(result));
                    }
                }
                Effect::SetTimer { key, due } => {
                    self.timers.insert(key, due);
                }
                Effect::ClearTimer { key } => {
                    self.timers.remove(&key);
                }
                Effect::TakePermit if self.is_full => self.events.push_back(Event::PermitRefused),
                Effect::TakePermit => self.events.push_back(Event::PermitGranted),
                Effect::StartSubflow(request) if self.manual => self.subflows.push(*request),
                Effect::StartSubflow(request) => {
                    let (task_run_id, iteration) = (request.task_run_id, request.iteration);
                    self.events.push_back(Event::SubflowCreated {
                        task_run_id: task_run_id.clone(),
                        iteration,
                        outcome: Ok(request.execution_id.clone()),
                    });
                    self.events.push_back(Event::SubflowFinished {
                        task_run_id,
                        iteration,
                        original_id: request.execution_id.clone(),
                        execution_id: request.execution_id,
                        attempt: 1,
                        state: State::Success,
                        outputs: Map::new(),
                    });
                }
                Effect::ReleasePermit
                | Effect::StopAttempts { .. }
                | Effect::KillExecution { .. }
                | Effect::NotifyParent { .. }
                | Effect::CreateRetryExecution
                | Effect::AnnounceState { .. } => {}
            }
        }
    }

    /// The result of a `test.Work` task. It fails in its first `fails` attempts. `None` if `hangs` is true: the task
    /// then never ends.
    pub(crate) fn work(&self, dispatch: &Dispatch) -> Option<TaskRunResult> {
        let property = |name: &str| dispatch.properties.get(name).cloned().unwrap_or_default();
        if property("hangs") == json!(true) {
            return None;
        }
        let fails = property("fails").as_u64().unwrap_or(0);
        let is_bad = u64::from(dispatch.attempt) < fails;
        Some(TaskRunResult {
            task_run_id: dispatch.task_run_id.clone(),
            attempt: dispatch.attempt,
            state: if is_bad { State::Failed } else { State::Success },
            outputs: Map::new(),
            error: is_bad.then(|| "it failed".to_owned()),
            start_date: self.now,
            end_date: self.now,
            dynamic: Vec::new(),
            metrics: Vec::new(),
        })
    }

    /// Ends the attempt that was dispatched last for a task.
    pub(crate) fn finish(&mut self, task: &str, state: State) {
        let dispatch = self.dispatched.iter().rfind(|dispatch| dispatch.task_id == task).expect("a dispatch");
        self.send(Event::TaskRunFinished(TaskRunResult {
            task_run_id: dispatch.task_run_id.clone(),
            attempt: dispatch.attempt,
            state,
            outputs: Map::new(),
            error: None,
            start_date: self.now,
            end_date: self.now,
            dynamic: Vec::new(),
            metrics: Vec::new(),
        }));
        self.run();
    }

    /// Advances the time. Fires the timers that are due, and applies the events that follow.
    pub(crate) fn pass(&mut self, seconds: i64) {
        let until = self.now + SignedDuration::from_secs(seconds);
        self.settle_events();
        while let Some((key, due)) = self.next_timer().filter(|(_, due)| *due <= until) {
            self.timers.remove(&key);
            self.now = self.now.max(due);
            self.events.push_back(Event::TimerFired { key });
            self.settle_events();
        }
        self.now = self.now.max(until);
    }

    /// Applies events without firing timers.
    pub(crate) fn settle_events(&mut self) {
        while !self.events.is_empty() {
            self.step();
        }
    }

    /// Fires the next timer at its due time. Returns false if no timer is set.
    pub(crate) fn fire_next(&mut self) -> bool {
        let Some((key, due)) = self.next_timer() else { return false };
        self.timers.remove(&key);
        self.now = self.now.max(due);
        self.events.push_back(Event::TimerFired { key });
        true
    }

    /// Whether all events are applied.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.events.is_empty()
    }

    /// The names of the timers that are set.
    pub(crate) fn timers(&self) -> Vec<&str> {
        self.timers.keys().map(String::as_str).collect()
    }

    /// Removes all timers, as if the store had lost them.
    pub(crate) fn forget_timers(&mut self) {
        self.timers.clear();
    }

    /// The states of the execution, oldest first.
    pub(crate) fn states(&self) -> Vec<&'static str> {
        self.execution.execution().state.histories().iter().map(|change| change.state.as_str()).collect()
    }

    /// Drops the execution in memory and loads it from the stored data, as after a crash.
    pub(crate) fn reload(&mut self) {
        let mut runs: Vec<(u64, TaskRun)> = self.stored.values().cloned().collect();
        runs.sort_by_key(|(position, _)| *position);
        let execution = self.execution.execution().clone();
        let notes = self.execution.notes();
        self.execution = ExecutionState::load(self.plan.clone(), execution, runs, &notes);
    }

    pub(crate) fn state(&self) -> State {
        self.execution.execution().state.current()
    }

    pub(crate) fn runs(&self) -> Vec<String> {
        self.execution
            .task_runs()
            .map(|run| match &run.value {
                Some(value) => format!("{}[{value}] {}", run.task_id, run.current()),
                None => format!("{} {}", run.task_id, run.current()),
            })
            .collect()
    }

    pub(crate) fn run_of(&self, task: &str) -> TaskRun {
        self.execution.task_runs().find(|run| run.task_id == task).cloned().expect("a task run")
    }
}
