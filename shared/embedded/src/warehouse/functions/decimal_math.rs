//! Roots, powers and logarithms of NUMERIC and BIGNUMERIC: exact decimals, rounded half away from zero.
//!
//! The functions get and return texts: decimals for NUMERIC, and whole numbers of the smallest unit for BIGNUMERIC.
//!
//! The module must not know types of columns. To add a function, add a branch in [`computed`], and a line in
//! `sql/analyze/functions/numbers.rs`.

use super::{Outcome, bignumeric};
use dashu_float::ops::Abs as _;
use dashu_float::round::Rounded;
use dashu_float::round::mode::HalfAway;
use dashu_float::{Context, DBig, FpError};
use num_bigint::BigInt;

/// The digits that are computed: more than twice those of a BIGNUMERIC, so that a result is rounded only once in effect.
const PRECISION: usize = 180;

/// Numbers with more digits before the point than this are too great for each type.
const LARGEST: f64 = 40.0;

/// One of the two types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Numeric,
    BigNumeric,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Numeric => "NUMERIC",
            Self::BigNumeric => "BIGNUMERIC",
        }
    }

    /// The start of the message of a number that is too great.
    fn overflow(self) -> &'static str {
        match self {
            Self::Numeric => "numeric overflow",
            Self::BigNumeric => "BIGNUMERIC overflow",
        }
    }

    /// Reads an argument. Returns the number, and the text that BigQuery shows for the number.
    fn read(self, text: &str) -> Result<(DBig, String), String> {
        let invalid = || format!("Invalid {} value: {text}", self.name());
        let shown = match self {
            Self::Numeric => text.to_owned(),
            Self::BigNumeric => bignumeric::shown(&text.parse().map_err(|_| invalid())?),
        };
        let shown = match shown.split_once('.') {
            Some(_) => shown.trim_end_matches('0').trim_end_matches('.').to_owned(),
            None => shown,
        };
        let own: DBig = shown.parse().map_err(|_| invalid())?;
        Ok((own, shown))
    }

    /// Writes a result. `None` if the type has no such number.
    fn write(self, result: &DBig) -> Option<String> {
        let scale = match self {
            Self::Numeric => 9,
            Self::BigNumeric => 38,
        };
        let rounded = result.quantize(-scale).value();
        let (digits, exponent) = rounded.into_repr().into_parts();
        let places = u32::try_from(exponent + scale).ok()?;
        let units: BigInt = digits.to_string().parse().ok()?;
        let units = units * BigInt::from(10).pow(places);
        match self {
            Self::BigNumeric => bignumeric::fits(&units).then(|| units.to_string()),
            Self::Numeric => {
                let big = units * BigInt::from(10).pow(29);
                bignumeric::is_numeric(&big).then(|| bignumeric::shown(&big))
            }
        }
    }
}

/// Calls the function `name`, such as `math_numeric_ln`. `None` if it is in another module.
pub(super) fn call(name: &str, arguments: &[&str]) -> Option<Outcome> {
    let (kind, function) = name.strip_prefix("math_")?.split_once('_')?;
    let kind = match kind {
        "numeric" => Kind::Numeric,
        "bignumeric" => Kind::BigNumeric,
        _ => return None,
    };
    let [first, rest @ ..] = arguments else { return None };
    Some(run(kind, function, first, rest.first().copied()))
}

fn run(kind: Kind, function: &str, first: &str, second: Option<&str>) -> Outcome {
    let upper = function.to_uppercase();
    let (x, x_text) = kind.read(first)?;
    let (y, called) = match second {
        Some(second) => {
            let (y, y_text) = kind.read(second)?;
            (Some(y), format!("{upper}({x_text}, {y_text})"))
        }
        None => (None, format!("{upper}({x_text})")),
    };
    let result =
        computed(kind, function, &x, y.as_ref()).map_err(|message| format!("{message}: {called}"))?;
    match kind.write(&result) {
        Some(text) => Ok(Some(text)),
        None => Err(format!("{}: {called}", kind.overflow())),
    }
}

/// The result, or the message without the call.
fn computed(kind: Kind, function: &str, x: &DBig, y: Option<&DBig>) -> Result<DBig, String> {
    let context = Context::<HalfAway>::new(PRECISION);
    let overflow = |_: FpError| kind.overflow().to_owned();
    let ln = |own: &DBig| context.ln(own.repr(), None).map(value).map_err(overflow);
    let is_positive = *x > DBig::ZERO;
    match (function, y) {
        ("sqrt", _) if *x < DBig::ZERO => Err("SQRT is undefined for negative value".to_owned()),
        ("sqrt", _) => context.sqrt(x.repr()).map(value).map_err(overflow),
        ("ln" | "log10", _) if !is_positive => {
            Err(format!("{} is undefined for zero or negative value", function.to_uppercase()))
        }
        ("log", Some(base)) if !is_positive || *base <= DBig::ZERO || *base == DBig::ONE => {
            Err("LOG is undefined for zero or negative value, or when base equals 1".to_owned())
        }
        ("ln", _) => ln(x),
        ("log10", _) => context.log10(x.repr(), None).map(value).map_err(overflow),
        ("log", Some(base)) => context.div(ln(x)?.repr(), ln(base)?.repr()).map(value).map_err(overflow),
        ("exp", _) => exp(kind, x),
        ("pow", Some(exponent)) => pow(kind, x, exponent),
        _ => Err(format!("The warehouse has no function {function} of {}", kind.name())),
    }
}

/// The number without the direction of its rounding.
fn value(result: Rounded<DBig>) -> DBig {
    result.value()
}

fn exp(kind: Kind, x: &DBig) -> Result<DBig, String> {
    let digits = x.to_f64().value() * std::f64::consts::LOG10_E;
    if digits > LARGEST {
        return Err(kind.overflow().to_owned());
    }
    if digits < -LARGEST {
        return Ok(DBig::ZERO);
    }
    let context = Context::<HalfAway>::new(PRECISION);
    context.exp(x.repr(), None).map(value).map_err(|_| kind.overflow().to_owned())
}

fn pow(kind: Kind, x: &DBig, exponent: &DBig) -> Result<DBig, String> {
    if *exponent == DBig::ZERO {
        return Ok(DBig::ONE);
    }
    if *x == DBig::ZERO {
        let is_division = *exponent < DBig::ZERO;
        return if is_division { Err("division by zero".to_owned()) } else { Ok(DBig::ZERO) };
    }
    let is_whole = exponent.repr().is_int();
    if *x < DBig::ZERO && !is_whole {
        return Err(format!("Negative {} value cannot be raised to a fractional power", kind.name()));
    }
    // A power that is far too great or small is not computed.
    let logarithm = Context::<HalfAway>::new(30)
        .ln(x.clone().abs().repr(), None)
        .map_err(|_| kind.overflow().to_owned())?
        .value()
        .to_f64()
        .value();
    let digits = exponent.to_f64().value() * logarithm * std::f64::consts::LOG10_E;
    if digits > LARGEST {
        return Err(kind.overflow().to_owned());
    }
    if digits < -LARGEST {
        return Ok(DBig::ZERO);
    }
    let context = Context::<HalfAway>::new(PRECISION);
    let power = context.powf(x.repr(), exponent.repr(), None);
    power.map(value).map_err(|_| kind.overflow().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The result of a function of NUMERIC.
    fn numeric(function: &str, arguments: &[&str]) -> Result<String, String> {
        call(&format!("math_numeric_{function}"), arguments).unwrap().map(Option::unwrap_or_default)
    }

    /// The result of a function of BIGNUMERIC, with decimals in place of units.
    fn big(function: &str, arguments: &[&str]) -> Result<String, String> {
        let units: Vec<String> =
            arguments.iter().map(|text| bignumeric::parse(text, true).unwrap().to_string()).collect();
        let units: Vec<&str> = units.iter().map(String::as_str).collect();
        let found = call(&format!("math_bignumeric_{function}"), &units).unwrap()?.unwrap_or_default();
        Ok(bignumeric::shown(&found.parse().unwrap()))
    }

    #[test]
    fn numerics_have_nine_digits_after_the_point() {
        for (function, arguments, wanted) in [
            ("sqrt", &["25"][..], "5"),
            ("sqrt", &["2.000000000"], "1.414213562"),
            ("exp", &["0"], "1"),
            ("exp", &["1"], "2.718281828"),
            ("exp", &["-100"], "0"),
            ("ln", &["1"], "0"),
            ("ln", &["10"], "2.302585093"),
            ("log", &["8", "2"], "3"),
            ("log", &["100", "10"], "2"),
            ("log10", &["0.001"], "-3"),
            ("pow", &["2", "-3"], "0.125"),
            ("pow", &["-1.5", "11"], "-86.497558594"),
            ("pow", &["1.001", "10000"], "21916.681339078"),
            ("pow", &["2", "0.5"], "1.414213562"),
            ("pow", &["0", "0"], "1"),
            ("pow", &["0.1", "100"], "0"),
        ] {
            assert_eq!(numeric(function, arguments).unwrap(), wanted, "{function} {arguments:?}");
        }
    }

    #[test]
    fn bignumerics_have_thirty_eight_digits_after_the_point() {
        for (function, arguments, wanted) in [
            ("sqrt", &["2"][..], "1.41421356237309504880168872420969807857"),
            ("exp", &["1"], "2.71828182845904523536028747135266249776"),
            ("ln", &["2"], "0.69314718055994530941723212145817656808"),
            ("log10", &["2"], "0.30102999566398119521373889472449302677"),
            ("log", &["0.125", "2"], "-3"),
            ("pow", &["10", "38"], "100000000000000000000000000000000000000"),
            ("pow", &["2", "0.5"], "1.41421356237309504880168872420969807857"),
        ] {
            assert_eq!(big(function, arguments).unwrap(), wanted, "{function} {arguments:?}");
        }
    }

    #[test]
    fn what_has_no_result_is_an_error_with_the_call() {
        for (function, arguments, wanted) in [
            ("sqrt", &["-1"][..], "SQRT is undefined for negative value: SQRT(-1)"),
            ("ln", &["0.000000000"], "LN is undefined for zero or negative value: LN(0)"),
            (
                "log",
                &["2", "1"],
                "LOG is undefined for zero or negative value, or when base equals 1: LOG(2, 1)",
            ),
            ("exp", &["67"], "numeric overflow: EXP(67)"),
            ("exp", &["1000000"], "numeric overflow: EXP(1000000)"),
            ("pow", &["0", "-1"], "division by zero: POW(0, -1)"),
            ("pow", &["10", "29"], "numeric overflow: POW(10, 29)"),
            ("pow", &["10", "99999999999"], "numeric overflow: POW(10, 99999999999)"),
            (
                "pow",
                &["-2", "0.5"],
                "Negative NUMERIC value cannot be raised to a fractional power: POW(-2, 0.5)",
            ),
        ] {
            assert_eq!(numeric(function, arguments).unwrap_err(), wanted);
        }
        assert_eq!(big("exp", &["90"]).unwrap_err(), "BIGNUMERIC overflow: EXP(90)");
    }
}
