//! The `jq` filter, which jaq evaluates. The result is always a list of all results of the program.
//!
//! Functions of jq that use the machine (`env`, `now`, `input`, …) do not exist here (see [`crate::jq`]).

use super::input;
use crate::builtin::{Args, Builtin, builtin};
use crate::error::{Fault, Outcome};
use crate::run::Run;
use crate::value::value_from_json;
use crate::{java, nesting};
use minijinja::Value;

pub(super) static TABLE: &[Builtin] = &[builtin("jq", &["expression"], jq)];

fn jq(run: &Run, args: &Args<'_>) -> Outcome {
    let Some(value) = input(args) else { return Ok(Value::from(())) };
    let program = args.text(1, "expression")?;
    let json = match value.as_str() {
        Some(text) => text.to_owned(),
        None => {
            nesting::weigh(run, value)?;
            java::to_json(value)
        }
    };
    run.charge(1 + json.len() / 32)?;
    let steps = run.steps_left();
    let (results, left) = crate::jq::run(program, &json, steps, &|| run.look())?;
    run.charge(usize::try_from(steps.saturating_sub(left)).unwrap_or(usize::MAX))?;
    let parse = |result: &String| {
        let parsed = serde_json::from_str(result);
        parsed
            .map(|json| value_from_json(&json))
            .map_err(|error| Fault::from(format!("jq yielded {result}, which JSON cannot hold: {error}")))
    };
    results.iter().map(parse).collect::<Result<Vec<_>, _>>().map(Value::from)
}
