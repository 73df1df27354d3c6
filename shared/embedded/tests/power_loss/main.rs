//! What is answered is on the disk: a machine that loses power at any moment finds every answered write.
//!
//! A process writes key-values and objects and says after each answer which it was, while strace writes down what it
//! asks of the file system. From that the test makes, for each answer, the folder as a disk would have it that keeps
//! nothing but what was synced: contents of a file as of its last sync, names as of the last sync of their folder. The
//! process's folder is opened from that, and all that was answered must be in it.

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

/// Where the traced process writes; set in that process alone.
const FOLDER: &str = "SEGUE_POWER_LOSS_FOLDER";
/// How many writes are answered.
const WRITES: usize = 24;

fn open(folder: &Path, durability: Durability) -> Result<Embedded, segue_ports::PortError> {
    let database = DatabaseOptions { durability, ..DatabaseOptions::default() };
    open_with(folder, EmbeddedOptions { database, ..EmbeddedOptions::default() })
}

/// The traced process: not a test of its own.
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

/// How many answered writes a power cut loses, at the worst moment; none where strace is not to be had.
async fn lost(durability: &str) -> Option<usize> {
    let place = tempfile::tempdir().unwrap();
    let (data, log) = (place.path().join("data"), place.path().join("log"));
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
            // CI has strace; a machine without it, or where a process may not be traced, says so.
            eprintln!("skipped: no process can be traced with strace here ({other:?})");
            return None;
        }
    };
    assert!(String::from_utf8_lossy(&traced.stdout).contains(&format!("answered {}", WRITES - 1)));
    let mut disk = Disk::new(place.path());
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

/// How many of the answered writes are not there.
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

/// The test above can fail: with what is promised less, less is found.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_syncs_answered_writes_are_lost() {
    let Some(lost) = lost("normal").await else { return };
    assert!(lost > WRITES / 2, "{lost} are lost");
}
