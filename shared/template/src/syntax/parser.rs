//! Parses expressions with precedence climbing, using Pebble's table of operators (docs/kestra.md 3.4).

use super::ast::{Arguments, BinaryOp, Expr, ExprKind, Node, Span, UnaryOp};
use super::lexer::tokenize;
use super::token::{Token, TokenKind};
use crate::error::RenderError;

/// The largest depth of nested expressions and tags.
const MAX_DEPTH: usize = 48;
/// The largest number of operators, filters or attributes in a row, including those around them.
const MAX_HEIGHT: u16 = 300;
const UNARY_PRECEDENCE: u16 = 500;
const FILTER_PRECEDENCE: u16 = 100;
const TEST_PRECEDENCE: u16 = 20;

/// Parses a template to a tree.
///
/// # Errors
/// [`RenderError::Syntax`] with the position of the error.
pub(crate) fn parse(template: &str) -> Result<Vec<Node>, RenderError> {
    let mut parser = Parser { tokens: tokenize(template)?, position: 0, depth: 0 };
    let nodes = parser.body(&[])?;
    Ok(nodes)
}

pub(super) struct Parser {
    tokens: Vec<Token>,
    position: usize,
    depth: usize,
}

type Parsed<T> = Result<T, RenderError>;

impl Parser {
    pub(super) fn kind(&self) -> &TokenKind {
        self.tokens.get(self.position).map_or(&TokenKind::End, |token| &token.kind)
    }

    pub(super) fn span(&self) -> Span {
        let token = self.tokens.get(self.position).or_else(|| self.tokens.last());
        token.map_or(Span { line: 1, column: 1 }, |token| token.span)
    }

    pub(super) fn skip(&mut self) {
        self.position += 1;
    }

    pub(super) fn unexpected<T>(&self, expected: &str) -> Parsed<T> {
        let found = self.kind().describe();
        self.fail(format!("Unexpected {found}, expected {expected}"))
    }

    pub(super) fn fail<T>(&self, message: impl Into<String>) -> Parsed<T> {
        let Span { line, column } = self.span();
        Err(RenderError::Syntax { message: message.into(), line, column })
    }

    pub(super) fn deeper<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth >= MAX_DEPTH {
            return self.fail(format!("The template is nested more than {MAX_DEPTH} levels deep"));
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    /// Makes an expression of this kind. Fails if it has too many levels.
    fn make(&self, kind: ExprKind, span: Span) -> Parsed<Expr> {
        let height = kind.children().iter().map(|child| child.height).max().unwrap_or(0) + 1;
        if height > MAX_HEIGHT {
            return self.fail(format!("The expression has more than {MAX_HEIGHT} operators in a row"));
        }
        Ok(Expr { kind, span, height })
    }

    pub(super) fn is_punctuation(&self, c: char) -> bool {
        matches!(self.kind(), TokenKind::Punctuation(found) if *found == c)
    }

    pub(super) fn punctuation(&mut self, c: char) -> Parsed<()> {
        if !self.is_punctuation(c) {
            return self.unexpected(&format!("\"{c}\""));
        }
        self.skip();
        Ok(())
    }

    pub(super) fn name(&mut self) -> Parsed<String> {
        let TokenKind::Name(name) = self.kind() else { return self.unexpected("a name") };
        let name = name.clone();
        self.skip();
        Ok(name)
    }

    /// Reads the name of a variable that is set. Fails if the name is reserved.
    pub(super) fn new_name(&mut self) -> Parsed<String> {
        if let TokenKind::Name(name) = self.kind()
            && matches!(name.as_str(), "true" | "false" | "null" | "none")
        {
            return self.fail(format!("Can not assign a value to {name}"));
        }
        self.name()
    }

    /// Parses an expression, which may be a ternary.
    pub(super) fn expression(&mut self) -> Parsed<Expr> {
        self.deeper(|parser| {
            let condition = parser.operation(0)?;
            if !parser.is_punctuation('?') {
                return Ok(condition);
            }
            parser.skip();
            let then = parser.expression()?;
            parser.punctuation(':')?;
            let otherwise = parser.expression()?;
            let span = condition.span;
            let kind = ExprKind::Ternary(Box::new(condition), Box::new(then), Box::new(otherwise));
            parser.make(kind, span)
        })
    }

    /// Parses operands joined by operators with at least this precedence.
    fn operation(&mut self, minimum: u16) -> Parsed<Expr> {
        let mut left = self.operand()?;
        loop {
            let TokenKind::Operator(operator) = *self.kind() else { return Ok(left) };
            let span = left.span;
            let kind = match operator {
                "|" if FILTER_PRECEDENCE >= minimum => {
                    self.skip();
                    let name = self.name()?;
                    let arguments = self.optional_arguments()?;
                    ExprKind::Filter(Box::new(left), name, arguments)
                }
                "is" | "is not" if TEST_PRECEDENCE >= minimum => {
                    self.skip();
                    let name = self.name()?;
                    let arguments = self.optional_arguments()?;
                    if !arguments.positional.is_empty() || !arguments.named.is_empty() {
                        return self.fail(format!("The test \"{name}\" takes no arguments"));
                    }
                    ExprKind::Test { value: Box::new(left), name, negated: operator == "is not" }
                }
                _ => match BinaryOp::from_token(operator) {
                    Some((op, precedence)) if precedence >= minimum => {
                        self.skip();
                        let right = self.deeper(|parser| parser.operation(precedence + 1))?;
                        ExprKind::Binary(op, Box::new(left), Box::new(right))
                    }
                    _ => return Ok(left),
                },
            };
            left = self.make(kind, span)?;
        }
    }

    fn operand(&mut self) -> Parsed<Expr> {
        let span = self.span();
        if let TokenKind::Operator(operator) = *self.kind() {
            let op = match operator {
                "not" => UnaryOp::Not,
                "+" => UnaryOp::Plus,
                "-" => UnaryOp::Minus,
                _ => return self.unexpected("an expression"),
            };
            self.skip();
            let operand = self.deeper(|parser| parser.operation(UNARY_PRECEDENCE))?;
            return self.make(ExprKind::Unary(op, Box::new(operand)), span);
        }
        match *self.kind() {
            TokenKind::Punctuation('(') => {
                self.skip();
                let inner = self.expression()?;
                self.punctuation(')')?;
                self.postfix(inner)
            }
            TokenKind::Punctuation('[') => self.list(span),
            TokenKind::Punctuation('{') => self.map(span),
            _ => {
                let first = self.simple(span)?;
                self.postfix(first)
            }
        }
    }

    fn simple(&mut self, span: Span) -> Parsed<Expr> {
        let kind = match self.kind().clone() {
            TokenKind::Name(name) => {
                self.skip();
                match name.as_str() {
                    "true" | "TRUE" => ExprKind::Bool(true),
                    "false" | "FALSE" => ExprKind::Bool(false),
                    "null" | "NULL" | "none" | "NONE" => ExprKind::Null,
                    _ if self.is_punctuation('(') => ExprKind::Call(name, self.arguments()?),
                    _ => ExprKind::Var(name),
                }
            }
            TokenKind::Number(digits) => {
                let kind = if digits.contains('.') {
                    digits.parse().map(ExprKind::Float).ok()
                } else {
                    digits.parse().map(ExprKind::Int).ok()
                };
                let Some(kind) = kind else {
                    return self.fail(format!("The number {digits} does not fit in 64 bits"));
                };
                self.skip();
                kind
            }
            TokenKind::Str(_) | TokenKind::InterpolationStart => self.string()?,
            _ => return self.unexpected("an expression"),
        };
        self.make(kind, span)
    }

    fn string(&mut self) -> Parsed<ExprKind> {
        let mut parts = Vec::new();
        let mut after_text = false;
        loop {
            let span = self.span();
            match self.kind().clone() {
                TokenKind::Str(text) if !after_text => {
                    self.skip();
                    parts.push(self.make(ExprKind::Str(text), span)?);
                    after_text = true;
                }
                TokenKind::InterpolationStart => {
                    self.skip();
                    parts.push(self.expression()?);
                    if *self.kind() != TokenKind::InterpolationEnd {
                        return self.unexpected("\"}\"");
                    }
                    self.skip();
                    after_text = false;
                }
                _ => break,
            }
        }
        Ok(match parts.pop() {
            Some(Expr { kind: kind @ ExprKind::Str(_), .. }) if parts.is_empty() => kind,
            Some(last) => {
                parts.push(last);
                ExprKind::Interpolated(parts)
            }
            None => ExprKind::Str(String::new()),
        })
    }

    fn postfix(&mut self, first: Expr) -> Parsed<Expr> {
        let mut expr = first;
        loop {
            let span = expr.span;
            let at = self.span();
            if self.is_punctuation('.') {
                self.skip();
                let name = self.name()?;
                let kind = if self.is_punctuation('(') {
                    let arguments = self.arguments()?;
                    if !arguments.named.is_empty() {
                        return self.fail("Can not use named arguments when calling a bean method");
                    }
                    ExprKind::Method(Box::new(expr), name, arguments.positional)
                } else {
                    ExprKind::Get(Box::new(expr), Box::new(self.make(ExprKind::Str(name), at)?))
                };
                expr = self.make(kind, span)?;
            } else if self.is_punctuation('[') {
                self.skip();
                let key = self.expression()?;
                self.punctuation(']')?;
                expr = self.make(ExprKind::Get(Box::new(expr), Box::new(key)), span)?;
            } else if self.is_punctuation('(') {
                return self.fail("Only a function, a macro or a method can be called");
            } else {
                return Ok(expr);
            }
        }
    }

    fn list(&mut self, span: Span) -> Parsed<Expr> {
        self.punctuation('[')?;
        let mut items = Vec::new();
        while !(items.is_empty() && self.is_punctuation(']')) {
            items.push(self.expression()?);
            if self.is_punctuation(']') {
                break;
            }
            self.punctuation(',')?;
        }
        self.punctuation(']')?;
        self.no_postfix("list")?;
        self.make(ExprKind::List(items), span)
    }

    fn map(&mut self, span: Span) -> Parsed<Expr> {
        self.punctuation('{')?;
        let mut entries = Vec::new();
        while !(entries.is_empty() && self.is_punctuation('}')) {
            let key = self.expression()?;
            self.punctuation(':')?;
            entries.push((key, self.expression()?));
            if self.is_punctuation('}') {
                break;
            }
            self.punctuation(',')?;
        }
        self.punctuation('}')?;
        self.no_postfix("map")?;
        self.make(ExprKind::Map(entries), span)
    }

    fn no_postfix(&self, what: &str) -> Parsed<()> {
        if ['.', '[', '('].iter().any(|c| self.is_punctuation(*c)) {
            return self.fail(format!("A {what} written out has no attributes: set it to a variable first"));
        }
        Ok(())
    }

    pub(super) fn optional_arguments(&mut self) -> Parsed<Arguments> {
        if self.is_punctuation('(') { self.arguments() } else { Ok(Arguments::default()) }
    }

    fn arguments(&mut self) -> Parsed<Arguments> {
        self.punctuation('(')?;
        let mut arguments = Arguments::default();
        while !self.is_punctuation(')') {
            if !arguments.positional.is_empty() || !arguments.named.is_empty() {
                self.punctuation(',')?;
            }
            let next = self.tokens.get(self.position + 1).map(|token| &token.kind);
            if next == Some(&TokenKind::Punctuation('=')) {
                let name = self.new_name()?;
                self.skip();
                arguments.named.push((name, self.expression()?));
            } else if arguments.named.is_empty() {
                arguments.positional.push(self.expression()?);
            } else {
                return self.fail("Positional arguments must be declared before any named arguments.");
            }
        }
        self.skip();
        Ok(arguments)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expr(source: &str) -> Expr {
        match parse(&format!("{{{{ {source} }}}}")).unwrap().remove(0) {
            Node::Print(expr) => expr,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn operators_bind_as_pebble_binds_them() {
        let ExprKind::Binary(BinaryOp::Add, _, right) = expr("1 + x | abs").kind else { panic!() };
        assert!(matches!(right.kind, ExprKind::Filter(..)));
        let ExprKind::Filter(input, ..) = expr("'a' ~ 'b' | upper").kind else { panic!() };
        assert!(matches!(input.kind, ExprKind::Binary(BinaryOp::Concat, ..)));
        let ExprKind::Binary(BinaryOp::Equals, left, _) = expr("not a == b").kind else { panic!() };
        assert!(matches!(left.kind, ExprKind::Unary(UnaryOp::Not, _)));
        let ExprKind::Test { value, .. } = expr("not x is null").kind else { panic!() };
        assert!(matches!(value.kind, ExprKind::Unary(UnaryOp::Not, _)));
        let ExprKind::Binary(BinaryOp::Subtract, left, _) = expr("1 - 2 - 3").kind else { panic!() };
        assert!(matches!(left.kind, ExprKind::Binary(BinaryOp::Subtract, ..)));
    }

    #[test]
    fn what_pebble_refuses_is_refused() {
        for source in [
            "{{ [1,2][0] }}",
            "{{ 1 if x }}",
            "{{ x[1:2] }}",
            "{{ }}",
            "{{ a",
            "{% if x %}",
            "{{ 1 2 }}",
            "{{ f(a=1, 2) }}",
            "{{ x = 1 }}",
            "{% nope %}",
            "{{ 99999999999999999999 }}",
        ] {
            assert!(matches!(parse(source), Err(RenderError::Syntax { .. })), "{source}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        let deep = format!("{{{{ {}1{} }}}}", "(".repeat(5000), ")".repeat(5000));
        assert!(matches!(parse(&deep), Err(RenderError::Syntax { .. })));
        let deep = format!("{{{{ {}1 }}}}", "not ".repeat(5000));
        assert!(matches!(parse(&deep), Err(RenderError::Syntax { .. })));
        let deep = "{% if true %}".repeat(5000);
        assert!(matches!(parse(&deep), Err(RenderError::Syntax { .. })));
    }
}
