//! The shapes the API answers with, by name.

use segue_model::Json;
use serde_json::json;

/// All shapes. They name what is always there and what may be; clients must bear more.
pub(super) fn schemas() -> Json {
    answers().into_iter().chain(requests()).map(|(name, schema)| (name.to_owned(), schema)).collect()
}

fn reference(name: &str) -> Json {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

fn object(required: &[&str], properties: Json) -> Json {
    json!({"type": "object", "required": required, "properties": properties})
}

fn answers() -> Vec<(&'static str, Json)> {
    let text = || json!({"type": "string"});
    let date = || json!({"type": "string", "format": "date-time"});
    let flag = || json!({"type": "boolean"});
    let number = || json!({"type": "integer", "minimum": 0});
    let map = || json!({"type": "object"});
    let list = |items: Json| json!({"type": "array", "items": items});
    vec![
        (
            "Error",
            object(
                &["message", "_embedded"],
                json!({
                    "message": text(),
                    "_links": map(),
                    "_embedded": object(&["errors"], json!({"errors": list(object(&["message"], json!({
                        "message": text(), "path": text(), "code": text(), "line": number(), "column": number(), "hint": text(),
                    })))})),
                    "invalids": list(map()),
                }),
            ),
        ),
        ("Anything", json!({})),
        ("Map", map()),
        ("Text", text()),
        ("Flag", flag()),
        ("Count", object(&["count"], json!({"count": number()}))),
        ("Label", object(&["key", "value"], json!({"key": text(), "value": text()}))),
        (
            "Flow",
            object(
                &["id", "namespace", "revision"],
                json!({
                    "id": text(), "namespace": text(), "revision": number(), "tenantId": text(), "disabled": flag(),
                    "deleted": flag(), "updated": date(), "source": text(), "exception": text(),
                }),
            ),
        ),
        (
            "FlowSearchHit",
            object(&["model", "fragments"], json!({"model": reference("Flow"), "fragments": list(text())})),
        ),
        (
            "FlowValidation",
            object(
                &["index", "outdated", "warnings", "infos", "deprecationPaths"],
                json!({
                    "flow": text(), "namespace": text(), "index": number(), "constraints": text(), "outdated": flag(),
                    "warnings": list(text()), "infos": list(text()), "deprecationPaths": list(text()),
                    "diagnostics": list(reference("Diagnostic")),
                }),
            ),
        ),
        (
            "TaskValidation",
            object(&[], json!({"constraints": text(), "warnings": list(text()), "infos": list(text())})),
        ),
        (
            "Diagnostic",
            object(
                &["code", "severity", "position", "message"],
                json!({
                    "code": text(), "severity": {"type": "string", "enum": ["note", "warning", "error"]}, "message": text(),
                    "position": object(&["line", "column"], json!({"line": number(), "column": number()})),
                    "hint": {"type": ["string", "null"]},
                }),
            ),
        ),
        (
            "Graph",
            object(
                &["nodes", "edges", "clusters", "flowables"],
                json!({
                    "nodes": list(object(&["uid", "type"], json!({"uid": text(), "type": text(), "task": map()}))),
                    "edges": list(object(&["source", "target"], json!({"source": text(), "target": text(), "relation": map()}))),
                    "clusters": list(map()), "flowables": list(text()),
                }),
            ),
        ),
        ("Dependencies", object(&["nodes", "edges"], json!({"nodes": list(map()), "edges": list(map())}))),
        (
            "State",
            object(
                &["current", "histories", "duration", "startDate"],
                json!({
                    "current": text(), "duration": text(), "startDate": date(), "endDate": date(),
                    "histories": list(object(&["state", "date"], json!({"state": text(), "date": date()}))),
                }),
            ),
        ),
        (
            "TaskRun",
            object(
                &["id", "executionId", "taskId", "state"],
                json!({
                    "id": text(), "executionId": text(), "namespace": text(), "flowId": text(), "taskId": text(),
                    "parentTaskRunId": text(), "value": text(), "iteration": number(), "attempts": list(map()),
                    "outputs": map(), "state": reference("State"),
                }),
            ),
        ),
        (
            "Execution",
            object(
                &["id", "namespace", "flowId", "flowRevision", "state"],
                json!({
                    "id": text(), "namespace": text(), "flowId": text(), "flowRevision": number(), "tenantId": text(),
                    "taskRunList": list(reference("TaskRun")), "inputs": map(), "outputs": map(),
                    "labels": list(reference("Label")), "variables": map(), "state": reference("State"), "parentId": text(),
                    "originalId": text(), "trigger": map(), "scheduleDate": date(), "url": text(), "metadata": map(),
                }),
            ),
        ),
        (
            "InputsValidation",
            object(
                &["id", "namespace", "inputs"],
                json!({
                    "id": text(), "namespace": text(), "inputs": list(map()), "checks": list(map()),
                }),
            ),
        ),
        ("Evaluation", object(&[], json!({"result": text(), "error": text(), "stackTrace": text()}))),
        ("FileMetas", object(&["size"], json!({"size": number()}))),
        (
            "FilePreview",
            object(
                &["extension", "type", "truncated"],
                json!({
                    "extension": text(), "type": {"type": "string", "enum": ["LIST", "TEXT", "MARKDOWN", "IMAGE", "PDF"]},
                    "content": {}, "maxLine": number(), "truncated": flag(),
                }),
            ),
        ),
        (
            "LogEntry",
            object(
                &["namespace", "flowId", "executionId", "timestamp", "level", "message"],
                json!({
                    "namespace": text(), "flowId": text(), "executionId": text(), "taskId": text(), "taskRunId": text(),
                    "attemptNumber": number(), "timestamp": date(), "level": text(), "message": text(),
                }),
            ),
        ),
        (
            "Metric",
            object(
                &["executionId", "taskId", "taskRunId", "name", "type", "value"],
                json!({
                    "executionId": text(), "taskId": text(), "taskRunId": text(), "name": text(), "type": text(),
                    "value": {"type": "number"}, "timestamp": date(), "tags": map(),
                }),
            ),
        ),
        (
            "MetricAggregation",
            object(&["groupBy", "aggregations"], json!({"groupBy": text(), "aggregations": list(map())})),
        ),
        (
            "Trigger",
            object(
                &["namespace", "flowId", "triggerId", "disabled"],
                json!({
                    "namespace": text(), "flowId": text(), "triggerId": text(), "date": date(), "nextExecutionDate": date(),
                    "disabled": flag(), "executionId": text(), "updatedDate": date(), "backfill": map(),
                }),
            ),
        ),
        (
            "TriggerHit",
            object(
                &["triggerContext"],
                json!({"abstractTrigger": map(), "triggerContext": reference("Trigger")}),
            ),
        ),
        (
            "Backfill",
            object(
                &["id", "namespace", "flowId", "triggerId", "start", "end", "state", "total"],
                json!({
                    "id": text(), "namespace": text(), "flowId": text(), "triggerId": text(), "start": date(), "end": date(),
                    "inputs": map(), "labels": list(reference("Label")), "mode": text(), "maxActive": number(),
                    "state": {"type": "string", "enum": ["RUNNING", "PAUSED", "FINISHED", "CANCELLED", "REFUSED"]},
                    "message": text(), "total": number(), "next": {"type": ["string", "null"], "format": "date-time"},
                    "active": list(map()), "ended": map(), "created": date(), "updated": date(),
                }),
            ),
        ),
        (
            "BackfillPreview",
            object(
                &["slots", "total", "timezone"],
                json!({
                    "slots": list(object(&["date", "run"], json!({"date": date(), "run": flag(), "execution": {"type": ["object", "null"]}}))),
                    "total": number(), "timezone": text(),
                }),
            ),
        ),
        (
            "KvKey",
            object(
                &["key", "creationDate", "updateDate"],
                json!({
                    "namespace": text(), "key": text(), "creationDate": date(), "updateDate": date(), "expirationDate": date(),
                    "description": text(),
                }),
            ),
        ),
        ("KvValue", object(&["type", "value"], json!({"type": text(), "value": {}, "updated": date()}))),
        ("Keys", object(&["keys"], json!({"keys": list(text())}))),
        ("Namespace", object(&["id", "disabled"], json!({"id": text(), "disabled": flag()}))),
        (
            "NamespaceFile",
            object(
                &["type", "size", "fileName"],
                json!({
                    "type": {"type": "string", "enum": ["File", "Directory"]}, "size": number(), "fileName": text(),
                    "lastModifiedTime": number(), "creationTime": number(),
                }),
            ),
        ),
        (
            "Plugin",
            object(
                &["name", "title", "tasks"],
                json!({"name": text(), "title": text(), "tasks": list(text())}),
            ),
        ),
        ("PluginDoc", object(&["markdown", "schema"], json!({"markdown": text(), "schema": map()}))),
        ("Configs", object(&["version"], json!({"version": text(), "url": text()}))),
        ("SecretKey", object(&["key"], json!({"key": text()}))),
        ("Health", object(&["status"], json!({"status": text()}))),
    ]
}

fn requests() -> Vec<(&'static str, Json)> {
    let text = || json!({"type": "string"});
    let flag = || json!({"type": "boolean"});
    let list = |items: Json| json!({"type": "array", "items": items});
    vec![
        ("FlowId", object(&["id", "namespace"], json!({"id": text(), "namespace": text()}))),
        ("TaskState", object(&["taskRunId", "state"], json!({"taskRunId": text(), "state": text()}))),
        (
            "LabelsByIds",
            object(
                &["executionsId", "executionLabels"],
                json!({
                    "executionsId": list(text()), "executionLabels": list(reference("Label")),
                }),
            ),
        ),
        (
            "TriggerKey",
            object(
                &["namespace", "flowId", "triggerId"],
                json!({
                    "namespace": text(), "flowId": text(), "triggerId": text(),
                }),
            ),
        ),
        (
            "TriggerUpdate",
            object(
                &["namespace", "flowId", "triggerId"],
                json!({
                    "namespace": text(), "flowId": text(), "triggerId": text(), "disabled": flag(),
                    "backfill": {"type": "object", "required": ["start"], "properties": {
                        "start": {"type": "string", "format": "date-time"}, "end": {"type": "string", "format": "date-time"},
                        "inputs": {"type": "object"}, "labels": list(reference("Label")),
                    }},
                }),
            ),
        ),
        (
            "SetDisabled",
            object(
                &["triggers", "disabled"],
                json!({
                    "triggers": list(reference("TriggerKey")), "disabled": flag(),
                }),
            ),
        ),
        (
            "BackfillRequest",
            json!({
                "type": "object",
                "required": ["namespace", "flowId", "start"],
                "additionalProperties": false,
                "properties": {
                    "id": text(), "namespace": text(), "flowId": text(), "triggerId": text(), "start": text(), "end": text(),
                    "inputs": {"type": "object"}, "labels": {},
                    "mode": {"type": "string", "enum": ["MISSING", "FAILED", "ALL"]},
                    "maxActive": {"type": "integer", "minimum": 1},
                },
            }),
        ),
    ]
}
