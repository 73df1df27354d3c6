//! Decimal numbers of any size, as an integer and the number of digits after the point.

use num_bigint::BigInt;

/// The most digits of a number in a text, and the largest exponent.
const LONGEST: usize = 2000;

/// The integer of a number in a text. Digits beyond the scale are rounded to the nearest, and to an even digit if two
/// are as near. None if the text is no number.
pub(super) fn unscaled(text: &str, scale: usize) -> Option<BigInt> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let plain = whole.strip_prefix(['+', '-']).unwrap_or(whole);
    let is_number = plain.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit())
        && mantissa.bytes().any(|byte| byte.is_ascii_digit());
    if !is_number || text.len() > LONGEST || exponent.unsigned_abs() as usize > LONGEST {
        return None;
    }
    let digits: BigInt = format!("{whole}{fraction}").parse().ok()?;
    let shift = i64::from(exponent) + i64::try_from(scale).ok()? - i64::try_from(fraction.len()).ok()?;
    let power = |count: i64| Some(BigInt::from(10).pow(u32::try_from(count).ok()?));
    if shift >= 0 {
        return Some(digits * power(shift)?);
    }
    let divisor = power(-shift)?;
    let (quotient, rest) = (&digits / &divisor, &digits % &divisor);
    let twice = BigInt::from(2) * BigInt::from(rest.magnitude().clone());
    let is_odd = quotient.bit(0);
    let rounds_away = twice > divisor || (twice == divisor && is_odd);
    let is_negative = digits.sign() == num_bigint::Sign::Minus;
    Some(match (rounds_away, is_negative) {
        (false, _) => quotient,
        (true, false) => quotient + 1,
        (true, true) => quotient - 1,
    })
}

/// The number of digits of an integer.
pub(super) fn digits(unscaled: &BigInt) -> usize {
    if unscaled.magnitude() == BigInt::ZERO.magnitude() { 1 } else { unscaled.magnitude().to_string().len() }
}

/// The text of a number: its integer as digits, and the number of digits after the point. A negative scale adds zeros.
pub(crate) fn text(unscaled: &str, scale: i64) -> String {
    let (sign, digits) = match unscaled.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", unscaled),
    };
    let Ok(after) = usize::try_from(scale) else {
        let zeros = if digits == "0" { 0 } else { usize::try_from(-scale).unwrap_or_default().min(LONGEST) };
        return format!("{sign}{digits}{}", "0".repeat(zeros));
    };
    if after == 0 {
        return unscaled.to_owned();
    }
    let padded = format!("{digits:0>width$}", width = after + 1);
    let (whole, fraction) = padded.split_at_checked(padded.len() - after).unwrap_or((&padded, ""));
    format!("{sign}{whole}.{fraction}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_become_integers() {
        for (given, scale, expected) in [
            ("12.5", 2, "1250"),
            ("-0.07", 2, "-7"),
            ("+3", 0, "3"),
            ("1e3", 2, "100000"),
            ("1.5e-1", 2, "15"),
            (".5", 1, "5"),
            ("2.", 1, "20"),
            ("0.125", 2, "12"),
            ("0.135", 2, "14"),
            ("-0.135", 2, "-14"),
            ("0.1251", 2, "13"),
            ("12345678901234567890123456789012345678.5", 1, "123456789012345678901234567890123456785"),
        ] {
            assert_eq!(unscaled(given, scale).unwrap().to_string(), expected, "{given}");
        }
        for wrong in ["", ".", "-", "x", "1.2.3", "1,5", "1e", "1e99999", "0x10", "NaN", "1.-5", "1_0"] {
            assert_eq!(unscaled(wrong, 2), None, "{wrong}");
        }
    }

    #[test]
    fn integers_become_texts() {
        for (given, scale, expected) in
            [("1250", 2, "12.50"), ("-7", 2, "-0.07"), ("3", 0, "3"), ("5", -2, "500"), ("0", -2, "0")]
        {
            assert_eq!(text(given, scale), expected);
        }
        assert_eq!(digits(&BigInt::from(-1250)), 4);
        assert_eq!(digits(&BigInt::ZERO), 1);
    }
}
