//! The tokens of one statement, with its brackets matched. DDL is parsed on them.
//!
//! The module must not know what the tokens mean.

use super::lex::{Kind, Token};
use super::names::{self, Scope};
use super::written::{location, unexpected};
use super::{keywords, syntax_error};
use segue_ports::warehouse::{TableReference, WarehouseError};

/// The tokens of one statement.
pub(crate) struct Tokens<'a> {
    pub(crate) tokens: &'a [Token],
    scope: &'a Scope,
    /// For each opening bracket, the index of its closing bracket. `None` for other tokens.
    closing: Vec<Option<usize>>,
}

impl<'a> Tokens<'a> {
    /// Finds the brackets of a statement.
    pub(crate) fn new(tokens: &'a [Token], scope: &'a Scope) -> Result<Self, WarehouseError> {
        let mut closing = vec![None; tokens.len()];
        let mut open = Vec::new();
        for (index, token) in tokens.iter().enumerate() {
            let Kind::Symbol(symbol) = token.kind else { continue };
            match symbol {
                "(" | "[" | "{" => open.push((index, symbol)),
                ")" | "]" | "}" => {
                    let matching = open.pop().filter(|(_, start)| {
                        matches!((*start, symbol), ("(", ")") | ("[", "]") | ("{", "}"))
                    });
                    let Some((start, _)) = matching else {
                        return Err(syntax_error(&format!("Unexpected \"{symbol}\""), location(token)));
                    };
                    if let Some(slot) = closing.get_mut(start) {
                        *slot = Some(index);
                    }
                }
                _ => {}
            }
        }
        if let Some((start, symbol)) = open.pop() {
            let at = tokens.get(start).and_then(location);
            return Err(syntax_error(&format!("Unclosed \"{symbol}\""), at));
        }
        Ok(Self { tokens, scope, closing })
    }

    pub(crate) fn token(&self, index: usize) -> Option<&'a Token> {
        self.tokens.get(index)
    }

    /// The tokens from `low` to `high`.
    pub(crate) fn part(&self, low: usize, high: usize) -> &'a [Token] {
        self.tokens.get(low..high).unwrap_or_default()
    }

    pub(crate) fn is(&self, index: usize, keyword: &str) -> bool {
        self.token(index).is_some_and(|token| token.is(keyword))
    }

    /// Whether these keywords begin at `index`.
    pub(crate) fn are(&self, index: usize, keywords: &str) -> bool {
        keywords.split(' ').enumerate().all(|(offset, keyword)| self.is(index + offset, keyword))
    }

    pub(crate) fn is_symbol(&self, index: usize, symbol: &str) -> bool {
        self.token(index).is_some_and(|token| token.is_symbol(symbol))
    }

    /// The index of the bracket that closes the bracket at `open`.
    pub(crate) fn close(&self, open: usize) -> usize {
        self.closing.get(open).copied().flatten().unwrap_or(self.tokens.len())
    }

    /// The stretches between commas from `low` to `high` at this nesting level. Each stretch is a start and an end.
    pub(crate) fn arguments(&self, low: usize, high: usize) -> Vec<(usize, usize)> {
        let mut stretches = Vec::new();
        let (mut start, mut index) = (low, low);
        while index < high {
            if self.is_symbol(index, ",") {
                stretches.push((start, index));
                start = index + 1;
            }
            index = self.after(index);
        }
        if start < high {
            stretches.push((start, high));
        }
        stretches
    }

    /// The index after the token or bracketed group at `index`.
    pub(crate) fn after(&self, index: usize) -> usize {
        self.closing.get(index).copied().flatten().unwrap_or(index) + 1
    }

    /// The table named at `index`, and the index after its name.
    pub(crate) fn table(&self, index: usize) -> Result<(TableReference, usize), WarehouseError> {
        let rest = self.tokens.get(index..).unwrap_or_default();
        let reserved =
            |token: &&Token| matches!(&token.kind, Kind::Word(word) if keywords::is_reserved(word));
        if let Some(token) = rest.first().filter(reserved) {
            return Err(unexpected(token));
        }
        let (parts, taken) = names::path(rest)?;
        let at = rest.first().and_then(location).unwrap_or((1, 1));
        Ok((self.scope.table(&parts, at)?, index + taken))
    }

    /// Refuses tokens from `index` on.
    pub(crate) fn ended(&self, index: usize) -> Result<(), WarehouseError> {
        self.token(index).map_or(Ok(()), |token| Err(unexpected(token)))
    }

    /// The error for the token at `index`.
    pub(crate) fn unexpected(&self, index: usize) -> WarehouseError {
        self.token(index).map_or_else(|| syntax_error("Unexpected end of script", None), unexpected)
    }
}
