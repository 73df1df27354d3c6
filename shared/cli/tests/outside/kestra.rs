//! Behaviour that flows for Kestra rely on, where Segue once differed.

use crate::world::World;
use serde_json::{Value, json};

const LOG: &str = "io.kestra.plugin.core.log.Log";

/// The outputs of a task in the JSON of an execution.
fn outputs<'a>(execution: &'a Value, task: &str) -> &'a Value {
    let runs = execution["taskRunList"].as_array().unwrap();
    &runs.iter().find(|run| run["taskId"] == task).unwrap_or_else(|| panic!("{task}: {execution:#}"))["outputs"]
}

/// The states that something entered.
fn states(of: &Value) -> Vec<&str> {
    of["state"]["histories"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["state"].as_str().unwrap())
        .collect()
}

#[test]
fn a_working_directory_sees_the_iteration_around_it() {
    let world = World::new();
    world.flow(
        "a",
        &format!(
            "tasks:\n  - id: outer\n    type: io.kestra.plugin.core.flow.ForEach\n    values: [x]\n    tasks:\n\
             \x20     - id: inner\n        type: io.kestra.plugin.core.flow.ForEach\n        values: [a, b]\n        tasks:\n\
             \x20         - id: dir\n            type: io.kestra.plugin.core.flow.WorkingDirectory\n            tasks:\n\
             \x20             - {{id: say, type: {LOG}, message: 'v={{{{ taskrun.value }}}} p={{{{ parent.taskrun.value }}}}'}}"
        ),
    );
    world.segue(&["run", "a.yaml"]).says(0, &["v=a p=x", "v=b p=x"]);
}

#[test]
fn iterations_of_for_each_item_name_every_state_or_are_not_there() {
    let world = World::new();
    world.flow(
        "child",
        &format!("inputs: [{{id: u, type: STRING}}]\ntasks: [{{id: a, type: {LOG}, message: x}}]"),
    );
    let items = |id: &str, of: &str| {
        format!(
            "  - {{id: {id}, type: io.kestra.plugin.core.flow.ForEachItem, items: '{{{{ outputs.{of}.uri }}}}', \
             batch: {{rows: 1}}, namespace: t, flowId: child, inputs: {{u: '{{{{ taskrun.items }}}}'}}}}\n"
        )
    };
    world.flow(
        "a",
        &format!(
            "tasks:\n  - {{id: some, type: io.kestra.plugin.core.storage.Write, content: \"1\\n2\\n\", extension: .txt}}\n\
             \x20 - {{id: none, type: io.kestra.plugin.core.storage.Write, content: '', extension: .txt}}\n{}{}",
            items("full", "some"),
            items("empty", "none")
        ),
    );
    let ended = world.segue(&["run", "a.yaml", "--load", "child.yaml", "--output", "json"]).json();
    let all = json!({"CREATED": 0, "RUNNING": 0, "SUCCESS": 2, "WARNING": 0, "FAILED": 0, "KILLED": 0, "CANCELLED": 0});
    assert_eq!(outputs(&ended, "full_items")["iterations"], all);
    assert_eq!(outputs(&ended, "empty_items"), &json!({}));
}

#[test]
fn a_pause_that_times_out_runs_once() {
    let world = World::new();
    world.flow("a", "tasks: [{id: p, type: io.kestra.plugin.core.flow.Pause, timeout: PT0.2S}]");
    let ended = world.segue(&["run", "a.yaml", "--output", "json"]).json();
    assert_eq!(states(&ended["taskRunList"][0]), ["CREATED", "RUNNING", "PAUSED", "FAILED"]);
    assert_eq!(states(&ended), ["CREATED", "RUNNING", "PAUSED", "RUNNING", "FAILED"]);
}

#[test]
fn expressions_agree_with_those_of_kestra() {
    let world = World::new();
    world.file("vars.json", r#"{"text": "a\r\nb"}"#);
    let of = |template: &str| world.segue(&["expr", "--vars", "vars.json", template]).out;
    assert_eq!(of("{{ text | indent(2) }}"), "a\r\n  b\n");
    assert_eq!(of("{{ text | nindent(2) }}"), "\r\n  a\r\n  b\n");
    assert_eq!(of("{{ randomInt(3, 3) }}"), "3\n");
    assert_eq!(
        of("{% macro m(a) %}<{{ a }}>{% endmacro %}{{ m('z') }}{% block b %}B{% endblock %}"),
        "<z>B\n"
    );
    world.flow(
        "a",
        &format!(
            "tasks: [{{id: a, type: {LOG}, message: \"[{{{{ kv('x', errorOnMissing=false).field ?? null }}}}] \
             {{{{ execution.startDate }}}}\"}}]"
        ),
    );
    let ended = world.segue(&["run", "a.yaml"]);
    ended.says(0, &["[] 20"]);
    let date = ended.err.split("[] ").nth(1).unwrap().trim();
    assert_eq!((date.len(), &date[19..20]), (24, "."), "{date}");
}

#[test]
fn an_encryption_key_has_one_of_three_lengths() {
    let world = World::new();
    world.flow("a", &format!("inputs: [{{id: s, type: SECRET}}]\ntasks: [{{id: a, type: {LOG}, message: '<{{{{ inputs.s }}}}>'}}]"));
    for key in ["MDEyMzQ1Njc4OWFiY2RlZg==", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"] {
        let run = world.segue_with(&["run", "a.yaml", "-i", "s=hush-hush"], &[("SEGUE_ENCRYPTION_KEY", key)]);
        run.says(0, &["<******>"]).does_not_say("hush-hush");
    }
    let short = world.segue_with(&["run", "a.yaml", "-i", "s=x"], &[("SEGUE_ENCRYPTION_KEY", "c2hvcnQ=")]);
    short.says(1, &["16, 24 or 32 bytes in base64", "openssl rand -base64 32"]);
}

#[test]
fn what_kestra_has_removed_is_refused_with_what_to_write() {
    let world = World::new();
    world.flow(
        "a",
        &format!(
            "listeners: [{{tasks: [{{id: a, type: {LOG}, message: x}}]}}]\n\
             tasks: [{{id: a, type: io.kestra.core.tasks.flows.Template, namespace: a, templateId: b}}]"
        ),
    );
    world.segue(&["validate", "a.yaml"]).says(2, &["afterExecution", "call that flow with a Subflow task"]);
}

#[test]
fn a_script_reads_the_context_of_its_execution() {
    let world = World::new();
    world.flow(
        "a",
        "inputs: [{id: region, type: STRING, defaults: \"a \\\"b\\\"\\nc\"}, {id: pin, type: SECRET, required: false}]\n\
         labels: {env: prod}\nvariables: {n: 42}\ntasks:\n\
         \x20 - {id: extract, type: io.kestra.plugin.core.debug.Return, format: abc}\n\
         \x20 - id: each\n    type: io.kestra.plugin.core.flow.ForEach\n    values: [x]\n    tasks:\n\
         \x20     - id: py\n        type: io.kestra.plugin.scripts.python.Script\n\
         \x20       taskRunner: {type: io.kestra.plugin.core.runner.Process}\n\
         \x20       executionContext: true\n\
         \x20       script: |\n\
         \x20         from kestra import context as c\n\
         \x20         print('roots', *sorted(c))\n\
         \x20         print(c.outputs.extract.value, c.labels.env, c.vars.n, repr(c.inputs.region), c.taskrun.value)\n\
         \x20         print('pin', c.inputs.pin)\n",
    );
    let run = world.segue_with(&["run", "a.yaml", "-i", "pin=hush-hush"], &[("ENV_STAGE", "dev")]);
    run.says(0, &["abc prod 42 'a \"b\"\\nc' x", "pin ******"]).does_not_say("hush-hush");
    let roots = run.err.split("roots ").nth(1).unwrap().lines().next().unwrap();
    assert!(!roots.contains("envs") && !roots.contains("globals"), "{roots}");
    for root in ["execution", "flow", "inputs", "labels", "outputs", "task", "taskrun", "tasks", "vars"] {
        assert!(roots.split(' ').any(|found| found == root), "{root}: {roots}");
    }
}
