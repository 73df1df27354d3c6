//! The fire times of schedules.

use crate::error::{Answer, ApiError};
use crate::request::Query;
use jiff::Timestamp;
use segue_api_types as types;
use segue_engine::schedule::Calendar;

/// The largest number of fire times of an answer.
const MOST: u32 = 100;

/// The next fire times of a cron expression.
pub(crate) fn next(query: &Query, now: Timestamp) -> Answer<types::NextDates> {
    let zone = query.text("timezone").filter(|zone| !zone.is_empty());
    let calendar = Calendar::of_cron(query.required("cron")?, query.flag("withSeconds", false)?, zone)
        .map_err(|error| ApiError::argument(error.to_string()))?;
    let count = query.number("count")?.unwrap_or(5).clamp(1, MOST);
    let after = query.date("after")?.unwrap_or(now);
    let dates = std::iter::successors(calendar.next(after), |last| calendar.next(*last));
    Ok(types::NextDates {
        dates: dates.take(count as usize).collect(),
        timezone: zone.unwrap_or("UTC").to_owned(),
    })
}
