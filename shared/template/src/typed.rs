//! Renders to typed values. If a template prints a single value, the value keeps its type (docs/kestra.md 3.1).

use crate::error::Fault;
use crate::java;
use crate::run::Run;
use minijinja::Value;
use minijinja::value::ValueKind;

/// Adds a value to the values that the template has printed. Scalars are joined to a text. Any other value must be the
/// only one.
pub(crate) fn emit(run: &Run, value: &Value) -> Result<(), Fault> {
    if value.is_none() {
        return Ok(());
    }
    let current = run.progress().typed.take();
    let joined = match current {
        None => value.clone(),
        Some(current) if is_scalar(&current) && is_scalar(value) => {
            let text = java::to_string(&current) + &java::to_string(value);
            run.charge(text.len() / 32)?;
            Value::from(text)
        }
        Some(current) => {
            let (left, right) = (java::class_name(&current), java::class_name(value));
            return Err(format!("Cannot concat {left} with {right}").into());
        }
    };
    run.progress().typed = Some(joined);
    Ok(())
}

fn is_scalar(value: &Value) -> bool {
    matches!(value.kind(), ValueKind::Bool | ValueKind::Number | ValueKind::String)
}
