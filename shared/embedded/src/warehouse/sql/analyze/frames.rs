//! Frames of windows: ROWS, and RANGE over numbers.
//!
//! The order of a RANGE with offsets has one key, so that DuckDB can add the offsets to the key.

use super::names::Names;
use super::value::Form;
use super::{Analyzed, Analyzer, missing, refuse};
use crate::warehouse::sql::datatype::DataType;
use crate::warehouse::sql::syntax::ast::{At, Bound, Expr, Frame, Window};

impl Analyzer<'_> {
    /// The type of the key, and the order, of a RANGE with offsets. Integers and decimals are wide, so that the
    /// bounds of the frame do not overflow.
    pub(super) fn range_order(
        &self,
        window: &Window,
        names: &Names<'_>,
        at: At,
    ) -> Analyzed<(DataType, String)> {
        let [item] = window.order.as_slice() else {
            return Err(refuse(
                at,
                "Window framing clause RANGE with offsets needs exactly one ORDER BY key",
            ));
        };
        let is_unbounded = window.frame.as_ref().is_some_and(Frame::is_unbounded);
        let value = self.expr(&item.value, names)?.settled();
        let x = &value.sql;
        let sql = match &value.ty {
            DataType::Int64 => format!("CAST({x} AS HUGEINT)"),
            DataType::Numeric => units(x),
            // NaN is the least number in BigQuery and the greatest in DuckDB. A frame between two numbers has all NaN or
            // none of them, so the order of NaN makes no difference there.
            DataType::Float64 if is_unbounded => {
                let message =
                    "RANGE with an offset and UNBOUNDED over NaN is not supported by the embedded warehouse";
                format!("CASE WHEN isnan({x}) THEN bq_error_of({x}, '{message}') ELSE {x} END")
            }
            DataType::Float64 => x.clone(),
            DataType::BigNumeric => return Err(missing(at, "RANGE with offsets over BIGNUMERIC")),
            ty => {
                let message = format!(
                    "ORDER BY key must be numeric in a RANGE-based window with OFFSET PRECEDING or OFFSET FOLLOWING boundaries, but has type {}",
                    ty.bigquery()
                );
                return Err(refuse(item.value.at, &message));
            }
        };
        let first = item.nulls_first.unwrap_or(!item.descending);
        let direction = if item.descending { "DESC" } else { "ASC" };
        let nulls = if first { "NULLS FIRST" } else { "NULLS LAST" };
        Ok((value.ty, format!("ORDER BY {sql} {direction} {nulls}")))
    }

    /// A frame. `key`: the type of the key of a RANGE with offsets.
    pub(super) fn frame(&self, frame: &Frame, key: Option<&DataType>, names: &Names<'_>) -> Analyzed<String> {
        let (start, end) =
            (self.frame_bound(&frame.start, key, names)?, self.frame_bound(&frame.end, key, names)?);
        let unit = if frame.is_range { "RANGE" } else { "ROWS" };
        Ok(format!("{unit} BETWEEN {start} AND {end}"))
    }

    fn frame_bound(&self, bound: &Bound, key: Option<&DataType>, names: &Names<'_>) -> Analyzed<String> {
        Ok(match bound {
            Bound::UnboundedPreceding => "UNBOUNDED PRECEDING".to_owned(),
            Bound::UnboundedFollowing => "UNBOUNDED FOLLOWING".to_owned(),
            Bound::Current => "CURRENT ROW".to_owned(),
            Bound::Preceding(value) => format!("{} PRECEDING", self.offset(value, key, names)?),
            Bound::Following(value) => format!("{} FOLLOWING", self.offset(value, key, names)?),
        })
    }

    fn offset(&self, expr: &Expr, key: Option<&DataType>, names: &Names<'_>) -> Analyzed<String> {
        let value = self.expr(expr, names)?;
        if value.is_null() {
            return Err(refuse(expr.at, "Window frame offset must not be NULL"));
        }
        if let Form::Number(number) = &value.form
            && number.starts_with('-')
        {
            return Err(refuse(expr.at, "Window frame offset must be non-negative"));
        }
        let Some(ty) = key else { return Ok(self.coerced(&value, &DataType::Int64, expr.at)?.sql) };
        let own = self.coerced(&value, ty, expr.at)?;
        // An offset that is infinite or NaN would need a frame of its own.
        if *ty == DataType::Float64 && !matches!(value.form, Form::Number(_)) {
            return Err(missing(expr.at, "RANGE over FLOAT64 with an offset that is no literal"));
        }
        Ok(if *ty == DataType::Numeric { units(&own.sql) } else { own.sql })
    }
}

/// A NUMERIC as the whole number of its smallest unit, in a type that has more numbers than NUMERIC.
fn units(x: &str) -> String {
    format!("CAST(replace(CAST(CAST({x} AS DECIMAL(38,9)) AS VARCHAR), '.', '') AS HUGEINT)")
}

impl Frame {
    /// Whether a bound has an offset.
    pub(super) fn has_offset(&self) -> bool {
        [&self.start, &self.end]
            .iter()
            .any(|bound| matches!(bound, Bound::Preceding(_) | Bound::Following(_)))
    }

    /// Whether a bound is the first or last row.
    fn is_unbounded(&self) -> bool {
        [&self.start, &self.end]
            .iter()
            .any(|bound| matches!(bound, Bound::UnboundedPreceding | Bound::UnboundedFollowing))
    }
}
