//! The native functions of jq programs: jaq's functions that do not access the machine, and functions that
//! count steps.

use crate::run::STEPS_A_LOOK;
use jaq_core::data::HasLut;
use jaq_core::native::{Filter, Fun, bome, run, v};
use jaq_core::{Bind, Cv, DataT, Error, Exn, Native, RunPtr, ValX, ValXs};
use jaq_json::{Num, Val};
use std::cell::Cell;
use std::collections::HashMap;
use std::sync::LazyLock;

/// Takes steps for the size of its input, and returns the input.
pub(super) const MEASURE: &str = "segue_measure";
/// Returns the product of its arguments.
pub(super) const TIMES: &str = "segue_times";
/// Takes a part of a step (see [`TICKS_A_STEP`]).
pub(super) const TICK: &str = "segue_tick";
/// Takes steps for the size of its input multiplied by the size of its argument.
pub(super) const PAIRS: &str = "segue_pairs";
/// Takes the steps for compiling a regular expression.
pub(super) const REGEX: &str = "segue_regex";
/// The number of ticks in a step.
const TICKS_A_STEP: u32 = 8;
/// The number of steps for compiling a regular expression.
const COMPILING: u64 = 100;
/// The largest length of a whole number, in decimal digits. Work on numbers grows with the square of their length.
pub(super) const MAX_DIGITS: usize = 10_000;
/// The number of bits of a number with [`MAX_DIGITS`] digits.
const MAX_BITS: u64 = 33_220;
/// Functions that would access the machine or stop the process, and functions that are replaced here.
const LEFT_OUT: [&str; 9] =
    ["env", "now", "halt", "debug_empty", "stderr_empty", "localtime", "strflocaltime", "range", "fromjson"];
/// The number of bytes of text that cost one step.
const BYTES_A_STEP: usize = 32;

/// Above this number, a double cannot distinguish adjacent integers.
const MAX_WHOLE: f64 = 9_007_199_254_740_992.0;

/// The data that native functions can read: the compiled program and the steps that are left.
#[derive(Clone, Copy)]
pub(super) struct Job<'a> {
    pub(super) lut: &'a jaq_core::compile::Lut<Native<Limited>>,
    pub(super) left: &'a Cell<u64>,
    /// The number of ticks since the last step.
    pub(super) ticks: &'a Cell<u32>,
    /// Called every few dozen steps. Returns false to stop the program. [`super::run`] knows the reason.
    pub(super) look: &'a dyn Fn() -> bool,
}

impl Job<'_> {
    /// Takes steps. `None` means more steps than are left. If not enough steps are left, the program halts. Unlike an
    /// error, `try` cannot catch this.
    fn take<'v>(&self, steps: Option<u64>) -> Result<(), Exn<'v, Val>> {
        let before = self.left.get();
        let rest = steps.and_then(|steps| before.checked_sub(steps));
        self.left.set(rest.unwrap_or(0));
        let rest = rest.ok_or_else(|| Exn::halt(1))?;
        if before / STEPS_A_LOOK != rest / STEPS_A_LOOK && !(self.look)() {
            return Err(Exn::halt(1));
        }
        Ok(())
    }
}

/// The type of jaq's data, which contains a [`Job`].
pub(super) struct Limited;

impl DataT for Limited {
    type V<'a> = Val;
    type Data<'a> = Job<'a>;
}

impl<'a> HasLut<'a, Limited> for Job<'a> {
    fn lut(&self) -> &'a jaq_core::compile::Lut<Native<Limited>> {
        self.lut
    }
}

/// All native functions of jq programs.
pub(super) fn all() -> impl Iterator<Item = Fun<Limited>> {
    let theirs = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
    let ours: [Filter<RunPtr<Limited>>; 7] = [
        (MEASURE, v(0), measure),
        (TICK, v(0), tick),
        (PAIRS, v(1), pairs),
        (REGEX, v(0), regex),
        (TIMES, v(2), times),
        ("range", v(3), range),
        ("fromjson", v(0), from_json),
    ];
    theirs.filter(|(name, ..)| !LEFT_OUT.contains(name)).chain(ours.into_iter().map(run::<Limited>))
}

/// Whether a native function takes all its arguments as values, and not as filters. `None` if there is no native
/// function with this name and number of arguments.
pub(super) fn takes_values(name: &str, arguments: usize) -> Option<bool> {
    static KNOWN: LazyLock<HashMap<(&'static str, usize), bool>> = LazyLock::new(|| {
        let known = all().map(|(name, arguments, _)| {
            ((name, arguments.len()), arguments.iter().all(|argument| matches!(argument, Bind::Var(()))))
        });
        known.collect()
    });
    KNOWN.get(&(name, arguments)).copied()
}

/// The number of steps that a value costs. `None` if this is more than `most`. Counting stops there, because values
/// share parts and may be far larger than their memory.
pub(super) fn cost(value: &Val, most: u64) -> Option<u64> {
    let mut sixteenths = 16_u64;
    let enough = most.saturating_mul(16);
    count(value, &mut sixteenths, enough).then_some(sixteenths / 16)
}

fn count(value: &Val, sum: &mut u64, enough: u64) -> bool {
    *sum = sum.saturating_add(1);
    match value {
        Val::Num(Num::BigInt(number)) => *sum = sum.saturating_add(number.bits() / 16),
        Val::Num(Num::Dec(digits)) => *sum = sum.saturating_add((digits.len() * 16 / BYTES_A_STEP) as u64),
        Val::TStr(text) | Val::BStr(text) => {
            *sum = sum.saturating_add((text.len() * 16 / BYTES_A_STEP) as u64)
        }
        Val::Arr(items) => return items.iter().all(|item| *sum <= enough && count(item, sum, enough)),
        Val::Obj(map) => {
            // An object takes some hundred bytes, even without entries.
            *sum = sum.saturating_add(15);
            return map
                .iter()
                .all(|(key, item)| *sum <= enough && count(key, sum, enough) && count(item, sum, enough));
        }
        Val::Null | Val::Bool(_) | Val::Num(_) => {}
    }
    *sum <= enough
}

fn once<'a>(result: ValX<'a, Val>) -> ValXs<'a, Val> {
    Box::new(std::iter::once(result))
}

fn measure(cv: Cv<'_, Limited>) -> ValXs<'_, Val> {
    let job = *cv.0.data();
    if is_too_long(&cv.1) {
        return once(Err(too_long()));
    }
    once(job.take(cost(&cv.1, job.left.get())).map(|()| whole(cv.1)))
}

/// Whether a number is too long for further operations.
fn is_too_long(value: &Val) -> bool {
    match value {
        Val::Num(Num::BigInt(number)) => number.bits() > MAX_BITS,
        Val::Num(Num::Dec(digits)) => digits.len() > MAX_DIGITS,
        _ => false,
    }
}

fn too_long<'a>() -> Exn<'a, Val> {
    Exn::from(Error::str(format_args!("a number has more than {MAX_DIGITS} digits")))
}

fn tick(cv: Cv<'_, Limited>) -> ValXs<'_, Val> {
    let job = *cv.0.data();
    let ticks = job.ticks.get() + 1;
    if ticks < TICKS_A_STEP {
        job.ticks.set(ticks);
        return once(Ok(Val::Null));
    }
    job.ticks.set(0);
    once(job.take(Some(1)).map(|()| Val::Null))
}

fn pairs(mut cv: Cv<'_, Limited>) -> ValXs<'_, Val> {
    let job = *cv.0.data();
    let most = job.left.get();
    let argument = cv.0.pop_var();
    let steps = cost(&cv.1, most).zip(cost(&argument, most)).map(|(one, other)| one.saturating_mul(other));
    once(job.take(steps).map(|()| Val::Null))
}

fn regex(cv: Cv<'_, Limited>) -> ValXs<'_, Val> {
    once(cv.0.data().take(Some(COMPILING)).map(|()| Val::Null))
}

fn times(mut cv: Cv<'_, Limited>) -> ValXs<'_, Val> {
    let job = *cv.0.data();
    let (b, a) = (cv.0.pop_var(), cv.0.pop_var());
    if let (Val::Num(Num::BigInt(a)), Val::Num(Num::BigInt(b))) = (&a, &b)
        && a.bits().saturating_add(b.bits()) > MAX_BITS
    {
        return once(Err(too_long()));
    }
    let repeated = match (&a, &b) {
        (Val::TStr(text) | Val::BStr(text), Val::Num(number))
        | (Val::Num(number), Val::TStr(text) | Val::BStr(text)) => {
            let times = double(number).clamp(0.0, 1e15);
            Some((text.len() as f64 * times / BYTES_A_STEP as f64) as u64)
        }
        _ => cost(&a, job.left.get()),
    };
    once(job.take(repeated).and_then(|()| (a * b).map(whole).map_err(Exn::from)))
}

/// Changes a computed whole number to an integer, because jq has one kind of number.
fn whole(value: Val) -> Val {
    match value {
        Val::Num(Num::Float(float)) if float.fract() == 0.0 && float.abs() < MAX_WHOLE => {
            Val::Num(Num::Int(float as isize))
        }
        other => other,
    }
}

fn double(number: &Num) -> f64 {
    number.to_string().parse().unwrap_or(f64::INFINITY)
}

fn range(mut cv: Cv<'_, Limited>) -> ValXs<'_, Val> {
    let job = *cv.0.data();
    let (by, to, from) = (cv.0.pop_var(), cv.0.pop_var(), cv.0.pop_var());
    let zero = Val::from(0_isize);
    let mut next = Some(from);
    // An empty range costs a step too.
    if let Err(halted) = job.take(Some(1)) {
        return once(Err(halted));
    }
    Box::new(std::iter::from_fn(move || {
        let current = next.take()?;
        let goes_on = match by.cmp(&zero) {
            std::cmp::Ordering::Greater => current < to,
            std::cmp::Ordering::Less => current > to,
            std::cmp::Ordering::Equal => current != to,
        };
        if !goes_on {
            return None;
        }
        if let Err(halted) = job.take(Some(1)) {
            return Some(Err(halted));
        }
        match current.clone() + by.clone() {
            Ok(following) => next = Some(following),
            Err(error) => return Some(Err(Exn::from(error))),
        }
        Some(Ok(current))
    }))
}

fn from_json(cv: Cv<'_, Limited>) -> ValXs<'_, Val> {
    let Val::TStr(text) = &cv.1 else { return bome(Err(Error::str("only a string is parsed as JSON"))) };
    let text = String::from_utf8_lossy(text).into_owned();
    bome(read_json(&text).map_err(Error::str))
}

/// Reads JSON with limited depth. serde refuses JSON that is nested too deeply, and jaq's reader does not.
pub(super) fn read_json(text: &str) -> Result<Val, String> {
    serde_json::from_str::<serde_json::Value>(text).map_err(|error| error.to_string())?;
    if has_long_number(text) {
        return Err(format!("a number has more than {MAX_DIGITS} digits"));
    }
    jaq_json::read::parse_single(text.as_bytes()).map_err(|error| error.to_string())
}

/// Whether a JSON text has a number that is too long. Texts inside the JSON are skipped.
fn has_long_number(text: &str) -> bool {
    let (mut length, mut quoted, mut escaped) = (0_usize, false, false);
    for byte in text.bytes() {
        if quoted {
            quoted = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
            continue;
        }
        quoted = byte == b'"';
        length = if byte.is_ascii_digit() || b"+-.eE".contains(&byte) { length + 1 } else { 0 };
        if length > MAX_DIGITS {
            return true;
        }
    }
    false
}
