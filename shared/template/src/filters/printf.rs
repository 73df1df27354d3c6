//! Formats values as `java.util.Formatter` does: `%s`, `%d`, `%5.2f`, `%x`, `%,d` and similar.

use crate::error::Fault;
use crate::java::{self, as_double, as_long};
use crate::nesting;
use crate::run::Run;
use minijinja::Value;

/// One specification of a format, from `%` to the letter.
#[derive(Debug, Default)]
struct Spec {
    index: Option<usize>,
    left: bool,
    zero: bool,
    plus: bool,
    space: bool,
    group: bool,
    parenthesis: bool,
    alternate: bool,
    width: usize,
    precision: Option<usize>,
}

/// The largest width that a value may be padded to, in characters.
const MAX_WIDTH: usize = 10_000;

/// Formats values with a Java format, and takes steps for the result.
pub(super) fn format(run: &Run, template: &str, values: &[Value]) -> Result<String, Fault> {
    write(template, values, &mut |value, written| {
        nesting::weigh(run, value)?;
        // Steps are taken while the text grows, because a short format may use one long text a thousand times.
        run.charge(1 + written / 32)
    })
}

/// Calls `grows` before each value is written. Its arguments are the value and the smallest length of the text
/// afterwards. `grows` may return an error.
fn write(
    template: &str,
    values: &[Value],
    grows: &mut dyn FnMut(&Value, usize) -> Result<(), Fault>,
) -> Result<String, Fault> {
    let mut out = String::with_capacity(template.len());
    let mut chars = template.chars().peekable();
    let mut next = 0;
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let spec = spec(&mut chars)?;
        let Some(conversion) = chars.next() else { return Err("Conversion = '%'".into()) };
        if conversion == '%' {
            out.push_str(&pad(&spec, "%".to_owned(), false));
            continue;
        }
        if conversion == 'n' {
            out.push('\n');
            continue;
        }
        let place = spec.index.unwrap_or_else(|| {
            next += 1;
            next - 1
        });
        let value =
            values.get(place).ok_or_else(|| Fault::from(format!("Format specifier '%{conversion}'")))?;
        let length = value.as_str().map_or(0, str::len);
        grows(value, length.max(spec.width).max(spec.precision.unwrap_or(0)))?;
        out.push_str(&convert(&spec, conversion, value)?);
    }
    Ok(out)
}

fn spec(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<Spec, Fault> {
    let mut spec = Spec::default();
    let mut digits = String::new();
    while let Some(c) = chars.next_if(|c| c.is_ascii_digit() || "-+ ,(#$".contains(*c)) {
        match c {
            '$' => {
                spec.index = std::mem::take(&mut digits).parse::<usize>().ok().and_then(|n| n.checked_sub(1))
            }
            '-' => spec.left = true,
            '+' => spec.plus = true,
            ' ' => spec.space = true,
            ',' => spec.group = true,
            '(' => spec.parenthesis = true,
            '#' => spec.alternate = true,
            '0' if digits.is_empty() => spec.zero = true,
            digit => digits.push(digit),
        }
    }
    spec.width = digits.parse().unwrap_or(0);
    if chars.next_if_eq(&'.').is_some() {
        let mut digits = String::new();
        while let Some(digit) = chars.next_if(char::is_ascii_digit) {
            digits.push(digit);
        }
        spec.precision = digits.parse().ok();
    }
    if spec.width > MAX_WIDTH || spec.precision.is_some_and(|precision| precision > MAX_WIDTH) {
        return Err(format!("A width or precision of a format is above {MAX_WIDTH}").into());
    }
    Ok(spec)
}

fn convert(spec: &Spec, conversion: char, value: &Value) -> Result<String, Fault> {
    let mismatch = || Fault::from(format!("{conversion} != {}", java::class_name(value)));
    let lower = conversion.to_ascii_lowercase();
    let text = match lower {
        _ if value.is_none() && lower != 'b' => pad(spec, "null".to_owned(), false),
        's' => {
            let text = java::to_string(value);
            pad(spec, text.chars().take(spec.precision.unwrap_or(usize::MAX)).collect(), false)
        }
        'b' => {
            let truth = if value.kind() == minijinja::value::ValueKind::Bool {
                value.is_true()
            } else {
                !value.is_none()
            };
            pad(spec, truth.to_string(), false)
        }
        'c' => {
            let c = match value.as_str() {
                Some(text) => text.chars().next(),
                None => as_long(value).and_then(|int| u32::try_from(int).ok()).and_then(char::from_u32),
            };
            pad(spec, c.ok_or_else(mismatch)?.to_string(), false)
        }
        'd' => {
            let int = as_long(value).filter(|_| value.is_integer()).ok_or_else(mismatch)?;
            signed(spec, int < 0, &int.unsigned_abs().to_string())
        }
        'x' | 'o' => {
            let int = as_long(value).filter(|_| value.is_integer()).ok_or_else(mismatch)?;
            let digits = if lower == 'x' { format!("{int:x}") } else { format!("{int:o}") };
            let prefix = match (spec.alternate, lower) {
                (true, 'x') => "0x",
                (true, _) => "0",
                _ => "",
            };
            pad(spec, format!("{prefix}{digits}"), spec.zero)
        }
        'f' | 'e' | 'g' => {
            let float = as_double(value).filter(|_| !value.is_integer()).ok_or_else(mismatch)?;
            let precision = spec.precision.unwrap_or(6);
            let magnitude = float.abs();
            let small = magnitude != 0.0
                && !(1e-4..10_f64.powi(i32::try_from(precision).unwrap_or(6))).contains(&magnitude);
            let digits = if lower == 'f' {
                half_up(magnitude, precision)
            } else if lower == 'e' || small {
                exponent(magnitude, precision)
            } else {
                half_up(magnitude, precision)
            };
            signed(spec, float.is_sign_negative(), &digits)
        }
        _ => return Err(format!("Conversion = '{conversion}'").into()),
    };
    Ok(if conversion.is_ascii_uppercase() { text.to_uppercase() } else { text })
}

/// Rounds the shortest decimal text of a double half up, as Java does.
fn half_up(magnitude: f64, precision: usize) -> String {
    let shortest = format!("{magnitude}");
    let (integer, fraction) = shortest.split_once('.').unwrap_or((&shortest, ""));
    if fraction.len() <= precision {
        let zeros = "0".repeat(precision - fraction.len());
        return if precision == 0 { integer.to_owned() } else { format!("{integer}.{fraction}{zeros}") };
    }
    let kept = fraction.get(..precision).unwrap_or_default();
    let up = fraction.as_bytes().get(precision).is_some_and(|digit| *digit >= b'5');
    let mut digits: Vec<u8> = integer.bytes().chain(kept.bytes()).collect();
    let mut carry = up;
    for digit in digits.iter_mut().rev() {
        if carry {
            carry = *digit == b'9';
            *digit = if carry { b'0' } else { *digit + 1 };
        }
    }
    let mut all = String::from_utf8(digits).unwrap_or_default();
    if carry {
        all.insert(0, '1');
    }
    if precision > 0 {
        all.insert(all.len() - precision, '.');
    }
    all
}

fn exponent(magnitude: f64, precision: usize) -> String {
    let text = format!("{magnitude:.precision$e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    format!("{digits}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
}

fn signed(spec: &Spec, negative: bool, digits: &str) -> String {
    let mut digits = digits.to_owned();
    if spec.group {
        let (integer, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
        let mut grouped = String::new();
        for (place, digit) in integer.chars().enumerate() {
            if place > 0 && (integer.len() - place) % 3 == 0 {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        digits = if fraction.is_empty() { grouped } else { format!("{grouped}.{fraction}") };
    }
    let (before, after) = match (negative, spec.parenthesis) {
        (true, true) => ("(", ")"),
        (true, false) => ("-", ""),
        _ if spec.plus => ("+", ""),
        _ if spec.space => (" ", ""),
        _ => ("", ""),
    };
    if spec.zero {
        let length = before.len() + digits.len() + after.len();
        digits = "0".repeat(spec.width.saturating_sub(length)) + &digits;
    }
    pad(spec, format!("{before}{digits}{after}"), false)
}

fn pad(spec: &Spec, text: String, zeros: bool) -> String {
    let missing = spec.width.saturating_sub(text.chars().count());
    match (missing, spec.left) {
        (0, _) => text,
        (missing, true) => text + &" ".repeat(missing),
        (missing, false) => (if zeros { "0" } else { " " }).repeat(missing) + &text,
    }
}

#[cfg(test)]
mod tests {
    use super::{Fault, Value, write};

    fn format(template: &str, values: &[Value]) -> Result<String, Fault> {
        write(template, values, &mut |_, _| Ok(()))
    }

    #[test]
    fn conversions_are_those_of_java() {
        let values = [Value::from("x"), Value::from(42), Value::from(2.345), Value::from(true)];
        for (template, text) in [
            ("%s-%d-%.2f-%b", "x-42-2.35-true"),
            ("%2$05d %1$-3s|", "00042 x  |"),
            ("%S %4$s %%", "X true %"),
            ("%2$,d %2$x %2$+d", "42 2a +42"),
            ("%3$8.1f", "     2.3"),
        ] {
            assert_eq!(format(template, &values).unwrap(), text);
        }
        assert!(format("%d", &[Value::from("x")]).is_err());
        assert!(format("%s %s", &[Value::from("x")]).is_err());
        assert_eq!(format("%,.2f", &[Value::from(1234567.5)]).unwrap(), "1,234,567.50");
    }
}
