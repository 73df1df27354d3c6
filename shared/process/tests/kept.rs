//! Tests children with a keeper. No child outlives the process that started it.

#![expect(
    clippy::disallowed_methods,
    reason = "a test passes its own environment on, or has its settings there"
)]
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, in its helpers too")]

use segue_process::{Child, Output, Program, StartError};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader, Lines};
use tokio::process::Command;
use tokio::sync::Mutex;

/// A shell command that starts processes of three generations and prints their ids. One process is in its own session.
const TREE: &str = "sh -c 'sleep 300 & echo $!; setsid sleep 301 & echo $!; wait' & echo $!; wait";
/// The tests share one keeper. This lock lets only one test run at a time.
static ALONE: Mutex<()> = Mutex::const_new(());

fn keep() {
    segue_process::keep_with(env!("CARGO_BIN_EXE_segue-process-keeper").into());
}

fn shell(text: &str) -> Program {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", text]);
    Program::new(command)
}

async fn start(text: &str) -> (Child, Lines<BufReader<Output>>) {
    keep();
    let (child, out, err) = Child::start(shell(text)).await.unwrap();
    let mut err = err.unwrap();
    // A shell that writes to its standard error waits until somebody reads.
    tokio::spawn(async move { err.read_to_end(&mut Vec::new()).await });
    (child, BufReader::new(out.unwrap()).lines())
}

async fn run(program: Program) -> (i32, String, String) {
    keep();
    let (mut child, out, err) = Child::start(program).await.unwrap();
    let (mut printed, mut complained) = (String::new(), String::new());
    out.unwrap().read_to_string(&mut printed).await.unwrap();
    err.unwrap().read_to_string(&mut complained).await.unwrap();
    (child.ended().await.unwrap(), printed, complained)
}

async fn lines(of: &mut Lines<BufReader<Output>>, count: usize) -> Vec<String> {
    let mut found = Vec::new();
    for _ in 0..count {
        found.push(of.next_line().await.unwrap().unwrap());
    }
    found
}

/// Whether a process runs. A process that has ended, but was not collected by its parent, does not count.
fn is_alive(id: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", id.trim())).unwrap_or_default();
    stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().next()).is_some_and(|state| state != "Z")
}

fn parent(id: &str) -> String {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    status.lines().find_map(|line| line.strip_prefix("PPid:")).unwrap().trim().to_owned()
}

async fn are_gone(tree: &[String]) -> bool {
    for _ in 0..500 {
        if !tree.iter().any(|id| is_alive(id)) {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    false
}

fn kill(id: &str) {
    assert!(std::process::Command::new("kill").args(["-9", id]).status().unwrap().success());
}

#[tokio::test]
async fn outputs_and_exit_codes_are_the_programs() {
    let ended = run(shell("echo one; echo two >&2; printf three; exit 7")).await;
    assert_eq!(ended, (7, "one\nthree".to_owned(), "two\n".to_owned()));
    assert_eq!(run(shell("kill -9 $$")).await.0, 137);
    assert_eq!(run(shell("read x; echo \"<$x>\"")).await.1, "<>\n", "the standard input is empty");
    let long = "x".repeat(100_000);
    let mut command = Command::new("sh");
    command
        .args(["-c", "pwd; printf '%s' \"$1$LONG\" | wc -c", "sh", &long])
        .current_dir("/tmp")
        .env("LONG", &long);
    assert_eq!(run(Program::new(command)).await, (0, "/tmp\n200000\n".to_owned(), String::new()));
}

#[tokio::test]
async fn a_program_that_cannot_be_started_is_reported() {
    keep();
    let missing = Child::start(Program::new(Command::new("no-such-program-here"))).await;
    assert!(
        matches!(missing, Err(StartError::Program(error)) if error.kind() == std::io::ErrorKind::NotFound)
    );
    let closed = Child::start(Program::new(Command::new("/etc/passwd"))).await;
    assert!(
        matches!(closed, Err(StartError::Program(error)) if error.kind() == std::io::ErrorKind::PermissionDenied)
    );
}

#[tokio::test]
async fn a_program_sees_the_systems_signals_and_nothing_of_its_keeper() {
    let text = "grep -E 'Sig(Blk|Ign|Cgt)' /proc/self/status; ls /proc/self/fd";
    // A shell in the background ignores SIGINT for its commands, and nohup SIGHUP. These tests may be such a command.
    let shell_with_defaults = ["--default-signal=INT,HUP", "/bin/sh", "-c", text];
    let plain =
        std::process::Command::new("env").args(shell_with_defaults).stdin(Stdio::null()).output().unwrap();
    assert_eq!(run(shell(text)).await.1, String::from_utf8(plain.stdout).unwrap());
    let environment = run(shell("tr '\\0' '\\n' < /proc/$PPID/environ | grep -v ^LD_LIBRARY_PATH=")).await;
    assert_eq!((environment.0, environment.1.as_str()), (1, ""));
}

#[tokio::test]
async fn a_program_that_has_ended_leaves_the_background_to_be_killed() {
    let (mut child, mut out) = start("sleep 300 & echo $!; setsid sleep 301 & echo $!; exit 3").await;
    let tree = lines(&mut out, 2).await;
    assert_eq!(child.ended().await.unwrap(), 3);
    assert!(tree.iter().all(|id| is_alive(id)));
    child.kill().await;
    assert!(!tree.iter().any(|id| is_alive(id)), "all is gone when the kill returns");
}

#[tokio::test]
async fn terminate_asks_all_processes() {
    let (mut child, mut out) = start("trap 'echo asked; exit 5' TERM; (trap 'echo too; exit' TERM; echo; while :; do sleep 0.01; done) & while :; do sleep 0.01; done").await;
    lines(&mut out, 1).await;
    child.terminate();
    assert_eq!(child.ended().await.unwrap(), 5);
    let mut said = lines(&mut out, 2).await;
    said.sort();
    assert_eq!(said, ["asked", "too"]);
}

#[tokio::test]
async fn drop_kills_all_processes() {
    let (child, mut out) = start(TREE).await;
    let tree = lines(&mut out, 3).await;
    assert!(tree.iter().all(|id| is_alive(id)));
    drop(child);
    assert!(are_gone(&tree).await, "{tree:?}");
}

#[tokio::test]
async fn a_killed_supervisor_takes_the_tree_along() {
    let _alone = ALONE.lock().await;
    let (mut child, mut out) = start(&format!("echo $$; {TREE}")).await;
    let tree = lines(&mut out, 4).await;
    kill(&parent(&tree[0]));
    assert_eq!(child.ended().await.unwrap(), 137);
    assert!(are_gone(&tree).await, "{tree:?}");
}

#[tokio::test]
async fn a_killed_keeper_is_replaced_and_harms_no_child() {
    let _alone = ALONE.lock().await;
    let (mut child, mut out) = start("echo $$; read x < /dev/null; sleep 0.5; echo done").await;
    let id = lines(&mut out, 1).await;
    kill(&parent(&parent(&id[0])));
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(run(shell("echo again")).await.1, "again\n");
    assert_eq!(lines(&mut out, 1).await, ["done"]);
    assert_eq!(child.ended().await.unwrap(), 0);
}

#[tokio::test]
async fn the_clear_up_command_runs_if_the_program_did_not_end_by_itself() {
    keep();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cleared");
    let mut touch = std::process::Command::new("touch");
    touch.arg(&file);
    assert_eq!(run(shell("exit 1").clear_up_by(&touch)).await.0, 1);
    let (child, ..) = Child::start(shell("sleep 300").clear_up_by(&touch)).await.unwrap();
    assert!(!file.exists());
    drop(child);
    for _ in 0..500 {
        if file.exists() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("nobody cleared up");
}

/// The program that the next tests kill. It is not a test.
#[tokio::test]
#[ignore = "started by other tests"]
async fn one_that_is_killed() {
    let root = std::env::var_os("ROOT").unwrap();
    keep();
    segue_process::take_over(&Path::new(&root).join("lock"), Path::new(&root), Duration::ZERO).unwrap();
    let mut command = Command::new("/bin/sh");
    command.args(["-c", TREE]).env("WORKING_DIR", Path::new(&root).join("a"));
    let (_child, out, _) = Child::start(Program::new(command)).await.unwrap();
    let mut out = BufReader::new(out.unwrap()).lines();
    while let Some(line) = out.next_line().await.unwrap() {
        println!("id {line}");
    }
}

/// Starts the program above. Returns it with the process ids of its script.
async fn other(root: &Path) -> (tokio::process::Child, Vec<String>) {
    let mut other = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "one_that_is_killed", "--ignored", "--nocapture"])
        .env("ROOT", root)
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(other.stdout.take().unwrap()).lines();
    let mut tree = Vec::new();
    while tree.len() < 3 {
        let line = lines.next_line().await.unwrap().unwrap();
        tree.extend(line.split_once("id ").map(|(_, id)| id.to_owned()));
    }
    (other, tree)
}

#[tokio::test]
async fn a_killed_process_leaves_nothing_and_the_next_one_waits_for_that() {
    let root = tempfile::tempdir().unwrap();
    let (mut first, tree) = other(root.path()).await;
    let path = root.path().to_owned();
    let busy = segue_process::take_over(&path.join("other"), &path.join("b"), Duration::ZERO);
    assert!(busy.is_ok(), "another lock and another root are nobody's");
    assert!(tree.iter().all(|id| is_alive(id)));
    first.kill().await.unwrap();
    let taken = tokio::task::spawn_blocking(move || {
        segue_process::take_over(&path.join("lock"), &path, Duration::from_secs(10))
    });
    taken.await.unwrap().unwrap();
    assert!(!tree.iter().any(|id| is_alive(id)), "{tree:?}");
}

fn signal(name: &str, ids: &[String]) {
    let sent = std::process::Command::new("kill").arg(name).args(ids).status().unwrap();
    assert!(sent.success(), "{name} {ids:?}");
}

#[tokio::test]
async fn a_process_without_keeper_and_supervisor_is_found_by_its_directory() {
    let root = tempfile::tempdir().unwrap();
    let (first, tree) = other(root.path()).await;
    let script = parent(&tree[2]);
    let supervisor = parent(&script);
    let keeper = parent(&supervisor);
    // Each of the three ends when its parent does. Stopped, and killed from the last child up, each
    // one is still there when its turn comes.
    let three = [supervisor, keeper, first.id().unwrap().to_string()];
    signal("-STOP", &three);
    signal("-KILL", &three);
    let path = root.path().to_owned();
    let taken = tokio::task::spawn_blocking(move || {
        segue_process::take_over(&path.join("lock"), &path, Duration::from_secs(10))
    });
    taken.await.unwrap().unwrap();
    assert!(are_gone(&tree).await, "{tree:?}");
}
