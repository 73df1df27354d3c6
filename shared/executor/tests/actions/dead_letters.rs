//! Messages that were given up: nothing waits for them.

use super::*;
use segue_model::log::LogLevel;
use segue_ports::DeadLetterHandler as _;
use segue_ports::bus::GivenUp;

fn letter(message: Option<Message>, execution: &ExecutionId) -> GivenUp {
    let subscription = "segue-task-test".to_owned();
    let execution_id = Some(execution.clone());
    GivenUp { message, execution_id, subscription, deliveries: 5, deadly: false, since: None }
}

#[tokio::test]
async fn a_task_run_fails_when_its_message_is_given_up() {
    let bench = Bench::new();
    bench.flow("f", &format!("tasks: [{}]\nerrors: [{}]", work("a"), work("tell"))).await;
    let id = bench.begin("f").await;
    let message = bench.message("a");
    for _ in 0..2 {
        let given_up = letter(Some(Message::TaskRun(Box::new(message.clone()))), &id);
        assert_eq!(bench.executor.given_up(given_up).await, Verdict::Done);
        bench.deliver().await;
    }
    assert_eq!(bench.runs(&id).await, ["a FAILED", "tell CREATED"]);
    assert_eq!(bench.claim(&message).await, Claim::Revoked, "a worker that has it after all is stopped");
    let lines = bench.ports.state.logs(&id, LogLevel::Error, 0).await.unwrap();
    assert!(lines.iter().any(|line| line.message.contains("in 5 deliveries")), "{lines:?}");
    bench.finish("tell", State::Success).await;
    assert_eq!(bench.state(&id).await, State::Failed);
}

#[tokio::test]
async fn a_message_that_is_given_up_does_not_overrule_its_result() {
    let bench = Bench::new();
    bench.flow("f", &format!("tasks: [{}]", work("a"))).await;
    let id = bench.begin("f").await;
    let message = bench.message("a");
    let given_up = letter(Some(Message::TaskRun(Box::new(message.clone()))), &id);
    assert_eq!(bench.claim(&message).await, Claim::Granted { deliveries: 1 });
    assert_eq!(bench.executor.given_up(given_up.clone()).await, Verdict::Retry, "a worker runs the attempt");
    assert_eq!(bench.runs(&id).await, ["a CREATED"]);
    let Message::Execution(ended) = bench.finished(message.clone(), State::Success) else { panic!() };
    let Event::TaskRunFinished(result) = ended.event else { panic!() };
    let (state, logs) = (&bench.ports.state, Vec::new());
    assert!(state.finish_claim(&message.key(), "somebody", &result, logs).await.unwrap());
    assert_eq!(bench.executor.given_up(given_up).await, Verdict::Done);
    assert_eq!(bench.state(&id).await, State::Success, "the result that nobody reported");
}

#[tokio::test]
async fn an_execution_continues_after_an_unreadable_message() {
    let bench = Bench::new();
    bench.flow("f", &format!("tasks: [{}]", work("a"))).await;
    let id = bench.begin("f").await;
    bench.tasks.lock().unwrap().clear();
    assert_eq!(bench.executor.given_up(letter(None, &id)).await, Verdict::Done);
    bench.deliver().await;
    bench.finish("a", State::Success).await;
    assert_eq!(bench.state(&id).await, State::Success);
    assert_eq!(bench.executor.given_up(letter(None, &"none".into())).await, Verdict::Done);
}

#[tokio::test]
async fn an_execution_that_cannot_go_on_fails_instead_of_hanging() {
    let bench = Bench::new();
    bench.flow("f", &format!("tasks: [{}]", work("a"))).await;
    let like = bench.execution(&bench.begin("f").await).await;
    bench.flow("f", "tasks: [{id: a, type: no.longer.There}]").await;
    let id = ExecutionId::from("stranded");
    let mut stranded = Execution { id: id.clone(), flow_revision: 2, ..like };
    stranded.state = segue_model::state::StateHistory::new(State::Created, bench.ports.clock.now());
    assert!(bench.ports.state.create_execution(&stranded).await.unwrap());
    let created = Message::Execution(ExecutionMessage::new(id.clone(), Event::ExecutionCreated));
    for _ in 0..2 {
        assert_eq!(bench.executor.handle(created.clone()).await, Verdict::Done);
        assert_eq!(bench.state(&id).await, State::Failed);
    }
    assert_eq!(bench.executor.given_up(letter(Some(created), &id)).await, Verdict::Done);
    let lines = bench.ports.state.logs(&id, LogLevel::Error, 0).await.unwrap();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].message.contains("no.longer.There"), "{lines:?}");
}

#[tokio::test]
async fn a_fault_that_never_passes_ends_the_execution_after_an_hour() {
    let bench = Bench::new();
    let log = "io.kestra.plugin.core.log.Log";
    bench.flow("f", &format!("tasks: [{{id: say, type: {log}, message: \"{{{{ kv('away') }}}}\"}}]")).await;
    let new = NewExecution { namespace: "test".into(), flow_id: "f".into(), ..NewExecution::default() };
    let id = bench.executor.create(new).await.unwrap().id;
    let created = Message::Execution(ExecutionMessage::new(id.clone(), Event::ExecutionCreated));
    assert_eq!(bench.executor.handle(created.clone()).await, Verdict::Retry);
    let since = |minutes: i64| Some(bench.ports.clock.now() - jiff::SignedDuration::from_mins(minutes));
    for early in [None, since(1), since(59)] {
        let given_up = GivenUp { since: early, ..letter(Some(created.clone()), &id) };
        assert_eq!(bench.executor.given_up(given_up).await, Verdict::Retry);
        assert!(!bench.state(&id).await.is_terminal());
    }
    for message in [Some(created), None] {
        let given_up = GivenUp { since: since(61), ..letter(message, &id) };
        assert_eq!(bench.executor.given_up(given_up).await, Verdict::Done);
        assert_eq!(bench.state(&id).await, State::Failed);
    }
    let lines = bench.ports.state.logs(&id, LogLevel::Error, 0).await.unwrap();
    assert!(lines.len() == 1 && lines[0].message.contains("no answer"), "{lines:?}");
}

#[tokio::test]
async fn a_worker_at_work_outlasts_the_patience_of_a_dead_letter() {
    let bench = Bench::new();
    bench.flow("f", &format!("tasks: [{}]", work("a"))).await;
    let id = bench.begin("f").await;
    let message = bench.message("a");
    assert_eq!(bench.claim(&message).await, Claim::Granted { deliveries: 1 });
    let since = Some(bench.ports.clock.now() - jiff::SignedDuration::from_hours(5));
    let given_up = GivenUp { since, ..letter(Some(Message::TaskRun(Box::new(message))), &id) };
    assert_eq!(bench.executor.given_up(given_up).await, Verdict::Retry);
    assert_eq!(bench.runs(&id).await, ["a CREATED"]);
}

#[tokio::test]
async fn a_panic_fails_one_execution_and_no_other() {
    let bench = Bench::new();
    let log = "io.kestra.plugin.core.log.Log";
    bench.flow("f", &format!("tasks: [{{id: say, type: {log}, message: \"{{{{ kv('broken') }}}}\"}}]")).await;
    let id = bench.begin("f").await;
    assert_eq!(bench.state(&id).await, State::Failed);
    let lines = bench.ports.state.logs(&id, LogLevel::Error, 0).await.unwrap();
    assert!(lines[0].message.contains("a fault of ours"), "{lines:?}");
    bench.flow("g", &format!("tasks: [{}]", work("a"))).await;
    let other = bench.begin("g").await;
    bench.finish("a", State::Success).await;
    assert_eq!(bench.state(&other).await, State::Success);
}
