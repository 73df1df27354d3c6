use super::*;
use jiff::Timestamp;
use segue_model::state::StateHistory;
use segue_model::task_run::Attempt;
use segue_ports::Ports;
use segue_ports::state::{Commit, StoredExecution};
use std::collections::{BTreeMap, HashSet};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

fn run(id: &str, parent: Option<&str>) -> TaskRun {
    let mut run = TaskRun::created(id.into(), id, at(0));
    run.parent_task_run_id = parent.map(TaskRunId::from);
    run
}

fn enter(run: &mut TaskRun, state: State, second: i64) {
    run.state.enter(state, at(second));
}

struct Store {
    ports: Ports,
    _folder: tempfile::TempDir,
}

impl Store {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { ports: segue_embedded::connect(folder.path()).unwrap(), _folder: folder }
    }

    fn state(&self) -> &dyn StateStore {
        &*self.ports.state
    }

    async fn create(&self, runs: Vec<TaskRun>) -> Execution {
        let mut execution = Execution::created("e".into(), "n", "f", 1, at(0));
        execution.state.enter(State::Running, at(0));
        let new = StoredExecution {
            execution: execution.clone(),
            task_runs: (0_u64..).zip(runs).collect(),
            notes: serde_json::Value::Null,
            version: 0,
        };
        assert!(self.state().create_execution_with(&new).await.unwrap());
        execution
    }

    async fn commit(&self, execution: &Execution, runs: Vec<(u64, TaskRun)>, removed: Vec<TaskRunId>) {
        let version = self.state().execution(&execution.id).await.unwrap().unwrap().version;
        let change = Commit { task_runs: runs, removed, ..Commit::new(execution.clone(), version, at(1)) };
        self.state().commit(change).await.unwrap();
    }

    async fn stored(&self) -> Vec<TaskRun> {
        let stored = self.state().execution(&"e".into()).await.unwrap().unwrap();
        stored.task_runs.into_iter().map(|(_, run)| run).collect()
    }
}

fn ids(snapshot: &Snapshot, from: usize, limit: usize, folded: &[&str]) -> (u64, Vec<(String, u32)>) {
    let rows = snapshot.rows(from, limit, &folded.iter().copied().collect::<HashSet<_>>());
    (rows.total, rows.rows.into_iter().map(|row| (row.run.id, row.depth)).collect())
}

#[tokio::test]
async fn task_runs_come_in_the_order_of_the_tree_and_by_page() {
    let store = Store::new();
    let runs = [("a", None), ("each", None), ("z", None), ("one", Some("each")), ("deep", Some("one"))];
    let mut runs: Vec<TaskRun> = runs.iter().map(|(id, parent)| run(id, *parent)).collect();
    runs.push(run("two", Some("each")));
    runs.push(run("lost", Some("nowhere")));
    enter(&mut runs[4], State::Success, 1);
    store.create(runs).await;
    let snapshots = Snapshots::default();
    let found = snapshots.current(store.state(), &"e".into()).await.unwrap().unwrap();
    let row = |id: &str, depth| (id.to_owned(), depth);
    let all = ["a", "each", "one", "deep", "two", "z", "lost"];
    let all: Vec<_> = all.into_iter().zip([0, 0, 1, 2, 1, 0, 0]).map(|(id, depth)| row(id, depth)).collect();
    assert_eq!(ids(&found, 0, 100, &[]), (7, all));
    assert_eq!(ids(&found, 2, 2, &[]), (7, vec![row("one", 1), row("deep", 2)]));
    assert_eq!(ids(&found, 0, 3, &["each"]), (4, vec![row("a", 0), row("each", 0), row("z", 0)]));
    assert_eq!(ids(&found, 9, 3, &["each"]), (4, vec![]));
    let rows = found.rows(1, 1, &HashSet::from(["each"]));
    let expected = BTreeMap::from([(State::Created, 2), (State::Success, 1)]);
    assert_eq!((rows.rows[0].below, &rows.rows[0].states), (3, &expected));
    assert!(snapshots.current(store.state(), &"none".into()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_client_that_merges_what_is_new_has_the_execution() {
    let store = Store::new();
    let execution = store.create((0..40).map(|number| run(&format!("r{number}"), None)).collect()).await;
    let snapshots = Snapshots::default();
    let first = snapshots.current(store.state(), &execution.id).await.unwrap().unwrap();
    let mut client: BTreeMap<String, TaskRun> =
        first.runs().map(|run| (run.id.to_string(), run.clone())).collect();
    let (mut last, mut known, mut chosen) = (Some(first), 0, 7_u64);
    for step in 1..=60_u64 {
        chosen = chosen.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(step);
        let place = chosen % 60;
        let mut changed = run(&format!("r{place}"), None);
        enter(&mut changed, State::Success, i64::try_from(step).unwrap());
        store.commit(&execution, vec![(place, changed)], Vec::new()).await;
        // The client hears of some commits together, and is cut off now and then.
        if step % 3 != 0 {
            continue;
        }
        let now = snapshots.current(store.state(), &execution.id).await.unwrap().unwrap();
        let before = if step % 9 == 0 { None } else { last.as_deref() };
        let news = now.news(Some(known), before);
        assert!(!news.is_known);
        for run in news.task_runs.unwrap() {
            client.insert(run.id.to_string(), TaskRun::clone(&run));
        }
        known = now.version;
        last = Some(now);
    }
    let mut merged: Vec<TaskRun> = client.into_values().collect();
    let mut stored = store.stored().await;
    merged.sort_by(|one, other| one.id.cmp(&other.id));
    stored.sort_by(|one, other| one.id.cmp(&other.id));
    assert_eq!(merged, stored);
    let now = snapshots.current(store.state(), &execution.id).await.unwrap().unwrap();
    assert!(now.news(Some(known), last.as_deref()).is_empty());
}

#[tokio::test]
async fn a_client_reads_again_what_cannot_be_told() {
    let store = Store::new();
    let execution = store.create(vec![run("a", None), run("b", None)]).await;
    let snapshots = Snapshots::default();
    let first = snapshots.current(store.state(), &execution.id).await.unwrap().unwrap();
    assert!(first.news(None, None).task_runs.is_none(), "a client with nothing");
    store.commit(&execution, Vec::new(), vec!["b".into()]).await;
    let second = snapshots.current(store.state(), &execution.id).await.unwrap().unwrap();
    assert_eq!(second.runs().count(), 1);
    assert!(second.news(Some(0), Some(&first)).task_runs.is_none(), "a task run was removed");
    assert!(second.news(Some(0), None).task_runs.is_none(), "an older version than the first known one");
    assert!(second.news(Some(second.version), None).is_empty());
    let many = (0..600).map(|number| (10 + number, run(&format!("m{number}"), None))).collect();
    store.commit(&execution, many, Vec::new()).await;
    let third = snapshots.current(store.state(), &execution.id).await.unwrap().unwrap();
    assert!(third.news(Some(second.version), Some(&second)).task_runs.is_none(), "too many have changed");

    // Another execution with the same id.
    store.state().delete_execution(&execution.id).await.unwrap();
    assert!(snapshots.current(store.state(), &execution.id).await.unwrap().is_none());
    store.create(vec![run("other", None)]).await;
    let fourth = snapshots.current(store.state(), &execution.id).await.unwrap().unwrap();
    assert_eq!(fourth.runs().map(|run| run.id.as_str()).collect::<Vec<_>>(), ["other"]);
}

#[tokio::test]
async fn a_begun_task_run_is_news_at_the_same_version() {
    let store = Store::new();
    let execution = store.create(vec![run("a", None)]).await;
    let snapshots = Snapshots::default();
    let first = snapshots.current(store.state(), &execution.id).await.unwrap().unwrap();
    assert!(first.has_waiting());
    let key = segue_ports::wire::AttemptKey {
        execution_id: execution.id.clone(),
        task_run_id: "a".into(),
        attempt: 0,
    };
    store.state().claim(&key, "worker", at(3), at(60)).await.unwrap();
    let second = snapshots.look(store.state(), &execution.id, false).await.unwrap().unwrap();
    let news = second.news(Some(first.version), Some(&first));
    let states =
        |news: &News| news.task_runs.as_ref().unwrap().iter().map(|run| run.current()).collect::<Vec<_>>();
    assert_eq!((news.is_known, states(&news)), (true, vec![State::Running]));
    assert!(!second.has_waiting());
    assert_eq!(states(&second.news(Some(second.version), None)), [State::Running], "after a cut");
    // A commit of something else does not take the mark away.
    store.commit(&execution, vec![(1, run("b", None))], Vec::new()).await;
    let third = snapshots.current(store.state(), &execution.id).await.unwrap().unwrap();
    assert_eq!(third.run(&"a".into()).unwrap().current(), State::Running);
    assert_eq!(
        states(&third.news(Some(second.version), Some(&second))),
        [State::Created],
        "only the new one"
    );
}

#[tokio::test]
async fn a_head_says_what_explains_the_state_and_when_work_was_done() {
    let store = Store::new();
    let mut each = run("each", None);
    enter(&mut each, State::Failed, 100);
    let mut failed = run("failed", Some("each"));
    let worked = |from: i64, to: i64, state| {
        let mut history = StateHistory::new(State::Created, at(from));
        history.enter(State::Running, at(from));
        history.enter(state, at(to));
        Attempt { state: history, log_file: None }
    };
    failed.attempts = vec![worked(10, 12, State::Failed), worked(80, 90, State::Failed)];
    enter(&mut failed, State::Failed, 90);
    failed.outputs.insert("large".to_owned(), "x".into());
    let mut fine = run("fine", Some("each"));
    fine.attempts = vec![worked(11, 13, State::Success)];
    enter(&mut fine, State::Success, 13);
    let mut execution = store.create(vec![each, failed, fine]).await;
    execution.state.enter(State::Failed, at(100));
    store.commit(&execution, Vec::new(), Vec::new()).await;
    let snapshots = Snapshots::default();
    let found = snapshots.current(store.state(), &execution.id).await.unwrap().unwrap();
    let head = found.head(segue_api_types::Execution::listed(&found.execution));
    assert_eq!((head.total, head.position), (3, 1));
    assert_eq!(head.states, BTreeMap::from([(State::Failed, 2), (State::Success, 1)]));
    let telling: Vec<_> = head.telling.iter().map(|run| (run.id.as_str(), run.outputs.len())).collect();
    assert_eq!(telling, [("each", 0), ("failed", 0)], "the reason, and where a restart begins");
    assert_eq!((head.first, head.last), (Some(at(0)), Some(at(100))));
    let busy: Vec<_> = head.busy.iter().map(|busy| (busy.from, busy.to)).collect();
    assert_eq!(busy, [(at(10), Some(at(13))), (at(80), Some(at(90)))]);
}
