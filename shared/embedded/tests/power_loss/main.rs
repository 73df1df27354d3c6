//! Tests that every answered write is on the disk, even if the machine loses power at any moment.
//!
//! A process writes key-values and objects. After each answer it prints the number of the write. strace records the
//! system calls of the process. From this record the test builds, for each answer, the folder on a disk that keeps only
//! what was synced: the content of a file at its last sync, and names at the last sync of their folder. The platform is
//! opened on this folder, and all answered writes must be there.

#![expect(
    clippy::disallowed_methods,
    reason = "a test has its own settings, and compares with the machine's clock"
)]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]
#![allow(clippy::print_stderr, reason = "a test says why it is skipped")]

mod disk;

use disk::{Disk, Happened};
use segue_embedded::{DatabaseOptions, Durability, Embedded, EmbeddedOptions, open_with};
use segue_ports::kv::{KvType, KvWrite};
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

/// The environment variable with the folder for the traced process. Only this process has the variable.
const FOLDER: &str = "SEGUE_POWER_LOSS_FOLDER";
/// The number of answered writes.
const WRITES: usize = 24;

fn open(folder: &Path, durability: Durability) -> Result<Embedded, segue_ports::PortError> {
    let database = DatabaseOptions { durability, ..DatabaseOptions::default() };
    open_with(folder, EmbeddedOptions { database, ..EmbeddedOptions::default() })
}

/// The code of the traced process. It is not a test.
#[tokio::test]
async fn writer() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let durability = std::env::var(Durability::VARIABLE).unwrap().parse().unwrap();
    let ports = open(Path::new(&folder), durability).unwrap().ports;
    for number in 0..WRITES {
        if number % 3 == 2 {
            ports.storage.put_text(&format!("folder-{number}/object"), number.to_string()).await.unwrap();
        } else {
            let write = KvWrite::Set {
                namespace: "n".into(),
                key: format!("k{number}"),
                kind: KvType::Number,
                value: number.into(),
                description: None,
                expires: None,
            };
            ports.state.write_kv(vec![write], jiff::Timestamp::now()).await.unwrap();
        }
        std::io::stdout().write_all(format!("answered {number}\n").as_bytes()).unwrap();
    }
}

/// The largest number of answered writes that a power cut loses. `None` if strace cannot be used.
async fn lost(durability: &str) -> Option<usize> {
    let directory = tempfile::tempdir().unwrap();
    let (data, log) = (directory.path().join("data"), directory.path().join("log"));
    let traced = Command::new("strace")
        .args(["-f", "-y", "-xx", "-s", "1000000", "-e", disk::CALLS, "-o"])
        .arg(&log)
        .arg(std::env::current_exe().unwrap())
        .args(["writer", "--exact", "--nocapture", "--test-threads=1"])
        .env(FOLDER, &data)
        .env(Durability::VARIABLE, durability)
        .output();
    let traced = match traced {
        Ok(traced) if traced.status.success() => traced,
        other => {
            // CI has strace. On a machine without strace, or where strace may not trace a process, the test prints that
            // it is skipped.
            eprintln!("skipped: no process can be traced with strace here ({other:?})");
            return None;
        }
    };
    assert!(String::from_utf8_lossy(&traced.stdout).contains(&format!("answered {}", WRITES - 1)));
    let mut disk = Disk::new(directory.path());
    let (mut answered, mut worst) = (Vec::new(), 0);
    for line in std::fs::read_to_string(&log).unwrap().lines() {
        let Some(Happened::Said(text)) = disk.take(line) else { continue };
        let Some(number) = text.trim().rsplit("answered ").next().filter(|_| text.contains("answered "))
        else {
            continue;
        };
        answered.push(number.parse::<usize>().unwrap());
        let image = tempfile::tempdir().unwrap();
        disk.cut(image.path());
        worst = worst.max(missing(&image.path().join("data"), &answered).await);
    }
    assert_eq!(answered.len(), WRITES, "every answer is in the log");
    Some(worst)
}

/// The number of answered writes that are missing in `data`.
async fn missing(data: &Path, answered: &[usize]) -> usize {
    let platform = match open(data, Durability::Normal) {
        Ok(platform) => platform,
        Err(error) => {
            eprintln!("after {answered:?}: {error}");
            return answered.len();
        }
    };
    let mut missing = 0;
    for number in answered {
        let found = if number % 3 == 2 {
            let uri = format!("kestra:///folder-{number}/object");
            platform.ports.storage.get_text(&uri, 100).await.ok().as_deref() == Some(&*number.to_string())
        } else {
            let found = platform.ports.state.kv("n", &format!("k{number}"), jiff::Timestamp::now()).await;
            found.unwrap().is_some_and(|entry| entry.value == *number)
        };
        missing += usize::from(!found);
    }
    missing
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answered_write_survives_the_loss_of_power() {
    let Some(lost) = lost("full").await else { return };
    assert_eq!(lost, 0);
}

/// Shows that the test above can fail: with a weaker durability, answered writes are lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_syncs_answered_writes_are_lost() {
    let Some(lost) = lost("normal").await else { return };
    assert!(lost > WRITES / 2, "{lost} are lost");
}
