//! The types of triggers that the scheduler fires, and what the properties of a trigger say.

use segue_model::Json;
use segue_model::flow::Flow;
use segue_model::trigger::Trigger;
use segue_model::trigger_state::TriggerState;
use serde_json::json;

pub(crate) const SCHEDULE: &str = "io.kestra.plugin.core.trigger.Schedule";
pub(crate) const ON_DATES: &str = "io.kestra.plugin.core.trigger.ScheduleOnDates";
pub(crate) const WEBHOOK: &str = "io.kestra.plugin.core.trigger.Webhook";
pub(crate) const FLOW: &str = "io.kestra.plugin.core.trigger.Flow";

/// Whether the source of a flow may have triggers. This is a cheap question before the flow is parsed: a text that only
/// mentions the word counts too.
pub(crate) fn may_have_triggers(source: &str) -> bool {
    source.contains("triggers")
}

/// Whether the source of a flow may have a Flow trigger, under [`FLOW`] or an older name; as cheap a question.
pub(crate) fn may_listen(source: &str) -> bool {
    source.contains(".Flow")
}

/// The properties of a trigger that decide its slots or its windows. If they change, the trigger starts again.
pub(crate) fn definition(trigger: &Trigger) -> String {
    let keys: &[&str] = match trigger.type_name.as_str() {
        SCHEDULE => &["cron", "withSeconds", "timezone"],
        ON_DATES => &["dates", "timezone"],
        WEBHOOK | FLOW => &["preconditions"],
        _ => return json!([trigger.type_name, trigger.properties]).to_string(),
    };
    let of = |key: &&str| json!([key, trigger.properties.get(*key)]);
    let parts: Vec<Json> = keys.iter().map(of).collect();
    json!([trigger.type_name, parts]).to_string()
}

/// Whether a trigger has slots, which follow from its properties.
pub(crate) fn has_slots(trigger: &Trigger) -> bool {
    matches!(trigger.type_name.as_str(), SCHEDULE | ON_DATES)
}

/// Whether a state is that of a Schedule, by the text that [`definition`] makes.
pub(crate) fn is_schedule(state: &TriggerState) -> bool {
    let definition: Result<(String, Json), _> = serde_json::from_str(&state.definition);
    definition.is_ok_and(|(type_name, _)| type_name == SCHEDULE)
}

/// Whether the flow itself says that a trigger does not fire.
pub(crate) fn is_off(flow: &Flow, trigger: &Trigger) -> bool {
    flow.disabled || trigger.disabled
}
