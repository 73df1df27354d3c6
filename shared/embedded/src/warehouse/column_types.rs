//! The types of columns that DuckDB keeps as another type. GEOGRAPHY is a text there, and
//! BIGNUMERIC(p, s) a decimal like NUMERIC(p, s). The record of the table has these types by the names of the columns in lower case.
//!
//! The module must not know statements. To add such a type, add it to [`is_lost`].

use super::catalog::{self, Record};
use super::sql::analyze::Relation;
use super::sql::datatype::DataType;
use super::tables::TableDetails;
use duckdb::Connection;
use segue_ports::warehouse::{TableReference, WarehouseError};
use std::collections::BTreeMap;

/// The types by the names of their columns in lower case.
pub(crate) type ColumnTypes = BTreeMap<String, DataType>;

/// Whether the type in DuckDB does not say the type.
fn is_lost(ty: &DataType) -> bool {
    match ty {
        DataType::Geography | DataType::BigDecimal(..) | DataType::Limited(..) | DataType::Collated => true,
        DataType::Array(element) => is_lost(element),
        DataType::Struct(fields) => fields.iter().any(|(_, own)| is_lost(own)),
        _ => false,
    }
}

/// The types of these columns that must be recorded.
pub(crate) fn lost<'c>(columns: impl Iterator<Item = (&'c str, &'c DataType)>) -> ColumnTypes {
    columns.filter(|(_, ty)| is_lost(ty)).map(|(name, ty)| (name.to_lowercase(), ty.clone())).collect()
}

/// The types of the columns of a query that must be recorded.
pub(crate) fn of_query(query: &Relation) -> ColumnTypes {
    lost(query.columns.iter().map(|column| (column.name.as_str(), &column.ty)))
}

/// The types of the columns of a view that must be recorded. `names`: the names that the view gives to the first columns.
pub(crate) fn of_view(query: &Relation, names: &[String]) -> ColumnTypes {
    let named = query.columns.iter().enumerate().map(|(index, column)| {
        let name = names.get(index).unwrap_or(&column.name);
        (name.as_str(), &column.ty)
    });
    lost(named)
}

/// Gives the type of a column to its new name.
pub(crate) fn rename(types: &mut ColumnTypes, from: &str, to: &str) {
    if let Some(own) = types.remove(&from.to_lowercase()) {
        types.insert(to.to_lowercase(), own);
    }
}

/// The type of a column that DuckDB has with the type `found`.
pub(crate) fn known(types: &ColumnTypes, name: &str, found: DataType) -> DataType {
    match types.get(&name.to_lowercase()) {
        // A column of another type may have got the name.
        Some(own) if DataType::from_duckdb(&own.duckdb()) == found => own.clone(),
        _ => found,
    }
}

/// The recorded types of a table.
pub(crate) fn of(connection: &Connection, table: &TableReference) -> Result<ColumnTypes, WarehouseError> {
    let details: Option<TableDetails> = catalog::get(connection, Record::Table, &catalog::key(table))?;
    Ok(details.unwrap_or_default().column_types)
}

/// Changes the recorded types of a table.
pub(crate) fn change(
    connection: &Connection,
    table: &TableReference,
    change: impl FnOnce(&mut ColumnTypes),
) -> Result<(), WarehouseError> {
    let key = catalog::key(table);
    let mut details: TableDetails = catalog::get(connection, Record::Table, &key)?.unwrap_or_default();
    let before = details.column_types.clone();
    change(&mut details.column_types);
    if details.column_types == before {
        Ok(())
    } else {
        catalog::put(connection, Record::Table, &key, &details)
    }
}
