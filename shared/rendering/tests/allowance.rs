//! The limits of a rendering, with the allocator of Segue's programs.

#![allow(clippy::unwrap_used, clippy::panic, reason = "this is test code outside of test functions")]

use segue_rendering::{Allowance, off_thread};
use segue_template::{Ambient, RenderError, Renderer, Scope};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn scope() -> Scope {
    let ambient = Ambient { now: jiff::Timestamp::UNIX_EPOCH, seed: 1, time_zone: jiff::tz::TimeZone::UTC };
    Scope::of_variables(serde_json::json!({}), ambient)
}

fn why(allowance: Allowance, template: &str) -> String {
    let renderer = Renderer::with_fuel(u64::MAX / 4).metered(Arc::new(allowance));
    match renderer.render(template, &scope()).unwrap_err() {
        RenderError::Stopped { why, .. } => why,
        other => panic!("{template}: {other}"),
    }
}

#[test]
fn time_is_bounded() {
    let allowance = Allowance { time: Duration::from_millis(200), ..Allowance::default() };
    assert_eq!(why(allowance, "{{ 1 | jq('range(1e12) | empty') }}"), "took longer than 0.2 s");
}

#[test]
fn memory_is_bounded() {
    let allowance = Allowance { time: Duration::from_secs(600), memory: 64 * 1024 * 1024 };
    for template in [
        "{{ '[1]' | jq('[range(1e9) | {a: ., b: [.]}] | length') }}",
        "{{ '{}' | jq('[range(3000) | {(tostring): .}] | add as $a | [range(1e9) | $a + {x: .}] | length') }}",
        "{{ '[1,2]' | jq('[combinations(40)] | length') }}",
        "{% set l = range(1, 8000000) %}{% for i in 1..100000 %}{{ i }}{% endfor %}",
        "{% set t = 'abcdefgh' %}{% for i in 1..60 %}{% set t = t ~ t %}{% endfor %}",
    ] {
        assert_eq!(why(allowance, template), "took more than 64 MB of memory", "{template}");
    }
}

#[test]
fn freed_memory_is_not_counted() {
    let allowance = Allowance { memory: 64 * 1024 * 1024, ..Allowance::default() };
    let renderer = Renderer::new().metered(Arc::new(allowance));
    // Each of hundreds of rounds takes a megabyte and frees it.
    let template =
        "{% set t = 'abcdefgh' %}{% for i in 1..16 %}{% set t = t ~ t %}{% endfor %}{{ t | length }}";
    for _ in 0..300 {
        assert_eq!(renderer.render(template, &scope()).unwrap(), "524288");
    }
}

#[test]
fn renders_of_one_piece_of_work_share_a_time() {
    let allowance = Allowance { time: Duration::from_millis(100), ..Allowance::default() };
    let renderer = Renderer::with_fuel(u64::MAX / 4).metered(Arc::new(allowance));
    let begun = Instant::now();
    let last = off_thread(true, || {
        let mut last = String::new();
        for _ in 0..1_000 {
            let error = renderer.render("{{ 1 | jq('range(1e12) | empty') }}", &scope()).unwrap_err();
            last = error.to_string();
        }
        last
    });
    assert!(last.contains("with the expressions before it in this step"), "{last}");
    // A thousand separate renderings would take a hundred seconds.
    assert!(begun.elapsed() < Duration::from_secs(50), "{:?}", begun.elapsed());
}

/// The attack: more renderings than threads, and none ends by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn renders_that_never_end_keep_nothing_else_waiting() {
    static ENDED: AtomicBool = AtomicBool::new(false);
    let renders: Vec<_> = (0..12)
        .map(|_| {
            tokio::spawn(async {
                let allowance = Allowance { time: Duration::from_millis(1500), ..Allowance::default() };
                let renderer = Renderer::with_fuel(u64::MAX / 4).metered(Arc::new(allowance));
                let found =
                    off_thread(true, || renderer.render("{{ 1 | jq('range(1e12) | empty') }}", &scope()));
                ENDED.store(true, Ordering::Relaxed);
                found.unwrap_err().to_string()
            })
        })
        .collect();
    let mut other_work = 0;
    while !ENDED.load(Ordering::Relaxed) {
        tokio::spawn(tokio::time::sleep(Duration::from_millis(5))).await.unwrap();
        other_work += 1;
    }
    // Without their own threads, two renderings would block both threads, and no other work would run.
    assert!(other_work > 10, "{other_work}");
    for render in renders {
        assert!(render.await.unwrap().contains("took longer than 1.5 s"));
    }
}
