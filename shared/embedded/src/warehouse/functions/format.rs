//! FORMAT: `%d`, `%05.2f`, `%'d`, `%t`, `%T` and the others.
//!
//! The values come as pairs of a type and a JSON text.

use super::Outcome;
use super::format_numbers::{decimal_general, decimal_scientific, fixed, general, scientific};
use super::json_text::{as_written, read_as_written, write, write_pretty};
use super::numbers::float_text;
use serde_json::Value;

/// A specifier such as `%-08.3f`.
#[derive(Debug, Default, Clone)]
struct Specifier {
    left: bool,
    plus: bool,
    space: bool,
    alternate: bool,
    zero: bool,
    grouped: bool,
    width: Size,
    precision: Size,
    kind: char,
}

/// A width or precision.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
enum Size {
    #[default]
    None,
    Fixed(usize),
    /// The next argument.
    Argument,
}

/// The largest width or precision. BigQuery allows more.
const LARGEST: usize = 100_000;

/// A part of a format.
enum Piece {
    Text(String),
    Value(Specifier),
}

fn pieces(format: &str) -> Result<Vec<Piece>, String> {
    let mut found = Vec::new();
    let mut text = String::new();
    let mut characters = format.chars().peekable();
    while let Some(c) = characters.next() {
        if c != '%' {
            text.push(c);
            continue;
        }
        if characters.peek() == Some(&'%') {
            characters.next();
            text.push('%');
            continue;
        }
        let mut own = Specifier::default();
        while let Some(flag) = characters.next_if(|c| "-+ #0'".contains(*c)) {
            match flag {
                '-' => own.left = true,
                '+' => own.plus = true,
                ' ' => own.space = true,
                '#' => own.alternate = true,
                '0' => own.zero = true,
                _ => own.grouped = true,
            }
        }
        let size = |characters: &mut std::iter::Peekable<std::str::Chars<'_>>| {
            if characters.next_if_eq(&'*').is_some() {
                return Size::Argument;
            }
            let mut digits = String::new();
            while let Some(digit) = characters.next_if(char::is_ascii_digit) {
                digits.push(digit);
            }
            if digits.is_empty() { Size::None } else { Size::Fixed(digits.parse().unwrap_or(usize::MAX)) }
        };
        own.width = size(&mut characters);
        if characters.next_if_eq(&'.').is_some() {
            own.precision = match size(&mut characters) {
                Size::None => Size::Fixed(0),
                other => other,
            };
        }
        fits(own.width)?;
        fits(own.precision)?;
        own.kind = characters
            .next()
            .filter(|c| "dioxXfFeEgGstTpP".contains(*c))
            .ok_or_else(|| format!("Invalid format specifier in FORMAT pattern \"{format}\""))?;
        if !text.is_empty() {
            found.push(Piece::Text(std::mem::take(&mut text)));
        }
        found.push(Piece::Value(own));
    }
    found.push(Piece::Text(text));
    Ok(found)
}

/// Checks a literal format against the types of the values. The error is BigQuery's message.
pub(crate) fn check(format: &str, types: &[String]) -> Result<(), String> {
    let mut types = types.iter().enumerate();
    let few = || "Too few arguments to FORMAT for pattern".to_owned();
    for piece in pieces(format)? {
        let Piece::Value(own) = piece else { continue };
        for size in [own.width, own.precision] {
            if size == Size::Argument && types.next().ok_or_else(few)?.1 != "INT64" {
                return Err("A width or precision of FORMAT must have the type INT64".to_owned());
            }
        }
        let (index, ty) = types.next().ok_or_else(few)?;
        let is_number = matches!(ty.as_str(), "FLOAT64" | "NUMERIC" | "BIGNUMERIC");
        let fits = match own.kind {
            'd' | 'i' | 'o' | 'x' | 'X' => ty == "INT64",
            'f' | 'F' | 'e' | 'E' | 'g' | 'G' => is_number,
            's' => ty == "STRING",
            'p' | 'P' => ty == "JSON",
            _ => true,
        };
        if !fits && ty != "NULL" {
            let expected = match own.kind {
                's' => "STRING",
                'p' | 'P' => "JSON",
                'f' | 'F' | 'e' | 'E' | 'g' | 'G' => "FLOAT64",
                _ => "integer",
            };
            return Err(format!(
                "Invalid type for argument {} to FORMAT; Expected {expected}; Got {ty}",
                index + 2
            ));
        }
    }
    if types.next().is_some() {
        return Err("Too many arguments to FORMAT for pattern".to_owned());
    }
    Ok(())
}

/// Formats values. The first argument is the format, then follow the types and values.
pub(super) fn format(arguments: &[&str]) -> Outcome {
    let Some((format, rest)) = arguments.split_first() else { return Ok(None) };
    let types: Vec<String> = rest.iter().step_by(2).map(|ty| (*ty).to_owned()).collect();
    check(format, &types)?;
    let mut values = rest.chunks(2).filter_map(|pair| match pair {
        [ty, value] => Some((*ty, *value)),
        _ => None,
    });
    let mut out = String::new();
    for piece in pieces(format)? {
        let mut own = match piece {
            Piece::Text(text) => {
                out.push_str(&text);
                continue;
            }
            Piece::Value(own) => own,
        };
        for is_width in [true, false] {
            let size = if is_width { own.width } else { own.precision };
            if size != Size::Argument {
                continue;
            }
            let Some((_, value)) = values.next() else { return Ok(None) };
            let Ok(number) = value.trim_matches('"').parse::<i64>() else { return Ok(None) };
            let size = Size::Fixed(usize::try_from(number.unsigned_abs()).unwrap_or(usize::MAX));
            fits(size)?;
            if is_width {
                own.left |= number < 0;
                own.width = size;
            } else {
                own.precision = if number < 0 { Size::None } else { size };
            }
        }
        let Some((ty, text)) = values.next() else { return Ok(None) };
        let value = read_as_written(text).ok_or_else(|| format!("FORMAT cannot read {text}"))?;
        if value.is_null() && !matches!(own.kind, 't' | 'T') && ty != "JSON" {
            return Ok(None);
        }
        let body = body(&own, ty, &value, text);
        out.push_str(&padded(&own, body));
    }
    Ok(Some(out))
}

/// The text of one value without padding.
fn body(own: &Specifier, ty: &str, value: &Value, raw: &str) -> String {
    match own.kind {
        'd' | 'i' | 'o' | 'x' | 'X' => {
            let number: i64 = raw.trim_matches('"').parse().unwrap_or_default();
            let magnitude = number.unsigned_abs();
            let mut digits = match own.kind {
                'o' => format!("{magnitude:o}"),
                'x' => format!("{magnitude:x}"),
                'X' => format!("{magnitude:X}"),
                _ => magnitude.to_string(),
            };
            if let Size::Fixed(least) = own.precision {
                digits = format!("{}{digits}", "0".repeat(least.saturating_sub(digits.len())));
            }
            if own.grouped {
                digits = match own.kind {
                    'x' | 'X' => grouped(&digits, 4, ':'),
                    'o' => grouped(&digits, 4, ','),
                    _ => grouped(&digits, 3, ','),
                };
            }
            let prefix = match (own.alternate && number != 0, own.kind) {
                (true, 'o') if digits.starts_with('0') => "",
                (true, 'o') => "0",
                (true, 'x') => "0x",
                (true, 'X') => "0X",
                _ => "",
            };
            signed(own, number < 0, prefix, &digits)
        }
        'f' | 'F' | 'e' | 'E' | 'g' | 'G' => number(own, ty, raw),
        's' => {
            let text = value.as_str().unwrap_or_default();
            shortened(own, text.to_owned())
        }
        'p' => write(value),
        'P' => write_pretty(value),
        't' => shortened(own, printed(ty, value, raw)),
        _ => shortened(own, literal(ty, value, raw)),
    }
}

/// The first characters of a text, as many as the precision says.
fn shortened(own: &Specifier, text: String) -> String {
    match own.precision {
        Size::Fixed(most) => text.chars().take(most).collect(),
        _ => text,
    }
}

fn signed(own: &Specifier, negative: bool, prefix: &str, digits: &str) -> String {
    let sign = if negative {
        "-"
    } else if own.plus {
        "+"
    } else if own.space {
        " "
    } else {
        ""
    };
    if let (true, false, Size::Fixed(width)) = (
        own.zero && own.precision == Size::None
            || own.zero && !digits.is_empty() && "fFeEgG".contains(own.kind),
        own.left,
        own.width,
    ) {
        let used = sign.len() + prefix.len() + digits.len();
        return format!("{sign}{prefix}{}{digits}", "0".repeat(width.saturating_sub(used)));
    }
    format!("{sign}{prefix}{digits}")
}

fn number(own: &Specifier, ty: &str, raw: &str) -> String {
    let text = raw.trim_matches('"');
    let upper = own.kind.is_ascii_uppercase();
    let special = match text {
        "NaN" => Some("nan"),
        "Infinity" => Some("inf"),
        "-Infinity" => Some("-inf"),
        _ => None,
    };
    if let Some(special) = special {
        let text =
            if own.plus && !special.starts_with('-') { format!("+{special}") } else { special.to_owned() };
        return if upper { text.to_uppercase() } else { text };
    }
    let precision = match own.precision {
        Size::Fixed(precision) => precision,
        _ => 6,
    };
    let number: f64 = text.parse().unwrap_or_default();
    let negative = text.starts_with('-');
    let magnitude = number.abs();
    let decimal = ty.ends_with("NUMERIC").then(|| text.trim_start_matches('-'));
    let mut digits = match (own.kind, decimal) {
        ('f' | 'F', Some(decimal)) => fixed(decimal, precision),
        ('e' | 'E', Some(decimal)) => decimal_scientific(decimal, precision),
        (_, Some(decimal)) => decimal_general(decimal, precision, own.alternate),
        (kind, None) => match kind {
            'f' | 'F' => format!("{magnitude:.precision$}"),
            'e' | 'E' => scientific(magnitude, precision),
            _ => general(magnitude, precision, own.alternate),
        },
    };
    if own.alternate && !digits.contains('.') {
        digits.insert(digits.find('e').unwrap_or(digits.len()), '.');
    }
    if own.grouped {
        let (whole, rest) = match digits.find(['.', 'e']) {
            Some(at) => digits.split_at(at),
            None => (digits.as_str(), ""),
        };
        digits = format!("{}{rest}", grouped(whole, 3, ','));
    }
    if upper {
        digits = digits.to_uppercase();
    }
    signed(own, negative, "", &digits)
}

/// A width or precision that a text may have here.
fn fits(size: Size) -> Result<(), String> {
    match size {
        Size::Fixed(size) if size > LARGEST => Err(format!(
            "FORMAT with a width or precision of more than {LARGEST} is not supported by the embedded warehouse"
        )),
        _ => Ok(()),
    }
}

fn grouped(digits: &str, size: usize, separator: char) -> String {
    let mut out = String::new();
    for (index, c) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(size) {
            out.push(separator);
        }
        out.push(c);
    }
    out
}

fn padded(own: &Specifier, body: String) -> String {
    let Size::Fixed(width) = own.width else { return body };
    let missing = width.saturating_sub(body.chars().count());
    let blanks = " ".repeat(missing);
    if own.left { format!("{body}{blanks}") } else { format!("{blanks}{body}") }
}

/// The parts of `STRUCT<a INT64, b STRING>` or the element of `ARRAY<INT64>`.
fn inner(ty: &str) -> Vec<String> {
    let Some(body) = ty.split_once('<').and_then(|(_, body)| body.strip_suffix('>')) else {
        return Vec::new();
    };
    let mut parts = vec![String::new()];
    let mut depth = 0;
    for c in body.chars() {
        match c {
            '<' | '(' => depth += 1,
            '>' | ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(last) = parts.last_mut() {
            last.push(c);
        }
    }
    if ty.starts_with("ARRAY") {
        return parts;
    }
    parts
        .iter()
        .map(|part| {
            let part = part.trim();
            // A field is `name type`. A type may have blanks only inside of brackets.
            let head = part.find(['<', '(']).map_or(part, |at| part.get(..at).unwrap_or(part));
            match head.rsplit_once(' ') {
                Some((name, _)) => part.get(name.len() + 1..).unwrap_or(part).to_owned(),
                None => part.to_owned(),
            }
        })
        .collect()
}

fn members(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        Value::Object(fields) => fields.values().collect(),
        _ => Vec::new(),
    }
}

/// The text of `%t`.
fn printed(ty: &str, value: &Value, raw: &str) -> String {
    if value.is_null() {
        return if ty == "JSON" { "null".to_owned() } else { "NULL".to_owned() };
    }
    let text = || as_written(value).or(value.as_str()).unwrap_or(raw).to_owned();
    match ty {
        "FLOAT64" => match float(value, raw) {
            own if own.contains(['.', 'e', 'n', 'N']) => own,
            own => format!("{own}.0"),
        },
        "BYTES" => bytes(&text()).replace('"', "\\\""),
        "DATETIME" => text().replace('T', " "),
        "TIMESTAMP" => text().replace('T', " ").replace('Z', "+00"),
        "JSON" => write(value),
        ty if ty.starts_with("ARRAY") || ty.starts_with("STRUCT") => composed(ty, value, printed),
        _ => text(),
    }
}

/// The text of `%T`: a literal.
fn literal(ty: &str, value: &Value, raw: &str) -> String {
    if value.is_null() {
        return if ty == "JSON" { "JSON 'null'".to_owned() } else { "NULL".to_owned() };
    }
    let text = || as_written(value).or(value.as_str()).unwrap_or(raw).to_owned();
    match ty {
        "STRING" => quoted(&text()),
        "BYTES" => match bytes(&text()) {
            own if own.contains('"') && !own.contains('\'') => format!("b'{own}'"),
            own => format!("b\"{}\"", own.replace('"', "\\\"")),
        },
        "DATE" | "TIME" | "DATETIME" | "TIMESTAMP" => format!("{ty} \"{}\"", printed(ty, value, raw)),
        "NUMERIC" | "BIGNUMERIC" => format!("{ty} \"{}\"", text()),
        "INTERVAL" => format!("INTERVAL \"{}\" YEAR TO SECOND", text()),
        "JSON" => match write(value) {
            own if own.contains('\'') => {
                format!("JSON \"{}\"", own.replace('\\', "\\\\").replace('"', "\\\""))
            }
            own => format!("JSON {}", quoted(&own)),
        },
        "FLOAT64" => {
            let own = float(value, raw);
            match own.as_str() {
                "NaN" | "inf" | "-inf" => format!("CAST(\"{}\" AS FLOAT64)", own.to_lowercase()),
                _ => printed(ty, value, raw),
            }
        }
        // One value in brackets would be no struct.
        ty if ty.starts_with("STRUCT") && members(value).len() == 1 => {
            format!("STRUCT{}", composed(ty, value, literal))
        }
        ty if ty.starts_with("ARRAY") || ty.starts_with("STRUCT") => composed(ty, value, literal),
        _ => text(),
    }
}

fn float(value: &Value, raw: &str) -> String {
    match (as_written(value), value) {
        (None, Value::String(text)) => text.replace("Infinity", "inf"),
        (digits, _) => digits.unwrap_or(raw).parse().map_or_else(|_| raw.to_owned(), float_text),
    }
}

fn composed(ty: &str, value: &Value, print: fn(&str, &Value, &str) -> String) -> String {
    let types = inner(ty);
    let is_array = ty.starts_with("ARRAY");
    let texts: Vec<String> = members(value)
        .into_iter()
        .enumerate()
        .map(|(index, item)| {
            let own = types.get(if is_array { 0 } else { index }).map(String::as_str).unwrap_or("STRING");
            print(own, item, &write(item))
        })
        .collect();
    if is_array { format!("[{}]", texts.join(", ")) } else { format!("({})", texts.join(", ")) }
}

/// A literal of a text: in single quotes if it has double quotes only.
fn quoted(text: &str) -> String {
    let quote = if text.contains('"') && !text.contains('\'') { '\'' } else { '"' };
    let mut out = String::from(quote);
    for c in text.chars() {
        match c {
            '"' if quote == '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            other => out.push(other),
        }
    }
    out.push(quote);
    out
}

/// The bytes of a text in Base64, with escapes.
fn bytes(base64: &str) -> String {
    use base64::Engine as _;
    escaped(&base64::engine::general_purpose::STANDARD.decode(base64).unwrap_or_default())
}

fn escaped(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|byte| match byte {
            b'\\' => "\\\\".to_owned(),
            32..=126 => char::from(*byte).to_string(),
            b'\n' => "\\n".to_owned(),
            b'\r' => "\\r".to_owned(),
            b'\t' => "\\t".to_owned(),
            other => format!("\\x{other:02x}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(format_text: &str, ty: &str, value: &str) -> String {
        format(&[format_text, ty, value]).unwrap().unwrap()
    }

    #[test]
    fn values_are_formatted_as_in_googles_documentation() {
        for (format, ty, value, text) in [
            ("%d", "INT64", "10", "10"),
            ("|%10d|", "INT64", "11", "|        11|"),
            ("+%010d+", "INT64", "12", "+0000000012+"),
            ("%'d", "INT64", "123456789", "123,456,789"),
            ("-%s-", "STRING", "\"abcd efg\"", "-abcd efg-"),
            ("%05.2f", "FLOAT64", "3.14159", "03.14"),
            ("%t", "DATE", "\"2015-09-01\"", "2015-09-01"),
            ("%T", "STRING", "\"a\\\"b\"", "'a\"b'"),
            ("%T", "STRING", "\"a'b\"", "\"a'b\""),
            ("%T", "STRUCT<STRING>", "[\"x\"]", "STRUCT(\"x\")"),
            ("%T", "JSON", "{\"k\":\"a'b\"}", "JSON \"{\\\"k\\\":\\\"a'b\\\"}\""),
            ("%T", "JSON", "{\"k\":1}", "JSON '{\"k\":1}'"),
            ("%t", "FLOAT64", "15.0", "15.0"),
            ("%t", "ARRAY<FLOAT64>", "[1.0,2.5]", "[1.0, 2.5]"),
            ("%'x", "INT64", "1193046", "12:3456"),
            ("%-#6.4o|", "INT64", "55", "0067  |"),
            ("%#.0f", "NUMERIC", "\"1\"", "1."),
            ("%#.0e", "NUMERIC", "\"1\"", "1.e+00"),
            ("%.0e", "NUMERIC", "\"0.00015\"", "2e-04"),
            ("%.0e", "NUMERIC", "\"9.5\"", "1e+01"),
            ("%.0g", "NUMERIC", "\"-0.00015\"", "-0.0002"),
            ("%g", "NUMERIC", "\"0\"", "0"),
            ("%.20g", "NUMERIC", "\"1234567890123456789.5\"", "1234567890123456789.5"),
            ("%g", "NUMERIC", "\"1234567\"", "1.23457e+06"),
            ("%T", "STRUCT<a INT64, b STRING>", "{\"a\":1,\"b\":\"x\"}", "(1, \"x\")"),
            ("%t", "ARRAY<INT64>", "[1,null]", "[1, NULL]"),
            ("%x %%", "INT64", "255", "ff %"),
            ("%g", "FLOAT64", "0.0001", "0.0001"),
        ] {
            assert_eq!(one(format, ty, value), text, "{format}");
        }
        assert_eq!(
            format(&["%f %E", "FLOAT64", "1.1", "FLOAT64", "2.2"]).unwrap().unwrap(),
            "1.100000 2.200000E+00"
        );
        assert_eq!(format(&["%*d", "INT64", "6", "INT64", "42"]).unwrap().unwrap(), "    42");
        assert_eq!(format(&["%d", "INT64", "null"]).unwrap(), None);
        assert!(check("%d", &["STRING".into()]).unwrap_err().contains("Expected integer; Got STRING"));
        assert!(check("%d", &[]).unwrap_err().contains("Too few"));
    }
}
