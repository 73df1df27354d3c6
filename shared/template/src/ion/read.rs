//! Reads ION text.

/// The largest depth of nested values.
const MAX_DEPTH: usize = 128;

/// An error in an ION text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot read the ION: {message} at line {line}, column {column}")]
pub struct IonError {
    /// What was found and what was expected.
    pub message: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

/// All top-level values of a text. In a file, each value is a record.
///
/// # Errors
/// [`IonError`] with the position of the text that is not ION.
pub fn parse_all(text: &str) -> Result<Vec<serde_json::Value>, IonError> {
    let mut reader = Reader { text, rest: text };
    let mut values = Vec::new();
    loop {
        reader.space()?;
        if reader.rest.is_empty() {
            return Ok(values);
        }
        // The version marker is not a value.
        if let Some(rest) = reader.rest.strip_prefix("$ion_1_0")
            && !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$')
        {
            reader.rest = rest;
            continue;
        }
        values.push(reader.value(0)?);
    }
}

struct Reader<'a> {
    text: &'a str,
    rest: &'a str,
}

type Read<T> = Result<T, IonError>;

impl<'a> Reader<'a> {
    fn fail<T>(&self, message: impl Into<String>) -> Read<T> {
        let read = self.text.get(..self.text.len() - self.rest.len()).unwrap_or_default();
        let line_start = read.rfind('\n').map_or(0, |place| place + 1);
        let column = read.get(line_start..).map_or(0, |line| line.chars().count()) + 1;
        Err(IonError { message: message.into(), line: read.matches('\n').count() + 1, column })
    }

    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn skip(&mut self, bytes: usize) -> &'a str {
        let (head, tail) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.rest = tail;
        head
    }

    fn take(&mut self, text: &str) -> bool {
        let found = self.rest.strip_prefix(text);
        self.rest = found.unwrap_or(self.rest);
        found.is_some()
    }

    /// Skips white space and comments.
    fn space(&mut self) -> Read<()> {
        loop {
            self.rest = self.rest.trim_start();
            if self.rest.starts_with("//") {
                self.skip(self.rest.find('\n').unwrap_or(self.rest.len()));
            } else if self.rest.starts_with("/*") {
                let Some(end) = self.rest.find("*/") else { return self.fail("unclosed comment") };
                self.skip(end + 2);
            } else {
                return Ok(());
            }
        }
    }

    fn value(&mut self, depth: usize) -> Read<serde_json::Value> {
        if depth > MAX_DEPTH {
            return self.fail(format!("values are nested more than {MAX_DEPTH} deep"));
        }
        self.space()?;
        match self.peek() {
            None => self.fail("unexpected end, expected a value"),
            Some('{') if self.rest.starts_with("{{") => self.lob(),
            Some('{') => self.structure(depth),
            Some('[') => self.list('[', ']', depth),
            Some('(') => self.list('(', ')', depth),
            Some('"') => self.string().map(serde_json::Value::String),
            Some('\'') if self.rest.starts_with("'''") => self.long_string().map(serde_json::Value::String),
            Some('\'') => {
                let symbol = self.quoted('\'')?;
                self.after_symbol(symbol, depth)
            }
            Some(c) if c.is_ascii_digit() || c == '-' || c == '+' => self.number(),
            Some(c) if c.is_ascii_alphabetic() || c == '_' || c == '$' => self.word(depth),
            Some(c) => self.fail(format!("unexpected character '{c}'")),
        }
    }

    /// Reads the value after a symbol. Before `::` the symbol is an annotation, which is dropped. Otherwise the symbol
    /// is a text.
    fn after_symbol(&mut self, symbol: String, depth: usize) -> Read<serde_json::Value> {
        self.space()?;
        if self.take("::") { self.value(depth + 1) } else { Ok(serde_json::Value::String(symbol)) }
    }

    fn word(&mut self, depth: usize) -> Read<serde_json::Value> {
        let word = self.bare();
        match word {
            "true" => return Ok(true.into()),
            "false" => return Ok(false.into()),
            "nan" => return Ok(serde_json::Value::Null),
            "null" => {
                // A typed null, such as `null.string`
                if self.take(".") {
                    self.bare();
                }
                return Ok(serde_json::Value::Null);
            }
            _ => {}
        }
        self.after_symbol(word.to_owned(), depth)
    }

    fn bare(&mut self) -> &'a str {
        let end = self.rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '$'));
        self.skip(end.unwrap_or(self.rest.len()))
    }

    fn structure(&mut self, depth: usize) -> Read<serde_json::Value> {
        self.skip(1);
        let mut map = serde_json::Map::new();
        loop {
            self.space()?;
            if self.take("}") {
                return Ok(serde_json::Value::Object(map));
            }
            let key = match self.peek() {
                Some('"') => self.string()?,
                Some('\'') if self.rest.starts_with("'''") => self.long_string()?,
                Some('\'') => self.quoted('\'')?,
                _ => self.bare().to_owned(),
            };
            self.space()?;
            if !self.take(":") {
                return self.fail("expected ':' after the name of a field");
            }
            let value = self.value(depth + 1)?;
            map.insert(key, value);
            self.space()?;
            if !self.take(",") && !self.rest.starts_with('}') {
                return self.fail("expected ',' or '}'");
            }
        }
    }

    fn list(&mut self, open: char, close: char, depth: usize) -> Read<serde_json::Value> {
        self.skip(open.len_utf8());
        let mut items = Vec::new();
        loop {
            self.space()?;
            if self.rest.starts_with(close) {
                self.skip(close.len_utf8());
                return Ok(serde_json::Value::Array(items));
            }
            items.push(self.value(depth + 1)?);
            self.space()?;
            let separated = open == '(' || self.take(",");
            if !separated && !self.rest.starts_with(close) {
                return self.fail(format!("expected ',' or '{close}'"));
            }
        }
    }

    fn string(&mut self) -> Read<String> {
        self.quoted('"')
    }

    fn quoted(&mut self, quote: char) -> Read<String> {
        self.skip(1);
        let mut text = String::new();
        loop {
            match self.peek() {
                None => return self.fail("unclosed text"),
                Some(c) if c == quote => {
                    self.skip(1);
                    return Ok(text);
                }
                Some('\\') => text.extend(self.escape()?),
                Some(c) => {
                    self.skip(c.len_utf8());
                    text.push(c);
                }
            }
        }
    }

    /// Reads a long string. `'''a''' '''b'''` is one text.
    fn long_string(&mut self) -> Read<String> {
        let mut text = String::new();
        while self.take("'''") {
            loop {
                if self.take("'''") {
                    break;
                }
                match self.peek() {
                    None => return self.fail("unclosed text"),
                    Some('\\') => text.extend(self.escape()?),
                    Some(c) => {
                        self.skip(c.len_utf8());
                        text.push(c);
                    }
                }
            }
            self.space()?;
        }
        Ok(text)
    }

    /// Reads an escape. `None` for an escaped line end, which adds nothing.
    fn escape(&mut self) -> Read<Option<char>> {
        self.skip(1);
        let Some(c) = self.peek() else { return self.fail("unclosed text") };
        self.skip(c.len_utf8());
        Ok(Some(match c {
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'v' => '\u{b}',
            'a' => '\u{7}',
            '0' => '\0',
            'x' => return self.code(2).map(char::from_u32),
            'U' => return self.code(8).map(char::from_u32),
            'u' => {
                let high = self.code(4)?;
                if !(0xD800..0xDC00).contains(&high) {
                    return Ok(char::from_u32(high));
                }
                if !self.take("\\u") {
                    return self.fail("an escape with only half of a surrogate pair");
                }
                let low = self.code(4)?.wrapping_sub(0xDC00) & 0x3FF;
                return Ok(char::from_u32(0x10000 + ((high - 0xD800) << 10) + low));
            }
            '\n' => return Ok(None),
            '\r' => {
                self.take("\n");
                return Ok(None);
            }
            c => c,
        }))
    }

    fn code(&mut self, digits: usize) -> Read<u32> {
        let code = self.rest.get(..digits).and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let Some(code) = code else { return self.fail("an invalid escape") };
        self.skip(digits);
        Ok(code)
    }

    /// Reads a number or a timestamp.
    fn number(&mut self) -> Read<serde_json::Value> {
        if self.take("+inf") || self.take("-inf") {
            return Ok(serde_json::Value::Null);
        }
        let end = self.rest.find(|c: char| !(c.is_ascii_alphanumeric() || "+-.:_".contains(c)));
        let token = self.skip(end.unwrap_or(self.rest.len()));
        let is_timestamp = token.as_bytes().get(4).is_some_and(|byte| *byte == b'-' || *byte == b'T')
            && token.bytes().take(4).all(|byte| byte.is_ascii_digit());
        if is_timestamp {
            return Ok(serde_json::Value::String(token.trim_end_matches('T').to_owned()));
        }
        match parse_number(&token.replace('_', "")) {
            Some(number) => Ok(number),
            None => self.fail(format!("'{token}' is not a number")),
        }
    }

    /// Reads a blob or clob. `{{ base64 }}` becomes the base64 text, and `{{ "text" }}` becomes the text.
    fn lob(&mut self) -> Read<serde_json::Value> {
        self.skip(2);
        self.rest = self.rest.trim_start();
        if self.rest.starts_with('"') {
            let text = self.string()?;
            self.rest = self.rest.trim_start();
            return if self.take("}}") { Ok(text.into()) } else { self.fail("expected '}}'") };
        }
        let Some(end) = self.rest.find("}}") else { return self.fail("expected '}}'") };
        let body: String = self.skip(end).split_whitespace().collect();
        self.skip(2);
        Ok(body.into())
    }
}

fn parse_number(token: &str) -> Option<serde_json::Value> {
    let (sign, digits) = match token.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, token),
    };
    for (prefix, radix) in [("0x", 16), ("0X", 16), ("0b", 2), ("0B", 2)] {
        if let Some(digits) = digits.strip_prefix(prefix) {
            let int = i128::from_str_radix(digits, radix).ok()? * sign;
            return i64::try_from(int).map(Into::into).ok();
        }
    }
    if let Ok(int) = token.parse::<i64>() {
        return Some(int.into());
    }
    if let Ok(int) = token.parse::<u64>() {
        return Some(int.into());
    }
    // A decimal may have `d` before its exponent, and may end with a point.
    let float: f64 = token.replace(['d', 'D'], "e").trim_end_matches('.').parse().ok()?;
    serde_json::Number::from_f64(float).map(serde_json::Value::Number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn records_are_read_whatever_their_dress() {
        let text = "$ion_1_0 {a:1,'b c':\"x\\ty\",} // note\n{\"a\":2.5}\n[1, 2d0, 0x10, 1_000]\n\
                    note::symbol /* c */ 2024-01-02T03:04:05.678Z null.string '''long''' ''' text''' nan";
        assert_eq!(
            parse_all(text).unwrap(),
            [
                json!({"a": 1, "b c": "x\ty"}),
                json!({"a": 2.5}),
                json!([1, 2.0, 16, 1000]),
                json!("symbol"),
                json!("2024-01-02T03:04:05.678Z"),
                json!(null),
                json!("long text"),
                json!(null)
            ]
        );
    }

    #[test]
    fn what_is_written_is_read_again() {
        let value = json!({"a": [1, -2.5, 1e300, true, null, "é\u{1}\"'\\"], "x y": {"": 0}, "$1": 1});
        assert_eq!(parse_all(&super::super::to_string(&value)).unwrap(), [value]);
    }

    #[test]
    fn errors_say_where() {
        assert_eq!(parse_all("{a:1}\n {a 1}").unwrap_err().line, 2);
        for text in ["{", "[1 2]", "\"open", "{a:}", "*", "'''x", &"[".repeat(100_000)] {
            assert!(parse_all(text).is_err());
        }
    }
}
