//! Writes YAML like Jackson with few quotes and without a document start.

use crate::java;
use serde_json::Value;

/// A value as YAML, with a line end at the end.
pub fn to_string(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Object(map) if !map.is_empty() => write_map(map, 0, &mut out),
        Value::Array(items) if !items.is_empty() => write_list(items, 0, &mut out),
        scalar => {
            write_scalar(scalar, 0, &mut out);
            out.push('\n');
        }
    }
    out
}

fn pad(indent: usize, out: &mut String) {
    out.extend(std::iter::repeat_n(' ', indent));
}

fn write_map(map: &serde_json::Map<String, Value>, indent: usize, out: &mut String) {
    for (place, (key, value)) in map.iter().enumerate() {
        if place > 0 {
            pad(indent, out);
        }
        write_text(key, indent, true, out);
        out.push(':');
        match value {
            Value::Object(inner) if !inner.is_empty() => {
                out.push('\n');
                pad(indent + 2, out);
                write_map(inner, indent + 2, out);
            }
            Value::Array(items) if !items.is_empty() => {
                out.push('\n');
                write_list(items, indent, out);
            }
            scalar => {
                out.push(' ');
                write_scalar(scalar, indent, out);
                out.push('\n');
            }
        }
    }
}

/// Writes a list. A dash is indented by one, like Jackson's setting. A map or list begins on the next line.
fn write_list(items: &[Value], indent: usize, out: &mut String) {
    for item in items {
        pad(indent + 1, out);
        out.push('-');
        match item {
            Value::Object(inner) if !inner.is_empty() => {
                out.push('\n');
                pad(indent + 2, out);
                write_map(inner, indent + 2, out);
            }
            Value::Array(inner) if !inner.is_empty() => {
                out.push('\n');
                write_list(inner, indent + 2, out);
            }
            scalar => {
                out.push(' ');
                write_scalar(scalar, indent, out);
                out.push('\n');
            }
        }
    }
}

fn write_scalar(value: &Value, indent: usize, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        Value::Number(number) => match number.as_f64().filter(|_| number.is_f64()) {
            Some(float) => out.push_str(&java::double(float)),
            None => out.push_str(&number.to_string()),
        },
        Value::String(text) => write_text(text, indent, false, out),
        Value::Array(_) => out.push_str("[]"),
        Value::Object(_) => out.push_str("{}"),
    }
}

fn write_text(text: &str, indent: usize, key: bool, out: &mut String) {
    if text.contains('\n') && !key && !text.contains('\r') && !text.starts_with([' ', '\n']) {
        let kept = match (text.ends_with("\n\n") || text == "\n", text.ends_with('\n')) {
            (true, _) => "|+",
            (false, true) => "|",
            (false, false) => "|-",
        };
        out.push_str(kept);
        for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
            out.push('\n');
            if !line.is_empty() {
                pad(indent + 2, out);
                out.push_str(line);
            }
        }
        return;
    }
    if must_quote(text) {
        out.push_str(&Value::from(text).to_string());
    } else if cannot_be_plain(text) {
        out.push('\'');
        out.push_str(&text.replace('\'', "''"));
        out.push('\'');
    } else {
        out.push_str(text);
    }
}

/// Whether Jackson writes the text in double quotes even with few quotes: words of YAML, and signs of the flow style.
fn must_quote(text: &str) -> bool {
    let word = matches!(
        text.to_lowercase().as_str(),
        "" | "false" | "true" | "null" | "yes" | "no" | "on" | "off" | "y" | "n"
    );
    let before_space = |rest: &str| rest.is_empty() || rest.starts_with(char::is_whitespace);
    word || text.contains(['[', ']', '{', '}', ','])
        || text.starts_with('#')
        || text.contains(" #")
        || text.match_indices(':').any(|(place, _)| before_space(text.get(place + 1..).unwrap_or_default()))
        || text.chars().any(char::is_control)
}

/// Whether YAML would read the text as something else without quotes.
fn cannot_be_plain(text: &str) -> bool {
    let indicator = text.starts_with(|c: char| "!&*|>%@`\"'?- ".contains(c));
    let harmless = text.starts_with(['-', '?']) && text.chars().nth(1).is_some_and(|c| !c.is_whitespace());
    (indicator && (!harmless || text.starts_with("---")))
        || text.ends_with(' ')
        || matches!(text, "~" | "<<" | "=")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn structures_are_written_in_block_style() {
        let value =
            json!({"a": 1, "b": {"c": [1, {"d": "x", "e": []}], "f": "two\nlines\n"}, "g": [[1], "yes"]});
        assert_eq!(
            to_string(&value),
            "a: 1\nb:\n  c:\n   - 1\n   -\n    d: x\n    e: []\n  f: |\n    two\n    lines\ng:\n -\n   - 1\n - \"yes\"\n"
        );
    }

    #[test]
    fn what_is_written_is_read_again() {
        for text in [
            "true",
            "",
            "~",
            "a: b",
            "- x",
            "-x",
            "# c",
            "a #b",
            "x:",
            "two\nlines",
            "end\n\n",
            " pad",
            "é",
            "'",
            "null",
            "*a",
            "a\tb",
            "\n",
        ] {
            let value = json!({"k": text, "l": [text], text: 1});
            assert_eq!(super::super::parse(&to_string(&value)).unwrap(), value, "{text:?}");
        }
    }
}
