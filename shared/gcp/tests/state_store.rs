//! The state store on Firestore's emulator: the conformance suite, and simultaneous requests.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "what is wrong here fails a test")]

#[path = "support/flows.rs"]
mod flows;
mod support;

use flows::{at, commit, ended, execution, key, line, result, task_run};
use futures::future::join_all;
use segue_gcp::FirestoreStateStore;
use segue_model::id::ExecutionId;
use segue_model::label::Label;
use segue_model::log::LogLevel;
use segue_ports::PortError;
use segue_ports::conformance::state_store as conformance;
use segue_ports::state::{Claim, ExecutionFilter, Permit, StateStore as _};

/// Two adapters on the same database. Each has its own cache.
async fn stores() -> Option<(FirestoreStateStore, FirestoreStateStore)> {
    let config = support::config("FIRESTORE_EMULATOR_HOST")?;
    let one = FirestoreStateStore::connect(&config).await.unwrap();
    Some((one, FirestoreStateStore::connect(&config).await.unwrap()))
}

#[tokio::test]
async fn firestore_does_what_the_port_says() {
    let Some((store, _)) = stores().await else { return };
    conformance::all(&store, "first").await.unwrap();
    conformance::all(&store, "again").await.unwrap();
}

/// Of all callers that commit on one version, one wins, whether they have cached the execution or not.
#[tokio::test]
async fn of_racing_commits_one_wins_each_round() {
    let Some((one, other)) = stores().await else { return };
    let made = execution("raced");
    one.create_execution(&made).await.unwrap();
    for round in 0..10_u64 {
        let version = other.execution(&made.id).await.unwrap().unwrap().version;
        let racing = (0..8_u64).map(|racer| {
            let store = if racer % 2 == 0 { &one } else { &other };
            let mut change = commit(&made, version);
            change.task_runs.push((round, ended(&made.id, 100 * round + racer)));
            async move { store.commit(change).await }
        });
        let answers = join_all(racing).await;
        let won = answers.iter().filter(|answer| answer.is_ok()).count();
        let lost = answers.iter().filter(|answer| matches!(answer, Err(PortError::Conflict { .. }))).count();
        assert_eq!((won, lost), (1, 7), "round {round}: {answers:?}");
    }
    let [left, right] = [&one, &other].map(|store| store.execution(&made.id));
    let (left, right) = (left.await.unwrap().unwrap(), right.await.unwrap().unwrap());
    assert_eq!(left, right);
    assert_eq!(left.task_runs.len(), 10, "one task run of each round");
}

#[tokio::test]
async fn of_racing_executions_as_many_get_a_slot_as_there_are() {
    let Some((one, other)) = stores().await else { return };
    let asking = (0..10).map(|number| {
        let store = if number % 2 == 0 { &one } else { &other };
        async move {
            let id = ExecutionId::from(format!("slot-{number}"));
            let mut answer = store.take_permit("n", "raced", 3, &id, true, at(0)).await;
            // With many requests at once, a lane may answer that it was too busy. A message would be
            // delivered again.
            while matches!(&answer, Err(error) if error.is_transient()) {
                answer = store.take_permit("n", "raced", 3, &id, true, at(0)).await;
            }
            (id, answer.unwrap())
        }
    });
    let answers = join_all(asking).await;
    let mut holding: Vec<_> =
        answers.iter().filter(|(_, slot)| *slot == Permit::Granted).map(|(id, _)| id.clone()).collect();
    assert_eq!(holding.len(), 3);
    let mut done = 0;
    while let Some(id) = holding.pop() {
        done += 1;
        holding.extend(other.release_permit("n", "raced", &id, at(1)).await.unwrap());
        assert!(holding.len() <= 3);
    }
    assert_eq!(done, 10, "everybody had a turn");
}

/// The store renews and ends a claim from the stored version, even if it has cached an older version.
#[tokio::test]
async fn a_remembered_claim_is_not_trusted() {
    let Some((one, other)) = stores().await else { return };
    let made = execution("claims");
    let taken_over = key(&made.id, 1);
    assert_eq!(
        one.claim(&taken_over, "dead", at(0), at(60)).await.unwrap(),
        Claim::Granted { deliveries: 1 }
    );
    assert_eq!(
        other.claim(&taken_over, "alive", at(61), at(120)).await.unwrap(),
        Claim::Granted { deliveries: 2 }
    );
    assert!(!one.renew_claim(&taken_over, "dead", at(180)).await.unwrap());
    assert!(!one.finish_claim(&taken_over, "dead", &result(&taken_over), Vec::new()).await.unwrap());
    assert!(other.finish_claim(&taken_over, "alive", &result(&taken_over), Vec::new()).await.unwrap());

    let revoked = key(&made.id, 2);
    assert_eq!(one.claim(&revoked, "holder", at(0), at(60)).await.unwrap(), Claim::Granted { deliveries: 1 });
    other.revoke_claims(std::slice::from_ref(&revoked)).await.unwrap();
    assert!(!one.finish_claim(&revoked, "holder", &result(&revoked), Vec::new()).await.unwrap());

    let renewed = key(&made.id, 3);
    assert_eq!(one.claim(&renewed, "holder", at(0), at(60)).await.unwrap(), Claim::Granted { deliveries: 1 });
    assert!(other.renew_claim(&renewed, "holder", at(90)).await.unwrap(), "the same holder elsewhere");
    assert!(one.finish_claim(&renewed, "holder", &result(&renewed), Vec::new()).await.unwrap());
}

/// Lines of commits, attempts and services are in the order of their commits, and stay so when they move out
/// of the execution's document.
#[tokio::test]
async fn lines_keep_the_order_of_their_commits() {
    let Some((one, other)) = stores().await else { return };
    let made = execution("logged");
    one.create_execution(&made).await.unwrap();
    let mut expected = Vec::new();
    let long = "x".repeat(9_000);
    for round in 0..12_u64 {
        let attempt = key(&made.id, round);
        one.claim(&attempt, "h", at(0), at(60)).await.unwrap();
        for text in ["step", "service", "attempt"] {
            let text = format!("{text} {round} {long}");
            let entry = line(&made.id, &text);
            match text.get(..4) {
                Some("step") => {
                    let version = other.execution(&made.id).await.unwrap().unwrap().version;
                    let mut change = commit(&made, version);
                    change.logs.push(entry);
                    other.commit(change).await.unwrap();
                }
                Some("serv") => one.append_logs(vec![entry]).await.unwrap(),
                _ => assert!(one.finish_claim(&attempt, "h", &result(&attempt), vec![entry]).await.unwrap()),
            }
            expected.push(text);
            let lines = one.logs(&made.id, LogLevel::Info, 0).await.unwrap();
            let found: Vec<_> = lines.into_iter().map(|line| line.message).collect();
            assert!(found == expected, "a line moved in round {round}");
        }
    }
    assert_eq!(one.logs(&made.id, LogLevel::Info, 35).await.unwrap().len(), 1);
    assert_eq!(one.delete_logs(&made.id).await.unwrap(), 36);
    assert!(one.logs(&made.id, LogLevel::Trace, 0).await.unwrap().is_empty());
    let stored = one.execution(&made.id).await.unwrap().unwrap();
    assert_eq!(stored.execution, made, "only the lines are gone");
    one.commit(commit(&made, stored.version)).await.unwrap();
    let ended = one.claim(&key(&made.id, 0), "late", at(0), at(60)).await.unwrap();
    assert!(matches!(ended, Claim::Finished(_)), "an attempt keeps its result: {ended:?}");
}

/// Two labels at once, and other conditions that one query cannot check.
#[tokio::test]
async fn filters_beyond_one_query_find_the_same() {
    let Some((store, _)) = stores().await else { return };
    for number in 0..12_i64 {
        let mut made = execution(&format!("found-{number}"));
        made.namespace = format!("company.{}", if number % 2 == 0 { "even" } else { "odd" });
        made.state = segue_model::state::StateHistory::new(segue_model::state::State::Created, at(number));
        made.labels =
            vec![Label::new("third", (number % 3).to_string()), Label::new("half", (number % 2).to_string())];
        store.create_execution(&made).await.unwrap();
    }
    let labels = vec![("half".to_owned(), "0".to_owned()), ("third".to_owned(), "0".to_owned())];
    let both =
        ExecutionFilter { namespace: Some("company".to_owned()), labels, ..ExecutionFilter::default() };
    let found = store.executions(&both).await.unwrap();
    assert_eq!(found.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), ["found-6", "found-0"]);
    assert_eq!(store.count_executions(&both).await.unwrap(), 2);
    let page = ExecutionFilter { limit: 1, offset: 1, ..both };
    assert_eq!(store.executions(&page).await.unwrap().len(), 1);
    let odd = ExecutionFilter { namespace: Some("company.odd".to_owned()), ..ExecutionFilter::default() };
    assert_eq!(store.count_executions(&odd).await.unwrap(), 6);
    let part = ExecutionFilter { namespace: Some("comp".to_owned()), ..ExecutionFilter::default() };
    assert_eq!(store.count_executions(&part).await.unwrap(), 0, "a part of a name is no namespace above");
}

/// An interrupted deletion leaves nothing that a new execution with the same id could see.
#[tokio::test]
async fn an_execution_deleted_and_created_again_has_no_past() {
    let Some((one, other)) = stores().await else { return };
    let made = execution("again");
    for life in 0..3_u64 {
        assert!(one.create_execution(&made).await.unwrap(), "life {life}");
        let version = one.execution(&made.id).await.unwrap().unwrap().version;
        let mut change = commit(&made, version);
        change.task_runs = (0..600).map(|number| (number, task_run(&made.id, number + life))).collect();
        one.commit(change).await.unwrap();
        let attempt = key(&made.id, 0);
        assert_eq!(
            one.claim(&attempt, "h", at(0), at(60)).await.unwrap(),
            Claim::Granted { deliveries: 1 },
            "life {life}"
        );
        assert!(one.finish_claim(&attempt, "h", &result(&attempt), vec![line(&made.id, "x")]).await.unwrap());
        let found = other.execution(&made.id).await.unwrap().unwrap().task_runs;
        assert_eq!(found.first().map(|(_, run)| run.id.clone()), Some(task_run(&made.id, life).id));
        assert_eq!(found.len(), 600);
        assert!(other.delete_execution(&made.id).await.unwrap());
        assert_eq!(one.execution(&made.id).await.unwrap(), None);
    }
}
