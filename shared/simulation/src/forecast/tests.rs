use super::*;
use segue_model::parse::parse_flow;
use std::collections::BTreeMap;
use std::sync::OnceLock;

fn catalog() -> &'static Catalog {
    static CATALOG: OnceLock<Catalog> = OnceLock::new();
    CATALOG.get_or_init(|| segue_catalog::catalog().unwrap())
}

fn flow(source: &str) -> Flow {
    let parsed = parse_flow(source, catalog());
    parsed.flow.unwrap_or_else(|| panic!("{:?}\n{source}", parsed.diagnostics))
}

/// Key-values, and a secret of every name that begins with `KNOWN`.
#[derive(Debug)]
struct Keys(BTreeMap<String, Json>);

impl Outside for Keys {
    fn answer(&self, _: &str, lookup: &Lookup) -> segue_template::Answer {
        use segue_template::Answer;
        match lookup {
            Lookup::Kv { key, .. } => self.0.get(key).cloned().map_or(Answer::Missing, Answer::Found),
            Lookup::Secret { key, .. } if key.starts_with("KNOWN") => Answer::Found("******".into()),
            _ => Answer::Missing,
        }
    }
}

fn look_with(body: &str, inputs: &[(&str, &str)], others: &[Flow]) -> Forecast {
    let flow = flow(&format!("id: f\nnamespace: company.team\n{body}"));
    let keys = BTreeMap::from([
        ("BUCKET".to_owned(), Json::from("b")),
        ("LIST".to_owned(), serde_json::json!(["x", "y"])),
    ]);
    forecast(&Question {
        flow: &flow,
        others,
        catalog: catalog(),
        renderer: &Renderer::new(),
        globals: &Map::new(),
        inputs: inputs.iter().map(|(key, value)| ((*key).to_owned(), (*value).into())).collect(),
        unknown_inputs: BTreeSet::new(),
        labels: Vec::new(),
        trigger: None,
        now: "2024-01-01T00:00:00Z".parse().unwrap(),
        outside: Arc::new(Keys(keys)),
    })
    .unwrap()
}

fn look(body: &str, inputs: &[(&str, &str)]) -> Forecast {
    look_with(body, inputs, &[])
}

/// The tasks as lines: depth, sign, name.
fn lines(tasks: &[Planned]) -> Vec<String> {
    fn add(tasks: &[Planned], depth: usize, lines: &mut Vec<String>) {
        for planned in tasks {
            let sign = match planned.certainty {
                Certainty::Certain => '+',
                Certainty::Maybe => '?',
                Certainty::Skipped => '-',
                Certainty::OnFailure => '!',
            };
            let value = planned.value.as_ref().map(|value| format!("[{value}]")).unwrap_or_default();
            lines.push(format!("{}{sign}{}{value}", " ".repeat(depth), planned.task_id));
            add(&planned.tasks, depth + 1, lines);
        }
    }
    let mut found = Vec::new();
    add(tasks, 0, &mut found);
    found
}

fn task<'a>(forecast: &'a Forecast, id: &str) -> &'a Planned {
    fn find<'a>(tasks: &'a [Planned], id: &str) -> Option<&'a Planned> {
        tasks.iter().find_map(|planned| match planned.task_id == id {
            true => Some(planned),
            false => find(&planned.tasks, id),
        })
    }
    find(&forecast.tasks, id).unwrap_or_else(|| panic!("{id}"))
}

const BRANCHES: &str = r#"
inputs: [{id: kind, type: STRING, defaults: a}]
variables: {object: "gs://{{ kv('BUCKET') }}/{{ inputs.kind }}/{{ outputs.get.uri }}"}
tasks:
  - {id: get, type: io.kestra.plugin.core.http.Download, uri: "https://example.com/{{ inputs.kind }}"}
  - id: known
    type: io.kestra.plugin.core.flow.If
    condition: "{{ inputs.kind == 'a' }}"
    then: [{id: a, type: io.kestra.plugin.core.debug.Return, format: "{{ inputs.kind | upper }}"}]
    else: [{id: b, type: io.kestra.plugin.core.debug.Return, format: b}]
  - id: unknown
    type: io.kestra.plugin.core.flow.If
    condition: "{{ outputs.get.code == 200 }}"
    then: [{id: c, type: io.kestra.plugin.core.log.Log, message: "{{ outputs.a.value }}"}]
    else: [{id: d, type: io.kestra.plugin.core.log.Log, message: d}]
  - id: each
    type: io.kestra.plugin.core.flow.ForEach
    values: "{{ kv('LIST') }}"
    tasks:
      - id: put
        type: io.kestra.plugin.gcp.gcs.Upload
        from: "{{ outputs.get.uri }}"
        to: "{{ render(vars.object) }}/{{ taskrun.value }}"
        serviceAccount: "{{ secret('NOT_THERE') }}{{ secret('KNOWN_ONE') }}"
errors:
  - {id: alert, type: io.kestra.plugin.core.log.Log, message: "{{ errorLogs() }}"}
"#;

#[test]
fn branches_are_decided_where_the_condition_is_known() {
    let found = look(BRANCHES, &[]);
    assert_eq!(
        lines(&found.tasks),
        ["+get", "+known", " +a", " -b", "+unknown", " ?c", " ?d", "+each", " +put[x]", " +put[y]", "!alert"]
    );
    assert_eq!(task(&found, "known").note.as_deref(), Some("the condition is true"));
    assert_eq!(task(&found, "unknown").properties["condition"], "‹outputs.get.code == 200›");
    assert_eq!(task(&found, "each").note.as_deref(), Some("2 iterations"));
    assert_eq!(found.state, State::Success);
    let other = look(BRANCHES, &[("kind", "z")]);
    assert!(
        lines(&other.tasks).contains(&" -a".to_owned()) && lines(&other.tasks).contains(&" +b".to_owned())
    );
}

#[test]
fn properties_are_rendered_as_far_as_they_are_known() {
    let found = look(BRANCHES, &[]);
    assert_eq!(task(&found, "get").properties["uri"], "https://example.com/a");
    assert_eq!(task(&found, "a").properties["format"], "A");
    // `a` is known, so a task in an unknown branch reads its output.
    assert_eq!(task(&found, "c").properties["message"], "A");
    let put = &task(&found, "put").properties;
    assert_eq!(put["from"], "‹outputs.get.uri›");
    assert_eq!(put["to"], "gs://b/a/‹outputs.get.uri›/x");
    assert_eq!(put["serviceAccount"], "‹secret('NOT_THERE')›‹secret('KNOWN_ONE')›");
}

#[test]
fn paths_of_a_working_directory_are_not_known_before_the_task_runs() {
    let source = r#"tasks:
  - id: q
    type: io.kestra.plugin.jdbc.duckdb.Queries
    outputFiles: [trips]
    sql: "COPY trips TO '{{ outputFiles.trips }}' -- {{ workingDir }}"
"#;
    let found = look(source, &[]);
    assert_eq!(found.state, State::Success, "{:?}", found.problems);
    let sql = &task(&found, "q").properties["sql"];
    assert_eq!(sql, "COPY trips TO '‹outputFiles.trips›' -- ‹workingDir›");
}

#[test]
fn reads_writes_cost_and_missing_secrets_are_listed() {
    let found = look(BRANCHES, &[]);
    let touches: Vec<String> = found
        .touches
        .iter()
        .map(|touch| format!("{:?} {} {} {}", touch.access, touch.kind, touch.name, touch.task_id))
        .collect();
    for part in [
        "Read url https://example.com/a get",
        "Read key BUCKET put",
        "Read key LIST each",
        "Read file ‹outputs.get.uri› put",
        "Write object gs://b/a/‹outputs.get.uri›/x put",
    ] {
        assert!(touches.iter().any(|touch| touch == part), "{part} {touches:#?}");
    }
    let messages: Vec<&str> = found.problems.iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(messages, ["Cannot find secret for key 'NOT_THERE'."]);
    assert_eq!(found.problems[0].kind, ProblemKind::MissingSecret);
    assert_eq!((found.cost.service_task_runs, found.cost.messages, found.cost.writes), (3, 7, 10));
}

#[test]
fn the_formula_gives_the_table_of_the_page() {
    let log = "{id: ID, type: io.kestra.plugin.core.log.Log, message: m}";
    let tasks: Vec<String> = (0..5).map(|at| log.replace("ID", &format!("t{at}"))).collect();
    let found = look(&format!("tasks: [{}]", tasks.join(", ")), &[]);
    assert!((found.cost.dollars_per_million - 2.29).abs() < 0.02, "{:?}", found.cost);
    let script = "{id: ID, type: io.kestra.plugin.scripts.shell.Commands, taskRunner: {type: io.kestra.plugin.core.runner.Process}, commands: [a]}";
    let tasks: Vec<String> = (0..25).map(|at| script.replace("ID", &format!("t{at}"))).collect();
    let found = look(&format!("tasks: [{}]", tasks.join(", ")), &[]);
    assert_eq!((found.cost.messages, found.cost.writes), (51, 76));
    assert!((found.cost.dollars_per_million - 109.21).abs() < 0.5, "{:?}", found.cost);
}

#[test]
fn a_missing_key_is_named_and_the_rest_is_shown() {
    let found = look(
        r#"
tasks:
  - {id: first, type: io.kestra.plugin.core.log.Log, message: "{{ kv('GONE') }}"}
  - id: branch
    type: io.kestra.plugin.core.flow.If
    condition: "{{ kv('ALSO') == 'x' }}"
    then: [{id: second, type: io.kestra.plugin.core.log.Log, message: m}]
  - {id: third, type: io.kestra.plugin.core.http.Request, uri: "{{ kv('MAYBE', errorOnMissing=false) ?? 'none' }}"}
"#,
        &[],
    );
    let kinds: Vec<_> =
        found.problems.iter().map(|problem| (problem.kind, problem.task_id.as_deref())).collect();
    assert_eq!(kinds, [(ProblemKind::MissingKey, Some("first")), (ProblemKind::MissingKey, Some("branch"))]);
    assert_eq!(lines(&found.tasks), ["+first", "+branch", " ?second", "+third"]);
    assert_eq!(task(&found, "first").properties["message"], "‹kv('GONE')›");
    assert_eq!(task(&found, "third").properties["uri"], "none");
}

#[test]
fn refused_inputs_are_problems_and_their_values_are_unknown() {
    let found = look(
        "inputs: [{id: n, type: INT}, {id: m, type: INT, defaults: 3}]\ntasks: [{id: t, type: io.kestra.plugin.core.log.Log, message: '{{ inputs.n }} {{ inputs.m }}'}]",
        &[],
    );
    assert_eq!(found.problems.len(), 1);
    assert_eq!(found.problems[0].kind, ProblemKind::InvalidInput);
    assert_eq!(task(&found, "t").properties["message"], "‹inputs.n› 3");
    assert_eq!(found.inputs["n"], "‹inputs.n›");
}

#[test]
fn a_check_that_refuses_is_a_problem_and_the_rest_is_shown() {
    let found = look(
        "disabled: true\ninputs: [{id: n, type: INT, defaults: 1}]\nchecks: [{condition: '{{ inputs.n > 3 }}', message: n is too small}]\ntasks: [{id: t, type: io.kestra.plugin.core.log.Log, message: m}]",
        &[],
    );
    let messages: Vec<&str> = found.problems.iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(
        messages,
        ["Cannot execute a disabled flow: remove 'disabled' from the flow", "n is too small"]
    );
    assert_eq!(lines(&found.tasks), ["+t"]);
}

#[test]
fn a_failure_is_foreseen() {
    let found = look(
        "tasks: [{id: bad, type: io.kestra.plugin.core.execution.Fail}, {id: after, type: io.kestra.plugin.core.log.Log, message: m}]\nerrors: [{id: e, type: io.kestra.plugin.core.log.Log, message: m}]",
        &[],
    );
    assert_eq!(found.state, State::Failed);
    assert_eq!(lines(&found.tasks), ["+bad", "-after", "+e"]);
    assert_eq!(found.problems[0].kind, ProblemKind::Failure);
}

#[test]
fn subflows_get_the_known_inputs() {
    let child = flow(
        "id: child\nnamespace: company.team\ninputs: [{id: x, type: STRING}, {id: y, type: STRING}]\ntasks: [{id: t, type: io.kestra.plugin.core.log.Log, message: '{{ inputs.x }}{{ inputs.y }}'}]\n",
    );
    let body = "tasks:\n  - {id: get, type: io.kestra.plugin.core.http.Request, uri: https://example.com}\n  - {id: call, type: io.kestra.plugin.core.flow.Subflow, namespace: company.team, flowId: child, inputs: {x: '{{ 1 + 1 }}', y: '{{ outputs.get.body }}'}}\n  - {id: gone, type: io.kestra.plugin.core.flow.Subflow, namespace: company.team, flowId: gone}";
    let found = look_with(body, &[], std::slice::from_ref(&child));
    let subflow = task(&found, "call").subflow.as_ref().unwrap();
    assert_eq!(subflow.tasks[0].properties["message"], "2‹inputs.y›");
    assert_eq!(found.problems.len(), 1);
    assert_eq!(found.problems[0].kind, ProblemKind::MissingFlow);
    let body = "tasks:\n  - {id: batches, type: io.kestra.plugin.core.flow.ForEachItem, items: '{{ inputs.file }}', namespace: company.team, flowId: child, inputs: {x: '{{ taskrun.items }}'}}\ninputs: [{id: file, type: STRING, defaults: 'kestra:///a.txt'}]";
    let found = look_with(body, &[], &[child]);
    assert_eq!(lines(&found.tasks), ["+batches", " +batches_split", " +batches_items", " +batches_merge"]);
    let batches = task(&found, "batches");
    assert_eq!(batches.properties["items"], "kestra:///a.txt");
    assert_eq!(batches.subflow.as_ref().unwrap().tasks[0].properties["message"], "‹inputs.x›‹inputs.y›");
}

#[test]
fn loops_with_unknown_values_and_conditions_are_shown_once() {
    let found = look(
        r#"
tasks:
  - {id: get, type: io.kestra.plugin.core.http.Request, uri: https://example.com}
  - id: each
    type: io.kestra.plugin.core.flow.ForEach
    values: "{{ outputs.get.body }}"
    tasks: [{id: t, type: io.kestra.plugin.core.log.Log, message: "{{ taskrun.value }}"}]
  - id: until
    type: io.kestra.plugin.core.flow.LoopUntil
    condition: "{{ outputs.look.code == 200 }}"
    tasks: [{id: look, type: io.kestra.plugin.core.http.Request, uri: https://example.com}]
  - {id: wait, type: io.kestra.plugin.core.flow.Pause}
  - {id: sometimes, type: io.kestra.plugin.core.log.Log, message: m, runIf: "{{ outputs.get.code == 200 }}"}
  - {id: never, type: io.kestra.plugin.core.log.Log, message: m, runIf: "{{ 1 == 2 }}"}
"#,
        &[],
    );
    assert_eq!(
        lines(&found.tasks),
        ["+get", "+each", " ?t[‹value›]", "+until", " +look", "+wait", "?sometimes", "-never"]
    );
    assert_eq!(task(&found, "t").properties["message"], "‹taskrun.value›");
    assert_eq!(task(&found, "wait").note.as_deref(), Some("waits for a person"));
}
