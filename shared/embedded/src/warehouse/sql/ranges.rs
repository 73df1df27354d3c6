//! RANGE in DuckDB: a struct of two bounds. A bound that is UNBOUNDED is an infinite date or time. So DuckDB compares,
//! orders and groups ranges as BigQuery does: by the start, then by the end.
//!
//! The names of the fields are no names of columns in BigQuery, so they say that the struct is a RANGE.
//!
//! The module must not know functions of ranges.

use super::datatype::DataType;
use super::names::quote;

const START: &str = "[start";
const END: &str = "end)";

/// The type in DuckDB of a RANGE with such bounds.
pub(crate) fn duckdb(element: &DataType) -> String {
    format!("STRUCT({} {1}, {2} {1})", quote(START), element.duckdb(), quote(END))
}

/// The RANGE that DuckDB keeps as a struct of these fields. `None`: the fields are those of another struct.
pub(crate) fn from_duckdb(fields: &[(String, DataType)]) -> Option<DataType> {
    match fields {
        [(start, element), (end, _)] if start == START && end == END => {
            Some(DataType::Range(Box::new(element.clone())))
        }
        _ => None,
    }
}

/// A RANGE of these bounds, which are not NULL.
pub(crate) fn of(start: &str, end: &str) -> String {
    format!("struct_pack({} := {start}, {} := {end})", quote(START), quote(END))
}

/// The start of a RANGE. It is infinite if the RANGE has no lower bound.
pub(crate) fn start(range: &str) -> String {
    format!("struct_extract({range}, '{START}')")
}

/// The end of a RANGE. It is infinite if the RANGE has no upper bound.
pub(crate) fn end(range: &str) -> String {
    format!("struct_extract({range}, '{END}')")
}

/// The lower bound of a RANGE that has none.
pub(crate) fn no_start(element: &DataType) -> String {
    format!("CAST('-infinity' AS {})", element.duckdb())
}

/// The upper bound of a RANGE that has none.
pub(crate) fn no_end(element: &DataType) -> String {
    format!("CAST('infinity' AS {})", element.duckdb())
}

/// The RANGE of a text such as `[2024-01-31, UNBOUNDED)`. `safe`: NULL if the text is no range.
pub(crate) fn of_text(element: &DataType, x: &str, safe: bool) -> String {
    let bound =
        |name: &str| format!("CAST(bqf('{name}', '{}', {x}) AS {})", element.bigquery(), element.duckdb());
    let sql =
        format!("CASE WHEN {x} IS NOT NULL THEN {} END", of(&bound("range_start"), &bound("range_end")));
    if safe { format!("TRY({sql})") } else { sql }
}
