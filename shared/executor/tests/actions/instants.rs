//! The dates of a step that takes long.

use super::*;
use jiff::{SignedDuration, Timestamp};
use segue_ports::Clock;
use std::sync::atomic::AtomicI64;

/// A clock that advances by a millisecond whenever somebody reads it.
#[derive(Default)]
struct Ticking(AtomicI64);

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_millis(self.0.fetch_add(1, Ordering::SeqCst))
    }
}

fn ticking() -> Bench {
    let mut bench = Bench::new();
    bench.ports.clock = Arc::new(Ticking::default());
    bench.executor = support::executor(bench.ports.clone(), Arc::new(States(bench.ports.clone())));
    bench
}

#[tokio::test]
async fn the_duration_of_an_execution_is_that_of_its_steps() {
    let bench = ticking();
    let each = "type: io.kestra.plugin.core.flow.ForEach, values: '{{ range(1, 1200) }}'";
    let log = "{id: r, type: io.kestra.plugin.core.debug.Return, format: x}";
    bench.flow("f", &format!("tasks: [{{id: e, {each}, tasks: [{log}]}}]")).await;
    let id = bench.begin("f").await;
    let stored = bench.ports.state.execution(&id).await.unwrap().unwrap();
    let state = &stored.execution.state;
    assert_eq!(state.current(), State::Success);
    let end = state.histories().last().unwrap().date;
    assert!(end.duration_since(state.start_date()).as_millis() >= 1200, "{:?}", state.histories());
    for (_, run) in &stored.task_runs {
        let (first, last) = (run.state.histories().first().unwrap(), run.state.histories().last().unwrap());
        assert!(last.date > first.date, "{} takes no time: {:?}", run.task_id, run.state.histories());
    }
}

#[tokio::test]
async fn a_question_that_depends_on_the_time_is_answered_once() {
    let bench = ticking();
    let log = "type: io.kestra.plugin.core.log.Log";
    let message = "{{ kv('at-' ~ (now() | date('yyyyMMddHHmmssSSS')), errorOnMissing=false) ?? 'none' }}";
    bench.flow("f", &format!("tasks: [{{id: a, {log}, message: \"{message}\"}}]")).await;
    let begin = tokio::time::timeout(std::time::Duration::from_secs(20), bench.begin("f"));
    let id = begin.await.expect("the execution asks for ever");
    assert_eq!(bench.state(&id).await, State::Success);
}
