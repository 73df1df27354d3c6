//! DATE_BUCKET, DATETIME_BUCKET and TIMESTAMP_BUCKET. Times are microseconds since 1970.

use super::times::{DAY, civil, days, month_length};
use super::{Outcome, integer};

/// Calls the function `name`. `None` if it is in another module.
pub(super) fn call(name: &str, arguments: &[&str]) -> Option<Outcome> {
    match (name, arguments) {
        ("bucket", [function, time, months, days, micros, origin]) => {
            Some(bucket(function, time, [months, days, micros], origin))
        }
        _ => None,
    }
}

fn bucket(function: &str, time: &str, width: [&str; 3], origin: &str) -> Outcome {
    let (time, origin) = (integer(time)?, integer(origin)?);
    let [months, days, micros] = width;
    let (months, days, micros) = (integer(months)?, integer(days)?, integer(micros)?);
    let refused = |what: &str| Err(format!("{function} {what}"));
    if [months, days, micros].iter().any(|part| *part < 0) || (months, days, micros) == (0, 0, 0) {
        return refused("needs a positive INTERVAL as the width of a bucket");
    }
    let start = match (months, days, micros) {
        (0, days, 0) => fixed(time, origin, days.checked_mul(DAY)),
        (0, 0, micros) if function != "DATE_BUCKET" => fixed(time, origin, Some(micros)),
        (_, 0, 0) if function == "TIMESTAMP_BUCKET" => {
            return refused("does not support an INTERVAL with the parts MONTH, QUARTER and YEAR");
        }
        (months, 0, 0) => match monthly(time, origin, months) {
            Some(start) => Some(start),
            None => {
                return refused(
                    "with months is not supported by the embedded warehouse for an origin after day 28 of a month",
                );
            }
        },
        (0, 0, _) => return refused("does not support an INTERVAL with parts smaller than DAY"),
        _ => return refused("supports an INTERVAL with one part only"),
    };
    match start {
        Some(start) => Ok(Some(start.to_string())),
        None => refused("overflows: the bucket begins outside of the years 1 to 9999"),
    }
}

/// The start of a bucket with a fixed length.
fn fixed(time: i64, origin: i64, width: Option<i64>) -> Option<i64> {
    let width = width?;
    let distance = time.checked_sub(origin)?;
    origin.checked_add(distance.div_euclid(width).checked_mul(width)?)
}

/// The start of a bucket of whole months. `None` if a month could be shorter than the day of the origin.
fn monthly(time: i64, origin: i64, width: i64) -> Option<i64> {
    let parts = |micros: i64| (civil(micros.div_euclid(DAY)), micros.rem_euclid(DAY));
    let ((year, month, day), clock) = parts(origin);
    if day > month_length(2021, 2) {
        return None;
    }
    let ((own_year, own_month, own_day), own_clock) = parts(time);
    let mut distance = (own_year - year) * 12 + own_month - month;
    if (own_day, own_clock) < (day, clock) {
        distance -= 1;
    }
    let moved = year * 12 + (month - 1) + distance.div_euclid(width) * width;
    Some(days(moved.div_euclid(12), moved.rem_euclid(12) + 1, day) * DAY + clock)
}
