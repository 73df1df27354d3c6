//! Stops a server and `segue run` while scripts run, with the real command and real signals.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod command;
#[path = "../support/mod.rs"]
mod support;

use command::{Segue, until};
use rustix::process::Signal;
use std::path::Path;
use std::process::Stdio;
use support::without_data;

/// A flow with a script. The script writes a line to `runs`, starts a process in a new session, and waits for the file
/// `go`.
fn flow(folder: &Path) -> String {
    let folder = folder.display();
    format!(
        "id: long\nnamespace: stop\ntasks:\n- id: wait\n  type: io.kestra.plugin.scripts.shell.Commands\n  \
         taskRunner:\n    type: io.kestra.plugin.core.runner.Process\n  commands:\n  - |\n    \
         setsid sleep 300 > /dev/null 2>&1 &\n    echo run >> {folder}/runs\n    \
         until [ -e {folder}/go ]; do sleep 0.05; done\n"
    )
}

/// The number of starts of the script.
fn runs(folder: &Path) -> usize {
    std::fs::read_to_string(folder.join("runs")).map_or(0, |text| text.lines().count())
}

/// The number of processes that work in the data directory: scripts, and processes that they started.
fn scripts(folder: &Path) -> usize {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    processes
        .filter_map(|process| std::fs::read_link(process.path().join("cwd")).ok())
        .filter(|cwd| cwd.starts_with(folder.join("data")))
        .count()
}

/// Starts a server, and runs the script of the flow. `seconds` is the time that task runs have to end when the server
/// stops.
async fn with_a_running_script(folder: &Path, seconds: u32) -> Segue {
    let server = Segue::server(folder, seconds).await;
    server.command(&["flow", "import"], Some(&flow(folder))).await;
    server.command(&["execution", "run", "stop.long"], None).await;
    until("the script runs", || runs(folder) == 1).await;
    server
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_stops_its_scripts_and_the_next_start_runs_them_again() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut server = with_a_running_script(folder, 0).await;
    // Five stops are more than the limit of deliveries of a task run. Stops must not count towards this limit.
    for times in 1..=5 {
        until("the script runs", || runs(folder) == times).await;
        assert!(scripts(folder) >= 2, "the script and what it left");
        server.signal(Signal::TERM);
        assert_eq!(server.ended().await, Some(0));
        assert_eq!(scripts(folder), 0, "scripts outlive their server");
        server.line("1 task run stopped; the next start runs them again").await;
        server = Segue::server(folder, 0).await;
    }
    until("the script runs", || runs(folder) == 6).await;
    std::fs::write(folder.join("go"), "").unwrap();
    let execution = server.only_execution("SUCCESS").await;
    let task_runs = execution["taskRunList"].as_array().unwrap();
    let attempts = task_runs[0]["attempts"].as_array().unwrap();
    assert_eq!((task_runs.len(), attempts.len()), (1, 1), "{execution}");
    assert_eq!(attempts[0]["state"]["current"], "SUCCESS");
    assert_eq!(runs(folder), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_run_that_ends_in_time_is_not_run_again() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut server = with_a_running_script(folder, 600).await;
    server.signal(Signal::INT);
    server.line("stopping: waits up to 600 s for 1 task run; a second Ctrl-C ends at once").await;
    // The API answers while the server stops.
    server.only_execution("RUNNING").await;
    std::fs::write(folder.join("go"), "").unwrap();
    assert_eq!(server.ended().await, Some(0));
    let server = Segue::server(folder, 600).await;
    server.only_execution("SUCCESS").await;
    assert_eq!(runs(folder), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_a_server_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut server = with_a_running_script(folder, 600).await;
    server.signal(Signal::TERM);
    server.line("stopping: waits up to 600 s").await;
    server.signal(Signal::TERM);
    assert_eq!(server.ended().await, Some(143));
    until("scripts end with their server", || scripts(folder) == 0).await;
    std::fs::write(folder.join("go"), "").unwrap();
    Segue::server(folder, 600).await.only_execution("SUCCESS").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_stops_its_script_and_is_resumed() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let file = folder.join("long.yaml");
    std::fs::write(&file, flow(folder)).unwrap();
    let file = file.to_str().unwrap();
    let mut run = Segue::start(folder, 0, &["run", file]);
    until("the script runs", || runs(folder) == 1).await;
    run.signal(Signal::INT);
    run.line("stopping: waits up to 0 s for 1 task run").await;
    run.line("has not ended; continue it with: segue run").await;
    assert_eq!(run.ended().await, Some(130));
    assert_eq!(scripts(folder), 0, "scripts outlive the command");

    std::fs::write(folder.join("go"), "").unwrap();
    let mut run = Segue::start(folder, 0, &["run", file, "--resume"]);
    assert_eq!(run.ended().await, Some(0));
    assert_eq!(runs(folder), 2);
}

/// The temporary data directories of runs in a folder.
fn temporary(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().flatten();
    entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("segue-run-")).count()
}

/// The number of processes that work in a temporary data directory of the folder.
fn at_work(folder: &Path) -> usize {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let cwds = processes.filter_map(|process| std::fs::read_link(process.path().join("cwd")).ok());
    cwds.filter(|cwd| cwd.starts_with(folder)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_without_a_data_directory_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let folder = &folder.path().canonicalize().unwrap();
    let file = folder.join("long.yaml");
    std::fs::write(&file, flow(folder)).unwrap();
    let start = |grace: &str| {
        let mut command = without_data();
        command.env("TMPDIR", folder).env("SEGUE_STOP_SECONDS", grace).arg("run").arg(&file);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    };
    let signal = |run: &tokio::process::Child, signal| {
        let id = i32::try_from(run.id().expect("the run has ended")).unwrap();
        rustix::process::kill_process(rustix::process::Pid::from_raw(id).unwrap(), signal).unwrap();
    };
    // Each way to end a run: Ctrl-C, SIGTERM, a second Ctrl-C, SIGKILL.
    for (times, signals, code) in [
        (1, [Some(Signal::INT), None], Some(130)),
        (2, [Some(Signal::TERM), None], Some(143)),
        (3, [Some(Signal::INT), Some(Signal::INT)], Some(130)),
        (4, [Some(Signal::KILL), None], None),
    ] {
        let mut run = start(if signals[1].is_some() { "600" } else { "0" });
        until("the script runs", || runs(folder) == times).await;
        assert_eq!(temporary(folder), 1);
        for (place, each) in signals.into_iter().flatten().enumerate() {
            if place > 0 {
                // The first signal must arrive on its own.
                tokio::time::sleep(std::time::Duration::from_millis(500)).await;
            }
            signal(&run, each);
        }
        let ended = tokio::time::timeout(std::time::Duration::from_secs(60), run.wait()).await.unwrap();
        assert_eq!(ended.unwrap().code(), code);
        until("scripts end with the command", || at_work(folder) == 0).await;
        assert_eq!(temporary(folder), usize::from(code.is_none()), "only SIGKILL leaves the directory");
    }
    // The next run removes what the killed one left.
    std::fs::write(folder.join("go"), "").unwrap();
    assert_eq!(start("0").wait().await.unwrap().code(), Some(0));
    assert_eq!(temporary(folder), 0);
}
