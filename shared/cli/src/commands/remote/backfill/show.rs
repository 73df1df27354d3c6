//! Backfills as text.

use crate::client::{Session, date, list as table, state};
use jiff::tz::TimeZone;
use segue_api_types::{Backfill, BackfillPreview, PreviewExecution};
use segue_model::backfill::{BackfillMode, BackfillState};
use segue_model::state::State;

/// Whether the backfill has ended.
pub(super) fn has_ended(backfill: &Backfill) -> bool {
    backfill.state.is_terminal()
}

/// The progress: `RUNNING 3/7, 1 active (2 SUCCESS, 1 FAILED)`.
pub(super) fn progress(backfill: &Backfill) -> String {
    // The total does not include skipped slots.
    let counted = backfill.ended.iter().filter(|(state, _)| **state != State::Skipped);
    let done: u64 = counted.map(|(_, count)| count).sum();
    let mut text = format!("{} {done}/{}", backfill.state.as_str(), backfill.total);
    let active = backfill.active.len();
    if active > 0 {
        text.push_str(&format!(", {active} active"));
    }
    let counts: Vec<String> =
        backfill.ended.iter().map(|(state, count)| format!("{count} {state}")).collect();
    if !counts.is_empty() {
        text.push_str(&format!(" ({})", counts.join(", ")));
    }
    text
}

/// A backfill as text.
pub(super) fn describe(session: &Session, backfill: &Backfill) -> String {
    let mut text = format!(
        "{} {}.{} {} from {} to {} ({})\n{}\n",
        backfill.id,
        backfill.namespace,
        backfill.flow_id,
        backfill.trigger_id,
        date(Some(backfill.start), &session.zone),
        date(Some(backfill.end), &session.zone),
        session.zone_name(),
        progress(backfill),
    );
    if let Some(message) = backfill.message.as_ref().filter(|message| !message.is_empty()) {
        text.push_str(&format!("{message}\n"));
    }
    for slot in &backfill.active {
        text.push_str(&format!("  {} runs as {}\n", slot.date, slot.execution_id));
    }
    text
}

/// Whether the backfill has ended, but not all its slots have succeeded.
pub(super) fn has_failed(backfill: &Backfill) -> bool {
    let bad = [State::Failed, State::Killed, State::Cancelled];
    backfill.state != BackfillState::Finished
        || bad.iter().any(|state| backfill.ended.get(state).is_some_and(|count| *count > 0))
}

/// The mode in the words of the API.
pub(super) fn mode(mode: BackfillMode) -> &'static str {
    match mode {
        BackfillMode::All => "ALL",
        BackfillMode::Missing => "MISSING",
        BackfillMode::Failed => "FAILED",
    }
}

/// The slots that a backfill would run.
pub(super) fn preview(preview: &BackfillPreview) -> String {
    let BackfillPreview { slots, timezone, .. } = preview;
    let zone = TimeZone::get(timezone).unwrap_or(TimeZone::UTC);
    let heading = ["slot", "", "last execution", "state"];
    let mut text = table(slots, &heading, "there is no slot between the dates", |slot| {
        let execution = slot.execution.as_ref();
        vec![
            date(Some(slot.date), &zone),
            if slot.run { "runs".into() } else { "skipped".into() },
            execution.map(|execution| execution.id.clone()).unwrap_or_default(),
            execution.map(|PreviewExecution { state: ended, .. }| state(*ended)).unwrap_or_default(),
        ]
    });
    let total = slots.iter().filter(|slot| slot.run).count();
    text.push_str(&format!("{total} of {} slot(s) would run", slots.len()));
    if !timezone.is_empty() {
        text.push_str(&format!("; dates are in the schedule's time zone, {timezone}"));
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
        let read = |json: serde_json::Value| serde_json::from_value(json).unwrap();
        let text = preview(&read(json!({"total": 2, "timezone": "America/Asuncion", "slots": [
            {"date": "2021-01-01T12:00:00Z", "run": false, "execution": {"id": "e1", "state": "SUCCESS"}},
            {"date": "2021-02-01T12:00:00Z", "run": true},
        ]})));
        assert_eq!(
            console::strip_ansi_codes(&text),
            "slot                          last execution  state\n\
             2021-01-01 09:00:00  skipped  e1              SUCCESS\n\
             2021-02-01 09:00:00  runs\n\
             1 of 2 slot(s) would run; dates are in the schedule's time zone, America/Asuncion\n"
        );
        assert!(
            preview(&read(json!({"slots": []}))).starts_with("there is no slot between the dates\n0 of 0")
        );
    }

    #[test]
    fn progress_counts_what_has_ended() {
        let backfill = |state: &str, ended: serde_json::Value| {
            let slot = json!({"date": "2021-01-01T12:00:00Z", "executionId": "e1"});
            let read = serde_json::from_value::<Backfill>(json!({
                "id": "b1", "namespace": "n", "flowId": "f", "triggerId": "t", "start": "2021-01-01T12:00:00Z",
                "end": "2021-07-01T12:00:00Z", "mode": "ALL", "state": state, "total": 7, "active": [slot],
                "ended": ended,
            }));
            read.unwrap()
        };
        let running = backfill("RUNNING", json!({"SUCCESS": 2, "FAILED": 1, "SKIPPED": 4}));
        assert_eq!(progress(&running), "RUNNING 3/7, 1 active (2 SUCCESS, 1 FAILED, 4 SKIPPED)");
        assert!(has_failed(&running));
        assert!(!has_failed(&backfill("FINISHED", json!({"WARNING": 1}))));
        assert!(has_failed(&backfill("CANCELLED", json!({}))));
    }
}
