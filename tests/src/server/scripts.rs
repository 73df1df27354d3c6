//! Checks the scripts of a server that is killed repeatedly. No script may run twice at the same time, and no process
//! of a script may outlive the server.

use super::{Client, ServerProcess};
use anyhow::{Context as _, ensure};
use rand::RngExt as _;
use rand::rngs::StdRng;
use std::path::Path;
use std::time::{Duration, Instant};

/// The largest number of simultaneous executions.
const EXECUTIONS: usize = 4;
/// The time limit for processes to end after their server.
const GONE_WITHIN: Duration = Duration::from_secs(10);
/// The time limit for the last scripts.
const END_WITHIN: Duration = Duration::from_secs(120);
/// This test kills every script many times, so the usual limit of deliveries must not stop a script.
const MANY_DELIVERIES: [(&str, &str); 1] = [("SEGUE_MAX_DELIVERIES", "100000")];

/// A flow with two scripts that run at the same time. Each script takes a lock with the name of its task run, and
/// starts a process in a new session. The lock contains the ids of both processes. If the lock exists, both processes
/// must be dead. A process counts as alive if its working directory is that of the same attempt. In this case the
/// script writes a line to the file `twice`, and the task fails.
fn flow(folder: &Path) -> String {
    let folder = folder.display();
    let task = |id: &str| {
        format!(
            "  - id: {id}\n    type: io.kestra.plugin.scripts.shell.Commands\n    \
             taskRunner: {{type: io.kestra.plugin.core.runner.Process}}\n    commands:\n    - |\n      \
             lock={folder}/locks/{{{{ taskrun.id }}}}\n      \
             if ! mkdir $lock; then\n        \
             for other in $(cat $lock/*); do\n          \
             case \"$(readlink /proc/$other/cwd)\" in\n            \
             \"$PWD\"*) echo \"$lock $other\" >> {folder}/twice; exit 1;;\n          \
             esac\n        done\n      fi\n      \
             echo $$ > $lock/script\n      \
             setsid sleep 300 > /dev/null 2>&1 &\n      \
             echo $! > $lock/background\n      \
             echo run >> {folder}/runs\n      \
             sleep 1\n      \
             rm -r $lock\n"
        )
    };
    format!(
        "id: locked\nnamespace: crash\ntasks:\n- id: both\n  type: io.kestra.plugin.core.flow.Parallel\n  tasks:\n{}{}",
        task("one"),
        task("two")
    )
}

/// The number of processes with a working directory below this directory.
fn processes_in(directory: &Path) -> anyhow::Result<usize> {
    let processes = std::fs::read_dir("/proc")?.flatten();
    let places = processes.filter_map(|process| std::fs::read_link(process.path().join("cwd")).ok());
    Ok(places.filter(|place| place.starts_with(directory)).count())
}

async fn none_left(directory: &Path) -> anyhow::Result<()> {
    let began = Instant::now();
    while processes_in(directory)? > 0 {
        ensure!(began.elapsed() < GONE_WITHIN, "{} processes of scripts still run", processes_in(directory)?);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(())
}

/// Kills a server `kills` times while scripts run, each time after at most `longest_life` milliseconds. Returns the
/// number of scripts that began, and the number that were interrupted.
///
/// # Errors
/// An error if a script ran twice at the same time, if a script outlived its server, or if an execution did not end in
/// SUCCESS.
pub async fn none_twice_and_none_left(
    segue: &Path,
    kills: usize,
    longest_life: u64,
    moments: &mut StdRng,
) -> anyhow::Result<(usize, usize)> {
    let directory = tempfile::tempdir()?;
    let folder = directory.path().canonicalize()?;
    let data = folder.join("data");
    std::fs::create_dir(folder.join("locks"))?;
    let start = async || ServerProcess::start_with(segue, &data, &MANY_DELIVERIES).await;
    let (mut server, mut cut_off) = (start().await?, 0);
    Client::new(&server.url)?.import(flow(&folder)).await?;
    for kill in 0..kills {
        let client = Client::new(&server.url)?;
        for _ in client.open().await?..EXECUTIONS as u64 {
            client.start(("crash", "locked"), &[], false).await?;
        }
        tokio::time::sleep(Duration::from_millis(moments.random_range(10..longest_life.max(11)))).await;
        cut_off += usize::from(processes_in(&data)? > 0);
        server.kill().await?;
        // Every second time, the next server starts before the processes of the last one have ended.
        if kill % 2 == 0 {
            none_left(&data).await?;
        }
        server = start().await?;
        let twice = folder.join("twice");
        ensure!(!twice.exists(), "scripts ran twice at once: {}", std::fs::read_to_string(twice)?);
    }
    let client = Client::new(&server.url)?;
    let began = Instant::now();
    while client.open().await? > 0 {
        ensure!(began.elapsed() < END_WITHIN, "the scripts do not end");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let ends = client.ends().await?;
    ensure!(ends.iter().all(|end| end.state == "SUCCESS"), "not all executions succeeded: {ends:?}");
    ensure!(std::fs::read_dir(folder.join("locks"))?.next().is_none(), "a lock is left");
    server.kill().await?;
    none_left(&data).await?;
    let runs = std::fs::read_to_string(folder.join("runs")).context("no script ever ran")?.lines().count();
    Ok((runs, cut_off))
}
