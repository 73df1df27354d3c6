//! The native functions of jq programs: jaq's without those that look at the machine, and those that count.

use std::cell::Cell;

use jaq_core::data::HasLut;
use jaq_core::native::{Filter, Fun, bome, run, v};
use jaq_core::{Cv, DataT, Error, Exn, Native, RunPtr, ValX, ValXs};
use jaq_json::{Num, Val};

/// Takes steps by the size of its input, and yields it.
pub(super) const MEASURE: &str = "segue_measure";
/// The product of its arguments.
pub(super) const TIMES: &str = "segue_times";
/// What would look at the machine, stop it, or is replaced here.
const LEFT_OUT: [&str; 9] =
    ["env", "now", "halt", "debug_empty", "stderr_empty", "localtime", "strflocaltime", "range", "fromjson"];
/// Bytes of text a step pays for.
const BYTES_A_STEP: usize = 32;

/// Above this, doubles do not tell one integer from the next.
const MAX_WHOLE: f64 = 9_007_199_254_740_992.0;

/// What native functions see: the compiled program and the steps that are left.
#[derive(Clone, Copy)]
pub(super) struct Job<'a> {
    pub(super) lut: &'a jaq_core::compile::Lut<Native<Limited>>,
    pub(super) left: &'a Cell<u64>,
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
    let ours: [Filter<RunPtr<Limited>>; 4] = [
        (MEASURE, v(0), measure),
        (TIMES, v(2), times),
        ("range", v(3), range),
        ("fromjson", v(0), from_json),
    ];
    theirs.filter(|(name, ..)| !LEFT_OUT.contains(name)).chain(ours.into_iter().map(run::<Limited>))
}

/// Takes steps. Running out halts the program: unlike an error, no `try` catches that.
fn take<'a>(left: &Cell<u64>, steps: Option<u64>) -> Result<(), Exn<'a, Val>> {
    let rest = steps.and_then(|steps| left.get().checked_sub(steps));
    left.set(rest.unwrap_or(0));
    rest.map(drop).ok_or_else(|| Exn::halt(1))
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
        Val::TStr(text) | Val::BStr(text) => {
            *sum = sum.saturating_add((text.len() * 16 / BYTES_A_STEP) as u64)
        }
        Val::Arr(items) => return items.iter().all(|item| *sum <= enough && count(item, sum, enough)),
        Val::Obj(map) => {
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
    let left = cv.0.data().left;
    once(take(left, cost(&cv.1, left.get())).map(|()| whole(cv.1)))
}

fn times(mut cv: Cv<'_, Limited>) -> ValXs<'_, Val> {
    let left = cv.0.data().left;
    let (b, a) = (cv.0.pop_var(), cv.0.pop_var());
    let repeated = match (&a, &b) {
        (Val::TStr(text) | Val::BStr(text), Val::Num(number))
        | (Val::Num(number), Val::TStr(text) | Val::BStr(text)) => {
            let times = double(number).clamp(0.0, 1e15);
            Some((text.len() as f64 * times / BYTES_A_STEP as f64) as u64)
        }
        _ => cost(&a, left.get()),
    };
    once(take(left, repeated).and_then(|()| (a * b).map(whole).map_err(Exn::from)))
}

/// What was computed is an integer where it is whole: jq knows one kind of number.
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
    let left = cv.0.data().left;
    let (by, to, from) = (cv.0.pop_var(), cv.0.pop_var(), cv.0.pop_var());
    let zero = Val::from(0_isize);
    let mut next = Some(from);
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
        if let Err(halted) = take(left, Some(1)) {
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
    jaq_json::read::parse_single(text.as_bytes()).map_err(|error| error.to_string())
}
