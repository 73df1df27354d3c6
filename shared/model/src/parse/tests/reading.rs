//! Tests that correct documents are read completely.

use super::*;
use crate::diagnostic::{Position, codes};
use crate::parse::{PluginDefault, parse_flow_with_defaults, parse_flows};
use crate::task::{FlowableKind, TaskKind};
use crate::templates::templates;

#[test]
fn a_flow_is_read_whole() {
    let flow = flow(&format!(
        r#"
id: 02_taxi-flow
namespace: zoomcamp.de
revision: 7
description: |
  ```mermaid
  graph TD; a --> b
  ```
labels: {{team: data, year: 2024, ok: true, version: 1.10}}
variables:
  file: "{{{{inputs.taxi}}}}.csv"
inputs:
  - {{id: taxi, type: SELECT, values: [yellow, green], defaults: yellow, displayName: Taxi}}
  - {{name: months, type: ARRAY, itemType: INT, required: false}}
tasks:
{LOG}
  - id: each
    type: io.kestra.plugin.core.flow.ForEach
    values: [1, 2]
    concurrencyLimit: 0
    retry: {{type: constant, interval: PT1S, maxAttempt: 3}}
    tasks:
      - {{id: inner, type: io.kestra.plugin.core.log.Log, message: "{{{{ taskrun.value }}}}"}}
    errors:
      - {{id: broken, type: io.kestra.plugin.core.log.Log, message: no}}
errors:
  - {{id: oops, type: io.kestra.plugin.core.log.Log, message: no}}
outputs:
  - {{id: out, type: STRING, value: "{{{{ inputs.taxi }}}}"}}
triggers:
  - id: monthly
    type: io.kestra.plugin.core.trigger.Schedule
    cron: "0 9 1 * *"
    when: "{{{{ trigger.date | date('d') == '1' }}}}"
    stopAfter: [FAILED]
concurrency: {{limit: 1, behavior: CANCEL}}
sla:
  - {{id: quick, type: MAX_DURATION, duration: PT1H, behavior: FAIL, labels: {{late: true}}}}
checks:
  - {{condition: "{{{{ true }}}}", message: hello}}
"#
    ));
    assert_eq!(flow.id, "02_taxi-flow");
    assert_eq!(flow.revision, 1);
    let labels: Vec<String> =
        flow.labels.iter().map(|label| format!("{}={}", label.key, label.value)).collect();
    assert_eq!(labels, ["team=data", "year=2024", "ok=true", "version=1.10"]);
    assert_eq!(flow.inputs[1].id, "months");
    let each = flow.task("each").unwrap();
    assert_eq!(each.retry.as_ref().unwrap().max_attempts, Some(3));
    let TaskKind::Flowable(flowable) = &each.kind else { panic!("{each:?}") };
    let FlowableKind::ForEach(values) = &flowable.kind else { panic!("{flowable:?}") };
    assert_eq!((values.concurrency_limit, values.as_loop.is_some(), values.tasks.len()), (0, false, 1));
    assert_eq!(flowable.errors[0].id, "broken");
    assert_eq!(flow.task("broken").unwrap().id, "broken");
    assert_eq!(
        flow.triggers[0].conditions,
        [json!({
            "type": "io.kestra.plugin.core.condition.Expression",
            "expression": "{{ trigger.date | date('d') == '1' }}"
        })]
    );
    assert_eq!(flow.triggers[0].properties, *json!({"cron": "0 9 1 * *"}).as_object().unwrap());
    assert_eq!(flow.concurrency.unwrap().limit, 1);
    assert_eq!(flow.sla[0].labels[0].value, "true");
}

#[test]
fn what_kestra_has_removed_is_refused_with_what_to_write_instead() {
    let source = with_tasks(
        "  - {id: a, type: io.kestra.core.tasks.flows.Template, namespace: n, templateId: t}\nlisteners: [{}]\n",
    );
    insta::assert_snapshot!(told(&source), @r#"
    4:19: error[SEG0210]: Invalid type: io.kestra.core.tasks.flows.Template: Segue has no templates, which Kestra has removed too
        hint: move its tasks to a flow, and call that flow with a Subflow task
    5:12: error[SEG0201]: 'listeners' of the flow would have no effect: Segue has no listeners
        hint: write the tasks under 'errors' or 'afterExecution', or in a flow with a Flow trigger
    "#);
}

#[test]
fn what_kestra_1_accepts_is_accepted_with_a_note() {
    let source = "id: pause\nnamespace: n\ntasks: [{id: a, type: io.kestra.plugin.core.log.Log, message: x}]\noutputs: [{id: list, type: ARRAY, value: '[1]'}]\n";
    insta::assert_snapshot!(told(source), @r#"
    1:5: note[SEG0215]: the flow id 'pause' is also an action of the API, so the address that runs flows is taken
        hint: choose another id, or run the flow at /executions/trigger/NAMESPACE/pause
    4:28: note[SEG0214]: output 'list' has no 'itemType', so its elements become texts
        hint: add 'itemType: STRING'
    "#);
    assert!(parse_flow(source, &catalog()).flow.is_some());
}

#[test]
fn an_older_name_is_not_suggested() {
    let told = told(&with_tasks("  - {id: a, type: Log, message: x}\n"));
    assert!(told.contains("did you mean 'io.kestra.plugin.core.log.Log'?"), "{told}");
}

#[test]
fn older_spellings_are_read_with_a_note() {
    let source = with_tasks(
        "  - {id: a, type: io.kestra.core.tasks.log.Log, message: hi}
  - {id: b, type: io.kestra.plugin.core.flow.WaitFor, condition: '{{ true }}', tasks: [{id: c, type: io.kestra.plugin.core.log.Log, message: x}]}
  - {id: d, type: io.kestra.plugin.core.flow.Pause, delay: PT1S}
  - {id: e, type: io.kestra.plugin.core.flow.Loop, values: [1], tasks: [{id: g, type: io.kestra.plugin.core.log.Log, message: x}]}
taskDefaults: []
",
    );
    let parsed = parse_flow(&source, &catalog());
    insta::assert_snapshot!(told(&source), @r#"
    4:19: note[SEG0211]: 'io.kestra.core.tasks.log.Log' is an older name of 'io.kestra.plugin.core.log.Log'
        hint: use 'io.kestra.plugin.core.log.Log'
    5:19: note[SEG0211]: 'io.kestra.plugin.core.flow.WaitFor' is an older name of 'io.kestra.plugin.core.flow.LoopUntil'
        hint: use 'io.kestra.plugin.core.flow.LoopUntil'
    "#);
    let flow = parsed.flow.unwrap();
    assert_eq!(flow.tasks[0].type_name, "io.kestra.plugin.core.log.Log");
    assert_eq!(flow.tasks[1].type_name, "io.kestra.plugin.core.flow.LoopUntil");
    assert_eq!(flow.tasks[3].type_name, "io.kestra.plugin.core.flow.Loop");
    let TaskKind::Flowable(pause) = &flow.tasks[2].kind else { panic!() };
    let FlowableKind::Pause(pause) = &pause.kind else { panic!() };
    assert_eq!(pause.duration.as_deref(), Some("PT1S"));
}

#[test]
fn defaults_fill_what_is_missing() {
    let source = r#"
id: f
namespace: n
tasks:
  - id: q
    type: io.kestra.plugin.gcp.bigquery.Query
    sql: SELECT 1
    scopes: [own]
    options: {depth: 1}
    projectId: null
  - {id: log, type: io.kestra.core.tasks.log.Log, message: hi, level: DEBUG}
pluginDefaults:
  - type: io.kestra.plugin.gcp
    values: {projectId: p, location: eu, scopes: [shared], options: {depth: 2, mode: fast}}
  - type: io.kestra.plugin.gcp.bigquery.Query
    values: {projectId: later, store: true}
  - type: io.kestra.plugin.core.log.Log
    forced: true
    values: {level: WARN}
"#;
    let flow = flow(source);
    let TaskKind::Plugin { properties } = &flow.tasks[0].kind else { panic!() };
    assert_eq!(
        json!(properties),
        json!({
            "sql": "SELECT 1", "scopes": ["shared", "own"], "options": {"depth": 1, "mode": "fast"},
            "projectId": "p", "store": true
        })
    );
    let TaskKind::Plugin { properties } = &flow.tasks[1].kind else { panic!() };
    assert_eq!(properties["level"], "WARN");
    insta::assert_snapshot!(told(source), @r#"
    11:21: note[SEG0211]: 'io.kestra.core.tasks.log.Log' is an older name of 'io.kestra.plugin.core.log.Log'
        hint: use 'io.kestra.plugin.core.log.Log'
    14:28: note[SEG0213]: 'location' from plugin defaults is ignored: no such property in plugin 'io.kestra.plugin.gcp.bigquery.Query'
    "#);
}

#[test]
fn server_defaults_come_behind_the_flows_own() {
    let source = with_tasks(
        "  - {id: q, type: io.kestra.plugin.gcp.bigquery.Query, sql: x}\npluginDefaults:\n  - {type: io.kestra.plugin.gcp, values: {projectId: mine}}\n",
    );
    let server = [
        PluginDefault {
            type_name: "io.kestra.plugin.gcp".to_owned(),
            forced: false,
            values: json!({"projectId": "server", "store": true}).as_object().unwrap().clone(),
        },
        PluginDefault {
            type_name: "io.kestra.plugin.gcp".to_owned(),
            forced: true,
            values: json!({"sql": "forced"}).as_object().unwrap().clone(),
        },
    ];
    let flow = parse_flow_with_defaults(&source, &catalog(), &server).flow.unwrap();
    let TaskKind::Plugin { properties } = &flow.tasks[0].kind else { panic!() };
    assert_eq!(json!(properties), json!({"sql": "forced", "projectId": "mine", "store": true}));
}

#[test]
fn conditions_get_canonical_types_inside_each_other() {
    let flow = flow(&format!(
        "id: f\nnamespace: n\ntasks:\n{LOG}triggers:
  - id: t
    type: io.kestra.core.models.triggers.types.Flow
    conditions:
      - type: io.kestra.plugin.core.condition.Not
        conditions:
          - {{type: io.kestra.core.models.conditions.types.ExecutionStatusCondition, in: [FAILED]}}
"
    ));
    assert_eq!(
        flow.triggers[0].conditions[0]["conditions"][0],
        json!({"type": "io.kestra.plugin.core.condition.ExecutionStatus", "in": ["FAILED"]})
    );
}

#[test]
fn documents_of_a_file_are_read_apart() {
    let source =
        format!("id: a\nnamespace: n\ntasks:\n{LOG}---\nid: [\n---\nid: c\nnamespace: n\ntsaks: []\n");
    let all = parse_flows(&source, &catalog());
    assert_eq!(all.len(), 3);
    assert_eq!(all[0].flow.as_ref().unwrap().id, "a");
    assert!(all[1].flow.is_none() && all[1].diagnostics[0].code == codes::YAML_SYNTAX);
    assert_eq!(all[2].diagnostics[0].position, Position { line: 8, column: 1 });
    assert_eq!(all[2].checkable().unwrap().id, "c");
    insta::assert_snapshot!(told(&source), @r#"
    6:1: error[SEG0106]: a second document starts here, but one flow is expected
        hint: put each flow into a file of its own
    "#);
    insta::assert_snapshot!(told("# nothing\n"), @r#"
    1:1: error[SEG0106]: the file contains no flow
        hint: a flow has at least 'id', 'namespace' and 'tasks'
    "#);
    insta::assert_snapshot!(told("- a\n- b\n"), @r#"1:1: error[SEG0106]: a flow is a map with 'id', 'namespace' and 'tasks', not a list"#);
}

#[test]
fn templates_have_positions() {
    let source = "id: f
namespace: n
variables:
  a/b: [\"{{ 1 }}\"]
tasks:
  - id: if
    type: io.kestra.plugin.core.flow.If
    condition: \"{{ inputs.x }}\"
    then:
      - id: log
        type: io.kestra.plugin.core.log.Log
        message: |
          hello
          {{ vars.y }}
    else:
      - {id: p, type: io.kestra.plugin.core.flow.Pause, delay: \"{{ 2 }}\"}
triggers:
  - id: t
    type: io.kestra.plugin.core.trigger.Webhook
    key: k
    labels: [{key: a, value: \"{{ 3 }}\"}]
";
    let parsed = parse_flow(source, &catalog());
    let flow = parsed.flow.as_ref().unwrap();
    let found: Vec<String> = templates(flow)
        .into_iter()
        .map(|at| {
            let position = parsed.positions.of(&at.path);
            format!("{}:{} {} {}", position.line, position.column, at.path, at.task_id.unwrap_or_default())
        })
        .collect();
    insta::assert_snapshot!(found.join("\n"), @r#"
    4:9 /variables/a~1b/0 
    8:16 /tasks/0/condition if
    13:11 /tasks/0/then/0/message log
    16:64 /tasks/0/else/0/pauseDuration p
    21:14 /triggers/0/labels/a
    "#);
    assert_eq!(parsed.positions.task("log"), Some(Position { line: 10, column: 9 }));
    assert_eq!(parsed.positions.task_property("log", "type").unwrap().line, 11);
    assert_eq!(parsed.positions.exact("/tasks/0/nothing"), None);
    assert_eq!(parsed.positions.of("/tasks/0/nothing").line, 6);
}

#[test]
fn a_document_is_shown_as_it_is_written() {
    let source = "id: a\nnamespace: b\npluginDefaults:\n- {type: io.x, values: {k: v}}\ntasks:\n- {id: t, type: io.x}\n";
    let shown = crate::parse::flow_document(source).unwrap();
    assert_eq!(shown.keys().collect::<Vec<_>>(), ["id", "namespace", "pluginDefaults", "tasks"]);
    assert_eq!(shown["tasks"], serde_json::json!([{"id": "t", "type": "io.x"}]));
    assert_eq!(crate::parse::flow_document("- 1"), None);
    assert_eq!(crate::parse::flow_document("a: [1"), None);
}

#[test]
fn the_second_dialect_is_read() {
    let parsed = parse_flow(
        r#"
id: f
namespace: n
checks: [{when: "{{ inputs.a }}", message: no}]
tasks:
  - {id: a, type: io.kestra.plugin.core.log.Log, message: x, when: "{{ inputs.a }}", pluginDefaultsRef: d}
  - id: each
    type: io.kestra.plugin.core.flow.Loop
    values: {dev: 1, prod: 2}
    transmitFailed: false
    fetchType: AUTO
    outputs: [{id: o, type: INT, value: "{{ item.value }}"}]
    tasks: [{id: b, type: io.kestra.plugin.core.log.Log, message: x}]
"#,
        &catalog(),
    );
    assert!(!parsed.has_errors(), "{:#?}", parsed.diagnostics);
    let flow = parsed.flow.unwrap();
    assert_eq!(flow.checks[0].condition, "{{ inputs.a }}");
    assert_eq!(flow.tasks[0].run_if.as_deref(), Some("{{ inputs.a }}"));
    let TaskKind::Flowable(flowable) = &flow.tasks[1].kind else { panic!("not a flowable") };
    let FlowableKind::ForEach(each) = &flowable.kind else { panic!("not a loop") };
    let options = each.as_loop.as_ref().unwrap();
    assert_eq!(each.values, serde_json::json!({"dev": 1, "prod": 2}));
    assert!(!options.transmit_failed);
    assert_eq!(options.outputs[0].id, "o");
}
