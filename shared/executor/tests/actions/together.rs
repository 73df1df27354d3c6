//! Events of one execution that arrive while another step of the execution runs.

use super::*;
use futures::future::join_all;
use std::time::Duration;

impl Bench {
    /// The messages that the attempts of all dispatched task runs have ended.
    fn ends(&self) -> Vec<Message> {
        let tasks = std::mem::take(&mut *self.tasks.lock().unwrap());
        tasks.into_iter().map(|task| self.finished(task, State::Success)).collect()
    }

    /// Delivers messages at the same time.
    async fn at_once(&self, messages: &[Message]) -> Vec<Verdict> {
        join_all(messages.iter().map(|message| self.executor.handle(message.clone()))).await
    }

    async fn version(&self, id: &ExecutionId) -> u64 {
        self.ports.state.execution(id).await.unwrap().unwrap().version
    }
}

/// A loop of `width` task runs at the same time, and one task after it.
fn wide(width: usize) -> String {
    let values = format!("{{{{ range(1, {width}) }}}}");
    let each = format!("id: each, type: {FLOW}.ForEach, values: \"{values}\", concurrencyLimit: 0");
    format!("tasks: [{{{each}, tasks: [{}]}}, {}]", work("a"), work("b"))
}

#[tokio::test]
async fn events_that_arrive_together_are_one_commit() {
    let bench = Bench::new();
    bench.flow("f", &wide(300)).await;
    let id = bench.begin("f").await;
    let (ends, before) = (bench.ends(), bench.version(&id).await);
    assert_eq!(ends.len(), 300);
    let verdicts = bench.at_once(&ends).await;
    assert!(verdicts.iter().all(|verdict| *verdict == Verdict::Done), "{verdicts:?}");
    let commits = bench.version(&id).await - before;
    bench.deliver().await;
    bench.finish("b", State::Success).await;
    assert_eq!(bench.state(&id).await, State::Success);
    assert!(commits <= 8, "{commits} commits for 300 events");
}

#[tokio::test]
async fn a_result_is_not_lost_in_a_process_that_knows_an_older_state() {
    let bench = Bench::new();
    bench.flow("f", &format!("tasks: [{}, {}]", work("a"), work("b"))).await;
    let id = bench.begin("f").await;
    let other = support::executor(bench.ports.clone(), Arc::new(States(bench.ports.clone())));
    // The other process has the execution in memory, with task a only.
    let repeated = ExecutionMessage::new(id.clone(), Event::ExecutionCreated);
    assert_eq!(other.handle(Message::Execution(repeated)).await, Verdict::Done);
    bench.finish("a", State::Success).await;
    let end = bench.finished(bench.message("b"), State::Success);
    assert_eq!(other.handle(end).await, Verdict::Done);
    assert_eq!(bench.state(&id).await, State::Success);
}

#[tokio::test]
async fn no_event_is_lost_when_the_bus_refuses() {
    let bench = Bench::new();
    bench.flow("f", &wide(20)).await;
    let id = bench.begin("f").await;
    let ends = bench.ends();
    bench.bus.refuse.store(1, Ordering::SeqCst);
    let verdicts = bench.at_once(&ends).await;
    assert!(verdicts.contains(&Verdict::Retry), "{verdicts:?}");
    bench.at_once(&ends).await;
    bench.deliver().await;
    bench.finish("b", State::Success).await;
    assert_eq!(bench.state(&id).await, State::Success);
}

#[tokio::test]
async fn an_event_that_breaks_its_step_leaves_the_others_to_another_delivery() {
    let bench = Bench::new();
    let log = "io.kestra.plugin.core.log.Log";
    let bad = format!("{{id: bad, type: {log}, message: \"{{{{ kv('broken') }}}}\"}}");
    let first = format!("{{id: first, type: {FLOW}.Sequential, tasks: [{}, {bad}]}}", work("a"));
    let tasks = [work("c"), first, work("b")].join(", ");
    bench.flow("f", &format!("tasks: [{{id: p, type: {FLOW}.Parallel, tasks: [{tasks}]}}]")).await;
    let id = bench.begin("f").await;
    let ends = bench.ends();
    // While the first event is applied, the other two wait, and become one step.
    assert_eq!(bench.at_once(&ends).await, [Verdict::Done, Verdict::Done, Verdict::Retry]);
    assert_eq!(bench.state(&id).await, State::Failed);
    assert_eq!(bench.at_once(&ends).await, [Verdict::Done; 3]);
    let lines = bench.ports.state.logs(&id, LogLevel::Error, 0).await.unwrap();
    assert!(lines[0].message.contains("a fault of ours"), "{lines:?}");
}

#[tokio::test]
async fn results_of_a_wide_loop_wait_for_each_other_where_writes_are_slow() {
    let bench = Bench::with(TimersBy::Delivery);
    bench.flow("f", &wide(100)).await;
    let id = bench.begin("f").await;
    let (ends, before) = (bench.ends(), bench.version(&id).await);
    // The results come one after another, each when the previous one may have been applied.
    let spread = ends.iter().zip(0..).map(|(end, number)| {
        let executor = &bench.executor;
        async move {
            tokio::time::sleep(Duration::from_millis(5) * number).await;
            executor.handle(end.clone()).await
        }
    });
    let verdicts = join_all(spread).await;
    assert!(verdicts.iter().all(|verdict| *verdict == Verdict::Done), "{verdicts:?}");
    let commits = bench.version(&id).await - before;
    assert!(commits <= 20, "{commits} commits for 100 results");
    bench.deliver().await;
    bench.finish("b", State::Success).await;
    assert_eq!(bench.state(&id).await, State::Success);
}
