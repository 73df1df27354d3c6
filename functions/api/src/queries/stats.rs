//! Counts of executions that have ended, by period.

use crate::error::{Answer, ApiError};
use crate::parts::Api;
use crate::request::Query;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _, Unit, Zoned, ZonedRound};
use segue_api_types as types;
use segue_ports::PortError;
use segue_ports::ended::{Ended, EndedFilter, QUARTER, quantile};
use segue_ports::state::StateStore;

/// The largest number of periods of an answer.
const MOST: usize = 400;
/// The days of an answer if the request does not say.
const USUAL_DAYS: i64 = 30;

/// The executions that ended, by day or hour of their start.
pub(crate) async fn executions(api: &Api, query: &Query) -> Answer<types::ExecutionStats> {
    let zone = zone(query)?;
    let by_hour = query.text("by").is_some_and(|by| by == "hour");
    let to = query.date("to")?.unwrap_or(api.now());
    let usual = to.checked_sub(SignedDuration::from_hours(24 * (USUAL_DAYS - 1))).unwrap_or(to);
    let edges = edges(query.date("from")?.unwrap_or(usual), to, &zone, by_hour)?;
    let filter = EndedFilter {
        namespace: query.text("namespace").map(str::to_owned),
        exact_namespace: query.flag("exact", false)?,
        flow_id: query.text("flowId").map(str::to_owned),
    };
    let counts = counted(api.state(), &filter, &edges).await?;
    let mut all = Ended::default();
    for one in &counts {
        for (state, count) in &one.states {
            *all.states.entry(*state).or_default() += count;
        }
        for (class, count) in &one.lengths {
            *all.lengths.entry(*class).or_default() += count;
        }
    }
    let periods = edges.iter().zip(edges.iter().skip(1)).zip(&counts);
    Ok(types::ExecutionStats {
        periods: periods.map(|((from, to), ended)| view(*from, *to, ended)).collect(),
        whole: view(edges.first().copied().unwrap_or(to), edges.last().copied().unwrap_or(to), &all),
        timezone: zone.iana_name().unwrap_or("UTC").to_owned(),
    })
}

async fn counted(
    state: &dyn StateStore,
    filter: &EndedFilter,
    edges: &[Timestamp],
) -> Result<Vec<Ended>, PortError> {
    state.ended_executions(filter, edges).await
}

fn zone(query: &Query) -> Answer<TimeZone> {
    let name = query.text("timezone").filter(|name| !name.is_empty()).unwrap_or("UTC");
    segue_template::time_zone(name).ok_or_else(|| {
        ApiError::argument(format!("timezone: '{name}' is no time zone; an example is Europe/Berlin"))
    })
}

/// The starts of the periods from the one with `from` to the one with `to`, and the end of the last one.
fn edges(from: Timestamp, to: Timestamp, zone: &TimeZone, by_hour: bool) -> Answer<Vec<Timestamp>> {
    let too_many = || ApiError::argument(format!("from: at most {MOST} periods fit in an answer"));
    let unit = if by_hour { Unit::Hour } else { Unit::Day };
    let step = if by_hour { 1.hour() } else { 1.day() };
    let begin = |moment: Timestamp| -> Option<Zoned> {
        let round = ZonedRound::new().smallest(unit).mode(jiff::RoundMode::Trunc);
        moment.to_zoned(zone.clone()).round(round).ok()
    };
    let mut at = begin(from).ok_or_else(too_many)?;
    let mut found = vec![quarter_of(at.timestamp())];
    while at.timestamp() <= to {
        if found.len() > MOST {
            return Err(too_many());
        }
        at = at.checked_add(step).map_err(|_| too_many())?;
        found.push(quarter_of(at.timestamp()));
    }
    found.dedup();
    Ok(found)
}

/// The quarter of an hour in which a moment is. The days of every zone of today begin with one.
fn quarter_of(moment: Timestamp) -> Timestamp {
    let second = moment.as_second();
    Timestamp::from_second(second - second.rem_euclid(QUARTER)).unwrap_or(moment)
}

fn view(from: Timestamp, to: Timestamp, ended: &Ended) -> types::StatsPeriod {
    let ms = |part| quantile(&ended.lengths, part).and_then(|found| u64::try_from(found.as_millis()).ok());
    types::StatsPeriod { from, to, states: ended.states.clone(), median_ms: ms(0.5), p95_ms: ms(0.95) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_zone_also_when_the_clock_changes() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let found = edges(at("2024-03-30T12:00:00Z"), at("2024-03-31T12:00:00Z"), &zone, false).unwrap();
        assert_eq!(found, ["2024-03-29T23:00:00Z", "2024-03-30T23:00:00Z", "2024-03-31T22:00:00Z"].map(at));
        let hours = edges(at("2024-01-01T10:20:00Z"), at("2024-01-01T11:00:00Z"), &TimeZone::UTC, true);
        assert_eq!(hours.unwrap().len(), 3);
        assert!(edges(at("2000-01-01T00:00:00Z"), at("2024-01-01T00:00:00Z"), &zone, true).is_err());
        let none = edges(at("2024-01-02T00:00:00Z"), at("2024-01-01T00:00:00Z"), &zone, false).unwrap();
        assert_eq!(none.len(), 1, "an end before the start has no period");
    }
}
