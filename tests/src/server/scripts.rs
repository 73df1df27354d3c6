//! Scripts of a server that is killed repeatedly: none ever runs twice at the same time, and none is left
//! over.

use super::{Client, ServerProcess};
use anyhow::{Context as _, ensure};
use rand::RngExt as _;
use rand::rngs::StdRng;
use std::path::Path;
use std::time::{Duration, Instant};

/// The largest number of simultaneous executions.
const EXECUTIONS: usize = 4;
/// How long processes may take to end after their server.
const GONE_WITHIN: Duration = Duration::from_secs(10);
/// The longest the last scripts may take.
const END_WITHIN: Duration = Duration::from_secs(120);
/// Every script is killed many times, and none is the cause.
const MANY_DELIVERIES: [(&str, &str); 1] = [("SEGUE_MAX_DELIVERIES", "100000")];

/// Two scripts at the same time. Each takes a lock named after its task run, and leaves a process in its own
/// session. If the lock exists, its owner must be dead: a process that lives has its id in the lock, and the
/// directory of the same attempt. If the owner lives, this is written to `twice`, and the task fails.
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
        ensure!(began.elapsed() < GONE_WITHIN, "{} processes are left of scripts", processes_in(directory)?);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(())
}

/// Kills a server `kills` times while scripts run, each time after at most `longest_life` milliseconds.
/// Returns how many scripts began, and how many were interrupted.
///
/// # Errors
/// A script that ran twice at the same time, one that outlived its server, or an execution that did not end
/// in SUCCESS.
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
        // Every second time, the next server starts before the leftovers have ended.
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
    ensure!(ends.iter().all(|end| end.state == "SUCCESS"), "not all succeeded: {ends:?}");
    ensure!(std::fs::read_dir(folder.join("locks"))?.next().is_none(), "a lock is left");
    server.kill().await?;
    none_left(&data).await?;
    let runs = std::fs::read_to_string(folder.join("runs")).context("no script ever ran")?.lines().count();
    Ok((runs, cut_off))
}
