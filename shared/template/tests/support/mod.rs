//! The context and the time that the tests of expressions share.

#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, reason = "this is test code outside of test functions")]

use segue_template::{Ambient, LookupTable, RenderError, Renderer, Scope};
use serde_json::{Value, json};
use std::sync::Arc;

/// 2024-03-01T10:00:00.123456Z
pub(crate) fn ambient() -> Ambient {
    Ambient {
        now: "2024-03-01T10:00:00.123456Z".parse().unwrap(),
        seed: 7,
        time_zone: jiff::tz::TimeZone::UTC,
    }
}

pub(crate) fn context() -> Value {
    json!({
        "flow": {"id": "myflow", "namespace": "company.team", "revision": 3},
        "execution": {"id": "abc123", "startDate": "2024-03-01T09:00:00Z"},
        "inputs": {"flag": true, "name": "World", "n": 5, "d": 1.0, "list": [1, 2, 3], "map": {"a": 1, "b": "x"},
                   "text": "line1\nline2", "empty": "", "blank": "  ", "zero": 0, "big": 9007199254740993_i64},
        "outputs": {
            "t": {"a": {"1": {"value": "deep"}}, "b": {"1": {"value": "other"}}},
            "s": {"x": 1, "list": ["p", "q"], "uri": "kestra:///company/team/f.ion"}
        },
        "vars": {"t": "{{ flow.id }}", "n": null, "rec": "{{ render(vars.t) }}", "chain": "{{ vars.t }}", "self": "{{ render(vars.self) }}",
                 "raw": "{% raw %}{{ x }}{% endraw %}"},
        "labels": {"team": "data", "system": {"correlationId": "c1"}},
        "taskrun": {"id": "tr1", "value": "1"},
        "parent": {"taskrun": {"value": "a"}},
        "parents": [{"taskrun": {"value": "a"}}],
        "tasks": {"one": {"state": "SUCCESS"}, "two": {"x": {"state": "FAILED"}, "y": {"state": "SUCCESS"}}},
        "loop_like": [{"id": 1}, {"id": 2}]
    })
}

pub(crate) fn scope() -> Scope {
    scope_with(&LookupTable::new())
}

pub(crate) fn scope_with(table: &LookupTable) -> Scope {
    Scope::from_json(context(), Arc::new(table.clone()), ambient())
}

pub(crate) fn render(template: &str) -> Result<String, RenderError> {
    Renderer::new().render(template, &scope())
}

/// Checks a table of templates with their results. Reports all differences.
pub(crate) fn check(table: &[(&str, &str)]) {
    let renderer = Renderer::new();
    let scope = scope();
    let mut wrong = Vec::new();
    for (template, expected) in table {
        match renderer.render(template, &scope) {
            Ok(text) if text == *expected => {}
            other => wrong.push(format!("{template}\n  expected {expected:?}\n  found    {other:?}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Checks that templates fail. The message must contain the given text.
pub(crate) fn check_errors(table: &[(&str, &str)]) {
    let renderer = Renderer::new();
    let scope = scope();
    let mut wrong = Vec::new();
    for (template, expected) in table {
        match renderer.render(template, &scope) {
            Err(error) if error.to_string().contains(expected) => {}
            other => {
                wrong.push(format!("{template}\n  expected an error with {expected:?}\n  found    {other:?}"))
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
