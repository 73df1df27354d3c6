//! Tags and white space, row by row: docs/kestra.md 3.1.

mod support;

use support::{check, check_errors};

#[test]
fn loops() {
    check(&[
        ("{% for i in 3..1 %}x{% else %}none{% endfor %}", "none"),
        (
            "{% for e in inputs.map %}{{ loop.index }}{{ e.key }}={{ e.value }}{{ loop.last ? '' : ',' }}{% endfor %}",
            "0a=1,1b=x",
        ),
        (
            "{% for e in {'x':[1,2],'y':{}} %}{{ e }};{% endfor %}|{% for e in {} %}a{% else %}b{% endfor %}",
            "x=[1, 2];y={};|b",
        ),
        (
            "{% for k in inputs.map | keys %}{{ k }}{% endfor %}|{% for i in range(1,3) %}{{ loop.revindex }}{% endfor %}|{% for i in [1] %}{{ loop.first }}{{ loop.last }}{{ loop.length }}{% endfor %}",
            "ab|210|truetrue1",
        ),
        (
            "{% for i in [1,2] %}{{ loop }}{% endfor %}",
            r#"{"last":false,"length":2,"index":0,"revindex":1,"first":true}{"last":true,"length":2,"index":1,"revindex":0,"first":false}"#,
        ),
        ("{% for i in [1,2,3] %}{% if i == 2 %}two{% else %}{{ i }}{% endif %}{% endfor %}", "1two3"),
        (
            "{% for a in [1,2] %}{% for b in [a, a*10] %}{{ loop.index }}:{{ b }} {% endfor %}{% endfor %}",
            "0:1 1:10 0:2 1:20 ",
        ),
        ("{% set x = 1 %}{% for i in [1,2] %}{% set x = x + i %}{% endfor %}{{ x }}", "4"),
        (
            "{% raw %}{{ x }}{% endraw %}|{% verbatim %}{{ y }} {% if %}{% endverbatim %}|{% raw %}{% for %}{% endraw %}{{ 1 }}",
            "{{ x }}|{{ y }} {% if %}|{% for %}1",
        ),
    ]);
    check_errors(&[
        (
            "{% for i in [1,2] %}{{ loop.parent.index }}{% endfor %}",
            "Unable to find `parent` used in the expression `{% for i in [1,2] %}{{ loop.parent.index }}{% endfor %}` at line 1",
        ),
        (
            "{% for i in [1,2] %}{{ loop.index0 }}{% endfor %}",
            "Unable to find `index0` used in the expression `{% for i in [1,2] %}{{ loop.index0 }}{% endfor %}` at line 1",
        ),
        ("{% for i in [1] %}", r#"Unexpected end of template, expected the "else" or "endfor" of line 1 "#),
    ]);
}

#[test]
fn macros() {
    check(&[
        (
            "{% macro m(a, b=2) %}{{ a }}-{{ b }}{% endmacro %}{{ m(1) }}|{{ m(1, 3) }}|{{ m(b=5, a=4) }}|{{ m(a=1) }}|{{ m() }}",
            "1-2|1-3|4-5|1-2|-2",
        ),
        ("{% macro m(a, b=a) %}{{ a }}-{{ b }}{% endmacro %}{{ m(1) }}", "1-1"),
        ("{% macro m(x) %}{{ x | upper }}{% endmacro %}{{ m('a') | lower }}{{ m('b') ~ '!' }}", "aB!"),
        (
            "{% macro fact(n) %}{{ n <= 1 ? 1 : n * (fact(n - 1) | number) }}{% endmacro %}{{ fact(5) }}",
            "120",
        ),
        ("{% macro a() %}x{% endmacro %}{% set v = a() %}{{ v }}{{ v | length }}", "x1"),
        ("{% macro m(a) %}{% for i in a %}{{ i }};{% endfor %}{% endmacro %}{{ m([1,2]) }}", "1;2;"),
    ]);
    check_errors(&[(
        "{% macro m() %}{{ inputs.n }}{% endmacro %}{{ m() }}",
        "Unable to find `inputs` used in the expression `{% macro m() %}{{ inputs.n }}{% endmacro %}{{ m() }}` at line 1",
    )]);
}

#[test]
fn other_tags() {
    check(&[
        ("{% if false %}a{% elseif false %}b{% elseif true %}c{% else %}d{% endif %}", "c"),
        (
            "{% if 'x' %}a{% endif %}{% if 1 %}b{% endif %}{% if 0 %}c{% endif %}{% if not false %}d{% endif %}",
            "abd",
        ),
        (
            "{% set x = 5 %}{{ x + 1 }}|{% set x = [1] %}{{ x }}|{% set y = x ?? 1 %}{{ y }}|{% set z = {'a': 1} %}{{ z.a }}|{% set q = z %}{{ q.a }}",
            "6|[1]|[1]|1|1",
        ),
        ("{% set l = [3,1,2] %}{{ l | sort }}{{ l }}", "[1,2,3][1,2,3]"),
        (
            "{% filter upper %}hello {{ inputs.name }}{% endfilter %}|{% filter lower | capitalize %}ABC{% endfilter %}|{% filter replace({'a':'b'}) %}aaa{% endfilter %}|{% filter upper | trim %} x {% endfilter %}",
            "HELLO WORLD|Abc|bbb|X",
        ),
        (r#"{% block b %}in{% endblock %}|{% block "q" %}{{ inputs.n }}{% endblock %}"#, "in|5"),
        (r#"{% block "post" %} content {% endblock %}{{ block("post") }}"#, " content  content "),
        (
            r#"{{ block("b") }}{% for i in [1, 2] %}{% block b %}<{{ i ?? 'none' }}>{% endblock %}{{ block('b') }}{% endfor %}"#,
            "<none><1><1><2><2>",
        ),
        (r#"a{{ block("nowhere") }}b"#, "ab"),
        (
            r#"{ {{ 1 }} }|{{ {} }}|{{ '}}' }}|{{ "{{" }}|${{ 1 }}|{{'a'}}|{{1}}|{%if true%}x{%endif%}"#,
            "{ 1 }|{}|}}|{{|$1|a|1|x",
        ),
        (
            "{% set l = [3,1,2] %}{{ l | sort }}{{ l }}{{ l | rsort | first }}{{ l | length }}{{ l[0] }}{{ l ~ '' }}{{ l == [3,2,1] }}{{ l contains 3 }}{{ l is iterable }}{{ l is empty }}{{ l + 4 }}{{ l | toJson }}{{ l.size() }}{{ l | className }}{{ l | jq('.[0]') }}",
            "[1,2,3][1,2,3]333[3, 2, 1]truetruetruefalse[3,2,1,4][3,2,1]3java.util.ArrayList[3]",
        ),
    ]);
    check_errors(&[
        (
            r#"{% block b %}{{ block("b") }}{% endblock %}"#,
            "A template prints at most 100 blocks with 'block'",
        ),
        (
            "{% if inputs.nul %}a{% endif %}",
            "Unable to find `nul` used in the expression `{% if inputs.nul %}a{% endif %}` at line 1",
        ),
        ("{% if {} %}a{% endif %}", "Unsupported value type java.util.LinkedHashMap. Expected Boolean, Stri"),
        ("{% set a, b = 1, 2 %}", r#"Unexpected ",", expected "=" at line 1, column 9"#),
        (
            "{% autoescape false %}x{% endautoescape %}",
            r#"Unexpected tag name "autoescape" at line 1, column 4"#,
        ),
        ("{% extends 'x' %}", r#"Unexpected tag name "extends" at line 1, column 4"#),
        ("{% cache 'x' %}{% endcache %}", r#"Unexpected tag name "cache" at line 1, column 4"#),
        ("{% parallel %}{% endparallel %}", r#"Unexpected tag name "parallel" at line 1, column 4"#),
        ("{% flush %}", r#"Unexpected tag name "flush" at line 1, column 4"#),
        ("{% embed 'x' %}{% endembed %}", r#"Unexpected tag name "embed" at line 1, column 4"#),
        ("{% from 'x' import y %}", r#"Unexpected tag name "from" at line 1, column 4"#),
        ("{% unknown %}", r#"Unexpected tag name "unknown" at line 1, column 4"#),
        ("{% if true %}x", r#"Unexpected end of template, expected the "elseif" or "else" or "endif""#),
    ]);
}

#[test]
fn raw_blocks() {
    check(&[
        ("{% raw %}a{% endraw %}{% raw %}b{% endraw %}", "ab"),
        ("{{ '{% raw %}{{ x }}{% endraw %}' }}", "{{ x }}"),
    ]);
}

#[test]
fn white_space_and_comments() {
    check(&[
        ("{%- if true -%} x {%- endif -%} y", "xy"),
        ("{%-if true-%} x {%-endif-%} y", "xy"),
        ("{%- for i in [1,2] -%} {{ i }} {%- endfor -%}", "12"),
        ("x {#- c -#} y|x {# {{ bad }} #} y|{# a #}{# b #}", "xy|x  y|"),
        ("{%- raw -%} {{ x }} {%- endraw -%}", " {{ x }} "),
    ]);
}
