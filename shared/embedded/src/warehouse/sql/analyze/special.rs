//! Functions without a plain signature: conditions, FORMAT, lambdas, dates with parts. `json` has those of JSON.
//!
//! To add a function, add it to [`NAMES`] and a branch in `Analyzer::special`.

use super::calls::no_signature;
use super::concat::joined;
use super::json::{Json, json_text};
use super::names::Names;
use super::once::Once;
use super::value::{Form, Value, text_literal};
use super::{Analyzed, Analyzer, collation, dates, missing, refuse};
use crate::warehouse::sql::datatype::DataType;
use crate::warehouse::sql::syntax::ast::{At, Call, Expr, Node};

/// The functions of this module.
pub(super) const NAMES: &[&str] = &[
    "ARRAY_AVG",
    "ARRAY_FILTER",
    "ARRAY_TRANSFORM",
    "COALESCE",
    "COLLATE",
    "CONCAT",
    "CONTAINS_SUBSTR",
    "DATETIME_ADD",
    "DATETIME_BUCKET",
    "DATETIME_DIFF",
    "DATETIME_SUB",
    "DATETIME_TRUNC",
    "DATE_ADD",
    "DATE_BUCKET",
    "DATE_DIFF",
    "DATE_SUB",
    "DATE_TRUNC",
    "EDIT_DISTANCE",
    "ERROR",
    "FORMAT",
    "FORMAT_DATE",
    "FORMAT_DATETIME",
    "FORMAT_TIME",
    "FORMAT_TIMESTAMP",
    "GENERATE_DATE_ARRAY",
    "GENERATE_TIMESTAMP_ARRAY",
    "GREATEST",
    "IF",
    "IFNULL",
    "JUSTIFY_INTERVAL",
    "LAST_DAY",
    "LEAST",
    "MAKE_INTERVAL",
    "NORMALIZE",
    "NORMALIZE_AND_CASEFOLD",
    "NULLIF",
    "NULLIFZERO",
    "PARSE_DATE",
    "PARSE_DATETIME",
    "PARSE_TIME",
    "PARSE_TIMESTAMP",
    "REGEXP_EXTRACT",
    "REGEXP_EXTRACT_ALL",
    "REGEXP_REPLACE",
    "REGEXP_SUBSTR",
    "SAFE_ADD",
    "SAFE_DIVIDE",
    "SAFE_MULTIPLY",
    "SAFE_NEGATE",
    "SAFE_SUBTRACT",
    "TIMESTAMP_ADD",
    "TIMESTAMP_BUCKET",
    "TIMESTAMP_DIFF",
    "TIMESTAMP_SUB",
    "TIMESTAMP_TRUNC",
    "TIME_ADD",
    "TIME_DIFF",
    "TIME_SUB",
    "TIME_TRUNC",
    "TYPEOF",
    "ZEROIFNULL",
];

impl Analyzer<'_> {
    /// A call of a function of this module. `None` for other functions.
    pub(super) fn special(&self, call: &Call, names: &Names<'_>, at: At) -> Analyzed<Option<Value>> {
        let name = call.name.as_str();
        if super::ranges::NAMES.contains(&name) {
            return self.range_function(call, names, at).map(Some);
        }
        if super::json::NAMES.contains(&name) {
            return self.json_function(call, names, at).map(Some);
        }
        if !NAMES.contains(&name) {
            return Ok(None);
        }
        let known = |(own, _): &&(String, Expr)| match name {
            "MAKE_INTERVAL" => true,
            "CONTAINS_SUBSTR" => own == "json_scope",
            "EDIT_DISTANCE" => own == "max_distance",
            _ => false,
        };
        if let Some((unknown, _)) = call.named.iter().find(|own| !known(own)) {
            return Err(super::calls::unknown_name(unknown, name, at));
        }
        let dated = match name {
            "COLLATE" => Some(self.collate(call, names, at)?),
            "CONTAINS_SUBSTR" => Some(self.contains_substr(call, names, at)?),
            "EDIT_DISTANCE" => Some(self.edit_distance(call, names, at)?),
            "DATE_ADD" | "DATE_SUB" | "DATETIME_ADD" | "DATETIME_SUB" | "TIMESTAMP_ADD" | "TIMESTAMP_SUB"
            | "TIME_ADD" | "TIME_SUB" => Some(self.date_add(call, names, at)?),
            "DATE_DIFF" | "DATETIME_DIFF" | "TIMESTAMP_DIFF" | "TIME_DIFF" => {
                Some(self.date_diff(call, names, at)?)
            }
            "DATE_TRUNC" | "DATETIME_TRUNC" | "TIMESTAMP_TRUNC" | "TIME_TRUNC" => {
                Some(self.date_trunc(call, names, at)?)
            }
            "DATE_BUCKET" | "DATETIME_BUCKET" | "TIMESTAMP_BUCKET" => {
                Some(self.date_bucket(call, names, at)?)
            }
            "NORMALIZE" | "NORMALIZE_AND_CASEFOLD" => Some(self.normalize(call, names, at)?),
            "LAST_DAY" => Some(self.last_day(call, names, at)?),
            "FORMAT_DATE" | "FORMAT_DATETIME" | "FORMAT_TIME" | "FORMAT_TIMESTAMP" => {
                Some(self.format_date(call, names, at)?)
            }
            "PARSE_DATE" | "PARSE_DATETIME" | "PARSE_TIME" | "PARSE_TIMESTAMP" => {
                Some(self.parse_date(call, names, at)?)
            }
            "GENERATE_DATE_ARRAY" | "GENERATE_TIMESTAMP_ARRAY" => Some(self.generate_dates(call, names, at)?),
            "ARRAY_FILTER" | "ARRAY_TRANSFORM" => Some(self.lambda_call(call, names, at)?),
            "MAKE_INTERVAL" => Some(self.make_interval(call, names, at)?),
            _ => None,
        };
        if dated.is_some() {
            return Ok(dated);
        }
        let values = self.arguments(&call.arguments, names)?;
        if name == "FORMAT" && values.iter().any(|value| value.ty.has_range()) {
            return Err(missing(at, "FORMAT of RANGE"));
        }
        let refused = || no_signature(name, &values, at);
        if values.iter().any(|value| collation::has(&value.ty)) {
            match name {
                "IF" | "COALESCE" | "IFNULL" | "NULLIF" | "GREATEST" | "LEAST" => {}
                "CONCAT" => {
                    let plain: Vec<Value> = values.iter().map(collation::stripped).collect();
                    return joined(&plain).map(collation::with_collation).map(Some).ok_or_else(refused);
                }
                _ => return Err(collation::unsupported(name, at)),
            }
        }
        let value = match (name, values.as_slice()) {
            ("IF", [_, yes, no]) => {
                let condition = call.arguments.first().ok_or_else(refused)?;
                let condition = self.condition(condition, "IF", names)?;
                let (ty, both) = self.unified(vec![yes.clone(), no.clone()], name, at)?;
                let [yes, no] = both.as_slice() else { return Err(refused()) };
                let never_null = yes.never_null && no.never_null;
                Value {
                    never_null,
                    ..Value::new(
                        ty,
                        format!("CASE WHEN {} THEN {} ELSE {} END", condition.sql, yes.sql, no.sql),
                    )
                }
            }
            ("COALESCE", [_, ..]) | ("IFNULL", [_, _]) => {
                let (ty, all) = self.unified(values.clone(), name, at)?;
                let never_null = all.iter().any(|value| value.never_null);
                let texts: Vec<&str> = all.iter().map(|value| value.sql.as_str()).collect();
                Value { never_null, ..Value::new(ty, format!("COALESCE({})", texts.join(", "))) }
            }
            ("NULLIF", [left, right]) => {
                if left.is_null() || right.is_null() {
                    let own = self
                        .unified(values.clone(), name, at)?
                        .1
                        .first()
                        .cloned()
                        .unwrap_or_else(Value::null);
                    return Ok(Some(own));
                }
                Once::of(self, left, at, |left| {
                    let equal = self.compare("=", left, right, at)?;
                    let (ty, all) = self.unified(vec![left.clone(), right.clone()], name, at)?;
                    let own = all.first().map(|value| value.sql.clone()).unwrap_or_default();
                    Ok(Value::new(ty, format!("CASE WHEN {} THEN NULL ELSE {own} END", equal.sql)))
                })?
            }
            ("NULLIFZERO", [value]) if super::operators::number(&value.ty) => Value::new(
                value.ty.clone(),
                format!("nullif({}, CAST(0 AS {}))", value.clone().settled().sql, value.ty.duckdb()),
            ),
            ("ZEROIFNULL", [value]) if super::operators::number(&value.ty) => Value::new(
                value.ty.clone(),
                format!("COALESCE({}, CAST(0 AS {}))", value.clone().settled().sql, value.ty.duckdb()),
            ),
            ("CONCAT", [_, ..]) => joined(&values).ok_or_else(refused)?,
            ("ERROR", [message]) => {
                let message = self.coerced(message, &DataType::String, at)?;
                // The type is that of any other value beside it.
                Value { form: Form::Null, ..Value::new(DataType::Int64, format!("error({})", message.sql)) }
            }
            ("TYPEOF", [value]) => Value::text(&value.ty.bigquery()),
            ("GREATEST" | "LEAST", [_, ..]) => self.extreme(name, &values, at)?,
            ("SAFE_ADD" | "SAFE_SUBTRACT" | "SAFE_MULTIPLY" | "SAFE_DIVIDE", [left, right]) => {
                let operator = match name {
                    "SAFE_ADD" => "+",
                    "SAFE_SUBTRACT" => "-",
                    "SAFE_MULTIPLY" => "*",
                    _ => "/",
                };
                let typed =
                    |value: &Value| if value.is_null() { value.clone().settled() } else { value.clone() };
                let (left, right) = (typed(left), typed(right));
                let arithmetic = |left: &Value, right: &Value| {
                    self.arithmetic(operator, left, right, at).map_err(|_| refused())
                };
                // TRY takes no aggregates, window functions and subqueries, so these are found before it.
                if [&left, &right].iter().any(|value| value.sql.contains('(')) {
                    let operand = |own: &Value, name: &str| Value { sql: format!("e.{name}"), ..own.clone() };
                    let value = arithmetic(&operand(&left, "a"), &operand(&right, "b"))?;
                    let operands = format!("struct_pack(a := {}, b := {})", left.sql, right.sql);
                    Value::new(
                        value.ty,
                        format!("list_transform([{operands}], lambda e: TRY({}))[1]", value.sql),
                    )
                } else {
                    let value = arithmetic(&left, &right)?;
                    Value::new(value.ty, format!("TRY({})", value.sql))
                }
            }
            ("SAFE_NEGATE", [value]) if super::operators::number(&value.ty) => {
                Value::new(value.ty.clone(), format!("TRY(-{})", value.clone().settled().sql))
            }
            ("FORMAT", [format, rest @ ..]) => self.format(format, rest, at)?,
            ("JUSTIFY_INTERVAL", [value]) if value.ty == DataType::Interval => {
                Value::new(DataType::Interval, format!("bq_justify_interval({})", value.sql))
            }
            ("REGEXP_EXTRACT" | "REGEXP_SUBSTR" | "REGEXP_EXTRACT_ALL", [_, _, ..]) if values.len() <= 4 => {
                self.regexp_extract(name, &values, at)?
            }
            ("REGEXP_REPLACE", [_, _, _]) => self.regexp_replace(&values, at)?,
            ("ARRAY_AVG", [array]) => {
                let element = self.element(array, name, at)?;
                match element {
                    DataType::Int64 | DataType::Float64 => {
                        Value::new(DataType::Float64, format!("list_avg({})", array.sql))
                    }
                    _ => return Err(refused()),
                }
            }
            _ => return Err(refused()),
        };
        Ok(Some(value))
    }

    fn extreme(&self, name: &str, values: &[Value], at: At) -> Analyzed<Value> {
        let (ty, all) = self.unified(values.to_vec(), name, at)?;
        if !super::operators::is_ordered(&ty) {
            return Err(no_signature(name, values, at));
        }
        if ty == DataType::Collated {
            return Ok(collation::extreme_of(name, &all));
        }
        let texts: Vec<&str> = all.iter().map(|value| value.sql.as_str()).collect();
        let plain = format!("{}({})", name.to_lowercase(), texts.join(", "));
        let nulls: Vec<String> = texts.iter().map(|text| format!("{text} IS NULL")).collect();
        let nan = match ty {
            DataType::Float64 => {
                let nans: Vec<String> = texts.iter().map(|text| format!("isnan({text})")).collect();
                format!("WHEN {} THEN CAST('nan' AS DOUBLE) ", nans.join(" OR "))
            }
            _ => String::new(),
        };
        Ok(Value::new(ty, format!("CASE WHEN {} THEN NULL {nan}ELSE {plain} END", nulls.join(" OR "))))
    }

    /// `FORMAT('%d', x)`. The values are handed over as JSON, with their types.
    fn format(&self, format: &Value, values: &[Value], at: At) -> Analyzed<Value> {
        let format = self.coerced(format, &DataType::String, at)?;
        if let Form::Text(text) = &format.form {
            let types: Vec<String> = values
                .iter()
                .map(|value| if value.is_null() { "NULL".to_owned() } else { value.ty.bigquery() })
                .collect();
            crate::warehouse::functions::format::check(text, &types)
                .map_err(|message| refuse(at, &message))?;
        }
        let mut parts = vec!["'format'".to_owned(), format.sql];
        for value in values {
            let ty = if value.is_null() { "INT64".to_owned() } else { value.ty.bigquery() };
            let text = json_text(value, Json::Positions)
                .ok_or_else(|| no_signature("FORMAT", std::slice::from_ref(value), at))?;
            parts.push(text_literal(&ty));
            parts.push(format!("COALESCE({text}, 'null')"));
        }
        Ok(Value::new(DataType::String, format!("bqf({})", parts.join(", "))))
    }

    /// `ARRAY_FILTER(array, e -> …)` and `ARRAY_TRANSFORM(array, (e, i) -> …)`.
    fn lambda_call(&self, call: &Call, names: &Names<'_>, at: At) -> Analyzed<Value> {
        let [array, Expr { node: Node::Lambda { parameters, body }, .. }] = call.arguments.as_slice() else {
            return Err(refuse(at, &format!("{} needs an array and a lambda", call.name)));
        };
        let array = self.expr(array, names)?;
        let element = self.element(&array, &call.name, at)?;
        let own: Vec<String> = parameters.iter().map(|_| self.fresh("p")).collect();
        let mut locals = Vec::new();
        for (index, (parameter, own)) in parameters.iter().zip(&own).enumerate() {
            let value = match index {
                0 => Value::new(element.clone(), own.clone()),
                1 => Value::new(DataType::Int64, format!("({own} - 1)")),
                _ => return Err(refuse(at, "A lambda has one or two parameters")),
            };
            locals.push((parameter.clone(), value));
        }
        let inner = Names::with_locals(names, locals);
        let list = own.join(", ");
        if call.name == "ARRAY_FILTER" {
            let condition = self.condition(body, "The lambda of ARRAY_FILTER", &inner)?;
            let sql = format!("list_filter({}, lambda {list}: {})", array.sql, condition.sql);
            return Ok(Value::new(array.ty, sql));
        }
        let value = self.expr(body, &inner)?.settled();
        if matches!(value.ty, DataType::Array(_)) {
            return Err(refuse(at, "The lambda of ARRAY_TRANSFORM must not return an array"));
        }
        let sql = format!("list_transform({}, lambda {list}: {})", array.sql, value.sql);
        Ok(Value::new(DataType::Array(Box::new(value.ty)), sql))
    }

    fn make_interval(&self, call: &Call, names: &Names<'_>, at: At) -> Analyzed<Value> {
        let parts = ["year", "month", "day", "hour", "minute", "second"];
        let mut values = vec!["0".to_owned(); parts.len()];
        if call.arguments.len() > parts.len() {
            return Err(refuse(at, "MAKE_INTERVAL has at most six arguments"));
        }
        let positional = call.arguments.iter().zip(parts);
        let named = call.named.iter().map(|(name, value)| (value, name.as_str()));
        for (expr, name) in positional.chain(named) {
            let Some(slot) =
                parts.iter().position(|part| *part == name).and_then(|index| values.get_mut(index))
            else {
                return Err(refuse(
                    expr.at,
                    &format!(
                        "Named argument {name} not found in signature for call to function MAKE_INTERVAL"
                    ),
                ));
            };
            *slot = self.expr_as(expr, &DataType::Int64, names)?.sql;
        }
        let [year, month, day, hour, minute, second] = values.as_slice() else {
            return Err(refuse(at, "MAKE_INTERVAL needs six parts"));
        };
        Ok(dates::interval(
            &format!("({year} * 12 + {month})"),
            day,
            &format!("(({hour} * 3600 + {minute} * 60 + {second}) * 1000000)"),
        ))
    }
}
