//! Formats numbers as `java.text.DecimalFormat` does: `#,##0.00`, prefixes, percent, exponents. Rounds half to even.

use crate::error::Fault;

#[derive(Debug, Default)]
struct Pattern {
    prefix: String,
    suffix: String,
    min_integer: usize,
    max_fraction: usize,
    min_fraction: usize,
    grouping: usize,
    min_exponent: Option<usize>,
    max_integer: usize,
    multiplier: i32,
}

/// Formats a number with a pattern. `exact` is the number if it is an integer, and `None` otherwise.
pub(super) fn format(pattern: &str, number: f64, exact: Option<i64>) -> Result<String, Fault> {
    let mut halves = split_unquoted(pattern, ';');
    let positive = parse(&halves.remove(0))?;
    if number.is_nan() {
        return Ok("NaN".to_owned());
    }
    let negative = number.is_sign_negative() && number != 0.0;
    let body = digits(&positive, number.abs(), exact.map(i64::unsigned_abs));
    let is_zero = !body.bytes().any(|byte| matches!(byte, b'1'..=b'9')) && !body.contains('∞');
    let (prefix, suffix) = match halves.first().filter(|_| negative) {
        Some(half) => {
            let other = parse(half)?;
            (other.prefix, other.suffix)
        }
        None if negative && !is_zero => (format!("-{}", positive.prefix), positive.suffix),
        // Java keeps the sign of a number that rounds to zero.
        None if negative => (format!("-{}", positive.prefix), positive.suffix),
        None => (positive.prefix, positive.suffix),
    };
    Ok(format!("{prefix}{body}{suffix}"))
}

fn split_unquoted(text: &str, separator: char) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut quoted = false;
    for c in text.chars() {
        quoted ^= c == '\'';
        if c == separator && !quoted {
            parts.push(String::new());
        } else if let Some(part) = parts.last_mut() {
            part.push(c);
        }
    }
    parts
}

fn parse(text: &str) -> Result<Pattern, Fault> {
    let malformed = || Fault::from(format!("Malformed pattern \"{text}\""));
    let mut pattern = Pattern { multiplier: 1, ..Pattern::default() };
    let (mut in_number, mut after_number, mut in_fraction, mut quoted) = (false, false, false, false);
    let mut since_group = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\'' {
            if chars.peek() == Some(&'\'') {
                chars.next();
                affix(&mut pattern, in_number).push('\'');
            } else {
                quoted = !quoted;
            }
            continue;
        }
        if !quoted && !after_number && matches!(c, '#' | '0' | ',' | '.') {
            in_number = true;
            match c {
                '.' if in_fraction => return Err(malformed()),
                '.' => in_fraction = true,
                ',' if in_fraction => return Err(malformed()),
                ',' => since_group = Some(0),
                '0' if in_fraction => {
                    if pattern.max_fraction > pattern.min_fraction {
                        return Err(malformed());
                    }
                    pattern.max_fraction += 1;
                    pattern.min_fraction += 1;
                }
                '#' if in_fraction => pattern.max_fraction += 1,
                '#' if pattern.min_integer > 0 => return Err(malformed()),
                _ => {
                    pattern.min_integer += usize::from(c == '0');
                    pattern.max_integer += 1;
                    since_group = since_group.map(|count| count + 1);
                }
            }
            continue;
        }
        if !quoted && c == 'E' && in_number && !after_number {
            let mut zeros = 0;
            while chars.next_if_eq(&'0').is_some() {
                zeros += 1;
            }
            if zeros == 0 {
                return Err(malformed());
            }
            pattern.min_exponent = Some(zeros);
            after_number = true;
            continue;
        }
        after_number = in_number;
        if !quoted {
            match c {
                '%' => pattern.multiplier = 100,
                '\u{2030}' => pattern.multiplier = 1000,
                _ => {}
            }
        }
        affix(&mut pattern, in_number).push(if c == '\u{a4}' && !quoted { '$' } else { c });
    }
    if quoted {
        return Err(malformed());
    }
    pattern.grouping = since_group.unwrap_or(0);
    // Java changes a pattern of `#` with a point. The last digit before the point becomes a `0`. Without a digit before
    // the point, the first digit after the point becomes a `0`.
    if pattern.min_integer == 0 && pattern.min_fraction == 0 && in_fraction {
        if pattern.max_integer > 0 {
            pattern.min_integer = 1;
        } else if pattern.max_fraction > 0 {
            pattern.min_fraction = 1;
        }
    }
    Ok(pattern)
}

fn affix(pattern: &mut Pattern, in_number: bool) -> &mut String {
    if in_number { &mut pattern.suffix } else { &mut pattern.prefix }
}

fn digits(pattern: &Pattern, number: f64, exact: Option<u64>) -> String {
    if number.is_infinite() {
        return "∞".to_owned();
    }
    if let Some(min_exponent) = pattern.min_exponent {
        return scientific(pattern, number, min_exponent);
    }
    let scaled = number * f64::from(pattern.multiplier);
    let rounded = match exact.filter(|_| pattern.multiplier == 1) {
        Some(exact) => exact.to_string(),
        // Rust rounds the exact decimal value of the double half to even, as DecimalFormat does.
        None => format!("{scaled:.*}", pattern.max_fraction),
    };
    let (integer, fraction) = rounded.split_once('.').unwrap_or((&rounded, ""));
    let mut fraction = fraction.trim_end_matches('0').to_owned();
    while fraction.len() < pattern.min_fraction {
        fraction.push('0');
    }
    let mut integer = integer.trim_start_matches('0').to_owned();
    if integer.is_empty() && pattern.min_integer == 0 && fraction.is_empty() {
        integer.push('0');
    }
    while integer.len() < pattern.min_integer {
        integer.insert(0, '0');
    }
    let integer = if pattern.grouping > 0 { group(&integer, pattern.grouping) } else { integer };
    if fraction.is_empty() { integer } else { format!("{integer}.{fraction}") }
}

fn group(digits: &str, size: usize) -> String {
    let count = digits.len();
    let mut out = String::with_capacity(count + count / size);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (count - place).is_multiple_of(size) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn scientific(pattern: &Pattern, number: f64, min_exponent: usize) -> String {
    let integer_digits = pattern.min_integer.max(1);
    let base = if number == 0.0 { 0 } else { number.log10().floor() as i32 };
    let mut exponent = base - i32::try_from(integer_digits).unwrap_or(1) + 1;
    if pattern.max_integer > pattern.min_integer && pattern.max_integer > 1 {
        let step = i32::try_from(pattern.max_integer).unwrap_or(1);
        exponent = base.div_euclid(step) * step;
    }
    let mantissa = number / 10_f64.powi(exponent);
    let inner = Pattern {
        min_integer: pattern.min_integer,
        max_fraction: pattern.max_fraction,
        min_fraction: pattern.min_fraction,
        multiplier: 1,
        ..Pattern::default()
    };
    let sign = if exponent < 0 { "-" } else { "" };
    format!("{}E{sign}{:0width$}", digits(&inner, mantissa, None), exponent.abs(), width = min_exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_write_what_java_writes() {
        for (pattern, number, text) in [
            ("#.##", 2.71, "2.71"),
            ("#.##", 1.23789, "1.24"),
            ("#,##0.00", 1234567.891, "1,234,567.89"),
            ("000", 7.0, "007"),
            ("#.##", 0.5, "0.5"),
            ("#.##", 0.0, "0"),
            ("#,###.##", 0.5, "0.5"),
            ("#.00", 0.5, ".50"),
            (".##", 0.5, ".5"),
            (".##", 0.0, ".0"),
            ("###", 0.4, "0"),
            ("0.##", 0.5, "0.5"),
            ("#", 0.0, "0"),
            ("0.0", 0.25, "0.2"),
            ("0.0", 0.35, "0.3"),
            ("#%", 0.256, "26%"),
            ("'#'0", 5.0, "#5"),
            ("$#,##0.00;($#,##0.00)", -1234.5, "($1,234.50)"),
            ("0.00", -1.5, "-1.50"),
            ("0.###E0", 12345.0, "1.234E4"),
            ("00", 123.0, "123"),
        ] {
            assert_eq!(format(pattern, number, None).unwrap(), text, "{pattern} {number}");
        }
        assert!(format("0.0.0", 1.0, None).is_err());
    }
}
