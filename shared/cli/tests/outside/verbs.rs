//! Verbs that need no flow or no server.

use crate::world::World;
use serde_json::Value;

#[test]
fn every_blueprint_can_be_checked_run_planned_and_tested() {
    let world = World::new();
    for template in segue_blueprints::ALL.iter().map(|one| one.id) {
        let dir = format!("my-{template}");
        world.segue(&["init", &dir, "--template", template]).says(0, &["created", "segue run"]);
        let flows = format!("{dir}/flows");
        world.segue(&["validate", &flows]).says(0, &["valid"]);
        let file = std::fs::read_dir(world.path().join(&flows)).unwrap().flatten().map(|entry| entry.path());
        let file = file.into_iter().find(|file| !file.to_string_lossy().contains(".test.")).unwrap();
        let file = file.to_str().unwrap();
        world.segue(&["run", file]).says(0, &["SUCCESS"]);
        world.segue(&["plan", file]).says(0, &["would end SUCCESS", "on Google Cloud"]);
        world.segue(&["test", &flows]).says(0, &["passed"]);
        world.segue(&["init", &dir]).says(2, &["nothing was written"]);
    }
}

#[test]
fn statements_may_begin_with_a_comment_and_come_from_anywhere() {
    let world = World::new();
    world.file("q.sql", "-- daily\nSELECT 2 AS b");
    world.segue(&["query", "-- totals\nSELECT 1 AS a"]).says(0, &["a\n1\n"]);
    world.segue(&["query", "@q.sql"]).says(0, &["b\n2\n"]);
    world.segue(&["query", "q.sql"]).says(2, &["write @q.sql"]);
    world
        .segue(&[
            "query",
            "SELECT @d AS d, @n AS n",
            "-p",
            "d:DATE:2024-03-01",
            "-p",
            "n=5",
            "--output",
            "csv",
        ])
        .says(0, &["d,n\n2024-03-01,5\n"]);
    let long = world.segue(&["query", "SELECT * FROM UNNEST(GENERATE_ARRAY(1, 3000)) AS x"]);
    long.says(0, &["note: 2000 more rows; print them with --limit 3000"]);
    assert_eq!(long.out.lines().count(), 1001);
    world.segue(&["query", "SELECT 1,\n 2,\n FROM (SELECT 1 2)"]).says(2, &["[3:17]"]);
    world.segue(&["expr", "{{ 1 + 1 }}"]).says(0, &["2"]);
}

#[test]
fn a_statement_without_rows_says_what_it_did() {
    let world = World::new();
    std::fs::create_dir(world.path().join("d")).unwrap();
    for (sql, said) in [
        ("CREATE SCHEMA s", "CREATE SCHEMA: done"),
        ("CREATE TABLE s.t AS SELECT 1 AS k, 0 AS v", "CREATE TABLE AS SELECT: 1 row"),
        ("INSERT INTO s.t VALUES (2, 3), (3, 4)", "INSERT: 2 rows"),
        ("UPDATE s.t d SET d.v = 1 WHERE d.k = 1", "UPDATE: 1 row"),
        (
            "MERGE s.t T USING (SELECT 1 AS k, 5 AS v) S ON T.k = S.k WHEN MATCHED THEN UPDATE SET T.v = S.v",
            "MERGE: 1 row",
        ),
    ] {
        world.segue(&["query", sql, "--data-dir", "d"]).says(0, &[said]);
    }
    world.segue(&["tables", "--data-dir", "d"]).says(0, &["s.t    TABLE  3"]);
}

#[test]
fn a_misspelled_directory_looks_like_no_lost_data() {
    let world = World::new();
    world.segue(&["--data-dir", "no/deep", "tables"]).says(1, &["there is no data directory no/deep"]);
    assert!(!world.path().join("no").exists());
}

#[test]
fn exit_codes_are_those_of_the_documentation() {
    let world = World::new();
    world.segue(&["validate", "no.yaml"]).says(2, &["cannot read no.yaml"]);
    world.segue(&["run", "no.yaml"]).says(2, &["cannot read the flow no.yaml"]);
    let server = world.segue(&["server", "--flows", "no", "--port", "0"]);
    server.says(2, &["cannot read no: No such file or directory"]).does_not_say("IO error");
    assert!(!world.path().join(".segue").exists());
    world.segue(&["server", "--auth", "nopassword"]).says(2, &["--auth must be USER:PASSWORD"]);
}

#[test]
fn problems_have_a_form_for_each_reader() {
    let world = World::new();
    world.file("bad/a.yaml", "id: a\nnamespace: t\ntasks: [{id: a, type: Log, message: x}]\n");
    world.file(
        "bad/deep/b.yaml",
        "id: b\nnamespace: t\ntasks: [{id: a, type: io.kestra.plugin.core.log.Log, message: x}]\n",
    );
    world
        .segue(&["validate", "bad"])
        .says(2, &["bad/a.yaml:3:23: error[SEG0210]", "bad/deep/b.yaml: 1 flow(s), valid"]);
    let json = world.segue(&["validate", "bad", "--output", "json"]).json();
    assert_eq!((&json[0]["diagnostics"][0]["code"], &json[1]["valid"]), (&"SEG0210".into(), &true.into()));
    let github = world.segue(&["validate", "bad", "--output", "github"]);
    github.says(2, &["::error file=bad/a.yaml,line=3,col=23,title=SEG0210::"]);
    let sarif = world.segue(&["validate", "bad", "--output", "sarif"]).json();
    assert_eq!(sarif["version"], "2.1.0");
    assert_eq!(sarif["runs"][0]["results"].as_array().map(Vec::len), Some(1));
}

#[test]
fn types_codes_and_the_schema_are_at_hand() {
    let world = World::new();
    world.segue(&["docs", "core.flow.ForEach"]).says(0, &["concurrencyLimit", "Example"]);
    world.segue(&["docs", "Schedule"]).says(0, &["cron", "timezone"]);
    world.segue(&["docs", "--list", "slack"]).says(0, &["SlackIncomingWebhook"]).does_not_say("bigquery");
    world.segue(&["docs"]).says(0, &["core.log.Log", "gcp.bigquery.Query"]);
    world.segue(&["docs", "core.log.Lgo"]).says(2, &["did you mean io.kestra.plugin.core.log.Log?"]);
    for code in ["SEG0402", "seg0402", "402"] {
        world.segue(&["explain", code]).says(0, &["What to do", "upper"]);
    }
    world.segue(&["explain"]).says(0, &["SEG0101", "SEG0402"]);
    let schema = world.segue(&["schema"]).json();
    assert_eq!(schema["additionalProperties"], Value::Bool(false));
    let text = schema.to_string();
    assert!(text.contains("io.kestra.plugin.core.flow.ForEach") && text.contains("concurrencyLimit"));
}

#[test]
fn near_words_are_suggested_and_common_ones_accepted() {
    let world = World::new();
    world.segue(&["rnu"]).says(2, &["similar", "'run'"]);
    world.segue(&["flow", "lsit"]).says(2, &["'list'"]);
    world.segue(&["version"]).says(0, &["segue 0."]);
    for alias in ["executions", "flows", "ns"] {
        world.segue(&[alias, "--help"]).says(0, &["Usage"]);
    }
    let refused = world.segue(&["validate", "--server", "http://localhost:1", "x.yaml"]);
    refused.says(2, &["this command does not use a server; leave --server out"]);
}
