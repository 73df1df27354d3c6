//! The variables of an expression that is evaluated on request, in the current state of an execution.

use crate::env::Env;
use crate::state::ExecutionState;
use segue_model::id::TaskRunId;
use segue_template::Scope;

impl ExecutionState {
    /// The variables of an expression in a task run, or in the flow. `None` if there is no such task run.
    pub fn evaluation_scope(&mut self, task_run: Option<&TaskRunId>, env: &Env) -> Option<Scope> {
        let Some(id) = task_run else { return Some(self.flow_scope(env)) };
        let run = self.run(id)?.task_run.clone();
        let plan = self.plan().clone();
        match plan.find(&run.task_id).and_then(|node| plan.node(node)) {
            Some(node) => Some(self.scope(&node.task.clone(), &run, env)),
            // A task run that a service reported has no task in the flow.
            None => Some(self.flow_scope(env)),
        }
    }
}
