//! Parses EXPORT DATA and LOAD DATA.
//!
//! The module must not know files. To add a clause, add a field and a branch in [`export`] or [`load`].

use super::syntax::ast::Query;
use super::tokens::Tokens;
use super::written::location;
use super::{datatype, ddl, invalid, syntax, syntax_error};
use segue_ports::warehouse::{TableReference, WarehouseError};
use serde_json::{Map, Value};

/// EXPORT DATA.
#[derive(Debug, Clone)]
pub(crate) struct Export {
    pub(crate) options: Map<String, Value>,
    pub(crate) query: Query,
}

/// LOAD DATA. The parts that become parts of other statements are texts.
#[derive(Debug, Clone)]
pub(crate) struct Load {
    pub(crate) table: TableReference,
    /// Whether the rows of the table are replaced.
    pub(crate) overwrites: bool,
    /// The columns with their types.
    pub(crate) columns: Option<String>,
    /// PARTITION BY, CLUSTER BY and OPTIONS of the table.
    pub(crate) clauses: String,
    /// The options of the files.
    pub(crate) files: Map<String, Value>,
    /// The same options, as written.
    pub(crate) written: String,
}

fn unsupported(tokens: &Tokens<'_>, index: usize, what: &str) -> WarehouseError {
    let message = format!("{what} is not supported by the embedded warehouse");
    invalid(&message, tokens.token(index).and_then(location), Some("run this statement on BigQuery"))
}

/// Parses `EXPORT DATA OPTIONS (…) AS query`.
pub(crate) fn export(tokens: &Tokens<'_>) -> Result<Export, WarehouseError> {
    if !tokens.is(1, "DATA") {
        return Err(unsupported(tokens, 0, "EXPORT MODEL"));
    }
    if tokens.are(2, "WITH CONNECTION") {
        return Err(unsupported(tokens, 2, "EXPORT DATA WITH CONNECTION"));
    }
    if !tokens.is(2, "OPTIONS") || !tokens.is_symbol(3, "(") {
        return Err(tokens.unexpected(2));
    }
    let options = ddl::options(tokens, 3)?;
    let next = tokens.close(3) + 1;
    if !tokens.is(next, "AS") {
        return Err(syntax_error("EXPORT DATA needs AS and a query", tokens.token(0).and_then(location)));
    }
    let query = syntax::query(tokens.part(next + 1, tokens.tokens.len()))?;
    Ok(Export { options, query })
}

/// Parses `LOAD DATA INTO table … FROM FILES (…)`.
pub(crate) fn load(tokens: &Tokens<'_>) -> Result<Load, WarehouseError> {
    if !tokens.is(1, "DATA") || !(tokens.is(2, "INTO") || tokens.is(2, "OVERWRITE")) {
        return Err(tokens.unexpected(if tokens.is(1, "DATA") { 2 } else { 1 }));
    }
    let overwrites = tokens.is(2, "OVERWRITE");
    if tokens.is(3, "TEMP") || tokens.is(3, "TEMPORARY") {
        return Err(unsupported(tokens, 3, "LOAD DATA of a temporary table"));
    }
    let (table, mut index) = tokens.table(if tokens.is(3, "TABLE") { 4 } else { 3 })?;
    let mut columns = None;
    if tokens.is_symbol(index, "(") {
        let close = tokens.close(index);
        columns = Some(datatype::source(tokens.tokens, index + 1, close));
        index = close + 1;
    }
    let start = index;
    while tokens.token(index).is_some() && !tokens.are(index, "FROM FILES") {
        if tokens.is(index, "PARTITIONS") {
            return Err(unsupported(tokens, index, "LOAD DATA of PARTITIONS"));
        }
        index = tokens.after(index);
    }
    let clauses = datatype::source(tokens.tokens, start, index);
    if !tokens.is_symbol(index + 2, "(") {
        return Err(syntax_error("LOAD DATA needs FROM FILES", tokens.token(0).and_then(location)));
    }
    let close = tokens.close(index + 2);
    let files = ddl::options(tokens, index + 2)?;
    let written = datatype::source(tokens.tokens, index + 3, close);
    if tokens.is(close + 1, "WITH") {
        return Err(unsupported(tokens, close + 1, "LOAD DATA WITH PARTITION COLUMNS or CONNECTION"));
    }
    tokens.ended(close + 1)?;
    Ok(Load { table, overwrites, columns, clauses, files, written })
}

impl Load {
    /// The format of the files in capitals.
    pub(crate) fn format(&self) -> String {
        self.files.get("format").and_then(Value::as_str).unwrap_or("CSV").to_uppercase()
    }

    /// The options of the files for an external table. `is_detected`: the first line has the names of the columns.
    pub(crate) fn external_options(&self, is_detected: bool) -> String {
        let has = |name: &str| self.files.contains_key(name);
        let mut options = self.written.clone();
        if is_detected && !has("skip_leading_rows") {
            options.push_str(", skip_leading_rows = 1");
        }
        if !has("format") {
            options.push_str(", format = 'CSV'");
        }
        options
    }
}
