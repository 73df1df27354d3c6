//! Rewrites expressions and queries token by token, so that DuckDB evaluates them like BigQuery.
//!
//! BigQuery and DuckDB evaluate some things differently, for example division, casts, CONCAT, subscripts and date
//! parts. Each of these becomes a call of a macro of Segue (`bq_…`, see `macros.sql`). Every table name is resolved.
//! polyglot-sql then translates the structure of the result (STRUCT, UNNEST, EXCEPT, set operations).
//!
//! The module must not know DDL, files and connections. To add a function, add a line in `calls.rs` or a macro.

use super::lex::{Kind, Token};
use super::names::{self, Scope};
use super::written::{backquote, location, string, unexpected};
use super::{calls, keywords, locals, syntax_error};
use segue_ports::warehouse::{TableReference, WarehouseError};
use std::collections::BTreeSet;

/// The tokens of one statement during rewriting.
pub(crate) struct Rewriter<'a> {
    pub(crate) tokens: &'a [Token],
    scope: &'a Scope,
    /// Names that are not tables, in lower case: common table expressions and aliases.
    locals: BTreeSet<String>,
    /// The names of tables without an alias, in lower case.
    implied: BTreeSet<String>,
    /// For each opening bracket, the index of its closing bracket. `None` for other tokens.
    closing: Vec<Option<usize>>,
    /// The tables in the order of their first use.
    pub(crate) tables: Vec<TableReference>,
}

/// A part of the output at one nesting level.
struct Piece {
    text: String,
    /// Whether the piece is a complete value. Otherwise it is an operator or a keyword.
    operand: bool,
}

impl<'a> Rewriter<'a> {
    /// Prepares one statement: finds brackets, aliases and common table expressions.
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
        let (locals, implied) = locals::names(tokens);
        Ok(Self { tokens, scope, locals, implied, closing, tables: Vec::new() })
    }

    pub(crate) fn token(&self, index: usize) -> Option<&'a Token> {
        self.tokens.get(index)
    }

    pub(crate) fn is(&self, index: usize, keyword: &str) -> bool {
        self.token(index).is_some_and(|token| token.is(keyword))
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

    /// The table name at `index` in DuckDB's syntax, and the index after it.
    pub(crate) fn table(&mut self, index: usize) -> Result<(String, usize), WarehouseError> {
        let rest = self.tokens.get(index..).unwrap_or_default();
        let reserved = |word: &String| keywords::RESERVED.contains(&word.to_uppercase().as_str());
        if let Some(token) =
            rest.first().filter(|token| matches!(&token.kind, Kind::Word(word) if reserved(word)))
        {
            return Err(unexpected(token));
        }
        let (parts, taken) = names::path(rest)?;
        let at = rest.first().and_then(location).unwrap_or((1, 1));
        let end = index + taken;
        let first = parts.first().map(|part| part.to_lowercase()).unwrap_or_default();
        let joined =
            index.checked_sub(1).is_some_and(|before| self.is_symbol(before, ",") || self.is(before, "JOIN"));
        let correlated = parts.len() > 1 && joined && self.implied.contains(&first);
        if self.locals.contains(&first) || correlated {
            let text = parts.iter().map(|part| backquote(part)).collect::<Vec<_>>().join(".");
            return Ok((text, end));
        }
        let upper: Vec<String> = parts.iter().map(|part| part.to_uppercase()).collect();
        if let Some(at_schema) = upper.iter().position(|part| part == "INFORMATION_SCHEMA") {
            let view = upper.get(at_schema + 1).map(String::as_str).unwrap_or_default();
            let dataset =
                at_schema.checked_sub(1).and_then(|index| parts.get(index)).or(self.scope.dataset.as_ref());
            let dataset = dataset.map(|name| names::literal(name)).unwrap_or_else(|| "NULL".into());
            return Ok((format!("bq_information_schema_{}({dataset})", view.to_lowercase()), end));
        }
        let table = self.scope.table(&parts, at)?;
        let mut text = format!("{}.{}", backquote(&table.dataset), backquote(&table.table));
        let partition = table.table.split_once('$').map(|(name, _)| name.to_owned());
        if let Some(name) = partition {
            text = format!("{}.{}", backquote(&table.dataset), backquote(&name));
        }
        self.tables.push(table);
        Ok((text, end))
    }

    /// Rewrites the tokens from `low` to `high`, which are at one nesting level.
    pub(crate) fn span(&mut self, low: usize, high: usize) -> Result<String, WarehouseError> {
        let mut pieces: Vec<Piece> = Vec::new();
        let mut index = low;
        let (mut in_from, mut table_next) = (false, false);
        while index < high {
            let Some(token) = self.token(index) else { break };
            if table_next && token.name().is_some() && !token.is("UNNEST") && !token.is("LATERAL") {
                table_next = false;
                if self.is_symbol(index + 1, "(") {
                    continue;
                }
                let (text, next) = self.table(index)?;
                pieces.push(Piece { text, operand: true });
                index = next;
                continue;
            }
            if table_next && matches!(token.kind, Kind::Text(_) | Kind::Number(_)) {
                return Err(unexpected(token));
            }
            if table_next && token.is("UNNEST") && self.is_symbol(index + 1, "(") {
                let (text, next) = self.unnest(index, high)?;
                pieces.push(Piece { text, operand: true });
                table_next = false;
                index = next;
                continue;
            }
            table_next = false;
            if let Kind::Word(word) = &token.kind {
                let upper = word.to_uppercase();
                let distinct_from = upper == "FROM" && index > low && self.is(index - 1, "DISTINCT") && {
                    index >= low + 2 && (self.is(index - 2, "IS") || self.is(index - 2, "NOT"))
                };
                if !distinct_from && matches!(upper.as_str(), "FROM" | "JOIN") {
                    in_from = true;
                    table_next = true;
                } else if keywords::ENDS_FROM.contains(&upper.as_str()) {
                    in_from = false;
                }
            } else if token.is_symbol(",") && in_from {
                table_next = true;
            }
            if token.is("OVER")
                && (self.is_symbol(index + 1, "(")
                    || self.token(index + 1).is_some_and(|t| t.name().is_some()))
            {
                let next = self.after(index + 1);
                let window = self.span(index + 1, next)?;
                if let Some(last) = pieces.last_mut() {
                    last.text = format!("{} OVER {window}", last.text);
                }
                index = next;
                continue;
            }
            let (piece, next) = self.piece(index, high)?;
            pieces.push(piece);
            index = next;
        }
        Ok(join(divisions(pieces)))
    }

    /// The next piece: a value with everything attached to it, or an operator or keyword. Also returns the index after
    /// it.
    fn piece(&mut self, index: usize, high: usize) -> Result<(Piece, usize), WarehouseError> {
        let Some(token) = self.token(index) else {
            return Err(syntax_error("Unexpected end of script", None));
        };
        let (mut text, mut next) = match &token.kind {
            Kind::Symbol("(") => {
                let end = self.close(index);
                (format!("({})", self.span(index + 1, end)?), end + 1)
            }
            Kind::Symbol("[") => {
                let end = self.close(index);
                (format!("[{}]", self.span(index + 1, end)?), end + 1)
            }
            Kind::Symbol(symbol) => {
                return Ok((
                    Piece { text: (*symbol).to_owned(), operand: *symbol == "*" && starts_item(self, index) },
                    index + 1,
                ));
            }
            Kind::Text(value) => (string(value), index + 1),
            Kind::Bytes(bytes) => {
                let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                (format!("bq_from_hex('{hex}')"), index + 1)
            }
            Kind::Number(number) => (float(number), index + 1),
            Kind::Parameter(name) => (self.parameter(name, token)?, index + 1),
            Kind::Quoted(name) => (backquote(name.rsplit('.').next().unwrap_or(name)), index + 1),
            Kind::Word(word) => {
                if let Some((text, next)) = calls::word(self, word, index, high)? {
                    (text, next)
                } else if keywords::RESERVED.contains(&word.to_uppercase().as_str()) {
                    return Ok((
                        Piece {
                            text: word.clone(),
                            operand: ["NULL", "TRUE", "FALSE"].contains(&word.to_uppercase().as_str()),
                        },
                        index + 1,
                    ));
                } else {
                    (word.clone(), index + 1)
                }
            }
        };
        while next < high {
            if self.is_symbol(next, ".")
                && self.token(next + 1).is_some_and(|t| t.name().is_some() || t.is_symbol("*"))
            {
                let field = match self.token(next + 1).map(|token| &token.kind) {
                    Some(Kind::Word(name)) => name.clone(),
                    Some(Kind::Quoted(name)) => backquote(name),
                    _ => "*".to_owned(),
                };
                text = format!("{text}.{field}");
                next += 2;
            } else if self.is_symbol(next, "[") {
                let end = self.close(next);
                text = calls::subscript(self, &text, next + 1, end)?;
                next = end + 1;
            } else {
                break;
            }
        }
        Ok((Piece { text, operand: true }, next))
    }

    fn parameter(&self, name: &str, token: &Token) -> Result<String, WarehouseError> {
        let value = self.scope.parameters.get(name).ok_or_else(|| {
            super::invalid(
                &format!("Query parameter '{name}' not found"),
                location(token),
                Some("pass the parameter with the job"),
            )
        })?;
        Ok(constant(value))
    }

    /// `UNNEST(array) [AS] name WITH OFFSET [AS] position`, which polyglot-sql does not translate completely.
    fn unnest(&mut self, index: usize, high: usize) -> Result<(String, usize), WarehouseError> {
        let end = self.close(index + 1);
        let array = self.span(index + 2, end)?;
        let mut next = end + 1;
        let plain = format!("UNNEST({array})");
        let alias_at = if self.is(next, "AS") { next + 1 } else { next };
        let alias = self.token(alias_at).filter(|_| alias_at < high).filter(|token| match &token.kind {
            Kind::Word(word) => !keywords::RESERVED.contains(&word.to_uppercase().as_str()),
            Kind::Quoted(_) => true,
            _ => false,
        });
        if alias.is_some() {
            next = alias_at + 1;
        }
        if !(self.is(next, "WITH") && self.is(next + 1, "OFFSET")) {
            return Ok((plain, end + 1));
        }
        next += 2;
        if self.is(next, "AS") {
            next += 1;
        }
        let mut offset = "offset".to_owned();
        let named = self.token(next).filter(|_| next < high).and_then(Token::name);
        if let Some(name) = named.filter(|name| !keywords::RESERVED.contains(&name.to_uppercase().as_str())) {
            name.clone_into(&mut offset);
            next += 1;
        }
        let element = alias.and_then(Token::name).unwrap_or("value");
        let text = format!(
            "(SELECT bq_each({array}) AS {}, bq_positions({array}) AS {})",
            backquote(element),
            backquote(&offset)
        );
        Ok((text, next))
    }
}

/// The value of a parameter as a literal.
fn constant(value: &serde_json::Value) -> String {
    use serde_json::Value;
    match value {
        Value::Null => "NULL".into(),
        Value::Bool(true) => "TRUE".into(),
        Value::Bool(false) => "FALSE".into(),
        Value::Number(number) => float(&number.to_string()),
        Value::String(text) => string(text),
        Value::Array(items) => format!("[{}]", items.iter().map(constant).collect::<Vec<_>>().join(", ")),
        Value::Object(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|(name, value)| format!("{} AS {}", constant(value), backquote(name)))
                .collect();
            format!("STRUCT({})", fields.join(", "))
        }
    }
}

/// BigQuery reads `1.5` as FLOAT64. DuckDB reads it as a decimal. With an exponent, both read a float.
fn float(number: &str) -> String {
    let plain = number.contains('.') && !number.contains(['e', 'E']);
    if plain { format!("{}e0", number.trim_end_matches('.')) } else { number.to_owned() }
}

/// Whether the `*` at `index` begins an item of a select list. Otherwise it is a multiplication.
fn starts_item(rewriter: &Rewriter<'_>, index: usize) -> bool {
    let Some(before) = index.checked_sub(1).and_then(|index| rewriter.token(index)) else { return true };
    match &before.kind {
        Kind::Symbol(symbol) => !matches!(*symbol, ")" | "]"),
        Kind::Word(word) => keywords::RESERVED.contains(&word.to_uppercase().as_str()),
        _ => false,
    }
}

/// Turns `a / b` into a call that refuses zero. Works from left to right, so `a * b / c` is `(a * b) / c`.
fn divisions(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut out: Vec<Piece> = Vec::with_capacity(pieces.len());
    let mut pieces = pieces.into_iter().peekable();
    while let Some(piece) = pieces.next() {
        if piece.operand || piece.text != "/" {
            out.push(piece);
            continue;
        }
        let mut start = out.len().saturating_sub(1);
        while start >= 2 && out.get(start - 1).is_some_and(|piece| !piece.operand && piece.text == "*") {
            start -= 2;
        }
        let left = join(out.split_off(start));
        let mut right = String::new();
        while let Some(sign) =
            pieces.next_if(|piece| !piece.operand && ["-", "+", "~"].contains(&piece.text.as_str()))
        {
            right.push_str(&sign.text);
        }
        right.push_str(&pieces.next().map(|piece| piece.text).unwrap_or_default());
        out.push(Piece { text: format!("bq_div({left}, {right})"), operand: true });
    }
    out
}

fn join(pieces: Vec<Piece>) -> String {
    let mut text = String::new();
    for piece in pieces {
        let glued = matches!(piece.text.as_str(), "," | ";") || text.is_empty();
        if !glued {
            text.push(' ');
        }
        text.push_str(&piece.text);
    }
    text
}
