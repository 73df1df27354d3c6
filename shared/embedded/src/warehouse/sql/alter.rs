//! Parses ALTER TABLE, change by change.
//!
//! To add a change, add a branch in [`alteration`]. Add a variant of [`Alteration`] if DuckDB's text of the change is
//! not enough.

use super::ddl::{self, ColumnSpec};
use super::expr::Rewriter;
use super::lex::Token;
use super::pieces::{expression, named};
use super::written::{location, unexpected};
use super::{invalid, syntax_error};
use segue_ports::warehouse::{TableReference, WarehouseError};
use serde_json::Value;

/// One change of ALTER TABLE.
#[derive(Debug)]
pub(crate) enum Alteration {
    AddColumn {
        column: ColumnSpec,
        if_not_exists: bool,
    },
    /// A change that DuckDB makes itself. The text follows the name of the table.
    Other(String),
    RenameTable(String),
    Description(Option<String>),
    ColumnDescription(String, Option<String>),
}

/// The table or view, whether it may be missing, and the changes.
pub(crate) type Altered = (TableReference, bool, Vec<Alteration>);

/// Parses ALTER TABLE or ALTER VIEW.
pub(crate) fn parse(rewriter: &mut Rewriter<'_>) -> Result<Altered, WarehouseError> {
    let what = rewriter.token(1).and_then(Token::name).map(str::to_uppercase).unwrap_or_default();
    if !matches!(what.as_str(), "TABLE" | "VIEW") {
        let message = format!("ALTER {what} is not supported by the embedded warehouse");
        return Err(invalid(&message, rewriter.token(0).and_then(location), None));
    }
    let if_exists = rewriter.is(2, "IF") && rewriter.is(3, "EXISTS");
    let (table, end) = named(rewriter, if if_exists { 4 } else { 2 })?;
    let stretches = rewriter.arguments(end, rewriter.tokens.len());
    let changes = stretches
        .into_iter()
        .map(|(low, high)| alteration(rewriter, low, high))
        .collect::<Result<Vec<_>, _>>()?;
    if changes.is_empty() {
        return Err(syntax_error("ALTER TABLE without a change", rewriter.token(0).and_then(location)));
    }
    Ok((table, if_exists, changes))
}

fn alteration(rewriter: &mut Rewriter<'_>, low: usize, high: usize) -> Result<Alteration, WarehouseError> {
    let is = |rewriter: &Rewriter<'_>, words: &[&str]| {
        words.iter().enumerate().all(|(offset, word)| rewriter.is(low + offset, word))
    };
    let description = |rewriter: &Rewriter<'_>, at: usize| -> Result<Option<String>, WarehouseError> {
        let options = ddl::options(rewriter, at)?;
        Ok(options.get("description").and_then(Value::as_str).map(str::to_owned))
    };
    let name = |rewriter: &Rewriter<'_>, at: usize| -> Result<String, WarehouseError> {
        let token = rewriter.token(at).filter(|_| at < high);
        token
            .and_then(Token::name)
            .map(str::to_owned)
            .ok_or_else(|| syntax_error("Expected a name", token.and_then(location)))
    };
    let quoted = |name: String| super::names::quote(&name);
    if is(rewriter, &["ADD", "COLUMN"]) {
        let if_not_exists = rewriter.is(low + 2, "IF");
        let mut column = ddl::column(rewriter, low + if if_not_exists { 5 } else { 2 }, high)?;
        column.default = column.default.map(|default| expression(&default)).transpose()?;
        return Ok(Alteration::AddColumn { column, if_not_exists });
    }
    if is(rewriter, &["DROP", "COLUMN"]) {
        let optional = rewriter.is(low + 2, "IF");
        let column = quoted(name(rewriter, low + if optional { 4 } else { 2 })?);
        return Ok(Alteration::Other(format!(
            "DROP COLUMN {}{column}",
            if optional { "IF EXISTS " } else { "" }
        )));
    }
    if is(rewriter, &["RENAME", "TO"]) {
        return Ok(Alteration::RenameTable(name(rewriter, low + 2)?));
    }
    if is(rewriter, &["RENAME", "COLUMN"]) {
        let (from, to) = (quoted(name(rewriter, low + 2)?), quoted(name(rewriter, low + 4)?));
        return Ok(Alteration::Other(format!("RENAME COLUMN {from} TO {to}")));
    }
    if is(rewriter, &["SET", "OPTIONS"]) {
        return Ok(Alteration::Description(description(rewriter, low + 2)?));
    }
    if is(rewriter, &["ALTER", "COLUMN"]) {
        let column = name(rewriter, low + 2)?;
        let rest = |words: &[&str]| {
            words.iter().enumerate().all(|(offset, word)| rewriter.is(low + 3 + offset, word))
        };
        if rest(&["SET", "OPTIONS"]) {
            return Ok(Alteration::ColumnDescription(column, description(rewriter, low + 5)?));
        }
        if rest(&["SET", "DATA", "TYPE"]) {
            let data_type = super::datatype::parse(rewriter.tokens.get(low + 6..high).unwrap_or_default())?;
            return Ok(Alteration::Other(format!(
                "ALTER COLUMN {} TYPE {}",
                quoted(column),
                data_type.column()
            )));
        }
        if rest(&["DROP", "NOT", "NULL"]) || rest(&["DROP", "DEFAULT"]) {
            let what = if rewriter.is(low + 4, "NOT") { "NOT NULL" } else { "DEFAULT" };
            return Ok(Alteration::Other(format!("ALTER COLUMN {} DROP {what}", quoted(column))));
        }
        if rest(&["SET", "DEFAULT"]) {
            let default = rewriter.span(low + 5, high)?;
            let default = expression(&default)?;
            return Ok(Alteration::Other(format!("ALTER COLUMN {} SET DEFAULT {default}", quoted(column))));
        }
    }
    Err(rewriter.token(low).map_or_else(|| syntax_error("Unexpected end of script", None), unexpected))
}
