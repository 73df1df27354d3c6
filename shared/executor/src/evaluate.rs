//! Answers questions without changing anything: evaluates an expression in an execution, and checks inputs
//! before an execution is created.

use crate::actions::ActionError;
use crate::create::{CreateError, NewExecution};
use crate::executor::Executor;
use segue_engine::Env;
use segue_lookups::{answered, until_answered};
use segue_model::Map;
use segue_model::id::{ExecutionId, TaskRunId};
use segue_template::{LookupTable, computes};

impl Executor {
    /// Renders an expression as a task run sees it, or as the flow sees it if no task run is named. Secrets
    /// in the result are masked. The inner error says why the expression cannot be rendered.
    ///
    /// # Errors
    /// [`ActionError::NotFound`] if there is no such execution or task run.
    pub async fn evaluate(
        &self,
        id: &ExecutionId,
        task_run: Option<&TaskRunId>,
        expression: &str,
    ) -> Result<Result<String, String>, ActionError> {
        let mut state = self.stored(id).await?;
        let env = Env {
            renderer: self.parts.renderer.clone(),
            lookups: LookupTable::new(),
            now: self.ports().clock.now(),
            budget: 0,
            most_values: self.parts.most_values,
            globals: self.parts.globals.clone(),
            cipher: self.ports().cipher.clone(),
            witness: None,
        };
        let scope = state.evaluation_scope(task_run, &env).ok_or_else(|| {
            let task_run = task_run.map(TaskRunId::as_str).unwrap_or_default();
            ActionError::NotFound(format!("task run {task_run} of execution {id} was not found"))
        })?;
        let namespace = state.execution().namespace.clone();
        let mask = |text| env.lookups.mask_text(self.parts.answers.mask(text));
        let answers = &*self.parts.answers;
        let render = || answered(self.parts.renderer.render(expression, &scope));
        let rendered =
            until_answered(answers, &namespace, id, &env.lookups, computes(expression), render).await?;
        Ok(rendered.map(mask).map_err(|error| mask(error.to_string())))
    }

    /// The inputs that an execution would have, with encrypted secrets. No execution is created.
    ///
    /// # Errors
    /// As [`Executor::create`].
    pub async fn check_inputs(&self, request: &NewExecution) -> Result<Map, CreateError> {
        let plan = self.plan(&request.namespace, &request.flow_id, request.revision).await?;
        let flow = &plan.flow;
        let context = self.input_context(flow, request);
        let (id, now) = (ExecutionId::from("validation"), self.ports().clock.now());
        self.sealed_inputs(&flow.inputs, &flow.namespace, request, &context, &id, now).await
    }
}
