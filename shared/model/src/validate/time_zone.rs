//! The time zone of a trigger must exist (docs/kestra.md 5.2, 5.3).

use crate::Json;
use crate::diagnostic::{Diagnostic, codes};
use crate::flow::Flow;
use crate::positions::Positions;
use crate::texts::has_template;
use jiff::tz::TimeZoneDatabase;
use std::sync::LazyLock;

/// The time zone database of the program itself. So every machine has the same zones, and no file is read.
static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

pub(super) fn time_zone(flow: &Flow, positions: &Positions) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (index, trigger) in flow.triggers.iter().enumerate() {
        let Some(zone) = trigger.properties.get("timezone").and_then(Json::as_str) else { continue };
        if !has_template(zone) && !exists(zone) {
            found.push(
                Diagnostic::error(
                    codes::UNKNOWN_TIME_ZONE,
                    positions.of(&format!("/triggers/{index}/timezone")),
                    format!("trigger '{}' has an unknown time zone: '{zone}'", trigger.id),
                )
                .with_hint("use a name from the IANA database, such as Europe/Paris or UTC"),
            );
        }
    }
    found
}

/// True for a name of the database, and for a fixed offset: `Z`, `+02:00`, `UTC+2`.
fn exists(zone: &str) -> bool {
    let digits = ["UTC", "GMT", "UT"].iter().find_map(|prefix| zone.strip_prefix(prefix)).unwrap_or(zone);
    let is_offset = match digits.strip_prefix(['+', '-']) {
        Some(digits) => {
            !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b':')
        }
        None => digits.is_empty() || digits == "Z",
    };
    is_offset || ZONES.get(zone).is_ok()
}

#[cfg(test)]
mod tests {
    use super::exists;

    #[test]
    fn names_and_offsets_are_zones() {
        for zone in ["Europe/Paris", "America/Asuncion", "UTC", "GMT", "Z", "+02:00", "UTC-3", "Etc/GMT+3"] {
            assert!(exists(zone), "{zone}");
        }
        for zone in ["Mars/Olympus", "Europe", "Paris", "+", "02:00"] {
            assert!(!exists(zone), "{zone}");
        }
    }
}
