//! Takes any text as a template. The template renders or is refused, within a small limit of work. The list of its
//! references exists exactly if the template can be parsed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use segue_template::{Ambient, RenderError, Renderer, Scope, computes, references};
use std::sync::LazyLock;

static RENDERER: LazyLock<Renderer> = LazyLock::new(|| Renderer::with_fuel(20_000));
static SCOPE: LazyLock<Scope> = LazyLock::new(|| {
    let context = serde_json::json!({
        "flow": {"id": "myflow", "namespace": "company.team"},
        "inputs": {"flag": true, "name": "World", "n": 5, "d": 1.5, "list": [3, 1, 2], "map": {"a": 1, "b": "x"}},
        "outputs": {"t": {"value": "deep", "rows": [{"id": 1}, {"id": 2}]}},
        "vars": {"t": "{{ flow.id }}", "n": null, "self": "{{ render(vars.self) }}"},
    });
    let ambient = Ambient { now: jiff::Timestamp::UNIX_EPOCH, seed: 7, time_zone: jiff::tz::TimeZone::UTC };
    Scope::of_variables(context, ambient)
});

fuzz_target!(|template: &str| {
    let checked = RENDERER.check(template);
    let rendered = RENDERER.render(template, &SCOPE);
    let typed = RENDERER.render_typed(template, &SCOPE);
    if references(template).is_err() {
        assert!(matches!(checked, Err(RenderError::Syntax { .. })), "{checked:?}");
    }
    if checked.is_err() {
        assert!(rendered.is_err() && typed.is_err(), "{checked:?} {rendered:?} {typed:?}");
    }
    if !template.contains('{') {
        assert!(!computes(template) && rendered.as_deref() == Ok(template));
    }
});
