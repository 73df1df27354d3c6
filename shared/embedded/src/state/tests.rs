use super::SqliteStateStore;
use crate::database::Database;
use jiff::Timestamp;
use segue_model::execution::Execution;
use segue_model::id::ExecutionId;
use segue_ports::PortError;
use segue_ports::conformance::state_store as conformance;
use segue_ports::state::{Claim, Commit, ExecutionFilter, Permit, StateStore as _, Timer};
use segue_ports::wire::AttemptKey;
use std::sync::Arc;

fn on_disk() -> (tempfile::TempDir, SqliteStateStore) {
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStateStore::open(&directory.path().join("segue.db")).unwrap();
    (directory, store)
}

fn execution(name: &str) -> Execution {
    Execution::created(ExecutionId::from(name), "company.team", "taxi", 1, Timestamp::UNIX_EPOCH)
}

fn commit(execution: Execution, version: u64) -> Commit {
    Commit::new(execution, version, Timestamp::UNIX_EPOCH)
}

#[tokio::test]
async fn the_file_does_what_the_port_says() {
    let (_directory, store) = on_disk();
    conformance::all(&store, "disk").await.unwrap();
    conformance::all(&store, "again").await.unwrap();
}

#[tokio::test]
async fn memory_does_what_the_port_says() {
    conformance::all(&SqliteStateStore::in_memory().unwrap(), "memory").await.unwrap();
}

#[tokio::test]
async fn everything_is_there_after_it_was_opened_again() {
    let (directory, store) = on_disk();
    store.put_flow("company", "taxi", "id: taxi", Timestamp::UNIX_EPOCH).await.unwrap();
    store.create_execution(&execution("e1")).await.unwrap();
    store.commit(commit(execution("e1"), 0)).await.unwrap();
    drop(store);
    let store = SqliteStateStore::open(&directory.path().join("segue.db")).unwrap();
    assert_eq!(store.flow("company", "taxi", None).await.unwrap().unwrap().source, "id: taxi");
    let stored = store.execution(&"e1".into()).await.unwrap().unwrap();
    assert_eq!((stored.version, stored.execution), (1, execution("e1")));
}

#[tokio::test]
async fn a_second_process_is_refused() {
    let (directory, store) = on_disk();
    let path = directory.path().join("segue.db");
    let refused = Database::open(&path).err().unwrap();
    assert!(matches!(&refused, PortError::Invalid { message } if message.contains("in use")), "{refused}");
    drop(store);
    Database::open(&path).unwrap();
}

#[test]
fn a_newer_or_foreign_file_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let newer = directory.path().join("newer.db");
    drop(Database::open(&newer).unwrap());
    rusqlite::Connection::open(&newer).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let refused = Database::open(&newer).err().unwrap().to_string();
    assert!(refused.contains("newer Segue (schema 99"), "{refused}");

    let foreign = directory.path().join("foreign.db");
    rusqlite::Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
    let refused = Database::open(&foreign).err().unwrap().to_string();
    assert!(refused.contains("a database of another program;"), "{refused}");

    let text = directory.path().join("text.db");
    std::fs::write(&text, "this is no database at all, whatever its name may say ".repeat(100)).unwrap();
    let refused = Database::open(&text).err().unwrap().to_string();
    assert!(refused.contains("text.db"), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_commits_on_one_version_one_wins() {
    let (_directory, store) = on_disk();
    store.create_execution(&execution("e")).await.unwrap();
    for version in 0..20 {
        let racing: Vec<_> = (0..8)
            .map(|_| {
                let store = store.clone();
                tokio::spawn(async move { store.commit(commit(execution("e"), version)).await })
            })
            .collect();
        let mut won = 0;
        for one in racing {
            match one.await.unwrap() {
                Ok(_) => won += 1,
                Err(error) => assert!(matches!(error, PortError::Conflict { .. }), "{error}"),
            }
        }
        assert_eq!(won, 1);
    }
    assert_eq!(store.execution(&"e".into()).await.unwrap().unwrap().version, 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn permits_are_never_exceeded_under_contention() {
    let store = Arc::new(SqliteStateStore::in_memory().unwrap());
    let now = Timestamp::UNIX_EPOCH;
    let asking: Vec<_> = (0..40)
        .map(|index| {
            let store = Arc::clone(&store);
            let id = ExecutionId::from(format!("e{index:02}"));
            tokio::spawn(async move { (store.take_permit("n", "f", 3, &id, true, now).await.unwrap(), id) })
        })
        .collect();
    let mut running = Vec::new();
    for one in asking {
        let (permit, id) = one.await.unwrap();
        if permit == Permit::Granted {
            running.push(id);
        }
    }
    assert_eq!(running.len(), 3);
    let mut ended = 0;
    while let Some(id) = running.pop() {
        ended += 1;
        running.extend(store.release_permit("n", "f", &id, now).await.unwrap());
        assert!(running.len() <= 3);
    }
    assert_eq!(ended, 40, "everybody had a turn");
}

#[tokio::test]
async fn a_failed_change_does_not_affect_others() {
    let (_directory, store) = on_disk();
    store.create_execution(&execution("e")).await.unwrap();
    let other = execution("other");
    // The requests start together, so they probably share a transaction.
    let (wrong, right, made) = tokio::join!(
        store.commit(commit(execution("e"), 7)),
        store.commit(commit(execution("e"), 0)),
        store.create_execution(&other),
    );
    assert!(matches!(wrong, Err(PortError::Conflict { .. })));
    assert_eq!(right.unwrap(), 1);
    assert!(made.unwrap());
    assert!(store.execution(&"other".into()).await.unwrap().is_some());
}

#[tokio::test]
async fn deleting_who_holds_a_permit_does_not_lose_it() {
    let (_directory, store) = on_disk();
    let now = Timestamp::UNIX_EPOCH;
    let (first, second) = (ExecutionId::from("first"), ExecutionId::from("second"));
    store.create_execution(&execution("first")).await.unwrap();
    assert_eq!(store.take_permit("n", "f", 1, &first, true, now).await.unwrap(), Permit::Granted);
    assert_eq!(store.take_permit("n", "f", 1, &second, true, now).await.unwrap(), Permit::Full);
    store.delete_execution(&first).await.unwrap();
    assert_eq!(store.release_permit("n", "f", &first, now).await.unwrap(), [second]);
}

#[tokio::test]
async fn names_with_quotes_are_only_names() {
    let (_directory, store) = on_disk();
    let hostile = "x'; DROP TABLE executions; --\"%_\u{0}ü";
    store.put_flow(hostile, hostile, hostile, Timestamp::UNIX_EPOCH).await.unwrap();
    assert_eq!(store.flow(hostile, hostile, None).await.unwrap().unwrap().source, hostile);
    let filter = ExecutionFilter {
        namespace: Some(hostile.to_owned()),
        labels: vec![(hostile.to_owned(), hostile.to_owned())],
        ..ExecutionFilter::default()
    };
    assert!(store.executions(&filter).await.unwrap().is_empty());
    let key = AttemptKey { execution_id: hostile.into(), task_run_id: hostile.into(), attempt: 0 };
    let until = Timestamp::from_second(60).unwrap();
    assert_eq!(
        store.claim(&key, hostile, Timestamp::UNIX_EPOCH, until).await.unwrap(),
        Claim::Granted { deliveries: 1 }
    );
    store.create_execution(&execution("fine")).await.unwrap();
    assert!(store.execution(&"fine".into()).await.unwrap().is_some());
}

/// The clock jumps one day ahead and back. Timers that were set in between fire at the intended time. Start dates and
/// older timers do not change.
#[tokio::test]
async fn timers_set_while_the_clock_was_ahead_are_moved_earlier() {
    let store = SqliteStateStore::in_memory().unwrap();
    let at = |second: i64| Timestamp::from_second(1_700_000_000 + second).unwrap();
    let made = execution("clock");
    store.create_execution(&made).await.unwrap();
    let timer = |key: &str, due| Timer { execution_id: made.id.clone(), key: key.to_owned(), due: at(due) };
    for (version, now, timers) in [
        (0, 0, vec![timer("before", 7_200)]),
        (1, 86_400, vec![timer("sleep", 86_410), timer("start", 90_000)]),
    ] {
        let change = Commit { timers, ..Commit::new(made.clone(), version, at(now)) };
        store.commit(change).await.unwrap();
    }
    assert_eq!(store.clock_went_back(at(60)).await.unwrap(), 1);
    assert_eq!(store.clock_went_back(at(61)).await.unwrap(), 0, "once");
    let due = store.due_timers(at(1_000_000), 10).await.unwrap();
    assert_eq!(due, [timer("sleep", 70), timer("before", 7_200), timer("start", 90_000)]);
}
