//! Functions of texts.

use super::{Outcome, integer, times};

/// Calls the function `name`. `None` if it is in another module.
pub(super) fn call(name: &str, arguments: &[&str]) -> Option<Outcome> {
    let outcome = match (name, arguments) {
        ("ascii", [text]) => ascii(text),
        ("chr", [code]) => chr(code),
        ("text_of", [list]) => codes(list).and_then(|codes| match codes {
            None => Ok(None),
            Some(codes) => {
                let text: Result<String, String> = codes.into_iter().map(character).collect();
                text.map(Some)
            }
        }),
        ("code_points", [text]) => Ok(Some(format!(
            "[{}]",
            text.chars().map(|c| u32::from(c).to_string()).collect::<Vec<_>>().join(", ")
        ))),
        ("lower", [text]) => Ok(Some(text.to_lowercase())),
        ("upper", [text]) => Ok(Some(text.to_uppercase())),
        ("initcap", [text]) => Ok(Some(initcap(text, " \n\r\t\u{b}\u{c}[](){}/|<>!?@\"^#$&~_,.:;*%+-"))),
        ("initcap", [text, delimiters]) => Ok(Some(initcap(text, delimiters))),
        ("instr", [text, part, position, occurrence]) => instr(text, part, position, occurrence),
        ("lpad" | "rpad", [text, length, pattern]) => pad(text, length, pattern, name == "lpad"),
        ("trim" | "ltrim" | "rtrim", [text]) => Ok(Some(trim(name, text, char::is_whitespace))),
        ("trim" | "ltrim" | "rtrim", [text, set]) => Ok(Some(trim(name, text, |c| set.contains(c)))),
        ("repeat", [text, count]) => repeat(text, count),
        ("reverse", [text]) => Ok(Some(text.chars().rev().collect())),
        ("soundex", [text]) => Ok(Some(soundex(text))),
        ("translate", [text, from, to]) => translate(text, from, to),
        ("interval_text", [months, days, micros]) => {
            let parts = (integer(months), integer(days), integer(micros));
            match parts {
                (Ok(months), Ok(days), Ok(micros)) => Ok(Some(times::print_interval((months, days, micros)))),
                _ => Err("Invalid INTERVAL value".to_owned()),
            }
        }
        ("interval_parse", [text]) => match times::parse_interval(text) {
            Some((months, days, micros)) => Ok(Some(format!("{months} {days} {micros}"))),
            None => Err(format!("Invalid INTERVAL value '{text}'")),
        },
        ("timestamp_in", [text, zone]) => match times::timestamp(text, Some(zone)) {
            Some(micros) => Ok(Some(micros.to_string())),
            None => Err(format!("Invalid timestamp: '{text}'")),
        },
        ("zone_name", [zone]) => times::zone(zone).map(|(name, _)| Some(name)),
        ("zone_offset", [zone]) => times::zone(zone).map(|(_, offset)| Some(offset.to_string())),
        ("int_shift_left" | "int_shift_right", [number, count]) => shift(name, number, count),
        ("float64", [text]) => float64(text),
        ("numeric", [text]) => decimal(text),
        _ => return None,
    };
    Some(outcome)
}

/// `<<` and `>>`. The bits are those of an unsigned number.
fn shift(name: &str, number: &str, count: &str) -> Outcome {
    let bits = u64::from_ne_bytes(integer(number)?.to_ne_bytes());
    let count = u32::try_from(integer(count)?).unwrap_or(64);
    let moved = if name == "int_shift_left" { bits.checked_shl(count) } else { bits.checked_shr(count) };
    Ok(Some(i64::from_ne_bytes(moved.unwrap_or_default().to_ne_bytes()).to_string()))
}

fn float64(text: &str) -> Outcome {
    let plain = text.trim();
    let lower = plain.to_ascii_lowercase();
    let unsigned = lower.trim_start_matches(['+', '-']);
    let negative = lower.starts_with('-');
    let named = match unsigned {
        "nan" => Some("nan"),
        "inf" | "infinity" => Some(if negative { "-inf" } else { "inf" }),
        _ => None,
    };
    if let Some(named) = named {
        return Ok(Some(named.to_owned()));
    }
    let fits = unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    match plain.parse::<f64>() {
        Ok(number) if fits && number.is_finite() => Ok(Some(format!("{number:e}"))),
        _ => Err(format!("Bad double value: {text}")),
    }
}

/// A NUMERIC. More than nine digits after the point are rounded, half away from zero.
fn decimal(text: &str) -> Outcome {
    let (before, after) = (29, 9);
    let refused = || format!("Invalid NUMERIC value: {text}");
    let plain = text.trim();
    let (sign, rest) = match plain.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", plain.strip_prefix('+').unwrap_or(plain)),
    };
    let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().map_err(|_| refused())?),
        None => (rest, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty())
        || !is_number(whole)
        || !is_number(fraction)
        || exponent.abs() > 200
    {
        return Err(refused());
    }
    let digits: String = format!("{whole}{fraction}");
    let point = i64::try_from(whole.len()).unwrap_or_default() + exponent;
    let digit = |place: i64| {
        usize::try_from(place)
            .ok()
            .and_then(|place| digits.as_bytes().get(place).copied())
            .map_or(0, |byte| byte - b'0')
    };
    let last = i64::try_from(after).unwrap_or_default();
    let start = point.min(0);
    let mut kept: Vec<u8> = (start..point + last).map(digit).collect();
    if digit(point + last) >= 5 {
        let mut index = kept.len();
        loop {
            if index == 0 {
                kept.insert(0, 1);
                break;
            }
            index -= 1;
            if let Some(own) = kept.get_mut(index) {
                *own += 1;
                if *own < 10 {
                    break;
                }
                *own = 0;
            }
        }
    }
    let split = kept.len().saturating_sub(after);
    let (whole, fraction) = kept.split_at(split);
    let print = |digits: &[u8]| digits.iter().map(|digit| char::from(b'0' + digit)).collect::<String>();
    let whole = print(whole);
    let whole = whole.trim_start_matches('0');
    if whole.len() > before {
        return Err(refused());
    }
    Ok(Some(format!("{sign}{}.{}", if whole.is_empty() { "0" } else { whole }, print(fraction))))
}

fn ascii(text: &str) -> Outcome {
    match text.chars().next() {
        None => Ok(Some("0".to_owned())),
        Some(c) if c.is_ascii() => Ok(Some(u32::from(c).to_string())),
        Some(_) => Err(format!("Non-ASCII character found in ASCII() argument: {text}")),
    }
}

fn chr(code: &str) -> Outcome {
    character(integer(code)?).map(|c| Some(c.to_string()))
}

fn character(code: i64) -> Result<char, String> {
    let c = u32::try_from(code).ok().and_then(char::from_u32);
    c.ok_or_else(|| format!("Invalid codepoint {code}"))
}

/// The numbers of a list as DuckDB prints it. `None` if one of them is NULL.
pub(super) fn codes(list: &str) -> Result<Option<Vec<i64>>, String> {
    let inner = list.trim_start_matches('[').trim_end_matches(']');
    if inner.trim().is_empty() {
        return Ok(Some(Vec::new()));
    }
    if inner.contains("NULL") {
        return Ok(None);
    }
    inner.split(',').map(|code| integer(code.trim())).collect::<Result<Vec<_>, _>>().map(Some)
}

fn initcap(text: &str, delimiters: &str) -> String {
    let mut begins = true;
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if delimiters.contains(c) {
            begins = true;
            out.push(c);
        } else if begins {
            begins = false;
            out.extend(c.to_uppercase());
        } else {
            out.extend(c.to_lowercase());
        }
    }
    out
}

/// The place of a part, counted from 1, or 0. Also for bytes as slices.
pub(super) fn place<T: PartialEq>(
    text: &[T],
    part: &[T],
    position: i64,
    occurrence: i64,
) -> Result<usize, String> {
    if position == 0 {
        return Err("Position cannot be 0 for INSTR".to_owned());
    }
    if occurrence <= 0 {
        return Err("Occurrence must be greater than 0 for INSTR".to_owned());
    }
    let length = i64::try_from(text.len()).unwrap_or(i64::MAX);
    let matches = |start: usize| text.get(start..start + part.len()) == Some(part);
    let mut left = occurrence;
    if position > 0 {
        let mut start = usize::try_from(position - 1).unwrap_or(usize::MAX);
        while start.checked_add(part.len()).is_some_and(|end| end <= text.len()) {
            if matches(start) {
                left -= 1;
                if left == 0 {
                    return Ok(start + 1);
                }
            }
            start += 1;
        }
        return Ok(0);
    }
    let mut start = length + position;
    while start >= 0 {
        let own = usize::try_from(start).unwrap_or_default();
        if own + part.len() <= text.len() && matches(own) {
            left -= 1;
            if left == 0 {
                return Ok(own + 1);
            }
        }
        start -= 1;
    }
    Ok(0)
}

fn instr(text: &str, part: &str, position: &str, occurrence: &str) -> Outcome {
    let (text, part): (Vec<char>, Vec<char>) = (text.chars().collect(), part.chars().collect());
    place(&text, &part, integer(position)?, integer(occurrence)?).map(|place| Some(place.to_string()))
}

/// The longest text that a function makes, in characters.
const LONGEST: usize = 1 << 20;

/// The padding of a text with this length, and how much of the text stays.
pub(super) fn padding<T: Clone>(
    text: &[T],
    length: i64,
    pattern: &[T],
    left: bool,
    name: &str,
) -> Result<Vec<T>, String> {
    let length = usize::try_from(length)
        .map_err(|_| format!("Second arg (output size) of {name} cannot be negative"))?;
    if pattern.is_empty() {
        return Err(format!("Third arg (pad pattern) of {name} cannot be empty"));
    }
    if length > LONGEST {
        return Err(format!("Output of {name} exceeds max allowed output size of 1MB"));
    }
    if text.len() >= length {
        return Ok(text.iter().take(length).cloned().collect());
    }
    let fill = pattern.iter().cycle().take(length - text.len()).cloned();
    Ok(if left {
        fill.chain(text.iter().cloned()).collect()
    } else {
        text.iter().cloned().chain(fill).collect()
    })
}

fn pad(text: &str, length: &str, pattern: &str, left: bool) -> Outcome {
    let name = if left { "LPAD" } else { "RPAD" };
    let (text, pattern): (Vec<char>, Vec<char>) = (text.chars().collect(), pattern.chars().collect());
    let padded = padding(&text, integer(length)?, &pattern, left, name)?;
    Ok(Some(padded.into_iter().collect()))
}

fn trim(name: &str, text: &str, is: impl Fn(char) -> bool) -> String {
    match name {
        "ltrim" => text.trim_start_matches(is),
        "rtrim" => text.trim_end_matches(is),
        _ => text.trim_start_matches(&is).trim_end_matches(&is),
    }
    .to_owned()
}

fn repeat(text: &str, count: &str) -> Outcome {
    let count = usize::try_from(integer(count)?)
        .map_err(|_| "Second argument in REPEAT cannot be negative".to_owned())?;
    if text.len().saturating_mul(count) > LONGEST {
        return Err("Output of REPEAT exceeds max allowed output size of 1MB".to_owned());
    }
    Ok(Some(text.repeat(count)))
}

fn soundex(text: &str) -> String {
    let code = |c: char| match c.to_ascii_lowercase() {
        'b' | 'f' | 'p' | 'v' => Some('1'),
        'c' | 'g' | 'j' | 'k' | 'q' | 's' | 'x' | 'z' => Some('2'),
        'd' | 't' => Some('3'),
        'l' => Some('4'),
        'm' | 'n' => Some('5'),
        'r' => Some('6'),
        _ => None,
    };
    let mut out = String::new();
    let mut last = None;
    for c in text.chars().filter(char::is_ascii_alphabetic) {
        let own = code(c);
        if out.is_empty() {
            out.push(c.to_ascii_uppercase());
        } else if let Some(own) = own.filter(|own| Some(*own) != last) {
            out.push(own);
        }
        if !matches!(c.to_ascii_lowercase(), 'h' | 'w') {
            last = own;
        }
        if out.len() == 4 {
            break;
        }
    }
    while !out.is_empty() && out.len() < 4 {
        out.push('0');
    }
    out
}

fn translate(text: &str, from: &str, to: &str) -> Outcome {
    let mut pairs: Vec<(char, Option<char>)> = Vec::new();
    let mut targets = to.chars();
    for c in from.chars() {
        if pairs.iter().any(|(own, _)| *own == c) {
            return Err("Duplicate character in TRANSLATE source characters".to_owned());
        }
        pairs.push((c, targets.next()));
    }
    let out = text.chars().filter_map(|c| match pairs.iter().find(|(own, _)| *own == c) {
        Some((_, target)) => *target,
        None => Some(c),
    });
    Ok(Some(out.collect()))
}
