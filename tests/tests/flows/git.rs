//! Runs flows with tasks of Git against a Git server of their own.

use crate::platform::Platform;
use segue_fn_git::server::{GitServer, PASSWORD, USER};
use segue_model::Map;

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
