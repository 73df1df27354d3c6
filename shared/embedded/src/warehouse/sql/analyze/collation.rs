//! Texts with the collation `und:ci`, which BigQuery compares and orders without regard to case.
//!
//! Such a text is a text in DuckDB. What compares or orders texts takes the [`key`] of the text: the first two levels of
//! the sort key that ICU makes for the root locale. So the key is BigQuery's own order.
//!
//! The type [`DataType::Collated`] does not convert to STRING. So a function that is not known here refuses such a text,
//! and nothing compares it by its bytes. To add a function, add it to [`KEEPS`] or [`IGNORES`].

use super::names::Names;
use super::value::{Form, Value};
use super::{Analyzed, Analyzer, functions, missing, refuse};
use crate::warehouse::sql::datatype::DataType;
use crate::warehouse::sql::syntax::ast::{At, Call};

/// The functions with a result of the collation of their arguments.
const KEEPS: &[&str] = &[
    "ARRAY_FIRST",
    "ARRAY_LAST",
    "ARRAY_SLICE",
    "ARRAY_TO_STRING",
    "LEFT",
    "LOWER",
    "LPAD",
    "REPEAT",
    "REVERSE",
    "RIGHT",
    "RPAD",
    "SOUNDEX",
    "SUBSTR",
    "SUBSTRING",
    "UPPER",
];

/// The functions that compare no texts and give none.
const IGNORES: &[&str] = &[
    "ARRAY_LENGTH",
    "ASCII",
    "BYTE_LENGTH",
    "CHARACTER_LENGTH",
    "CHAR_LENGTH",
    "FARM_FINGERPRINT",
    "LENGTH",
    "MD5",
    "OCTET_LENGTH",
    "SHA1",
    "SHA256",
    "SHA512",
    "TO_CODE_POINTS",
    "UNICODE",
];

/// Whether a type is a text with a collation, or has one in it.
pub(super) fn has(ty: &DataType) -> bool {
    ty.has(&|own| *own == DataType::Collated)
}

/// The value without collations.
pub(super) fn stripped(value: &Value) -> Value {
    Value { ty: value.ty.uncollated(), ..value.clone() }
}

/// What DuckDB compares and orders in the place of the value.
pub(super) fn key(value: &Value) -> String {
    let sql = value.clone().settled().sql;
    if value.ty == DataType::Collated { format!("bq_collation_key({sql})") } else { sql }
}

/// Refuses a type that has a text with a collation in it.
pub(super) fn refuse_inside(ty: &DataType, what: &str, at: At) -> Analyzed<()> {
    if *ty != DataType::Collated && has(ty) { Err(unsupported(what, at)) } else { Ok(()) }
}

/// The error for a place where a text with a collation is not known.
pub(super) fn unsupported(what: &str, at: At) -> segue_ports::warehouse::WarehouseError {
    missing(at, &format!("{what} of a STRING with a collation"))
}

/// The type with the collation on its text, or on the texts of its array.
fn collated(ty: DataType) -> DataType {
    match ty {
        DataType::String => DataType::Collated,
        DataType::Array(element) => DataType::Array(Box::new(collated(*element))),
        own => own,
    }
}

/// The call of a function of the tables with arguments of which one has a collation. `None`: no signature fits.
pub(super) fn apply(function: &functions::Function, arguments: &[Value], at: At) -> Analyzed<Option<Value>> {
    let name = function.0;
    if let ("ARRAY_MIN" | "ARRAY_MAX", [array]) = (name, arguments)
        && array.ty == DataType::Array(Box::new(DataType::Collated))
    {
        let texts = format!("list_filter({}, lambda e: e IS NOT NULL)", array.sql);
        return Ok(Some(extreme(name == "ARRAY_MIN", &texts)));
    }
    let keeps = KEEPS.contains(&name);
    if !keeps && !IGNORES.contains(&name) {
        return Err(unsupported(name, at));
    }
    let plain: Vec<Value> = arguments.iter().map(stripped).collect();
    let found = functions::apply(function, &plain);
    Ok(found.map(|value| if keeps { with_collation(value) } else { value }))
}

/// GREATEST and LEAST of texts with a collation.
pub(super) fn extreme_of(name: &str, texts: &[Value]) -> Value {
    let texts: Vec<&str> = texts.iter().map(|text| text.sql.as_str()).collect();
    let nulls: Vec<String> = texts.iter().map(|text| format!("{text} IS NULL")).collect();
    let own = extreme(name == "LEAST", &format!("[{}]", texts.join(", ")));
    let sql = format!("CASE WHEN {} THEN NULL ELSE {} END", nulls.join(" OR "), own.sql);
    Value { sql, ..own }
}

/// The first of the smallest or greatest texts of a list without NULL.
fn extreme(is_least: bool, texts: &str) -> Value {
    let function = if is_least { "bq_collated_least" } else { "bq_collated_greatest" };
    Value::new(DataType::Collated, format!("{function}({texts})"))
}

/// The text with the collation `und:ci`.
pub(super) fn with_collation(value: Value) -> Value {
    Value { ty: collated(value.ty.clone()), form: Form::Other, ..value }
}

impl Analyzer<'_> {
    /// `COLLATE(text, 'und:ci')`, and `COLLATE(text, '')`, which takes a collation away.
    pub(super) fn collate(&self, call: &Call, names: &Names<'_>, at: At) -> Analyzed<Value> {
        let values = self.arguments(&call.arguments, names)?;
        let [text, specification] = values.as_slice() else {
            return Err(super::calls::no_signature("COLLATE", &values, at));
        };
        let Form::Text(specification) = &specification.form else {
            return Err(refuse(at, "The second argument of COLLATE() must be a string literal"));
        };
        let plain = self.coerced(&stripped(text), &DataType::String, at)?;
        match DataType::collation(specification) {
            Some(DataType::String) => Ok(plain),
            Some(_) => Ok(with_collation(plain)),
            None => Err(refuse(at, &format!("Collation {specification:?} is not one of 'und:ci' and ''"))),
        }
    }

    /// The smallest or the greatest text of a group. `call`: the call of an aggregate function with these arguments.
    pub(super) fn collated_extreme(name: &str, text: &Value, call: impl Fn(&str, &str) -> String) -> Value {
        let function = if name == "MIN" { "arg_min" } else { "arg_max" };
        let sql = call(function, &format!("{}, {}", text.sql, key(text)));
        Value::new(DataType::Collated, sql)
    }
}
