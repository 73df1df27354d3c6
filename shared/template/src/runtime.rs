//! The functions that a translated template calls: operators, attributes, `for`, `set`, macros, and the filters and
//! functions of the tables.
//!
//! Each function gets minijinja's values and the [`Run`]. Undefined operands are returned here. So the code of
//! operators, filters and functions never gets an undefined operand.

use crate::builtin::{Args, Builtin, Callee};
use crate::error::{Fault, Outcome, RenderError};
use crate::missing::{as_missing, is_missing, missing, with_truth};
use crate::run::{Frame, Loop, Macro, RUN, Run};
use crate::unreadable::readable;
use crate::value::{Entry, WrittenList, is_lazy, is_list, is_map, items, pairs};
use crate::{attributes, filters, functions, java, loops, nesting, ops, predicates, typed};
use minijinja::value::Rest;
use minijinja::{Environment, Error, ErrorKind, State, Value};
use std::cmp::Ordering;
use std::sync::Arc;

/// The number of bytes of a text that cost one step if the text is only read.
const BYTES_A_STEP: usize = 64;
/// The number of items of a list that cost one step if the items are only read.
const ITEMS_A_STEP: usize = 16;

/// Registers all functions that a translated template calls.
pub(crate) fn register(env: &mut Environment<'static>) {
    register_operators(env);
    register_statements(env);
    for builtin in filters::all() {
        env.add_filter(builtin.name, move |state: &mut State<'_, '_>, values: Rest<Value>| {
            invoke(builtin, Callee::Filter(builtin.name), state, &values)
        });
    }
    for builtin in functions::all() {
        env.add_function(
            format!("fn_{}", builtin.name),
            move |state: &mut State<'_, '_>, values: Rest<Value>| {
                invoke(builtin, Callee::Function(builtin.name), state, &values)
            },
        );
    }
}

/// The run of the template that calls a function.
pub(crate) fn run_of(state: &State<'_, '_>) -> Result<Arc<Run>, Error> {
    let run = state.lookup(RUN).and_then(|value| value.downcast_object::<Run>());
    run.ok_or_else(|| Error::new(ErrorKind::InvalidOperation, "the template is not being rendered"))
}

/// Wraps a fault in minijinja's error. The renderer unwraps it.
pub(crate) fn raise(fault: Fault) -> Error {
    match fault {
        Fault::Message(message) => Error::new(ErrorKind::InvalidOperation, message),
        Fault::Render(error) => Error::new(ErrorKind::InvalidOperation, "not rendered").with_source(error),
        Fault::OutOfFuel => Error::from(ErrorKind::OutOfFuel),
        // The renderer knows the template and adds it to this error.
        Fault::Stopped(why) => Error::new(ErrorKind::InvalidOperation, "not rendered")
            .with_source(RenderError::Stopped { template: String::new(), why }),
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        raise(fault)
    }
}

fn invoke(
    builtin: &'static Builtin,
    callee: Callee,
    state: &mut State<'_, '_>,
    values: &[Value],
) -> Result<Value, Error> {
    let run = run_of(state)?;
    // `default` is the only filter that accepts an undefined input.
    let tolerant = matches!(callee, Callee::Filter("default"));
    let from = usize::from(tolerant);
    if let Some(undefined) = values.iter().skip(from).find(|value| is_missing(value)) {
        return Ok(undefined.clone());
    }
    // The function or filter may read all of each text and every item of a list. So steps for reading are taken first.
    run.charge(1 + values.iter().map(size).sum::<usize>()).map_err(raise)?;
    (builtin.call)(&run, &Args { callee, values }).map_err(raise)
}

/// The steps for a walk along a value, without the values inside it.
fn size(value: &Value) -> usize {
    match value.as_str() {
        Some(text) => text.len() / BYTES_A_STEP,
        None if is_list(value) => value.len().unwrap_or(0) / ITEMS_A_STEP,
        None if is_map(value) && !is_lazy(value) => value.len().unwrap_or(0) / ITEMS_A_STEP,
        None => 0,
    }
}

/// Registers an operator: a function of the run and of defined operands.
fn operator(
    env: &mut Environment<'static>,
    name: &'static str,
    code: impl Fn(&Run, &[Value]) -> Outcome + Send + Sync + 'static,
) {
    env.add_function(name, move |state: &mut State<'_, '_>, values: Rest<Value>| {
        if let Some(undefined) = values.iter().find(|value| is_missing(value)) {
            return Ok(undefined.clone());
        }
        let run = run_of(state)?;
        run.charge(values.iter().map(size).sum()).map_err(raise)?;
        code(&run, &values).map_err(raise)
    });
}

/// Registers a part of a tag, or an operator that handles undefined operands itself.
fn statement(
    env: &mut Environment<'static>,
    name: &'static str,
    code: impl Fn(&Run, &[Value]) -> Outcome + Send + Sync + 'static,
) {
    env.add_function(name, move |state: &mut State<'_, '_>, values: Rest<Value>| {
        code(&*run_of(state)?, &values).map_err(raise)
    });
}

fn at(values: &[Value], index: usize) -> &Value {
    static NONE: Value = Value::UNDEFINED;
    values.get(index).unwrap_or(&NONE)
}

fn text(values: &[Value], index: usize) -> &str {
    at(values, index).as_str().unwrap_or_default()
}

fn line(values: &[Value], index: usize) -> u32 {
    at(values, index).as_i64().and_then(|line| u32::try_from(line).ok()).unwrap_or(1)
}

/// A value that is used. Fails if the value is undefined.
fn used<'v>(run: &Run, value: &'v Value) -> Result<&'v Value, Fault> {
    match as_missing(value) {
        Some(missing) => Err(run.undefined(missing)),
        None => Ok(value),
    }
}

fn register_operators(env: &mut Environment<'static>) {
    operator(env, "__list", |run, values| {
        run.charge(values.len())?;
        nesting::check(run, values)?;
        Ok(WrittenList::value(values.to_vec()))
    });
    operator(env, "__map", |run, values| {
        run.charge(values.len())?;
        nesting::check(run, values)?;
        let entries = values.as_chunks::<2>().0.iter().map(|[key, value]| (key.clone(), value.clone()));
        Ok(Value::from_pairs(entries))
    });
    operator(env, "__double", |_, values| Ok(Value::from(text(values, 0).parse().unwrap_or(f64::NAN))));
    operator(env, "__concat", ops::concat);
    for name in ["__sum", "__product"] {
        operator(env, name, |run, values| {
            let mut result = at(values, 0).clone();
            for [op, right] in values.get(1..).unwrap_or_default().as_chunks::<2>().0 {
                result = ops::arithmetic(run, op.as_str().unwrap_or_default(), &result, right)?;
            }
            Ok(result)
        });
    }
    operator(env, "__plus", |run, values| ops::arithmetic(run, "*", &Value::from(1), at(values, 0)));
    operator(env, "__minus", |run, values| ops::arithmetic(run, "*", &Value::from(-1), at(values, 0)));
    operator(env, "__range", |run, values| ops::range(run, at(values, 0), at(values, 1), 1));
    operator(env, "__equals", |run, values| {
        nesting::weigh(run, at(values, 0))?;
        Ok(ops::equals(at(values, 0), at(values, 1)).into())
    });
    operator(env, "__not_equals", |run, values| {
        nesting::weigh(run, at(values, 0))?;
        Ok((!ops::equals(at(values, 0), at(values, 1))).into())
    });
    operator(env, "__contains", |run, values| Ok(ops::contains(run, at(values, 0), at(values, 1))?.into()));
    operator(env, "__in", |run, values| Ok(ops::is_in(run, at(values, 0), at(values, 1))?.into()));
    operator(env, "__not_in", |run, values| Ok((!ops::is_in(run, at(values, 0), at(values, 1))?).into()));
    comparison(env, "__less", "LESS_THAN", Ordering::is_lt);
    comparison(env, "__greater", "GREATER_THAN", Ordering::is_gt);
    comparison(env, "__less_equals", "LESS_THAN_EQUALS", Ordering::is_le);
    comparison(env, "__greater_equals", "GREATER_THAN_EQUALS", Ordering::is_ge);
    operator(env, "__not", |_, values| match ops::truth(at(values, 0))? {
        Some(truth) => Ok((!truth).into()),
        None => Err("null value given to not() and strict variables is set to true".into()),
    });
    for (name, word, truthy) in [("__and", "and", false), ("__or", "or", true)] {
        statement(env, name, move |_, values| match as_missing(at(values, 0)) {
            Some(missing) => Ok(with_truth(missing, truthy)),
            None => match ops::truth(at(values, 0))? {
                Some(truth) => Ok(truth.into()),
                None => {
                    let message =
                        format!("null value used in {word} operator and strict variables is set to true");
                    Err(message.into())
                }
            },
        });
    }
    statement(env, "__keep", |run, values| {
        let kept = !is_missing(at(values, 0)) && !at(values, 0).is_none();
        run.progress().kept = at(values, 0).clone();
        Ok(kept.into())
    });
    statement(env, "__keep_defined", |run, values| {
        run.progress().kept = at(values, 0).clone();
        Ok((!is_missing(at(values, 0))).into())
    });
    statement(env, "__keep_missing", |run, values| {
        run.progress().kept = at(values, 0).clone();
        Ok(is_missing(at(values, 0)).into())
    });
    statement(env, "__kept", |run, _| Ok(std::mem::take(&mut run.progress().kept)));
    statement(env, "__kept_is_true", |run, _| {
        let kept = std::mem::take(&mut run.progress().kept);
        Ok(ops::truth(&kept)?.unwrap_or(false).into())
    });
    statement(env, "__test", |run, values| {
        let value = at(values, 2);
        run.charge(size(value))?;
        let name = text(values, 0);
        if is_missing(value) && name != "defined" {
            return Ok(value.clone());
        }
        Ok((predicates::passes(name, value)? != at(values, 1).is_true()).into())
    });
    statement(env, "__var", |run, values| {
        let name = text(values, 0);
        let line = line(values, 1);
        let Some(value) = run.variable(name) else { return Ok(missing(name, line)) };
        let found = attributes::follow(value, values.get(2..).unwrap_or_default(), line);
        readable(&found).map(|()| found)
    });
    statement(env, "__path", |_, values| {
        let line = line(values, 1);
        let found = attributes::follow(at(values, 0).clone(), values.get(2..).unwrap_or_default(), line);
        readable(&found).map(|()| found)
    });
    operator(env, "__method", |run, values| {
        let arguments = values.get(3..).unwrap_or_default();
        attributes::method(run, at(values, 0), text(values, 1), arguments, line(values, 2))
    });
}

fn comparison(
    env: &mut Environment<'static>,
    name: &'static str,
    word: &'static str,
    holds: fn(Ordering) -> bool,
) {
    operator(env, name, move |_, values| {
        Ok(ops::comparison(at(values, 0), at(values, 1), word)?.is_some_and(holds).into())
    });
}

fn register_statements(env: &mut Environment<'static>) {
    statement(env, "__emit", |run, values| {
        nesting::weigh(run, at(values, 0))?;
        typed::emit(run, used(run, at(values, 0))?)?;
        Ok(Value::from(()))
    });
    statement(env, "__set", |run, values| {
        run.set(text(values, 0), used(run, at(values, 1))?.clone());
        Ok(Value::from(()))
    });
    statement(env, "__if", |run, values| match ops::truth(used(run, at(values, 0))?)? {
        Some(truth) => Ok(truth.into()),
        None => Err("null value given to if statement and strict variables is set to true".into()),
    });
    statement(env, "__for", |run, values| start_loop(run, text(values, 0), used(run, at(values, 1))?));
    statement(env, "__was_empty", |run, _| Ok(std::mem::take(&mut run.progress().kept)));
    statement(env, "__turns", |run, _| {
        let turns = run.progress().loops.last().map_or(0, |current| current.items.len());
        Ok(Value::make_iterable(move || 0..turns))
    });
    statement(env, "__turn", |run, values| {
        let turn = at(values, 0).as_usize().unwrap_or(0);
        let current = run.progress().loops.last().and_then(|current| {
            let item = current.items.get(turn)?.clone();
            Some((current.variable.clone(), item, current.items.len()))
        });
        if let Some((variable, item, length)) = current {
            run.put("loop", loops::variables(turn, length));
            run.put(&variable, item);
        }
        run.charge(1)?;
        Ok(Value::from(()))
    });
    statement(env, "__turned", |run, values| {
        let mut progress = run.progress();
        let turns = progress.loops.last().map_or(0, |current| current.items.len());
        if at(values, 0).as_usize().unwrap_or(0) + 1 == turns {
            progress.loops.pop();
            progress.frames.pop();
        }
        Ok(Value::from(()))
    });
    statement(env, "__define", |run, values| {
        let parameters = values.iter().skip(2).filter_map(|name| name.as_str().map(str::to_owned)).collect();
        let found = Macro { name: text(values, 0).to_owned(), body: at(values, 1).clone(), parameters };
        run.progress().macros.push(found);
        Ok(Value::from(()))
    });
    statement(env, "__not_given", |run, values| Ok(run.variable(text(values, 0)).is_none().into()));
    env.add_function("__macro", |state: &mut State<'_, '_>, values: Rest<Value>| {
        if let Some(undefined) = values.iter().find(|value| is_missing(value)) {
            return Ok(undefined.clone());
        }
        let run = run_of(state)?;
        let (found, frame) = bind(&run, &values).map_err(raise)?;
        run.in_frame(frame, || found.body.call(state, &[]))
    });
}

/// Begins a loop. Returns true if the loop has turns. Keeps whether the list was empty (and not null), for `else`.
fn start_loop(run: &Run, variable: &str, over: &Value) -> Outcome {
    run.charge(1 + size(over))?;
    let all = if over.is_none() {
        None
    } else if is_list(over) {
        Some(items(over))
    } else if is_map(over) {
        let entry = |(key, value)| Value::from_object(Entry { key, value });
        Some(pairs(over).into_iter().map(entry).collect())
    } else {
        return Err(format!("Not an iterable object. Value = [{}]", java::class_name(over)).into());
    };
    let mut progress = run.progress();
    match all {
        Some(items) if !items.is_empty() => {
            progress.loops.push(Loop { variable: variable.to_owned(), items });
            progress.frames.push(Frame::default());
            Ok(true.into())
        }
        other => {
            progress.kept = other.is_some().into();
            Ok(false.into())
        }
    }
}

/// Finds the macro of a call, and puts the arguments into a new scope.
fn bind(run: &Run, values: &[Value]) -> Result<(Macro, Frame), Fault> {
    let name = text(values, 0);
    let found = run.progress().macros.iter().rev().find(|known| known.name == name).cloned();
    let found = found.ok_or_else(|| Fault::from(format!("Function or Macro [{name}] does not exist.")))?;
    let count = at(values, 1).as_usize().unwrap_or(0);
    let given = values.get(2..).unwrap_or_default();
    let (positional, named) = given.split_at_checked(count).unwrap_or((given, &[]));
    if positional.len() > found.parameters.len() {
        let message = format!("Macro [{name}] takes at most {} arguments", found.parameters.len());
        return Err(message.into());
    }
    let mut variables: Vec<_> = found.parameters.iter().cloned().zip(positional.iter().cloned()).collect();
    for [argument, value] in named.as_chunks::<2>().0 {
        let argument = argument.as_str().unwrap_or_default();
        if !found.parameters.iter().any(|known| known == argument) {
            return Err(format!("The following named argument does not exist: {argument}").into());
        }
        variables.push((argument.to_owned(), value.clone()));
    }
    Ok((found, Frame::sealed(variables)))
}
