//! Windows, and the functions that exist only over windows.

use super::calls::no_signature;
use super::coerce::coerce;
use super::names::Names;
use super::value::Value;
use super::{Analyzed, Analyzer, aggregate, missing, refuse};
use crate::warehouse::sql::datatype::DataType;
use crate::warehouse::sql::syntax::ast::{At, Call, Expr, Node, Window};

/// Functions that need OVER.
pub(super) const NAMES: &[&str] = &[
    "CUME_DIST",
    "DENSE_RANK",
    "FIRST_VALUE",
    "LAG",
    "LAST_VALUE",
    "LEAD",
    "NTH_VALUE",
    "NTILE",
    "PERCENTILE_CONT",
    "PERCENTILE_DISC",
    "PERCENT_RANK",
    "RANK",
    "ROW_NUMBER",
];

/// Whether a function needs OVER.
pub(super) fn is_window_only(name: &str) -> bool {
    NAMES.contains(&name)
}

/// Whether an expression has a window that belongs to its own query.
pub(super) fn contains(expr: &Expr) -> bool {
    if let Node::Call(call) = &expr.node
        && call.over.is_some()
    {
        return true;
    }
    expr.children().into_iter().any(contains)
}

impl Analyzer<'_> {
    /// A call with OVER.
    pub(super) fn window_call(&self, call: &Call, names: &Names<'_>, at: At) -> Analyzed<Value> {
        let Some(window) = &call.over else {
            return Err(refuse(
                at,
                &format!("Analytic function {} cannot be called without an OVER clause", call.name),
            ));
        };
        let window = self.resolved(window, names, at)?;
        if aggregate::is_aggregate(&call.name) {
            if call.distinct && (!window.order.is_empty() || window.frame.is_some()) {
                return Err(refuse(at, "Window ORDER BY is not allowed if DISTINCT is specified"));
            }
            let over = self.over(&window, names, at)?;
            return self.aggregate(call, names, at, Some(over));
        }
        if !is_window_only(&call.name) {
            return Err(super::calls::not_found(&call.name, at));
        }
        let name = call.name.as_str();
        let values = self.arguments(&call.arguments, names)?;
        let place = usize::from(name != "NTILE");
        let is_counted =
            matches!(name, "NTILE" | "LEAD" | "LAG" | "NTH_VALUE" | "PERCENTILE_CONT" | "PERCENTILE_DISC");
        if is_counted && values.get(place).is_some_and(Value::is_null) {
            return Err(refuse(at, &format!("Argument {} to {name} must be non-NULL", place + 1)));
        }
        let values: Vec<Value> =
            values.into_iter().map(|value| if value.is_null() { value.settled() } else { value }).collect();
        let ranks = matches!(
            name,
            "RANK" | "DENSE_RANK" | "PERCENT_RANK" | "CUME_DIST" | "NTILE" | "LEAD" | "LAG" | "ROW_NUMBER"
        );
        if window.frame.is_some() && (ranks || name.starts_with("PERCENTILE")) {
            return Err(refuse(
                at,
                &format!("Window framing clause is not allowed for analytic function {name}"),
            ));
        }
        if window.order.is_empty() && ranks && name != "ROW_NUMBER" {
            return Err(refuse(at, &format!("Window ORDER BY is required for analytic function {name}")));
        }
        let over = self.over(&window, names, at)?;
        let nulls = match call.ignore_nulls {
            Some(true) => " IGNORE NULLS",
            _ => "",
        };
        let refused = || no_signature(name, &values, at);
        let positions = |index: usize| -> Analyzed<Option<String>> {
            match values.get(index) {
                None => Ok(None),
                Some(value) => Ok(Some(self.coerced(value, &DataType::Int64, at)?.sql)),
            }
        };
        match (name, values.as_slice()) {
            ("ROW_NUMBER" | "RANK" | "DENSE_RANK", []) => {
                Ok(Value::new(DataType::Int64, format!("{}() OVER {over}", name.to_lowercase())))
            }
            ("PERCENT_RANK" | "CUME_DIST", []) => {
                Ok(Value::new(DataType::Float64, format!("{}() OVER {over}", name.to_lowercase())))
            }
            ("NTILE", [_]) => {
                let number = positions(0)?.unwrap_or_default();
                Ok(Value::new(DataType::Int64, format!("ntile(bq_buckets_of({number})) OVER {over}")))
            }
            ("LEAD" | "LAG", [value, ..]) if values.len() <= 3 => {
                let offset = positions(1)?.unwrap_or_else(|| "1".to_owned());
                let (ty, sql) = match values.get(2) {
                    None => (
                        value.ty.clone(),
                        format!("{}({}, bq_offset_of({offset})) OVER {over}", name.to_lowercase(), value.sql),
                    ),
                    Some(default) => {
                        if let Some(expr) = call.arguments.get(2) {
                            self.constant(expr).map_err(|_| {
                                let message = format!("Argument 3 to {name} must be a constant expression");
                                refuse(expr.at, &message)
                            })?;
                        }
                        let (ty, both) = self.unified(vec![value.clone(), default.clone()], name, at)?;
                        let arguments: Vec<&str> = both.iter().map(|value| value.sql.as_str()).collect();
                        let [value, default] = arguments.as_slice() else { return Err(refused()) };
                        (
                            ty,
                            format!(
                                "{}({value}, bq_offset_of({offset}), {default}) OVER {over}",
                                name.to_lowercase()
                            ),
                        )
                    }
                };
                Ok(Value::new(ty, sql))
            }
            // DuckDB ignores the frame of `first_value` over a window without keys.
            ("FIRST_VALUE", [value]) if window.order.is_empty() => Ok(Value::new(
                value.ty.clone(),
                format!("nth_value({}, 1{nulls}) OVER {over}", value.clone().settled().sql),
            )),
            ("FIRST_VALUE" | "LAST_VALUE", [value]) => Ok(Value::new(
                value.ty.clone(),
                format!("{}({}{nulls}) OVER {over}", name.to_lowercase(), value.clone().settled().sql),
            )),
            ("NTH_VALUE", [value, _]) => {
                let number = positions(1)?.unwrap_or_default();
                Ok(Value::new(
                    value.ty.clone(),
                    format!(
                        "nth_value({}, bq_place_of({number}){nulls}) OVER {over}",
                        value.clone().settled().sql
                    ),
                ))
            }
            ("PERCENTILE_CONT" | "PERCENTILE_DISC", [value, fraction]) => {
                if !window.order.is_empty() {
                    return Err(refuse(
                        at,
                        &format!("Window ORDER BY is not allowed for analytic function {name}"),
                    ));
                }
                self.percentile(name, value, fraction, call.ignore_nulls == Some(false), &over, at)
            }
            _ => Err(refused()),
        }
    }

    fn percentile(
        &self,
        name: &str,
        value: &Value,
        fraction: &Value,
        respects_nulls: bool,
        over: &str,
        at: At,
    ) -> Analyzed<Value> {
        let is_cont = name == "PERCENTILE_CONT";
        if super::collation::has(&value.ty) {
            return Err(super::collation::unsupported(name, at));
        }
        if !is_cont && fraction.ty == DataType::BigNumeric {
            return Err(missing(at, "PERCENTILE_DISC with a percentile of the type BIGNUMERIC"));
        }
        // A decimal percentile has a decimal fraction. With another fraction, the values become FLOAT64.
        let decimal = matches!(value.ty, DataType::Numeric | DataType::BigNumeric)
            .then(|| coerce(fraction, &value.ty))
            .flatten();
        let (value, fraction) = match decimal {
            Some(fraction) => (value.clone().settled(), fraction),
            None if is_cont => (
                self.coerced(value, &DataType::Float64, at)?,
                self.coerced(fraction, &DataType::Float64, at)?,
            ),
            None if fraction.ty == DataType::Numeric => (value.clone().settled(), fraction.clone()),
            None => (value.clone().settled(), self.coerced(fraction, &DataType::Float64, at)?),
        };
        let order = if value.ty == DataType::Float64 {
            format!("isnan({0}) DESC NULLS FIRST, {0} NULLS FIRST", value.sql)
        } else {
            format!("{} NULLS FIRST", value.sql)
        };
        let filter =
            if respects_nulls { String::new() } else { format!(" FILTER ({} IS NOT NULL)", value.sql) };
        let list = format!("list({} ORDER BY {order}){filter} OVER {over}", value.sql);
        let function = match (is_cont, &value.ty) {
            (true, DataType::Numeric) => "bq_percentile_numeric",
            (true, DataType::BigNumeric) => "bq_percentile_bignumeric",
            (true, _) => "bq_percentile_cont",
            (false, _) if fraction.ty == DataType::Numeric => "bq_percentile_disc_numeric",
            (false, _) => "bq_percentile_disc",
        };
        let fraction = match &fraction.ty {
            DataType::BigNumeric if !is_cont => format!("bq_bignumeric_to_float({})", fraction.sql),
            _ => fraction.sql,
        };
        Ok(Value::new(value.ty, format!("{function}({list}, {fraction})")))
    }

    /// A window with the parts of the window that it extends.
    fn resolved(&self, window: &Window, names: &Names<'_>, at: At) -> Analyzed<Window> {
        let Some(base) = &window.base else { return Ok(window.clone()) };
        let mut level = Some(names);
        while let Some(own) = level {
            if let Some((_, found)) = own.windows.iter().find(|(name, _)| name.eq_ignore_ascii_case(base)) {
                let found = self.resolved(found, names, at)?;
                return Ok(Window {
                    base: None,
                    partition: found.partition,
                    order: if window.order.is_empty() { found.order } else { window.order.clone() },
                    frame: window.frame.clone().or(found.frame),
                });
            }
            level = own.parent;
        }
        Err(refuse(at, &format!("Unrecognized window alias {base}")))
    }

    fn over(&self, window: &Window, names: &Names<'_>, at: At) -> Analyzed<String> {
        let mut parts = Vec::new();
        if !window.partition.is_empty() {
            let mut keys = Vec::new();
            for key in &window.partition {
                let value = self.expr(key, names)?;
                if matches!(
                    value.ty,
                    DataType::Float64
                        | DataType::Json
                        | DataType::Geography
                        | DataType::Array(_)
                        | DataType::Struct(_)
                ) {
                    return Err(refuse(
                        key.at,
                        &format!(
                            "Partitioning by expressions of type {} is not allowed",
                            value.ty.bigquery()
                        ),
                    ));
                }
                keys.push(if value.ty == DataType::Collated {
                    super::collation::key(&value)
                } else {
                    value.sql
                });
            }
            parts.push(format!("PARTITION BY {}", keys.join(", ")));
        }
        let ranged = window.frame.as_ref().is_some_and(|frame| frame.is_range && frame.has_offset());
        let mut key = None;
        if ranged {
            let (ty, order) = self.range_order(window, names, at)?;
            key = Some(ty);
            parts.push(order);
        } else if !window.order.is_empty() {
            parts.push(self.order_by(&window.order, names)?);
        }
        if let Some(frame) = &window.frame {
            parts.push(self.frame(frame, key.as_ref(), names)?);
        }
        Ok(format!("({})", parts.join(" ")))
    }
}
