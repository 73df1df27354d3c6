//! Attempts that are stopped because their process stops.

use super::*;

#[tokio::test]
async fn an_attempt_stopped_with_its_process_runs_again_and_counts_no_delivery() {
    for (name, mode) in [("stopped", "wait"), ("stopped-late", "stubborn")] {
        let bench = Bench::new().await;
        let message = probe(name, mode);
        // More often than a task may end its process.
        for start in 1..=5 {
            let service = bench.service("one");
            let first = handle(&service, &message);
            until(|| runs(name) == start).await;
            assert_eq!(service.at_work(), 1);
            service.stop();
            assert_eq!(first.await.unwrap(), Verdict::Stopped, "the message stays");
            assert_eq!(service.at_work(), 0);
            assert_eq!(service.handle(Message::TaskRun(Box::new(message.clone()))).await, Verdict::Stopped);
            assert_eq!(runs(name), start, "nothing begins after the stop");
        }
        assert!(bench.published().is_empty(), "nobody hears of an end");
        // Any worker may have the attempt at once, and no delivery counts.
        let claim = bench.claim(&message, "two", Duration::from_secs(60)).await;
        assert_eq!(claim, Claim::Granted { deliveries: 1 });
    }
}

#[tokio::test]
async fn an_attempt_killed_before_its_process_stops_does_not_run_again() {
    let bench = Bench::new().await;
    let (service, message) = (bench.service("one"), probe("killed-then-stopped", "wait"));
    let first = handle(&service, &message);
    until(|| runs("killed-then-stopped") == 1).await;
    bench.ports.state.revoke_claims(&[message.key()]).await.unwrap();
    service.stop();
    assert_eq!(first.await.unwrap(), Verdict::Done);
    assert!(matches!(bench.claim(&message, "two", Duration::ZERO).await, Claim::Revoked));
}
