//! Text, tags, white space and rendering rules: docs/kestra.md 3.1.

mod support;

use segue_template::{RenderError, Renderer};
use serde_json::json;
use support::{check, check_errors, scope};

#[test]
fn white_space_is_trimmed_by_dashes_only() {
    check(&[
        ("a {{ 1 }} b", "a 1 b"),
        ("a {{- 1 -}} b", "a1b"),
        ("a {{- 1 }} b", "a1 b"),
        ("a \n{%- if true %} x {% endif -%}\n b", "a x b"),
        ("a {# note #} b", "a  b"),
        ("a {#- note -#} b", "ab"),
        ("{% if true %}\nx\n{% endif %}\n", "\nx\n\n"),
        ("x\n", "x\n"),
        ("no braces", "no braces"),
        ("{ } #{ } %}", "{ } #{ } %}"),
    ]);
}

#[test]
fn if_tags() {
    check(&[
        ("{% if 1 == 2 %}a{% elseif 2 == 2 %}b{% else %}c{% endif %}", "b"),
        ("{% if '' %}a{% else %}b{% endif %}", "b"),
        ("{% if 'false' %}a{% endif %}", "a"),
        ("{% if 0 %}a{% else %}b{% endif %}", "b"),
        ("{% if nope is defined and nope.x %}a{% else %}b{% endif %}", "b"),
        ("{% if true %}{% if false %}x{% else %}y{% endif %}{% endif %}", "y"),
    ]);
    check_errors(&[
        ("{% if null %}a{% endif %}", "null value given to if"),
        ("{% if [1] %}a{% endif %}", "Unsupported value type"),
        ("{% if nope %}a{% endif %}", "`nope`"),
        ("{% if true %}a", "endif"),
        ("{% if true %}a{% endfor %}", "endfor"),
    ]);
}

#[test]
fn for_tags() {
    check(&[
        ("{% for i in 1..3 %}{{ i }}{% endfor %}", "123"),
        ("{% for i in [] %}{{ i }}{% else %}none{% endfor %}", "none"),
        ("{% for i in null %}{{ i }}{% else %}none{% endfor %}", ""),
        ("{% for e in inputs.map %}{{ e.key }}={{ e.value }};{% endfor %}", "a=1;b=x;"),
        ("{% for e in {'a': 1} %}{{ e }}{% endfor %}", "a=1"),
        (
            "{% for i in ['a','b','c'] %}{{ loop.index }}{{ loop.length }}{{ loop.first }}{{ loop.last }}{{ loop.revindex }} {% endfor %}",
            "03truefalse2 13falsefalse1 23falsetrue0 ",
        ),
        (
            "{% for i in [1,2] %}{% for j in [3,4] %}{{ loop.index }}{{ i }}{{ j }} {% endfor %}{{ loop.index }};{% endfor %}",
            "013 114 0;023 124 1;",
        ),
        (
            "{% for i in [1,2,3] %}{% if not loop.last %}{{ i }},{% else %}{{ i }}{% endif %}{% endfor %}",
            "1,2,3",
        ),
        ("{% for i in [[1,2],[3]] %}{{ i | join('+') }};{% endfor %}", "1+2;3;"),
    ]);
    check_errors(&[
        ("{% for i in 5 %}{% endfor %}", "Not an iterable"),
        ("{% for i in 'abc' %}{% endfor %}", "Not an iterable"),
        ("{% for i in nope %}{% endfor %}", "`nope`"),
        ("{% for i in [1] %}{% endfor %}{{ i }}", "`i`"),
    ]);
}

#[test]
fn set_is_visible_where_pebble_makes_it_visible() {
    check(&[
        ("{% set x = 1 %}{{ x }}", "1"),
        ("{% if true %}{% set x = 2 %}{% endif %}{{ x }}", "2"),
        ("{% set n = 0 %}{% for i in [1,2,3] %}{% set n = n + i %}{% endfor %}{{ n }}", "6"),
        ("{% for i in [1] %}{% set y = i %}{{ y }}{% endfor %}{{ y is defined }}", "1false"),
        ("{% set inputs = 'mine' %}{{ inputs }}", "mine"),
        ("{% set x = null %}{{ x }}{{ x is null }}", "true"),
        ("{% set a = [1] %}{% set b = a + 2 %}{{ a }}{{ b }}", "[1][1,2]"),
    ]);
    check_errors(&[("{% set x = nope %}", "`nope`"), ("{% set true = 1 %}", "Can not assign")]);
}

#[test]
fn macros_and_filter_tags_and_blocks() {
    check(&[
        (
            "{% macro m(a, b='z') %}<{{ a }}{{ b }}>{% endmacro %}{{ m(1) }}{{ m(1, 2) }}{{ m(b=3, a=4) }}",
            "<1z><12><43>",
        ),
        ("{{ m('x') }}{% macro m(a) %}[{{ a }}]{% endmacro %}", "[x]"),
        ("{% macro f(n) %}{% if n > 0 %}{{ n }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(3) }}", "321"),
        (
            "{% macro a(x) %}{{ b(x) }}{% endmacro %}{% macro b(x) %}({{ x }}){% endmacro %}{{ a(1) | upper }}",
            "(1)",
        ),
        ("{% macro m(a) %}{{ a is null }}{% endmacro %}{{ m() }}", "true"),
        ("{% macro m() %}{% set q = 1 %}{{ q }}{% endmacro %}{{ m() }}{{ q is defined }}", "1false"),
        ("{% filter upper %}a{{ 'b' }}{% endfilter %}", "AB"),
        ("{% filter upper | replace({'A': 'x'}) %}abc{% endfilter %}", "xBC"),
        ("{% filter trim %} {% filter upper %}q{% endfilter %} {% endfilter %}", "Q"),
        ("{% block head %}h{{ 1 }}{% endblock %}", "h1"),
        ("{% block \"head\" %}h{% endblock head %}", "h"),
    ]);
    check_errors(&[
        ("{% macro m(a) %}{{ inputs.name }}{% endmacro %}{{ m(1) }}", "`inputs`"),
        ("{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, 2) }}", "at most 1"),
        ("{% macro m(a) %}{{ a }}{% endmacro %}{{ m(c=2) }}", "does not exist: c"),
        ("{% macro f(n) %}{{ f(n) }}{% endmacro %}{{ f(1) }}", "too deeply"),
        ("{{ nosuch(1) }}", "Function or Macro [nosuch] does not exist."),
        ("{{ 1 | nosuch }}", "Filter [nosuch] does not exist."),
        ("{% include 'x' %}", "Unexpected tag name \"include\""),
        ("{% import 'x' %}", "Unexpected tag name"),
    ]);
}

#[test]
fn raw_and_verbatim_are_left_alone() {
    check(&[
        ("{% raw %}{{ a }}{% if %}{% endraw %}!", "{{ a }}{% if %}!"),
        ("{%- raw -%}{{ a }}{%- endraw -%}", "{{ a }}"),
        ("{% verbatim %}{{ a }}{% endverbatim %}", "{{ a }}"),
        ("{{ vars.raw }}", "{{ x }}"),
        ("{{ render(vars.raw) }}", "{{ x }}"),
        ("x{% raw %}\n{{ a }}\n{% endraw %}y", "x\n{{ a }}\ny"),
    ]);
    check_errors(&[
        ("{% raw %}x", "Unclosed raw"),
        ("{% verbatim %}x", "Unclosed verbatim"),
        ("{# x", "Unclosed comment"),
    ]);
}

#[test]
fn typed_rendering_keeps_types() {
    let renderer = Renderer::new();
    let typed = |template: &str| renderer.render_typed(template, &scope());
    for (template, expected) in [
        ("{{ inputs.n }}", json!(5)),
        ("{{ inputs.d }}", json!(1.0)),
        ("{{ inputs.flag }}", json!(true)),
        ("{{ inputs.list }}", json!([1, 2, 3])),
        ("{{ inputs.map }}", json!({"a": 1, "b": "x"})),
        ("{{ null }}", json!(null)),
        ("{{ inputs.n }}{{ inputs.n }}", json!("55")),
        ("n={{ inputs.n }}", json!("n=5")),
        ("plain", json!("plain")),
        ("{{ '' }}", json!("")),
        ("{# nothing #}", json!(null)),
        ("{% if true %}{{ inputs.list }}{% endif %}", json!([1, 2, 3])),
        ("{{ {'a': 1.5} }}", json!({"a": 1.5})),
        ("{% filter upper %}a{{ 1 }}{% endfilter %}", json!("A1")),
    ] {
        assert_eq!(typed(template).unwrap(), expected, "{template}");
    }
    assert!(typed("{{ inputs.list }}x").unwrap_err().to_string().contains("Cannot concat"));
    assert!(matches!(typed("{{ nope }}"), Err(RenderError::Undefined { .. })));
}

#[test]
fn structures_are_rendered_keys_and_values() {
    let renderer = Renderer::new();
    let value = json!({"{{ inputs.name }}": ["{{ inputs.n }}", 1, null, true], "World": "second", "x": {"y": "{{ vars.n }}"}});
    assert_eq!(
        renderer.render_json(&value, &scope()).unwrap(),
        json!({"World": ["5", 1, null, true], "x": {"y": ""}})
    );
    assert!(renderer.render_json(&json!(["{{ nope }}"]), &scope()).is_err());
}

#[test]
fn checking_reads_without_running() {
    let renderer = Renderer::new();
    for template in ["{{ nope.x }}", "plain", "{% for i in nope %}{{ i }}{% endfor %}", "{{ kv('x') }}"] {
        assert_eq!(renderer.check(template), Ok(()), "{template}");
    }
    assert_eq!(
        renderer.check("a\n{{ 1 + }}"),
        Err(RenderError::Syntax {
            message: "Unexpected \"}}\", expected an expression".into(),
            line: 2,
            column: 8
        })
    );
    assert!(renderer.check("{{ x | nosuch }}").is_err());
    assert!(renderer.check("{{ x | date(nosuch=1) }}").is_err());
}

#[test]
fn errors_have_their_place() {
    let renderer = Renderer::new();
    let error = renderer.render("a\nb {{\n 1 /\n 0 }}", &scope()).unwrap_err();
    let RenderError::Failed { message, line, .. } = &error else { panic!("{error:?}") };
    assert_eq!((message.as_str(), *line), ("/ by zero", 4));
    assert!(error.to_string().ends_with(":4)"));
}
