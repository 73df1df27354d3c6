//! Translates BigQuery SQL to DuckDB's SQL. The translation uses no files and no connection.
//!
//! The steps are:
//! 1. A script is split into tokens (`lex`).
//! 2. A script that nests too deep is refused (`depth`).
//! 3. The tokens are split into statements (`split`).
//! 4. Each statement is parsed for its definitions (`statement`, `ddl`).
//! 5. Its expressions and queries are rewritten (`expr`, `calls`, `datatype`, `format`).
//! 6. polyglot-sql translates the structure ([`finish`]).
//!
//! `macros.sql` defines the `bq_…` macros.
//!
//! To add a kind of statement, add a variant of `statement::Statement` and a branch in its `parse`.

pub(crate) mod alter;
pub(crate) mod calls;
pub(crate) mod datatype;
pub(crate) mod ddl;
pub(crate) mod depth;
pub(crate) mod expr;
pub(crate) mod format;
pub(crate) mod keywords;
pub(crate) mod lex;
pub(crate) mod locals;
pub(crate) mod names;
pub(crate) mod pieces;
pub(crate) mod split;
pub(crate) mod statement;
#[cfg(test)]
mod tests;
pub(crate) mod written;

use polyglot_sql::{ComplexityGuardOptions, Dialect, DialectType, TranspileOptions};
use segue_ports::warehouse::WarehouseError;
use statement::Statement;

/// The macros that make DuckDB evaluate BigQuery's functions like BigQuery.
pub(crate) const MACROS: &str = include_str!("macros.sql");

/// The recursion limit of polyglot-sql's parser, in case [`depth`] misses something.
const PARSER_DEPTH: usize = 256;

/// Translates a script, statement by statement. Calls `go_on` before each statement.
///
/// # Errors
/// An error in the script, or the error of `go_on`.
pub(crate) fn translate(
    sql: &str,
    scope: &names::Scope,
    go_on: &dyn Fn() -> Result<(), WarehouseError>,
) -> Result<Vec<Statement>, WarehouseError> {
    depth::check_length(sql)?;
    let tokens = lex::lex(sql)?;
    depth::check(&tokens)?;
    let statements = split::split(tokens);
    if statements.is_empty() {
        return Err(syntax_error("Unexpected end of script", Some((1, 1))));
    }
    statements
        .into_iter()
        .map(|tokens| {
            go_on()?;
            statement::parse(&tokens, scope)
        })
        .collect()
}

/// Passes rewritten BigQuery SQL to polyglot-sql.
pub(crate) fn finish(rewritten: &str, first: Option<(u32, u32)>) -> Result<String, WarehouseError> {
    let guard = ComplexityGuardOptions { max_parser_depth: Some(PARSER_DEPTH), ..Default::default() };
    let options = TranspileOptions::default().with_complexity_guard(guard);
    let mut translated = Dialect::get(DialectType::BigQuery)
        .transpile_with(rewritten, DialectType::DuckDB, options)
        .map_err(|error| syntax_error(&error_text(&error), first))?;
    match (translated.pop(), translated.is_empty()) {
        (Some(sql), true) => Ok(sql),
        _ => Err(syntax_error("Expected one statement", first)),
    }
}

fn error_text(error: &polyglot_sql::Error) -> String {
    match error {
        polyglot_sql::Error::Parse { message, .. } if message.starts_with("E_GUARD_") => {
            format!("The statement is too complex for the embedded warehouse ({message})")
        }
        polyglot_sql::Error::Parse { message, .. } | polyglot_sql::Error::Syntax { message, .. } => {
            message.clone()
        }
        other => other.to_string(),
    }
}

/// The error for a script that BigQuery refuses with `Syntax error: …`.
pub(crate) fn syntax_error(message: &str, location: Option<(u32, u32)>) -> WarehouseError {
    invalid(&format!("Syntax error: {message}"), location, None)
}

/// Builds a [`WarehouseError::InvalidQuery`].
pub(crate) fn invalid(message: &str, location: Option<(u32, u32)>, hint: Option<&str>) -> WarehouseError {
    WarehouseError::InvalidQuery {
        message: message.to_owned(),
        line: location.map(|(line, _)| line),
        column: location.map(|(_, column)| column),
        hint: hint.map(str::to_owned),
    }
}
