//! Deliveries that end with their process.

use super::*;

#[tokio::test]
async fn a_task_whose_process_ended_three_times_has_failed() {
    let bench = Bench::new().await;
    let message = probe("deadly", "stubborn");
    for start in 1..=3 {
        // A new process with the same name, which dies during the attempt.
        let cut = handle(&bench.service("one"), &message);
        until(|| runs("deadly") == start).await;
        cut.abort();
        assert!(cut.await.unwrap_err().is_cancelled());
    }
    assert_eq!(bench.run(message.clone()).await, Verdict::Done);
    let result = bench.only();
    assert_eq!((runs("deadly"), result.state, result.attempt), (3, State::Failed, 0));
    let error = result.error.unwrap();
    assert!(error.contains("process ended 3 times while the task ran"), "{error}");
    assert_eq!(bench.log().await.last(), Some(&error));
    assert!(matches!(bench.claim(&message, "two", Duration::ZERO).await, Claim::Finished(_)));
}

#[tokio::test]
async fn checking_work_outside_does_not_count_as_a_death() {
    let bench = Bench::new().await;
    let mut message = probe("looked-at", "outside-for-ever");
    for look in 1..=6_usize {
        assert_eq!(bench.run(message.clone()).await, Verdict::Done);
        assert_eq!(
            (runs("looked-at") as usize, bench.published().len(), bench.later().len()),
            (look, 0, look)
        );
        (message, _) = bench.later().remove(look - 1);
    }
}

#[tokio::test]
async fn neighbours_of_a_deadly_task_are_taken_over_one_after_another() {
    let bench = Bench::new().await;
    let short = TaskSettings { turn: Duration::from_millis(50), ..bench.settings() };
    let service = bench.service_with("two", short);
    // Two attempts died with their process, and their messages found the claims of the dead process.
    let taken_over = |name: &str, run: &str| TaskRunMessage {
        held_before: true,
        task_run_id: run.into(),
        ..probe(name, "slow")
    };
    let (one, other) = (taken_over("one-after", "a"), taken_over("another", "b"));
    let first = handle(&service, &one);
    until(|| runs("one-after") == 1).await;
    assert_eq!(handle(&service, &other).await.unwrap(), Verdict::Done);
    // Its delivery does not count, because the attempt was not claimed.
    let (again, due) = bench.later().remove(0);
    assert!(again == other && due > bench.ports.clock.now() - Duration::from_secs(1));
    assert_eq!((runs("another"), first.await.unwrap()), (0, Verdict::Done));
    assert_eq!(handle(&service, &again).await.unwrap(), Verdict::Done);
    assert_eq!((runs("another"), bench.published().len()), (1, 2));
}
