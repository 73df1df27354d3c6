//! Changes the state of a task run on request (docs/kestra.md 2.6).

use crate::env::Env;
use crate::state::ExecutionState;
use crate::stop::push_attempt;
use segue_model::Map;
use segue_model::id::TaskRunId;
use segue_model::state::State;
use std::collections::HashSet;

impl ExecutionState {
    /// Sets the state of a task run to the state that a person chose. The execution continues from this task run.
    pub(crate) fn change_task_run(&mut self, id: &TaskRunId, state: State, env: &Env) {
        let Some(current) = self.run(id).map(|run| run.task_run.current()) else { return };
        if current == state {
            return;
        }
        if state == State::Running {
            return self.resume(&Map::new(), Some(id), env);
        }
        let was_over = self.execution.state.current().is_terminal();
        let children: Vec<(TaskRunId, State)> =
            self.open_below(id).into_iter().map(|id| (id, State::Killed)).collect();
        self.stop_runs(&children, true, env.now);
        if current.is_terminal() {
            self.enter(id, state, env.now);
            if let Some(run) = self.run_mut(id) {
                match run.task_run.attempts.last_mut() {
                    Some(last) => last.state.enter(state, env.now),
                    None => push_attempt(&mut run.task_run, state, env.now),
                }
            }
        } else {
            self.stop_runs(&[(id.clone(), state)], true, env.now);
        }
        if state != State::Skipped
            && let Some(run) = self.run(id)
        {
            self.outputs.set(&run.task_run.task_id, &run.chain, &run.task_run.outputs);
        }
        let levels: HashSet<TaskRunId> = self.above(id);
        let is_aside = self.is_in_aside(id);
        if !is_aside {
            self.clear_aside(&levels);
        }
        self.wake_above(id, env.now);
        self.go_on_after(was_over, env);
    }
}
