//! Functions of RANGE, and RANGE_SESSIONIZE, which makes a table.
//!
//! To add a function, add it to [`NAMES`] and a branch in `Analyzer::range_function`.

use super::calls::no_signature;
use super::cast::conversion;
use super::names::Names;
use super::query::Output;
use super::value::{Form, Value};
use super::{Analyzed, Analyzer, dates, missing, refuse};
use crate::warehouse::sql::datatype::DataType;
use crate::warehouse::sql::names::quote;
use crate::warehouse::sql::ranges;
use crate::warehouse::sql::syntax::ast::{At, Body, Call, Expr, From, Node, Query};

/// The functions of this module that give a value.
pub(super) const NAMES: &[&str] = &[
    "GENERATE_RANGE_ARRAY",
    "RANGE",
    "RANGE_CONTAINS",
    "RANGE_END",
    "RANGE_INTERSECT",
    "RANGE_OVERLAPS",
    "RANGE_START",
];

/// The function of this module that gives a table.
pub(super) const SESSIONIZE: &str = "RANGE_SESSIONIZE";

impl Analyzer<'_> {
    /// A call of a function of [`NAMES`].
    pub(super) fn range_function(&self, call: &Call, names: &Names<'_>, at: At) -> Analyzed<Value> {
        let name = call.name.as_str();
        if name == "GENERATE_RANGE_ARRAY" {
            return self.generate_ranges(call, names, at);
        }
        let values = self.arguments(&call.arguments, names)?;
        let refused = || no_signature(name, &values, at);
        match (name, values.as_slice()) {
            ("RANGE", [low, high]) => self.range_of(low, high, at)?.ok_or_else(refused),
            ("RANGE_START" | "RANGE_END", [range]) => {
                let DataType::Range(element) = &range.ty else { return Err(refused()) };
                let bound = if name == "RANGE_START" { ranges::start } else { ranges::end };
                Ok(Value::new((**element).clone(), format!("bq_bounded({})", bound(&range.sql))))
            }
            ("RANGE_CONTAINS" | "RANGE_OVERLAPS" | "RANGE_INTERSECT", [left, right]) => {
                let (DataType::Range(element), Some(right)) = (&left.ty, other_side(name, left, right))
                else {
                    return Err(refused());
                };
                let [ls, le] = [ranges::start(&left.sql), ranges::end(&left.sql)];
                if right.ty == **element {
                    let sql = format!("({ls} <= {0} AND {0} < {le})", right.sql);
                    return Ok(Value::new(DataType::Bool, sql));
                }
                let [rs, re] = [ranges::start(&right.sql), ranges::end(&right.sql)];
                Ok(match name {
                    "RANGE_CONTAINS" => {
                        Value::new(DataType::Bool, format!("({ls} <= {rs} AND {re} <= {le})"))
                    }
                    "RANGE_OVERLAPS" => Value::new(DataType::Bool, format!("({ls} < {re} AND {rs} < {le})")),
                    _ => {
                        let common =
                            ranges::of(&format!("greatest({ls}, {rs})"), &format!("least({le}, {re})"));
                        let sql = format!(
                            "CASE WHEN {ls} < {re} AND {rs} < {le} THEN {common} WHEN {ls} IS NOT NULL AND {rs} IS NOT NULL \
                             THEN bq_error_of({ls}, 'RANGE_INTERSECT: the ranges do not overlap') END"
                        );
                        Value::new(left.ty.clone(), sql)
                    }
                })
            }
            _ => Err(refused()),
        }
    }

    /// `RANGE(low, high)`. `None`: the types do not fit.
    fn range_of(&self, low: &Value, high: &Value, at: At) -> Analyzed<Option<Value>> {
        let (ty, both) = match self.unified(vec![low.clone(), high.clone()], "RANGE", at) {
            Ok(unified) => unified,
            Err(_) => return Ok(None),
        };
        let fits = |value: &Value| value.is_null() || value.is_literal() || value.ty == ty;
        let is_time = matches!(ty, DataType::Date | DataType::DateTime | DataType::Timestamp);
        let ([low, high], true) = (both.as_slice(), is_time && fits(low) && fits(high)) else {
            return Ok(None);
        };
        let sql = format!(
            "bq_range(coalesce({}, {}), coalesce({}, {}))",
            low.sql,
            ranges::no_start(&ty),
            high.sql,
            ranges::no_end(&ty)
        );
        Ok(Some(Value { never_null: true, ..Value::new(DataType::Range(Box::new(ty)), sql) }))
    }

    /// `GENERATE_RANGE_ARRAY(range, INTERVAL 1 DAY, include_last_partial_range)`.
    fn generate_ranges(&self, call: &Call, names: &Names<'_>, at: At) -> Analyzed<Value> {
        let (range, step, last) = match call.arguments.as_slice() {
            [range, step] => (range, step, None),
            [range, step, last] => (range, step, Some(last)),
            _ => return Err(refuse(at, "GENERATE_RANGE_ARRAY needs a range and an interval")),
        };
        let range = self.expr(range, names)?;
        let DataType::Range(element) = &range.ty else {
            return Err(no_signature(&call.name, &[range], at));
        };
        let Node::Interval { value, from: part, to: None } = &step.node else {
            return Err(missing(step.at, "GENERATE_RANGE_ARRAY with another interval than INTERVAL … PART"));
        };
        let number = self.expr_as(value, &DataType::Int64, names)?.sql;
        let last = match last {
            Some(last) => self.expr_as(last, &DataType::Bool, names)?.sql,
            None => "TRUE".to_owned(),
        };
        if !dates::steps(element).contains(&part.as_str()) {
            let message = format!(
                "GENERATE_RANGE_ARRAY does not support the {part} date part when the argument is {} type",
                range.ty.bigquery()
            );
            return Err(refuse(at, &message));
        }
        // DuckDB forgets the types in a constant NULL.
        let typed = |bound: String| format!("CAST({bound} AS {})", element.duckdb());
        let (start, end) = (typed(ranges::start(&range.sql)), typed(ranges::end(&range.sql)));
        // A day of a TIMESTAMP has 24 hours.
        let (number, part) = match (&**element, part.as_str()) {
            (DataType::Timestamp, "DAY") => (format!("({number} * 24)"), "HOUR"),
            (_, part) => (number, part),
        };
        let days = if matches!(part, "MONTH" | "QUARTER" | "YEAR") { "day" } else { "" };
        let next = |count: &str| {
            format!("CAST({start} + bq_interval({count} * {number}, '{part}') AS {})", element.duckdb())
        };
        let one = ranges::of(&next("i"), &format!("least({}, {end})", next("(i + 1)")));
        let sql = format!(
            "list_transform(list_filter(bq_range_steps({start}, {end}, {number}, '{part}', '{days}'), lambda i: {} < {end} \
             AND ({last} OR {} <= {end})), lambda i: {one})",
            next("i"),
            next("(i + 1)")
        );
        let sql = format!("CASE WHEN {last} IS NOT NULL THEN {sql} END");
        Ok(Value::new(DataType::Array(Box::new(range.ty.clone())), sql))
    }

    /// `RANGE_SESSIONIZE(TABLE t, 'range', ['key', …], 'MEETS')` in FROM.
    pub(super) fn sessionized(
        &self,
        arguments: &[Expr],
        alias: Option<String>,
        names: &mut Names<'_>,
        at: At,
    ) -> Analyzed<String> {
        let (input, range, keys, option) = match arguments {
            [input, range, keys] => (input, range, keys, None),
            [input, range, keys, option] => (input, range, keys, Some(option)),
            _ => return Err(refuse(at, "RANGE_SESSIONIZE needs a table, a column, and an array of columns")),
        };
        let around = Names::none();
        let relation = self.query(&query_of(input, at)?, names.parent.unwrap_or(&around))?;
        let text = |expr: &Expr| match &expr.node {
            Node::Text(text) => Ok(text.clone()),
            _ => Err(refuse(expr.at, "RANGE_SESSIONIZE needs literals as arguments")),
        };
        let column = |name: &str, at: At| -> Analyzed<&Output> {
            let message =
                || refuse(at, &format!("RANGE_SESSIONIZE: the column {name} does not exist in the table"));
            relation.columns.iter().find(|own| own.name.eq_ignore_ascii_case(name)).ok_or_else(message)
        };
        let ranged = column(&text(range)?, range.at)?;
        let DataType::Range(_) = &ranged.ty else {
            let message = format!("RANGE_SESSIONIZE: the column {} is no RANGE", ranged.name);
            return Err(refuse(range.at, &message));
        };
        let Node::Array { items, .. } = &keys.node else {
            return Err(refuse(keys.at, "RANGE_SESSIONIZE needs an array of names of columns"));
        };
        let mut partition = Vec::new();
        for item in items {
            let own = column(&text(item)?, item.at)?;
            if !groupable(&own.ty) {
                let message = format!("RANGE_SESSIONIZE by a column of type {}", own.ty.bigquery());
                return Err(missing(item.at, &message));
            }
            partition.push(format!("s.{}", own.sql_name));
        }
        let operator = match option.map(text).transpose()?.unwrap_or_else(|| "MEETS".to_owned()).as_str() {
            "MEETS" => ">=",
            "OVERLAPS" => ">",
            other => {
                return Err(refuse(
                    at,
                    &format!("RANGE_SESSIONIZE: the option is {other}, not MEETS or OVERLAPS"),
                ));
            }
        };
        let by = |more: Option<&str>| {
            let keys: Vec<&str> = partition.iter().map(String::as_str).chain(more).collect();
            if keys.is_empty() { String::new() } else { format!("PARTITION BY {} ", keys.join(", ")) }
        };
        let x = format!("s.{}", ranged.sql_name);
        let (start, end) = (ranges::start(&x), ranges::end(&x));
        let whole = by(Some("s.\"[session\""));
        let session =
            ranges::of(&format!("min({start}) OVER ({whole})"), &format!("max({end}) OVER ({whole})"));
        let own = self.fresh("t");
        // A row begins a session if no range before it reaches it. The number of such rows so far is its session.
        let sql = format!(
            "(SELECT s.* EXCLUDE (\"[first\", \"[session\"), {session} AS session_range FROM (SELECT s.*, sum(s.\"[first\") OVER ({0}ORDER BY {x} ROWS UNBOUNDED \
             PRECEDING) AS \"[session\" FROM (SELECT s.*, CASE WHEN {x} IS NULL THEN bq_error_of({x}, 'RANGE_SESSIONIZE of a row without \
             a range is not supported by the embedded warehouse') WHEN max({end}) OVER ({0}ORDER BY {x} ROWS BETWEEN \
             UNBOUNDED PRECEDING AND 1 PRECEDING) {operator} {start} THEN 0 ELSE 1 END AS \"[first\" FROM ({1}) AS s) AS s) AS s) AS {own}",
            by(None),
            relation.sql
        );
        let mut made = relation.clone();
        made.columns.push(Output {
            name: "session_range".to_owned(),
            sql_name: quote("session_range"),
            ty: ranged.ty.clone(),
            form: Form::Other,
        });
        names.sources.push(made.source(&own, alias.or_else(|| Some(SESSIONIZE.to_lowercase()))));
        Ok(sql)
    }
}

/// The right side as a range like the left one, or as a value of its bounds.
fn other_side(name: &str, left: &Value, right: &Value) -> Option<Value> {
    let DataType::Range(element) = &left.ty else { return None };
    let as_range = super::coerce::coerce(right, &left.ty);
    if name == "RANGE_CONTAINS" && (as_range.is_none() || right.is_null()) {
        return super::coerce::coerce(right, element);
    }
    as_range
}

fn groupable(ty: &DataType) -> bool {
    super::operators::is_ordered(ty) && *ty != DataType::Float64
}

/// The query of an argument: `TABLE name`, or a query in brackets.
fn query_of(argument: &Expr, at: At) -> Analyzed<Query> {
    match &argument.node {
        Node::Subquery(query) => Ok((**query).clone()),
        Node::Name(path) => {
            let path = path.split('.').map(str::to_owned).collect();
            let table = From::Table { at: argument.at, path, alias: None, past: false, offset: None };
            Ok(Query {
                at: argument.at,
                recursive: false,
                with: Vec::new(),
                body: Body::From(Box::new(table)),
                order: Vec::new(),
                limit: None,
                offset: None,
                pipes: Vec::new(),
                depth: 1,
            })
        }
        _ => Err(refuse(at, "RANGE_SESSIONIZE needs TABLE name or a query as the first argument")),
    }
}

/// The text of a range, as CAST writes it.
pub(super) fn to_text(element: &DataType, x: &str) -> Option<String> {
    let bound = |own: String| {
        let text = conversion(element, &DataType::String, &format!("bq_bounded({own})"), false)?;
        Some(format!("COALESCE({text}, 'UNBOUNDED')"))
    };
    let (start, end) = (bound(ranges::start(x))?, bound(ranges::end(x))?);
    Some(format!("CASE WHEN {x} IS NOT NULL THEN '[' || {start} || ', ' || {end} || ')' END"))
}
