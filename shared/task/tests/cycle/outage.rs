//! A platform that fails for longer than an attempt retries, and what a later delivery renders.

use super::*;

#[tokio::test]
async fn a_long_outage_of_the_platform_delays_an_attempt_and_does_not_fail_it() {
    let bench = Bench::new().await;
    let patient = TaskSettings { platform_patience: Some(Duration::from_secs(60)), ..bench.settings() };
    let service = bench.service_with("one", patient);
    let first = handle(&service, &probe("outage", "platform"));
    assert_eq!(first.await.unwrap(), Verdict::Done);
    assert_eq!((runs("outage"), bench.published().len()), (4, 0), "nothing has failed");
    let (look, due) = bench.later().remove(0);
    assert!(due.duration_since(bench.ports.clock.now()).as_secs() >= 14);
    // The attempt is older than the platform's patience when its message comes back.
    let mut late = look;
    late.resumed.as_mut().unwrap().begun_at -= Duration::from_secs(61);
    assert_eq!(handle(&service, &late).await.unwrap(), Verdict::Done);
    let result = bench.only();
    assert_eq!(
        (result.state, result.error.as_deref()),
        (State::Failed, Some("warehouse is not available: no answer"))
    );
}

#[tokio::test]
async fn each_delivery_renders_the_same_time_and_the_same_random_values() {
    let mut message = probe("twice", "");
    message
        .properties
        .insert("say".into(), json!(["{{ now() }}", "{{ uuid() }} {{ randomInt(0, 1000000) }}"]));
    let mut logs = Vec::new();
    for holder in ["one", "two"] {
        let bench = Bench::new().await;
        assert_eq!(handle(&bench.service(holder), &message).await.unwrap(), Verdict::Done);
        logs.push(bench.log().await);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(logs[0].len(), 2);
    assert_eq!(logs[0], logs[1]);
}
