//! The trigger types and the conditions of triggers (docs/kestra.md 5.2 to 5.6, names 4.0).
//!
//! What it must not know: when a trigger fires, or whether a condition is true. The scheduler decides.
//!
//! How to add one more: add a line to the table of triggers or conditions.

use crate::Json;
use crate::type_table::{Property, schema};
use std::sync::LazyLock;

/// A trigger type, or a type of condition.
#[derive(Clone, Debug)]
pub struct TriggerType {
    /// The canonical name, `io.kestra.plugin.core.trigger.Schedule`.
    pub name: &'static str,
    /// Other names that mean the same.
    pub aliases: &'static [&'static str],
    /// JSON Schema of the properties of this type, without the properties that every trigger has.
    pub schema: Json,
}

macro_rules! types {
    ($prefix:literal, $($name:literal, [$($alias:literal),*], [$($property:expr),*];)*) => {
        vec![$(TriggerType {
            name: concat!($prefix, $name),
            aliases: &[$($alias),*],
            schema: schema(&[$($property),*] as &[Property]),
        }),*]
    };
}

const STATES: Property = ("states", "array");
const DATE: Property = ("date", "string");
const MISSED: Property = ("recoverMissedSchedules", "ALL|LAST|NONE");
const CONCURRENT: Property = ("allowConcurrent", "boolean");

static TRIGGERS: LazyLock<Vec<TriggerType>> = LazyLock::new(|| {
    types! { "io.kestra.plugin.core.trigger.",
        "Schedule", ["io.kestra.core.models.triggers.types.Schedule"], [
            ("cron!", "string"), ("withSeconds", "boolean"), ("timezone", "string"), ("lateMaximumDelay", "string"),
            MISSED, CONCURRENT, ("backfill", "any")
        ];
        "ScheduleOnDates", [], [("dates!", "any"), ("timezone", "string"), MISSED, CONCURRENT];
        "Webhook", ["io.kestra.core.models.triggers.types.Webhook"], [
            ("key!", "string"), ("wait", "boolean"), ("returnOutputs", "boolean"), ("responseContentType", "string"),
            ("responseCode", "any"), ("fetchType", "string"), CONCURRENT
        ];
        "Flow", ["io.kestra.core.models.triggers.types.Flow"], [STATES, ("preconditions", "object"), CONCURRENT];
    }
});

static CONDITIONS: LazyLock<Vec<TriggerType>> = LazyLock::new(|| {
    types! { "io.kestra.plugin.core.condition.",
        "DateTimeBetween", [
            "io.kestra.plugin.core.condition.DateTimeBetweenCondition",
            "io.kestra.core.models.conditions.types.DateTimeBetweenCondition"
        ], [DATE, ("after", "string"), ("before", "string")];
        "DayWeek", [
            "io.kestra.plugin.core.condition.DayWeekCondition",
            "io.kestra.core.models.conditions.types.DayWeekCondition"
        ], [DATE, ("dayOfWeek!", "MONDAY|TUESDAY|WEDNESDAY|THURSDAY|FRIDAY|SATURDAY|SUNDAY")];
        "DayWeekInMonth", [
            "io.kestra.plugin.core.condition.DayWeekInMonthCondition",
            "io.kestra.core.models.conditions.types.DayWeekInMonthCondition"
        ], [
            DATE,
            ("dayOfWeek!", "MONDAY|TUESDAY|WEDNESDAY|THURSDAY|FRIDAY|SATURDAY|SUNDAY"),
            ("dayInMonth!", "FIRST|SECOND|THIRD|FOURTH|LAST")
        ];
        "Weekend", [
            "io.kestra.plugin.core.condition.WeekendCondition",
            "io.kestra.core.models.conditions.types.WeekendCondition"
        ], [DATE];
        "TimeBetween", [
            "io.kestra.plugin.core.condition.TimeBetweenCondition",
            "io.kestra.core.models.conditions.types.TimeBetweenCondition"
        ], [DATE, ("after", "string"), ("before", "string")];
        "PublicHoliday", [
            "io.kestra.plugin.core.condition.PublicHolidayCondition",
            "io.kestra.core.models.conditions.types.PublicHolidayCondition"
        ], [DATE, ("country", "string"), ("subDivision", "string")];
        "Expression", [
            "io.kestra.plugin.core.condition.ExpressionCondition",
            "io.kestra.plugin.core.condition.VariableCondition",
            "io.kestra.core.models.conditions.types.ExpressionCondition",
            "io.kestra.core.models.conditions.types.VariableCondition"
        ], [("expression!", "string")];
        "Not", [
            "io.kestra.plugin.core.condition.NotCondition",
            "io.kestra.core.models.conditions.types.NotCondition"
        ], [("conditions!", "array")];
        "Or", [
            "io.kestra.plugin.core.condition.OrCondition",
            "io.kestra.core.models.conditions.types.OrCondition"
        ], [("conditions!", "array")];
        "ExecutionFlow", [
            "io.kestra.plugin.core.condition.ExecutionFlowCondition",
            "io.kestra.core.models.conditions.types.ExecutionFlowCondition"
        ], [("namespace!", "string"), ("flowId!", "string")];
        "ExecutionNamespace", [
            "io.kestra.plugin.core.condition.ExecutionNamespaceCondition",
            "io.kestra.core.models.conditions.types.ExecutionNamespaceCondition"
        ], [("namespace!", "string"), ("comparison", "EQUALS|PREFIX|SUFFIX"), ("prefix", "boolean")];
        "ExecutionStatus", [
            "io.kestra.plugin.core.condition.ExecutionStatusCondition",
            "io.kestra.core.models.conditions.types.ExecutionStatusCondition"
        ], [("in", "array"), ("notIn", "array")];
        "ExecutionLabels", [
            "io.kestra.plugin.core.condition.ExecutionLabelsCondition",
            "io.kestra.core.models.conditions.types.ExecutionLabelsCondition"
        ], [("labels!", "any")];
        "ExecutionOutputs", [
            "io.kestra.plugin.core.condition.ExecutionOutputsCondition",
            "io.kestra.core.models.conditions.types.ExecutionOutputsCondition"
        ], [("expression!", "string")];
        "HasRetryAttempt", [
            "io.kestra.plugin.core.condition.HasRetryAttemptCondition",
            "io.kestra.core.models.conditions.types.HasRetryAttemptCondition"
        ], [("in", "array"), ("notIn", "array")];
        "FlowCondition", ["io.kestra.core.models.conditions.types.FlowCondition"],
            [("namespace!", "string"), ("flowId!", "string")];
        "FlowNamespaceCondition", ["io.kestra.core.models.conditions.types.FlowNamespaceCondition"],
            [("namespace!", "string"), ("prefix", "boolean")];
        "MultipleCondition", [
            "io.kestra.plugin.core.condition.MultipleConditionCondition",
            "io.kestra.core.models.conditions.types.MultipleCondition"
        ], [
            ("id!", "string"), ("timeWindow", "object"), ("sla", "object"), ("window", "string"),
            ("windowAdvance", "string"), ("resetOnSuccess", "boolean"), ("conditions!", "object")
        ];
    }
});

/// The trigger types.
pub fn trigger_types() -> &'static [TriggerType] {
    &TRIGGERS
}

/// The conditions of triggers.
pub fn condition_types() -> &'static [TriggerType] {
    &CONDITIONS
}

/// The trigger type with this name or alias.
pub fn trigger(name: &str) -> Option<&'static TriggerType> {
    find(&TRIGGERS, name)
}

/// The condition with this name or alias.
pub fn condition(name: &str) -> Option<&'static TriggerType> {
    find(&CONDITIONS, name)
}

fn find(table: &'static [TriggerType], name: &str) -> Option<&'static TriggerType> {
    table.iter().find(|known| known.name == name || known.aliases.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_go_by_their_older_names() {
        let name = |known: Option<&TriggerType>| known.map(|known| known.name);
        assert_eq!(
            name(trigger("io.kestra.core.models.triggers.types.Schedule")),
            Some("io.kestra.plugin.core.trigger.Schedule")
        );
        assert_eq!(
            name(condition("io.kestra.core.models.conditions.types.VariableCondition")),
            Some("io.kestra.plugin.core.condition.Expression")
        );
        assert_eq!(name(trigger("io.kestra.plugin.core.condition.Not")), None);
    }
}
