//! Reads the first document of a YAML text as JSON. An alias becomes a copy of its value, so the number of values is
//! limited.

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Tag};
use serde_json::{Map, Value};
use std::collections::HashMap;

const MAX_DEPTH: usize = 64;
/// The largest number of values in a document. Copies by aliases count.
const MAX_VALUES: usize = 200_000;

/// Reads the first document. Null if there is no document.
///
/// # Errors
/// A message with the position of the text that is not YAML.
pub(crate) fn parse(text: &str) -> Result<Value, String> {
    let mut loader = Loader { parser: Parser::new_from_str(text), anchors: HashMap::new(), values: 0 };
    loop {
        match loader.next()? {
            Event::StreamEnd | Event::DocumentEnd => return Ok(Value::Null),
            Event::StreamStart | Event::DocumentStart(_) | Event::Nothing => {}
            event => return loader.value(event, 0),
        }
    }
}

/// All documents of a text, one after another. An empty document is null. After an error there are no more.
pub fn documents(text: &str) -> impl Iterator<Item = Result<Value, String>> {
    let loader = Loader { parser: Parser::new_from_str(text), anchors: HashMap::new(), values: 0 };
    let mut left = Some(loader);
    std::iter::from_fn(move || {
        let next = left.as_mut()?.document().transpose();
        if !matches!(next, Some(Ok(_))) {
            left = None;
        }
        next
    })
}

struct Loader<'a> {
    parser: Parser<'a, saphyr_parser::StrInput<'a>>,
    anchors: HashMap<usize, Value>,
    values: usize,
}

impl<'a> Loader<'a> {
    fn next(&mut self) -> Result<Event<'a>, String> {
        match self.parser.next_event() {
            Some(Ok((event, _))) => Ok(event),
            Some(Err(error)) => Err(describe(&error)),
            None => Ok(Event::StreamEnd),
        }
    }

    /// The next document. None at the end of the text.
    fn document(&mut self) -> Result<Option<Value>, String> {
        loop {
            match self.next()? {
                Event::StreamEnd => return Ok(None),
                Event::DocumentStart(_) => break,
                _ => {}
            }
        }
        // Anchors and the limit belong to one document.
        self.anchors.clear();
        self.values = 0;
        match self.next()? {
            Event::DocumentEnd => Ok(Some(Value::Null)),
            event => self.value(event, 0).map(Some),
        }
    }

    fn count(&mut self, values: usize) -> Result<(), String> {
        self.values = self.values.saturating_add(values);
        if self.values > MAX_VALUES {
            return Err(format!(
                "it has more than {MAX_VALUES} values, with the copies that its aliases make"
            ));
        }
        Ok(())
    }

    fn value(&mut self, event: Event<'a>, depth: usize) -> Result<Value, String> {
        if depth > MAX_DEPTH {
            return Err(format!("it is nested more than {MAX_DEPTH} deep"));
        }
        self.count(1)?;
        let (value, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => (scalar(&text, style, tag.as_deref()), anchor),
            Event::SequenceStart(anchor, _) => (self.sequence(depth)?, anchor),
            Event::MappingStart(anchor, _) => (self.mapping(depth)?, anchor),
            Event::Alias(anchor) => {
                let value = self.anchors.get(&anchor).cloned().ok_or("an alias without an anchor")?;
                self.count(size(&value))?;
                return Ok(value);
            }
            _ => return Err("a value is missing".to_owned()),
        };
        if anchor > 0 {
            self.anchors.insert(anchor, value.clone());
        }
        Ok(value)
    }

    fn sequence(&mut self, depth: usize) -> Result<Value, String> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                Event::SequenceEnd => return Ok(Value::Array(items)),
                event => items.push(self.value(event, depth + 1)?),
            }
        }
    }

    /// Reads a map. `<<` merges another map. Keys that are written out have priority.
    fn mapping(&mut self, depth: usize) -> Result<Value, String> {
        let mut map = Map::new();
        let mut merged = Vec::new();
        loop {
            let key = match self.next()? {
                Event::MappingEnd => break,
                event => self.value(event, depth + 1)?,
            };
            let event = self.next()?;
            let value = self.value(event, depth + 1)?;
            match key {
                Value::String(key) if key == "<<" => merged.push(value),
                Value::String(key) => drop(map.insert(key, value)),
                other => drop(map.insert(other.to_string(), value)),
            }
        }
        for value in merged {
            let sources = match value {
                Value::Array(items) => items,
                other => vec![other],
            };
            for source in sources {
                if let Value::Object(source) = source {
                    for (key, value) in source {
                        map.entry(key).or_insert(value);
                    }
                }
            }
        }
        Ok(Value::Object(map))
    }
}

fn describe(error: &ScanError) -> String {
    let marker = error.marker();
    format!("{} at line {}, column {}", error.info(), marker.line(), marker.col() + 1)
}

fn size(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(size).sum::<usize>(),
        Value::Object(map) => 1 + map.values().map(size).sum::<usize>(),
        _ => 1,
    }
}

fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Value {
    if style != ScalarStyle::Plain || tag.is_some_and(|tag| tag.suffix == "str") {
        return Value::String(text.to_owned());
    }
    plain(text).unwrap_or_else(|| Value::String(text.to_owned()))
}

/// The value of a plain scalar. `None` if it is a text.
fn plain(text: &str) -> Option<Value> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Some(Value::Null),
        "true" | "True" | "TRUE" => return Some(true.into()),
        "false" | "False" | "FALSE" => return Some(false.into()),
        _ => {}
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    let radix = [("0x", 16), ("0o", 8)];
    if let Some((rest, radix)) =
        radix.iter().find_map(|(prefix, radix)| Some((text.strip_prefix(prefix)?, *radix)))
    {
        return i64::from_str_radix(rest, radix).ok().map(Into::into);
    }
    if let Ok(int) = text.parse::<i64>() {
        return Some(int.into());
    }
    let is_float = digits.bytes().any(|byte| byte.is_ascii_digit())
        && digits.bytes().all(|byte| byte.is_ascii_digit() || b".eE+-".contains(&byte));
    let float = text.parse::<f64>().ok().filter(|_| is_float)?;
    serde_json::Number::from_f64(float).map(Value::Number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn documents_become_json() {
        let text = "a: 1\nb: [x, 1.5, true, ~, '1']\nc: &d {e: f}\ng: *d\nh:\n  <<: *d\n  i: |\n    two\n    lines\n";
        assert_eq!(
            parse(text).unwrap(),
            json!({"a": 1, "b": ["x", 1.5, true, null, "1"], "c": {"e": "f"}, "g": {"e": "f"},
                   "h": {"i": "two\nlines\n", "e": "f"}})
        );
        assert_eq!(parse("").unwrap(), json!(null));
        assert_eq!(parse("2024-01-02").unwrap(), json!("2024-01-02"));
    }

    #[test]
    fn hostile_documents_are_refused() {
        assert!(parse("a: [").is_err());
        assert!(parse(&"[".repeat(10_000)).is_err());
        let bomb: String = (1..30).fold("a0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned(), |text, n| {
            let alias = format!("*a{},", n - 1).repeat(9);
            format!("{text}a{n}: &a{n} [{alias}]\n")
        });
        assert!(parse(&bomb).is_err());
    }
}
