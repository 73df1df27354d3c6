//! Parses the parts of DDL that DuckDB does not have: column options, partitions, clusters, table options.
//!
//! The module must not know what statements do with these parts. To add a clause, add a field of [`TableParts`] and a
//! branch in [`parts`].

use super::datatype::{self, DataType};
use super::lex::{Kind, Token};
use super::syntax_error;
use super::tokens::Tokens;
use super::written::{location, unexpected};
use segue_ports::warehouse::WarehouseError;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A column in a CREATE or ALTER statement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ColumnSpec {
    pub(crate) name: String,
    pub(crate) data_type: DataType,
    pub(crate) required: bool,
    /// The default value: as written, and after the analysis in DuckDB's syntax. `None` if there is none.
    pub(crate) default: Option<String>,
    pub(crate) description: Option<String>,
}

/// The clauses after the name of a table.
#[derive(Debug, Default)]
pub(crate) struct TableParts {
    pub(crate) columns: Option<Vec<ColumnSpec>>,
    /// The expression after PARTITION BY, as written.
    pub(crate) partition_by: Option<String>,
    pub(crate) cluster_by: Vec<String>,
    pub(crate) options: Map<String, Value>,
    /// The index of the query after AS.
    pub(crate) query_at: Option<usize>,
    /// The index of the table after LIKE, CLONE or COPY, and whether its rows are copied.
    pub(crate) source_at: Option<(usize, bool)>,
}

/// Parses the clauses after the name of a table, view or schema, from `index` on.
pub(crate) fn parts(tokens: &Tokens<'_>, mut index: usize) -> Result<TableParts, WarehouseError> {
    let mut parts = TableParts::default();
    let end = tokens.tokens.len();
    if tokens.is_symbol(index, "(") {
        let close = tokens.close(index);
        parts.columns = Some(columns(tokens, index + 1, close)?);
        index = close + 1;
    }
    while let Some(token) = tokens.token(index) {
        if token.is("PARTITION") || token.is("CLUSTER") {
            let mut stop = index + 2;
            while stop < end
                && !["CLUSTER", "OPTIONS", "AS", "PARTITION"].iter().any(|word| tokens.is(stop, word))
            {
                stop = tokens.after(stop);
            }
            if token.is("PARTITION") {
                parts.partition_by = Some(compact(&datatype::source(tokens.tokens, index + 2, stop)));
            } else {
                let names = tokens.arguments(index + 2, stop);
                parts.cluster_by = names
                    .iter()
                    .map(|(low, high)| datatype::source(tokens.tokens, *low, *high).replace('`', ""))
                    .collect();
            }
            index = stop;
        } else if token.is("OPTIONS") && tokens.is_symbol(index + 1, "(") {
            parts.options = options(tokens, index + 1)?;
            index = tokens.close(index + 1) + 1;
        } else if token.is("AS") {
            parts.query_at = Some(index + 1);
            return Ok(parts);
        } else if token.is("LIKE") || token.is("CLONE") || token.is("COPY") {
            parts.source_at = Some((index + 1, !token.is("LIKE")));
            return Ok(parts);
        } else if token.is("DEFAULT") && tokens.is(index + 1, "COLLATE") {
            if !matches!(tokens.token(index + 2).map(|token| &token.kind), Some(Kind::Text(text)) if text.is_empty())
            {
                return Err(collation(token));
            }
            index += 3;
        } else {
            return Err(unexpected(token));
        }
    }
    Ok(parts)
}

fn columns(tokens: &Tokens<'_>, low: usize, high: usize) -> Result<Vec<ColumnSpec>, WarehouseError> {
    let mut found = Vec::new();
    for (start, end) in column_stretches(tokens, low, high) {
        let Some(token) = tokens.token(start) else { continue };
        let constraint = ["PRIMARY", "CONSTRAINT", "FOREIGN"].iter().any(|word| token.is(word));
        if constraint
            && tokens.token(start + 1).is_some_and(|next| next.is("KEY") || tokens.is(start, "CONSTRAINT"))
        {
            continue;
        }
        found.push(column(tokens, start, end)?);
    }
    Ok(found)
}

/// Splits the columns at commas. Commas inside the angle brackets of a type do not separate columns.
fn column_stretches(tokens: &Tokens<'_>, low: usize, high: usize) -> Vec<(usize, usize)> {
    let mut joined: Vec<(usize, usize)> = Vec::new();
    let mut depth = 0i32;
    for (start, end) in tokens.arguments(low, high) {
        match joined.last_mut().filter(|_| depth > 0) {
            Some(last) => last.1 = end,
            None => joined.push((start, end)),
        }
        let mut index = start;
        while index < end {
            depth += match tokens.token(index).map(|token| &token.kind) {
                Some(Kind::Symbol("<")) => 1,
                Some(Kind::Symbol(">")) => -1,
                Some(Kind::Symbol(">>")) => -2,
                _ => 0,
            };
            index = tokens.after(index);
        }
    }
    joined
}

/// Parses one column of CREATE TABLE or ALTER TABLE ADD COLUMN.
pub(crate) fn column(tokens: &Tokens<'_>, start: usize, end: usize) -> Result<ColumnSpec, WarehouseError> {
    let Some(token) = tokens.token(start) else { return Err(syntax_error("Expected a column", None)) };
    let name = token.name().ok_or_else(|| unexpected(token))?.to_owned();
    let (data_type, taken) = datatype::prefix(tokens.tokens.get(start + 1..end).unwrap_or_default())
        .map_err(|error| {
            if start + 1 < end {
                error
            } else {
                syntax_error(&format!("Column {name} has no type"), location(token))
            }
        })?;
    let mut column = ColumnSpec { name, data_type, required: false, default: None, description: None };
    let mut index = start + 1 + taken;
    while index < end {
        let Some(token) = tokens.token(index) else { break };
        if token.is("NOT") && tokens.is(index + 1, "NULL") {
            column.required = true;
            index += 2;
        } else if token.is("OPTIONS") && tokens.is_symbol(index + 1, "(") {
            let options = options(tokens, index + 1)?;
            column.description = options.get("description").and_then(Value::as_str).map(str::to_owned);
            index = tokens.close(index + 1) + 1;
        } else if token.is("DEFAULT") {
            let mut stop = index + 1;
            while stop < end
                && !tokens.is(stop, "OPTIONS")
                && !(tokens.is(stop, "NOT") && tokens.is(stop + 1, "NULL"))
            {
                stop = tokens.after(stop);
            }
            column.default = Some(datatype::source(tokens.tokens, index + 1, stop));
            index = stop;
        } else if token.is("PRIMARY") || token.is("REFERENCES") {
            // BigQuery does not enforce keys (NOT ENFORCED), so they are neither recorded nor enforced here.
            index = end;
        } else {
            return Err(unexpected(token));
        }
    }
    Ok(column)
}

/// Parses `OPTIONS(name = value, …)`. The bracket opens at `open`.
pub(crate) fn options(tokens: &Tokens<'_>, open: usize) -> Result<Map<String, Value>, WarehouseError> {
    let mut found = Map::new();
    for (low, high) in tokens.arguments(open + 1, tokens.close(open)) {
        let name = tokens.token(low).and_then(Token::name).map(str::to_lowercase);
        let (Some(name), true) = (name, tokens.is_symbol(low + 1, "=")) else {
            return Err(tokens
                .token(low)
                .map_or_else(|| syntax_error("Expected an option", None), unexpected));
        };
        found.insert(name, value(tokens, low + 2, high));
    }
    Ok(found)
}

fn value(tokens: &Tokens<'_>, low: usize, high: usize) -> Value {
    let single = high == low + 1;
    match tokens.token(low).map(|token| &token.kind) {
        Some(Kind::Text(text)) if single => Value::String(text.clone()),
        Some(Kind::Number(number)) if single => number.parse::<i64>().map_or_else(
            |_| number.parse::<f64>().map_or_else(|_| Value::String(number.clone()), Value::from),
            Value::from,
        ),
        Some(Kind::Word(word)) if single && word.eq_ignore_ascii_case("TRUE") => Value::Bool(true),
        Some(Kind::Word(word)) if single && word.eq_ignore_ascii_case("FALSE") => Value::Bool(false),
        Some(Kind::Word(word)) if single && word.eq_ignore_ascii_case("NULL") => Value::Null,
        Some(Kind::Symbol("[" | "(")) if tokens.close(low) + 1 == high => Value::Array(
            tokens
                .arguments(low + 1, high - 1)
                .into_iter()
                .map(|(low, high)| value(tokens, low, high))
                .collect(),
        ),
        _ => Value::String(compact(&datatype::source(tokens.tokens, low, high))),
    }
}

/// Removes blanks around brackets and removes backquotes. So `DATE ( x )` becomes `DATE(x)`.
fn compact(source: &str) -> String {
    source.replace(" (", "(").replace("( ", "(").replace(" )", ")").replace(" ,", ",").replace('`', "")
}

/// The error for a default collation, which later columns would have too.
fn collation(token: &Token) -> WarehouseError {
    super::invalid(
        "DEFAULT COLLATE is not supported by the embedded warehouse",
        location(token),
        Some("write COLLATE 'und:ci' after the type of each column"),
    )
}
