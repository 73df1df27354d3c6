//! PERCENTILE_CONT of NUMERIC and BIGNUMERIC: exact, and rounded once.
//!
//! DuckDB sorts the values. The functions here say between which of them the percentile is, and compute the number
//! between the two.

use super::bignumeric::{SCALE, parse, power, rounded, shown};
use super::{Outcome, integer};
use num_bigint::BigInt;

/// Calls the function `name`. `None` if it is in another module.
pub(super) fn call(name: &str, arguments: &[&str]) -> Option<Outcome> {
    match (name, arguments) {
        ("percentile_place", [fraction, count]) => Some(place(fraction, count)),
        ("percentile_numeric", [fraction, count, low, high]) => Some(numeric(fraction, count, low, high)),
        ("percentile_bignumeric", [fraction, count, low, high]) => Some(big(fraction, count, low, high)),
        _ => None,
    }
}

/// The distance from the first value in units of BIGNUMERIC, where neighbors have a distance of one.
fn distance(fraction: &str, count: &str) -> Result<BigInt, String> {
    let own = parse(fraction, false).ok_or_else(|| format!("Invalid NUMERIC value: {fraction}"))?;
    if own < BigInt::ZERO || own > power(SCALE) {
        return Err("The percentile must be between 0 and 1".to_owned());
    }
    Ok(own * (integer(count)? - 1).max(0))
}

/// The number of the value before the percentile, from 1, and 0 or 1 for whether the percentile is this value.
fn place(fraction: &str, count: &str) -> Outcome {
    let distance = distance(fraction, count)?;
    let (whole, rest): (BigInt, BigInt) = (&distance / power(SCALE), &distance % power(SCALE));
    Ok(Some(format!("{} {}", whole + 1, i32::from(rest == BigInt::ZERO))))
}

/// The number between two values, with this many digits after the point more than the values have.
fn between(fraction: &str, count: &str, low: &BigInt, high: &BigInt) -> Result<BigInt, String> {
    let rest = distance(fraction, count)? % power(SCALE);
    Ok(low * (power(SCALE) - &rest) + high * rest)
}

fn numeric(fraction: &str, count: &str, low: &str, high: &str) -> Outcome {
    let own = |text: &str| parse(text, true).ok_or_else(|| format!("Invalid NUMERIC value: {text}"));
    let dropped = power(SCALE - 9);
    let kept = rounded(&between(fraction, count, &own(low)?, &own(high)?)?, &(power(SCALE) * &dropped));
    Ok(Some(shown(&(kept * dropped))))
}

fn big(fraction: &str, count: &str, low: &str, high: &str) -> Outcome {
    let own = |text: &str| text.parse::<BigInt>().map_err(|_| format!("Invalid BIGNUMERIC value: {text}"));
    Ok(Some(rounded(&between(fraction, count, &own(low)?, &own(high)?)?, &power(SCALE)).to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_between_two_values_is_rounded_once() {
        assert_eq!(place("0.2", "9").unwrap().unwrap(), "2 0");
        assert_eq!(place("0.25", "9").unwrap().unwrap(), "3 1");
        assert_eq!(place("1", "9").unwrap().unwrap(), "9 1");
        let (least, low) =
            ("-99999999999999999999999999999.999999999", "-10000000000000000000000000000.000000001");
        assert_eq!(numeric("0.2", "9", least, low).unwrap().unwrap(), "-46000000000000000000000000000");
        assert_eq!(
            numeric("0.3", "9", low, "-0.000000001").unwrap().unwrap(),
            "-6000000000000000000000000000.000000001"
        );
        assert_eq!(big("0.5", "2", "-3", "0").unwrap().unwrap(), "-2");
        assert!(place("1.1", "2").is_err() && place("-0.1", "2").is_err());
    }
}
