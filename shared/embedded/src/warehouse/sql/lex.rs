//! Splits a script into tokens by BigQuery's rules: words, names in backquotes, the eight kinds of string, numbers,
//! parameters, comments.
//!
//! The module must not know what a statement is. To add a token, add a variant of [`Kind`] and a branch in [`lex`].

use super::syntax_error;
use segue_ports::warehouse::WarehouseError;

/// The kind of a token.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    /// A keyword or plain name.
    Word(String),
    /// A name in backquotes, which may contain dots.
    Quoted(String),
    /// A string, with escapes resolved.
    Text(String),
    /// A bytes literal, with escapes resolved.
    Bytes(Vec<u8>),
    /// A number as written.
    Number(String),
    /// A named parameter, without its `@`.
    Parameter(String),
    /// The `?` with this number in the script, counted from 0.
    Positional(usize),
    /// Punctuation, one to three characters.
    Symbol(&'static str),
}

/// A token and its position.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    /// The line, counted from 1.
    pub(crate) line: u32,
    /// The column, counted from 1.
    pub(crate) column: u32,
    /// The byte offset of the token's start in the script.
    pub(crate) start: usize,
    /// The byte offset after the token's end.
    pub(crate) end: usize,
}

impl Token {
    /// Whether the token is this keyword. `keyword` is in capitals. A quoted name is not a keyword.
    pub(crate) fn is(&self, keyword: &str) -> bool {
        matches!(&self.kind, Kind::Word(word) if word.eq_ignore_ascii_case(keyword))
    }

    /// Whether the token is this punctuation.
    pub(crate) fn is_symbol(&self, symbol: &str) -> bool {
        matches!(self.kind, Kind::Symbol(own) if own == symbol)
    }

    /// The name in the token, quoted or not. `None` if the token is not a name.
    pub(crate) fn name(&self) -> Option<&str> {
        match &self.kind {
            Kind::Word(name) | Kind::Quoted(name) => Some(name),
            _ => None,
        }
    }
}

const SYMBOLS: [&str; 35] = [
    "<=>", "<<", ">>", "<=", ">=", "!=", "<>", "||", "=>", "@@", "|>", "(", ")", "[", "]", "{", "}", ",",
    ";", ".", "+", "-", "*", "/", "%", "=", "<", ">", "!", "&", "|", "^", "~", ":", "$",
];

/// Splits a script into tokens. Comments and white space are left out.
pub(crate) fn lex(sql: &str) -> Result<Vec<Token>, WarehouseError> {
    let mut cursor = Cursor { rest: sql, at: 0, line: 1, column: 1 };
    let (mut tokens, mut positional) = (Vec::new(), 0);
    while let Some(first) = cursor.rest.chars().next() {
        let (line, column, start) = (cursor.line, cursor.column, cursor.at);
        let at = |kind, cursor: &Cursor<'_>| Token { kind, line, column, start, end: cursor.at };
        if first.is_whitespace() {
            cursor.skip(first.len_utf8());
            continue;
        }
        if first == '#' || cursor.rest.starts_with("--") {
            cursor.skip(cursor.rest.find('\n').unwrap_or(cursor.rest.len()));
            continue;
        }
        if cursor.rest.starts_with("/*") {
            let Some(length) = cursor.rest.find("*/") else {
                return Err(syntax_error("Unclosed comment", Some((line, column))));
            };
            cursor.skip(length + 2);
            continue;
        }
        if let Some(kind) = string(&mut cursor)? {
            tokens.push(at(kind, &cursor));
            continue;
        }
        if first == '`' {
            let Some(length) = cursor.rest.get(1..).and_then(|rest| rest.find('`')) else {
                return Err(syntax_error("Unclosed identifier literal", Some((line, column))));
            };
            let name = cursor.rest.get(1..=length).unwrap_or_default().to_owned();
            if name.is_empty() {
                return Err(syntax_error("Invalid empty identifier", Some((line, column))));
            }
            cursor.skip(length + 2);
            tokens.push(at(Kind::Quoted(name), &cursor));
            continue;
        }
        if first == '@' && !cursor.rest.starts_with("@@") {
            cursor.skip(1);
            // SQLAlchemy writes the name in backticks.
            let name = match cursor.rest.strip_prefix('`').and_then(|rest| rest.split_once('`')) {
                Some((name, _)) => {
                    let name = name.to_owned();
                    cursor.skip(name.len() + 2);
                    name
                }
                None => cursor.take_while(is_word),
            };
            tokens.push(at(Kind::Parameter(name), &cursor));
            continue;
        }
        if first == '?' {
            cursor.skip(1);
            tokens.push(at(Kind::Positional(positional), &cursor));
            positional += 1;
            continue;
        }
        let number_follows = cursor.rest.chars().nth(1).is_some_and(|c| c.is_ascii_digit());
        let after_name = tokens.last().is_some_and(|token: &Token| {
            token.end == start && (token.name().is_some() || token.is_symbol(")") || token.is_symbol("]"))
        });
        if first.is_ascii_digit() || (first == '.' && number_follows && !after_name) {
            let number = cursor.number();
            tokens.push(at(Kind::Number(number), &cursor));
            continue;
        }
        if is_word(first) {
            let word = cursor.take_while(is_word);
            tokens.push(at(Kind::Word(word), &cursor));
            continue;
        }
        let Some(symbol) = SYMBOLS.iter().find(|symbol| cursor.rest.starts_with(**symbol)) else {
            return Err(syntax_error(&format!("Illegal input character \"{first}\""), Some((line, column))));
        };
        cursor.skip(symbol.len());
        tokens.push(at(Kind::Symbol(symbol), &cursor));
    }
    Ok(tokens)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

struct Cursor<'a> {
    rest: &'a str,
    at: usize,
    line: u32,
    column: u32,
}

impl Cursor<'_> {
    fn skip(&mut self, bytes: usize) {
        let (skipped, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        for c in skipped.chars() {
            if c == '\n' {
                self.line += 1;
                self.column = 1;
            } else {
                self.column += 1;
            }
        }
        self.at += skipped.len();
        self.rest = rest;
    }

    fn take_while(&mut self, accept: impl Fn(char) -> bool) -> String {
        let end = self.rest.find(|c| !accept(c)).unwrap_or(self.rest.len());
        let taken = self.rest.get(..end).unwrap_or_default().to_owned();
        self.skip(end);
        taken
    }

    fn number(&mut self) -> String {
        if self.rest.starts_with("0x") || self.rest.starts_with("0X") {
            return self.take_while(|c| c.is_ascii_alphanumeric());
        }
        let mut number = self.take_while(|c| c.is_ascii_digit());
        let letter_follows = self.rest.chars().nth(1).is_some_and(char::is_alphabetic);
        if self.rest.starts_with('.') && !letter_follows {
            number.push('.');
            self.skip(1);
            number.push_str(&self.take_while(|c| c.is_ascii_digit()));
        }
        let exponent = self.rest.trim_start_matches(['e', 'E']);
        let digits = exponent.trim_start_matches(['+', '-']);
        if exponent.len() + 1 == self.rest.len() && digits.starts_with(|c: char| c.is_ascii_digit()) {
            let sign = self.rest.len() - digits.len();
            number.push_str(self.rest.get(..sign).unwrap_or_default());
            self.skip(sign);
            number.push_str(&self.take_while(|c| c.is_ascii_digit()));
        }
        number
    }
}

/// Reads a string or bytes literal if one starts here. It has single, double or triple quotes, with `r`, `b`, `rb` or
/// `br` before them. Returns `None` if there is no literal here.
fn string(cursor: &mut Cursor<'_>) -> Result<Option<Kind>, WarehouseError> {
    let (line, column) = (cursor.line, cursor.column);
    // Search only within the length of a prefix. A search through the rest of the script for every token would take
    // hours for a long script.
    let prefix_length = cursor.rest.bytes().take(3).position(|byte| matches!(byte, b'\'' | b'"'));
    let Some(prefix_length) = prefix_length else { return Ok(None) };
    let prefix = cursor.rest.get(..prefix_length).unwrap_or_default().to_ascii_lowercase();
    let (raw, bytes) = match prefix.as_str() {
        "" => (false, false),
        "r" => (true, false),
        "b" => (false, true),
        "rb" | "br" => (true, true),
        _ => return Ok(None),
    };
    cursor.skip(prefix_length);
    let quote = if cursor.rest.starts_with('"') { '"' } else { '\'' };
    let tripled = cursor.rest.chars().take(3).filter(|c| *c == quote).count() == 3;
    let close: String = std::iter::repeat_n(quote, if tripled { 3 } else { 1 }).collect();
    cursor.skip(close.len());
    let body = cursor.rest;
    let mut end = None;
    let mut characters = body.char_indices();
    while let Some((index, c)) = characters.next() {
        if c == '\\' {
            characters.next();
        } else if body.get(index..).is_some_and(|rest| rest.starts_with(&close)) {
            end = Some(index);
            break;
        } else if c == '\n' && !tripled {
            break;
        }
    }
    let Some(end) = end else {
        return Err(syntax_error("Unclosed string literal", Some((line, column))));
    };
    let content = body.get(..end).unwrap_or_default().to_owned();
    cursor.skip(end + close.len());
    let resolved = if raw { content.into_bytes() } else { unescape(&content, bytes, (line, column))? };
    if bytes {
        return Ok(Some(Kind::Bytes(resolved)));
    }
    String::from_utf8(resolved)
        .map(|text| Some(Kind::Text(text)))
        .map_err(|_| syntax_error("String literal is not valid UTF-8", Some((line, column))))
}

fn unescape(content: &str, bytes: bool, location: (u32, u32)) -> Result<Vec<u8>, WarehouseError> {
    let mut out = Vec::with_capacity(content.len());
    let mut characters = content.chars();
    while let Some(c) = characters.next() {
        if c != '\\' {
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        }
        let Some(escape) = characters.next() else { break };
        let numeric = |digits: String, length: usize, radix: u32| {
            let whole = u32::from_str_radix(&digits, radix).ok().filter(|_| digits.len() == length);
            whole.ok_or_else(|| {
                let shown = if radix == 8 { String::new() } else { escape.to_string() };
                syntax_error(&format!("Illegal escape sequence: \\{shown}{digits}"), Some(location))
            })
        };
        let simple = match escape {
            'a' => Some(7),
            'b' => Some(8),
            'f' => Some(12),
            'n' => Some(b'\n'),
            'r' => Some(b'\r'),
            't' => Some(b'\t'),
            'v' => Some(11),
            '\\' | '?' | '"' | '\'' | '`' | '\n' => u8::try_from(escape).ok(),
            _ => None,
        };
        if let Some(byte) = simple {
            out.push(byte);
            continue;
        }
        let code = match escape {
            'x' | 'X' => numeric(characters.by_ref().take(2).collect(), 2, 16)?,
            'u' => numeric(characters.by_ref().take(4).collect(), 4, 16)?,
            'U' => numeric(characters.by_ref().take(8).collect(), 8, 16)?,
            '0'..='7' => {
                let digits: String = std::iter::once(escape).chain(characters.by_ref().take(2)).collect();
                numeric(digits, 3, 8)?
            }
            _ => return Err(syntax_error(&format!("Illegal escape sequence: \\{escape}"), Some(location))),
        };
        match (bytes, u8::try_from(code), char::from_u32(code)) {
            (true, Ok(byte), _) => out.push(byte),
            (_, _, Some(c)) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            _ => return Err(syntax_error(&format!("Illegal escape sequence: \\{escape}"), Some(location))),
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(sql: &str) -> Vec<Kind> {
        lex(sql).unwrap().into_iter().map(|token| token.kind).collect()
    }

    #[test]
    fn strings_of_every_kind_are_read_by_value() {
        let text = |value: &str| Kind::Text(value.to_owned());
        assert_eq!(
            kinds(
                r#" 'it\'s' "a'b" r'\d' '''a'
b''' "" "#
            ),
            [text("it's"), text("a'b"), text("\\d"), text("a'\nb"), text("")]
        );
        assert_eq!(
            kinds(r"b'\xff\x00a' rb'\x'"),
            [Kind::Bytes(vec![255, 0, b'a']), Kind::Bytes(b"\\x".to_vec())]
        );
        assert_eq!(kinds(r"'\u00e9\t\101'"), [text("é\tA")]);
        for wrong in [r"'\12'", r"'\x4'", r"'\u12'", r"'\x4g'"] {
            assert!(lex(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn numbers_names_and_symbols_are_told_apart() {
        assert_eq!(
            kinds("1.5e-3 .5 0xFF a.b x1e"),
            [
                Kind::Number("1.5e-3".into()),
                Kind::Number(".5".into()),
                Kind::Number("0xFF".into()),
                Kind::Word("a".into()),
                Kind::Symbol("."),
                Kind::Word("b".into()),
                Kind::Word("x1e".into()),
            ]
        );
        assert_eq!(
            kinds("`p.d-x.t` @p -- c\n# d\n/* e */ <>"),
            [Kind::Quoted("p.d-x.t".into()), Kind::Parameter("p".into()), Kind::Symbol("<>"),]
        );
    }

    #[test]
    fn errors_carry_their_place() {
        let error = lex("SELECT\n  'open").unwrap_err();
        assert_eq!(error.to_string(), "Invalid query: Syntax error: Unclosed string literal at [2:3]");
        assert!(lex("SELECT `x").is_err() && lex("/* x").is_err() && lex("SELECT §").is_err());
    }
}
