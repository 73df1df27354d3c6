//! Parses GoogleSQL's queries and statements that change rows into a tree ([`ast`]).
//!
//! The module must not know names of tables, types of columns, or functions. DDL is parsed in `statement.rs` and
//! `ddl.rs`, which call this module for the queries and expressions inside.

pub(crate) mod ast;
mod call;
mod change;
pub(crate) mod change_ast;
mod expr;
mod from;
mod literal;
mod pipe;
mod query;
pub(crate) mod routine;
mod script;
pub(crate) mod script_ast;
mod select;

use super::lex::{Kind, Token};
use super::written::unexpected;
use super::{keywords, syntax_error};
use ast::{At, Expr, Query};
use change_ast::Change;
pub(crate) use script::script;
use segue_ports::warehouse::WarehouseError;

type Parsed<T> = Result<T, WarehouseError>;

/// A position in the tokens of one statement.
pub(crate) struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
    /// The number of levels of the deepest expression of the query that is being parsed.
    deepest: u32,
    /// The tables without a dataset that the query names that is being parsed, in lower case.
    tables: Vec<String>,
    /// The number of blocks of a script around the position.
    nested: usize,
}

/// The largest number of levels of an expression. Each level costs some kilobytes of the stack. A chain of operators
/// has one level for each operator.
const DEEPEST: u32 = 1000;

/// Parses a query, to the last token.
pub(crate) fn query(tokens: &[Token]) -> Parsed<Query> {
    let mut parser = Parser::new(tokens);
    let query = parser.query()?;
    parser.end()?;
    Ok(query)
}

/// Parses an expression, to the last token.
pub(crate) fn expression(tokens: &[Token]) -> Parsed<Expr> {
    let mut parser = Parser::new(tokens);
    let value = parser.expr()?;
    parser.end()?;
    Ok(value)
}

/// Parses INSERT, UPDATE, DELETE or MERGE, to the last token.
pub(crate) fn change(tokens: &[Token]) -> Parsed<Change> {
    let mut parser = Parser::new(tokens);
    let change = parser.change()?;
    parser.end()?;
    Ok(change)
}

impl<'a> Parser<'a> {
    fn new(tokens: &'a [Token]) -> Self {
        Self { tokens, at: 0, deepest: 0, tables: Vec::new(), nested: 0 }
    }

    fn token(&self) -> Option<&'a Token> {
        self.tokens.get(self.at)
    }

    fn ahead(&self, offset: usize) -> Option<&'a Token> {
        self.tokens.get(self.at + offset)
    }

    /// The position of the next token. At the end, the position of the last one.
    fn place(&self) -> At {
        let token = self.token().or_else(|| self.tokens.last());
        token.map_or((1, 1), |token| (token.line, token.column))
    }

    /// The byte of the script where the next token begins.
    fn byte(&self) -> usize {
        self.token().map(|token| token.start).unwrap_or_default()
    }

    /// The byte where the last token ended.
    fn byte_before(&self) -> usize {
        let last = self.at.checked_sub(1).and_then(|index| self.tokens.get(index));
        last.map(|token| token.end).unwrap_or_default()
    }

    fn is(&self, keyword: &str) -> bool {
        self.token().is_some_and(|token| token.is(keyword))
    }

    fn is_at(&self, offset: usize, keyword: &str) -> bool {
        self.ahead(offset).is_some_and(|token| token.is(keyword))
    }

    fn is_symbol(&self, symbol: &str) -> bool {
        self.token().is_some_and(|token| token.is_symbol(symbol))
    }

    fn symbol_at(&self, offset: usize, symbol: &str) -> bool {
        self.ahead(offset).is_some_and(|token| token.is_symbol(symbol))
    }

    /// Takes these keywords if they are next.
    fn take(&mut self, keywords: &str) -> bool {
        let count = keywords.split(' ').count();
        let there = keywords.split(' ').enumerate().all(|(offset, keyword)| self.is_at(offset, keyword));
        if there {
            self.at += count;
        }
        there
    }

    fn take_symbol(&mut self, symbol: &str) -> bool {
        let there = self.is_symbol(symbol);
        if there {
            self.at += 1;
        }
        there
    }

    fn need(&mut self, keywords: &str) -> Parsed<()> {
        if self.take(keywords) { Ok(()) } else { Err(self.expected(keywords)) }
    }

    fn need_symbol(&mut self, symbol: &str) -> Parsed<()> {
        if self.take_symbol(symbol) { Ok(()) } else { Err(self.expected(&format!("\"{symbol}\""))) }
    }

    /// The error for a token that is not `what`, with BigQuery's message.
    fn expected(&self, what: &str) -> WarehouseError {
        match self.token() {
            None => syntax_error(&format!("Expected {what} but got end of script"), Some(self.place())),
            Some(token) => match &token.kind {
                Kind::Word(word) if keywords::is_reserved(word) => syntax_error(
                    &format!("Expected {what} but got keyword {}", word.to_uppercase()),
                    Some(self.place()),
                ),
                Kind::Word(word) => syntax_error(
                    &format!("Expected {what} but got identifier \"{word}\""),
                    Some(self.place()),
                ),
                Kind::Symbol(symbol) => {
                    syntax_error(&format!("Expected {what} but got \"{symbol}\""), Some(self.place()))
                }
                _ => unexpected(token),
            },
        }
    }

    fn end(&self) -> Parsed<()> {
        match self.token() {
            None => Ok(()),
            Some(_) => Err(self.expected("end of input")),
        }
    }

    /// A name: a quoted name, or a word that is not reserved.
    fn name(&mut self) -> Parsed<String> {
        match self.token().map(|token| &token.kind) {
            Some(Kind::Word(word)) if !keywords::is_reserved(word) => {
                self.at += 1;
                Ok(word.clone())
            }
            Some(Kind::Quoted(name)) => {
                self.at += 1;
                Ok(name.clone())
            }
            _ => Err(self.expected("identifier")),
        }
    }

    /// Whether the next token can be a name.
    fn name_follows(&self) -> bool {
        match self.token().map(|token| &token.kind) {
            Some(Kind::Word(word)) => !keywords::is_reserved(word),
            Some(Kind::Quoted(_)) => true,
            _ => false,
        }
    }

    /// `AS name`, or a name alone that is not a keyword at this position.
    fn alias(&mut self) -> Parsed<Option<String>> {
        if self.take("AS") {
            return self.name().map(Some);
        }
        let clause = self.token().is_some_and(|token| match &token.kind {
            Kind::Word(word) => keywords::ENDS_ITEM.contains(&word.to_uppercase().as_str()),
            _ => false,
        });
        if self.name_follows() && !clause { self.name().map(Some) } else { Ok(None) }
    }

    /// A list with commas between the items.
    fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Parsed<T>) -> Parsed<Vec<T>> {
        let mut found = vec![item(self)?];
        while self.take_symbol(",") {
            found.push(item(self)?);
        }
        Ok(found)
    }

    /// A list as [`Self::list`] that may end with a comma, as a select list may.
    fn list_to<T>(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Parsed<T>,
        is_end: impl Fn(&Self) -> bool,
    ) -> Parsed<Vec<T>> {
        let mut found = vec![item(self)?];
        while self.take_symbol(",") {
            if is_end(self) {
                break;
            }
            found.push(item(self)?);
        }
        Ok(found)
    }

    fn bracketed<T>(&mut self, inner: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        self.need_symbol("(")?;
        let found = inner(self)?;
        self.need_symbol(")")?;
        Ok(found)
    }

    /// A column in brackets, as after USING.
    fn placed_name(&mut self) -> Parsed<(String, At)> {
        let at = self.place();
        Ok((self.name()?, at))
    }
}
