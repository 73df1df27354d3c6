//! BIGNUMERIC: exact decimals with 38 digits after the point.
//!
//! DuckDB keeps a BIGNUMERIC as a BIGNUM, the whole number of its smallest unit. So DuckDB compares, sorts, groups and
//! adds the numbers itself. The functions here get and return the texts of such whole numbers.
//!
//! The module must not know types of columns. To add a function, add a branch in [`call`].

use super::{Outcome, integer};
use num_bigint::{BigInt, Sign};

/// The number of digits after the point.
pub(super) const SCALE: i64 = 38;

/// The most elements that GENERATE_ARRAY makes.
const LONGEST_ARRAY: usize = 1_048_575;

/// One as a whole number of the smallest unit.
fn one() -> BigInt {
    power(SCALE)
}

/// A power of ten.
pub(super) fn power(exponent: i64) -> BigInt {
    BigInt::from(10).pow(u32::try_from(exponent).unwrap_or_default())
}

/// Whether BIGNUMERIC has the number. It has those of 256 bits.
pub(super) fn fits(units: &BigInt) -> bool {
    let limit = BigInt::from(1) << 255;
    *units < limit && *units >= -limit
}

/// Whether NUMERIC has the number: 29 digits before the point, and 9 after the point.
pub(super) fn is_numeric(units: &BigInt) -> bool {
    units % power(SCALE - 9) == BigInt::ZERO && units.magnitude() < power(SCALE + 29).magnitude()
}

/// Division by a positive number, half away from zero.
pub(super) fn rounded(value: &BigInt, divisor: &BigInt) -> BigInt {
    let half = divisor / 2;
    if value.sign() == Sign::Minus { (value - half) / divisor } else { (value + half) / divisor }
}

/// Reads a decimal as a whole number of its smallest unit. More digits than 38 after the point are rounded, or refused
/// if `is_exact`. `None` if the text is no BIGNUMERIC.
pub(crate) fn parse(text: &str, is_exact: bool) -> Option<BigInt> {
    let plain = text.trim();
    let (negative, rest) = match plain.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, plain.strip_prefix('+').unwrap_or(plain)),
    };
    let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
        None => (rest, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number || digits.len() > 1_000 || exponent.abs() > 1_000 {
        return None;
    }
    let own: BigInt = digits.parse().ok()?;
    let places = SCALE + exponent - i64::try_from(fraction.len()).ok()?;
    let units = if places >= 0 {
        own * power(places)
    } else {
        let divisor = power(-places);
        if is_exact && &own % &divisor != BigInt::ZERO {
            return None;
        }
        rounded(&own, &divisor)
    };
    let units = if negative { -units } else { units };
    fits(&units).then_some(units)
}

/// A BIGNUMERIC as CAST writes it, without needless zeros.
pub(crate) fn shown(units: &BigInt) -> String {
    let scale = usize::try_from(SCALE).unwrap_or_default();
    let digits = format!("{:0>width$}", units.magnitude().to_string(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let fraction = fraction.trim_end_matches('0');
    let sign = if units.sign() == Sign::Minus { "-" } else { "" };
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

/// The whole number in the bytes of DuckDB's BIGNUM. Three bytes have the sign and the length, and the digits of 256
/// follow, the greatest first. All bytes of a negative number are inverted, so that the bytes sort like the numbers.
pub(crate) fn of_bytes(bytes: &[u8]) -> Option<BigInt> {
    let (head, digits) = bytes.split_at_checked(3)?;
    if head.first()? & 0x80 != 0 {
        return Some(BigInt::from_bytes_be(Sign::Plus, digits));
    }
    let inverted: Vec<u8> = digits.iter().map(|byte| !byte).collect();
    Some(BigInt::from_bytes_be(Sign::Minus, &inverted))
}

/// Calls the function `name`. `None` if it is in another module.
pub(super) fn call(name: &str, arguments: &[&str]) -> Option<Outcome> {
    if name == "bignumeric" {
        let [text] = arguments else { return None };
        let read = parse(text, false).ok_or_else(|| format!("Invalid BIGNUMERIC value: {text}"));
        return Some(read.map(|units| Some(units.to_string())));
    }
    let function = name.strip_prefix("bignumeric_")?;
    if let ("of_float", [text]) = (function, arguments) {
        return Some(of_float(text));
    }
    if let ("numeric_of_float", [text]) = (function, arguments) {
        return Some(numeric_of_float(text));
    }
    let (first, rest) = arguments.split_first()?;
    let own = match first.parse::<BigInt>() {
        Ok(own) => own,
        Err(_) => return Some(Err(format!("Invalid BIGNUMERIC value: {first}"))),
    };
    match rest {
        [digits, mode] if function == "round_as" => Some(round_as(&own, digits, mode)),
        [last, step] if function == "array" => Some(array(own, last, step)),
        [] => unary(function, &own),
        [second] => binary(function, &own, second),
        _ => None,
    }
}

/// The array from one number to another.
fn array(first: BigInt, last: &str, step: &str) -> Outcome {
    let (Ok(last), Ok(step)) = (last.parse::<BigInt>(), step.parse::<BigInt>()) else { return Ok(None) };
    if step == BigInt::ZERO {
        return Err("Sequence step cannot be 0.".to_owned());
    }
    let mut all = Vec::new();
    let mut next = first;
    while if step.sign() == Sign::Minus { next >= last } else { next <= last } {
        if all.len() == LONGEST_ARRAY {
            return Err(format!("Cannot generate arrays with more than {LONGEST_ARRAY} elements."));
        }
        all.push(format!("\"{next}\""));
        next += &step;
    }
    Ok(Some(format!("[{}]", all.join(","))))
}

fn overflow(what: &str) -> String {
    format!("BIGNUMERIC overflow: {what}")
}

fn checked(units: BigInt, what: impl FnOnce() -> String) -> Outcome {
    if fits(&units) { Ok(Some(units.to_string())) } else { Err(overflow(&what())) }
}

fn unary(function: &str, own: &BigInt) -> Option<Outcome> {
    let written = || format!("{}({})", function.to_uppercase(), shown(own));
    let floor = || {
        let whole = own / one();
        if *own < &whole * one() { whole - 1 } else { whole }
    };
    Some(match function {
        "text" => Ok(Some(shown(own))),
        "int64" => match i64::try_from(rounded(own, &one())) {
            Ok(whole) => Ok(Some(whole.to_string())),
            Err(_) => Err(format!("int64 out of range: {}", shown(own))),
        },
        "numeric" => {
            let unit = power(SCALE - 9);
            let kept = rounded(own, &unit) * unit;
            if is_numeric(&kept) {
                Ok(Some(shown(&kept)))
            } else {
                Err(format!("numeric out of range: {}", shown(own)))
            }
        }
        "sum" => checked(own.clone(), || "SUM".to_owned()),
        "negate" => checked(-own, || format!("-({})", shown(own))),
        "abs" => checked(BigInt::from(own.magnitude().clone()), written),
        "sign" => {
            let sign = match own.sign() {
                Sign::Minus => -1,
                Sign::NoSign => 0,
                Sign::Plus => 1,
            };
            checked(one() * sign, written)
        }
        "floor" => checked(floor() * one(), written),
        "ceil" => {
            let whole = floor();
            let up = if &whole * one() == *own { whole } else { whole + 1 };
            checked(up * one(), written)
        }
        _ => return None,
    })
}

fn binary(function: &str, own: &BigInt, second: &str) -> Option<Outcome> {
    if matches!(function, "round" | "trunc") {
        return Some(integer(second).and_then(|digits| to_digits(own, digits, function == "round")));
    }
    let Ok(other) = second.parse::<BigInt>() else {
        return Some(Err(format!("Invalid BIGNUMERIC value: {second}")));
    };
    let is_zero = other == BigInt::ZERO;
    let written = |operator: &str| format!("{} {operator} {}", shown(own), shown(&other));
    let called = || format!("{}({}, {})", function.to_uppercase(), shown(own), shown(&other));
    Some(match function {
        "add" => checked(own + &other, || written("+")),
        "subtract" => checked(own - &other, || written("-")),
        "multiply" => checked(rounded(&(own * &other), &one()), || written("*")),
        "divide" if is_zero => Err(format!("division by zero: {}", written("/"))),
        "div" | "mod" if is_zero => Err(format!("division by zero: {}", called())),
        "divide" => checked(quotient(&(own * one()), &other), || written("/")),
        "div" => checked(own / &other * one(), called),
        "mod" => checked(own % &other, called),
        // The second number counts rows, and has no units.
        "average" if is_zero => Ok(None),
        "average" => checked(quotient(own, &other), || "AVG".to_owned()),
        _ => return None,
    })
}

/// Division by a number of any sign, half away from zero.
fn quotient(value: &BigInt, divisor: &BigInt) -> BigInt {
    if divisor.sign() == Sign::Minus { rounded(&-value, &-divisor) } else { rounded(value, divisor) }
}

/// ROUND (half away from zero) or TRUNC to a number of digits.
fn to_digits(own: &BigInt, digits: i64, is_round: bool) -> Outcome {
    let dropped = SCALE.saturating_sub(digits);
    if dropped <= 0 {
        return Ok(Some(own.to_string()));
    }
    if dropped > 2 * SCALE + 2 {
        return Ok(Some("0".to_owned()));
    }
    let unit = power(dropped);
    let kept = if is_round { rounded(own, &unit) } else { own / &unit };
    checked(kept * unit, || format!("ROUND({}, {digits})", shown(own)))
}

/// ROUND with the name of its way to round.
fn round_as(own: &BigInt, digits: &str, mode: &str) -> Outcome {
    let digits = integer(digits)?;
    match mode.to_ascii_uppercase().as_str() {
        "ROUND_HALF_AWAY_FROM_ZERO" => to_digits(own, digits, true),
        "ROUND_HALF_EVEN" => {
            let dropped = SCALE.saturating_sub(digits);
            if dropped <= 0 {
                return Ok(Some(own.to_string()));
            }
            // No number has more digits before the point than this.
            let unit = power(dropped.min(3 * SCALE));
            let (mut kept, rest) = (own / &unit, own % &unit);
            let twice = BigInt::from(rest.magnitude() * 2u32);
            if twice > unit || (twice == unit && kept.bit(0)) {
                kept += if own.sign() == Sign::Minus { -1 } else { 1 };
            }
            checked(kept * unit, || format!("ROUND({}, {digits}, {mode})", shown(own)))
        }
        _ => Err(format!("Invalid rounding mode: {mode}")),
    }
}

/// A FLOAT64 as the nearest NUMERIC, from the text of the FLOAT64.
fn numeric_of_float(text: &str) -> Outcome {
    let invalid = || format!("Invalid NUMERIC value: {text}");
    let units = of_float(text).map_err(|_| invalid())?.unwrap_or_default();
    let own: BigInt = units.parse().map_err(|_| invalid())?;
    unary("numeric", &own).unwrap_or_else(|| Err(invalid()))
}

/// A FLOAT64 as the nearest BIGNUMERIC, from the text of the FLOAT64.
fn of_float(text: &str) -> Outcome {
    let own = text.parse::<f64>().ok().filter(|own| own.is_finite());
    // A number that is not zero after rounding has less than 200 binary digits after the point, and as many decimal ones.
    match own.and_then(|own| parse(&format!("{own:.200}"), false)) {
        Some(units) => Ok(Some(units.to_string())),
        None => Err(format!("Invalid BIGNUMERIC value: {text}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(function: &str, arguments: &[&str]) -> Result<String, String> {
        let units: Vec<String> = arguments
            .iter()
            .map(|text| parse(text, true).map_or_else(|| (*text).to_owned(), |own| own.to_string()))
            .collect();
        let units: Vec<&str> = units.iter().map(String::as_str).collect();
        let found = call(&format!("bignumeric_{function}"), &units).unwrap()?.unwrap_or_default();
        Ok(found.parse::<BigInt>().map_or(found, |own| shown(&own)))
    }

    #[test]
    fn all_digits_are_kept() {
        let greatest = "578960446186580977117854925043439539266.34992332820282019728792003956564819967";
        let least = "-578960446186580977117854925043439539266.34992332820282019728792003956564819968";
        for text in [greatest, least, "0", "-1.5", "0.00000000000000000000000000000000000001"] {
            assert_eq!(shown(&parse(text, true).unwrap()), text);
        }
        assert_eq!(parse(&greatest.replace("67", "68"), true), None);
        assert_eq!(parse("1e-39", true), None);
        assert_eq!(shown(&parse("5e-39", false).unwrap()), "0.00000000000000000000000000000000000001");
        assert_eq!(parse("1e39", true), None);
        assert_eq!(parse("1x", false), None);
        assert_eq!(parse("", false), None);
    }

    #[test]
    fn results_are_exact_and_rounded_away_from_zero() {
        for (function, arguments, wanted) in [
            ("multiply", &["-1.5", "0.1"][..], "-0.15"),
            ("divide", &["1", "3"], "0.33333333333333333333333333333333333333"),
            ("divide", &["2", "-3"], "-0.66666666666666666666666666666666666667"),
            ("div", &["-7", "2"], "-3"),
            ("mod", &["-7.5", "2"], "-1.5"),
            ("floor", &["-1.5"], "-2"),
            ("ceil", &["-1.5"], "-1"),
            ("sign", &["-1.5"], "-1"),
            ("abs", &["-1.5"], "1.5"),
        ] {
            assert_eq!(run(function, arguments).unwrap(), wanted, "{function}");
        }
        let least = "-578960446186580977117854925043439539266.34992332820282019728792003956564819968";
        assert!(run("negate", &[least]).unwrap_err().contains("BIGNUMERIC overflow"));
        assert!(run("add", &[least, "-1"]).unwrap_err().contains("BIGNUMERIC overflow"));
        assert!(run("divide", &["1", "0"]).unwrap_err().contains("division by zero: 1 / 0"));
    }

    #[test]
    fn halves_are_rounded_as_the_mode_says() {
        for (own, digits, even) in [
            ("2.5", "0", "2"),
            ("-3.5", "0", "-4"),
            ("1.25", "1", "1.2"),
            ("1.2500001", "1", "1.3"),
            ("15", "-1", "20"),
        ] {
            let units = parse(own, true).unwrap().to_string();
            let rounded = call("bignumeric_round_as", &[&units, digits, "ROUND_HALF_EVEN"]).unwrap().unwrap();
            assert_eq!(shown(&rounded.unwrap().parse().unwrap()), even, "{own}");
        }
        assert!(call("bignumeric_round_as", &["1", "0", "UP"]).unwrap().is_err());
    }

    #[test]
    fn a_float_has_all_of_its_digits() {
        let units = of_float("0.1").unwrap().unwrap().parse().unwrap();
        assert_eq!(shown(&units), "0.10000000000000000555111512312578270212");
        assert!(of_float("inf").is_err());
    }
}
