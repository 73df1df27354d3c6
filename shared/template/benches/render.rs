//! Measures the time for rendering typical expressions, with and without a cached translation.

#![allow(missing_docs, reason = "criterion's macros make public functions")]
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot run has nothing to say")]

use criterion::{Criterion, criterion_group, criterion_main};
use segue_template::{Ambient, Renderer, Scope, references};
use serde_json::json;
use std::hint::black_box;

const TEMPLATES: [(&str, &str); 6] = [
    ("text", "SELECT 1"),
    ("variable", "{{ outputs.load.rows }}"),
    (
        "sql",
        "DELETE FROM {{ inputs.table }} WHERE day = '{{ trigger.date ?? execution.startDate | date('yyyy-MM-dd') }}'",
    ),
    ("logic", "{{ inputs.n > 3 and inputs.table is not empty ? inputs.table | upper : 'none' }}"),
    (
        "loop",
        "{% for row in outputs.load.list %}{{ row.id }}={{ row.name | upper }}{% if not loop.last %},{% endif %}{% endfor %}",
    ),
    ("json", "{{ outputs.load.list | jq('map(.id)') | first | toJson }}"),
];

fn scope() -> Scope {
    let list: Vec<_> = (0..100).map(|id| json!({"id": id, "name": format!("row {id}")})).collect();
    let ambient = Ambient { now: jiff::Timestamp::UNIX_EPOCH, seed: 1, time_zone: jiff::tz::TimeZone::UTC };
    let context = json!({
        "execution": {"startDate": "2024-03-01T09:00:00Z"},
        "inputs": {"table": "trips", "n": 5},
        "outputs": {"load": {"rows": 3, "list": list}}
    });
    Scope::of_variables(context, ambient)
}

fn rendering(criterion: &mut Criterion) {
    let scope = scope();
    let mut group = criterion.benchmark_group("render");
    let renderer = Renderer::new();
    for (name, template) in TEMPLATES {
        group.bench_function(name, |bencher| {
            bencher.iter(|| renderer.render(black_box(template), &scope).unwrap());
        });
    }
    group.bench_function("sql, not translated before", |bencher| {
        let template = TEMPLATES.map(|(_, template)| template).join(" ");
        let mut n = 0_u64;
        bencher.iter(|| {
            n += 1;
            renderer.render(&format!("{template}{n}"), &scope).unwrap()
        });
    });
    group.finish();
}

fn reading(criterion: &mut Criterion) {
    let template = TEMPLATES.map(|(_, template)| template).join(" ");
    criterion.bench_function("references", |bencher| {
        bencher.iter(|| references(black_box(&template)).unwrap());
    });
}

criterion_group!(benches, rendering, reading);
criterion_main!(benches);
