//! Tests of the checks of expressions. Each page of `docs/errors/` for a SEG04 code has an example that fails and an
//! example that works. In the flows of this repository, the checks find only the intended mistakes.

use segue_engine::check::{check, check_subflows};
use segue_model::catalog::{Catalog, RunBy, Service, TaskType};
use segue_model::diagnostic::{Diagnostic, codes};
use segue_model::flowable_types::flowable_types;
use segue_model::parse::{Parsed, has_only_suites, parse_flow};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Flows with an intended mistake, each with the code of the mistake.
const MISTAKEN: [(&str, &str); 1] = [("21-outputs-undefined", codes::UNKNOWN_TASK)];

/// A catalogue with all types that the engine runs. It also has every other type in `source`, with any properties.
fn catalog(source: &str) -> Catalog {
    let mut types = flowable_types();
    types.extend(segue_engine::inline::inline_types());
    let known = Catalog::new(types.clone());
    let named = source.split("type: ").skip(1).filter_map(|rest| rest.split([' ', ',', '}', '\n']).next());
    let others: BTreeSet<&str> =
        named.filter(|name| name.contains('.') && known.get(name).is_none()).collect();
    types.extend(others.into_iter().map(|name| TaskType {
        name: name.to_owned().leak(),
        aliases: Vec::new(),
        outputs: None,
        run_by: RunBy::Service(Service::Named("any")),
        schema: serde_json::json!({"type": "object", "additionalProperties": true}),
    }));
    Catalog::new(types)
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// All problems in the expressions of a flow. The only other flow is `company.team.child`.
fn told(source: &str) -> (Parsed, Vec<Diagnostic>) {
    let catalog = catalog(source);
    let parsed = parse_flow(source, &catalog);
    let mut found = check(&parsed, &catalog);
    found.extend(check_subflows(&parsed, &|namespace, id| (namespace, id) == ("company.team", "child")));
    (parsed, found)
}

#[test]
fn each_page_has_an_example_that_fails_and_one_that_works() {
    let mut pages = 0;
    for (code, _) in codes::ALL.iter().filter(|(code, _)| code.starts_with("SEG04")) {
        let page = std::fs::read_to_string(root().join(format!("docs/errors/{code}.md"))).unwrap();
        let example = |section: &str| {
            let (_, rest) = page.split_once(&format!("## {section}\n\n```yaml\n")).unwrap();
            rest.split_once("```").unwrap().0
        };
        let (parsed, found) = told(example("An example that fails"));
        assert_eq!(parsed.diagnostics, [], "{code}");
        assert_eq!(
            found.iter().map(|one| one.code.as_str()).collect::<Vec<_>>(),
            [*code],
            "{code}: {found:#?}"
        );
        let (parsed, found) = told(example("An example that works"));
        assert_eq!(parsed.diagnostics, [], "{code}");
        assert_eq!(found, [], "{code}");
        pages += 1;
    }
    assert_eq!(pages, 12);
}

fn flows_below(folder: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            flows_below(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
            found.push(path);
        }
    }
    Ok(())
}

#[test]
fn good_flows_have_no_problem() {
    let mut files = Vec::new();
    for folder in ["flows", "tests/flows"] {
        flows_below(&root().join(folder), &mut files).unwrap();
    }
    assert!(files.len() > 10, "{files:?}");
    for file in files {
        let source = std::fs::read_to_string(&file).unwrap();
        if has_only_suites(&source) {
            continue;
        }
        let catalog = catalog(&source);
        let parsed = parse_flow(&source, &catalog);
        assert!(parsed.checkable().is_some(), "{}: {:#?}", file.display(), parsed.diagnostics);
        let meant = MISTAKEN.iter().find(|(name, _)| file.iter().any(|part| part == *name));
        let found = check(&parsed, &catalog);
        let told: Vec<&str> = found.iter().map(|one| one.code.as_str()).collect();
        assert_eq!(
            told,
            meant.iter().map(|(_, code)| *code).collect::<Vec<_>>(),
            "{}: {found:#?}",
            file.display()
        );
    }
}

/// These flows are correct, but a careless rule would report problems.
#[test]
fn intricate_flows_have_no_problem() {
    let source = r#"
id: intricate
namespace: company.team
inputs:
  - {id: names, type: ARRAY, itemType: STRING}
  - {id: kind, type: SELECT, values: [a, b]}
  - {id: more, type: STRING, dependsOn: {inputs: [kind], condition: "{{ inputs.kind == 'a' }}"}}
variables:
  lazy: "{{ trigger.date }}-{{ outputs.nobody.x }}-{{ inputs.gone }}"
pluginDefaults:
  - type: test.Query
    values: {project: "{{ kv('PROJECT') }}", label: "{{ task.id }}-{{ taskrun.value ?? 'none' }}"}
tasks:
  - {id: first, type: test.Query, sql: "{{ render(vars.lazy) }}"}
  - id: outer
    type: io.kestra.plugin.core.flow.ForEach
    values: "{{ inputs.names }}"
    tasks:
      - id: inner
        type: io.kestra.plugin.core.flow.ForEach
        values: [1, 2]
        tasks:
          - {id: leaf, type: test.Query, sql: "{{ parents[0].taskrun.value }} {{ parent.taskrun.value }} {{ taskrun.value }}"}
          - {id: next, type: test.Query, sql: "{{ outputs.leaf[parent.taskrun.value][taskrun.value].x }} {{ currentEachOutput(outputs.leaf).x }}"}
    errors:
      - {id: caught, type: io.kestra.plugin.core.log.Log, message: "{{ taskrun.value ?? '' }} {{ errorLogs() | jq('.[0]') }}"}
  - id: wait
    type: io.kestra.plugin.core.flow.Pause
    onResume:
      - {id: reason, type: STRING}
      - {id: detail, type: STRING, defaults: "{{ inputs.reason }}"}
  - {id: resumed, type: test.Query, sql: "{{ outputs.wait.onResume.reason }}"}
  - id: batches
    type: io.kestra.plugin.core.flow.ForEachItem
    items: "{{ outputs.first.uri }}"
    namespace: company.team
    flowId: child
    inputs: {file: "{{ taskrun.items }}", number: "{{ taskrun.iteration }}"}
  - {id: merged, type: test.Query, sql: "{{ outputs.batches_merge.subflowOutputs }}"}
  - id: until
    type: io.kestra.plugin.core.flow.LoopUntil
    condition: "{{ outputs.poll.code == 200 and outputs.until.iterationCount < 9 }}"
    tasks:
      - {id: poll, type: test.Query, sql: "{{ outputs.until.iterationCount }} {{ outputs.poll.code ?? '' }}"}
  - id: graph
    type: io.kestra.plugin.core.flow.Dag
    tasks:
      - {task: {id: sink, type: test.Query, sql: "{{ outputs.source.uri }}"}, dependsOn: [source]}
      - {task: {id: source, type: test.Query, sql: x}}
  - id: choice
    type: io.kestra.plugin.core.flow.Switch
    value: "{{ inputs.kind }}"
    cases:
      a: [{id: in_a, type: test.Query, sql: "{{ outputs.choice.value }} {{ inputs.more }}"}]
      b: [{id: in_b, type: test.Query, sql: "{{ outputs.in_a.uri ?? '' }}"}]
  - id: careful
    type: test.Query
    runIf: "{{ outputs.nobody is defined and trigger is defined }}"
    sql: "{{ outputs.nobody.uri }} {{ trigger.date }}"
  - {id: row, type: io.kestra.plugin.core.storage.FilterItems, from: x, filterCondition: "{{ price > 3 }}"}
  - id: script
    type: test.Query
    sql: |
      {% set total = 0 %}{% for name in inputs.names %}{{ loop.index }}{{ name }}{% endfor %}
      {% macro hi(who) %}hi {{ who }}{% endmacro %}{{ hi(total) }} {{ workingDir }}
      {% raw %}docker ps --format '{{.Names}}'{% endraw %}
errors:
  - {id: failed, type: io.kestra.plugin.core.log.Log, message: "{{ error.message ?? '' }} {{ tasks.first.state }} {{ outputs.merged.x ?? '' }}"}
finally:
  - {id: last, type: io.kestra.plugin.core.log.Log, message: "{{ outputs.failed }} {{ execution.state }}"}
outputs:
  - {id: all, type: STRING, value: "{{ outputs.merged.x }} {{ outputs.last }}"}
"#;
    let (parsed, found) = told(source);
    assert!(!parsed.has_errors(), "{:#?}", parsed.diagnostics);
    assert_eq!(found, []);
}

#[test]
fn a_draft_is_checked_as_well() {
    let source = "id: f\nnamespace: n\ntasks:\n  - {id: a, type: io.kestra.plugin.core.log.Log, message: \"{{ inputs.x }}\", mesage: y}\n";
    let (parsed, found) = told(source);
    assert!(parsed.flow.is_none() && parsed.has_errors());
    assert_eq!(found.iter().map(|one| one.code.as_str()).collect::<Vec<_>>(), [codes::UNKNOWN_INPUT]);
    assert_eq!(told("tasks").1, []);
}
