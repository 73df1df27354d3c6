//! The digits of `%f`, `%e` and `%g`, of floats and of decimals.
//!
//! A decimal is its text, so that no digit is lost. Signs, widths and flags but `#` are those of `format`.

/// A decimal with this number of digits after the point, rounded half away from zero.
pub(super) fn fixed(text: &str, precision: usize) -> String {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut digits: Vec<u8> =
        whole.bytes().chain(fraction.bytes().chain(std::iter::repeat(b'0')).take(precision)).collect();
    let up = fraction.as_bytes().get(precision).is_some_and(|digit| *digit >= b'5');
    let mut index = digits.len();
    let mut carry = up;
    while carry && index > 0 {
        index -= 1;
        if let Some(digit) = digits.get_mut(index) {
            carry = *digit == b'9';
            *digit = if carry { b'0' } else { *digit + 1 };
        }
    }
    if carry {
        digits.insert(0, b'1');
    }
    let text: String = digits.into_iter().map(char::from).collect();
    let (whole, fraction) = text.split_at(text.len() - precision);
    if precision == 0 { whole.to_owned() } else { format!("{whole}.{fraction}") }
}

/// A decimal as `1.5e+03`, rounded half away from zero.
pub(super) fn decimal_scientific(text: &str, precision: usize) -> String {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let all = format!("{whole}{fraction}");
    let significant = all.trim_start_matches('0');
    let Some((first, rest)) = significant.split_at_checked(1) else { return scientific(0.0, precision) };
    let size = |own: usize| i64::try_from(own).unwrap_or_default();
    let mut exponent = size(whole.len()) - size(all.len() - significant.len()) - 1;
    let mut mantissa = fixed(&format!("{first}.{rest}"), precision);
    if mantissa.starts_with("10") {
        exponent += 1;
        mantissa = fixed("1", precision);
    }
    format!("{mantissa}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
}

/// A decimal with this number of digits, as `1500` or `1.5e+03`.
pub(super) fn decimal_general(text: &str, precision: usize, alternate: bool) -> String {
    let precision = precision.max(1);
    let own = decimal_scientific(text, precision - 1);
    let (mantissa, exponent) = own.split_once('e').unwrap_or((&own, "+00"));
    let power: i64 = exponent.parse().unwrap_or_default();
    let whole = i64::try_from(precision).unwrap_or(i64::MAX);
    if power >= -4 && power < whole {
        let after = usize::try_from(whole - 1 - power).unwrap_or_default();
        return without_zeros(&fixed(text, after), alternate);
    }
    format!("{}e{exponent}", without_zeros(mantissa, alternate))
}

/// A number as `1.5e+03`.
pub(super) fn scientific(number: f64, precision: usize) -> String {
    let text = format!("{number:.precision$e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    format!("{mantissa}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
}

/// A number with this number of digits, as `1500` or `1.5e+03`.
pub(super) fn general(number: f64, precision: usize, alternate: bool) -> String {
    let precision = precision.max(1);
    let text = scientific(number, precision - 1);
    let exponent: i64 =
        text.split_once('e').and_then(|(_, exponent)| exponent.parse().ok()).unwrap_or_default();
    let fits = exponent >= -4 && exponent < i64::try_from(precision).unwrap_or(i64::MAX);
    if fits && number != 0.0 || number == 0.0 {
        let after =
            usize::try_from(i64::try_from(precision).unwrap_or_default() - 1 - exponent).unwrap_or_default();
        return without_zeros(&format!("{number:.after$}"), alternate);
    }
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "+00"));
    format!("{}e{exponent}", without_zeros(mantissa, alternate))
}

/// The digits of `%g`, which has no zeros at the end, unless its flag is `#`.
fn without_zeros(digits: &str, alternate: bool) -> String {
    if alternate || !digits.contains('.') {
        return digits.to_owned();
    }
    digits.trim_end_matches('0').trim_end_matches('.').to_owned()
}
