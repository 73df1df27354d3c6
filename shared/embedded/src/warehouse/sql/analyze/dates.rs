//! INTERVAL, EXTRACT, and the functions of dates that take a part such as MONTH.

use super::names::Names;
use super::value::{Form, Value};
use super::{Analyzed, Analyzer, literals, refuse};
use crate::warehouse::functions::times;
use crate::warehouse::sql::datatype::DataType;
use crate::warehouse::sql::syntax::ast::{At, Call, Expr, Node};

/// The parts of dates and times, the smallest first.
const DAY_PARTS: [&str; 14] = [
    "DAY",
    "WEEK",
    "WEEK(SUNDAY)",
    "WEEK(MONDAY)",
    "WEEK(TUESDAY)",
    "WEEK(WEDNESDAY)",
    "WEEK(THURSDAY)",
    "WEEK(FRIDAY)",
    "WEEK(SATURDAY)",
    "ISOWEEK",
    "MONTH",
    "QUARTER",
    "YEAR",
    "ISOYEAR",
];
const TIME_PARTS: [&str; 5] = ["MICROSECOND", "MILLISECOND", "SECOND", "MINUTE", "HOUR"];

impl Analyzer<'_> {
    /// `INTERVAL 3 DAY` and `INTERVAL '1-2' YEAR TO MONTH`.
    pub(super) fn interval(
        &self,
        value: &Expr,
        from: &str,
        to: Option<&str>,
        names: &Names<'_>,
        at: At,
    ) -> Analyzed<Value> {
        let own = self.expr(value, names)?;
        if let (Some(to), Form::Text(text)) = (to, &own.form) {
            let (months, days, micros) = times::interval_parts(text, from, to)
                .ok_or_else(|| refuse(at, &format!("Invalid INTERVAL value '{text}'")))?;
            return Ok(interval(&months.to_string(), &days.to_string(), &micros.to_string()));
        }
        if to.is_some() {
            return Err(refuse(at, "INTERVAL with two date parts needs a text literal"));
        }
        if let Form::Text(text) = &own.form {
            let number = if from == "SECOND" { text.as_str() } else { text.trim() };
            let (months, days, micros) = times::interval_of(number, from)
                .ok_or_else(|| refuse(at, &format!("Invalid INTERVAL value '{text}'")))?;
            return Ok(interval(&months.to_string(), &days.to_string(), &micros.to_string()));
        }
        let own = self.coerced(&own, &DataType::Int64, value.at)?;
        let sql = &own.sql;
        let times = |factor: u64| format!("{sql} * {factor}");
        Ok(match from {
            "MICROSECOND" => interval("0", "0", sql),
            "MILLISECOND" => interval("0", "0", &times(1_000)),
            "SECOND" => interval("0", "0", &times(1_000_000)),
            "MINUTE" => interval("0", "0", &times(60_000_000)),
            "HOUR" => interval("0", "0", &times(3_600_000_000)),
            "DAY" => interval("0", sql, "0"),
            "WEEK" => interval("0", &times(7), "0"),
            "MONTH" => interval(sql, "0", "0"),
            "QUARTER" => interval(&times(3), "0", "0"),
            "YEAR" => interval(&times(12), "0", "0"),
            part => return Err(refuse(at, &format!("Unsupported date part {part} in INTERVAL"))),
        })
    }

    /// `EXTRACT(part FROM value)`.
    pub(super) fn extract(
        &self,
        part: &str,
        value: &Expr,
        zone: Option<&Expr>,
        names: &Names<'_>,
        at: At,
    ) -> Analyzed<Value> {
        let own = self.expr(value, names)?.settled();
        let refused = || {
            refuse(at, &format!("EXTRACT from {} does not support the {part} date part", own.ty.bigquery()))
        };
        if zone.is_some() && own.ty != DataType::Timestamp {
            return Err(refuse(at, "EXTRACT with AT TIME ZONE needs a TIMESTAMP"));
        }
        let zone = match zone {
            Some(zone) => self.expr_as(zone, &DataType::String, names)?.sql,
            None => "'UTC'".to_owned(),
        };
        if own.ty == DataType::Interval {
            let function = match part {
                "YEAR" | "MONTH" | "DAY" | "HOUR" | "MINUTE" | "SECOND" | "MILLISECOND" | "MICROSECOND" => {
                    format!("bq_interval_part('{}', {})", part.to_lowercase(), own.sql)
                }
                _ => return Err(refused()),
            };
            return Ok(Value::new(DataType::Int64, function));
        }
        let (local, has_date, has_time) = match &own.ty {
            DataType::Date => (own.sql.clone(), true, false),
            DataType::DateTime => (own.sql.clone(), true, true),
            DataType::Timestamp => (format!("bq_local({zone}, {})", own.sql), true, true),
            DataType::Time => (own.sql.clone(), false, true),
            _ => return Err(refused()),
        };
        match part {
            "DATE" if has_date && has_time => {
                return Ok(Value::new(DataType::Date, format!("CAST({local} AS DATE)")));
            }
            "TIME" if has_time => return Ok(Value::new(DataType::Time, format!("CAST({local} AS TIME)"))),
            "DATETIME" if own.ty == DataType::Timestamp => return Ok(Value::new(DataType::DateTime, local)),
            _ => {}
        }
        let is_date_part = DAY_PARTS.contains(&part) || matches!(part, "DAYOFWEEK" | "DAYOFYEAR");
        if !((is_date_part && has_date) || (TIME_PARTS.contains(&part) && has_time)) {
            return Err(refused());
        }
        let number = match part {
            "DAYOFWEEK" => format!("date_part('dayofweek', {local}) + 1"),
            "ISOWEEK" => format!("date_part('week', {local})"),
            "MILLISECOND" => format!("date_part('millisecond', {local}) % 1000"),
            "MICROSECOND" => format!("date_part('microsecond', {local}) % 1000000"),
            part if part.starts_with("WEEK") => format!("bq_week_of_year({local}, '{part}')"),
            part => format!("date_part('{}', {local})", part.to_lowercase()),
        };
        Ok(Value::new(DataType::Int64, format!("CAST({number} AS BIGINT)")))
    }

    /// The date part that an argument names.
    pub(super) fn part_argument(&self, argument: &Expr) -> Option<String> {
        match &argument.node {
            Node::Part(part) => Some(part.clone()),
            Node::Name(name) => Some(name.to_uppercase()),
            _ => None,
        }
    }

    /// `DATE_ADD`, `TIMESTAMP_SUB` and the like.
    pub(super) fn date_add(&self, call: &Call, names: &Names<'_>, at: At) -> Analyzed<Value> {
        let ([value, amount], Some((nominal, verb))) = (call.arguments.as_slice(), family(&call.name)) else {
            return Err(refuse(at, &format!("{} needs a value and an interval", call.name)));
        };
        let Node::Interval { value: number, from: part, to: None } = &amount.node else {
            return Err(refuse(at, &format!("{} needs INTERVAL as the second argument", call.name)));
        };
        let own = self.date_argument(value, &nominal, &call.name, names)?;
        let number = self.expr_as(number, &DataType::Int64, names)?.sql;
        let part = part.as_str();
        let sign = if verb == "ADD" { "+" } else { "-" };
        let is_time_part = TIME_PARTS.contains(&part);
        let fits = match &own.ty {
            DataType::Date => matches!(part, "DAY" | "WEEK" | "MONTH" | "QUARTER" | "YEAR"),
            DataType::DateTime => {
                is_time_part || matches!(part, "DAY" | "WEEK" | "MONTH" | "QUARTER" | "YEAR")
            }
            DataType::Timestamp => is_time_part || part == "DAY",
            _ => is_time_part,
        };
        if !fits {
            return Err(refuse(
                at,
                &format!(
                    "{} does not support the {part} date part when the argument is {} type",
                    call.name,
                    own.ty.bigquery()
                ),
            ));
        }
        let x = &own.sql;
        let sql = if own.ty == DataType::Time {
            format!("bq_time_add({x}, {sign}({number}), '{part}')")
        } else {
            let check = match &own.ty {
                DataType::Date => "date",
                DataType::DateTime => "datetime",
                _ => "timestamp",
            };
            match (&own.ty, part) {
                (DataType::Date, "DAY") => format!("bq_check_date({x} {sign} CAST({number} AS INTEGER))"),
                (DataType::Date, "WEEK") => {
                    format!("bq_check_date({x} {sign} CAST({number} * 7 AS INTEGER))")
                }
                (DataType::Timestamp, "DAY") => {
                    format!("bq_check_timestamp({x} {sign} to_hours({number} * 24))")
                }
                _ => {
                    let cast = if own.ty == DataType::Date { "DATE" } else { &own.ty.duckdb() };
                    format!("bq_check_{check}(CAST({x} {sign} bq_interval({number}, '{part}') AS {cast}))")
                }
            }
        };
        Ok(Value::new(own.ty, sql))
    }

    /// `DATE_DIFF` and the like.
    pub(super) fn date_diff(&self, call: &Call, names: &Names<'_>, at: At) -> Analyzed<Value> {
        let ([left, right, part], Some((nominal, _))) = (call.arguments.as_slice(), family(&call.name))
        else {
            return Err(refuse(at, &format!("{} needs two values and a date part", call.name)));
        };
        let part = self.part_argument(part).ok_or_else(|| refuse(at, "A date part is needed"))?;
        let left_value = self.date_argument(left, &nominal, &call.name, names)?;
        let mut right_value = self.date_argument(right, &nominal, &call.name, names)?;
        let mut left_value = left_value;
        if left_value.ty != right_value.ty {
            let (ty, mut both) = self.unified(vec![left_value, right_value], &call.name, at)?;
            let last = both.pop().unwrap_or_else(Value::null);
            left_value = both.pop().unwrap_or_else(Value::null);
            right_value = last;
            left_value.ty = ty;
        }
        let (a, b) = (&left_value.sql, &right_value.sql);
        let is_day = DAY_PARTS.contains(&part.as_str());
        let is_time = TIME_PARTS.contains(&part.as_str());
        let sql = match &left_value.ty {
            DataType::Date if is_day => format!("bq_date_diff({a}, {b}, '{part}')"),
            DataType::DateTime if is_day || is_time => format!("bq_date_diff({a}, {b}, '{part}')"),
            DataType::Timestamp if is_time || part == "DAY" => {
                format!("bq_timestamp_diff({a}, {b}, '{part}')")
            }
            DataType::Time if is_time => {
                format!("bq_date_diff(DATE '2000-01-01' + {a}, DATE '2000-01-01' + {b}, '{part}')")
            }
            ty => {
                return Err(refuse(
                    at,
                    &format!(
                        "{} does not support the {part} date part when the argument is {} type",
                        call.name,
                        ty.bigquery()
                    ),
                ));
            }
        };
        Ok(Value::new(DataType::Int64, sql))
    }

    /// `DATE_TRUNC` and the like.
    pub(super) fn date_trunc(&self, call: &Call, names: &Names<'_>, at: At) -> Analyzed<Value> {
        let Some((nominal, _)) = family(&call.name) else { return Err(refuse(at, "A date is needed")) };
        let (value, part, zone) = match call.arguments.as_slice() {
            [value, part] => (value, part, None),
            [value, part, zone] => (value, part, Some(self.expr_as(zone, &DataType::String, names)?.sql)),
            _ => return Err(refuse(at, &format!("{} needs a value and a date part", call.name))),
        };
        let part = self.part_argument(part).ok_or_else(|| refuse(at, "A date part is needed"))?;
        let own = self.date_argument(value, &nominal, &call.name, names)?;
        let is_day = DAY_PARTS.contains(&part.as_str());
        let is_time = TIME_PARTS.contains(&part.as_str());
        let x = &own.sql;
        let sql = match &own.ty {
            DataType::Date if is_day => {
                format!("bq_check_date(CAST(bq_trunc(CAST({x} AS TIMESTAMP), '{part}') AS DATE))")
            }
            DataType::DateTime if is_day || is_time => format!("bq_check_datetime(bq_trunc({x}, '{part}'))"),
            DataType::Timestamp if is_day || is_time => {
                let zone = zone.unwrap_or_else(|| "'UTC'".to_owned());
                if is_time {
                    // The same step back in UTC: a local time may occur twice.
                    format!(
                        "bq_check_timestamp({x} - (bq_local({zone}, {x}) - bq_trunc(bq_local({zone}, {x}), '{part}')))"
                    )
                } else {
                    format!("bq_check_timestamp(bq_utc({zone}, bq_trunc(bq_local({zone}, {x}), '{part}')))")
                }
            }
            DataType::Time if is_time => {
                format!("CAST(bq_trunc(DATE '2000-01-01' + {x}, '{part}') AS TIME)")
            }
            ty => {
                return Err(refuse(
                    at,
                    &format!(
                        "{} does not support the {part} date part when the argument is {} type",
                        call.name,
                        ty.bigquery()
                    ),
                ));
            }
        };
        Ok(Value::new(own.ty, sql))
    }

    /// `LAST_DAY`.
    pub(super) fn last_day(&self, call: &Call, names: &Names<'_>, at: At) -> Analyzed<Value> {
        let (value, part) = match call.arguments.as_slice() {
            [value] => (value, "MONTH".to_owned()),
            [value, part] => {
                (value, self.part_argument(part).ok_or_else(|| refuse(at, "A date part is needed"))?)
            }
            _ => return Err(refuse(at, "LAST_DAY needs a date and a date part")),
        };
        let own = self.date_argument(value, &DataType::Date, &call.name, names)?;
        if !matches!(own.ty, DataType::Date | DataType::DateTime)
            || part == "DAY"
            || !DAY_PARTS.contains(&part.as_str())
        {
            return Err(refuse(
                at,
                &format!("LAST_DAY does not support the {part} date part of {}", own.ty.bigquery()),
            ));
        }
        Ok(Value::new(DataType::Date, format!("bq_last_day(CAST({} AS TIMESTAMP), '{part}')", own.sql)))
    }

    /// The argument of a function of dates. A text literal has the type that the name of the function says.
    fn date_argument(
        &self,
        argument: &Expr,
        nominal: &DataType,
        function: &str,
        names: &Names<'_>,
    ) -> Analyzed<Value> {
        let own = self.expr(argument, names)?;
        if let Form::Text(text) = &own.form {
            return literals::typed(nominal, text).map_err(|message| refuse(argument.at, &message));
        }
        if own.is_null() {
            return self.coerced(&own, nominal, argument.at);
        }
        let fits = match nominal {
            DataType::Time => own.ty == DataType::Time,
            _ => matches!(own.ty, DataType::Date | DataType::DateTime | DataType::Timestamp),
        };
        if fits {
            return Ok(own);
        }
        Err(refuse(
            argument.at,
            &format!(
                "No matching signature for function {function} for argument types: {}",
                own.ty.bigquery()
            ),
        ))
    }

    /// `FORMAT_DATE` and the like.
    pub(super) fn format_date(&self, call: &Call, names: &Names<'_>, at: At) -> Analyzed<Value> {
        let nominal = nominal(call.name.trim_start_matches("FORMAT_"));
        let (format, value, zone) = match call.arguments.as_slice() {
            [format, value] => (format, value, None),
            [format, value, zone] if nominal == DataType::Timestamp => (format, value, Some(zone)),
            _ => return Err(refuse(at, &format!("{} needs a format and a value", call.name))),
        };
        let format = self.expr_as(format, &DataType::String, names)?;
        let own = self.date_argument(value, &nominal, &call.name, names)?;
        let zone = match zone {
            Some(zone) => self.expr_as(zone, &DataType::String, names)?.sql,
            None => "'UTC'".to_owned(),
        };
        let kind = kind(&own.ty);
        let sql = format!("bqf('format_{kind}', {}, CAST({} AS VARCHAR), {zone})", format.sql, micros(&own));
        Ok(Value::new(DataType::String, sql))
    }

    /// `PARSE_DATE` and the like.
    pub(super) fn parse_date(&self, call: &Call, names: &Names<'_>, at: At) -> Analyzed<Value> {
        let ty = nominal(call.name.trim_start_matches("PARSE_"));
        let (format, text, zone) = match call.arguments.as_slice() {
            [format, text] => (format, text, None),
            [format, text, zone] if ty == DataType::Timestamp => (format, text, Some(zone)),
            _ => return Err(refuse(at, &format!("{} needs a format and a text", call.name))),
        };
        let format = self.expr_as(format, &DataType::String, names)?;
        let text = self.expr_as(text, &DataType::String, names)?;
        let zone = match zone {
            Some(zone) => self.expr_as(zone, &DataType::String, names)?.sql,
            None => "'UTC'".to_owned(),
        };
        let parsed =
            format!("CAST(bqf('parse_{}', {}, {}, {zone}) AS BIGINT)", kind(&ty), format.sql, text.sql);
        let sql = from_micros(&ty, &parsed);
        Ok(Value::new(ty, sql))
    }

    /// `GENERATE_DATE_ARRAY` and `GENERATE_TIMESTAMP_ARRAY`.
    pub(super) fn generate_dates(&self, call: &Call, names: &Names<'_>, at: At) -> Analyzed<Value> {
        let nominal = nominal(call.name.trim_start_matches("GENERATE_").trim_end_matches("_ARRAY"));
        let (low, high, step) = match call.arguments.as_slice() {
            [low, high] if nominal == DataType::Date => (low, high, None),
            [low, high, step] => (low, high, Some(step)),
            _ => return Err(refuse(at, &format!("{} needs two values and an interval", call.name))),
        };
        let low = self.expr_as(low, &nominal, names)?;
        let high = self.expr_as(high, &nominal, names)?;
        let (number, part) = match step.map(|step| &step.node) {
            None => ("CAST(1 AS BIGINT)".to_owned(), "DAY"),
            Some(Node::Interval { value, from, to: None }) => {
                (self.expr_as(value, &DataType::Int64, names)?.sql, from.as_str())
            }
            Some(_) => {
                return Err(refuse(at, &format!("{} needs INTERVAL as the third argument", call.name)));
            }
        };
        let fits = match nominal {
            DataType::Date => matches!(part, "DAY" | "WEEK" | "MONTH" | "QUARTER" | "YEAR"),
            _ => TIME_PARTS.contains(&part) || part == "DAY",
        };
        if !fits {
            return Err(refuse(at, &format!("{} does not support the {part} date part", call.name)));
        }
        let function = if nominal == DataType::Date { "bq_date_array" } else { "bq_timestamp_array" };
        let sql = format!("{function}({}, {}, {number}, '{part}')", low.sql, high.sql);
        Ok(Value::new(DataType::Array(Box::new(nominal)), sql))
    }
}

/// The type and the verb in the name of a function such as `DATE_ADD`.
pub(super) fn family(name: &str) -> Option<(DataType, &str)> {
    let (ty, verb) = name.rsplit_once('_')?;
    Some((nominal(ty), verb))
}

fn nominal(name: &str) -> DataType {
    match name {
        "TIMESTAMP" => DataType::Timestamp,
        "DATETIME" => DataType::DateTime,
        "TIME" => DataType::Time,
        _ => DataType::Date,
    }
}

fn kind(ty: &DataType) -> &'static str {
    match ty {
        DataType::Timestamp => "timestamp",
        DataType::DateTime => "datetime",
        DataType::Time => "time",
        _ => "date",
    }
}

/// The parts of an interval that a range with such bounds is divided by.
pub(super) fn steps(ty: &DataType) -> &'static [&'static str] {
    match ty {
        DataType::Date => &["DAY", "WEEK", "MONTH", "QUARTER", "YEAR"],
        DataType::DateTime => &["SECOND", "MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR"],
        _ => &["SECOND", "MINUTE", "HOUR", "DAY"],
    }
}

/// The microseconds of a date or time since 1970, as BIGINT.
pub(super) fn micros(value: &Value) -> String {
    let x = &value.sql;
    match &value.ty {
        DataType::Date => format!("epoch_us(CAST({x} AS TIMESTAMP))"),
        DataType::Time => format!("epoch_us(DATE '1970-01-01' + {x})"),
        _ => format!("epoch_us({x})"),
    }
}

/// A date or time from its microseconds since 1970.
pub(super) fn from_micros(ty: &DataType, micros: &str) -> String {
    match ty {
        DataType::Timestamp => format!("make_timestamptz({micros})"),
        DataType::DateTime => format!("make_timestamp({micros})"),
        DataType::Time => format!("CAST(make_timestamp({micros}) AS TIME)"),
        _ => format!("CAST(make_timestamp({micros}) AS DATE)"),
    }
}

/// An interval of its three parts.
pub(super) fn interval(months: &str, days: &str, micros: &str) -> Value {
    let parts = [months, days, micros].map(|part| format!("CAST({part} AS BIGINT)"));
    Value::new(DataType::Interval, format!("bq_make_interval({})", parts.join(", ")))
}

/// An interval as text, as BigQuery prints it.
pub(super) fn interval_text(x: &str) -> String {
    format!(
        "bqf('interval_text', CAST(datepart('year', {x}) * 12 + datepart('month', {x}) AS VARCHAR), CAST(datepart('day', {x}) AS VARCHAR), \
         CAST(datepart('hour', {x}) * 3600000000 + datepart('minute', {x}) * 60000000 + datepart('microsecond', {x}) AS VARCHAR))"
    )
}

/// An interval from a text such as `1-2 3 4:5:6`.
pub(super) fn parsed_interval(x: &str, safe: bool) -> String {
    let parts = format!("bqf('interval_parse', {x})");
    let part = |index: u8| format!("split_part({parts}, ' ', {index})");
    let value = interval(&part(1), &part(2), &part(3)).sql;
    if safe { format!("TRY({value})") } else { value }
}
