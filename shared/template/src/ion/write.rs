//! Writes ION text.

use std::fmt::Write as _;

/// Writes one value on one line: `{a:1,b:"x"}`. A key that is not a symbol is quoted.
pub fn to_string(value: &serde_json::Value) -> String {
    let mut out = String::new();
    write(value, &mut out);
    out
}

fn write(value: &serde_json::Value, out: &mut String) {
    match value {
        serde_json::Value::Null => out.push_str("null"),
        serde_json::Value::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        serde_json::Value::Number(number) => write_number(number, out),
        serde_json::Value::String(text) => quoted(text, '"', out),
        serde_json::Value::Array(items) => {
            out.push('[');
            for (place, item) in items.iter().enumerate() {
                out.push_str(if place == 0 { "" } else { "," });
                write(item, out);
            }
            out.push(']');
        }
        serde_json::Value::Object(map) => {
            out.push('{');
            for (place, (key, item)) in map.iter().enumerate() {
                out.push_str(if place == 0 { "" } else { "," });
                if is_symbol(key) {
                    out.push_str(key)
                } else {
                    quoted(key, '\'', out)
                }
                out.push(':');
                write(item, out);
            }
            out.push('}');
        }
    }
}

/// Writes a number. A float has an exponent. Without an exponent it would be a decimal.
fn write_number(number: &serde_json::Number, out: &mut String) {
    let text = number.to_string();
    out.push_str(&text);
    if number.is_f64() && !text.contains(['e', 'E']) {
        out.push_str("e0");
    }
}

fn is_symbol(key: &str) -> bool {
    let starts = key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == '$');
    let symbol_id = key.strip_prefix('$').is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()));
    starts
        && !symbol_id
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$')
        && !matches!(key, "null" | "true" | "false" | "nan")
}

fn quoted(text: &str, quote: char, out: &mut String) {
    out.push(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote => {
                out.push('\\');
                out.push(c);
            }
            // Writing to a String cannot fail.
            c if u32::from(c) < 0x20 => drop(write!(out, "\\x{:02x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push(quote);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_on_one_line() {
        let value = serde_json::json!({"a": 1, "b c": [1.5, null, true], "null": "x\n\"y\"", "d": {}});
        assert_eq!(to_string(&value), r#"{a:1,'b c':[1.5e0,null,true],'null':"x\n\"y\"",d:{}}"#);
    }
}
