//! Tokens of a template.

use super::ast::Span;

/// The kind of a token.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum TokenKind {
    Text(String),
    /// `{{`
    PrintStart,
    /// `}}`
    PrintEnd,
    /// `{%`
    TagStart,
    /// `%}`
    TagEnd,
    Name(String),
    Operator(&'static str),
    /// Digits, possibly with a fraction.
    Number(String),
    Str(String),
    /// `#{` in a double-quoted string
    InterpolationStart,
    InterpolationEnd,
    Punctuation(char),
    End,
}

/// A token and the position of its start.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) span: Span,
}

impl TokenKind {
    /// The token as a text for messages.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Text(_) => "text".to_owned(),
            Self::PrintStart => "\"{{\"".to_owned(),
            Self::PrintEnd => "\"}}\"".to_owned(),
            Self::TagStart => "\"{%\"".to_owned(),
            Self::TagEnd => "\"%}\"".to_owned(),
            Self::Name(name) => format!("name \"{name}\""),
            Self::Operator(operator) => format!("operator \"{operator}\""),
            Self::Number(digits) => format!("number \"{digits}\""),
            Self::Str(_) => "string".to_owned(),
            Self::InterpolationStart => "\"#{\"".to_owned(),
            Self::InterpolationEnd => "\"}\"".to_owned(),
            Self::Punctuation(c) => format!("\"{c}\""),
            Self::End => "end of template".to_owned(),
        }
    }
}
