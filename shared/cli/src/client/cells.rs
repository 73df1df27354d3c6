//! The answers of the API as cells of tables.

use crate::report::{duration, paint};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use segue_api_types::{Label, Page, State};
use segue_model::Json;
use segue_model::state::State as StateName;

/// A table with a heading, or a text if there are no rows.
pub(crate) fn list<T>(
    entries: &[T],
    heading: &[&str],
    nothing: &str,
    row: impl Fn(&T) -> Vec<String>,
) -> String {
    if entries.is_empty() {
        return format!("{nothing}\n");
    }
    crate::report::table(heading, entries.iter().map(row))
}

/// A table of one page, followed by the number of further rows.
pub(crate) fn page<T>(
    page: &Page<T>,
    heading: &[&str],
    nothing: &str,
    row: impl Fn(&T) -> Vec<String>,
) -> String {
    let mut text = list(&page.results, heading, nothing, row);
    let shown = u64::try_from(page.results.len()).unwrap_or(u64::MAX);
    if shown > 0 && page.total > shown {
        text.push_str(&format!("{shown} of {}; --limit N shows more\n", page.total));
    }
    text
}

/// A date in a time zone, to the second; empty if there is none.
pub(crate) fn date(instant: Option<Timestamp>, zone: &TimeZone) -> String {
    let shown = |instant: Timestamp| instant.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string();
    instant.map(shown).unwrap_or_default()
}

/// A state in its colour.
pub(crate) fn state(state: StateName) -> String {
    paint(state).apply_to(state.as_str()).to_string()
}

/// The duration of an execution, or its time up to `now`.
pub(crate) fn elapsed(state: &State, now: Timestamp) -> String {
    state.elapsed(now).map(duration).unwrap_or_default()
}

/// The labels that people set, as `key:value`.
pub(crate) fn labels(labels: &[Label]) -> String {
    let own = labels.iter().filter(|label| !label.is_system());
    own.map(|label| format!("{}:{}", label.key, label.value)).collect::<Vec<_>>().join(" ")
}

/// A value as text, without quotes; empty if it is null.
pub(crate) fn text(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_table_says_what_it_does_not_show() {
        let row = |entry: &String| vec![entry.clone()];
        let some = Page { results: vec!["a".to_owned()], total: 7 };
        assert_eq!(page(&some, &["id"], "none", row), "id\na\n1 of 7; --limit N shows more\n");
        assert_eq!(list(&[], &["id"], "there are none", row), "there are none\n");
    }

    #[test]
    fn dates_durations_and_labels_read_well() {
        let zone = TimeZone::get("America/Asuncion").unwrap();
        let state: State = serde_json::from_value(json!({
            "current": "SUCCESS", "startDate": "2024-11-21T12:00:00Z", "endDate": "2024-11-21T12:03:20Z",
        }))
        .unwrap();
        assert_eq!(date(state.start_date, &zone), "2024-11-21 09:00:00");
        assert_eq!(date(None, &zone), "");
        assert_eq!(elapsed(&state, Timestamp::UNIX_EPOCH), "3 min 20 s");
        let given = [Label::new("team", "data"), Label::new("system.correlationId", "x")];
        assert_eq!(labels(&given), "team:data");
    }

    #[test]
    fn values_are_shown_without_quotes() {
        assert_eq!(text(&json!("a b")), "a b");
        assert_eq!(text(&json!({"a": 1})), "{\"a\":1}");
        assert_eq!(text(&Json::Null), "");
    }
}
