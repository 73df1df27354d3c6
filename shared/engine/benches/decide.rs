//! The costs of a decision: `cargo bench -p segue-engine`.
//!
//! `each` is a ForEach with one inline task, in whole executions. Its throughput, in iterations per second,
//! must not fall with their number. `inline` is a flow of 40 inline tasks. `parallel` applies a hundred
//! results, one by one. `event` applies one result to an execution with many open task runs: it must cost the
//! same for 10 as for 10,000.
#![allow(missing_docs, reason = "criterion's macros make public functions")]
#![allow(clippy::unwrap_used, reason = "what is wrong here ends the benchmark")]

#[path = "../tests/world/mod.rs"]
mod world;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use segue_engine::decide;
use segue_engine::decide::go_on;
use segue_model::event::Event;
use std::hint::black_box;
use std::time::{Duration, Instant};
use world::World;

const RETURN: &str = "type: io.kestra.plugin.core.debug.Return, format: '{{ taskrun.value ?? 1 }}'";

fn values(count: usize) -> String {
    format!("{:?}", (0..count).collect::<Vec<_>>())
}

/// Decides like the executor.
fn world(flow: &str) -> World {
    let mut world = World::new(flow);
    world.budget = 500;
    world
}

/// Starts an execution and continues as long as there is something to do. The decisions are dropped.
fn begin(world: &mut World) {
    let env = world.env();
    let mut decision = decide(&mut world.execution, &Event::ExecutionCreated, &env);
    while decision.more {
        decision = go_on(&mut world.execution, &env);
    }
}

fn each(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("each");
    group.sample_size(10);
    for count in [100, 1_000, 10_000] {
        let flow = format!(
            "tasks: [{{id: e, type: io.kestra.plugin.core.flow.ForEach, values: {}, tasks: [{{id: r, {RETURN}}}]}}]",
            values(count)
        );
        group.throughput(Throughput::Elements(count as u64));
        group.bench_with_input(BenchmarkId::from_parameter(count), &flow, |bencher, flow| {
            bencher.iter_batched(|| world(flow), |mut world| begin(&mut world), BatchSize::PerIteration);
        });
    }
}

fn inline(criterion: &mut Criterion) {
    let tasks: Vec<_> = (0..40).map(|number| format!("{{id: r{number}, {RETURN}}}")).collect();
    let flow = format!("tasks: [{}]", tasks.join(", "));
    criterion.bench_function("inline", |bencher| {
        bencher.iter_batched(|| world(&flow), |mut world| begin(&mut world), BatchSize::SmallInput);
    });
}

/// An execution with all its task runs dispatched, and their results.
fn dispatched(flow: &str) -> (World, Vec<Event>) {
    let mut world = world(flow);
    world.manual = true;
    world.settle_events();
    let results = world.dispatched.iter().filter_map(|dispatch| world.work(dispatch));
    let results = results.map(Event::TaskRunFinished).collect();
    (world, results)
}

fn parallel(criterion: &mut Criterion) {
    let tasks: Vec<_> = (0..100).map(|number| format!("{{id: w{number}, type: test.Work}}")).collect();
    let flow = format!(
        "tasks: [{{id: p, type: io.kestra.plugin.core.flow.Parallel, tasks: [{}]}}]",
        tasks.join(", ")
    );
    criterion.bench_function("parallel", |bencher| {
        bencher.iter_batched(
            || dispatched(&flow),
            |(mut world, results)| {
                let env = world.env();
                for result in &results {
                    black_box(decide(&mut world.execution, result, &env));
                }
            },
            BatchSize::SmallInput,
        );
    });
}

fn event(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("event");
    for count in [10, 1_000, 10_000] {
        let flow = format!(
            "tasks: [{{id: e, type: io.kestra.plugin.core.flow.ForEach, values: {}, concurrencyLimit: 0, \
             tasks: [{{id: w, type: test.Work}}]}}]",
            values(count)
        );
        group.bench_with_input(BenchmarkId::from_parameter(count), &flow, |bencher, flow| {
            bencher.iter_custom(|iterations| {
                let mut spent = Duration::ZERO;
                let mut left = iterations;
                while left > 0 {
                    let (mut world, results) = dispatched(flow);
                    // The last result would end the execution, which has other costs.
                    let some =
                        results.len().saturating_sub(1).min(usize::try_from(left).unwrap_or(usize::MAX));
                    let env = world.env();
                    let begin = Instant::now();
                    for result in results.iter().take(some) {
                        black_box(decide(&mut world.execution, result, &env));
                    }
                    spent += begin.elapsed();
                    left -= some as u64;
                }
                spent
            });
        });
    }
}

criterion_group!(benches, each, inline, parallel, event);
criterion_main!(benches);
