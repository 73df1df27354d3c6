//! Creates an execution: finds the flow, resolves the inputs, evaluates the checks. Only then is anything
//! written (docs/kestra.md 1.2, 1.5).

use crate::executor::{Executor, execution_message};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use segue_engine::inputs::{self, InputProblem, InputScope, ResolveError, Sealing};
use segue_lookups::{answered, until_answered};
use segue_model::event::Event;
use segue_model::execution::{Breakpoint, Execution, ExecutionKind, ExecutionTrigger};
use segue_model::flow::{CheckBehavior, Flow};
use segue_model::id::ExecutionId;
use segue_model::input::Input;
use segue_model::label::{Label, set_labels};
use segue_model::log::{LogEntry, LogLevel};
use segue_model::state::{State, StateHistory};
use segue_model::{Json, Map};
use segue_ports::{PortError, random_execution_id};
use segue_template::{Ambient, JsonMap, LookupTable, Masker, Scope, computes, is_truthy};
use serde_json::json;
use std::sync::Arc;
use thiserror::Error;

/// The label that links an execution to the execution it came from.
const CORRELATION: &str = "system.correlationId";

/// A request for a new execution.
#[derive(Clone, Debug, Default)]
pub struct NewExecution {
    /// The id, if it follows from what started the execution. None: an id is derived from the time and the
    /// request.
    pub id: Option<ExecutionId>,
    /// The flow's namespace.
    pub namespace: String,
    /// The flow.
    pub flow_id: String,
    /// The revision. None: the latest.
    pub revision: Option<u32>,
    /// The submitted inputs, as texts or values. The value of a FILE is a URI of internal storage.
    pub inputs: Map,
    /// Labels to add to the flow's labels.
    pub labels: Vec<Label>,
    /// What started the execution. None: a direct request.
    pub trigger: Option<ExecutionTrigger>,
    /// The earliest time to start. None: at once.
    pub schedule_date: Option<Timestamp>,
    /// What the execution is for. None: an ordinary one.
    pub kind: Option<ExecutionKind>,
    /// The tasks before which the execution waits.
    pub breakpoints: Vec<Breakpoint>,
}

/// Why no execution was created. Nothing was written.
#[derive(Debug, Error)]
pub enum CreateError {
    /// The flow is disabled.
    #[error("flow {0} is disabled: Cannot execute a disabled flow")]
    Disabled(String),
    /// Inputs were refused.
    #[error("{}", first_problem(.0))]
    Inputs(Vec<InputProblem>),
    /// A check of the flow refused the execution.
    #[error("{0}")]
    Blocked(String),
    /// A caller may not set this label.
    #[error("the label '{0}' is reserved: labels that begin with 'system.' are Segue's own")]
    SystemLabel(String),
    /// The flow has no task with the id of a breakpoint.
    #[error("breakpoints: the flow has no task '{0}'")]
    Breakpoint(String),
    /// A port failed, or the flow does not exist.
    #[error(transparent)]
    Port(#[from] PortError),
}

impl CreateError {
    /// `Ok` with the error of the port, or `Err` with the text of what is wrong with the request.
    pub(crate) fn into_port(self) -> Result<PortError, String> {
        match self {
            Self::Port(error) => Ok(error),
            other => Err(other.to_string()),
        }
    }
}

fn first_problem(problems: &[InputProblem]) -> String {
    problems.first().map(|problem| problem.message.clone()).unwrap_or_default()
}

impl Executor {
    /// Creates an execution and publishes that it was created. If the id exists, the existing execution is
    /// returned.
    ///
    /// # Errors
    /// [`CreateError`].
    pub async fn create(&self, request: NewExecution) -> Result<Execution, CreateError> {
        self.create_with(request, &Masker::default()).await
    }

    /// Like [`Executor::create`]. A text among the inputs that contains one of `secrets` is encrypted, even
    /// if the type of the input is not SECRET.
    pub(crate) async fn create_with(
        &self,
        request: NewExecution,
        secrets: &Masker,
    ) -> Result<Execution, CreateError> {
        let plan = self.plan(&request.namespace, &request.flow_id, request.revision).await?;
        let flow = plan.flow.clone();
        if flow.disabled {
            return Err(CreateError::Disabled(format!("{}.{}", flow.namespace, flow.id)));
        }
        let reserved = request
            .labels
            .iter()
            .find(|label| label.is_system() && label.key != CORRELATION && request.trigger.is_none());
        if let Some(label) = reserved {
            return Err(CreateError::SystemLabel(label.key.clone()));
        }
        if let Some(at) = request.breakpoints.iter().find(|at| plan.find(&at.id).is_none()) {
            return Err(CreateError::Breakpoint(at.id.clone()));
        }
        let now = self.ports().clock.now();
        let id = request.id.clone().unwrap_or_else(random_execution_id);
        if let Some(known) = self.ports().state.execution(&id).await? {
            self.ports().bus.publish(vec![execution_message(&id, Event::ExecutionCreated)]).await?;
            return Ok(known.execution);
        }
        let scope = self.input_context(&flow, &request);
        let mut inputs =
            self.resolve_inputs(&flow.inputs, &flow.namespace, &request, &scope, &id, now).await?;
        let verdict = self.ask_checks(&flow, &inputs, scope, &id, now).await?;
        self.seal(&flow.inputs, &mut inputs, secrets, &id)?;
        let execution = new_execution(&flow, request, id, inputs, verdict, now);
        self.ports().state.create_execution(&execution).await?;
        self.parts.observer.committed(&execution, &[], &[]);
        self.set_going(&execution).await?;
        Ok(execution)
    }

    /// Creates an execution that never runs: its state is FAILED, and its log has the reason. If the id
    /// exists, the existing execution is returned.
    ///
    /// # Errors
    /// [`CreateError::Port`].
    pub async fn create_failed(&self, request: NewExecution, why: &str) -> Result<Execution, CreateError> {
        let plan = self.plan(&request.namespace, &request.flow_id, request.revision).await?;
        let now = self.ports().clock.now();
        let id = request.id.clone().unwrap_or_else(random_execution_id);
        if let Some(known) = self.ports().state.execution(&id).await? {
            return Ok(known.execution);
        }
        let execution = new_execution(&plan.flow, request, id, Map::new(), Some(State::Failed), now);
        let entry =
            LogEntry::of_execution(&execution, LogLevel::Error, now, self.parts.answers.mask(why.to_owned()));
        self.ports().state.append_logs(vec![entry.clone()]).await?;
        self.ports().state.create_execution(&execution).await?;
        self.parts.observer.committed(&execution, &[], &[entry]);
        self.set_going(&execution).await?;
        Ok(execution)
    }

    /// Publishes that an execution was created. If the execution has already ended, publishes its end.
    async fn set_going(&self, execution: &Execution) -> Result<(), PortError> {
        let state = execution.state.current();
        let message = if state.is_terminal() {
            self.announcement(execution, state)
        } else {
            Some(execution_message(&execution.id, Event::ExecutionCreated))
        };
        self.ports().bus.publish(message.into_iter().collect()).await
    }

    pub(crate) fn input_context(&self, flow: &Flow, request: &NewExecution) -> Map {
        let mut context = (*self.parts.globals).clone();
        context.insert(
            "flow".into(),
            json!({"id": flow.id, "namespace": flow.namespace, "revision": flow.revision, "tenantId": "main"}),
        );
        context.insert("vars".into(), Json::Object(flow.variables.clone()));
        if let Some(trigger) = &request.trigger {
            context.insert("trigger".into(), Json::Object(trigger.variables.clone()));
        }
        context
    }

    /// The inputs as they are stored and sent, with encrypted secrets.
    pub(crate) async fn sealed_inputs(
        &self,
        wanted: &[Input],
        namespace: &str,
        request: &NewExecution,
        context: &Map,
        id: &ExecutionId,
        now: Timestamp,
    ) -> Result<Map, CreateError> {
        let mut inputs = self.resolve_inputs(wanted, namespace, request, context, id, now).await?;
        self.seal(wanted, &mut inputs, &Masker::default(), id)?;
        Ok(inputs)
    }

    fn seal(
        &self,
        wanted: &[Input],
        inputs: &mut Map,
        known: &Masker,
        id: &ExecutionId,
    ) -> Result<(), CreateError> {
        let sealing = Sealing { cipher: &self.ports().cipher, owner: &[id.as_str(), "inputs"] };
        inputs::seal(wanted, inputs, known, sealing).map_err(|problem| CreateError::Inputs(vec![problem]))
    }

    /// The inputs as expressions see them, with secrets in clear text. They must not leave this process.
    async fn resolve_inputs(
        &self,
        wanted: &[Input],
        namespace: &str,
        request: &NewExecution,
        context: &Map,
        id: &ExecutionId,
        now: Timestamp,
    ) -> Result<Map, CreateError> {
        let table = LookupTable::new();
        let mut submitted = request.inputs.clone();
        inputs::open_submitted(wanted, &mut submitted, &self.ports().cipher)
            .map_err(|problem| CreateError::Inputs(vec![problem]))?;
        inputs::secrets(wanted, &submitted, &mut |secret| table.learn(secret));
        let scope = InputScope {
            renderer: &self.parts.renderer,
            variables: Arc::new(JsonMap::new(context.clone())),
            lookups: Arc::new(table.clone()),
            ambient: Ambient { now, seed: 0, time_zone: TimeZone::UTC },
        };
        let resolve = || match inputs::resolve(wanted, &submitted, &scope) {
            Ok(inputs) => Some(Ok(inputs)),
            Err(ResolveError::Refused(problems)) => Some(Err(problems)),
            Err(ResolveError::Pending) => None,
        };
        let answers = &*self.parts.answers;
        let resolved = until_answered(answers, namespace, id, &table, !wanted.is_empty(), resolve).await?;
        resolved.map_err(|mut problems| {
            for problem in &mut problems {
                problem.message = table.mask_text(std::mem::take(&mut problem.message));
            }
            CreateError::Inputs(problems)
        })
    }

    /// The strongest behaviour among the checks that refuse. None if the execution starts normally.
    async fn ask_checks(
        &self,
        flow: &Flow,
        inputs: &Map,
        mut context: Map,
        id: &ExecutionId,
        now: Timestamp,
    ) -> Result<Option<State>, CreateError> {
        context.insert("inputs".into(), Json::Object(inputs.clone()));
        let table = LookupTable::new();
        inputs::secrets(&flow.inputs, inputs, &mut |secret| table.learn(secret));
        let ambient = Ambient { now, seed: 0, time_zone: TimeZone::UTC };
        let scope = Scope::from_json(Json::Object(context), Arc::new(table.clone()), ambient);
        let mut strongest: Option<(CheckBehavior, String)> = None;
        for check in &flow.checks {
            let answers = &*self.parts.answers;
            let render = || answered(self.parts.renderer.render(&check.condition, &scope));
            let computes = computes(&check.condition);
            let text = until_answered(answers, &flow.namespace, id, &table, computes, render).await?;
            let text = text.map_err(|error| {
                let why = format!("the check `{}`: {error}", check.condition);
                CreateError::Blocked(table.mask_text(why))
            })?;
            if !is_truthy(&text) && strongest.as_ref().is_none_or(|(behavior, _)| *behavior < check.behavior)
            {
                strongest = Some((check.behavior, check.message.clone()));
            }
        }
        match strongest {
            Some((CheckBehavior::BlockExecution, message)) => Err(CreateError::Blocked(message)),
            Some((CheckBehavior::FailExecution, _)) => Ok(Some(State::Failed)),
            Some((CheckBehavior::CreateExecution, _)) | None => Ok(None),
        }
    }
}

fn new_execution(
    flow: &Flow,
    request: NewExecution,
    id: ExecutionId,
    inputs: Map,
    verdict: Option<State>,
    now: Timestamp,
) -> Execution {
    let mut labels: Vec<Label> = flow.labels.iter().filter(|label| !label.is_system()).cloned().collect();
    set_labels(&mut labels, request.labels);
    if !labels.iter().any(|label| label.key == CORRELATION) {
        labels.push(Label::new(CORRELATION, id.as_str()));
    }
    let mut state = StateHistory::new(State::Created, now);
    if let Some(verdict) = verdict {
        state.enter(verdict, now);
    }
    Execution {
        inputs,
        labels,
        variables: flow.variables.clone(),
        state,
        trigger: request.trigger,
        schedule_date: request.schedule_date,
        kind: request.kind,
        breakpoints: request.breakpoints,
        ..Execution::created(id, &flow.namespace, &flow.id, flow.revision, now)
    }
}
