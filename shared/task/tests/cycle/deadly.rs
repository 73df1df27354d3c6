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
