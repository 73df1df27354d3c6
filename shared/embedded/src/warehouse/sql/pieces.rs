//! Parses parts that several kinds of statements have.

use super::expr::Rewriter;
use super::written::location;
use super::{finish, invalid};
use segue_ports::warehouse::{TableReference, WarehouseError};

/// The table named at `index`, and the index after its name.
pub(crate) fn named(
    rewriter: &mut Rewriter<'_>,
    index: usize,
) -> Result<(TableReference, usize), WarehouseError> {
    let (_, end) = rewriter.table(index)?;
    match rewriter.tables.pop() {
        Some(table) => Ok((table, end)),
        None => Err(invalid("This name cannot be changed", rewriter.token(index).and_then(location), None)),
    }
}

/// Translates a rewritten expression to DuckDB's syntax.
pub(crate) fn expression(rewritten: &str) -> Result<String, WarehouseError> {
    let sql = finish(&format!("SELECT {rewritten}"), None)?;
    Ok(sql.strip_prefix("SELECT ").unwrap_or(&sql).to_owned())
}
