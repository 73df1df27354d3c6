#![expect(clippy::disallowed_methods, reason = "a test compares with the machine's clock")]

use super::*;
use crate::{EmbeddedOptions, open_with};
use segue_ports::kv::{KvType, KvWrite};
use segue_ports::warehouse::QueryJob;
use std::fs;

fn write(key: &str, value: &str) -> KvWrite {
    KvWrite::Set {
        namespace: "n".into(),
        key: key.into(),
        kind: KvType::String,
        value: value.into(),
        description: None,
        expires: None,
    }
}

async fn fill(data: &Path) -> crate::Embedded {
    let platform = open_with(data, EmbeddedOptions::default()).unwrap();
    let ports = &platform.ports;
    ports.state.write_kv(vec![write("k", "kept")], jiff::Timestamp::now()).await.unwrap();
    ports.storage.put_text("company/a.txt", "an object").await.unwrap();
    for sql in ["CREATE SCHEMA d", "CREATE TABLE d.t AS SELECT 42 AS answer"] {
        let job = QueryJob { job_id: sql.into(), sql: sql.into(), ..QueryJob::default() };
        ports.warehouse.query(job).await.unwrap();
    }
    platform
}

async fn check(data: &Path) {
    let platform = open_with(data, EmbeddedOptions::default()).unwrap();
    let ports = &platform.ports;
    let kept = ports.state.kv("n", "k", jiff::Timestamp::now()).await.unwrap().unwrap();
    assert_eq!(kept.value, "kept");
    assert_eq!(ports.storage.get_text("kestra:///company/a.txt", 100).await.unwrap(), "an object");
    let job = QueryJob { job_id: "q".into(), sql: "SELECT answer FROM d.t".into(), ..QueryJob::default() };
    assert!(format!("{:?}", ports.warehouse.query(job).await.unwrap()).contains("42"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_process_works_on_is_backed_up_and_restored() {
    let dir = tempfile::tempdir().unwrap();
    let (data, file, other) =
        (dir.path().join("data"), dir.path().join("b.tar.gz"), dir.path().join("other"));
    let platform = fill(&data).await;
    let made = backup(&data, &file, false, &mut |_| {}).unwrap();
    assert!(!made.key && made.files >= 3, "{made:?}");
    assert!(matches!(backup(&data, &file, false, &mut |_| {}), Err(PortError::AlreadyExists { .. })));
    platform.ports.state.write_kv(vec![write("k", "changed")], jiff::Timestamp::now()).await.unwrap();
    assert_eq!(restore(&file, &other, false).unwrap(), (made, None));
    check(&other).await;
    assert!(!other.join(KEY).exists() || data.join(KEY).exists());
    let in_use = restore(&file, &data, true).unwrap_err().to_string();
    assert!(in_use.contains("in use"), "{in_use}");
    drop(platform);
    let refused = restore(&file, &data, false).unwrap_err().to_string();
    assert!(refused.contains("is not empty") && refused.contains("--force"), "{refused}");
    let (_, before) = restore(&file, &data, true).unwrap();
    assert!(before.unwrap().join(DATABASE).is_file(), "what was there is kept");
    check(&data).await;
    let left: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 4, "nothing else is left: {left:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_that_is_cut_short_or_damaged_restores_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (data, file, other) = (dir.path().join("data"), dir.path().join("b"), dir.path().join("other"));
    drop(fill(&data).await);
    assert!(backup(&data, &file, true, &mut |_| {}).unwrap().key);
    let whole = fs::read(&file).unwrap();
    let mut flipped = whole.clone();
    // Many bytes are changed. A change of one bit in the reference of a compressed run of zeros would not change the
    // content.
    flipped.iter_mut().skip(whole.len() / 2).take(64).for_each(|byte| *byte ^= 0xff);
    for bad in [&whole[..whole.len() / 2], &flipped, b"no archive"] {
        fs::write(&file, bad).unwrap();
        let refused = restore(&file, &other, false).unwrap_err().to_string();
        assert!(refused.contains("use another backup"), "{refused}");
        assert!(!other.exists());
    }
    fs::write(&file, &whole).unwrap();
    restore(&file, &other, false).unwrap();
    assert_eq!(fs::read(other.join(KEY)).unwrap(), fs::read(data.join(KEY)).unwrap());
}

/// The log of a killed process is part of the backup, and stays in the directory.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_keeps_the_log_of_a_dead_process() {
    let dir = tempfile::tempdir().unwrap();
    let (data, dead, file) = (dir.path().join("data"), dir.path().join("dead"), dir.path().join("b"));
    let platform = fill(&data).await;
    fs::create_dir(&dead).unwrap();
    for name in ["segue.db", "segue.db-wal", "segue.lock", KEY] {
        fs::copy(data.join(name), dead.join(name)).unwrap();
    }
    drop(platform);
    backup(&dead, &file, false, &mut |_| {}).unwrap();
    let platform = open_with(&dead, EmbeddedOptions::default()).unwrap();
    let kept = platform.ports.state.kv("n", "k", jiff::Timestamp::now()).await.unwrap();
    assert!(kept.is_some());
}
