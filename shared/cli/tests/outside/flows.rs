//! Flows without a server.

use crate::world::World;

const LOG: &str = "io.kestra.plugin.core.log.Log";
const SHELL: &str = "type: io.kestra.plugin.scripts.shell.Commands, \
                     taskRunner: {type: io.kestra.plugin.core.runner.Process}";

#[test]
fn every_verb_refuses_the_same_flow() {
    let world = World::new();
    world.flow("a", &format!("tasks: [{{id: a, type: {LOG}, message: \"{{{{ 'x' | uper }}}}\"}}]"));
    world.flow(
        "b",
        &format!(
            "tasks: [{{id: a, type: io.kestra.plugin.core.execution.Fail}}]\n\
             errors: [{{id: n, type: {LOG}, message: \"{{{{ 'x' | uper }}}}\"}}]"
        ),
    );
    std::fs::create_dir(world.path().join("d")).unwrap();
    for file in ["a.yaml", "b.yaml"] {
        for verb in [
            &["validate", file] as &[&str],
            &["run", file],
            &["plan", file],
            &["flow", "import", "--data-dir", "d", file],
            &["flow", "validate", "--data-dir", "d", file],
            &["server", "--data-dir", "d2", "--port", "0", "--google-port", "off", "--flows", file],
        ] {
            world.segue(verb).says(2, &["SEG0402", "did you mean 'upper'?"]);
        }
    }
}

#[test]
fn odd_inputs_are_named() {
    let world = World::new();
    world.flow(
        "a",
        &format!(
            "inputs: [{{id: name, type: STRING, defaults: world}}, {{id: ok, type: BOOL, defaults: true}}, \
             {{id: n, type: INT, required: false}}, {{id: d, type: DATE, required: false}}]\n\
             tasks: [{{id: a, type: {LOG}, message: \"hi {{{{ inputs.name }}}} {{{{ inputs.ok }}}}\"}}]"
        ),
    );
    world.segue(&["run", "a.yaml", "-i", "nme=Ada"]).says(0, &["t.a has no input 'nme'", "hi world true"]);
    world
        .segue(&["run", "a.yaml", "-i", "name=@no.txt"])
        .says(0, &["only inputs of type FILE", "hi @no.txt"]);
    world.segue(&["run", "a.yaml", "-i", "ok=maybe"]).says(0, &["'maybe' counts as false", "hi world false"]);
    let refused = world.segue(&["run", "a.yaml", "-i", "n=abc", "-i", "d=2024-13-01"]);
    refused.says(2, &["`n`, it must be a whole number", "`d`, it must be a date such as 2024-01-31"]);
    refused.does_not_say("For input string").does_not_say("```");
}

#[test]
fn a_flow_that_every_run_refuses_is_not_just_valid() {
    let world = World::new();
    world.flow(
        "a",
        &format!(
            "inputs: [{{id: c, type: INT, defaults: abc}}, {{id: d, type: SELECT, values: [a, b], defaults: c}}]\n\
             tasks: [{{id: a, type: {LOG}, message: x}}]\n\
             triggers: [{{id: m, type: io.kestra.plugin.core.trigger.Schedule, cron: '0 0 31 2 *'}}]"
        ),
    );
    world.segue(&["validate", "a.yaml"]).says(
        1,
        &[
            "the default of input 'c' is not valid",
            "the default of input 'd' is not valid",
            "SEG0319",
            "never fires",
        ],
    );
    world.segue(&["run", "a.yaml"]).says(2, &["Invalid input for `c`"]);
    world.flow(
        "b",
        "tasks: [{id: a, type: io.kestra.plugin.scripts.shell.Commands, commands: [ls], \
         taskRunner: {type: io.kestra.plugin.scripts.runner.docker.Doker}}]",
    );
    world.segue(&["validate", "b.yaml"]).says(2, &["SEG0320", "did you mean", "docker.Docker'"]);
}

#[test]
fn notes_are_printed_and_are_no_failure() {
    let world = World::new();
    world.file("a.yaml", "id: pause\nnamespace: t\ntasks: [{id: a, type: io.kestra.core.tasks.log.Log, message: x}]\noutputs: [{id: o, type: ARRAY, value: '{{ [1] }}'}]\n");
    world
        .segue(&["validate", "a.yaml"])
        .says(0, &["note[SEG0215]", "note[SEG0211]", "note[SEG0214]", "valid"]);
    world.segue(&["run", "a.yaml"]).says(0, &["SUCCESS"]).does_not_say("note[");
}

#[test]
fn unknown_types_get_the_right_hint() {
    let world = World::new();
    for (name, hint) in [
        ("Log", "did you mean 'io.kestra.plugin.core.log.Log'?"),
        ("jdbc.duckdb.Query", "did you mean 'io.kestra.plugin.jdbc.duckdb.Query'?"),
        ("io.kestra.plugin.jdbc.mysql.Query", "`segue docs --list` and docs/task-types list all types"),
        (
            "io.kestra.plugin.azure.storage.blob.Upload",
            "`segue docs --list` and docs/task-types list all types",
        ),
    ] {
        world.flow("a", &format!("tasks: [{{id: a, type: {name}}}]"));
        world.segue(&["validate", "a.yaml"]).says(2, &["SEG0210", hint]);
    }
}

#[test]
fn lines_are_in_order_and_carry_their_iteration() {
    let world = World::new();
    world.flow(
        "a",
        &format!(
            "tasks:\n  - id: each\n    type: io.kestra.plugin.core.flow.ForEach\n    values: ['01', '02']\n    tasks:\n\
             \x20     - {{id: load, {SHELL}, commands: ['echo first', 'echo', 'test {{{{ taskrun.value }}}} = 01']}}\n\
             \x20     - {{id: say, type: {LOG}, message: \"two\\n\\nlines\"}}"
        ),
    );
    let ended = world.segue(&["run", "a.yaml", "--timestamps"]);
    ended.says(1, &["load [01] first", "load [02] first", "say [01] two\n        lines"]);
    ended.says(1, &["    ✓ load [01]", "    ✗ load [02]", "  ✗ each"]);
    // Log lines go to standard error and task runs to standard output, so the order is that of each stream.
    let place = |part: &str| ended.out.find(part).unwrap_or_else(|| panic!("{part}: {}", ended.out));
    assert!(
        place("load [01]") < place("say [01]") && place("say [01]") < place("load [02]"),
        "{}",
        ended.out
    );
    assert!(place("load [02]") < place("each"), "{}", ended.out);
}

#[test]
fn the_shown_part_of_the_log_can_be_chosen() {
    let world = World::new();
    world.flow(
        "a",
        &format!(
            "tasks: [{{id: a, type: {LOG}, level: DEBUG, message: deb}}, {{id: b, type: {LOG}, level: WARN, message: wrn}}]"
        ),
    );
    world.segue(&["run", "a.yaml"]).says(0, &["wrn", "✓ a"]).does_not_say("deb");
    world.segue(&["run", "a.yaml", "--log-level", "DEBUG"]).says(0, &["DEBUG a deb"]);
    world.segue(&["run", "a.yaml", "--quiet"]).says(0, &["wrn", "SUCCESS"]).does_not_say("✓ a");
}

#[test]
fn a_pattern_that_matches_nothing_is_reported_with_the_files_that_are_there() {
    let world = World::new();
    world.flow(
        "a",
        &format!("tasks: [{{id: a, {SHELL}, outputFiles: ['*.csv'], commands: ['touch x.txt']}}]"),
    );
    world.segue(&["run", "a.yaml"]).says(0, &["no file matches *.csv; the working directory has x.txt"]);
}

#[test]
fn secrets_are_explained_where_they_are_missed() {
    let world = World::new();
    world.flow(
        "a",
        &format!(
            "tasks: [{{id: a, type: {LOG}, message: \"{{{{ secret('TOKEN') }}}} {{{{ envs.stage }}}}\"}}]"
        ),
    );
    let missing = world.segue_with(&["run", "a.yaml"], &[("ENV_STAGE", "dev")]);
    missing
        .says(1, &["Cannot find secret for key 'TOKEN'", "set SECRET_TOKEN to the value in base64", ".env"]);
    world.file(".env", "SECRET_TOKEN=aHVzaC1odXNo\n");
    let found = world.segue_with(&["run", "a.yaml"], &[("ENV_STAGE", "dev")]);
    found.says(0, &["****** dev"]).does_not_say("hush-hush");
    let plan = world.segue_with(&["plan", "a.yaml"], &[("ENV_STAGE", "dev")]);
    plan.says(0, &["‹secret('TOKEN')› dev"]).does_not_say("missing");
    world.file(".env", "");
    world.segue_with(&["plan", "a.yaml"], &[("ENV_STAGE", "dev")]).says(1, &["missing", "TOKEN"]);
}

#[test]
fn keys_and_files_of_the_namespace_need_no_server() {
    let world = World::new();
    world.file("files/lib/a.txt", "from the namespace\n");
    world.flow(
        "a",
        &format!(
            "tasks: [{{id: a, {SHELL}, namespaceFiles: {{enabled: true}}, commands: [\"cat lib/a.txt; echo {{{{ kv('K') }}}}\"]}}]"
        ),
    );
    world.segue(&["kv", "set", "t", "K", "7", "--data-dir", "d"]).says(0, &["a number"]);
    world
        .segue(&["run", "a.yaml", "--data-dir", "d", "--files", "files"])
        .says(0, &["from the namespace", "a 7"]);
    world.segue(&["namespace", "files", "list", "t", "--data-dir", "d"]).says(0, &["/lib/a.txt"]);
    world.segue(&["namespace", "files", "list", "u", "--data-dir", "d"]).says(0, &["there are no files"]);
    let refused = world.segue(&["kv", "set", "t", "bad key", "1", "--data-dir", "d"]);
    refused.says(2, &["'bad key' is not a key", "letters, digits"]);
}

#[test]
fn an_ended_execution_is_not_resumed() {
    let world = World::new();
    world.flow("a", &format!("tasks: [{{id: a, type: {LOG}, message: x}}]"));
    world.segue(&["run", "a.yaml", "--data-dir", "d"]).says(0, &["SUCCESS"]);
    let again = world.segue(&["run", "a.yaml", "--data-dir", "d", "--resume"]);
    again.says(2, &["has ended in SUCCESS; start a new one without --resume"]).does_not_say("INFO");
}
