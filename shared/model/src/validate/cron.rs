//! The cron expression of a Schedule trigger must be valid, and match a day (docs/kestra.md 5.2).

use crate::Json;
use crate::cron::{has_a_day, parse_cron};
use crate::diagnostic::{Diagnostic, codes};
use crate::flow::Flow;
use crate::positions::Positions;

const SCHEDULE: &str = "io.kestra.plugin.core.trigger.Schedule";

pub(super) fn cron(flow: &Flow, positions: &Positions) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (index, trigger) in
        flow.triggers.iter().enumerate().filter(|(_, trigger)| trigger.type_name == SCHEDULE)
    {
        let Some(expression) = trigger.properties.get("cron").and_then(Json::as_str) else { continue };
        let with_seconds = match trigger.properties.get("withSeconds") {
            Some(Json::Bool(flag)) => *flag,
            Some(Json::String(text)) => text.eq_ignore_ascii_case("true"),
            _ => false,
        };
        let position = positions.of(&format!("/triggers/{index}/cron"));
        match parse_cron(expression, with_seconds) {
            Ok(cron) if has_a_day(&cron) => {}
            Ok(_) => found.push(
                Diagnostic::warning(
                    codes::NEVER_FIRES,
                    position,
                    format!("the cron expression '{expression}' never fires: no year has such a day"),
                )
                .with_hint("change the day of the month or the month"),
            ),
            Err(why) => found.push(
                Diagnostic::error(codes::INVALID_CRON, position, why)
                    .with_hint("write five fields: minute, hour, day of month, month, day of week; with 'withSeconds: true' also seconds, first"),
            ),
        }
    }
    found
}
