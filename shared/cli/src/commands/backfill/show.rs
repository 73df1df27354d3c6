//! Backfills for people.

use crate::client::{Session, cell, date, items, list as table, state};
use jiff::tz::TimeZone;
use segue_model::Json;

/// Whether nothing comes of it any more.
pub(super) fn has_ended(backfill: &Json) -> bool {
    matches!(cell(backfill, "/state").as_str(), "FINISHED" | "CANCELLED" | "REFUSED")
}

/// Where it stands: `RUNNING 3/7, 1 active (2 SUCCESS, 1 FAILED)`.
pub(super) fn progress(backfill: &Json) -> String {
    let counts: Vec<(&String, u64)> = backfill
        .get("ended")
        .and_then(Json::as_object)
        .into_iter()
        .flatten()
        .map(|(state, count)| (state, count.as_u64().unwrap_or_default()))
        .collect();
    // Those that were passed over are no part of the total.
    let done: u64 = counts.iter().filter(|(state, _)| *state != "SKIPPED").map(|(_, count)| count).sum();
    let mut text = format!("{} {done}/{}", cell(backfill, "/state"), cell(backfill, "/total"));
    let active = backfill.get("active").map_or(0, |active| items(active).len());
    if active > 0 {
        text.push_str(&format!(", {active} active"));
    }
    let counts: Vec<String> = counts.iter().map(|(state, count)| format!("{count} {state}")).collect();
    if !counts.is_empty() {
        text.push_str(&format!(" ({})", counts.join(", ")));
    }
    text
}

/// A backfill for people.
pub(super) fn describe(session: &Session, backfill: &Json) -> String {
    let mut text = format!(
        "{} {}.{} {} from {} to {}\n{}\n",
        cell(backfill, "/id"),
        cell(backfill, "/namespace"),
        cell(backfill, "/flowId"),
        cell(backfill, "/triggerId"),
        date(backfill, "/start", &session.zone),
        date(backfill, "/end", &session.zone),
        progress(backfill),
    );
    let message = cell(backfill, "/message");
    if !message.is_empty() {
        text.push_str(&format!("{message}\n"));
    }
    for slot in backfill.get("active").map(items).unwrap_or_default() {
        text.push_str(&format!("  {} runs as {}\n", cell(slot, "/date"), cell(slot, "/executionId")));
    }
    text
}

/// Whether it has ended in another way than with every slot run well.
pub(super) fn has_failed(backfill: &Json) -> bool {
    let ended =
        |state: &str| backfill.pointer(&format!("/ended/{state}")).and_then(Json::as_u64).unwrap_or(0);
    cell(backfill, "/state") != "FINISHED"
        || ["FAILED", "KILLED", "CANCELLED"].iter().any(|state| ended(state) > 0)
}

/// The slots a backfill would run.
pub(super) fn preview(json: &Json) -> String {
    let name = cell(json, "/timezone");
    let zone = TimeZone::get(&name).unwrap_or(TimeZone::UTC);
    let slots = json.get("slots").cloned().unwrap_or_default();
    let runs = |slot: &Json| slot.get("run").and_then(Json::as_bool).unwrap_or_default();
    let heading = ["slot", "", "last execution", "state"];
    let mut text = table(&slots, &heading, "there is no slot between the dates", |slot| {
        vec![
            date(slot, "/date", &zone),
            if runs(slot) { "runs".into() } else { "passed over".into() },
            cell(slot, "/execution/id"),
            state(slot, "/execution/state"),
        ]
    });
    let total = items(&slots).iter().filter(|slot| runs(slot)).count();
    text.push_str(&format!("{total} of {} slot(s) would run", items(&slots).len()));
    if !name.is_empty() {
        text.push_str(&format!("; dates are in the schedule's time zone, {name}"));
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_preview_lists_and_counts_the_slots() {
        let text = preview(&json!({"total": 2, "timezone": "America/Asuncion", "slots": [
            {"date": "2021-01-01T12:00:00Z", "run": false, "execution": {"id": "e1", "state": "SUCCESS"}},
            {"date": "2021-02-01T12:00:00Z", "run": true},
        ]}));
        assert_eq!(
            console::strip_ansi_codes(&text),
            "slot                              last execution  state\n\
             2021-01-01 09:00:00  passed over  e1              SUCCESS\n\
             2021-02-01 09:00:00  runs\n\
             1 of 2 slot(s) would run; dates are in the schedule's time zone, America/Asuncion\n"
        );
        assert!(preview(&json!({"slots": []})).starts_with("there is no slot between the dates\n0 of 0"));
    }

    #[test]
    fn progress_counts_what_has_ended() {
        let backfill = json!({"state": "RUNNING", "total": 7, "active": [{}],
            "ended": {"SUCCESS": 2, "FAILED": 1, "SKIPPED": 4}});
        assert_eq!(progress(&backfill), "RUNNING 3/7, 1 active (2 SUCCESS, 1 FAILED, 4 SKIPPED)");
        assert!(has_failed(&backfill));
        assert!(!has_failed(&json!({"state": "FINISHED", "ended": {"WARNING": 1}})));
        assert!(has_failed(&json!({"state": "CANCELLED"})));
    }
}
