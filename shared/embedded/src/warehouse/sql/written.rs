//! Writes tokens and names as texts in BigQuery's syntax and in its messages.

use super::lex::{Kind, Token};
use super::syntax_error;
use segue_ports::warehouse::WarehouseError;

/// The position of a token.
pub(crate) fn location(token: &Token) -> Option<(u32, u32)> {
    Some((token.line, token.column))
}

/// Quotes a string in BigQuery's syntax.
pub(crate) fn string(value: &str) -> String {
    let escaped = value.replace('\\', "\\\\").replace('\'', "\\'").replace('\n', "\\n").replace('\r', "\\r");
    format!("'{escaped}'")
}

/// Quotes a name in BigQuery's syntax.
pub(crate) fn backquote(name: &str) -> String {
    format!("`{name}`")
}

/// The error for an unexpected token, with BigQuery's message.
pub(crate) fn unexpected(token: &Token) -> WarehouseError {
    let what = match &token.kind {
        Kind::Word(word) => format!("keyword or identifier {word}"),
        Kind::Quoted(name) => format!("identifier `{name}`"),
        Kind::Text(_) | Kind::Bytes(_) => "string literal".to_owned(),
        Kind::Number(number) => format!("number {number}"),
        Kind::Parameter(name) => format!("parameter @{name}"),
        Kind::Positional(_) => "\"?\"".to_owned(),
        Kind::Symbol(symbol) => format!("\"{symbol}\""),
    };
    syntax_error(&format!("Unexpected {what}"), location(token))
}
