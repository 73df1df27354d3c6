//! SLAs: the longest duration of an execution, and conditions that must be true after every change (docs/kestra.md
//! 1.5).

use crate::env::Env;
use crate::state::ExecutionState;
use crate::timer::TimerKey;
use segue_model::flow::{Sla, SlaBehavior, SlaKind};
use segue_model::label::set_labels;
use segue_model::log::LogLevel;
use segue_model::state::State;
use segue_template::is_truthy;
use std::collections::HashSet;

impl ExecutionState {
    /// Sets a timer for each SLA with a duration. The duration counts from the creation of the execution.
    pub(crate) fn set_sla_timers(&mut self) {
        let created = self.execution.state.start_date();
        for sla in &self.plan.clone().flow.sla {
            if let SlaKind::MaxDuration { duration } = &sla.kind
                && let Ok(due) = created.checked_add(*duration)
            {
                self.set_timer(&TimerKey::Sla(sla.id.clone()), due);
            }
        }
    }

    /// The duration of an SLA is over.
    pub(crate) fn sla_is_due(&mut self, id: &str, env: &Env) {
        let plan = self.plan.clone();
        if let Some(sla) = plan.flow.sla.iter().find(|sla| sla.id == id) {
            self.break_sla(sla, "it took too long", env);
        }
    }

    /// Evaluates the conditions of SLAs. Returns true if a condition was false and its SLA is now broken.
    pub(crate) fn check_slas(&mut self, env: &Env) -> bool {
        if self.execution.state.current() != State::Running {
            return false;
        }
        let plan = self.plan.clone();
        let mut is_broken = false;
        for sla in &plan.flow.sla {
            let SlaKind::ExecutionAssertion { assert } = &sla.kind else { continue };
            let scope = self.flow_scope(env);
            // A condition cannot be evaluated before its answers are fetched. Then the step asks for the answers, and
            // is repeated.
            let Ok(text) = env.renderer.render(assert, &scope) else { continue };
            if !is_truthy(&text) {
                is_broken |= self.break_sla(sla, &format!("`{assert}` does not hold"), env);
            }
        }
        is_broken
    }

    /// Stops the execution because of a broken SLA. The last open task run and the flowables above it end in `state`.
    /// All other task runs are killed. Subflows are not killed.
    fn stop_broken(&mut self, state: State, env: &Env) {
        let mut marked = HashSet::new();
        if let Some(last) = self.open_runs().pop() {
            marked = self.above(&last);
            marked.insert(last);
        }
        self.stop_all(state, Some(&marked), false, env.now);
    }

    /// Records that an SLA is broken. Returns true the first time; only the first time has an effect.
    fn break_sla(&mut self, sla: &Sla, why: &str, env: &Env) -> bool {
        if self.execution.state.current().is_terminal() || self.notes.broken_slas.contains(&sla.id) {
            return false;
        }
        self.notes.broken_slas.push(sla.id.clone());
        set_labels(&mut self.execution.labels, sla.labels.clone());
        self.shared = None;
        self.decision.changed = true;
        self.log(None, LogLevel::Error, format!("the SLA {} is broken: {why}", sla.id), env.now);
        match sla.behavior {
            SlaBehavior::Fail => self.stop_broken(State::Failed, env),
            SlaBehavior::Cancel => self.stop_broken(State::Cancelled, env),
            SlaBehavior::None => {}
        }
        true
    }
}
