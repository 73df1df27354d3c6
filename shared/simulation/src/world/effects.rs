//! Carries out the decisions of the engine in a simulated world.

use super::{Attempt, Outcome, Services, World};
use crate::create::{New, Refused};
use jiff::Timestamp;
use segue_engine::inline::Change;
use segue_engine::{Decision, Dispatch, Effect, SubflowRequest};
use segue_model::event::{Event, TaskRunResult};
use segue_model::execution::{Execution, ExecutionMetadata};
use segue_model::id::{ExecutionId, TaskRunId};
use segue_model::log::{LogEntry, LogLevel};
use segue_model::state::{State, StateHistory};
use segue_model::{Map, parse_duration};
use segue_template::{Ambient, Scope, is_truthy};
use std::sync::Arc;

impl World {
    pub(super) fn settle(&mut self, at: usize, decision: Decision, services: &mut dyn Services) {
        for entry in decision.logs {
            self.log(at, entry);
        }
        for change in decision.changes {
            self.change(change);
        }
        for effect in decision.effects {
            match effect {
                Effect::DispatchTaskRun(dispatch) => self.dispatch(at, &dispatch, services),
                Effect::SetTimer { key, due } => drop(self.timers.insert((at, key), due)),
                Effect::ClearTimer { key } => drop(self.timers.remove(&(at, key))),
                Effect::TakePermit => self.events.push_back((at, Event::PermitGranted)),
                Effect::StopAttempts { attempts } => {
                    self.overdue.retain(|(_, of, run, attempt)| {
                        *of != at || !attempts.contains(&(run.clone(), *attempt))
                    });
                }
                Effect::StartSubflow(request) => self.start_subflow(at, *request, services),
                Effect::KillExecution { execution_id } => {
                    if let Some(child) = self.index(&execution_id) {
                        self.events.push_back((child, Event::KillRequested { cascade: true }));
                    }
                }
                Effect::NotifyParent { execution_id, task_run_id, iteration, state, outputs } => {
                    self.notify(at, &execution_id, task_run_id, iteration, state, outputs);
                }
                Effect::CreateRetryExecution => self.retry(at),
                Effect::ReleasePermit | Effect::AnnounceState { .. } => {}
            }
        }
    }

    fn log(&mut self, at: usize, entry: LogEntry) {
        let Some(each) = self.executions.get_mut(at) else { return };
        if entry.level == LogLevel::Error {
            let line = serde_json::to_value(&entry).unwrap_or_default();
            self.store.add_error(&each.state.execution().id, line);
        }
        each.logs.push(entry);
    }

    fn change(&mut self, change: Change) {
        match change {
            Change::SetKv { namespace, key, value, .. } => self.store.write(&namespace, &key, Some(value)),
            Change::DeleteKv { namespace, key } => self.store.write(&namespace, &key, None),
            Change::Resume { execution_id, inputs } => {
                let id = ExecutionId::from(execution_id.as_str());
                if let Some(other) = self.index(&id) {
                    let event = Event::ResumeRequested { inputs, task_run_id: None };
                    self.events.push_back((other, event));
                }
            }
            // The engine has made these changes itself.
            Change::Labels(_) | Change::SetVariables(_) | Change::UnsetVariables(_) | Change::Exit(_) => {}
        }
    }

    fn dispatch(&mut self, at: usize, dispatch: &Dispatch, services: &mut dyn Services) {
        let Some(each) = self.executions.get(at) else { return };
        let Some(run) = each.state.task_runs().find(|run| run.id == dispatch.task_run_id) else { return };
        let ambient = Ambient { now: self.now, seed: 0, time_zone: jiff::tz::TimeZone::UTC };
        let scope = Scope::from_json(dispatch.context.clone(), Arc::new(each.asker.clone()), ambient);
        let attempt = Attempt { execution: each.state.execution(), task_run: run, dispatch, scope: &scope };
        let outcome = services.run(&attempt);
        if outcome.state == State::Running {
            self.hang(at, dispatch, &scope);
        } else {
            self.ended(at, dispatch.task_run_id.clone(), dispatch.attempt, outcome);
        }
    }

    fn ended(&mut self, at: usize, task_run_id: TaskRunId, attempt: u32, outcome: Outcome) {
        // The service of a task writes its error into the log.
        if let (Some(message), Some(each)) = (outcome.error.clone(), self.executions.get(at)) {
            let line = LogEntry::of_execution(each.state.execution(), LogLevel::Error, self.now, message);
            let run = each.state.task_runs().find(|run| run.id == task_run_id);
            let line = run.map_or_else(|| line.clone(), |run| line.clone().of_task_run(run));
            self.log(at, line);
        }
        let result = TaskRunResult {
            task_run_id,
            attempt,
            state: outcome.state,
            outputs: outcome.outputs,
            error: outcome.error,
            start_date: self.now,
            end_date: self.now,
            dynamic: Vec::new(),
            metrics: Vec::new(),
        };
        self.events.push_back((at, Event::TaskRunFinished(result)));
    }

    /// An attempt that never ends by itself. The service ends it when its timeout is over.
    fn hang(&mut self, at: usize, dispatch: &Dispatch, scope: &Scope) {
        let started = Event::TaskRunStarted {
            task_run_id: dispatch.task_run_id.clone(),
            attempt: dispatch.attempt,
            date: self.now,
        };
        self.events.push_back((at, started));
        let limit = dispatch.timeout.as_deref().and_then(|timeout| self.renderer.render(timeout, scope).ok());
        let due = limit
            .filter(|text| is_truthy(text))
            .and_then(|text| parse_duration(&text).ok())
            .and_then(|limit| self.now.checked_add(limit).ok());
        if let Some(due) = due {
            self.overdue.push((due, at, dispatch.task_run_id.clone(), dispatch.attempt));
        }
    }

    /// Ends an attempt with its timeout over.
    pub(super) fn time_out(&mut self, position: usize) {
        let (due, at, task_run_id, attempt): (Timestamp, usize, TaskRunId, u32) =
            self.overdue.swap_remove(position);
        self.now = self.now.max(due);
        self.ended(at, task_run_id, attempt, Outcome::failure("the timeout of the task is over"));
    }

    fn start_subflow(&mut self, at: usize, request: SubflowRequest, services: &mut dyn Services) {
        let Some(each) = self.executions.get(at) else { return };
        let parent = each.state.execution().clone();
        let (task_run_id, iteration) = (request.task_run_id.clone(), request.iteration);
        let id = request.execution_id.clone();
        let outcome = match services.flow(&parent, &request) {
            Ok(plan) => match self.create(&plan, subflow(&parent, request)) {
                Ok(()) => Ok(id),
                // The world stops because of the open question, so nobody sees this text.
                Err(refused @ Refused::Pending) => Err(refused.to_string()),
                Err(refused) => Err(refused.to_string()),
            },
            Err(message) => Err(message),
        };
        self.events.push_back((at, Event::SubflowCreated { task_run_id, iteration, outcome }));
    }

    fn notify(
        &mut self,
        at: usize,
        parent: &ExecutionId,
        task_run_id: TaskRunId,
        iteration: Option<u64>,
        state: State,
        outputs: Map,
    ) {
        let Some(parent) = self.index(parent) else { return };
        let Some(child) = self.executions.get(at).map(|each| each.state.execution()) else { return };
        let event = Event::SubflowFinished {
            task_run_id,
            iteration,
            execution_id: child.id.clone(),
            original_id: child.original_id.clone(),
            attempt: child.metadata.attempt_number,
            state,
            outputs,
        };
        self.events.push_back((parent, event));
    }

    /// Runs the whole flow again as a new execution.
    fn retry(&mut self, at: usize) {
        let Some(each) = self.executions.get(at) else { return };
        let old = each.state.execution().clone();
        let (plan, mut asker) = (each.state.plan().clone(), each.asker.clone());
        let id = ExecutionId::derive(&["retry", old.id.as_str()]);
        if self.index(&id).is_some() {
            return;
        }
        asker.execution = id.clone();
        let execution = Execution {
            id,
            parent_id: Some(old.id.clone()),
            outputs: None,
            state: StateHistory::new(State::Created, self.now),
            metadata: ExecutionMetadata {
                attempt_number: old.metadata.attempt_number + 1,
                ..old.metadata.clone()
            },
            schedule_date: None,
            ..old
        };
        self.add(&plan, execution, asker);
    }
}

/// The execution of a subflow.
fn subflow(parent: &Execution, request: SubflowRequest) -> New {
    let trigger = Some(request.trigger(parent));
    let SubflowRequest { execution_id: id, inputs, labels, schedule_date, .. } = request;
    New { id, inputs, labels, trigger, schedule_date }
}
