//! Arithmetic of FLOAT64 and NUMERIC with BigQuery's errors.

use duckdb::arrow::datatypes::i256;

/// An operator of FLOAT64.
#[derive(Debug, Clone, Copy, Default)]
pub(super) enum Operator {
    #[default]
    Add,
    Subtract,
    Multiply,
    Divide,
}

impl Operator {
    pub(super) fn apply(self, left: f64, right: f64) -> Result<f64, String> {
        let (sign, result) = match self {
            Self::Add => ('+', left + right),
            Self::Subtract => ('-', left - right),
            Self::Multiply => ('*', left * right),
            Self::Divide => {
                if right == 0.0 {
                    return Err(format!("division by zero: {} / {}", float_text(left), float_text(right)));
                }
                ('/', left / right)
            }
        };
        if result.is_infinite() && left.is_finite() && right.is_finite() {
            return Err(format!("double overflow: {} {sign} {}", float_text(left), float_text(right)));
        }
        Ok(result)
    }
}

/// FLOAT64 as text: `1.5`, `1`, `1e+20`, `NaN`, `inf`.
pub(super) fn float_text(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    // BigQuery writes 15 digits, and 17 if 15 digits are another number.
    let short = general(value, 15);
    if short.parse() == Ok(value) { short } else { general(value, 17) }
}

/// The sign, the digits and the exponent of the first digit of a number that is not zero. The digits are as few as the
/// number needs.
pub(super) fn scientific(value: f64) -> (&'static str, String, i32) {
    let text = format!("{:e}", value.abs());
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let sign = if value < 0.0 { "-" } else { "" };
    (sign, mantissa.replace('.', ""), exponent.parse().unwrap_or_default())
}

/// A finite number with so many digits at most, like `%g` in C.
fn general(value: f64, digits: usize) -> String {
    let scientific = format!("{value:.*e}", digits - 1);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let limit = i32::try_from(digits).unwrap_or(i32::MAX);
    let (number, end) = if (-4..limit).contains(&exponent) {
        let places = usize::try_from(limit - 1 - exponent).unwrap_or_default();
        (format!("{value:.places$}"), String::new())
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        (mantissa.to_owned(), format!("e{sign}{:02}", exponent.abs()))
    };
    let number = if number.contains('.') {
        number.trim_end_matches('0').trim_end_matches('.')
    } else {
        number.as_str()
    };
    format!("{number}{end}")
}

/// A mathematical function.
pub(super) fn math(name: &str, x: f64, other: Option<f64>) -> Result<f64, String> {
    let upper = name.to_uppercase();
    let domain = |is_valid: bool, result: f64| {
        if is_valid || x.is_nan() {
            Ok(result)
        } else {
            Err(format!("Argument to {upper} is out of range: {}", float_text(x)))
        }
    };
    let finite = |result: f64| {
        let given = x.is_finite() && other.is_none_or(f64::is_finite);
        if given && !result.is_finite() {
            Err(format!("Floating point error in function: {upper}({})", float_text(x)))
        } else {
            Ok(result)
        }
    };
    match (name, other) {
        ("sqrt", _) => domain(x >= 0.0, x.sqrt()),
        ("ln", None) => domain(x > 0.0, x.ln()),
        ("log10", _) => domain(x > 0.0, x.log10()),
        ("log", Some(base)) if x == f64::NEG_INFINITY || base == f64::INFINITY => Ok(f64::NAN),
        ("log", Some(base)) => {
            if base <= 0.0 || base == 1.0 {
                return Err(format!(
                    "Floating point error in function: LOG({}, {})",
                    float_text(x),
                    float_text(base)
                ));
            }
            domain(
                x > 0.0,
                if base == 10.0 {
                    x.log10()
                } else if base == 2.0 {
                    x.log2()
                } else {
                    x.ln() / base.ln()
                },
            )
        }
        ("exp", _) => finite(x.exp()),
        ("pow", Some(y)) => {
            if x == 0.0 && y < 0.0 {
                return Err(format!(
                    "Floating point error in function: POW({}, {})",
                    float_text(x),
                    float_text(y)
                ));
            }
            finite(x.powf(y))
        }
        ("acos", _) => domain((-1.0..=1.0).contains(&x), x.acos()),
        ("asin", _) => domain((-1.0..=1.0).contains(&x), x.asin()),
        ("acosh", _) => domain(x >= 1.0, x.acosh()),
        ("atanh", _) => domain(x > -1.0 && x < 1.0, x.atanh()),
        ("asinh", _) => Ok(x.asinh()),
        ("atan", _) => Ok(x.atan()),
        ("atan2", Some(y)) => Ok(x.atan2(y)),
        ("cos", _) => Ok(x.cos()),
        ("sin", _) => Ok(x.sin()),
        ("tan", _) => Ok(x.tan()),
        ("cosh", _) => finite(x.cosh()),
        ("sinh", _) => finite(x.sinh()),
        ("tanh", _) => Ok(x.tanh()),
        ("cbrt", _) => Ok(x.cbrt()),
        ("cot", _) => finite(x.tan().recip()),
        ("coth", _) => finite(x.tanh().recip()),
        ("csc", _) => finite(x.sin().recip()),
        ("csch", _) => finite(x.sinh().recip()),
        ("sec", _) => finite(x.cos().recip()),
        ("sech", _) => Ok(x.cosh().recip()),
        ("sign", _) => Ok(if x == 0.0 || x.is_nan() { x } else { x.signum() }),
        _ => Err(format!("The warehouse has no function {name}")),
    }
}

/// ROUND (half away from zero) or TRUNC to a number of digits.
pub(super) fn float_digits(value: f64, digits: i64, is_round: bool) -> f64 {
    if !value.is_finite() || digits > 300 {
        return value;
    }
    if digits < -308 {
        return 0.0;
    }
    let digits = i32::try_from(digits).unwrap_or_default();
    let factor = 10f64.powi(digits.abs());
    let scaled = if digits >= 0 { value * factor } else { value / factor };
    if !scaled.is_finite() {
        return value;
    }
    let whole = if is_round { scaled.round() } else { scaled.trunc() };
    if digits >= 0 { whole / factor } else { whole * factor }
}

/// The greatest NUMERIC without its point.
const GREATEST: i128 = 99_999_999_999_999_999_999_999_999_999_999_999_999;

fn power(exponent: u32) -> i256 {
    i256::from_i128(10i128.pow(exponent.min(38)))
}

/// Division by a positive number, half away from zero.
fn rounded(value: i256, divisor: i256) -> Option<i256> {
    let (quotient, rest) = (value.checked_div(divisor)?, value.checked_rem(divisor)?);
    let twice = rest.wrapping_abs().checked_mul(i256::from_i128(2))?;
    if twice >= divisor {
        let one = i256::from_i128(if value.is_negative() { -1 } else { 1 });
        return quotient.checked_add(one);
    }
    Some(quotient)
}

fn checked(value: Option<i256>, what: &str) -> Result<i128, String> {
    value
        .and_then(i256::to_i128)
        .filter(|value| (-GREATEST..=GREATEST).contains(value))
        .ok_or_else(|| format!("numeric overflow: {what}"))
}

fn shown(value: i128, scale: i8) -> String {
    let scale = usize::try_from(scale).unwrap_or_default();
    let digits = format!("{:0width$}", value.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let fraction = fraction.trim_end_matches('0');
    let sign = if value < 0 { "-" } else { "" };
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

/// A decimal as a whole number of its smallest unit.
fn unscaled(text: &str, scale: i8) -> Result<i128, String> {
    let scale = usize::try_from(scale).unwrap_or_default();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let padded: String = fraction.chars().chain(std::iter::repeat('0')).take(scale).collect();
    format!("{whole}{padded}")
        .parse::<i128>()
        .map(|own| sign * own)
        .map_err(|_| format!("Invalid NUMERIC value: {text}"))
}

/// Calls the function `name` of decimals as texts. `None` if it is in another module.
pub(super) fn call(name: &str, arguments: &[&str]) -> Option<super::Outcome> {
    let operator = name.strip_prefix("numeric_")?;
    let scale = 9;
    let [left, right] = arguments else { return None };
    let computed = || -> Result<i128, String> {
        let own = unscaled(left, scale)?;
        match operator {
            "multiply" => multiply(own, unscaled(right, scale)?, scale),
            "divide" => divide(own, unscaled(right, scale)?, scale),
            _ => decimal_digits(own, super::integer(right)?, scale, operator == "round"),
        }
    };
    Some(computed().map(|value| Some(shown(value, scale))))
}

/// The product of two decimals.
fn multiply(left: i128, right: i128, scale: i8) -> Result<i128, String> {
    let product = i256::from_i128(left).checked_mul(i256::from_i128(right));
    let result =
        product.and_then(|product| rounded(product, power(u32::try_from(scale).unwrap_or_default())));
    checked(result, &format!("{} * {}", shown(left, scale), shown(right, scale)))
}

/// The quotient of two decimals.
fn divide(left: i128, right: i128, scale: i8) -> Result<i128, String> {
    if right == 0 {
        return Err(format!("division by zero: {} / {}", shown(left, scale), shown(right, scale)));
    }
    let left_signed = if right < 0 { left.checked_neg() } else { Some(left) };
    let scaled = left_signed
        .and_then(|left| i256::from_i128(left).checked_mul(power(u32::try_from(scale).unwrap_or_default())));
    let result = scaled.and_then(|scaled| rounded(scaled, i256::from_i128(right).wrapping_abs()));
    checked(result, &format!("{} / {}", shown(left, scale), shown(right, scale)))
}

/// ROUND (half away from zero) or TRUNC of a decimal to a number of digits.
fn decimal_digits(value: i128, digits: i64, scale: i8, is_round: bool) -> Result<i128, String> {
    let drop = i64::from(scale).saturating_sub(digits);
    if drop <= 0 {
        return Ok(value);
    }
    if drop > 38 {
        return Ok(0);
    }
    let unit = power(u32::try_from(drop).unwrap_or(38));
    let own = i256::from_i128(value);
    let whole = if is_round { rounded(own, unit) } else { own.checked_div(unit) };
    checked(
        whole.and_then(|whole| whole.checked_mul(unit)),
        &format!("ROUND({}, {digits})", shown(value, scale)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_written_as_bigquery_does() {
        for (value, text) in [
            (1.0, "1"),
            (1.5, "1.5"),
            (0.1, "0.1"),
            (1e20, "1e+20"),
            (1e-7, "1e-07"),
            (123_456_789.123, "123456789.123"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-inf"),
            (1e15, "1e+15"),
            (-0.0, "0"),
            (123_456_789_012_345.0, "123456789012345"),
            (1e-5, "1e-05"),
            (0.0001, "0.0001"),
            (0.1 + 0.2, "0.30000000000000004"),
            (4_611_686_018_427_387_904.0, "4.6116860184273879e+18"),
        ] {
            assert_eq!(float_text(value), text);
        }
    }

    #[test]
    fn decimals_are_exact_and_rounded_away_from_zero() {
        assert_eq!(divide(1_000_000_000, 3_000_000_000, 9).unwrap(), 333_333_333);
        assert_eq!(divide(-2_000_000_000, 3_000_000_000, 9).unwrap(), -666_666_667);
        assert_eq!(multiply(1_500_000_000, 1_500_000_000, 9).unwrap(), 2_250_000_000);
        assert_eq!(decimal_digits(1_250_000_000, 1, 9, true).unwrap(), 1_300_000_000);
        assert_eq!(decimal_digits(-1_250_000_000, 1, 9, false).unwrap(), -1_200_000_000);
        assert!(divide(1, 0, 9).unwrap_err().contains("division by zero"));
        assert!(multiply(GREATEST, 2_000_000_000, 9).unwrap_err().contains("overflow"));
    }
}
