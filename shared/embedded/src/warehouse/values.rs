//! Writes DuckDB's values as texts in DuckDB's syntax, so that the variables of a script keep them.
//!
//! To add a type, add a branch in [`literal`].

use super::functions::{bignumeric, times};
use super::result::{bounds, micros};
use super::sql::analyze::literals;
use super::sql::analyze::value::{field_names, text_literal};
use super::sql::datatype::DataType;
use super::sql::names::quote;
use duckdb::types::Value as Cell;

/// A value as an expression without names.
pub(crate) fn literal(cell: &Cell, ty: &DataType) -> String {
    match cell {
        Cell::Null => format!("CAST(NULL AS {})", ty.duckdb()),
        Cell::Boolean(own) => if *own { "TRUE" } else { "FALSE" }.to_owned(),
        Cell::TinyInt(own) => number(own),
        Cell::SmallInt(own) => number(own),
        Cell::Int(own) => number(own),
        Cell::BigInt(own) => number(own),
        Cell::UTinyInt(own) => number(own),
        Cell::USmallInt(own) => number(own),
        Cell::UInt(own) => number(own),
        Cell::UBigInt(own) => number(own),
        Cell::HugeInt(own) => number(own),
        Cell::Float(own) => format!("CAST('{own}' AS DOUBLE)"),
        Cell::Double(own) => format!("CAST('{own}' AS DOUBLE)"),
        Cell::Decimal(own) => format!("CAST('{own}' AS {})", ty.duckdb()),
        Cell::Text(own) | Cell::Enum(own) if *ty == DataType::Json => {
            format!("CAST({} AS JSON)", text_literal(own))
        }
        Cell::Text(own) | Cell::Enum(own) => text_literal(own),
        Cell::Blob(own) if *ty == DataType::BigNumeric => {
            let units = bignumeric::of_bytes(own).unwrap_or_default();
            format!("CAST('{units}' AS BIGNUM)")
        }
        Cell::Blob(own) => {
            format!("unhex('{}')", own.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
        }
        Cell::Date32(days) => format!("DATE '{}'", times::print_date(i64::from(*days))),
        Cell::Time64(unit, own) => format!("TIME '{}'", times::print_time(micros(*unit, *own))),
        Cell::Timestamp(unit, own) => {
            let make = if *ty == DataType::Timestamp { "make_timestamptz" } else { "make_timestamp" };
            let sql = format!("{make}(CAST({} AS BIGINT))", micros(*unit, *own));
            if *ty == DataType::Date { format!("CAST({sql} AS DATE)") } else { sql }
        }
        Cell::Interval { months, days, nanos } => {
            let micros = nanos / 1000;
            format!("(to_months({months}) + to_days({days}) + to_microseconds(CAST({micros} AS BIGINT)))")
        }
        Cell::List(items) | Cell::Array(items) => {
            let element = if let DataType::Array(element) = ty { element } else { ty };
            let items: Vec<String> = items.iter().map(|item| literal(item, element)).collect();
            format!("CAST([{}] AS {}[])", items.join(", "), element.duckdb())
        }
        Cell::Struct(_) if matches!(ty, DataType::Range(_)) => {
            literals::range(ty, bounds(cell).unwrap_or_default())
        }
        Cell::Struct(own) => {
            let fields: &[(String, DataType)] = if let DataType::Struct(fields) = ty { fields } else { &[] };
            let parts: Vec<String> = field_names(fields)
                .iter()
                .zip(fields)
                .zip(own.iter())
                .map(|((name, (_, ty)), (_, cell))| format!("{} := {}", quote(name), literal(cell, ty)))
                .collect();
            format!("struct_pack({})", parts.join(", "))
        }
        other => text_literal(&format!("{other:?}")),
    }
}

fn number(own: &impl std::fmt::Display) -> String {
    format!("CAST({own} AS BIGINT)")
}
