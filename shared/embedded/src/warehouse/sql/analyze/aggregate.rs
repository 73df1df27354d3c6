//! Aggregate functions, also over windows.
//!
//! To add a function, add it to [`NAMES`] and a branch in `Analyzer::aggregated`.

use super::calls::no_signature;
use super::coerce::coerce;
use super::names::Names;
use super::value::{Form, Value, structure};
use super::{Analyzed, Analyzer, collation, missing, refuse, statistics};
use crate::warehouse::sql::datatype::DataType;
use crate::warehouse::sql::syntax::ast::{At, Call, Expr, Node};

/// All aggregate functions.
pub(super) const NAMES: &[&str] = &[
    "ANY_VALUE",
    "APPROX_COUNT_DISTINCT",
    "APPROX_QUANTILES",
    "APPROX_TOP_COUNT",
    "APPROX_TOP_SUM",
    "ARRAY_AGG",
    "ARRAY_CONCAT_AGG",
    "AVG",
    "BIT_AND",
    "BIT_OR",
    "BIT_XOR",
    "CORR",
    "COUNT",
    "COUNTIF",
    "COVAR_POP",
    "COVAR_SAMP",
    "GROUPING",
    "HLL_COUNT.INIT",
    "HLL_COUNT.MERGE",
    "HLL_COUNT.MERGE_PARTIAL",
    "LOGICAL_AND",
    "LOGICAL_OR",
    "MAX",
    "MAX_BY",
    "MIN",
    "MIN_BY",
    "STDDEV",
    "STDDEV_POP",
    "STDDEV_SAMP",
    "STRING_AGG",
    "ST_CENTROID_AGG",
    "ST_UNION_AGG",
    "SUM",
    "VARIANCE",
    "VAR_POP",
    "VAR_SAMP",
];

/// Whether a function is an aggregate.
pub(super) fn is_aggregate(name: &str) -> bool {
    NAMES.contains(&name)
}

/// Whether an expression has an aggregate that belongs to its own query.
pub(super) fn contains(expr: &Expr) -> bool {
    if let Node::Call(call) = &expr.node
        && is_aggregate(&call.name)
        && call.over.is_none()
    {
        return true;
    }
    expr.children().into_iter().any(contains)
}

/// Refuses an aggregate function in a clause, unless it is over a window.
pub(super) fn refuse_in(expr: &Expr, clause: &str) -> Analyzed<()> {
    if contains(expr) {
        return Err(refuse(expr.at, &format!("Aggregate function not allowed in {clause}")));
    }
    Ok(())
}

/// The value of `SAFE.f(…)`. DuckDB's TRY takes no aggregates.
fn safe_aggregate(call: &Call, value: Value, at: At) -> Analyzed<Value> {
    let cannot_fail = [
        "ANY_VALUE",
        "APPROX_COUNT_DISTINCT",
        "ARRAY_AGG",
        "BIT_AND",
        "BIT_OR",
        "BIT_XOR",
        "COUNT",
        "COUNTIF",
        "LOGICAL_AND",
        "LOGICAL_OR",
        "MAX",
        "MIN",
        "STRING_AGG",
    ];
    if cannot_fail.contains(&call.name.as_str()) {
        return Ok(value);
    }
    match value.sql.strip_prefix("CAST(") {
        Some(rest) if call.name == "SUM" && value.ty == DataType::Int64 => {
            Ok(Value::new(DataType::Int64, format!("TRY_CAST({rest}")))
        }
        _ => Err(missing(at, &format!("SAFE.{}", call.name))),
    }
}

/// The parts of a call that every aggregate has.
pub(super) struct Parts {
    pub(super) distinct: &'static str,
    /// ORDER BY, with a blank before it.
    pub(super) order: String,
    /// FILTER, with a blank before it.
    pub(super) filter: String,
    /// OVER, with a blank before it.
    pub(super) over: String,
}

impl Parts {
    /// `function(DISTINCT arguments ORDER BY …) FILTER (…) OVER (…)`.
    pub(super) fn call(&self, function: &str, arguments: &str) -> String {
        format!("{function}({}{arguments}{}){}{}", self.distinct, self.order, self.filter, self.over)
    }
}

impl Analyzer<'_> {
    /// A call of an aggregate function. `over`: the window, in DuckDB's syntax.
    pub(super) fn aggregate(
        &self,
        call: &Call,
        names: &Names<'_>,
        at: At,
        over: Option<String>,
    ) -> Analyzed<Value> {
        if call.name == "GROUPING" {
            return self.grouping(call, names, at);
        }
        if call.arguments.iter().any(contains) && over.is_none() {
            return Err(refuse(at, &format!("Aggregations of aggregations are not allowed: {}", call.name)));
        }
        // Inside an aggregate, columns need not be keys. Over a window they must be, if there is a GROUP BY.
        let keys = if over.is_none() { names.keys.borrow_mut().take() } else { None };
        let aliases = if over.is_none() { names.aliases.take() } else { Vec::new() };
        let value = self.aggregated(call, names, at, over);
        if !aliases.is_empty() {
            names.aliases.replace(aliases);
        }
        if keys.is_some() {
            *names.keys.borrow_mut() = keys;
        }
        let value = value?;
        if call.safe { safe_aggregate(call, value, at) } else { Ok(value) }
    }

    fn grouping(&self, call: &Call, names: &Names<'_>, at: At) -> Analyzed<Value> {
        let [argument] = call.arguments.as_slice() else {
            return Err(refuse(at, "GROUPING needs one argument"));
        };
        let is_grouped = names.keys.borrow().is_some();
        if !is_grouped {
            return Err(refuse(at, "GROUPING needs a GROUP BY"));
        }
        let key = self.expr(argument, names)?;
        if collation::has(&key.ty) {
            return Err(collation::unsupported("GROUPING", at));
        }
        Ok(Value::new(DataType::Int64, format!("CAST(grouping({}) AS BIGINT)", key.sql)))
    }

    fn aggregated(&self, call: &Call, names: &Names<'_>, at: At, over: Option<String>) -> Analyzed<Value> {
        let name = call.name.as_str();
        let mut values = self.arguments(&call.arguments, names)?;
        let over = over.map(|over| format!(" OVER {over}")).unwrap_or_default();
        let mut parts = Parts {
            distinct: if call.distinct { "DISTINCT " } else { "" },
            order: String::new(),
            filter: String::new(),
            over,
        };
        let ungrouped = |value: &&Value| matches!(value.ty, DataType::Json | DataType::Geography);
        if let Some(value) = values.iter().find(ungrouped).filter(|_| call.distinct) {
            let ty = value.ty.bigquery();
            let message =
                format!("Aggregate functions with DISTINCT cannot be used with arguments of type {ty}");
            return Err(refuse(at, &message));
        }
        let is_interval = |value: &Value| value.ty.has(&|own| *own == DataType::Interval);
        if call.distinct && !parts.over.is_empty() && values.iter().any(is_interval) {
            // Over a window, DuckDB does not know that 1 MONTH and 30 DAY are equal.
            return Err(missing(at, "DISTINCT of an INTERVAL with OVER"));
        }
        let keeps_order = matches!(name, "ARRAY_AGG" | "STRING_AGG" | "ARRAY_CONCAT_AGG");
        if !parts.over.is_empty() && (!call.order.is_empty() || call.limit.is_some()) {
            let what = if call.order.is_empty() { "LIMIT" } else { "ORDER BY" };
            return Err(refuse(at, &format!("{what} in arguments is not supported on analytic functions")));
        }
        if !call.order.is_empty() {
            if !keeps_order {
                return Err(refuse(
                    at,
                    &format!("ORDER BY in aggregate function call is not supported for {name}"),
                ));
            }
            if call.distinct {
                for item in &call.order {
                    let by = self.expr(&item.value, names)?;
                    if !values.iter().any(|value| value.sql == by.sql && value.ty == by.ty) {
                        return Err(refuse(
                            item.value.at,
                            "An aggregate function that has both DISTINCT and ORDER BY arguments can only ORDER BY expressions that are arguments to the function",
                        ));
                    }
                }
            }
            parts.order = format!(" {}", self.order_by(&call.order, names)?);
        }
        if call.limit.is_some() && !keeps_order {
            return Err(refuse(at, &format!("LIMIT in aggregate function call is not supported for {name}")));
        }
        if call.ignore_nulls.is_some() && !keeps_order && !matches!(name, "ANY_VALUE" | "APPROX_QUANTILES") {
            return Err(refuse(
                at,
                &format!("IGNORE NULLS and RESPECT NULLS are not allowed for aggregate function {name}"),
            ));
        }
        if let Some((is_max, by)) = &call.having {
            let by = self.expr(by, names)?;
            if values.iter().chain([&by]).any(|value| collation::has(&value.ty)) {
                return Err(collation::unsupported("HAVING MAX and HAVING MIN", at));
            }
            return self.having_extreme(call, &values, (*is_max, &by), &parts, at);
        }
        if name == "COUNT" && (call.star || values.is_empty()) {
            if !call.star || call.distinct {
                return Err(no_signature(name, &values, at));
            }
            // DuckDB counts -1 rows in a frame that ends before its start.
            let sql = if parts.over.is_empty() {
                parts.call("count", "*")
            } else {
                format!("greatest({}, 0)", parts.call("count", "*"))
            };
            return Ok(Value { never_null: true, ..Value::new(DataType::Int64, sql) });
        }
        let refused = || no_signature(name, &values, at);
        let Some(first) = values.first().cloned().map(Value::settled) else { return Err(refused()) };
        let count = match name {
            "STRING_AGG" | "HLL_COUNT.INIT" => 1..=2,
            "APPROX_QUANTILES" | "APPROX_TOP_COUNT" | "APPROX_TOP_SUM" | "CORR" | "COVAR_POP"
            | "COVAR_SAMP" | "MAX_BY" | "MIN_BY" => 2..=3,
            _ => 1..=1,
        };
        if !count.contains(&values.len()) {
            return Err(refused());
        }
        let mut x = first.sql.clone();
        if values.iter().any(|value| collation::has(&value.ty)) {
            let is_text = first.ty == DataType::Collated;
            match name {
                "COUNT" if call.distinct && is_text => x = collation::key(&first),
                "COUNT" | "ANY_VALUE" | "ARRAY_AGG" if !call.distinct => {}
                "MIN" | "MAX" if is_text => {
                    return Ok(Self::collated_extreme(name, &first, |function, arguments| {
                        parts.call(function, arguments)
                    }));
                }
                "STRING_AGG" if !call.distinct => {
                    let separator = values.get(1).map(collation::stripped);
                    let plain = collation::stripped(&first);
                    let text = self.string_agg(call, &plain, separator.as_ref(), &parts, at)?;
                    return Ok(collation::with_collation(text));
                }
                _ => return Err(collation::unsupported(name, at)),
            }
        }
        let value = match name {
            // DuckDB ignores the frame of `first` over a window without keys.
            "ANY_VALUE" if !parts.over.is_empty() => {
                Value::new(first.ty, parts.call("nth_value", &format!("{x}, 1")))
            }
            "ANY_VALUE" => Value::new(first.ty, parts.call("first", &x)),
            "COUNT" => {
                let sql = if parts.over.is_empty() {
                    parts.call("count", &x)
                } else {
                    format!("greatest({}, 0)", parts.call("count", &x))
                };
                Value { never_null: true, ..Value::new(DataType::Int64, sql) }
            }
            "COUNTIF" => {
                let condition = coerce(&first, &DataType::Bool).ok_or_else(refused)?;
                let sql = parts.call("count", &format!("CASE WHEN {} THEN TRUE END", condition.sql));
                let sql = if parts.over.is_empty() { sql } else { format!("greatest({sql}, 0)") };
                Value { never_null: true, ..Value::new(DataType::Int64, sql) }
            }
            "LOGICAL_AND" | "LOGICAL_OR" => {
                let condition = coerce(&first, &DataType::Bool).ok_or_else(refused)?;
                let function = if name == "LOGICAL_AND" { "bool_and" } else { "bool_or" };
                Value::new(DataType::Bool, parts.call(function, &condition.sql))
            }
            "BIT_AND" | "BIT_OR" | "BIT_XOR" if first.ty == DataType::Int64 => {
                Value::new(DataType::Int64, parts.call(&name.to_lowercase(), &x))
            }
            "MIN" | "MAX" => {
                if !super::operators::is_ordered(&first.ty) {
                    return Err(refuse(
                        at,
                        &format!("{name} is not defined for arguments of type {}", first.ty.bigquery()),
                    ));
                }
                let plain = parts.call(&name.to_lowercase(), &x);
                let sql = if first.ty == DataType::Float64 {
                    let nan = Parts { order: String::new(), distinct: "", ..parts }
                        .call("bool_or", &format!("isnan({x})"));
                    format!("CASE WHEN {nan} THEN CAST('nan' AS DOUBLE) ELSE {plain} END")
                } else {
                    plain
                };
                Value::new(first.ty, sql)
            }
            "SUM" => match &first.ty {
                DataType::Int64 => {
                    Value::new(DataType::Int64, format!("CAST({} AS BIGINT)", parts.call("sum", &x)))
                }
                DataType::Numeric => {
                    Value::new(DataType::Numeric, format!("bq_numeric_sum({})", parts.call("sum", &x)))
                }
                DataType::Interval => {
                    let sum = |part: &str| parts.call("sum", &format!("bq_interval_{part}({x})"));
                    super::dates::interval(&sum("months"), &sum("days"), &sum("micros"))
                }
                DataType::BigNumeric => {
                    Value::new(DataType::BigNumeric, format!("bqf_big('sum', {})", parts.call("sum", &x)))
                }
                DataType::Float64 => {
                    let infinite = Parts {
                        order: String::new(),
                        distinct: "",
                        filter: parts.filter.clone(),
                        over: parts.over.clone(),
                    }
                    .call("bool_or", &format!("NOT isfinite({x})"));
                    Value::new(
                        DataType::Float64,
                        format!("bqf_float_sum({}, {infinite})", parts.call("sum", &x)),
                    )
                }
                _ => return Err(refused()),
            },
            "AVG" => match &first.ty {
                DataType::Int64 | DataType::Float64 => {
                    Value::new(DataType::Float64, parts.call("avg", &format!("CAST({x} AS DOUBLE)")))
                }
                DataType::Numeric => {
                    let sum = parts.call("sum", &x);
                    let count = parts.call("count", &x);
                    Value::new(
                        DataType::Numeric,
                        format!(
                            "bqf_numeric_divide(bq_numeric_sum({sum}), CAST(nullif({count}, 0) AS DECIMAL(38,9)))"
                        ),
                    )
                }
                DataType::Interval => {
                    let sum = |part: &str| {
                        format!("CAST({} AS BIGINT)", parts.call("sum", &format!("bq_interval_{part}({x})")))
                    };
                    let sql = format!(
                        "bq_interval_divide({}, {}, {}, nullif({}, 0))",
                        sum("months"),
                        sum("days"),
                        sum("micros"),
                        parts.call("count", &x)
                    );
                    Value::new(DataType::Interval, sql)
                }
                DataType::BigNumeric => {
                    let sum = parts.call("sum", &x);
                    let count = parts.call("count", &x);
                    Value::new(DataType::BigNumeric, format!("bqf_big('average', {sum}, {count})"))
                }
                _ => return Err(refused()),
            },
            "STDDEV" | "STDDEV_SAMP" | "STDDEV_POP" | "VARIANCE" | "VAR_SAMP" | "VAR_POP" | "CORR"
            | "COVAR_POP" | "COVAR_SAMP" => {
                statistics::statistics(name, &values, &parts).ok_or_else(refused)?
            }
            "STRING_AGG" => self.string_agg(call, &first, values.get(1), &parts, at)?,
            "HLL_COUNT.INIT" | "HLL_COUNT.MERGE" | "HLL_COUNT.MERGE_PARTIAL" => {
                self.sketch(name, &values, &parts, at)?
            }
            "ST_CENTROID_AGG" | "ST_UNION_AGG" => {
                let all = self.coerced(&first, &DataType::Geography, at).map_err(|_| refused())?;
                let list =
                    Parts { filter: format!(" FILTER ({x} IS NOT NULL)"), ..parts }.call("list", &all.sql);
                let sql = format!("bqf('{}', CAST(to_json({list}) AS VARCHAR))", name.to_lowercase());
                Value::new(DataType::Geography, sql)
            }
            "ARRAY_AGG" => self.array_agg(call, &first, parts, at)?,
            "ARRAY_CONCAT_AGG" => {
                if !matches!(first.ty, DataType::Array(_)) || call.distinct {
                    return Err(refused());
                }
                let list = Parts { filter: format!(" FILTER ({x} IS NOT NULL)"), ..parts }.call("list", &x);
                Value::new(first.ty, format!("flatten({})", self.limited(call, &list)?))
            }
            "MAX_BY" | "MIN_BY" => {
                let by = values.get(1).cloned().unwrap_or_else(Value::null);
                let function = if name == "MAX_BY" { "arg_max_null" } else { "arg_min_null" };
                let plain = parts.call(function, &format!("{x}, {}", by.sql));
                // NaN is the extreme value then, and equals nothing.
                let sql = if by.ty == DataType::Float64 {
                    let nan = Parts { distinct: "", ..parts }.call("bool_or", &format!("isnan({})", by.sql));
                    format!("CASE WHEN {nan} THEN NULL ELSE {plain} END")
                } else {
                    plain
                };
                Value::new(first.ty, sql)
            }
            "APPROX_COUNT_DISTINCT" => {
                let distinct = Parts { distinct: "DISTINCT ", ..parts };
                Value { never_null: true, ..Value::new(DataType::Int64, distinct.call("count", &x)) }
            }
            "APPROX_QUANTILES" => {
                let number = values.get(1).and_then(|value| match &value.form {
                    Form::Number(number) => number.parse::<u32>().ok(),
                    _ => None,
                });
                let number = number.filter(|number| (1..=100_000).contains(number)).ok_or_else(|| {
                    refuse(at, "The second argument to APPROX_QUANTILES must be a literal from 1 to 100000")
                })?;
                let respects_nulls = call.ignore_nulls == Some(false);
                // NaN is the least number.
                let nan = if first.ty == DataType::Float64 {
                    format!("isnan({x}) DESC NULLS FIRST, ")
                } else {
                    String::new()
                };
                let list = Parts {
                    order: format!(" ORDER BY {nan}{x} NULLS FIRST"),
                    filter: if respects_nulls { String::new() } else { format!(" FILTER ({x} IS NOT NULL)") },
                    ..parts
                }
                .call("list", &x);
                Value::new(DataType::Array(Box::new(first.ty)), format!("bq_quantiles({list}, {number})"))
            }
            "APPROX_TOP_COUNT" | "APPROX_TOP_SUM" => {
                let is_count = name == "APPROX_TOP_COUNT";
                let number = self.coerced(&values.pop().unwrap_or_else(Value::null), &DataType::Int64, at)?;
                let weight = if is_count {
                    Value::new(DataType::Int64, "CAST(1 AS BIGINT)")
                } else {
                    checked_weight(values.pop().unwrap_or_else(Value::null))
                };
                let is_whole = !is_count && weight.ty == DataType::Int64;
                let label = if is_count { "count" } else { "sum" };
                let item = structure(vec!["value".to_owned(), label.to_owned()], vec![first.clone(), weight]);
                let list = parts.call("list", &item.clone().settled().sql);
                let mut top = format!("bq_top_{label}({list}, bq_many({}, '{name}'))", number.sql);
                if is_whole {
                    top = format!(
                        "list_transform({top}, lambda r: struct_pack(value := r.value, sum := CAST(r.sum AS BIGINT)))"
                    );
                }
                Value::new(DataType::Array(Box::new(item.ty)), top)
            }
            _ => return Err(refused()),
        };
        Ok(value)
    }

    fn string_agg(
        &self,
        call: &Call,
        first: &Value,
        separator: Option<&Value>,
        parts: &Parts,
        at: At,
    ) -> Analyzed<Value> {
        let separator = match (separator, &first.ty) {
            (None, _) => "','".to_owned(),
            (Some(value), _) if value.is_null() => {
                return Err(refuse(at, "Argument 2 to STRING_AGG must be non-NULL"));
            }
            (Some(value), DataType::Bytes) => {
                format!("hex({})", self.coerced(value, &DataType::Bytes, at)?.sql)
            }
            (Some(value), _) => self.coerced(value, &DataType::String, at)?.sql,
        };
        let separator =
            if first.ty == DataType::Bytes && separator == "','" { "'2C'".to_owned() } else { separator };
        let x = match first.ty {
            DataType::Bytes => format!("hex({})", first.sql),
            DataType::String => first.sql.clone(),
            _ => return Err(no_signature("STRING_AGG", std::slice::from_ref(first), at)),
        };
        let sql = if call.limit.is_some() {
            let list = Parts {
                distinct: parts.distinct,
                order: parts.order.clone(),
                filter: format!(" FILTER ({x} IS NOT NULL)"),
                over: parts.over.clone(),
            }
            .call("list", &x);
            format!("array_to_string({}, {separator})", self.limited(call, &list)?)
        } else {
            parts.call("string_agg", &format!("{x}, {separator}"))
        };
        let sql = if first.ty == DataType::Bytes { format!("unhex({sql})") } else { sql };
        Ok(Value::new(first.ty.clone(), sql))
    }

    fn array_agg(&self, call: &Call, first: &Value, mut parts: Parts, at: At) -> Analyzed<Value> {
        if matches!(first.ty, DataType::Array(_)) {
            return Err(refuse(at, "The argument to ARRAY_AGG must not be an array type but was ARRAY"));
        }
        if call.ignore_nulls == Some(true) {
            parts.filter = format!(" FILTER ({} IS NOT NULL)", first.sql);
        }
        let list = parts.call("list", &first.sql);
        Ok(Value::new(DataType::Array(Box::new(first.ty.clone())), self.limited(call, &list)?))
    }

    /// The first elements of a list, as LIMIT says.
    pub(super) fn limited(&self, call: &Call, list: &str) -> Analyzed<String> {
        match &call.limit {
            None => Ok(list.to_owned()),
            Some(limit) => {
                let limit = self.constant_as(limit, &DataType::Int64)?;
                // LIMIT 0 makes NULL.
                Ok(format!("bq_not_empty(list_slice({list}, 1, {}))", limit.sql))
            }
        }
    }
}

/// A weight of APPROX_TOP_SUM, which must not be negative.
fn checked_weight(weight: Value) -> Value {
    match weight.ty {
        DataType::Int64 | DataType::Float64 | DataType::Numeric => {
            let sql = format!("bq_weight({})", weight.sql);
            Value::new(weight.ty, sql)
        }
        _ => weight,
    }
}
