//! DATE_BUCKET, DATETIME_BUCKET and TIMESTAMP_BUCKET.

use super::dates::{family, from_micros, micros};
use super::names::Names;
use super::value::Value;
use super::{Analyzed, Analyzer, literals, refuse};
use crate::warehouse::sql::datatype::DataType;
use crate::warehouse::sql::syntax::ast::{At, Call};

impl Analyzer<'_> {
    /// The start of the bucket that a date or time lies in.
    pub(super) fn date_bucket(&self, call: &Call, names: &Names<'_>, at: At) -> Analyzed<Value> {
        let (value, width, origin, ty) = match (call.arguments.as_slice(), family(&call.name)) {
            ([value, width], Some((ty, _))) => (value, width, None, ty),
            ([value, width, origin], Some((ty, _))) => (value, width, Some(origin), ty),
            _ => return Err(refuse(at, &format!("{} needs a value and an interval", call.name))),
        };
        let value = self.expr_as(value, &ty, names)?;
        let width = self.expr_as(width, &DataType::Interval, names)?.sql;
        let origin = match origin {
            Some(origin) => self.expr_as(origin, &ty, names)?,
            None => literals::typed(&ty, "1950-01-01").map_err(|message| refuse(at, &message))?,
        };
        let check = match ty {
            DataType::Date => "bq_check_date",
            DataType::DateTime => "bq_check_datetime",
            _ => "bq_check_timestamp",
        };
        let text = |sql: String| format!("CAST({sql} AS VARCHAR)");
        let start = format!(
            "CAST(bqf('bucket', '{}', {}, {}, {}, {}, {}) AS BIGINT)",
            call.name,
            text(micros(&value)),
            text(format!("bq_interval_months({width})")),
            text(format!("bq_interval_days({width})")),
            text(format!("bq_interval_micros({width})")),
            text(micros(&origin)),
        );
        Ok(Value::new(ty.clone(), format!("{check}({})", from_micros(&ty, &start))))
    }
}
