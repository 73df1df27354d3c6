//! Creates an execution in memory, by the rules of `segue_executor::create`: inputs, then checks (docs/kestra.md 1.2,
//! 1.5).

use crate::store::Asker;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use segue_engine::Plan;
use segue_engine::inputs::{self, InputProblem, InputScope, ResolveError, Sealing};
use segue_model::execution::{Execution, ExecutionTrigger};
use segue_model::flow::{CheckBehavior, Flow};
use segue_model::id::ExecutionId;
use segue_model::label::{Label, set_labels};
use segue_model::state::{State, StateHistory};
use segue_model::{Cipher, Json, Map};
use segue_template::{Ambient, JsonMap, Masker, RenderError, Renderer, Scope, is_truthy};
use serde_json::json;
use std::sync::Arc;

/// The label that links an execution to the execution it came from.
const CORRELATION: &str = "system.correlationId";

/// A request for an execution.
#[derive(Clone, Debug)]
pub struct New {
    /// The id.
    pub id: ExecutionId,
    /// The submitted inputs.
    pub inputs: Map,
    /// Labels in addition to those of the flow.
    pub labels: Vec<Label>,
    /// What starts the execution. `None`: a direct request.
    pub trigger: Option<ExecutionTrigger>,
    /// The earliest time to start. `None`: at once.
    pub schedule_date: Option<Timestamp>,
}

/// Why no execution was created.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The flow is disabled.
    #[error("Cannot execute a disabled flow")]
    Disabled,
    /// Inputs were refused. The list has every reason.
    #[error("{}", .0.iter().map(|problem| problem.message.as_str()).collect::<Vec<_>>().join("; "))]
    Inputs(Vec<InputProblem>),
    /// A check refused the execution.
    #[error("{0}")]
    Blocked(String),
    /// An answer is missing.
    #[error("an expression of an input or a check needs an answer that has not been fetched yet")]
    Pending,
}

pub(crate) struct Creation<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) renderer: &'a Renderer,
    pub(crate) globals: &'a Map,
    pub(crate) cipher: &'a Cipher,
    pub(crate) asker: Asker,
    pub(crate) now: Timestamp,
}

impl Creation<'_> {
    /// An execution in its first state.
    ///
    /// # Errors
    /// [`Refused`].
    pub(crate) fn create(&self, new: New) -> Result<Execution, Refused> {
        let flow = &self.plan.flow;
        if flow.disabled {
            return Err(Refused::Disabled);
        }
        let context = self.context(flow, new.trigger.as_ref());
        let mut submitted = new.inputs;
        let refused = |problem: InputProblem| Refused::Inputs(vec![problem]);
        inputs::open_submitted(&flow.inputs, &mut submitted, self.cipher).map_err(refused)?;
        let scope = InputScope {
            renderer: self.renderer,
            variables: Arc::new(JsonMap::new(context.clone())),
            lookups: Arc::new(self.asker.clone()),
            ambient: self.ambient(),
        };
        let mut resolved = match inputs::resolve(&flow.inputs, &submitted, &scope) {
            Ok(inputs) => inputs,
            Err(ResolveError::Pending) => return Err(Refused::Pending),
            Err(ResolveError::Refused(problems)) => return Err(Refused::Inputs(problems)),
        };
        let verdict = self.ask_checks(flow, &resolved, context)?;
        let sealing = Sealing { cipher: self.cipher, owner: &[new.id.as_str(), "inputs"] };
        inputs::seal(&flow.inputs, &mut resolved, &Masker::default(), sealing).map_err(refused)?;
        let mut labels: Vec<Label> = flow.labels.iter().filter(|label| !label.is_system()).cloned().collect();
        set_labels(&mut labels, new.labels);
        if !labels.iter().any(|label| label.key == CORRELATION) {
            labels.push(Label::new(CORRELATION, new.id.as_str()));
        }
        let mut state = StateHistory::new(State::Created, self.now);
        if let Some(verdict) = verdict {
            state.enter(verdict, self.now);
        }
        Ok(Execution {
            inputs: resolved,
            labels,
            variables: flow.variables.clone(),
            state,
            trigger: new.trigger,
            schedule_date: new.schedule_date,
            ..Execution::created(new.id, &flow.namespace, &flow.id, flow.revision, self.now)
        })
    }

    fn ambient(&self) -> Ambient {
        Ambient { now: self.now, seed: 0, time_zone: TimeZone::UTC }
    }

    fn context(&self, flow: &Flow, trigger: Option<&ExecutionTrigger>) -> Map {
        let mut context = self.globals.clone();
        context.insert(
            "flow".into(),
            json!({"id": flow.id, "namespace": flow.namespace, "revision": flow.revision, "tenantId": "main"}),
        );
        context.insert("vars".into(), Json::Object(flow.variables.clone()));
        if let Some(trigger) = trigger {
            context.insert("trigger".into(), Json::Object(trigger.variables.clone()));
        }
        context
    }

    /// The state of the strictest check that fails. `None` if the execution starts normally.
    fn ask_checks(&self, flow: &Flow, inputs: &Map, mut context: Map) -> Result<Option<State>, Refused> {
        context.insert("inputs".into(), Json::Object(inputs.clone()));
        let scope = Scope::from_json(Json::Object(context), Arc::new(self.asker.clone()), self.ambient());
        let mut strictest: Option<(CheckBehavior, &str)> = None;
        for check in &flow.checks {
            let text = match self.renderer.render(&check.condition, &scope) {
                Ok(text) => text,
                Err(RenderError::Pending) => return Err(Refused::Pending),
                Err(error) => {
                    return Err(Refused::Blocked(format!("the check `{}`: {error}", check.condition)));
                }
            };
            if !is_truthy(&text) && strictest.is_none_or(|(behavior, _)| behavior < check.behavior) {
                strictest = Some((check.behavior, &check.message));
            }
        }
        match strictest {
            Some((CheckBehavior::BlockExecution, message)) => Err(Refused::Blocked(message.to_owned())),
            Some((CheckBehavior::FailExecution, _)) => Ok(Some(State::Failed)),
            Some((CheckBehavior::CreateExecution, _)) | None => Ok(None),
        }
    }
}
