//! Reads stored backfills, and computes previews of new backfills.

use crate::error::{Answer, ApiError};
use crate::parts::Api;
use crate::request::{Page, Query, paged};
use jiff::tz::TimeZone;
use segue_api_types as types;
use segue_model::backfill::{BackfillRequest, BackfillState};
use segue_model::state::State;
use segue_ports::schedule::BackfillFilter;
use segue_scheduler::{PreviewExecution, PreviewSlot};
use serde_json::json;
use std::collections::BTreeMap;

/// The names of the states of a backfill, for the `state` of a search.
pub(crate) const STATES: &[&str] = &["RUNNING", "PAUSED", "FINISHED", "CANCELLED", "REFUSED"];

/// The backfills of a search, newest first.
pub(crate) async fn search(api: &Api, query: &Query) -> Answer<types::Page<types::Backfill>> {
    let page = Page::from_query(query)?;
    let text = |name: &str| query.text(name).map(str::to_owned);
    let states = query.all("state").flat_map(|states| states.split(',')).filter(|state| !state.is_empty());
    let filter = BackfillFilter {
        namespace: text("namespace"),
        flow_id: text("flowId"),
        trigger_id: text("triggerId"),
        states: states.map(state).collect::<Answer<_>>()?,
        ..BackfillFilter::default()
    };
    // The store does not count backfills, and there are only a few.
    let mut found = api.state().backfills(&filter).await?;
    page.arrange(&mut found, &[("created", |left, right| left.created.cmp(&right.created))])?;
    let total = found.len() as u64;
    Ok(paged(page.cut(found).into_iter().map(types::Backfill::from).collect(), total))
}

/// A backfill, or an error if it does not exist.
pub(crate) async fn one(api: &Api, id: &str) -> Answer<types::Backfill> {
    let found = api.state().backfill(id).await?;
    Ok(found.ok_or_else(|| ApiError::not_found(format!("Backfill '{id}'")))?.value.into())
}

/// The fire times of a backfill, and which of them would run. Starts nothing. More fire times than `most` are counted by
/// periods.
pub(crate) async fn preview(
    api: &Api,
    request: &BackfillRequest,
    query: &Query,
) -> Answer<types::BackfillPreview> {
    let found = api.scheduler.preview_backfill(request).await?;
    let most = query.number("most")?;
    let count = found.slots.len();
    let is_short = most.is_none_or(|most| count <= most as usize);
    let zone = segue_template::time_zone(&found.timezone).unwrap_or(TimeZone::UTC);
    let state_of = |slot: &PreviewSlot| slot.execution.as_ref().map(|execution| execution.state);
    let with =
        |is: fn(Option<State>) -> bool| found.slots.iter().filter(|slot| is(state_of(slot))).count() as u64;
    let (missing, failed) = (with(|state| state.is_none()), with(|state| state.is_some_and(has_failed)));
    let periods = if is_short { Vec::new() } else { periods(&found.slots, &zone, most.unwrap_or(1)) };
    let execution = |execution: PreviewExecution| types::PreviewExecution {
        id: execution.id.to_string(),
        state: execution.state,
    };
    let slot = |slot: PreviewSlot| types::PreviewSlot {
        date: slot.date,
        run: slot.run,
        execution: slot.execution.map(execution),
    };
    Ok(types::BackfillPreview {
        slots: if is_short { found.slots.into_iter().map(slot).collect() } else { Vec::new() },
        periods,
        count: count as u64,
        missing,
        failed,
        total: found.total,
        timezone: found.timezone,
    })
}

fn has_failed(state: State) -> bool {
    matches!(state, State::Failed | State::Killed | State::Cancelled)
}

/// The fire times of each day, or of each month if there would be more than `most` days.
fn periods(slots: &[PreviewSlot], zone: &TimeZone, most: u32) -> Vec<types::PreviewPeriod> {
    let days = match (slots.first(), slots.last()) {
        (Some(first), Some(last)) => last.date.duration_since(first.date).as_hours() / 24,
        _ => 0,
    };
    let by_day = days < i64::from(most);
    let day_of = |slot: &PreviewSlot| {
        let date = zone.to_datetime(slot.date).date();
        (date.year(), date.month(), if by_day { date.day() } else { 1 })
    };
    let mut found: Vec<types::PreviewPeriod> = Vec::new();
    let mut last = None;
    for slot in slots {
        let day = Some(day_of(slot));
        if last != day {
            last = day;
            let (from, to) = (slot.date, slot.date);
            found.push(types::PreviewPeriod { from, to, count: 0, runs: 0, states: BTreeMap::new() });
        }
        let Some(period) = found.last_mut() else { continue };
        period.to = slot.date;
        period.count += 1;
        period.runs += u64::from(slot.run);
        if let Some(execution) = &slot.execution {
            *period.states.entry(execution.state).or_default() += 1;
        }
    }
    found
}

fn state(text: &str) -> Answer<BackfillState> {
    serde_json::from_value(json!(text.to_ascii_uppercase())).map_err(|_| {
        ApiError::argument(format!("state is '{text}': one of {} is expected", STATES.join(", ")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::{SignedDuration, Timestamp};

    #[test]
    fn many_fire_times_are_counted_by_day_or_month_of_the_zone() {
        let start: Timestamp = "2024-01-30T22:00:00Z".parse().unwrap();
        let slots: Vec<_> = (0..72)
            .map(|hour| PreviewSlot {
                date: start.checked_add(SignedDuration::from_hours(hour)).unwrap(),
                run: hour > 0,
                execution: (hour == 0).then(|| PreviewExecution { id: "e".into(), state: State::Success }),
            })
            .collect();
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let counts = |most| -> Vec<_> {
            let found = periods(&slots, &zone, most);
            found.iter().map(|period| (period.from.to_string(), period.count, period.runs)).collect()
        };
        let at = |date: &str, count, runs| (format!("2024-{date}:00:00Z"), count, runs);
        assert_eq!(
            counts(100),
            [at("01-30T22", 1, 0), at("01-30T23", 24, 24), at("01-31T23", 24, 24), at("02-01T23", 23, 23)]
        );
        assert_eq!(counts(2), [at("01-30T22", 25, 24), at("01-31T23", 47, 47)]);
        assert_eq!(periods(&slots, &zone, 2)[0].states, BTreeMap::from([(State::Success, 1)]));
        assert!(periods(&[], &zone, 2).is_empty());
    }
}
