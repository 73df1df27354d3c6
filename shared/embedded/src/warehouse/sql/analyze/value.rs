//! An analyzed expression: its text in DuckDB's syntax, and its type in BigQuery.
//!
//! The module must not know scopes, functions and queries.

use crate::warehouse::sql::datatype::DataType;
use crate::warehouse::sql::names::{literal, quote};

/// An analyzed expression.
#[derive(Debug, Clone)]
pub(crate) struct Value {
    /// The expression in DuckDB's syntax. It can be a part of any other expression.
    pub(crate) sql: String,
    pub(crate) ty: DataType,
    pub(crate) form: Form,
    /// Whether the value cannot be NULL.
    pub(crate) never_null: bool,
}

/// What an expression is, apart from its type. Literals convert to more types than other expressions.
#[derive(Debug, Clone)]
pub(crate) enum Form {
    Other,
    /// NULL without a type.
    Null,
    /// A number literal as written.
    Number(String),
    Text(String),
    /// A literal of an array, with its elements.
    Array(Vec<Value>),
    /// A constructor of a struct, with its fields.
    Struct(Vec<Value>),
}

impl Value {
    pub(crate) fn new(ty: DataType, sql: impl Into<String>) -> Self {
        Self { sql: sql.into(), ty, form: Form::Other, never_null: false }
    }

    pub(crate) fn null() -> Self {
        Self { sql: "NULL".to_owned(), ty: DataType::Int64, form: Form::Null, never_null: false }
    }

    pub(crate) fn text(text: &str) -> Self {
        Self {
            sql: text_literal(text),
            ty: DataType::String,
            form: Form::Text(text.to_owned()),
            never_null: true,
        }
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self.form, Form::Null)
    }

    /// Whether the value is a literal or NULL, which converts to more types.
    pub(crate) fn is_literal(&self) -> bool {
        match &self.form {
            Form::Null | Form::Number(_) | Form::Text(_) => true,
            Form::Array(items) => items.iter().all(Self::is_literal),
            Form::Other | Form::Struct(_) => false,
        }
    }

    /// The same value as one that has the type of its column.
    pub(crate) fn settled(self) -> Self {
        if self.is_null() {
            let sql = format!("CAST({} AS {})", self.sql, self.ty.duckdb());
            return Self { sql, form: Form::Other, ..self };
        }
        Self { form: Form::Other, ..self }
    }
}

/// A text as a literal of DuckDB.
pub(crate) fn text_literal(text: &str) -> String {
    if !text.contains('\0') {
        return literal(text);
    }
    let parts: Vec<String> = text.split('\0').map(literal).collect();
    format!("({})", parts.join(" || chr(0) || "))
}

/// The names of the fields of a struct in DuckDB. Fields without a name, and with a name that another field has, get a
/// name of their own.
pub(crate) fn field_names(fields: &[(String, DataType)]) -> Vec<String> {
    let mut seen: Vec<String> = Vec::new();
    fields
        .iter()
        .enumerate()
        .map(|(index, (name, _))| {
            let lower = name.to_lowercase();
            if name.is_empty() || seen.contains(&lower) {
                return format!("_field_{}", index + 1);
            }
            seen.push(lower);
            name.clone()
        })
        .collect()
}

/// The field with this index of a struct.
pub(crate) fn field(value: &Value, index: usize) -> Option<Value> {
    if let Form::Struct(items) = &value.form {
        return items.get(index).cloned();
    }
    let DataType::Struct(fields) = &value.ty else { return None };
    let name = field_names(fields).into_iter().nth(index)?;
    let ty = fields.get(index)?.1.clone();
    Some(Value::new(ty, format!("struct_extract({}, {})", value.sql, literal(&name))))
}

/// A struct of these fields.
pub(crate) fn structure(names: Vec<String>, values: Vec<Value>) -> Value {
    let values: Vec<Value> = values;
    let fields: Vec<(String, DataType)> =
        names.into_iter().zip(values.iter().map(|value| value.ty.clone())).collect();
    let sql = if fields.is_empty() {
        "NULL".to_owned()
    } else {
        let parts: Vec<String> = field_names(&fields)
            .iter()
            .zip(&values)
            .map(|(name, value)| format!("{} := {}", quote(name), value.clone().settled().sql))
            .collect();
        format!("struct_pack({})", parts.join(", "))
    };
    Value { sql, ty: DataType::Struct(fields), form: Form::Struct(values), never_null: true }
}
