//! Tests templates that a meter stops. Every template must call its meter often enough to be stopped soon. Nothing in a
//! template may grow without taking steps.

mod support;

use segue_template::{Meter, RenderError, Renderer, Watch};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use support::{check, render, scope};

/// Stops a rendering after this time.
#[derive(Debug)]
struct Deadline(Duration);

#[derive(Debug)]
struct Until(Instant);

impl Meter for Deadline {
    fn begin(&self) -> Box<dyn Watch> {
        Box::new(Until(Instant::now() + self.0))
    }
}

impl Watch for Until {
    fn stop(&self) -> Option<String> {
        (Instant::now() > self.0).then(|| "took too long".to_owned())
    }
}

/// A renderer with almost unlimited steps. Only the clock stops it.
fn hurried() -> Renderer {
    Renderer::with_fuel(u64::MAX / 4).metered(Arc::new(Deadline(Duration::from_millis(200))))
}

#[test]
fn whatever_takes_long_is_stopped_by_the_clock() {
    let (renderer, scope) = (hurried(), scope());
    let many = "{% for i in 1..4000000 %}";
    let long = "{% set t = 'abcdefgh' %}{% for i in 1..12 %}{% set t = t ~ t %}{% endfor %}";
    let jq = |program: &str| format!("{{{{ '[1]' | jq('{program}') }}}}");
    let array = "[range(20000)] as $a |";
    for template in [
        format!("{many}{many}{{% endfor %}}{{% endfor %}}"),
        format!("{long}{many}{{% set x = t | sha512 %}}{{% endfor %}}"),
        format!("{long}{many}{{% set x = encrypt('MDEyMzQ1Njc4OWFiY2RlZg==', t) %}}{{% endfor %}}"),
        format!("{long}{many}{{% set x = t contains 'zz' %}}{{% endfor %}}"),
        format!("{long}{many}{{% set x = t == t %}}{{% endfor %}}"),
        format!("{long}{many}{{% set x = t | length %}}{{% endfor %}}"),
        format!("{long}{many}{{% set x = t is empty %}}{{% endfor %}}"),
        format!("{long}{many}{{% set x = t | regexMatch('h$') %}}{{% endfor %}}"),
        format!("{many}{{% set x = 'x' | regexMatch('([a-z]{{40}}){{40}}') %}}{{% endfor %}}"),
        format!("{{% set m = 1..100000 %}}{many}{{% set x = m == m %}}{{% endfor %}}"),
        format!("{{% set m = 1..100000 %}}{many}{{% set x = m | first %}}{{% endfor %}}"),
        jq("reduce range(1e9) as $i (0; . + 1)"),
        jq("range(1e9) | empty"),
        jq(&format!("{array} range(1e9) | $a | sort | empty")),
        jq(&format!("{array} range(1e9) | $a | tojson | empty")),
        jq(&format!("{array} range(1e9) | $a == $a | empty")),
        jq(&format!("{array} range(1e9) | ($a - $a) | empty")),
        jq(&format!("{array} range(1e9) | $a | contains($a) | empty")),
        jq(&format!("{array} $a | .[] as $x | .[] as $y | .[] as $z | empty")),
        jq(&format!("{array} $a | if (.[] | . > 0) then (.[] | .) else 1 end | empty")),
        jq(&format!("{array} $a | (.[] and (.[] and (.[] and true))) | empty")),
        jq(&format!("{array} $a | range(.[]; .[]; .[]) | empty")),
        jq(&format!("{array} $a | ([.. | numbers] | length) as $n | range($n * 1e6) | empty")),
        jq("range(1e9) | (\"x\" | test(\"([a-z]{30}){30}\")) | empty"),
    ] {
        let begun = Instant::now();
        let error = renderer.render(&template, &scope).unwrap_err();
        assert!(
            matches!(&error, RenderError::Stopped { why, .. } if why == "took too long"),
            "{template}: {error}"
        );
        // The limit is generous for busy machines. Without the meter, each of these templates takes hours.
        assert!(begun.elapsed() < Duration::from_secs(30), "{template}: {:?}", begun.elapsed());
    }
}

#[test]
fn the_reason_names_the_expression() {
    let error = hurried().render("{{ '1' | jq('range(1e12) | empty') }}", &scope()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the expression `{{ '1' | jq('range(1e12) | empty') }}` took too long and was stopped"
    );
}

#[test]
fn nothing_becomes_huge_within_one_step() {
    let renderer = Renderer::with_fuel(1_000_000);
    let text = "{% set t = 'abcdefghijklmnop' %}{% for i in 1..15 %}{% set t = t ~ t %}{% endfor %}";
    let list = "{% set l = [t] %}{% for i in 1..18 %}{% set l = l + l %}{% endfor %}";
    let specs = "%1$s".repeat(2_000);
    let parts = vec!["t"; 200].join(" ~ ");
    for work in [
        "{{ t | replace({'a': t}) | length }}".to_owned(),
        "{{ t | replace({'[a-h]': t}, true) | length }}".to_owned(),
        "{{ t | regexReplace('[a-h]', t) | length }}".to_owned(),
        format!("{{{{ '{specs}' | format(t) | length }}}}"),
        format!("{{{{ ({parts}) | length }}}}"),
        format!("{list}{{{{ l | join(t) | length }}}}"),
        format!("{list}{{{{ l | join | length }}}}"),
        format!("{list}{{{{ l }}}}"),
        format!("{list}{{{{ l | toJson | length }}}}"),
        format!("{list}{{{{ l | toIon | length }}}}"),
        format!("{list}{{{{ l | yaml | length }}}}"),
        format!("{list}{{{{ (l ~ '') | length }}}}"),
        format!("{list}{{{{ l | string | length }}}}"),
        format!("{list}{{{{ l | upper | length }}}}"),
        format!("{list}{{{{ l | jq('length') }}}}"),
        format!("{list}{{{{ render(l) | length }}}}"),
        "{% set l = 1..1000 %}{% for i in 1..9 %}{% set l = l + l %}{% endfor %}{% set k = [] %}{% for i in 1..12 %}{% set k = (k + [l]) + k %}{% endfor %}{{ k | flatten | length }}".to_owned(),
    ] {
        let begun = Instant::now();
        let found = renderer.render(&format!("{text}{work}"), &scope());
        assert!(matches!(found, Err(RenderError::OutOfFuel { .. })), "{work:.80}: {:.200}", format!("{found:?}"));
        assert!(begun.elapsed() < Duration::from_secs(60), "{work:.80}: {:?}", begun.elapsed());
    }
}

#[test]
fn numbers_of_jq_have_an_end() {
    for program in [
        "reduce range(60) as $i (99999999999; .*.) | tostring | length",
        "reduce range(60) as $i (99999999999; . * .) | length",
        "[limit(60; 99999999999 | recurse(. * .))] | length",
        "reduce range(60) as $i (99999999999; . *= .) | tostring | length",
    ] {
        let error = render(&format!("{{{{ 1 | jq('{program}') }}}}")).unwrap_err().to_string();
        assert!(error.contains("more than 10000 digits"), "{program}: {error}");
    }
    let digits = "9".repeat(20_000);
    for template in [
        format!("{{{{ '{digits}' | jq('.') }}}}"),
        format!("{{{{ '[1, {digits}]' | jq('.[0]') }}}}"),
        format!("{{{{ '\"{digits}\"' | jq('tonumber') }}}}"),
        format!("{{{{ '\"{digits}\"' | jq('fromjson') }}}}"),
    ] {
        let error = render(&template).unwrap_err().to_string();
        assert!(error.contains("more than 10000 digits") || error.contains("number"), "{error:.200}");
    }
    check(&[
        ("{{ 1 | jq('reduce range(10) as $i (99; .*.) | tostring | length') | first }}", "2044"),
        ("{{ '\"quoted 1111\"' | jq('length') | first }}", "11"),
    ]);
}

/// Counts how often the meter is called.
#[derive(Debug, Default)]
struct Counting(Arc<AtomicUsize>);

#[derive(Debug)]
struct Count(Arc<AtomicUsize>);

impl Meter for Counting {
    fn begin(&self) -> Box<dyn Watch> {
        Box::new(Count(Arc::clone(&self.0)))
    }
}

impl Watch for Count {
    fn stop(&self) -> Option<String> {
        self.0.fetch_add(1, Ordering::Relaxed);
        None
    }
}

#[test]
fn what_is_cheap_does_not_ask() {
    let meter = Counting::default();
    let asked = Arc::clone(&meter.0);
    let renderer = Renderer::new().metered(Arc::new(meter));
    assert_eq!(renderer.render("{{ inputs.n + 1 }} {{ inputs.name | upper }}", &scope()).unwrap(), "6 WORLD");
    assert!(asked.load(Ordering::Relaxed) <= 1);
    renderer.render("{% for i in 1..640 %}{{ i }}{% endfor %}", &scope()).unwrap();
    assert!((10..100).contains(&asked.load(Ordering::Relaxed)), "{asked:?}");
}
