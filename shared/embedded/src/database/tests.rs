//! Tests opening and closing the database, and the loss of data.
#![allow(clippy::indexing_slicing, reason = "a test fails by panicking")]

use super::{Database, DatabaseOptions, DbError};
use std::path::Path;

/// Opens a database with the files of `data` and returns the error. Some of the files are missing or damaged.
fn refusal(data: &Path) -> String {
    Database::open(&data.join("segue.db")).err().map(|error| error.to_string()).unwrap_or_default()
}

async fn written(data: &Path, count: i64) -> Database {
    let database = Database::open(&data.join("segue.db")).unwrap();
    for number in 0..count {
        let insert = move |connection: &rusqlite::Connection| {
            connection.execute("INSERT INTO execution_ids (id) VALUES (?1)", [number])?;
            Ok(())
        };
        database.write(insert).await.unwrap();
    }
    database
}

/// Copies the folder in the state that a killed process leaves.
fn killed(data: &Path, to: &Path) {
    for name in ["segue.db", "segue.db-wal", "segue.lock"] {
        std::fs::copy(data.join(name), to.join(name)).unwrap();
    }
}

#[tokio::test]
async fn a_clean_stop_leaves_one_whole_file() {
    let dir = tempfile::tempdir().unwrap();
    drop(written(dir.path(), 10).await);
    assert!(!dir.path().join("segue.db-wal").exists());
    assert_eq!(std::fs::metadata(dir.path().join("segue.lock")).unwrap().len(), 0);
    let kept = tempfile::tempdir().unwrap();
    std::fs::copy(dir.path().join("segue.db"), kept.path().join("segue.db")).unwrap();
    let database = Database::open(&kept.path().join("segue.db")).unwrap();
    let count = |connection: &rusqlite::Connection| {
        Ok(connection.query_row("SELECT count(*) FROM execution_ids", [], |row| row.get::<_, i64>(0))?)
    };
    assert_eq!(database.read(count).await.unwrap(), 10);
}

#[tokio::test]
async fn files_of_a_killed_process_are_opened_and_losses_are_reported() {
    let dir = tempfile::tempdir().unwrap();
    let _database = written(dir.path(), 40).await;
    let whole = tempfile::tempdir().unwrap();
    killed(dir.path(), whole.path());
    assert_eq!(refusal(whole.path()), "");

    // The process died while it was writing the last transaction.
    let torn = tempfile::tempdir().unwrap();
    killed(dir.path(), torn.path());
    let log = torn.path().join("segue.db-wal");
    let bytes = std::fs::read(&log).unwrap();
    std::fs::write(&log, &bytes[..bytes.len() - 1000]).unwrap();
    assert_eq!(refusal(torn.path()), "");

    for (spot, what) in [(5, "damaged at byte 0"), (bytes.len() / 2, "damaged at byte")] {
        let bad = tempfile::tempdir().unwrap();
        killed(dir.path(), bad.path());
        let mut bytes = bytes.clone();
        bytes[spot] ^= 0x55;
        std::fs::write(bad.path().join("segue.db-wal"), bytes).unwrap();
        let refused = refusal(bad.path());
        assert!(refused.contains(what) && refused.contains("segue restore"), "{refused}");
    }

    let missing = tempfile::tempdir().unwrap();
    killed(dir.path(), missing.path());
    std::fs::remove_file(missing.path().join("segue.db-wal")).unwrap();
    let refused = refusal(missing.path());
    assert!(refused.contains("has lost its log") && refused.contains("--accept-loss"), "{refused}");
    let accepted = DatabaseOptions { accept_loss: true, ..DatabaseOptions::default() };
    assert!(Database::open_with(&missing.path().join("segue.db"), accepted).is_ok());

    let headless = tempfile::tempdir().unwrap();
    killed(dir.path(), headless.path());
    std::fs::remove_file(headless.path().join("segue.db")).unwrap();
    let refused = refusal(headless.path());
    assert!(refused.contains("is missing") && refused.contains("segue.db-wal is there"), "{refused}");
}

#[tokio::test]
async fn no_new_database_is_created_next_to_objects_of_an_old_one() {
    for witness in ["objects/bucket/key", "warehouse.duckdb"] {
        let dir = tempfile::tempdir().unwrap();
        let witness = dir.path().join(witness);
        std::fs::create_dir_all(witness.parent().unwrap()).unwrap();
        assert_eq!(refusal(dir.path()), "", "empty folders say nothing");
        std::fs::remove_file(dir.path().join("segue.db")).unwrap();
        std::fs::write(&witness, "x").unwrap();
        for text in [None, Some("")] {
            if let Some(text) = text {
                std::fs::write(dir.path().join("segue.db"), text).unwrap();
            }
            let refused = refusal(dir.path());
            assert!(refused.contains(&*witness.to_string_lossy()), "{refused}");
        }
    }
}

#[tokio::test]
async fn a_damaged_database_is_refused_and_a_health_check_reports_an_accepted_one() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("segue.db");
    let database = written(dir.path(), 5_000).await;
    database.check().await.unwrap();
    drop(database);
    let mut bytes = std::fs::read(&file).unwrap();
    let size = bytes.len();
    bytes[size / 2..size / 2 + 8192].fill(0x55);
    std::fs::write(&file, bytes).unwrap();
    let refused = refusal(dir.path());
    assert!(refused.contains("is damaged") && refused.contains("segue restore"), "{refused}");
    let accepted = DatabaseOptions { accept_loss: true, ..DatabaseOptions::default() };
    let database = Database::open_with(&file, accepted).unwrap();
    assert!(matches!(database.check().await, Err(DbError::Damaged(_))));
}
