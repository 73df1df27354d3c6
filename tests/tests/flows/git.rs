//! Runs flows with tasks of Git against a Git server of their own.

use crate::platform::Platform;
use segue_fn_git::server::{GitServer, PASSWORD, USER};
use segue_model::Map;
use segue_model::trigger_state::TriggerKey;
use segue_standalone::{Access, Options, Server, Standalone};
use segue_tests::server::Client;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

fn in_a_directory(url: &str) -> String {
    format!(
        "id: clone\nnamespace: company.team\ntasks:\n  - id: dir\n    type: io.kestra.plugin.core.flow.WorkingDirectory\n\
         \x20   tasks:\n      - id: clone\n        type: io.kestra.plugin.git.Clone\n        url: {url}\n\
         \x20       username: {USER}\n        password: {PASSWORD}\n      - id: count\n\
         \x20       type: io.kestra.plugin.scripts.shell.Commands\n        taskRunner:\n\
         \x20         type: io.kestra.plugin.core.runner.Process\n        outputFiles: ['*.txt']\n        commands:\n\
         \x20         - wc -l < data/trips.csv > count.txt\n\
         \x20         - test -d .git && sh run.sh\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tasks_after_a_clone_find_its_files() {
    let Some(server) = GitServer::start().await else { return };
    let url = server.repository("scripts");
    let files =
        [("data/trips.csv", Some("a\nb\nc\n")), ("run.sh", Some("echo '::{\"outputs\": {\"ran\": 1}}::'"))];
    server.commit("scripts", "main", &files);
    let platform = Platform::start().unwrap();
    let end = platform.run(&in_a_directory(&url), Map::new()).await.unwrap();
    assert_eq!(end.state(), "SUCCESS", "{}", end.errors());
    let count = end.runs.iter().find(|run| run.task_id == "count").unwrap();
    assert_eq!(count.outputs["vars"]["ran"], 1);
    assert!(count.outputs["outputFiles"]["count.txt"].is_string(), "{:?}", count.outputs);
    assert!(end.logs.iter().all(|line| !line.message.contains(PASSWORD)));
    platform.stop().await;
}

/// A flow of the namespace `company.team` with one task of Git.
fn with_task(id: &str, task_type: &str, url: &str, more: &str) -> String {
    format!(
        "id: {id}\nnamespace: company.team\ntasks:\n  - id: git\n    type: io.kestra.plugin.git.{task_type}\n    \
         url: {url}\n    username: {USER}\n    password: {PASSWORD}\n{more}"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flow_goes_to_git_and_comes_back_with_its_schedule() {
    let Some(server) = GitServer::start().await else { return };
    let url = server.repository("flows");
    let data = tempfile::tempdir().unwrap();
    let options = Options { data_dir: data.path().to_path_buf(), triggers: true, ..Options::default() };
    let standalone = Arc::new(Standalone::open(&options).unwrap());
    let state = standalone.ports().state.clone();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let api = format!("http://{}", listener.local_addr().unwrap());
    let serving = Server::new(standalone, api.clone(), Access::default());
    let shutdown = CancellationToken::new();
    let serving = tokio::spawn(serving.serve(listener, shutdown.clone(), Duration::from_secs(5)));
    let client = Client::new(&api).unwrap();

    let daily = "id: daily\nnamespace: company.team\ntasks:\n  - id: log\n    type: io.kestra.plugin.core.log.Log\n    \
                 message: m\ntriggers:\n  - id: nine\n    type: io.kestra.plugin.core.trigger.Schedule\n    cron: 0 9 * * *\n";
    client.import(daily.to_owned()).await.unwrap();
    let push = with_task("push", "PushFlows", &url, "    targetNamespace: prod\n    flows: daily\n");
    client.import(push).await.unwrap();
    client.start(("company.team", "push"), &[], true).await.unwrap();
    assert_eq!(server.ask("flows", &["ls-tree", "-r", "--name-only", "main"]), "_flows/daily.yml");

    let sync = with_task("sync", "SyncFlows", &url, "    targetNamespace: prod\n    delete: true\n");
    client.import(sync).await.unwrap();
    client.start(("company.team", "sync"), &[], true).await.unwrap();
    assert!(state.flow("prod", "daily", None).await.unwrap().is_some());
    let key = TriggerKey::new("prod", "daily", "nine");
    let begin = Instant::now();
    // The scheduler learns of the flow by a message.
    while state.trigger(&key).await.unwrap().and_then(|found| found.value.next_execution_date).is_none() {
        assert!(begin.elapsed() < Duration::from_secs(60), "the schedule has no next date");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    shutdown.cancel();
    serving.await.unwrap().unwrap();
}
