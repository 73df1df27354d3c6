//! Functions that use the context: render again, print the context, outputs of loops, states of tasks.

use crate::builtin::{Args, Builtin, builtin};
use crate::error::{Fault, Outcome};
use crate::run::Run;
use crate::value::{is_map, items, pairs, value_to_json};
use crate::{java, nesting};
use minijinja::Value;

pub(super) static TABLE: &[Builtin] = &[
    builtin("render", &["toRender", "recursive"], render),
    builtin("renderOnce", &["toRender"], render_once),
    builtin("printContext", &[], context),
    builtin("fetchContext", &[], context),
    builtin("currentEachOutput", &["outputs"], current_each_output),
    builtin("tasksWithState", &["state"], tasks_with_state),
    builtin("appLink", &["appId", "baseUrl"], app_link),
];

fn render(run: &Run, args: &Args<'_>) -> Outcome {
    again(run, args, args.flag(1, "recursive", true)?)
}

fn render_once(run: &Run, args: &Args<'_>) -> Outcome {
    again(run, args, false)
}

fn again(run: &Run, args: &Args<'_>, recursive: bool) -> Outcome {
    let value = args.values.first().filter(|value| !value.is_undefined());
    let Some(value) = value else {
        return Err(format!("The {} expects an argument 'toRender'.", args.callee).into());
    };
    match value.as_str() {
        Some(text) => run.shared.again.value(run, &serde_json::Value::String(text.to_owned()), recursive),
        None if is_map(value) || crate::value::is_list(value) => {
            nesting::weigh(run, value)?;
            run.shared.again.value(run, &value_to_json(value), recursive)
        }
        None => Ok(value.clone()),
    }
}

fn context(run: &Run, _: &Args<'_>) -> Outcome {
    let variables = &run.scope().variables;
    let keys = variables.keys();
    run.charge(keys.len())?;
    let entries = keys.into_iter().filter_map(|key| variables.get(&key).map(|value| (key, value)));
    Ok(Value::from_pairs(entries))
}

/// The output of a sibling task in the same iteration (docs/kestra.md 3.3). The outputs have one level for each
/// enclosing iteration value, and then one for the own value.
fn current_each_output(run: &Run, args: &Args<'_>) -> Outcome {
    let outputs = args.required(0, "outputs")?;
    if !is_map(outputs) {
        return Err(args.wrong_type("outputs", "map", outputs));
    }
    let mut current = outputs.clone();
    let parents = run.variable("parents").map(|parents| items(&parents)).unwrap_or_default();
    for parent in parents.iter().rev() {
        if let Some(value) = iteration_value(parent) {
            current = entry(&current, &value)
                .ok_or_else(|| Fault::from("No execution outputs for the current task runs path"))?;
        }
    }
    let own = run.variable("taskrun").and_then(|taskrun| entry(&taskrun, &Value::from("value")));
    let own =
        own.ok_or_else(|| Fault::from("The current task has no iteration value: taskrun.value is not set"))?;
    Ok(entry(&current, &own).unwrap_or_else(|| Value::from(())))
}

fn iteration_value(parent: &Value) -> Option<Value> {
    entry(&entry(parent, &Value::from("taskrun"))?, &Value::from("value"))
}

fn entry(map: &Value, key: &Value) -> Option<Value> {
    let found = map.get_item(&Value::from(java::to_string(key))).ok()?;
    (!found.is_undefined() && !found.is_none()).then_some(found)
}

/// The task runs with a state, from the variable `tasks`. A state is at `tasks.<id>.state`, or one level lower for each
/// iteration value.
fn tasks_with_state(run: &Run, args: &Args<'_>) -> Outcome {
    let state = args.text(0, "state")?;
    let mut found = Vec::new();
    if let Some(tasks) = run.variable("tasks") {
        run.charge(tasks.len().unwrap_or(0))?;
        for (id, task) in pairs(&tasks) {
            collect(&id, None, &task, state, &mut found);
        }
    }
    run.charge(found.len())?;
    Ok(Value::from(found))
}

fn collect(id: &Value, value: Option<&Value>, task: &Value, wanted: &str, found: &mut Vec<Value>) {
    let state = task.get_attr("state").ok();
    if let Some(state) = state.as_ref().and_then(Value::as_str) {
        if state == wanted {
            let mut entry = vec![("taskId", id.clone())];
            entry.extend(value.map(|value| ("value", value.clone())));
            entry.push(("state", Value::from(state)));
            found.push(Value::from_pairs(entry));
        }
        return;
    }
    for (value, inner) in pairs(task) {
        if is_map(&inner) {
            collect(id, Some(&value), &inner, wanted, found);
        }
    }
}

fn app_link(_: &Run, _: &Args<'_>) -> Outcome {
    Err("appLink() needs Apps, which are not part of Segue: remove it from the expression".into())
}
