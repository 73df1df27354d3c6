//! Verbs next to a running server.

use crate::world::World;
use serde_json::Value;

const LOG: &str = "io.kestra.plugin.core.log.Log";

#[test]
fn a_task_run_that_runs_is_running() {
    let world = World::with_server();
    world.flow(
        "a",
        "tasks: [{id: sh, type: io.kestra.plugin.scripts.shell.Commands, \
         taskRunner: {type: io.kestra.plugin.core.runner.Process}, commands: ['until test -e go; do sleep 0.05; done'], \
         env: {}}]",
    );
    let go = world.path().join("go");
    let source = world.read("a.yaml").replace("test -e go", &format!("test -e {}", go.display()));
    world.file("a.yaml", &source).segue(&["flow", "import", "a.yaml"]).says(0, &["created t.a"]);
    let id = world.start(&["t.a"]);
    world.until("the task runs", |world| {
        world.execution(&id)["taskRunList"][0]["attempts"][0]["state"]["current"] == "RUNNING"
    });
    assert_eq!(world.execution(&id)["taskRunList"][0]["state"]["current"], "RUNNING");
    world.segue(&["execution", "get", &id]).says(0, &["▸ sh", "RUNNING"]).does_not_say("CREATED");
    world.segue(&["top", "--once"]).says(0, &["1 running", "t.a"]);
    world.segue(&["execution", "get", &id[..8]]).says(1, &["was not found"]);
    std::fs::write(go, "").unwrap();
    world.until("it ends", |world| world.execution(&id)["state"]["current"] == "SUCCESS");
    world.until("the console says so", |world| world.read("console").contains("execution.ended"));
    for line in world.read("console").lines() {
        let event: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(event["event"].as_str().unwrap().starts_with("execution."), "{line}");
    }
}

#[test]
fn tables_keys_and_files_can_be_seen_meanwhile() {
    let world = World::with_server();
    world.segue(&["query", "CREATE SCHEMA s; CREATE TABLE s.t AS SELECT 1 AS a"]).says(0, &["1 row"]);
    world.segue(&["tables"]).says(0, &["s.t    TABLE  1"]);
    world.segue(&["query", "SELECT a + 1 AS b FROM s.t"]).says(0, &["b\n2\n"]);
    for (key, value, kind) in [
        ("n", "5", "a number"),
        ("d", "2024-03-01", "a date"),
        ("p", "PT1H", "a duration"),
        ("s", "x", "a text"),
    ] {
        world.segue(&["kv", "set", "t", key, value]).says(0, &[kind]);
    }
    world.segue(&["kv", "list", "t"]).says(0, &["key", "updated", "d ", "s "]);
    world.segue(&["secrets", "t"]).says(0, &["there are no secrets; set SECRET_NAME"]);
    world.segue(&["namespace", "files", "list", "t"]).says(0, &["there are no files"]);
}

#[test]
fn a_failed_execution_says_why() {
    let world = World::with_server();
    world.flow(
        "a",
        "tasks: [{id: a, type: io.kestra.plugin.core.execution.Fail, errorMessage: no rows came}]",
    );
    world.flow(
        "one",
        "concurrency: {limit: 1, behavior: FAIL}\ntasks: [{id: a, type: io.kestra.plugin.core.flow.Pause}]",
    );
    world.segue(&["flow", "import", "a.yaml", "one.yaml"]).says(0, &["created t.a", "created t.one"]);
    world.segue(&["execution", "run", "t.a", "--wait"]).says(1, &["FAILED", "error: a: no rows came"]);
    world.segue(&["execution", "list"]).says(0, &["t.a", "FAILED"]);
    let id = world.start(&["t.one"]);
    world.until("it is paused", |world| world.execution(&id)["state"]["current"] == "PAUSED");
    world.segue(&["execution", "run", "t.one", "--wait"]).says(1, &["already has its 1 running execution"]);
    world.segue(&["execution", "run", "t.a", "-i", "nme=x", "--wait"]).says(1, &["t.a has no input 'nme'"]);
}

#[test]
fn a_changed_flow_is_compared_before_it_is_saved() {
    let world = World::with_server();
    world.flow("a", &format!("tasks: [{{id: a, type: {LOG}, message: old}}]"));
    world.segue(&["flow", "import", "a.yaml"]).says(0, &["created t.a revision 1"]);
    world.flow("a", &format!("tasks: [{{id: a, type: {LOG}, message: new}}]"));
    world.flow("b", &format!("tasks: [{{id: a, type: {LOG}, message: b}}]"));
    let changes = ["-tasks: [{id: a, type: io.kestra.plugin.core.log.Log, message: old}]", "message: new"];
    world.segue(&["flow", "diff", "a.yaml"]).says(0, &changes);
    let dry = world.segue(&["flow", "import", "--dry-run", "a.yaml", "b.yaml"]);
    dry.says(0, &changes).says(0, &["a.yaml: would update t.a", "b.yaml: would create t.b"]);
    let list = world.segue(&["flow", "list", "--output", "json"]).json();
    assert_eq!((&list["total"], &list["results"][0]["id"]), (&1.into(), &"a".into()));
    world.segue(&["flow", "import", "a.yaml"]).says(0, &["updated t.a revision 2"]);
    world.segue(&["flow", "diff", "t.a", "--revisions", "1..2"]).says(0, &changes);
    world.segue(&["flow", "revisions", "t.a"]).says(0, &["1 ", "2 "]);
    world
        .segue(&["flow", "get", "t.a", "--revision", "9"])
        .says(1, &["Revision 9 of flow 't.a' was not found"]);
}

#[test]
fn schedules_say_what_they_do_and_in_which_time_zone() {
    let world = World::with_server();
    world.flow(
        "m",
        &format!(
            "inputs: [{{id: region, type: STRING, defaults: eu}}]\n\
             tasks: [{{id: a, type: {LOG}, message: \"{{{{ inputs.region }}}} {{{{ trigger.date }}}}\"}}]\n\
             triggers:\n\
             \x20 - {{id: m, type: io.kestra.plugin.core.trigger.Schedule, cron: '0 6 1 * *', timezone: Europe/Berlin, inputs: {{region: us}}}}\n\
             \x20 - {{id: off, type: io.kestra.plugin.core.trigger.Schedule, cron: '0 7 1 * *', disabled: true}}"
        ),
    );
    world.segue(&["flow", "import", "m.yaml"]).says(0, &["created t.m"]);
    let run = ["execution", "run", "t.m", "--trigger", "m", "--date", "2023-03-01", "--follow"];
    world.segue(&run).says(0, &["us 2023-03-01T06:00:00+01:00"]);
    for slot in
        [&["--date", "2023-03-01"] as &[&str], &["--trigger", "m", "--date", "2023-03-01T06:00:00+01:00"]]
    {
        world.segue(&[&["plan", "m.yaml"], slot].concat()).says(0, &["us 2023-03-01T06:00:00+01:00"]);
    }
    world.segue(&["plan", "m.yaml", "--trigger", "m", "-i", "region=jp"]).says(0, &["jp 20"]);
    world
        .segue(&["plan", "m.yaml", "--date", "2023-03-02"])
        .says(2, &["the Schedule 'm' has no slot on 2023-03-02"]);
    world.segue(&["plan", "m.yaml", "--trigger", "n"]).says(2, &["there is no Schedule 'n' in flow t.m"]);
    let preview =
        ["backfill", "preview", "t.m", "--trigger", "m", "--start", "2023-02-01", "--end", "2023-04-30"];
    let preview = world.segue(&[&preview[..], &["--mode", "missing"]].concat());
    preview.says(0, &["2 of 3 slot(s) would run", "time zone, Europe/Berlin"]);
    let passed = preview.out.lines().find(|line| line.starts_with("2023-03-01 06:00:00")).unwrap();
    assert!(passed.contains("skipped"), "{passed}");
    world
        .segue(&["trigger", "enable", "t.m", "off"])
        .says(0, &["stays disabled: the flow has 'disabled: true'"]);
    world.segue(&["trigger", "list"]).says(0, &["disabled", "dates are in the time zone"]);
    let none = ["backfill", "start", "t.m", "--trigger", "m", "--start", "2023-02-02", "--end", "2023-02-03"];
    world.segue(&none).says(0, &["there is no slot to run between these dates"]);
}

#[test]
fn the_shell_completes_names_and_ids() {
    let world = World::with_server();
    world.flow("a", "tasks: [{id: a, type: io.kestra.plugin.core.flow.Pause}]");
    world.segue(&["flow", "import", "a.yaml"]).says(0, &["created"]);
    let id = world.start(&["t.a"]);
    let completed = |words: &[&str]| {
        let index = (words.len() - 1).to_string();
        let words: Vec<&str> = ["--"].iter().chain(words).copied().collect();
        let variables = [("SEGUE_COMPLETE", "bash"), ("_CLAP_COMPLETE_INDEX", &index), ("_CLAP_IFS", "\n")];
        world.segue_with(&words, &variables).out
    };
    assert!(completed(&["segue", "expl"]).contains("explain"), "{}", completed(&["segue", "expl"]));
    assert!(completed(&["segue", "flow", "get", ""]).contains("t.a"));
    assert!(completed(&["segue", "kv", "list", ""]).contains('t'));
    assert!(completed(&["segue", "execution", "get", ""]).contains(&id));
}

#[test]
fn a_server_without_tls_is_recognized() {
    let world = World::with_server();
    let told: Value = serde_json::from_str(&world.read(".segue/server.json")).unwrap();
    let url = told["url"].as_str().unwrap().replace("http://", "https://");
    world.segue(&["execution", "list", "--server", &url]).says(1, &["write http:// instead of https://"]);
}

#[test]
fn a_webhook_sees_its_headers_as_kestra_shows_them() {
    let world = World::with_server();
    world.flow(
        "hook",
        &format!(
            "tasks: [{{id: a, type: {LOG}, message: \"<{{{{ trigger.headers['X-My'] | first }}}} {{{{ trigger.headers['x-my'] | first }}}}>\"}}]\n\
             triggers: [{{id: w, type: io.kestra.plugin.core.trigger.Webhook, key: abcdefghijkl}}]"
        ),
    );
    world.segue(&["flow", "import", "hook.yaml"]).says(0, &["created"]);
    let told: Value = serde_json::from_str(&world.read(".segue/server.json")).unwrap();
    let host = told["url"].as_str().unwrap().trim_start_matches("http://").to_owned();
    let mut connection = std::net::TcpStream::connect(&host).unwrap();
    let path = "/api/v1/main/executions/webhook/t/hook/abcdefghijkl";
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nX-My: v1\r\nConnection: close\r\n\r\n");
    std::io::Write::write_all(&mut connection, request.as_bytes()).unwrap();
    let answer = std::io::read_to_string(connection).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    world.until("the flow ran", |world| world.segue(&["logs", "search", "<"]).out.contains("<v1 v1>"));
}
