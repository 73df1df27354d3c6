//! The API's JSON as cells of tables.

use crate::report::{duration, paint};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use segue_model::Json;
use segue_model::state::State;

/// The entries of a list, whether it comes in pages or whole.
pub(crate) fn items(json: &Json) -> &[Json] {
    json.get("results").unwrap_or(json).as_array().map(Vec::as_slice).unwrap_or_default()
}

/// A table with a heading; below it how many more there are, or that there is nothing.
pub(crate) fn list(
    json: &Json,
    heading: &[&str],
    nothing: &str,
    row: impl Fn(&Json) -> Vec<String>,
) -> String {
    let items = items(json);
    if items.is_empty() {
        return format!("{nothing}\n");
    }
    let mut text = crate::report::table(heading, items.iter().map(row));
    let shown = u64::try_from(items.len()).unwrap_or(u64::MAX);
    if let Some(total) = json.get("total").and_then(Json::as_u64).filter(|total| *total > shown) {
        text.push_str(&format!("{shown} of {total}; --limit N shows more\n"));
    }
    text
}

/// What stands at a place (`/state/current`), as text; empty when nothing does.
pub(crate) fn cell(json: &Json, place: &str) -> String {
    match json.pointer(place) {
        None | Some(Json::Null) => String::new(),
        Some(Json::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// A date at a place, in a time zone, to the second.
pub(crate) fn date(json: &Json, place: &str, zone: &TimeZone) -> String {
    let text = cell(json, place);
    match text.parse::<Timestamp>() {
        Ok(instant) => instant.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string(),
        Err(_) => text,
    }
}

/// A state at a place, in its colour.
pub(crate) fn state(json: &Json, place: &str) -> String {
    let text = cell(json, place);
    match State::parse(&text) {
        Some(state) => paint(state).apply_to(text).to_string(),
        None => text,
    }
}

/// How long an execution took, or takes up to `now`.
pub(crate) fn elapsed(execution: &Json, now: Timestamp) -> String {
    let instant = |place: &str| cell(execution, place).parse::<Timestamp>().ok();
    let Some(start) = instant("/state/startDate") else { return String::new() };
    let end = instant("/state/endDate").unwrap_or(now);
    duration(end.duration_since(start).max(jiff::SignedDuration::ZERO))
}

/// The labels people gave, `key:value`; a map and a list of pairs both do.
pub(crate) fn labels(json: &Json) -> String {
    let pairs: Vec<String> = match json.get("labels") {
        Some(Json::Array(list)) => list
            .iter()
            .filter(|label| !cell(label, "/key").starts_with("system."))
            .map(|label| format!("{}:{}", cell(label, "/key"), cell(label, "/value")))
            .collect(),
        Some(Json::Object(map)) => map
            .iter()
            .map(|(key, value)| {
                format!("{key}:{}", value.as_str().map_or_else(|| value.to_string(), str::to_owned))
            })
            .collect(),
        _ => Vec::new(),
    };
    pairs.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn pages_and_whole_lists_are_both_read() {
        assert_eq!(items(&json!([1, 2])).len(), 2);
        assert_eq!(items(&json!({"results": [1], "total": 1})).len(), 1);
        assert!(items(&json!({"count": 1})).is_empty());
    }

    #[test]
    fn a_table_says_what_it_does_not_show() {
        let row = |entry: &Json| vec![cell(entry, "/id")];
        let json = json!({"results": [{"id": "a"}], "total": 7});
        assert_eq!(list(&json, &["id"], "none", row), "id\na\n1 of 7; --limit N shows more\n");
        assert_eq!(list(&json!([]), &["id"], "there are none", row), "there are none\n");
    }

    #[test]
    fn dates_durations_and_labels_read_well() {
        let zone = TimeZone::get("America/Asuncion").unwrap();
        let json = json!({
            "state": {"startDate": "2024-11-21T12:00:00Z", "endDate": "2024-11-21T12:03:20Z"},
            "labels": [{"key": "team", "value": "data"}, {"key": "system.correlationId", "value": "x"}],
        });
        assert_eq!(date(&json, "/state/startDate", &zone), "2024-11-21 09:00:00");
        assert_eq!(date(&json, "/state/nothing", &zone), "");
        assert_eq!(elapsed(&json, Timestamp::UNIX_EPOCH), "3 min 20 s");
        assert_eq!(labels(&json), "team:data");
        assert_eq!(labels(&json!({"labels": {"a": 1, "b": "x"}})), "a:1 b:x");
    }
}
