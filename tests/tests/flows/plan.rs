//! Compares the plan of every flow that these tests run with what the run then did.

use crate::platform::End;
use segue_model::execution::ExecutionTrigger;
use segue_model::flow::Flow;
use segue_model::parse::parse_flow;
use segue_model::state::State;
use segue_model::{Json, Map};
use segue_simulation::forecast::{
    Certainty, Forecast, ForecastError, Planned, Question, forecast, has_unknown,
};
use segue_simulation::{Outside, own_properties};
use segue_standalone::Standalone;
use segue_template::{Answer, Lookup};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex};

/// Tasks that change what expressions read. After them, an expression of an earlier task has another value.
const CHANGING: [&str; 6] =
    ["kv.Set", "kv.Delete", "SetVariables", "UnsetVariables", "execution.Labels", "state.Set"];

/// The answers that were fetched for a plan.
#[derive(Debug, Default)]
struct Fetched(Mutex<HashMap<(String, Lookup), Answer>>);

impl Outside for Fetched {
    fn answer(&self, namespace: &str, lookup: &Lookup) -> Answer {
        let answers = self.0.lock().unwrap();
        answers.get(&(namespace.to_owned(), lookup.clone())).cloned().unwrap_or(Answer::Pending)
    }
}

/// What a run of a flow would do now.
pub(crate) async fn plan(
    standalone: &Standalone,
    source: &str,
    inputs: &Map,
    trigger: Option<ExecutionTrigger>,
) -> anyhow::Result<Forecast> {
    let parts = standalone.executor().parts();
    let Some(flow) = parse_flow(source, &parts.catalog).flow else { anyhow::bail!("the flow is refused") };
    let stored = parts.ports.state.flows(None).await?;
    let others: Vec<Flow> =
        stored.iter().filter_map(|stored| parse_flow(&stored.source, &parts.catalog).flow).collect();
    let fetched = Arc::new(Fetched::default());
    let question = Question {
        flow: &flow,
        others: &others,
        catalog: &parts.catalog,
        renderer: &parts.renderer,
        globals: &parts.globals,
        inputs: inputs.clone(),
        unknown_inputs: BTreeSet::new(),
        labels: Vec::new(),
        trigger,
        now: parts.ports.clock.now(),
        outside: fetched.clone(),
    };
    loop {
        match forecast(&question) {
            Ok(found) => return Ok(found),
            Err(ForecastError::Questions(questions)) => {
                for (namespace, lookup) in questions {
                    let answer = parts.answers.answer(&namespace, &"plan".into(), &lookup).await?;
                    fetched.0.lock().unwrap().insert((namespace, lookup), answer);
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
}

fn flat<'a>(tasks: &'a [Planned], found: &mut Vec<&'a Planned>) {
    for planned in tasks {
        found.push(planned);
        flat(&planned.tasks, found);
    }
}

/// The differences between a plan and the run after it.
pub(crate) async fn compare(
    standalone: &Standalone,
    source: &str,
    plan: &Forecast,
    end: &End,
) -> anyhow::Result<Vec<String>> {
    let mut wrong = Vec::new();
    let mut planned = Vec::new();
    flat(&plan.tasks, &mut planned);
    let runs_as = |task: &Planned| matches!(task.certainty, Certainty::Certain | Certainty::Maybe);
    let is_of = |planned: &Planned, id: &str, value: Option<&String>| {
        planned.task_id == id
            && (planned.value.as_ref() == value || planned.value.as_deref().is_some_and(has_unknown))
    };
    let began: Vec<_> =
        end.runs.iter().filter(|run| !run.dynamic && run.current() != State::Skipped).collect();
    for run in &began {
        let fits = |each: &&&Planned| is_of(each, &run.task_id, run.value.as_ref());
        let mut candidates = planned.iter().filter(fits).peekable();
        if candidates.peek().is_none() {
            wrong.push(format!("{} [{:?}] ran, but is not in the plan", run.task_id, run.value));
        } else if !candidates.any(|each| runs_as(each) || each.certainty == Certainty::OnFailure) {
            wrong.push(format!("{} [{:?}] ran, but was planned as skipped", run.task_id, run.value));
        }
    }
    // A plan assumes that no attempt fails, and that no task of a service warns.
    let has_failed = began.iter().any(|run| {
        let failed = |state: State| matches!(state, State::Failed | State::Killed | State::Warning);
        failed(run.current()) || run.attempts.iter().any(|attempt| failed(attempt.state.current()))
    });
    let foresaw_failure = matches!(plan.state, State::Failed | State::Warning) || !plan.problems.is_empty();
    if !has_failed || foresaw_failure {
        for each in planned.iter().filter(|each| each.certainty == Certainty::Certain) {
            let has_run = began.iter().any(|run| is_of(each, &run.task_id, run.value.as_ref()));
            if !has_run {
                wrong.push(format!(
                    "{} [{:?}] was planned as certain, but did not run",
                    each.task_id, each.value
                ));
            }
        }
        if plan.problems.is_empty() && !has_failed && plan.state != end.execution.state.current() {
            wrong.push(format!("the plan ends {}, the run {}", plan.state, end.state()));
        }
    }
    let parts = standalone.executor().parts();
    let Some(flow) = parse_flow(source, &parts.catalog).flow else { return Ok(wrong) };
    wrong.extend(values(standalone, &flow, &planned, end).await?);
    Ok(wrong)
}

/// Compares the rendered properties of the plan with the values in the run.
async fn values(
    standalone: &Standalone,
    flow: &Flow,
    planned: &[&Planned],
    end: &End,
) -> anyhow::Result<Vec<String>> {
    let mut wrong = Vec::new();
    let mut changes = false;
    segue_model::walk_tasks(flow, &mut |_, task| {
        changes |= CHANGING.iter().any(|name| task.type_name.ends_with(name));
    });
    for run in end.runs.iter().filter(|run| !run.dynamic && run.current() == State::Success) {
        let Some(task) = flow.task(&run.task_id) else { continue };
        let candidates: Vec<&Json> = planned
            .iter()
            .filter(|each| each.certainty == Certainty::Certain && each.task_id == run.task_id)
            .filter(|each| each.value == run.value)
            .map(|each| &each.properties)
            .collect();
        if task.type_name.ends_with(".debug.Return")
            && let Some(value) = run.outputs.get("value").and_then(Json::as_str)
        {
            let formats: Vec<&str> =
                candidates.iter().filter_map(|properties| properties["format"].as_str()).collect();
            if formats.iter().all(|format| !has_unknown(format))
                && !formats.is_empty()
                && !formats.contains(&value)
            {
                wrong.push(format!("{} gave {value:?}, and the plan said {formats:?}", run.task_id));
            }
        }
        if changes {
            continue;
        }
        for (name, written) in own_properties(task) {
            // The state of the execution is another one after its end.
            let is_comparable = |text: &&str| text.contains("{{") && !text.contains("execution.state");
            let Some(template) = written.as_str().filter(is_comparable) else { continue };
            let shown: Vec<&str> =
                candidates.iter().filter_map(|properties| properties.get(&name)?.as_str()).collect();
            if shown.is_empty() || shown.iter().any(|text| has_unknown(text)) {
                continue;
            }
            let id = &end.execution.id;
            let real = standalone.executor().evaluate(id, Some(&run.id), template).await?;
            if !real.as_ref().is_ok_and(|real| shown.contains(&real.as_str())) {
                wrong.push(format!("{}.{name} was {real:?}, and the plan said {shown:?}", run.task_id));
            }
        }
    }
    Ok(wrong)
}
