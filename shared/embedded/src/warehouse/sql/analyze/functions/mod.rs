//! The functions of GoogleSQL with fixed types: each with its signatures, and with DuckDB's expression for each.
//!
//! A function that is in no table, and not in `special.rs`, is refused with its name. So a function that only DuckDB has
//! is refused too.
//!
//! A signature is written with one letter for each type: I INT64, F FLOAT64, N NUMERIC, G BIGNUMERIC, S STRING, B BYTES,
//! L BOOL, D DATE, M DATETIME, T TIME, Z TIMESTAMP, V INTERVAL, J JSON, O GEOGRAPHY, X any type. A small letter is an array of the
//! type. `*` after a letter: any number of such arguments. After `:` follows the type of the result.
//!
//! In the expression, `{0}` is the first argument, `{0t}` its text, `{0h}` the hexadecimal digits of bytes, `{0w}` a
//! decimal with 38 digits, and `{*}` is all arguments.
//!
//! To add a function, add a line to a table.

mod arrays;
mod geography;
mod json;
pub(super) mod list;
mod net;
mod numbers;
mod sketches;
mod texts;
mod times;

use super::coerce::{coerce, same, supertype};
use super::value::{Form, Value};
use crate::warehouse::sql::datatype::DataType;

/// A function: its name, and its signatures with their expressions.
pub(super) type Function = (&'static str, &'static [(&'static str, &'static str)]);

const TABLES: [&[Function]; 8] = [
    texts::TABLE,
    numbers::TABLE,
    times::TABLE,
    json::TABLE,
    arrays::TABLE,
    net::TABLE,
    geography::TABLE,
    sketches::TABLE,
];

/// The function of this name.
pub(super) fn find(name: &str) -> Option<&'static Function> {
    TABLES.iter().flat_map(|table| table.iter()).find(|(own, _)| *own == name)
}

/// The arguments with a name of a function, after its first one, each with its value if a call leaves it out.
pub(super) fn named(function: &str) -> Option<&'static [(&'static str, &'static str)]> {
    geography::NAMED.iter().find(|(own, _)| *own == function).map(|(_, named)| *named)
}

/// The names of all functions in the tables.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    TABLES.iter().flat_map(|table| table.iter()).map(|(name, _)| *name)
}

/// The type that a letter of a signature stands for. `None` for X.
fn letter(letter: char) -> Option<DataType> {
    let ty = match letter.to_ascii_uppercase() {
        'I' => DataType::Int64,
        'F' => DataType::Float64,
        'N' => DataType::Numeric,
        'G' => DataType::BigNumeric,
        'S' => DataType::String,
        'B' => DataType::Bytes,
        'L' => DataType::Bool,
        'D' => DataType::Date,
        'M' => DataType::DateTime,
        'T' => DataType::Time,
        'Z' => DataType::Timestamp,
        'V' => DataType::Interval,
        'J' => DataType::Json,
        'O' => DataType::Geography,
        _ => return None,
    };
    Some(if letter.is_ascii_lowercase() { DataType::Array(Box::new(ty)) } else { ty })
}

/// The letters of the arguments of a signature, for this number of arguments.
fn letters(signature: &str, count: usize) -> Option<Vec<char>> {
    let mut found: Vec<char> = Vec::new();
    for c in signature.chars() {
        if c == '*' {
            let repeated = *found.last()?;
            while found.len() < count {
                found.push(repeated);
            }
        } else {
            found.push(c);
        }
    }
    (found.len() == count).then_some(found)
}

/// The call of a function with these arguments. `None`: no signature fits.
pub(super) fn apply(function: &Function, arguments: &[Value]) -> Option<Value> {
    let fitting = function.1.iter().filter_map(|(signature, template)| {
        let (inputs, result) = signature.split_once(':').unwrap_or((signature, "X"));
        let letters = letters(inputs, arguments.len())?;
        let (values, any) = converted(&letters, arguments)?;
        let ty = match result.chars().next() {
            Some('X') | None => any?,
            Some('x') => DataType::Array(Box::new(any?)),
            Some(own) => letter(own)?,
        };
        let cost: u32 =
            values.iter().zip(arguments).map(|(value, argument)| cost(&argument.ty, &value.ty)).sum();
        Some((cost, Value::new(ty, filled(template, &values))))
    });
    // Of the signatures that fit, the one with the cheapest conversions; of several, the first.
    fitting.min_by_key(|(cost, _)| *cost).map(|(_, value)| value)
}

/// How far a conversion goes.
fn cost(from: &DataType, to: &DataType) -> u32 {
    match (from, to) {
        (from, to) if same(from, to) => 0,
        (DataType::Float64, DataType::Numeric | DataType::BigNumeric) => 3,
        (DataType::Int64, DataType::BigNumeric)
        | (DataType::Numeric | DataType::BigNumeric, DataType::Float64) => 2,
        (DataType::Array(from), DataType::Array(to)) => cost(from, to),
        _ => 1,
    }
}

/// The arguments as values of the types of a signature, and the type that X stands for.
fn converted(letters: &[char], arguments: &[Value]) -> Option<(Vec<Value>, Option<DataType>)> {
    let mut generic: Vec<Value> = Vec::new();
    for (letter, value) in letters.iter().zip(arguments) {
        match (letter, &value.ty) {
            ('X', _) => generic.push(value.clone()),
            ('x', DataType::Array(element)) => match &value.form {
                Form::Array(items) => generic.extend(items.iter().cloned()),
                _ => generic.push(Value::new((**element).clone(), "e")),
            },
            _ => {}
        }
    }
    let any = if letters.iter().any(|letter| matches!(letter, 'X' | 'x')) {
        Some(supertype(&generic.iter().collect::<Vec<_>>())?)
    } else {
        None
    };
    let mut values = Vec::new();
    for (own, value) in letters.iter().zip(arguments) {
        let ty = match own {
            'X' => any.clone()?,
            'x' => DataType::Array(Box::new(any.clone()?)),
            own => letter(*own)?,
        };
        values.push(coerce(value, &ty)?);
    }
    Some((values, any))
}

/// The expression with the arguments in their places.
pub(super) fn filled(template: &str, values: &[Value]) -> String {
    let mut out = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let (place, next) = after.split_once('}').unwrap_or((after, ""));
        rest = next;
        if place == "*" {
            let all: Vec<&str> = values.iter().map(|value| value.sql.as_str()).collect();
            out.push_str(&all.join(", "));
            continue;
        }
        let digits: String = place.chars().take_while(char::is_ascii_digit).collect();
        let Some(value) = digits.parse::<usize>().ok().and_then(|index| values.get(index)) else { continue };
        match place.get(digits.len()..) {
            Some("t") => out.push_str(&format!("CAST({} AS VARCHAR)", value.sql)),
            Some("h") => out.push_str(&format!("hex({})", value.sql)),
            Some("w") => out.push_str(&format!("CAST({} AS {})", value.sql, value.ty.duckdb())),
            _ => out.push_str(&value.sql),
        }
    }
    out.push_str(rest);
    out
}
