use super::*;
use segue_model::parse::{parse_flow, parse_suites};
use std::sync::OnceLock;

fn catalog() -> &'static Catalog {
    static CATALOG: OnceLock<Catalog> = OnceLock::new();
    CATALOG.get_or_init(|| segue_catalog::catalog().unwrap())
}

fn flow(source: &str) -> Flow {
    let parsed = parse_flow(source, catalog());
    parsed.flow.unwrap_or_else(|| panic!("{:?}\n{source}", parsed.diagnostics))
}

/// Runs one test case on a flow. Both are written without their heads.
fn run_with(tasks: &str, case: &str, others: &[Flow]) -> Verdict {
    let subject = flow(&format!("id: f\nnamespace: company.team\n{tasks}"));
    let indented = case.replace('\n', "\n    ");
    let source =
        format!("id: s\nnamespace: company.team\nflowId: f\ntestCases:\n  - id: c\n    {indented}\n");
    let parsed = parse_suites(&source).remove(0);
    let suite = parsed.suite.unwrap_or_else(|| panic!("{:?}\n{source}", parsed.diagnostics));
    let files = suite.cases[0].fixtures.files.iter().map(|(name, file)| match file {
        segue_model::suite::FileFixture::Text(text) => (name.clone(), text.clone()),
        segue_model::suite::FileFixture::Path(path) => panic!("{path}"),
    });
    let subject =
        Subject { flow: &subject, others, catalog: catalog(), renderer: &segue_template::Renderer::new() };
    run_case(&subject, &suite.cases[0], &files.collect())
}

fn run(tasks: &str, case: &str) -> Verdict {
    run_with(tasks, case, &[])
}

fn passes(tasks: &str, case: &str) {
    let verdict = run(tasks, case);
    assert_eq!(verdict, Verdict::Success, "{tasks}\n{case}");
}

fn messages(verdict: Verdict) -> Vec<String> {
    match verdict {
        Verdict::Failed { failures: found } | Verdict::Error { errors: found } => {
            found.into_iter().map(|failure| failure.message).collect()
        }
        other => panic!("{other:?}"),
    }
}

const ETL: &str = r#"
inputs: [{id: name, type: STRING, defaults: world}]
tasks:
  - id: extract
    type: io.kestra.plugin.core.http.Download
    uri: "https://example.com/{{ inputs.name }}.json"
  - id: upper
    type: io.kestra.plugin.core.debug.Return
    format: "{{ read(outputs.extract.uri) | upper }}"
  - id: load
    type: io.kestra.plugin.core.http.Request
    uri: "{{ kv('URL') }}"
    method: POST
    headers: {authorization: "{{ secret('TOKEN') }}"}
    body: "{{ outputs.upper.value }}"
"#;

const MOCKED: &str = r#"fixtures:
  inputs: {name: Ada}
  files: {data.txt: hello}
  kv: {URL: "https://example.com/load"}
  secrets: {TOKEN: t0ken}
  tasks:
    - {id: extract, outputs: {uri: "{{ files['data.txt'] }}"}}
    - {id: load, outputs: {code: 201}}
"#;

#[test]
fn fixtures_stand_for_tasks_and_inline_tasks_run() {
    passes(
        ETL,
        &format!(
            "{MOCKED}assertions:
  - {{value: '{{{{ outputs.upper.value }}}}', equalTo: HELLO, startsWith: HE, endsWith: LO, contains: ELL}}
  - {{value: '{{{{ outputs.load.code }}}}', equalTo: 201, greaterThan: 200, lessThanOrEqualTo: 201, in: [200, 201]}}
  - {{value: '{{{{ outputs.none.x }}}}', isNull: true}}
  - {{value: '{{{{ outputs.load }}}}', isNotNull: true, equalTo: {{code: 201}}}}
  - {{taskId: load, value: '{{{{ properties.uri }}}} {{{{ properties.body }}}}', equalTo: 'https://example.com/load HELLO'}}
  - {{taskId: extract, value: '{{{{ properties.uri }}}}', endsWith: Ada.json}}
  - {{state: SUCCESS}}
  - {{taskId: upper, state: SUCCESS, runs: 1}}
  - {{order: [extract, upper, load]}}
  - {{value: '{{{{ taskRuns[2].taskId }}}}', equalTo: load}}"
        ),
    );
}

#[test]
fn a_wrong_assertion_says_what_it_expected_and_where() {
    let verdict = run(
        ETL,
        &format!(
            "{MOCKED}assertions:\n  - {{value: '{{{{ outputs.upper.value }}}}', equalTo: hello, description: d}}"
        ),
    );
    let Verdict::Failed { failures } = verdict else { panic!("{verdict:?}") };
    let failure = &failures[0];
    assert_eq!(failure.message, "expected {{ outputs.upper.value }} to be 'hello', but it is 'HELLO'");
    assert_eq!((failure.operator, failure.position.line), (Some("equalTo"), 15));
    assert_eq!(failure.expected, Some("hello".into()));
    assert_eq!(failure.actual, Some("HELLO".into()));
    assert_eq!(failure.description.as_deref(), Some("d"));
}

#[test]
fn every_operator_can_fail() {
    let tasks = "tasks: [{id: t, type: io.kestra.plugin.core.debug.Return, format: abc}]";
    for check in [
        "equalTo: x",
        "notEqualTo: abc",
        "startsWith: b",
        "endsWith: b",
        "contains: x",
        "greaterThan: 1",
        "lessThan: 1",
        "greaterThanOrEqualTo: 1",
        "lessThanOrEqualTo: 1",
        "in: [a, b]",
        "notIn: [abc]",
        "isNull: true",
        "isNotNull: false",
        "state: FAILED",
        "refused: x",
        "order: [u, t]",
    ] {
        let verdict = run(tasks, &format!("assertions: [{{value: '{{{{ outputs.t.value }}}}', {check}}}]"));
        assert_eq!(messages(verdict).len(), 1, "{check}");
    }
    for check in ["state: FAILED", "state: SKIPPED", "runs: 2", "runs: 0"] {
        let verdict = run(tasks, &format!("assertions: [{{taskId: t, {check}}}]"));
        assert_eq!(messages(verdict).len(), 1, "{check}");
    }
    let verdict = run(tasks, "assertions: [{value: x, equalTo: y, errorMessage: own text}]");
    assert_eq!(messages(verdict), ["own text"]);
}

#[test]
fn a_task_without_a_fixture_is_refused_by_name() {
    let verdict = run(ETL, "fixtures: {tasks: [{id: load}]}\nassertions: [{state: FAILED}]");
    assert!(matches!(verdict, Verdict::Error { .. }));
    let found = messages(verdict);
    assert_eq!(found.len(), 1);
    assert!(found[0].contains("task 'extract' (io.kestra.plugin.core.http.Download)"), "{found:?}");
    let verdict = run(ETL, "fixtures: {tasks: [{id: lood}]}\nassertions: [{state: FAILED}]");
    assert!(messages(verdict)[0].contains("no such task; did you mean 'load'?"));
}

#[test]
fn fixtures_stand_for_inline_tasks_and_flowables_too() {
    let tasks = r#"
tasks:
  - {id: fail, type: io.kestra.plugin.core.execution.Fail}
  - id: call
    type: io.kestra.plugin.core.flow.Subflow
    namespace: other
    flowId: unknown
  - {id: say, type: io.kestra.plugin.core.debug.Return, format: "{{ outputs.fail.value }}{{ outputs.call.outputs.x }}"}
"#;
    passes(
        tasks,
        "fixtures:
  tasks:
    - {id: fail, outputs: {value: a}}
    - {id: call, outputs: {outputs: {x: b}}}
assertions:
  - {value: '{{ outputs.say.value }}', equalTo: ab}
  - {state: SUCCESS}",
    );
    let found = messages(run(tasks, "fixtures: {tasks: [{id: fail}]}\nassertions: [{state: FAILED}]"));
    assert!(found[0].contains("task 'call' calls other.unknown"), "{found:?}");
}

#[test]
fn each_iteration_and_attempt_may_have_its_own_fixture() {
    let tasks = r#"
tasks:
  - id: each
    type: io.kestra.plugin.core.flow.ForEach
    values: [a, b, c]
    tasks:
      - id: get
        type: io.kestra.plugin.core.http.Request
        uri: "https://example.com/{{ taskrun.value }}"
        retry: {type: constant, interval: PT1H, maxAttempts: 3}
"#;
    passes(
        tasks,
        "fixtures:
  tasks:
    - {id: get, outputs: {body: 'of {{ taskrun.value }}'}}
    - {id: get, value: b, outputs: {body: special}}
    - {id: get, value: c, attempt: 1, state: FAILED, error: not yet}
    - {id: get, value: c, attempt: 2, state: FAILED}
assertions:
  - {value: '{{ outputs.get.a.body }}', equalTo: of a}
  - {value: '{{ outputs.get.b.body }}', equalTo: special}
  - {value: '{{ outputs.get.c.body }}', equalTo: of c}
  - {value: '{{ taskRuns[3].attempts }}', equalTo: 3}
  - {value: '{{ logs }}', contains: not yet}
  - {taskId: get, runs: 3, state: SUCCESS}
  - {order: ['get[a]', 'get[b]', 'get[c]']}",
    );
}

#[test]
fn failures_and_timeouts_run_the_errors_of_the_flow() {
    let tasks = r#"
tasks:
  - id: slow
    type: io.kestra.plugin.core.http.Request
    uri: https://example.com
    timeout: PT30M
  - {id: after, type: io.kestra.plugin.core.log.Log, message: never}
errors:
  - {id: alert, type: io.kestra.plugin.core.debug.Return, format: "{{ errorLogs()[0].message }}"}
"#;
    passes(
        tasks,
        "fixtures:
  tasks: [{id: slow, state: RUNNING}]
assertions:
  - {state: FAILED}
  - {taskId: slow, state: FAILED}
  - {taskId: after, runs: 0}
  - {value: '{{ outputs.alert.value }}', contains: the timeout of the task is over}",
    );
}

#[test]
fn waiting_takes_no_time_and_now_is_a_fixture() {
    let tasks = r#"
tasks:
  - {id: before, type: io.kestra.plugin.core.debug.Return, format: "{{ now() | date('yyyy-MM-dd HH:mm', timeZone='UTC') }}"}
  - {id: nap, type: io.kestra.plugin.core.flow.Sleep, duration: P2D}
  - {id: wait, type: io.kestra.plugin.core.flow.Pause, pauseDuration: PT5H}
  - {id: after, type: io.kestra.plugin.core.debug.Return, format: "{{ now() | date('yyyy-MM-dd HH:mm', timeZone='UTC') }}"}
"#;
    passes(
        tasks,
        "fixtures: {now: '2024-02-28T08:00:00Z'}
assertions:
  - {value: '{{ outputs.before.value }}', equalTo: 2024-02-28 08:00}
  - {value: '{{ outputs.after.value }}', equalTo: 2024-03-01 13:00}",
    );
}

#[test]
fn inputs_triggers_keys_and_http_come_from_fixtures() {
    let tasks = r#"
inputs: [{id: n, type: INT, min: 3}]
tasks:
  - {id: set, type: io.kestra.plugin.core.kv.Set, key: K, value: "{{ kv('K') + 1 }}", kvType: NUMBER}
  - id: all
    type: io.kestra.plugin.core.debug.Return
    format: "{{ inputs.n }} {{ trigger.date }} {{ kv('K') }} {{ kv('P') }} {{ http('https://example.com/x').y }} {{ globals.z }}"
"#;
    let fixtures = "fixtures:
  inputs: {n: 7}
  trigger: {id: daily, type: io.kestra.plugin.core.trigger.Schedule, variables: {date: d}}
  kv: {K: 1, company/P: parent}
  http: {https://example.com/x: {y: web}}
  variables: {globals: {z: zed}}
";
    passes(
        tasks,
        &format!(
            "{fixtures}assertions: [{{value: '{{{{ outputs.all.value }}}}', equalTo: '7 d 2 parent web zed'}}]"
        ),
    );
    let refused = fixtures.replace("{n: 7}", "{n: 1}");
    passes(tasks, &format!("{refused}assertions: [{{refused: Invalid input for `n`}}]"));
    let found = messages(run(tasks, &format!("{refused}assertions: [{{state: SUCCESS}}]")));
    assert!(found[0].contains("the execution was refused"), "{found:?}");
    let without = fixtures.replace("https://example.com/x", "https://example.com/other");
    let found = messages(run(
        tasks,
        &format!(
            "{without}assertions: [{{state: SUCCESS}}, {{value: '{{{{ logs }}}}', contains: no answer for http}}]"
        ),
    ));
    assert_eq!(found, ["expected the execution to end SUCCESS, but it ended FAILED"]);
}

#[test]
fn subflows_run_with_the_same_fixtures() {
    let child = flow(
        "id: child\nnamespace: company.team\ninputs: [{id: x, type: STRING}]\ntasks:\n  - {id: get, type: io.kestra.plugin.core.http.Request, uri: https://example.com}\noutputs:\n  - {id: y, type: STRING, value: '{{ inputs.x ~ outputs.get.body }}'}\n",
    );
    let verdict = run_with(
        "tasks:\n  - {id: call, type: io.kestra.plugin.core.flow.Subflow, namespace: company.team, flowId: child, inputs: {x: a}}",
        "fixtures: {tasks: [{id: get, outputs: {body: b}}]}\nassertions: [{value: '{{ outputs.call.outputs.y }}', equalTo: ab}]",
        &[child],
    );
    assert_eq!(verdict, Verdict::Success);
}

#[test]
fn a_retry_of_the_whole_flow_ends_the_test() {
    let tasks = r#"
retry: {type: constant, interval: PT1M, maxAttempts: 3, behavior: CREATE_NEW_EXECUTION}
tasks:
  - {id: get, type: io.kestra.plugin.core.http.Request, uri: https://example.com}
"#;
    passes(tasks, "fixtures: {tasks: [{id: get, state: FAILED}]}\nassertions: [{state: FAILED}]");
}

#[test]
fn a_disabled_case_is_skipped() {
    assert_eq!(run(ETL, "disabled: true\nassertions: [{state: FAILED}]"), Verdict::Skipped);
}

#[test]
fn a_hundred_cases_take_less_than_a_second() {
    let begin = std::time::Instant::now();
    for _ in 0..100 {
        passes(ETL, &format!("{MOCKED}assertions: [{{state: SUCCESS}}]"));
    }
    assert!(begin.elapsed().as_millis() < 5_000, "{:?} in a build without optimization", begin.elapsed());
}
