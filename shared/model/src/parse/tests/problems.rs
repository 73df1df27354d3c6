//! The problems that the parser reports.

use super::*;
use crate::diagnostic::codes;
use crate::retry::RetryDelay;
use jiff::SignedDuration;
use std::collections::BTreeSet;

#[test]
fn every_problem_is_told_at_once() {
    insta::assert_snapshot!(told(r#"
id: -bad
namespace: Upper.Case
lables: {a: b}
labels: {system.mine: 1, list: [1]}
inputs:
  - {id: a, type: STRNG}
  - {id: b, type: INT, min: high, itemtype: INT}
  - {id: c, type: ARRAY}
tasks:
  - id: one
    type: io.kestra.plugin.core.log.Lgo
  - id: two
    type: io.kestra.plugin.core.log.Log
    mesage: hello
    level: INF
    disabled: maybe
    timeout: 10s
  - id: three
    type: io.kestra.plugin.core.flow.Sequential
    taks: []
  - type: io.kestra.plugin.core.log.Log
    message: {a: b}
  - just text
triggers:
  - {id: t, type: io.kestra.plugin.core.trigger.Schedule, cron: "61 * * * *", timezon: UTC}
concurrency: {limit: 0, behavior: WAIT}
retry: {type: constant, interval: PT10S, maxDuration: PT5S, maxAttempts: 0}
"#), @r#"
    2:5: error[SEG0205]: the id of the flow is invalid: '-bad'
        hint: use letters, digits and '.' '_' '-', and start with a letter or digit
    3:12: error[SEG0206]: the namespace of the flow is invalid: 'Upper.Case'
        hint: use lower-case letters, digits and '.' '_' '-', and start with a letter or digit
    4:1: error[SEG0201]: Unrecognized field 'lables' in the flow
        hint: did you mean 'labels'?
    5:10: error[SEG0209]: System labels can only be set by Segue itself: 'system.mine'
        hint: choose a key that does not start with 'system.'
    5:32: error[SEG0209]: a label of the flow: the value of 'list' must be a text, a number or a boolean, not a list
    7:19: error[SEG0204]: 'type' of input 'a' must be one of STRING, INT, FLOAT, BOOLEAN, BOOL, SELECT, ENUM, MULTISELECT, ARRAY, DATETIME, DATE, TIME, DURATION, FILE, JSON, YAML, URI, SECRET, EMAIL, not 'STRNG'
        hint: did you mean 'STRING'?
    8:29: error[SEG0203]: 'min' of input 'b' must be a whole number, not a text
    8:35: error[SEG0201]: Unrecognized field 'itemtype' in input 'b'
    9:5: error[SEG0202]: input 'c' lacks the required property 'itemType'
    12:11: error[SEG0210]: Invalid type: io.kestra.plugin.core.log.Lgo
        hint: did you mean 'io.kestra.plugin.core.log.Log'?
    13:5: error[SEG0202]: task 'two' lacks the required property 'message'
    15:5: error[SEG0212]: No property 'mesage' exists in plugin 'io.kestra.plugin.core.log.Log'
        hint: did you mean 'message'?
    16:12: error[SEG0204]: 'level' of task 'two' must be one of DEBUG, INFO, WARN, not 'INF'
        hint: did you mean 'INFO'?
    17:15: error[SEG0203]: 'disabled' of task 'two' must be true or false, not a text
    18:14: error[SEG0207]: 'timeout' of task 'two': '10s' is not an ISO-8601 duration such as PT10S or P1D: it does not start with P
    19:5: error[SEG0202]: task 'three' lacks the required property 'tasks'
    21:5: error[SEG0201]: Unrecognized field 'taks' in task 'three'
        hint: did you mean 'tasks'?
    22:5: error[SEG0202]: a task lacks the required property 'id'
    23:14: error[SEG0203]: 'message' of a task must be a text, not a map
    24:5: error[SEG0203]: a task must be a map, not a text
    26:65: error[SEG0315]: invalid cron expression '61 * * * *': Component error: Number out of bounds.
        hint: write five fields: minute, hour, day of month, month, day of week; with 'withSeconds: true' also seconds, first
    26:79: error[SEG0212]: No property 'timezon' exists in plugin 'io.kestra.plugin.core.trigger.Schedule'
        hint: did you mean 'timezone'?
    27:22: error[SEG0208]: 'limit' of 'concurrency' of the flow must be at least 1, not 0
    27:35: error[SEG0204]: 'behavior' of 'concurrency' of the flow must be one of QUEUE, CANCEL, FAIL, not 'WAIT'
    28:55: error[SEG0314]: the retry of the flow: 'interval' (PT10S) must be less than 'maxDuration' (PT5S)
        hint: make 'maxDuration' longer, or delete it if it is optional
    28:74: error[SEG0208]: 'maxAttempts' of the retry of the flow must be at least 1, not 0
    "#);
}

#[test]
fn rules_between_parts() {
    insta::assert_snapshot!(told(r#"
id: f
namespace: n
inputs:
  - {id: my-in, type: STRING}
  - {id: my-in, type: STRING, dependsOn: {inputs: [other]}}
  - {id: a, type: STRING, dependsOn: {inputs: [b]}, defaults: x, prefill: y}
  - {id: b, type: SELECT, dependsOn: {inputs: [a]}}
tasks:
  - {id: log, type: io.kestra.plugin.core.log.Log, message: "{{ inputs.my-in }}"}
  - {id: log, type: io.kestra.plugin.core.log.Log, message: x}
  - {id: sub, type: io.kestra.plugin.core.flow.Subflow, namespace: n, flowId: f}
  - {id: sw, type: io.kestra.plugin.core.flow.Switch, value: "{{ 1 }}"}
  - {id: empty, type: io.kestra.plugin.core.flow.Parallel, tasks: []}
  - id: dag
    type: io.kestra.plugin.core.flow.Dag
    tasks:
      - task: {id: d1, type: io.kestra.plugin.core.log.Log, message: x}
        dependsOn: [d2]
      - task: {id: d2, type: io.kestra.plugin.core.log.Log, message: x}
        dependsOn: [d1, d33]
      - task: {id: d3, type: io.kestra.plugin.core.log.Log, message: x}
  - id: wd
    type: io.kestra.plugin.core.flow.WorkingDirectory
    tasks: [{id: s, type: io.kestra.plugin.core.flow.Pause}, {id: z, type: io.kestra.plugin.core.flow.Sleep, duration: PT1S}]
outputs:
  - {id: o, type: STRING, value: x}
  - {id: o, type: STRING, value: x}
triggers:
  - {id: t, type: io.kestra.plugin.core.trigger.Flow}
  - {id: zoned, type: io.kestra.plugin.core.trigger.Schedule, cron: "@daily", timezone: Mars/Olympus}
"#), @r#"
    6:10: error[SEG0303]: Duplicate input id with name [my-in]
        hint: rename one of the two; the first is in line 5
    6:52: error[SEG0306]: input 'my-in' depends on an unknown input 'other'
    7:47: error[SEG0307]: inputs depend on each other in a circle: a -> b -> a
        hint: remove one of them from 'dependsOn'
    7:75: error[SEG0316]: input 'a': 'defaults' and 'prefill' exclude each other
        hint: keep one of the two
    8:19: error[SEG0316]: input 'b': there are no values to choose from
        hint: add 'values' or 'expression'
    10:61: error[SEG0313]: 'inputs.my-in' is read as a subtraction
        hint: write inputs['my-in']
    11:10: error[SEG0301]: Duplicate task id with name [log]
        hint: rename one of the two; the first is in line 10
    12:79: error[SEG0305]: Recursive call to flow [n.f]
        hint: call another flow, or loop with ForEach or LoopUntil
    13:5: error[SEG0310]: the Switch 'sw' has neither cases nor defaults
        hint: add 'cases' or 'defaults'
    14:67: error[SEG0311]: 'tasks' of task 'empty' must not be empty
        hint: add at least one task
    19:20: error[SEG0309]: tasks of the Dag 'dag' wait for each other: d1 -> d2 -> d1
        hint: remove one of them from 'dependsOn'
    21:25: error[SEG0308]: task 'd2' depends on 'd33', which is not a task of the Dag 'dag'
        hint: did you mean 'd3'?
    25:27: error[SEG0312]: Only runnable tasks are allowed as children of a WorkingDirectory: 's' in 'wd' is not
        hint: put the WorkingDirectory inside the flowable task
    28:10: error[SEG0304]: Duplicate output id with name [o]
        hint: rename one of the two; the first is in line 27
    30:5: warning[SEG0317]: trigger 't' fires for every execution of every other flow
        hint: add 'preconditions' or 'conditions'
    31:89: error[SEG0318]: trigger 'zoned' has an unknown time zone: 'Mars/Olympus'
        hint: use a name from the IANA database, such as Europe/Paris or UTC
    "#);
}

#[test]
fn plugin_properties_are_checked_leniently() {
    let good = with_tasks(
        "  - {id: a, type: io.kestra.plugin.gcp.bigquery.Query, sql: 5, store: '{{ x }}', timeoutMillis: '7', scopes: '{{ y }}'}
  - {id: b, type: io.kestra.plugin.core.debug.Any, whatever: [1], it: {is: true}}
  - {id: c, type: io.kestra.plugin.core.log.Log, message: [a, 1], level: info}
",
    );
    assert_eq!(told(&good), "");
    insta::assert_snapshot!(told(&with_tasks(
        "  - {id: a, type: io.kestra.plugin.gcp.bigquery.Query, store: maybe, priority: BATHC, timeoutMs: 1.5, scopes: x, options: {dept: 1, depth: a}}
",
    )), @r#"
    4:5: error[SEG0202]: task 'a' lacks the required property 'sql'
    4:63: error[SEG0203]: 'store' of task 'a' must be true or false, not a text
    4:80: error[SEG0204]: 'priority' of task 'a' must be one of BATCH, INTERACTIVE, not 'BATHC'
        hint: did you mean 'BATCH'?
    4:98: error[SEG0203]: 'timeoutMs' of task 'a' must be a whole number, not a fraction
    4:111: error[SEG0203]: 'scopes' of task 'a' must be a list, not a text
    4:124: error[SEG0201]: Unrecognized field 'dept' in 'options' of task 'a'
        hint: did you mean 'depth'?
    4:140: error[SEG0203]: 'depth' in 'options' of task 'a' must be a whole number, not a text
    "#);
}

#[test]
fn retries_of_all_kinds() {
    let source = with_tasks(
        "  - {id: a, type: io.kestra.plugin.core.log.Log, message: x, retry: {type: exponential, interval: PT1S, maxInterval: PT10S, delayFactor: 3, maxDuration: PT1M, warningOnRetry: true}}
  - {id: b, type: io.kestra.plugin.core.log.Log, message: x, retry: {type: random, minInterval: PT1S, maxInterval: PT10S, maxAttempts: 5, behavior: CREATE_NEW_EXECUTION}}
",
    );
    let flow = flow(&source);
    assert_eq!(
        flow.tasks[0].retry.as_ref().unwrap().delay,
        RetryDelay::Exponential {
            interval: SignedDuration::from_secs(1),
            max_interval: SignedDuration::from_secs(10),
            delay_factor: 3.0
        }
    );
    insta::assert_snapshot!(told(&with_tasks(
        "  - {id: a, type: io.kestra.plugin.core.log.Log, message: x, retry: {type: exponential, interval: PT10S, maxInterval: PT10S}}
  - {id: b, type: io.kestra.plugin.core.log.Log, message: x, retry: {type: random, minInterval: PT1S, maxAttempts: two}}
  - {id: c, type: io.kestra.plugin.core.log.Log, message: x, retry: {type: linear, interval: PT1S, attempts: 2}}
",
    )), @r#"
    4:119: error[SEG0314]: the retry of task 'a': 'interval' (PT10S) must be less than 'maxInterval' (PT10S)
        hint: make 'maxInterval' longer, or delete it if it is optional
    5:69: error[SEG0202]: the retry of task 'b' lacks the required property 'maxInterval'
    5:116: error[SEG0203]: 'maxAttempts' of the retry of task 'b' must be a whole number, not a text
    6:76: error[SEG0204]: 'type' of the retry of task 'c' must be one of constant, exponential, random, not 'linear'
    6:100: error[SEG0201]: Unrecognized field 'attempts' in the retry of task 'c'
    "#);
}

/// The sections of a page in `docs/errors/`, in this order.
const SECTIONS: [&str; 5] =
    ["What happened", "Why", "What to do", "An example that fails", "An example that works"];

#[test]
fn each_page_has_the_same_sections() {
    for (code, title) in codes::ALL {
        let page = page(code);
        assert!(
            page.starts_with(&format!("# {code}\n\n{title}\n\n## ")),
            "{code} does not begin with its title"
        );
        let sections: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        assert_eq!(sections, SECTIONS, "{code}");
    }
}

#[test]
fn each_page_has_an_example_that_fails_and_one_that_works() {
    // The engine checks expressions. The tests of the engine read the pages of the SEG04 codes.
    for (code, _) in codes::ALL.iter().filter(|(code, _)| !code.starts_with("SEG04")) {
        let page = page(code);
        let example = |section: &str| {
            let (_, rest) = page.split_once(&format!("## {section}\n\n```yaml\n")).unwrap();
            parse_flow(rest.split_once("```").unwrap().0, &catalog())
        };
        let fails = example("An example that fails").diagnostics;
        let found: BTreeSet<&str> = fails.iter().map(|problem| problem.code.as_str()).collect();
        assert_eq!(found, BTreeSet::from([*code]), "{fails:#?}");
        let works = example("An example that works");
        assert_eq!(works.diagnostics, [], "{code}");
        assert!(works.flow.is_some(), "{code}");
    }
}

fn page(code: &str) -> String {
    let path = format!("{}/../../docs/errors/{code}.md", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap()
}
