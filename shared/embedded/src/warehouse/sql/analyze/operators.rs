//! Operators on numbers, texts, dates and truth values, and comparisons.
//!
//! NaN equals nothing in BigQuery, and is the greatest number in DuckDB. So comparisons of FLOAT64 ask for NaN.

use super::coerce::{coerce, supertype};
use super::names::Names;
use super::value::{Form, Value, field};
use super::{Analyzed, Analyzer, collation, refuse};
use crate::warehouse::sql::datatype::DataType;
use crate::warehouse::sql::syntax::ast::{At, Expr, Node};

impl Analyzer<'_> {
    pub(super) fn unary(&self, operator: &str, value: &Expr, names: &Names<'_>, at: At) -> Analyzed<Value> {
        let value = self.expr(value, names)?;
        if value.is_null() {
            return Err(refuse(at, &format!("Operand of {operator} cannot be literal NULL")));
        }
        let fits = match operator {
            "NOT" => value.ty == DataType::Bool,
            "~" => matches!(value.ty, DataType::Int64 | DataType::Bytes),
            _ => number(&value.ty) || (operator == "-" && value.ty == DataType::Interval),
        };
        if !fits {
            return Err(refuse(
                at,
                &format!(
                    "No matching signature for operator {operator} for argument type: {}",
                    value.ty.bigquery()
                ),
            ));
        }
        let sql = match (operator, &value.ty) {
            ("+", _) => return Ok(Value { form: Form::Other, ..value }),
            ("~", DataType::Bytes) => format!("unhex(bqf('bytes_not', hex({})))", value.sql),
            ("NOT", _) => format!("(NOT {})", value.sql),
            (_, DataType::BigNumeric) => format!("bqf_big('negate', {})", value.sql),
            _ => format!("({operator}{})", value.sql),
        };
        Ok(Value { never_null: value.never_null, ..Value::new(value.ty, sql) })
    }

    pub(super) fn binary(
        &self,
        operator: &'static str,
        left: &Expr,
        right: &Expr,
        names: &Names<'_>,
        at: At,
    ) -> Analyzed<Value> {
        if matches!(operator, "AND" | "OR") {
            // A chain of one operator is written without brackets, which DuckDB reads as one level.
            let mut parts = vec![self.condition(right, operator, names)?];
            let mut rest = left;
            while let Node::Binary(own, left, right) = &rest.node
                && *own == operator
            {
                parts.push(self.condition(right, operator, names)?);
                rest = left;
            }
            parts.push(self.condition(rest, operator, names)?);
            let never_null = parts.iter().all(|part| part.never_null);
            let texts: Vec<&str> = parts.iter().rev().map(|part| part.sql.as_str()).collect();
            let sql = format!("({})", texts.join(&format!(" {operator} ")));
            return Ok(Value { never_null, ..Value::new(DataType::Bool, sql) });
        }
        let (left, right) = (self.expr(left, names)?, self.expr(right, names)?);
        if left.is_null() || right.is_null() {
            return Err(refuse(at, &format!("Operands of {operator} cannot be literal NULL")));
        }
        match operator {
            "=" | "<>" | "<" | "<=" | ">" | ">=" => self.compare(operator, &left, &right, at),
            "||" if collation::has(&left.ty) || collation::has(&right.ty) => {
                let joined =
                    super::concat::joined_pair(&collation::stripped(&left), &collation::stripped(&right));
                let joined = joined.map(collation::with_collation);
                joined.ok_or_else(|| Self::no_signature("||", &left, &right, at))
            }
            "||" => super::concat::joined_pair(&left, &right)
                .ok_or_else(|| Self::no_signature("||", &left, &right, at)),
            "+" | "-" | "*" | "/" => self.arithmetic(operator, &left, &right, at),
            _ => self.bits(operator, &left, &right, at),
        }
    }

    fn no_signature(
        operator: &str,
        left: &Value,
        right: &Value,
        at: At,
    ) -> segue_ports::warehouse::WarehouseError {
        let types = format!("{}, {}", left.ty.bigquery(), right.ty.bigquery());
        refuse(at, &format!("No matching signature for operator {operator} for argument types: {types}"))
    }

    fn bits(&self, operator: &str, left: &Value, right: &Value, at: At) -> Analyzed<Value> {
        let sql = match (operator, &left.ty, &right.ty) {
            ("<<" | ">>", DataType::Int64, DataType::Int64) => {
                let function = if operator == "<<" { "bq_shift_left" } else { "bq_shift_right" };
                format!("{function}({}, {})", left.sql, right.sql)
            }
            ("&" | "|", DataType::Int64, DataType::Int64) => {
                format!("({} {operator} {})", left.sql, right.sql)
            }
            ("^", DataType::Int64, DataType::Int64) => format!("xor({}, {})", left.sql, right.sql),
            ("&" | "|" | "^", DataType::Bytes, DataType::Bytes) => {
                format!("unhex(bqf('bytes_bits', '{operator}', hex({}), hex({})))", left.sql, right.sql)
            }
            ("<<" | ">>", DataType::Bytes, DataType::Int64) => format!(
                "unhex(bqf('bytes_shift', '{operator}', hex({}), CAST({} AS VARCHAR)))",
                left.sql, right.sql
            ),
            _ => return Err(Self::no_signature(operator, left, right, at)),
        };
        Ok(Value::new(left.ty.clone(), sql))
    }

    /// `+`, `-`, `*` and `/`.
    pub(super) fn arithmetic(&self, operator: &str, left: &Value, right: &Value, at: At) -> Analyzed<Value> {
        if let Some(value) = self.date_arithmetic(operator, left, right) {
            return Ok(value);
        }
        if !(number(&left.ty) && number(&right.ty)) {
            return Err(Self::no_signature(operator, left, right, at));
        }
        let mut ty = supertype(&[left, right]).unwrap_or(DataType::Float64);
        if operator == "/" && ty == DataType::Int64 {
            ty = DataType::Float64;
        }
        let (left, right) = (self.coerced(left, &ty, at)?, self.coerced(right, &ty, at)?);
        let name = match operator {
            "+" => "add",
            "-" => "subtract",
            "*" => "multiply",
            _ => "divide",
        };
        let (l, r) = (&left.sql, &right.sql);
        let sql = match (&ty, operator) {
            (DataType::Float64, _) => format!("bqf_float_{name}({l}, {r})"),
            (DataType::Numeric, "*" | "/") => format!("bqf_numeric_{name}({}, {})", wide(l, 9), wide(r, 9)),
            (DataType::BigNumeric, _) => format!("bqf_big('{name}', {l}, {r})"),
            _ => format!("({l} {operator} {r})"),
        };
        Ok(Value::new(ty, sql))
    }

    fn date_arithmetic(&self, operator: &str, left: &Value, right: &Value) -> Option<Value> {
        use DataType::{Date, DateTime, Int64, Interval, Time, Timestamp};
        let (l, r) = (&left.sql, &right.sql);
        let (ty, sql) = match (operator, &left.ty, &right.ty) {
            ("+" | "-", Date, Int64) => (Date, format!("bq_check_date({l} {operator} CAST({r} AS INTEGER))")),
            ("+", Int64, Date) => (Date, format!("bq_check_date({r} + CAST({l} AS INTEGER))")),
            ("-", Date, Date) => (Interval, format!("to_days(CAST(date_diff('day', {r}, {l}) AS INTEGER))")),
            ("-", Timestamp, Timestamp) | ("-", DateTime, DateTime) => {
                (Interval, format!("to_microseconds(epoch_us({l}) - epoch_us({r}))"))
            }
            ("+" | "-", Date | DateTime, Interval) => {
                (DateTime, format!("bq_check_datetime(CAST({l} AS TIMESTAMP) {operator} {r})"))
            }
            ("+", Interval, Date | DateTime) => {
                (DateTime, format!("bq_check_datetime(CAST({r} AS TIMESTAMP) + {l})"))
            }
            ("+" | "-", Timestamp, Interval) => {
                (Timestamp, format!("bq_check_timestamp({l} {operator} bq_no_months({r}))"))
            }
            ("+", Interval, Timestamp) => (Timestamp, format!("bq_check_timestamp({r} + bq_no_months({l}))")),
            ("-", Time, Time) => {
                let micros = |own: &str| format!("epoch_us(DATE '1970-01-01' + {own})");
                (Interval, format!("to_microseconds({} - {})", micros(l), micros(r)))
            }
            ("+" | "-", Interval, Interval) => (Interval, format!("bq_check_interval({l} {operator} {r})")),
            ("*", Interval, Int64) => (Interval, format!("bq_interval_multiply({l}, {r})")),
            ("*", Int64, Interval) => (Interval, format!("bq_interval_multiply({r}, {l})")),
            ("/", Interval, Int64) => (Interval, format!("bq_interval_div({l}, {r})")),
            _ => return None,
        };
        Some(Value::new(ty, sql))
    }

    /// A comparison. The operator is BigQuery's.
    pub(super) fn compare(&self, operator: &str, left: &Value, right: &Value, at: At) -> Analyzed<Value> {
        let refused = || Self::no_signature(operator, left, right, at);
        let ty = supertype(&[left, right]).ok_or_else(refused)?;
        let (left, right) = (coerce(left, &ty).ok_or_else(refused)?, coerce(right, &ty).ok_or_else(refused)?);
        let ordered = !matches!(operator, "=" | "<>");
        let sql = match &ty {
            DataType::Float64 => floats(operator, &left, &right),
            DataType::Struct(fields) if !ordered => {
                let mut parts = Vec::new();
                for index in 0..fields.len() {
                    let (Some(left), Some(right)) = (field(&left, index), field(&right, index)) else {
                        continue;
                    };
                    let (left, right) = (left.settled(), right.settled());
                    parts.push(self.compare("=", &left, &right, at)?.sql);
                }
                let all =
                    if parts.is_empty() { "TRUE".to_owned() } else { format!("({})", parts.join(" AND ")) };
                if operator == "=" { all } else { format!("(NOT {all})") }
            }
            DataType::Json | DataType::Geography | DataType::Struct(_) | DataType::Array(_) => {
                return Err(refuse(
                    at,
                    &format!("{} is not defined for arguments of type {}", name_of(operator), ty.bigquery()),
                ));
            }
            _ => format!("({} {operator} {})", collation::key(&left), collation::key(&right)),
        };
        let never_null = left.never_null && right.never_null;
        Ok(Value { never_null, ..Value::new(DataType::Bool, sql) })
    }
}

fn name_of(operator: &str) -> &'static str {
    match operator {
        "=" => "Equality",
        "<>" => "Inequality",
        "<" => "Less than",
        "<=" => "Less than or equal",
        ">" => "Greater than",
        _ => "Greater than or equal",
    }
}

/// A comparison of FLOAT64 in which NaN equals nothing.
fn floats(operator: &str, left: &Value, right: &Value) -> String {
    let (l, r) = (&left.sql, &right.sql);
    let plain = format!("{l} {operator} {r}");
    let known = |value: &Value| matches!(value.form, Form::Number(_));
    let (left_known, right_known) = (known(left), known(right));
    match operator {
        "=" if left_known || right_known => format!("({plain})"),
        "=" => format!("({plain} AND NOT (isnan({l}) AND isnan({r})))"),
        "<>" if left_known || right_known => format!("({plain})"),
        "<>" => format!("({plain} OR (isnan({l}) AND isnan({r})))"),
        "<" | "<=" if right_known => format!("({plain})"),
        "<" | "<=" => format!("({plain} AND NOT (isnan({r}) AND {l} IS NOT NULL))"),
        _ if left_known => format!("({plain})"),
        _ => format!("({plain} AND NOT (isnan({l}) AND {r} IS NOT NULL))"),
    }
}

/// A decimal with all 38 digits.
pub(super) fn wide(sql: &str, scale: u8) -> String {
    format!("CAST({sql} AS DECIMAL(38,{scale}))")
}

/// Whether a type is a number.
pub(super) fn number(ty: &DataType) -> bool {
    matches!(ty, DataType::Int64 | DataType::Float64 | DataType::Numeric | DataType::BigNumeric)
}

/// Whether values of a type have an order.
pub(super) fn is_ordered(ty: &DataType) -> bool {
    !matches!(ty, DataType::Json | DataType::Geography | DataType::Struct(_) | DataType::Array(_))
}
