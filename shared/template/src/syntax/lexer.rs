//! Splits a template into tokens like Pebble's lexer. Operators are tried before names. Brackets decide whether `}}`
//! closes a map or the expression. `-` next to a delimiter removes white space.

use super::ast::Span;
use super::scan::{
    Stop, closing, next_delimiter, raw_block_length, string_part, tag_body_length, tag_length, trims,
    word_length,
};
use super::token::{Token, TokenKind};
use crate::error::RenderError;

/// Operators of punctuation. Longer operators come first.
const SIGNS: [&str; 16] =
    ["???", "==", "!=", "<=", ">=", "??", "..", "<", ">", "+", "-", "*", "/", "%", "|", "~"];
/// Operators that are words.
const WORDS: [&str; 7] = ["contains", "equals", "not", "and", "or", "is", "in"];
const PUNCTUATION: &str = "()[]{}?:.,=";
/// The largest depth of strings inside interpolations inside strings.
const MAX_INTERPOLATION_DEPTH: usize = 16;

/// Splits a template into tokens. The last token is the end.
///
/// # Errors
/// [`RenderError::Syntax`] if a part is not a token or is not closed.
pub(crate) fn tokenize(template: &str) -> Result<Vec<Token>, RenderError> {
    let mut lexer = Lexer {
        rest: template,
        at: Span { line: 1, column: 1 },
        tokens: Vec::new(),
        brackets: Vec::new(),
        trim_next_text: false,
        interpolations: 0,
    };
    while !lexer.rest.is_empty() {
        lexer.data()?;
    }
    lexer.push(TokenKind::End, lexer.at);
    Ok(lexer.tokens)
}

struct Lexer<'a> {
    rest: &'a str,
    at: Span,
    tokens: Vec<Token>,
    /// The open brackets with their positions.
    brackets: Vec<(char, Span)>,
    /// Whether the last delimiter was `-}}`, `-%}` or `-#}`. Then white space after it is removed.
    trim_next_text: bool,
    interpolations: usize,
}

impl<'a> Lexer<'a> {
    fn push(&mut self, kind: TokenKind, span: Span) {
        self.tokens.push(Token { kind, span });
    }

    fn advance(&mut self, bytes: usize) -> &'a str {
        let (head, tail) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        for c in head.chars() {
            if c == '\n' {
                self.at.line += 1;
                self.at.column = 1;
            } else {
                self.at.column += 1;
            }
        }
        self.rest = tail;
        head
    }

    fn skip_white_space(&mut self) {
        self.advance(self.rest.len() - self.rest.trim_start().len());
    }

    fn error(&self, message: impl Into<String>) -> RenderError {
        error_at(message, self.at)
    }

    /// Reads text up to the next delimiter, and then the part that the delimiter opens.
    fn data(&mut self) -> Result<(), RenderError> {
        let start = self.at;
        let mut text = String::new();
        let opened = loop {
            match next_delimiter(self.rest) {
                None => {
                    text.push_str(self.advance(self.rest.len()));
                    break None;
                }
                Some((offset, kind)) => {
                    text.push_str(self.advance(offset));
                    if kind == '%' && tag_length(self.rest, "raw").is_some() {
                        let length =
                            raw_block_length(self.rest).ok_or_else(|| self.error("Unclosed raw tag."))?;
                        text.push_str(self.advance(length));
                        continue;
                    }
                    break Some((kind, self.at));
                }
            }
        };
        if opened.is_some() {
            self.advance(2);
        }
        let mut kept = text.as_str();
        if std::mem::take(&mut self.trim_next_text) {
            kept = kept.trim_start();
        }
        let is_tag = matches!(opened, Some(('%', _)));
        if opened.is_some() && trims(self.rest, is_tag) {
            self.advance(1);
            self.skip_white_space();
            kept = kept.trim_end();
        }
        if !kept.is_empty() {
            let kept = kept.to_owned();
            self.push(TokenKind::Text(kept), start);
        }
        match opened {
            None => Ok(()),
            Some(('#', from)) => self.comment(from),
            Some(('{', from)) => {
                self.push(TokenKind::PrintStart, from);
                self.inside("}}", TokenKind::PrintEnd, from)
            }
            Some((_, from)) => self.tag(from),
        }
    }

    fn comment(&mut self, from: Span) -> Result<(), RenderError> {
        let Some(end) = self.rest.find("#}") else {
            return Err(error_at("Unclosed comment.", from));
        };
        let comment = self.advance(end);
        self.trim_next_text = comment.ends_with('-');
        self.advance(2);
        Ok(())
    }

    fn tag(&mut self, from: Span) -> Result<(), RenderError> {
        if let Some(length) = tag_body_length(self.rest, "verbatim") {
            self.advance(length);
            return self.verbatim(from);
        }
        self.push(TokenKind::TagStart, from);
        self.inside("%}", TokenKind::TagEnd, from)
    }

    fn verbatim(&mut self, from: Span) -> Result<(), RenderError> {
        let start = self.at;
        let mut offset = 0;
        loop {
            let tail = self.rest.get(offset..).unwrap_or_default();
            let Some(found) = tail.find("{%") else {
                return Err(error_at("Unclosed verbatim tag.", from));
            };
            let tag = tail.get(found..).unwrap_or_default();
            let Some(length) = tag_length(tag, "endverbatim") else {
                offset += found + 2;
                continue;
            };
            let raw = self.advance(offset + found);
            let tag = self.advance(length);
            // Pebble always removes white space at the start of a verbatim block.
            let mut text = raw.trim_start();
            if tag.starts_with("{%-") {
                text = text.trim_end();
            }
            self.trim_next_text = tag.ends_with("-%}");
            if !text.is_empty() {
                let text = text.to_owned();
                self.push(TokenKind::Text(text), start);
            }
            return Ok(());
        }
    }

    /// Reads tokens up to the closing delimiter.
    fn inside(&mut self, close: &str, end: TokenKind, from: Span) -> Result<(), RenderError> {
        loop {
            self.skip_white_space();
            if self.brackets.is_empty() {
                let trimmed = self.rest.strip_prefix('-').filter(|rest| rest.starts_with(close));
                if trimmed.is_some() {
                    self.trim_next_text = true;
                    self.advance(1);
                }
                if self.rest.starts_with(close) {
                    let at = self.at;
                    self.advance(close.len());
                    self.push(end, at);
                    return Ok(());
                }
            }
            if self.rest.is_empty() {
                return Err(match self.brackets.last() {
                    Some((bracket, at)) => error_at(format!("Unclosed \"{bracket}\""), *at),
                    None => error_at(format!("Unclosed tag: expected \"{close}\""), from),
                });
            }
            self.expression()?;
        }
    }

    /// Reads one token of an expression.
    fn expression(&mut self) -> Result<(), RenderError> {
        self.skip_white_space();
        let at = self.at;
        let Some(first) = self.rest.chars().next() else {
            return Err(self.error("Unexpected end of template"));
        };
        let after_dot = matches!(self.tokens.last(), Some(Token { kind: TokenKind::Punctuation('.'), .. }));
        if first.is_alphabetic() || first == '_' {
            self.word(after_dot, at);
        } else if first.is_ascii_digit() {
            self.number(at);
        } else if let Some(sign) = SIGNS.iter().find(|sign| self.rest.starts_with(**sign)) {
            self.advance(sign.len());
            self.push(TokenKind::Operator(sign), at);
        } else if PUNCTUATION.contains(first) {
            self.punctuation(first, at)?;
        } else if first == '\'' || first == '"' {
            self.string(first, at)?;
        } else {
            return Err(self.error(format!("Unexpected character [{first}]")));
        }
        Ok(())
    }

    fn word(&mut self, after_dot: bool, at: Span) {
        let word = self.advance(word_length(self.rest));
        let operator = if after_dot { None } else { WORDS.iter().find(|known| **known == word) };
        let Some(operator) = operator else {
            self.push(TokenKind::Name(word.to_owned()), at);
            return;
        };
        let both = match *operator {
            "is" => Some(("not", "is not")),
            "not" => Some(("in", "not in")),
            _ => None,
        };
        if let Some((second, both)) = both {
            let next = self.rest.trim_start();
            if next.get(..word_length(next)) == Some(second) {
                self.skip_white_space();
                self.advance(second.len());
                self.push(TokenKind::Operator(both), at);
                return;
            }
        }
        self.push(TokenKind::Operator(operator), at);
    }

    fn number(&mut self, at: Span) {
        let digits = |text: &str| text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let mut length = digits(self.rest);
        let tail = self.rest.get(length..).unwrap_or_default();
        if tail.starts_with('L') {
            let number = self.advance(length).to_owned();
            self.advance(1);
            self.push(TokenKind::Number(number), at);
            return;
        }
        if let Some(fraction) = tail.strip_prefix('.').map(digits).filter(|count| *count > 0) {
            length += 1 + fraction;
        }
        let number = self.advance(length).to_owned();
        self.push(TokenKind::Number(number), at);
    }

    fn punctuation(&mut self, c: char, at: Span) -> Result<(), RenderError> {
        match c {
            '(' | '[' | '{' => self.brackets.push((c, at)),
            ')' | ']' | '}' => match self.brackets.pop() {
                None => return Err(self.error(format!("Unexpected \"{c}\""))),
                Some((open, opened)) if closing(open) != c => {
                    return Err(error_at(format!("Unclosed \"{open}\": found \"{c}\""), opened));
                }
                Some(_) => {}
            },
            _ => {}
        }
        self.advance(c.len_utf8());
        self.push(TokenKind::Punctuation(c), at);
        Ok(())
    }

    /// Reads a string. The only escape is a backslash before the enclosing quote.
    fn string(&mut self, quote: char, at: Span) -> Result<(), RenderError> {
        self.advance(1);
        let interpolates = quote == '"';
        let mut parts = 0;
        loop {
            let start = self.at;
            let (length, stop) = string_part(self.rest, quote, interpolates);
            let part = self.advance(length).replace(&format!("\\{quote}"), &quote.to_string());
            if !part.is_empty() || (stop == Stop::Quote && parts == 0) {
                self.push(TokenKind::Str(part), start);
            }
            parts += 1;
            match stop {
                Stop::End => return Err(error_at("Unclosed string", at)),
                Stop::Quote => {
                    self.advance(1);
                    return Ok(());
                }
                Stop::Interpolation => self.interpolation()?,
            }
        }
    }

    fn interpolation(&mut self) -> Result<(), RenderError> {
        if self.interpolations >= MAX_INTERPOLATION_DEPTH {
            return Err(self.error("Strings are interpolated in strings too deeply"));
        }
        self.interpolations += 1;
        let from = self.at;
        self.advance(2);
        self.push(TokenKind::InterpolationStart, from);
        let outer = self.brackets.len();
        loop {
            self.skip_white_space();
            if self.brackets.len() == outer && self.rest.starts_with('}') {
                let at = self.at;
                self.advance(1);
                self.push(TokenKind::InterpolationEnd, at);
                self.interpolations -= 1;
                return Ok(());
            }
            if self.rest.is_empty() {
                return Err(error_at("Unclosed \"#{\"", from));
            }
            self.expression()?;
        }
    }
}

fn error_at(message: impl Into<String>, at: Span) -> RenderError {
    RenderError::Syntax { message: message.into(), line: at.line, column: at.column }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(template: &str) -> Vec<TokenKind> {
        tokenize(template).unwrap().into_iter().map(|token| token.kind).collect()
    }

    #[test]
    fn a_dash_trims_only_before_white_space() {
        assert_eq!(kinds("a {{- x -}} b").first(), Some(&TokenKind::Text("a".into())));
        assert!(kinds("a {{- x -}} b").contains(&TokenKind::Text("b".into())));
        assert!(kinds("a {{-1}}").contains(&TokenKind::Operator("-")));
    }

    #[test]
    fn words_are_operators_only_when_whole_and_not_after_a_dot() {
        let tokens = kinds("{{ organization.in is  not nothing }}");
        assert!(tokens.contains(&TokenKind::Name("organization".into())));
        assert!(tokens.contains(&TokenKind::Name("in".into())));
        assert!(tokens.contains(&TokenKind::Operator("is not")));
    }

    #[test]
    fn places_are_counted_in_lines_and_characters() {
        let error = tokenize("é\n  {{ 'x' ; }}").unwrap_err();
        assert_eq!(
            error,
            RenderError::Syntax { message: "Unexpected character [;]".into(), line: 2, column: 10 }
        );
    }

    #[test]
    fn braces_of_maps_do_not_close_the_expression() {
        assert_eq!(kinds("{{ {'a': {'b': 1}} }}").last(), Some(&TokenKind::End));
    }
}
