//! Steps of an execution: each is decided in parts, committed, and followed by its effects.
//!
//! Every part of a step has its own time, and the end of the step is known at its commit. So the duration of an execution
//! is true also if thousands of task runs are part of one step.

use crate::cache::Loaded;
use crate::executor::Executor;
use crate::translate::kv_write;
use jiff::Timestamp;
use segue_engine::{Decision, Effect, Env, ExecutionState, conclude, decide_part};
use segue_lookups::fetch;
use segue_model::event::Event;
use segue_model::execution::Execution;
use segue_model::state::State;
use segue_ports::state::{Commit, Timer};
use segue_ports::{PortError, TimersBy};
use segue_rendering::off_thread;
use segue_template::LookupTable;
use std::collections::VecDeque;

/// The largest number of task runs that one step starts before its commit. This bounds a transaction.
const STEP_BUDGET: usize = 500;

/// A decision about the `applied` events. The step began at `begin`.
struct Step {
    decision: Decision,
    applied: Vec<Event>,
    begin: Timestamp,
}

impl Executor {
    /// Applies events in steps.
    pub(crate) async fn run(&self, loaded: &mut Loaded, events: Vec<Event>) -> Result<(), PortError> {
        let mut events = VecDeque::from(events);
        let mut secrets = LookupTable::new();
        while !events.is_empty() {
            let mut env = Env {
                renderer: self.parts.renderer.clone(),
                // The results of a step may contain the secrets of the step.
                lookups: secrets.successor(),
                now: self.ports().clock.now(),
                budget: STEP_BUDGET,
                most_values: self.parts.most_values,
                globals: self.parts.globals.clone(),
                cipher: self.ports().cipher.clone(),
                witness: None,
            };
            // Evaluation may take long, so it runs where nothing else waits for it.
            let computes = loaded.state.plan().computes();
            let mut begin = env.now;
            let waiting = events.make_contiguous();
            let (applied, mut decision) =
                off_thread(computes, || self.decide(&mut loaded.state, waiting, &mut env));
            let mut applied: Vec<Event> = events.drain(..applied).collect();
            loop {
                let (pending, more) = (std::mem::take(&mut decision.pending), decision.more);
                let step = Step { decision, applied: std::mem::take(&mut applied), begin };
                self.settle(loaded, step, &env, &mut events).await?;
                if !pending.is_empty() {
                    let execution = loaded.state.execution();
                    let answers = &*self.parts.answers;
                    fetch(answers, &execution.namespace, &execution.id, pending, &env.lookups).await?;
                } else if more {
                    env.now = self.later(env.now);
                } else {
                    break;
                }
                begin = env.now;
                (_, decision) = off_thread(computes, || self.decide(&mut loaded.state, &[], &mut env));
            }
            secrets = env.lookups;
        }
        Ok(())
    }

    /// Decides a step in parts, each with its own time. Returns the number of applied events and the decision. The time
    /// in `env` is then the end of the step.
    fn decide(&self, state: &mut ExecutionState, events: &[Event], env: &mut Env) -> (usize, Decision) {
        let mut rest = events;
        loop {
            let part = decide_part(state, rest, env);
            rest = rest.get(usize::from(part.applied)..).unwrap_or_default();
            if part.is_last {
                return (events.len() - rest.len(), conclude(state, env));
            }
            env.now = self.later(env.now);
        }
    }

    /// The time now. A clock that was set back does not make the dates of an execution go back.
    fn later(&self, before: Timestamp) -> Timestamp {
        self.ports().clock.now().max(before)
    }

    /// Commits a decision and carries out its effects.
    async fn settle(
        &self,
        loaded: &mut Loaded,
        Step { decision, applied, begin }: Step,
        env: &Env,
        events: &mut VecDeque<Event>,
    ) -> Result<(), PortError> {
        let now = env.now;
        let execution = loaded.state.execution().clone();
        let Decision { changed, task_runs, removed, mut logs, changes, effects, .. } = decision;
        // A step that changes nothing repeats an earlier step, and the message of that step may have been lost. Of
        // several events, one may be such a repetition.
        let may_repeat = !changed || applied.len() > 1;
        // A check of an execution that waits changes nothing. It must not write timers that are stored.
        let is_check = !changed && applied.iter().all(|event| matches!(event, Event::Continued));
        for entry in &mut logs {
            entry.message = self.parts.answers.mask(std::mem::take(&mut entry.message));
        }
        let mut timers = Vec::new();
        // With delivery, a timer is removed by the step it causes. With watching, the timer is already gone.
        let mut cleared_timers: Vec<String> = match self.ports().timers {
            TimersBy::Delivery => applied.into_iter().filter_map(timer_of).collect(),
            TimersBy::Watching => Vec::new(),
        };
        let mut outward = Vec::new();
        for effect in effects {
            match effect {
                Effect::SetTimer { key, due } => {
                    cleared_timers.retain(|cleared| *cleared != key);
                    timers.push(Timer { execution_id: execution.id.clone(), key, due });
                }
                Effect::ClearTimer { key } => {
                    timers.retain(|timer: &Timer| timer.key != key);
                    cleared_timers.push(key);
                }
                other => outward.push(other),
            }
        }
        if is_check {
            timers = self.missing(timers).await?;
        }
        let (far, near) = self.by_distance(&timers, now);
        self.deliver_timers(far).await?;
        if changed || !timers.is_empty() || !cleared_timers.is_empty() {
            let commit = Commit {
                execution: execution.clone(),
                now,
                notes: loaded.state.notes(),
                expected_version: loaded.version,
                task_runs: task_runs.clone(),
                removed,
                logs: logs.clone(),
                kv: changes.iter().filter_map(kv_write).collect(),
                timers,
                cleared_timers,
            };
            loaded.version = self.ports().state.commit(commit).await?;
            loaded.is_current = true;
            self.parts.observer.committed(&execution, &task_runs, &logs);
        } else if !loaded.is_current {
            // To a stale state, a result can look like one of a task run that does not exist. The event would be lost.
            return Err(PortError::Conflict { what: format!("execution {}", execution.id) });
        }
        self.deliver_timers(near).await?;
        if execution.state.current() == State::Paused && (may_repeat || entered_since(&execution, begin)) {
            outward.push(Effect::AnnounceState { state: State::Paused });
        }
        self.bring_about(&execution, changes, outward, events, &env.lookups).await
    }
}

/// The key of the timer that fired. None for every other event.
fn timer_of(event: Event) -> Option<String> {
    match event {
        Event::TimerFired { key } => Some(key),
        _ => None,
    }
}

/// Whether an execution entered its current state at this time or later.
fn entered_since(execution: &Execution, begin: Timestamp) -> bool {
    execution.state.histories().last().is_some_and(|change| change.date >= begin)
}
