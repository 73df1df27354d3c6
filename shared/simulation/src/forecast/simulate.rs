//! Runs a prepared flow in a world, and runs it again without the things that turned out to be missing.

use super::knowledge::Knowledge;
use super::partial::Partial;
use super::prepare::{Prepared, prepare};
use super::tree::Tree;
use super::{Cost, Forecast, ForecastError, Planned, Problem, ProblemKind, Question, cost, touches};
use crate::create::{New, Refused};
use crate::properties::own_properties;
use crate::store::Outside;
use crate::world::{Attempt, Outcome, Record, Services, Settings, Step, World, WorldError};
use segue_engine::{Plan, SubflowRequest};
use segue_model::execution::Execution;
use segue_model::flow::Flow;
use segue_model::id::{ExecutionId, TaskRunId};
use segue_model::log::LogLevel;
use segue_model::state::State;
use segue_model::task::{FlowableKind, Task, TaskKind};
use segue_model::task_run::TaskRun;
use segue_model::{Json, Map, walk_tasks};
use segue_template::{Answer, Lookup, Renderer, Scope, references};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

/// How often a flow is simulated. Each time, something else may be missing.
const MOST_ROUNDS: usize = 30;
/// The number of iterations of one loop with forecasts of their subflows.
const MOST_SUBFLOWS: usize = 20;

/// One simulation.
pub(super) struct Simulation {
    pub(super) knowledge: Knowledge,
    pub(super) steps: Vec<Step>,
    pub(super) runs: Vec<TaskRun>,
    pub(super) state: State,
    pub(super) outputs: Map,
    pub(super) inputs: Map,
}

/// What a run would do.
pub(super) fn forecast(question: &Question<'_>, depth: usize) -> Result<Forecast, ForecastError> {
    let flow = question.flow;
    let mut knowledge = Knowledge::new(question.unknown_inputs.clone(), question.trigger.is_some());
    written_by_subflows(flow, question, &mut knowledge, depth);
    let mut problems: Vec<Problem> = Vec::new();
    if flow.disabled {
        let message = "Cannot execute a disabled flow: remove 'disabled' from the flow".to_owned();
        problems.push(Problem { kind: ProblemKind::Refused, task_id: None, message });
    }
    for _ in 0..MOST_ROUNDS {
        let analysed = knowledge.clone().analyse(flow, question.catalog);
        let (found, simulation) = simulate(question, analysed)?;
        // What is missing is unknown from now on, so the flow is looked at again, as if it were there.
        let (missing, others): (Vec<Found>, Vec<Found>) =
            found.into_iter().partition(|found| !found.problem.is_final());
        let before = problems.len();
        for found in missing {
            if !problems.iter().any(|known| known.is_same(&found.problem)) {
                found.forget_in(&mut knowledge);
                problems.push(found.problem);
            }
        }
        if let Some(simulation) = simulation.filter(|_| problems.len() == before) {
            for found in others {
                if !problems.iter().any(|known| known.is_same(&found.problem)) {
                    problems.push(found.problem);
                }
            }
            return finish(question, simulation, problems, depth);
        }
    }
    Err(ForecastError::Endless)
}

impl Problem {
    /// Whether two problems are one: a missing key is named once, with the first task that reads it.
    fn is_same(&self, other: &Self) -> bool {
        let is_of_a_task = matches!(self.kind, ProblemKind::Expression | ProblemKind::Failure);
        self.kind == other.kind
            && self.message == other.message
            && (!is_of_a_task || self.task_id == other.task_id)
    }

    /// Whether the simulation goes on after the problem as the run would.
    fn is_final(&self) -> bool {
        matches!(self.kind, ProblemKind::Expression | ProblemKind::Failure | ProblemKind::MissingFlow)
    }
}

/// A problem, and what is unknown because of it.
struct Found {
    problem: Problem,
    input: Option<String>,
    key: Option<String>,
}

impl Found {
    fn new(kind: ProblemKind, task_id: Option<&str>, message: String) -> Self {
        Self {
            problem: Problem { kind, task_id: task_id.map(str::to_owned), message },
            input: None,
            key: None,
        }
    }

    fn forget_in(&self, knowledge: &mut Knowledge) {
        knowledge.inputs.extend(self.input.clone());
        knowledge.kv.extend(self.key.clone());
        knowledge.ignores_checks |= self.problem.kind == ProblemKind::Refused;
    }
}

/// Simulates once. The simulation is `None` if the execution was refused.
fn simulate(
    question: &Question<'_>,
    knowledge: Knowledge,
) -> Result<(Vec<Found>, Option<Simulation>), ForecastError> {
    let Prepared { flow, stand_ins } = prepare(question.flow, &knowledge, question.catalog);
    let plan = Arc::new(Plan::with_stand_ins(Arc::new(flow), question.catalog, &stand_ins));
    let mut written = HashMap::new();
    walk_tasks(question.flow, &mut |_, task| {
        written.insert(task.id.clone(), own_properties(task));
    });
    let record = Arc::new(Shown {
        written,
        knowledge: knowledge.clone(),
        renderer: question.renderer.clone(),
        variables: question.flow.variables.clone(),
        problems: Mutex::default(),
    });
    let mut world = World::new(Settings {
        renderer: question.renderer.clone(),
        globals: question.globals.clone(),
        now: question.now,
        outside: Arc::new(Calm { outside: question.outside.clone() }),
        record: record.clone(),
    });
    let new = New {
        id: ExecutionId::derive(&["plan", &question.flow.namespace, &question.flow.id]),
        inputs: question.inputs.clone(),
        labels: question.labels.clone(),
        trigger: question.trigger.clone(),
        schedule_date: None,
    };
    match world.run(&plan, new, &mut Optimist) {
        Ok(()) => {}
        Err(WorldError::Questions(questions)) => return Err(ForecastError::Questions(questions)),
        Err(WorldError::Endless) => return Err(ForecastError::Endless),
        Err(WorldError::Refused(Refused::Inputs(refused))) => {
            let found = refused.into_iter().map(|refused| Found {
                input: Some(refused.input),
                ..Found::new(ProblemKind::InvalidInput, None, refused.message)
            });
            return Ok((found.collect(), None));
        }
        Err(WorldError::Refused(refused)) => {
            let mut found = Found::new(ProblemKind::Refused, None, refused.to_string());
            found.key = missing_key(&found.problem.message);
            // Without its checks and keys, the flow is looked at all the same.
            return Ok((vec![found], None));
        }
    }
    let mut found: Vec<Found> =
        std::mem::take(&mut *record.problems.lock().unwrap_or_else(PoisonError::into_inner));
    let steps = world.steps();
    let Some(main) = world.executions().first() else { return Err(ForecastError::Endless) };
    let shown: BTreeSet<&str> = found.iter().filter_map(|found| found.problem.task_id.as_deref()).collect();
    let failures: Vec<Found> = main
        .logs
        .iter()
        .filter(|line| line.level == LogLevel::Error)
        .filter(|line| line.task_id.as_deref().is_none_or(|task| !shown.contains(task)))
        .map(|line| Found::new(ProblemKind::Failure, line.task_id.as_deref(), line.message.clone()))
        .collect();
    found.extend(failures);
    let execution = main.state.execution();
    let simulation = Simulation {
        knowledge,
        steps,
        runs: main.state.task_runs().cloned().collect(),
        state: execution.state.current(),
        outputs: execution.outputs.clone().unwrap_or_default(),
        inputs: execution.inputs.clone(),
    };
    Ok((found, Some(simulation)))
}

/// The key in Kestra's message about a missing key.
fn missing_key(message: &str) -> Option<String> {
    let rest = message.split("The key '").nth(1)?;
    let (key, rest) = rest.split_once('\'')?;
    rest.starts_with(" does not exist").then(|| key.to_owned())
}

/// Puts the parts of the forecast together.
fn finish(
    question: &Question<'_>,
    simulation: Simulation,
    mut problems: Vec<Problem>,
    depth: usize,
) -> Result<Forecast, ForecastError> {
    let flow = question.flow;
    let mut tasks = Tree::new(flow, question.catalog, &simulation).tasks();
    let mut looked = BTreeSet::new();
    subflows(question, &mut tasks, depth, &mut problems, &mut looked)?;
    problems.extend(missing_secrets(question, &tasks)?);
    let mut outputs = simulation.outputs.clone();
    for output in &flow.outputs {
        if !outputs.contains_key(&output.id) && !simulation.knowledge.knows_all(None, &output.value) {
            let text = output.value.as_str().map_or_else(|| output.value.to_string(), str::to_owned);
            let inner = text.trim().trim_start_matches("{{").trim_end_matches("}}").trim();
            outputs.insert(output.id.clone(), format!("‹{inner}›").into());
        }
    }
    let mut inputs = simulation.inputs.clone();
    for input in &flow.inputs {
        if input.kind.is_secret() && inputs.contains_key(&input.id) {
            inputs.insert(input.id.clone(), "******".into());
        } else if simulation.knowledge.inputs.contains(&input.id) {
            inputs.insert(input.id.clone(), format!("‹inputs.{}›", input.id).into());
        }
    }
    let touches = touches::of(flow, &tasks);
    let cost: Cost = cost::of(flow, &tasks);
    let name = format!("{}.{}", flow.namespace, flow.id);
    Ok(Forecast { flow: name, inputs, state: simulation.state, outputs, tasks, touches, problems, cost })
}

/// Adds the forecasts of subflows to the tasks that call them.
fn subflows(
    question: &Question<'_>,
    tasks: &mut [Planned],
    depth: usize,
    problems: &mut Vec<Problem>,
    looked: &mut BTreeSet<(String, usize)>,
) -> Result<(), ForecastError> {
    for planned in tasks {
        subflows(question, &mut planned.tasks, depth, problems, looked)?;
        let task = question.flow.task(&planned.task_id);
        let Some(TaskKind::Flowable(flowable)) = task.map(|task| &task.kind) else { continue };
        let call = match &flowable.kind {
            FlowableKind::Subflow(call) => call,
            FlowableKind::ForEachItem(items) => &items.subflow,
            _ => continue,
        };
        let known = |name: &str| {
            let text = planned.properties.get(name).and_then(Json::as_str)?;
            (!super::has_unknown(text)).then(|| text.to_owned())
        };
        let (Some(namespace), Some(id)) = (known("namespace"), known("flowId")) else { continue };
        let Some(child) = question.others.iter().find(|flow| flow.namespace == namespace && flow.id == id)
        else {
            let problem = Problem {
                kind: ProblemKind::MissingFlow,
                task_id: Some(planned.task_id.clone()),
                message: format!("task {} calls {namespace}.{id}, which does not exist", planned.task_id),
            };
            if !problems.contains(&problem) {
                problems.push(problem);
            }
            continue;
        };
        let number = looked.iter().filter(|(task, _)| *task == planned.task_id).count();
        if depth == 0 || number >= MOST_SUBFLOWS {
            continue;
        }
        looked.insert((planned.task_id.clone(), number));
        let is_batch = matches!(&flowable.kind, FlowableKind::ForEachItem(_));
        let (inputs, unknown_inputs) = child_inputs(call.inputs.keys(), &planned.properties, is_batch);
        let nested = Question {
            flow: child,
            others: question.others,
            catalog: question.catalog,
            renderer: question.renderer,
            globals: question.globals,
            inputs,
            unknown_inputs,
            labels: Vec::new(),
            trigger: None,
            now: question.now,
            outside: question.outside.clone(),
        };
        let nested = forecast(&nested, depth - 1)?;
        for problem in &nested.problems {
            if !problems.contains(problem) {
                problems.push(problem.clone());
            }
        }
        planned.subflow = Some(Box::new(nested));
    }
    Ok(())
}

/// The inputs of a subflow with known values, and the names of the others.
fn child_inputs<'a>(
    names: impl Iterator<Item = &'a String>,
    properties: &Json,
    is_batch: bool,
) -> (Map, BTreeSet<String>) {
    let (mut inputs, mut unknown) = (Map::new(), BTreeSet::new());
    for name in names {
        let value = properties.get("inputs").and_then(|inputs| inputs.get(name));
        match value {
            Some(value) if !is_batch && !holds_unknown(value) => {
                drop(inputs.insert(name.clone(), value.clone()))
            }
            _ => drop(unknown.insert(name.clone())),
        }
    }
    (inputs, unknown)
}

/// Whether a value has an unknown part.
pub(super) fn holds_unknown(value: &Json) -> bool {
    match value {
        Json::String(text) => super::has_unknown(text),
        Json::Array(items) => items.iter().any(holds_unknown),
        Json::Object(map) => map.iter().any(|(key, item)| super::has_unknown(key) || holds_unknown(item)),
        Json::Null | Json::Bool(_) | Json::Number(_) => false,
    }
}

/// The keys that subflows may write, at any depth. Their values are unknown to the caller.
fn written_by_subflows(flow: &Flow, question: &Question<'_>, knowledge: &mut Knowledge, depth: usize) {
    let mut open = vec![(flow, depth)];
    let mut seen = BTreeSet::new();
    while let Some((flow, depth)) = open.pop() {
        if !seen.insert((flow.namespace.clone(), flow.id.clone())) || depth == 0 {
            continue;
        }
        walk_tasks(flow, &mut |_, task| match &task.kind {
            TaskKind::Flowable(flowable) => {
                let call = match &flowable.kind {
                    FlowableKind::Subflow(call) => call,
                    FlowableKind::ForEachItem(items) => &items.subflow,
                    _ => return,
                };
                let is_called = |other: &&Flow| other.namespace == call.namespace && other.id == call.flow_id;
                open.extend(question.others.iter().find(is_called).map(|called| (called, depth - 1)));
            }
            TaskKind::Plugin { properties } => {
                let is_own = flow.id == question.flow.id && flow.namespace == question.flow.namespace;
                if !is_own && (task.type_name.ends_with(".kv.Set") || task.type_name.ends_with(".kv.Delete"))
                {
                    let key = properties.get("key").and_then(Json::as_str);
                    knowledge.add_written_key(key.filter(|key| !key.contains('{')));
                }
            }
        });
    }
}

/// The secrets that tasks of the forecast read, and that do not exist.
fn missing_secrets(question: &Question<'_>, tasks: &[Planned]) -> Result<Vec<Problem>, ForecastError> {
    let mut keys = BTreeSet::new();
    collect_secrets(question.flow, tasks, &mut keys);
    let (mut problems, mut open) = (Vec::new(), Vec::new());
    for (key, task) in keys {
        let lookup = Lookup::Secret { namespace: None, key: key.clone(), subkey: None };
        match question.outside.answer(&question.flow.namespace, &lookup) {
            Answer::Missing => problems.push(Problem {
                kind: ProblemKind::MissingSecret,
                task_id: Some(task),
                message: format!("Cannot find secret for key '{key}'."),
            }),
            Answer::Pending => open.push((question.flow.namespace.clone(), lookup)),
            Answer::Found(_) | Answer::Failed(_) => {}
        }
    }
    if open.is_empty() { Ok(problems) } else { Err(ForecastError::Questions(open)) }
}

fn collect_secrets(flow: &Flow, tasks: &[Planned], keys: &mut BTreeSet<(String, String)>) {
    for planned in tasks {
        if matches!(planned.certainty, super::Certainty::Certain | super::Certainty::Maybe)
            && let Some(task) = flow.task(&planned.task_id)
        {
            let texts = Json::Object(own_properties(task)).to_string();
            if texts.contains("secret(") {
                secrets_in(&Json::Object(own_properties(task)), &planned.task_id, keys);
            }
        }
        collect_secrets(flow, &planned.tasks, keys);
    }
}

fn secrets_in(value: &Json, task: &str, keys: &mut BTreeSet<(String, String)>) {
    match value {
        Json::String(text) => {
            let found = references(text).unwrap_or_default();
            keys.extend(found.secret_keys.into_iter().map(|key| (key, task.to_owned())));
        }
        Json::Array(items) => items.iter().for_each(|item| secrets_in(item, task, keys)),
        Json::Object(map) => map.values().for_each(|item| secrets_in(item, task, keys)),
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

/// Renders the properties of attempts as far as they are known, and notes what is wrong with them.
struct Shown {
    /// The own properties of the tasks. A prepared task may have lost its own.
    written: HashMap<String, Map>,
    knowledge: Knowledge,
    renderer: Renderer,
    variables: Map,
    problems: Mutex<Vec<Found>>,
}

impl std::fmt::Debug for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shown").finish_non_exhaustive()
    }
}

impl Record for Shown {
    fn properties(&self, _: &ExecutionId, task: &Task, _: &TaskRun, scope: &Scope) -> Json {
        let mut partial = Partial {
            knowledge: &self.knowledge,
            renderer: &self.renderer,
            scope,
            task: Some(&task.id),
            variables: &self.variables,
            problems: Vec::new(),
        };
        let written = self.written.get(&task.id).cloned().unwrap_or_default();
        let shown = partial.value("", &Json::Object(written));
        let mut problems = self.problems.lock().unwrap_or_else(PoisonError::into_inner);
        for (path, message) in partial.problems {
            let property = path.trim_start_matches('/');
            let kind = if missing_key(&message).is_some() {
                ProblemKind::MissingKey
            } else if message.contains("does not exist, or this execution may not read it") {
                ProblemKind::MissingFile
            } else {
                ProblemKind::Expression
            };
            let key = missing_key(&message);
            // The message ends with the template, which may be long.
            let message = message.split(" (").next().unwrap_or_default();
            let message = match kind {
                ProblemKind::Expression => format!("{property}: {message}"),
                _ => message.to_owned(),
            };
            problems.push(Found { key, ..Found::new(kind, Some(&task.id), message) });
        }
        shown
    }
}

/// Every task of a service succeeds, and everybody resumes.
struct Optimist;

impl Services for Optimist {
    fn run(&mut self, _: &Attempt<'_>) -> Outcome {
        Outcome::success(Map::new())
    }

    fn flow(&mut self, _: &Execution, _: &SubflowRequest) -> Result<Arc<Plan>, String> {
        Err("a forecast starts no subflow".to_owned())
    }

    fn resume(&mut self, _: &Execution, _: &TaskRun) -> Option<Map> {
        Some(Map::new())
    }
}

/// The world outside without requests: `http()` is never asked, and a secret has no value.
#[derive(Debug)]
struct Calm {
    outside: Arc<dyn Outside>,
}

impl Outside for Calm {
    fn answer(&self, namespace: &str, lookup: &Lookup) -> Answer {
        match lookup {
            Lookup::Http { .. } | Lookup::Secret { .. } | Lookup::RandomPort => {
                Answer::Failed("a forecast does not ask this".to_owned())
            }
            Lookup::ErrorLogs | Lookup::ExecutionState { .. } => Answer::Missing,
            Lookup::Kv { .. }
            | Lookup::KvKeys { .. }
            | Lookup::Read { .. }
            | Lookup::FileSize { .. }
            | Lookup::FileExists { .. }
            | Lookup::FileEmpty { .. } => self.outside.answer(namespace, lookup),
        }
    }
}

/// Steps by task run, for the tree.
pub(super) fn properties_of<'a>(steps: &'a [Step], run: &TaskRunId) -> Option<&'a Json> {
    steps.iter().find(|step| step.task_run == *run).map(|step| &step.properties)
}
