//! Parses ALTER TABLE, change by change.
//!
//! To add a change, add a branch in [`alteration`]. Add a variant of [`Alteration`] if DuckDB's text of the change is
//! not enough.

use super::datatype::DataType;
use super::ddl::{self, ColumnSpec};
use super::lex::Token;
use super::tokens::Tokens;
use super::written::{location, unexpected};
use super::{invalid, syntax_error};
use segue_ports::warehouse::{TableReference, WarehouseError};
use serde_json::Value;

/// One change of ALTER TABLE.
#[derive(Debug, Clone)]
pub(crate) enum Alteration {
    AddColumn {
        column: ColumnSpec,
        if_not_exists: bool,
    },
    /// A change that DuckDB makes itself. The text follows the name of the table.
    Other(String),
    /// The new default of a column, as written.
    Default(String, String),
    /// The new type of a column.
    Type(String, DataType),
    RenameTable(String),
    RenameColumn(String, String),
    Description(Option<String>),
    ColumnDescription(String, Option<String>),
}

/// The table or view, whether it may be missing, and the changes.
pub(crate) type Altered = (TableReference, bool, Vec<Alteration>);

/// Parses ALTER TABLE or ALTER VIEW.
pub(crate) fn parse(tokens: &Tokens<'_>) -> Result<Altered, WarehouseError> {
    let what = tokens.token(1).and_then(Token::name).map(str::to_uppercase).unwrap_or_default();
    if !matches!(what.as_str(), "TABLE" | "VIEW") {
        let message = format!("ALTER {what} is not supported by the embedded warehouse");
        return Err(invalid(&message, tokens.token(0).and_then(location), None));
    }
    let if_exists = tokens.is(2, "IF") && tokens.is(3, "EXISTS");
    let (table, end) = tokens.table(if if_exists { 4 } else { 2 })?;
    let stretches = tokens.arguments(end, tokens.tokens.len());
    let changes = stretches
        .into_iter()
        .map(|(low, high)| alteration(tokens, low, high))
        .collect::<Result<Vec<_>, _>>()?;
    if changes.is_empty() {
        return Err(syntax_error("ALTER TABLE without a change", tokens.token(0).and_then(location)));
    }
    Ok((table, if_exists, changes))
}

fn alteration(tokens: &Tokens<'_>, low: usize, high: usize) -> Result<Alteration, WarehouseError> {
    let is = |tokens: &Tokens<'_>, words: &[&str]| {
        words.iter().enumerate().all(|(offset, word)| tokens.is(low + offset, word))
    };
    let description = |tokens: &Tokens<'_>, at: usize| -> Result<Option<String>, WarehouseError> {
        let options = ddl::options(tokens, at)?;
        Ok(options.get("description").and_then(Value::as_str).map(str::to_owned))
    };
    let name = |tokens: &Tokens<'_>, at: usize| -> Result<String, WarehouseError> {
        let token = tokens.token(at).filter(|_| at < high);
        token
            .and_then(Token::name)
            .map(str::to_owned)
            .ok_or_else(|| syntax_error("Expected a name", token.and_then(location)))
    };
    let quoted = |name: String| super::names::quote(&name);
    if is(tokens, &["ADD", "COLUMN"]) {
        let if_not_exists = tokens.is(low + 2, "IF");
        let column = ddl::column(tokens, low + if if_not_exists { 5 } else { 2 }, high)?;
        return Ok(Alteration::AddColumn { column, if_not_exists });
    }
    if is(tokens, &["DROP", "COLUMN"]) {
        let optional = tokens.is(low + 2, "IF");
        let column = quoted(name(tokens, low + if optional { 4 } else { 2 })?);
        return Ok(Alteration::Other(format!(
            "DROP COLUMN {}{column}",
            if optional { "IF EXISTS " } else { "" }
        )));
    }
    if is(tokens, &["RENAME", "TO"]) {
        return Ok(Alteration::RenameTable(name(tokens, low + 2)?));
    }
    if is(tokens, &["RENAME", "COLUMN"]) {
        return Ok(Alteration::RenameColumn(name(tokens, low + 2)?, name(tokens, low + 4)?));
    }
    if is(tokens, &["SET", "OPTIONS"]) {
        return Ok(Alteration::Description(description(tokens, low + 2)?));
    }
    if is(tokens, &["ALTER", "COLUMN"]) {
        let column = name(tokens, low + 2)?;
        let rest =
            |words: &[&str]| words.iter().enumerate().all(|(offset, word)| tokens.is(low + 3 + offset, word));
        if rest(&["SET", "OPTIONS"]) {
            return Ok(Alteration::ColumnDescription(column, description(tokens, low + 5)?));
        }
        if rest(&["SET", "DATA", "TYPE"]) {
            let data_type = super::datatype::parse(tokens.tokens.get(low + 6..high).unwrap_or_default())?;
            return Ok(Alteration::Type(column, data_type));
        }
        if rest(&["DROP", "NOT", "NULL"]) || rest(&["DROP", "DEFAULT"]) {
            let what = if tokens.is(low + 4, "NOT") { "NOT NULL" } else { "DEFAULT" };
            return Ok(Alteration::Other(format!("ALTER COLUMN {} DROP {what}", quoted(column))));
        }
        if rest(&["SET", "DEFAULT"]) {
            let default = super::datatype::source(tokens.tokens, low + 5, high);
            return Ok(Alteration::Default(column, default));
        }
    }
    Err(tokens.token(low).map_or_else(|| syntax_error("Unexpected end of script", None), unexpected))
}
