//! Benchmarks of parsing: a small flow, and the growth of the time with the number of tasks.
#![allow(missing_docs, reason = "criterion's macros make public items without comments")]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use segue_model::catalog::Catalog;
use segue_model::flowable_types::flowable_types;
use segue_model::parse_flow;
use std::hint::black_box;

fn source(tasks: usize) -> String {
    let mut source = String::from(
        "id: bench\nnamespace: company.team\ninputs:\n  - {id: day, type: DATE}\nvariables:\n  file: \"{{ inputs.day }}.csv\"\ntasks:\n",
    );
    for index in 0..tasks {
        source.push_str(&format!(
            "  - id: wait-{index}\n    type: io.kestra.plugin.core.flow.Sleep\n    duration: PT1S\n    retry:\n      type: constant\n      interval: PT10S\n      maxAttempts: 3\n"
        ));
    }
    source.push_str(
        "pluginDefaults:\n  - type: io.kestra.plugin.core.flow.Sleep\n    values: {description: waits}\n",
    );
    source
}

fn parse(criterion: &mut Criterion) {
    let catalog = Catalog::new(flowable_types());
    let mut group = criterion.benchmark_group("parse_flow");
    for tasks in [3, 100, 1_000, 10_000] {
        let source = source(tasks);
        group.throughput(Throughput::Bytes(source.len() as u64));
        group.bench_with_input(BenchmarkId::from_parameter(tasks), &source, |bencher, source| {
            bencher.iter(|| parse_flow(black_box(source), &catalog));
        });
    }
    group.finish();
}

criterion_group!(benches, parse);
criterion_main!(benches);
