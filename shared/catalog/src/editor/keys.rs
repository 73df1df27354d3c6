//! The keys of a flow and of its parts, which are the same for every type.

use super::loose::{loose, object_of, text};
use segue_model::parse::INPUT_TYPES;
use segue_model::{Json, Map};
use serde_json::json;

pub(super) fn flag() -> Json {
    json!({"$ref": "#/definitions/boolean"})
}

pub(super) fn level() -> Json {
    json!({"$ref": "#/definitions/level"})
}

pub(super) fn retry() -> Json {
    json!({"$ref": "#/definitions/retry"})
}

/// The keys that every task has (docs/kestra.md 1.3).
pub(super) fn task_keys() -> Map {
    object_of(json!({
        "id": {"type": "string", "pattern": "^[a-zA-Z0-9][a-zA-Z0-9_-]*$"},
        "type": {"type": "string"},
        "description": text(),
        "retry": retry(),
        "timeout": text(),
        "disabled": flag(),
        "runIf": text(),
        "when": text(),
        "allowFailure": flag(),
        "allowWarning": flag(),
        "logLevel": level(),
        "logToFile": flag(),
        "workerGroup": true,
        "taskCache": true,
        "version": true,
        "assets": true,
        "pluginDefaultsRef": true,
    }))
}

/// The keys that every trigger has (docs/kestra.md 5.1).
pub(super) fn trigger_keys() -> Map {
    let conditions = || json!({"type": "array", "items": {"$ref": "#/definitions/condition"}});
    object_of(json!({
        "id": {"type": "string", "pattern": "^[a-zA-Z0-9][a-zA-Z0-9_-]*$"},
        "type": {"type": "string"},
        "description": text(),
        "disabled": flag(),
        "conditions": conditions(),
        "scheduleConditions": conditions(),
        "when": true,
        "inputs": {"type": ["object", "null"]},
        "labels": true,
        "stopAfter": {"type": ["array", "null"]},
        "logLevel": level(),
        "minLogLevel": level(),
        "workerGroup": true,
        "logToFile": true,
        "failOnTriggerError": true,
    }))
}

pub(super) fn policy() -> Json {
    json!({"type": ["object", "null"], "required": ["type"], "properties": {
        "type": loose(&json!({"enum": ["constant", "exponential", "random"]}), "", true),
        "interval": text(), "maxInterval": text(), "minInterval": text(), "delayFactor": true, "maxAttempts": true,
        "maxAttempt": true, "maxDuration": text(), "warningOnRetry": flag(),
        "behavior": loose(&json!({"enum": ["RETRY_FAILED_TASK", "CREATE_NEW_EXECUTION"]}), "", true),
    }, "additionalProperties": false})
}

/// An input (docs/kestra.md 1.2), with the keys of every type.
pub(super) fn input() -> Json {
    json!({"type": "object", "required": ["type"], "properties": {
        "id": {"type": "string"}, "name": {"type": "string"}, "type": {"enum": INPUT_TYPES},
        "description": text(), "displayName": text(), "required": flag(), "defaults": true, "prefill": true,
        "dependsOn": {"type": ["object", "null"], "properties": {"inputs": true, "condition": text()},
            "additionalProperties": false},
        "validator": text(), "min": true, "max": true, "values": true, "options": true, "expression": text(),
        "allowCustomValue": flag(), "autoSelectFirst": flag(), "isRadio": flag(), "itemType": {"enum": INPUT_TYPES},
        "after": text(), "before": text(), "extension": text(), "allowedFileExtensions": true, "accept": true,
    }, "additionalProperties": false})
}

pub(super) fn plugin_default() -> Json {
    json!({"type": "object", "required": ["type"], "properties": {
        "type": {"type": "string"}, "forced": flag(), "values": {"type": ["object", "null"]},
    }})
}

/// A flow (docs/kestra.md 1.1).
pub(super) fn flow() -> Json {
    let tasks = || json!({"$ref": "#/definitions/tasks"});
    let list = || json!({"type": ["array", "null"]});
    json!({
        "title": "A flow",
        "type": "object",
        "required": ["id", "namespace", "tasks"],
        "properties": {
            "id": {"type": "string", "pattern": "^[a-zA-Z0-9][a-zA-Z0-9._-]*$", "maxLength": 100},
            "namespace": {"type": "string", "pattern": "^[a-z0-9][a-z0-9._-]*$", "maxLength": 150},
            "description": text(),
            "labels": true,
            "inputs": {"anyOf": [{"$ref": "#/definitions/inputs"}, {"type": "null"}]},
            "variables": {"type": ["object", "null"]},
            "tasks": tasks(),
            "errors": tasks(),
            "finally": tasks(),
            "afterExecution": tasks(),
            "outputs": list(),
            "triggers": {"anyOf": [
                {"type": "array", "items": {"$ref": "#/definitions/trigger"}}, {"type": "null"},
            ]},
            "pluginDefaults": true,
            "taskDefaults": true,
            "concurrency": {"type": ["object", "null"], "required": ["limit"], "properties": {
                "limit": {"type": ["integer", "string"]},
                "behavior": loose(&json!({"enum": ["QUEUE", "CANCEL", "FAIL"]}), "", true),
            }, "additionalProperties": false},
            "retry": retry(),
            "sla": list(),
            "checks": list(),
            "disabled": flag(),
            "revision": true,
            "deleted": true,
            "tenantId": true,
            "workerGroup": true,
        },
        "additionalProperties": false,
    })
}
