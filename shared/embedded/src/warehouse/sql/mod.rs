//! Understands BigQuery SQL and writes it in DuckDB's SQL. The parts use no files and no connection.
//!
//! The steps are:
//! 1. A script is split into tokens (`lex`).
//! 2. A script that nests too deep is refused (`depth`).
//! 3. The tokens are parsed into the steps of a script (`syntax/script`): statements, variables and control flow.
//! 4. Each statement is parsed (`statement`, `ddl`, `alter`; `syntax` for queries and changes of rows).
//! 5. When its turn comes, its names and types are found, and DuckDB's text is made (`analyze`).
//!
//! `macros.sql` defines the `bq_…` macros. The functions `bqf…` are in Rust (`warehouse/functions`).
//!
//! To add a kind of statement, add a variant of `statement::Statement` and a branch in its `parse`.

pub(crate) mod alter;
pub(crate) mod analyze;
pub(crate) mod datatype;
pub(crate) mod ddl;
pub(crate) mod depth;
pub(crate) mod keywords;
pub(crate) mod lex;
pub(crate) mod names;
pub(crate) mod ranges;
pub(crate) mod routine;
pub(crate) mod statement;
pub(crate) mod syntax;
pub(crate) mod tokens;
pub(crate) mod transfer;
pub(crate) mod written;

use segue_ports::warehouse::WarehouseError;
use statement::Statement;
use syntax::script_ast::{self, Step};

/// The macros that make DuckDB evaluate BigQuery's functions like BigQuery.
pub(crate) const MACROS: &str = include_str!("macros.sql");

/// Parses a script into steps. Calls `go_on` first.
///
/// # Errors
/// An error in the script, or the error of `go_on`.
pub(crate) fn script(
    sql: &str,
    go_on: &dyn Fn() -> Result<(), WarehouseError>,
) -> Result<Vec<Step>, WarehouseError> {
    go_on()?;
    depth::check_length(sql)?;
    let tokens = lex::lex(sql)?;
    depth::check(&tokens)?;
    let steps = syntax::script(&tokens)?;
    if steps.is_empty() {
        return Err(syntax_error("Unexpected end of script", Some((1, 1))));
    }
    Ok(steps)
}

/// Parses all statements of a script, to find errors before the first one runs.
///
/// # Errors
/// An error in a statement, or the error of `go_on`.
pub(crate) fn statements(
    steps: &[Step],
    scope: &names::Scope,
    go_on: &dyn Fn() -> Result<(), WarehouseError>,
) -> Result<Vec<Statement>, WarehouseError> {
    let parse = |tokens: &Vec<lex::Token>| {
        go_on()?;
        statement::parse(tokens, scope)
    };
    script_ast::statements(steps).into_iter().map(parse).collect()
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

/// The error of a stored or dynamic statement, at the place that runs it.
pub(crate) fn within(error: WarehouseError, name: &str, at: (u32, u32)) -> WarehouseError {
    match error {
        WarehouseError::InvalidQuery { message, line: Some(line), column: Some(column), hint } => {
            invalid(&format!("{message} (in {name}, at [{line}:{column}])"), Some(at), hint.as_deref())
        }
        other => other,
    }
}
