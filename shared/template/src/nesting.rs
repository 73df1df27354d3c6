//! Limits how deeply values are nested, and takes steps for nested values.
//!
//! Printing, comparing and dropping a value recurse over it. A value may contain another value many times. So every
//! function that puts values into a list or map checks them here first. The module knows nothing about templates.

use crate::error::Fault;
use crate::run::Run;
use crate::value::{Entry, is_lazy, pairs};
use minijinja::Value;
use minijinja::value::ValueKind;

/// The largest number of levels of lists and maps that a template may make.
const MAX_NESTING: usize = 300;
/// The number of values that cost one step.
const VALUES_A_STEP: usize = 8;
/// The number of bytes of text that count as one value.
const BYTES_A_VALUE: usize = 32;

/// Checks values before they are put into a list or map, and takes steps for the check.
///
/// # Errors
/// If the values are nested too deeply, or if not enough steps are left.
pub(crate) fn check<'v>(run: &Run, parts: impl IntoIterator<Item = &'v Value>) -> Result<(), Fault> {
    let left = usize::try_from(run.steps_left()).unwrap_or(usize::MAX).saturating_mul(VALUES_A_STEP);
    let mut count = 0;
    for part in parts {
        visit(part, MAX_NESTING, left, &mut count)?;
    }
    run.charge(count / VALUES_A_STEP)
}

/// Takes steps for a walk through a whole value, before the value is written or compared. Values may share parts. So
/// the written text may be far larger than the memory of the value.
///
/// # Errors
/// If not enough steps are left.
pub(crate) fn weigh(run: &Run, value: &Value) -> Result<(), Fault> {
    if !matches!(value.kind(), ValueKind::Map | ValueKind::Seq | ValueKind::Iterable | ValueKind::Plain) {
        return Ok(());
    }
    check(run, [value])
}

/// Like [`weigh`], for several walks.
///
/// # Errors
/// As [`weigh`].
pub(crate) fn weigh_times(run: &Run, value: &Value, times: usize) -> Result<(), Fault> {
    let before = run.steps_left();
    weigh(run, value)?;
    let once = usize::try_from(before.saturating_sub(run.steps_left())).unwrap_or(usize::MAX);
    run.charge(once.saturating_mul(times.saturating_sub(1)))
}

fn visit(value: &Value, depth: usize, most: usize, count: &mut usize) -> Result<(), Fault> {
    *count += 1;
    if *count > most {
        return Err(Fault::OutOfFuel);
    }
    let deeper = || {
        depth.checked_sub(1).ok_or_else(|| Fault::from("Lists and maps are nested in each other too deeply"))
    };
    match value.kind() {
        ValueKind::String => {
            *count = count.saturating_add(value.as_str().map_or(0, str::len) / BYTES_A_VALUE);
        }
        // A value of the context is as deep as its JSON. It is not converted only to be measured.
        ValueKind::Map if is_lazy(value) => {}
        ValueKind::Map => {
            let depth = deeper()?;
            for (key, item) in pairs(value) {
                visit(&key, depth, most, count)?;
                visit(&item, depth, most, count)?;
            }
        }
        ValueKind::Seq | ValueKind::Iterable => {
            let depth = deeper()?;
            for item in value.try_iter().into_iter().flatten() {
                visit(&item, depth, most, count)?;
            }
        }
        _ => {
            if let Some(entry) = value.downcast_object_ref::<Entry>() {
                visit(&entry.value, deeper()?, most, count)?;
            }
        }
    }
    Ok(())
}
