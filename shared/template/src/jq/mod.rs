//! Runs jq programs in jaq, with a limit on their work. jaq has no such limit.
//!
//! [`guard`] rewrites programs and jaq's definitions, so that everything that repeats or grows takes steps. [`natives`]
//! has the functions that count steps. Functions that access the machine do not exist.

mod guard;
mod natives;

use crate::error::Fault;
use jaq_core::load::parse::Def;
use jaq_core::load::{Arena, File, Loader, parse};
use jaq_core::{Compiler, Ctx, Vars};
use jaq_json::Val;
use natives::{Job, Limited, cost};
use std::cell::{Cell, RefCell};

/// The longest program, in bytes.
const MAX_PROGRAM: usize = 10_000;
/// The largest depth of nested brackets in a program.
const MAX_BRACKETS: usize = 40;
/// The largest number of operators in a program.
const MAX_OPERATORS: usize = 300;
/// The name of the definition with the program.
const MAIN: &str = "segue_main";

/// Definitions of jaq that use missing functions. They are left out too.
const NEEDS_MACHINE: [&str; 4] = ["stderr", "debug", "halt", "halt_error"];

/// Runs a program on a JSON text. Returns the results as JSON texts, and the remaining steps. Calls `look` every few
/// dozen steps. If `look` returns a fault, the program stops.
pub(crate) fn run(
    program: &str,
    json: &str,
    steps: u64,
    look: &dyn Fn() -> Result<(), Fault>,
) -> Result<(Vec<String>, u64), Fault> {
    let failed = |what: &str| Fault::from(format!("Failed to resolve JQ expression '{program}': {what}"));
    check_size(program).map_err(failed)?;
    let input = natives::read_json(json).map_err(|error| failed(&error))?;
    let code = format!("def {MAIN}: {program}\n;");
    let main = parse(&code, |parser| parser.defs()).filter(|defs| !defs.is_empty());
    let main = main.ok_or_else(|| failed("it is not valid jq"))?;
    if let Some(name) = guard::recursive(&main) {
        return Err(failed(&format!("the definition of {name} calls itself, which is not allowed")));
    }
    let library = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
    let mut defs: Vec<Def<&str>> = Vec::new();
    for def in library.filter(|def| !NEEDS_MACHINE.contains(&def.name)) {
        defs.push(guard::def(def));
    }
    let added = parse(include_str!("jq16.jq"), |parser| parser.defs()).unwrap_or_default();
    defs.extend(added.into_iter().map(guard::def));
    defs.extend(main.into_iter().map(guard::def));
    let arena = Arena::default();
    let modules = Loader::new(defs).load(&arena, File { code: MAIN, path: () });
    let modules = modules.map_err(|_| failed("it is not valid jq"))?;
    let compiled = Compiler::default().with_funs(natives::all()).compile(modules);
    let filter = compiled.map_err(|errors| {
        let unknown = errors.iter().flat_map(|(_, errors)| errors).map(|(name, _)| (*name).to_owned());
        failed(&format!("these names do not exist: {}", unknown.collect::<Vec<_>>().join(", ")))
    })?;
    let left = Cell::new(steps);
    let (ticks, stopped) = (Cell::new(0), RefCell::new(None));
    let goes_on = || look().map_err(|fault| stopped.replace(Some(fault))).is_ok();
    let job = Job { lut: &filter.lut, left: &left, ticks: &ticks, look: &goes_on };
    let mut results = Vec::new();
    for result in filter.id.run((Ctx::<Limited>::new(job, Vars::new([])), input)) {
        match result {
            Ok(value) => results.push(text(&value, &left)?),
            Err(exception) => {
                return Err(match exception.get_err() {
                    Ok(error) => failed(&error.to_string()),
                    Err(_) => stopped.take().unwrap_or(Fault::OutOfFuel),
                });
            }
        }
    }
    Ok((results, left.get()))
}

fn text(value: &Val, left: &Cell<u64>) -> Result<String, Fault> {
    let cost = cost(value, left.get()).ok_or(Fault::OutOfFuel)?;
    left.set(left.get().saturating_sub(cost));
    Ok(value.to_string())
}

/// Checks the size of a program, because jaq's parser and compiler recurse over it.
fn check_size(program: &str) -> Result<(), &'static str> {
    let (mut depth, mut deepest, mut operators) = (0_usize, 0, 0);
    for c in program.chars() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            '|' | ',' | '+' | '-' | '*' | '/' | '%' | '<' | '>' | '=' | '.' | '?' | ';' => operators += 1,
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    let words = program.split_whitespace().count();
    if program.len() > MAX_PROGRAM || deepest > MAX_BRACKETS || operators + words > 2 * MAX_OPERATORS {
        return Err("it is too long or too deeply nested");
    }
    Ok(())
}
