//! Tests templates that try to do harm. They must end soon with an error.

mod support;

use segue_template::{RenderError, Renderer, references};
use support::{check, render, scope};

#[test]
fn work_is_limited() {
    let renderer = Renderer::with_fuel(100_000);
    let scope = scope();
    for template in [
        "{% for i in range(1, 100000000) %}{{ i }}{% endfor %}",
        "{{ range(1, 9223372036854775807) }}",
        "{{ 1..9000000000 }}",
        "{% for a in 1..3000 %}{% for b in 1..3000 %}{% endfor %}{% endfor %}",
        "{% set s = 'xxxxxxxxxxxxxxxx' %}{% for i in 1..60 %}{% set s = s ~ s %}{% endfor %}{{ s | length }}",
        "{% set s = [1] %}{% for i in 1..60 %}{% set s = s + s %}{% endfor %}",
        "{{ 'x' | indent(100000000) | nindent(100000000) }}",
        "{{ nanoId(1000000000) }}",
        "{% macro f(n) %}{% for i in 1..9 %}{{ f(n) }}{% endfor %}{% endmacro %}{{ f(1) }}",
        "{% for i in 1..100000 %}{{ render('{{ 1..100 }}') }}{% endfor %}",
        "{{ '[1]' | jq('[range(1e18)]') }}",
        "{{ '[1]' | jq('last(repeat(1))') }}",
        "{{ '[1]' | jq('last(range(infinite))') }}",
        "{{ '1' | jq('until(false; .)') }}",
        "{{ '1' | jq('try until(false; .) catch 1') }}",
        "{{ '\"x\"' | jq('. * 1e15') }}",
        "{{ '\"xxxxxxxxxxxxxxxx\"' | jq('reduce range(60) as $i (.; . + .)') }}",
        "{{ '1' | jq('reduce range(60) as $i (.; [., .])') }}",
        "{{ '1' | jq('reduce range(60) as $i ({}; .a = . | .b = .a)') }}",
        "{{ '1' | jq('[recurse(. + 1)] | length') }}",
        "{{ '\"x\"' | jq('[limit(60; repeat(.))] | reduce .[] as $x (\"xxxxxxxxxxxxxxxx\"; \"\\(.)\\(.)\")') }}",
    ] {
        let error = renderer.render(template, &scope).unwrap_err();
        let stopped =
            matches!(error, RenderError::OutOfFuel { .. }) || error.to_string().contains("too deeply");
        assert!(stopped, "{template}: {error}");
    }
}

#[test]
fn values_are_not_nested_without_end() {
    for grow in ["[m]", "{'a': m}", "[] + {'a': m}", "m | chunk(1)", "[1] | merge({'a': m})"] {
        let template = format!(
            "{{% set m = [1] %}}{{% for i in 1..2000 %}}{{% set m = {grow} %}}{{% endfor %}}{{{{ m }}}}"
        );
        let found = render(&template);
        assert!(found.unwrap_err().to_string().contains("nested in each other too deeply"), "{grow}");
    }
    let entries = "{% set m = [1] %}{% for i in 1..2000 %}{% for e in {'a': m} %}{% set m = [e] %}{% endfor %}{% endfor %}";
    assert!(render(entries).unwrap_err().to_string().contains("too deeply"));
    // Each value contains the value before it twice. The last one has a million million parts.
    let renderer = Renderer::with_fuel(100_000);
    for grow in ["[m, m]", "{'a': m, 'b': m}", "{'a': m} | merge([m])"] {
        let template = format!(
            "{{% set m = [1] %}}{{% for i in 1..40 %}}{{% set m = {grow} %}}{{% endfor %}}{{{{ m }}}}"
        );
        let found = renderer.render(&template, &scope());
        assert!(matches!(found, Err(RenderError::OutOfFuel { .. })), "{grow}: {found:?}");
    }
    check(&[
        ("{% set m = [1] %}{% for i in 1..100 %}{% set m = [m] %}{% endfor %}{{ m | length }}", "1"),
        (
            "{% set m = [] %}{% for i in 1..5000 %}{% set m = m + {'id': i} %}{% endfor %}{{ m | length }}",
            "5000",
        ),
    ]);
}

#[test]
fn fuel_can_be_set() {
    let renderer = Renderer::with_fuel(200);
    let error = renderer.render("{% for i in 1..100 %}{{ i }}{% endfor %}", &scope()).unwrap_err();
    assert!(matches!(error, RenderError::OutOfFuel { fuel: 200, .. }));
    assert_eq!(renderer.render("{{ inputs.n }}", &scope()).unwrap(), "5");
}

#[test]
fn depth_is_limited() {
    let nested =
        |open: &str, close: &str, n: usize| format!("{{{{ {}1{} }}}}", open.repeat(n), close.repeat(n));
    for template in [
        nested("(", ")", 10_000),
        nested("[", "]", 10_000),
        nested("{'a': ", "}", 10_000),
        nested("fromJson(", ")", 10_000),
        nested("-", "", 10_000),
        nested("true ? 1 : ", "", 10_000),
        nested("\"#{", "}\"", 10_000),
        nested("1 + ", "", 100_000),
        nested("'a' ~ ", "", 100_000),
        format!("{{{{ x{} }}}}", ".a".repeat(100_000)),
        format!("{{{{ x{} }}}}", " | upper".repeat(100_000)),
        "{% if true %}".repeat(10_000),
        "{% for i in x %}".repeat(10_000),
    ] {
        let error = render(&template).unwrap_err();
        assert!(matches!(error, RenderError::Syntax { .. }), "{error:?}");
        assert!(references(&template).is_err());
    }
    for json in ["[".repeat(100_000), format!("{}{}", "[".repeat(50_000), "]".repeat(50_000))] {
        for function in ["fromJson", "yaml", "fromIon"] {
            assert!(render(&format!("{{{{ {function}('{json}') }}}}")).is_err(), "{function}");
        }
        assert!(render(&format!("{{{{ '{json}' | jq('.') }}}}")).is_err());
    }
    for program in
        ["[".repeat(5_000), "(".repeat(5_000), ".|".repeat(4_000) + ".", "def f: 1 + f; f".to_owned()]
    {
        assert!(render(&format!("{{{{ '1' | jq('{program}') }}}}")).is_err(), "{program:.20}");
    }
}

#[test]
fn what_people_write_is_well_within_the_limits() {
    let terms: Vec<String> = (0..250).map(|n| format!("'{n}'")).collect();
    assert!(render(&format!("{{{{ {} }}}}", terms.join(" ~ "))).unwrap().starts_with("0123"));
    let items: Vec<String> = (0..2_000).map(|n| format!("{{'id': {n}, 'x': inputs.n + {n}}}")).collect();
    assert!(render(&format!("{{{{ [{}] | length }}}}", items.join(", "))).unwrap() == "2000");
    let nested = (0..20).fold("1".to_owned(), |inner, n| format!("({inner} + {n})"));
    assert_eq!(render(&format!("{{{{ {nested} }}}}")).unwrap(), "191");
    let ternaries =
        (0..15).fold("'end'".to_owned(), |inner, n| format!("inputs.n == {} ? {n} : ({inner})", n + 100));
    assert_eq!(render(&format!("{{{{ {ternaries} }}}}")).unwrap(), "end");
    check(&[
        ("{% for i in 1..20000 %}{% if i == 20000 %}{{ i }}{% endif %}{% endfor %}", "20000"),
        ("{{ range(1, 100000) | length }}", "100000"),
        ("{{ '1' | jq('[range(100000)] | length') | first }}", "100000"),
        ("{{ '1' | jq('[limit(5; repeat(1))] | add') | first }}", "5"),
        ("{{ '1' | jq('[recurse(if . < 2000 then . + 1 else empty end)] | length') | first }}", "2000"),
        ("{{ '{\"a\":{\"b\":[1,{\"c\":2}]}}' | jq('[paths | length] | max') | first }}", "4"),
        (
            "{{ '{\"a\":[3,1]}' | jq('.a |= sort | .b = 1 | del(.b) | .a[0] += 5 | with_entries(.key |= ascii_upcase)') }}",
            "[{\"A\":[6,3]}]",
        ),
        (
            "{{ '[{\"k\":\"a\",\"v\":1},{\"k\":\"b\",\"v\":2}]' | jq('def f(x): x * 2; map({(.k): f(.v)}) | add') }}",
            "[{\"a\":2,\"b\":4}]",
        ),
        ("{{ '\"a-b\"' | jq('split(\"-\") | join(\"+\") | \"<\\(.)>\"') | first }}", "<a+b>"),
        ("{{ '[1,[2,[3]]]' | jq('flatten | map(. * 10) | @csv') | first }}", "10,20,30"),
        (
            "{{ '{\"a\":1}' | jq('.b // \"d\", (.a | tostring), (try error(\"x\") catch .), getpath([\"a\"])') }}",
            "[\"d\",\"1\",\"x\",1]",
        ),
        ("{{ '[1,2,3]' | jq('[.[] | select(. != 2)] | length, (.[1:] | first)') }}", "[2,3]"),
    ]);
}

#[test]
fn nothing_of_the_machine_is_seen() {
    for program in ["env", "now", "$ENV", "input", "halt", "localtime"] {
        assert!(render(&format!("{{{{ '1' | jq('{program}') }}}}")).is_err(), "{program}");
    }
}

#[test]
fn many_templates_do_not_pile_up() {
    let renderer = Renderer::new();
    let scope = scope();
    for n in 0..2_500 {
        assert_eq!(renderer.render(&format!("{{{{ {n} + 1 }}}}"), &scope).unwrap(), (n + 1).to_string());
    }
}

#[test]
fn any_text_is_answered() {
    for template in [
        "{{",
        "{%",
        "{#",
        "}}",
        "{{}}",
        "{% %}",
        "{{ '",
        "{{ \"",
        "{{ \"#{",
        "{{ \"#{'",
        "{{ a.",
        "{{ a[",
        "{{ a(",
        "{{ a |",
        "{{ a is",
        "{{ ?? }}",
        "{{ a ? b }}",
        "{{ a ? b : }}",
        "{{ not }}",
        "{{ -- }}",
        "{{ { }}",
        "{{ ] }}",
        "{% if %}",
        "{% for %}",
        "{% for i %}",
        "{% for i in %}",
        "{% set %}",
        "{% set x %}",
        "{% macro %}",
        "{% macro m %}",
        "{% endif %}",
        "{% else %}",
        "{{ é }}",
        "{{ \u{0} }}",
        "{% raw",
        "{% raw %}",
        "{% verbatim %}",
        "{% filter %}",
        "{% filter upper %}",
        "{% block %}",
        "{{ 1..}}",
        "{{ 1.e }}",
        "{{ a.b.c.1 }}",
        "{{ f(a=) }}",
        "{{ f(,) }}",
        "{{ [,] }}",
        "{{ {:} }}",
        "{{ '\\' }}",
        "{{ 'a' 'b' }}",
        "{{ a b }}",
        "{{ @ }}",
        "{{ $x }}",
        "{{- }}",
        "{{ -}}",
    ] {
        let closing = matches!(template, "}}");
        assert_eq!(render(template).is_ok(), closing, "{template}");
        let _ = references(template);
    }
}
