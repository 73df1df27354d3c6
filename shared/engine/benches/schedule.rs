//! The costs of slots: `cargo bench -p segue-engine --bench schedule`.
//!
//! `year` goes through all slots of a year, in a zone with two clock changes. For a cron of every minute it
//! must stay well below a second. `next` computes one slot, like a tick; `leap` computes one that is years
//! ahead.
#![allow(clippy::unwrap_used, reason = "what is wrong here ends the benchmark")]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use jiff::Timestamp;
use segue_engine::schedule::Calendar;
use std::hint::black_box;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn calendar(cron: &str) -> Calendar {
    Calendar::of_cron(cron, false, Some("Europe/Paris")).unwrap()
}

fn year(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("year");
    group.sample_size(10);
    let (start, end) = (at("2024-01-01T00:00:00Z"), at("2024-12-31T23:59:59Z"));
    for cron in ["* * * * *", "0 * * * *", "30 2 * * *", "0 9 1 * *"] {
        let calendar = calendar(cron);
        group.throughput(Throughput::Elements(calendar.between(start, end).count() as u64));
        group.bench_function(BenchmarkId::from_parameter(cron), |bencher| {
            bencher.iter(|| calendar.between(black_box(start), end).count());
        });
    }
    group.finish();
}

fn one(criterion: &mut Criterion) {
    let from = at("2024-03-30T12:34:56Z");
    for (name, cron) in [("next", "30 2 * * *"), ("leap", "0 0 29 2 *")] {
        let calendar = calendar(cron);
        criterion.bench_function(name, |bencher| bencher.iter(|| calendar.next(black_box(from))));
    }
}

criterion_group!(benches, year, one);
criterion_main!(benches);
