//! Functions on numbers.

use crate::builtin::{Args, Builtin, builtin, variadic};
use crate::error::{Fault, Outcome};
use crate::ops;
use crate::run::Run;
use minijinja::Value;

pub(super) static TABLE: &[Builtin] = &[
    variadic("max", |_, args| extreme(args, std::cmp::Ordering::is_gt)),
    variadic("min", |_, args| extreme(args, std::cmp::Ordering::is_lt)),
    builtin("range", &["start", "end", "increment"], range),
];

fn extreme(args: &Args<'_>, better: fn(std::cmp::Ordering) -> bool) -> Outcome {
    let mut best = Value::from(());
    for value in args.values {
        let wins = match ops::order(value, &best, "COMPARISON")? {
            Some(order) => better(order),
            None => best.is_none(),
        };
        if wins {
            best = value.clone();
        }
    }
    Ok(best)
}

fn range(run: &Run, args: &Args<'_>) -> Outcome {
    let (start, end) = (args.required(0, "start")?, args.required(1, "end")?);
    let increment = args
        .optional_int(2, "increment")
        .map_err(|_| Fault::from("The increment of the range function must be a number"))?;
    ops::range(run, start, end, increment.unwrap_or(1))
}
