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

/// Takes steps by the size of its input, and yields it.
pub(super) const MEASURE: &str = "segue_measure";
/// The product of its arguments.
pub(super) const TIMES: &str = "segue_times";
/// Takes a part of a step.
pub(super) const TICK: &str = "segue_tick";
/// Takes steps by the size of its input times that of its argument.
pub(super) const PAIRS: &str = "segue_pairs";
/// Takes the steps of compiling a regular expression.
pub(super) const REGEX: &str = "segue_regex";
/// Ticks in a step.
const TICKS_A_STEP: u32 = 8;
/// Steps that compiling a regular expression takes.
const COMPILING: u64 = 100;
/// The longest whole number, in decimal digits: work on numbers grows with the square of their length.
pub(super) const MAX_DIGITS: usize = 10_000;
/// As many bits as [`MAX_DIGITS`] digits have.
const MAX_BITS: u64 = 33_220;
/// Functions that would access the machine or stop it, or that are replaced here.
const LEFT_OUT: [&str; 9] =
    ["env", "now", "halt", "debug_empty", "stderr_empty", "localtime", "strflocaltime", "range", "fromjson"];
/// Bytes of text a step pays for.
const BYTES_A_STEP: usize = 32;

/// Above this number, a double cannot distinguish adjacent integers.
const MAX_WHOLE: f64 = 9_007_199_254_740_992.0;

/// What native functions see: the compiled program and the steps that are left.
#[derive(Clone, Copy)]
pub(super) struct Job<'a> {
    pub(super) lut: &'a jaq_core::compile::Lut<Native<Limited>>,
    pub(super) left: &'a Cell<u64>,
    /// Ticks since the last step.
    pub(super) ticks: &'a Cell<u32>,
    /// Called every few dozen steps. [`super::run`] reads why it stopped the program.
    pub(super) look: &'a dyn Fn() -> bool,
}

impl Job<'_> {
    /// Takes steps. `None` means more steps than there are. Running out of steps halts the program: unlike an
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

/// jaq's data with a [`Job`].
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

/// All native functions.
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

/// Whether a native function takes all its arguments as values, and not as filters to run. None if there is
/// no native function with this name and number of arguments.
pub(super) fn takes_values(name: &str, arguments: usize) -> Option<bool> {
    static KNOWN: LazyLock<HashMap<(&'static str, usize), bool>> = LazyLock::new(|| {
        let known = all().map(|(name, arguments, _)| {
            ((name, arguments.len()), arguments.iter().all(|argument| matches!(argument, Bind::Var(()))))
        });
        known.collect()
    });
    KNOWN.get(&(name, arguments)).copied()
}

/// The steps a value costs; `None` when they are more than `most`. Stops counting there, as values share
/// parts and may be far larger than the memory they take.
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
            // An object takes some hundred bytes, however few entries it has.
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

/// A computed whole number becomes an integer, because jq has one kind of number.
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
    // A range of nothing takes a step as well.
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

/// Reads JSON of bounded depth: serde refuses what is nested too deeply, jaq's reader does not.
pub(super) fn read_json(text: &str) -> Result<Val, String> {
    serde_json::from_str::<serde_json::Value>(text).map_err(|error| error.to_string())?;
    if has_long_number(text) {
        return Err(format!("a number has more than {MAX_DIGITS} digits"));
    }
    jaq_json::read::parse_single(text.as_bytes()).map_err(|error| error.to_string())
}

/// Whether a number of a JSON text is longer than one may be. Texts in it are passed over.
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
