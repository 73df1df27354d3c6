//! Timers on a platform without a process that always runs: the row is authoritative, the message only wakes
//! the executor.

use super::*;
use segue_ports::state::Timer;

#[tokio::test]
async fn a_timer_does_what_its_row_says_however_often_its_message_comes() {
    let bench = Bench::with(TimersBy::Delivery);
    bench.flow("f", &format!("tasks: [{{id: nap, type: {FLOW}.Sleep, duration: PT1H}}]")).await;
    let id = bench.begin("f").await;
    let (message, due) = bench.bus.later.lock().unwrap()[0].clone();
    let Message::Execution(ExecutionMessage { event: Event::TimerFired { key }, .. }) = &message else {
        panic!("{message:?}")
    };
    let timer = Timer { execution_id: id.clone(), key: key.clone(), due };
    assert_eq!(bench.ports.state.timer(&id, key).await.unwrap(), Some(timer.clone()));
    // The message is too early: a clock is wrong, or the timer was set again for later.
    assert_eq!(bench.executor.handle(message.clone()).await, Verdict::Done);
    assert_eq!(bench.runs(&id).await, ["nap RUNNING"]);
    bench.ports.state.set_timers(vec![Timer { due: bench.ports.clock.now(), ..timer }]).await.unwrap();
    for _ in 0..2 {
        assert_eq!(bench.executor.handle(message.clone()).await, Verdict::Done);
        assert_eq!(bench.state(&id).await, State::Success);
        assert_eq!(bench.ports.state.timer(&id, key).await.unwrap(), None);
    }
}

#[tokio::test]
async fn the_sweep_finds_a_timer_with_a_lost_message() {
    let bench = Bench::with(TimersBy::Delivery);
    bench.flow("f", &format!("tasks: [{{id: nap, type: {FLOW}.Sleep, duration: PT0.05S}}]")).await;
    let id = bench.begin("f").await;
    tokio::time::sleep(std::time::Duration::from_millis(60)).await;
    for _ in 0..2 {
        bench.executor.fire_timers().await.unwrap();
    }
    bench.deliver().await;
    assert_eq!(bench.state(&id).await, State::Success);
    assert_eq!(bench.executor.fire_timers().await.unwrap(), 0);
}

#[tokio::test]
async fn a_timer_that_comes_early_is_sent_again() {
    let bench = Bench::with(TimersBy::Delivery);
    bench.flow("f", &format!("tasks: [{{id: nap, type: {FLOW}.Sleep, duration: PT20S}}]")).await;
    let id = bench.begin("f").await;
    let (message, due) = bench.bus.later.lock().unwrap()[0].clone();
    // The clock of the bus is 20 s ahead.
    assert_eq!(bench.executor.handle(message.clone()).await, Verdict::Done);
    assert_eq!(bench.runs(&id).await, ["nap RUNNING"]);
    let (again, later) = bench.bus.later.lock().unwrap()[1].clone();
    assert_eq!(again, message);
    // A message with the same text and due date as an earlier one could be dropped as its duplicate.
    let seconds = later.duration_since(due).as_secs();
    assert!((15..=20).contains(&seconds), "it comes {seconds} s later");
}

#[tokio::test]
async fn a_check_of_an_execution_that_waits_writes_and_sends_nothing() {
    let bench = Bench::with(TimersBy::Delivery);
    bench.flow("f", &format!("tasks: [{{id: nap, type: {FLOW}.Sleep, duration: PT1H}}]")).await;
    let id = bench.begin("f").await;
    let version = bench.ports.state.execution(&id).await.unwrap().unwrap().version;
    assert_eq!(bench.bus.later.lock().unwrap().len(), 1);
    // Nobody knows when the local store was written, so the execution is checked at every sweep.
    for _ in 0..2 {
        assert_eq!(bench.executor.recover_idle().await.unwrap(), 1);
        bench.deliver().await;
    }
    assert_eq!(bench.ports.state.execution(&id).await.unwrap().unwrap().version, version);
    assert_eq!(bench.bus.later.lock().unwrap().len(), 1);
    // A timer that is gone is set again.
    let timer = bench.ports.state.due_timers(jiff::Timestamp::MAX, 10).await.unwrap().remove(0);
    bench.ports.state.clear_timer(&timer).await.unwrap();
    bench.executor.recover_idle().await.unwrap();
    bench.deliver().await;
    assert_eq!(bench.bus.later.lock().unwrap().len(), 2);
    assert_eq!(bench.ports.state.timer(&id, &timer.key).await.unwrap(), Some(timer));
}
