//! Conformance vectors of expressions. docs/kestra.md 3.9 shows some of them.

mod support;

use support::{check, check_errors};

#[test]
fn arithmetic_and_concatenation() {
    check(&[
        ("{{ 7 / 2 }}", "3"),
        ("{{ 7.0 / 2 }}", "3.5"),
        ("{{ 7 % 4 }}", "3"),
        ("{{ 1 + 1.5 }}", "2.5"),
        ("{{ 1.0 }}", "1.0"),
        ("{{ 1 + 2 ~ 3 }}", "123"),
        ("{{ 'a' ~ 'b' | upper }}", "AB"),
        ("{{ 'a' ?? 'b' | upper }}", "A"),
        ("{{ \"12\" | number + 1 }}", "13"),
    ]);
}

#[test]
fn undefined_and_null() {
    check_errors(&[(
        "{{ vars.none }}",
        "Unable to find `none` used in the expression `{{ vars.none }}` at line 1",
    )]);
    check(&[
        ("{{ vars.none ?? 'x' }}", "x"),
        ("{{ vars.none.deep ?? 'x' }}", "x"),
        ("{{ vars.none ??? 'x' }}", "x"),
        ("{{ vars.n }}", ""),
        ("{{ vars.n ?? 'x' }}", "x"),
        ("{{ vars.n ??? 'x' }}", ""),
        ("{{ vars.n is null }}", "true"),
        ("{{ vars.none is defined }}", "false"),
        ("{{ '' is empty }}", "true"),
    ]);
}

#[test]
fn comparison_and_choice() {
    check(&[
        ("{{ 1 == 1.0 }}", "true"),
        ("{{ '1' == 1 }}", "false"),
        ("{{ null == null }}", "true"),
        ("{{ null > 1 }}", "false"),
        ("{{ not true == false }}", "true"),
        ("{{ 'false' ? 1 : 2 }}", "1"),
        ("{{ '' ? 1 : 2 }}", "2"),
        ("{{ null ? 1 : 2 }}", "2"),
        ("{{ [1,2,3] contains 2 }}", "true"),
        ("{{ 'abc' contains 'b' }}", "true"),
    ]);
}

#[test]
fn lists() {
    check(&[
        ("{{ range(1, 3) }}", "[1,2,3]"),
        ("{{ range(5, 1, -2) }}", "[5,3,1]"),
        ("{{ 1..3 }}", "[1,2,3]"),
        ("{{ [1, 'a', true, null] }}", "[1,\"a\",true,null]"),
        ("{{ [1,2] ~ '' }}", "[1, 2]"),
        ("{{ [10,20] | join('-') }}", "10-20"),
        ("{{ [3,1,2] | sort | first }}", "1"),
        ("{{ [[1,2],[3]] | flatten }}", "[1,2,3]"),
        ("{{ [1,2,3,4,5] | chunk(2) | last }}", "[5]"),
        ("{{ 'abc' | length }}", "3"),
        ("{{ 'a,b,,' | split(',') }}", "[\"a\",\"b\"]"),
    ]);
}

#[test]
fn text() {
    check(&[
        ("{{ 'x.y.z' | substringBeforeLast('.') }}", "x.y"),
        ("{{ 'xyz' | substringBefore('.') }}", "xyz"),
        ("{{ 'xyz' | substringAfter('.') }}", ""),
        ("{{ 'x-y' | replace({'-': '_'}) }}", "x_y"),
        (r"{{ 'v12' | replace({'(\d+)': '<$1>'}, regexp=true) }}", "v<12>"),
        ("{{ 'Hello Wörld_x!' | slugify }}", "hello-world-x"),
    ]);
}

#[test]
fn json() {
    check(&[
        ("{{ '{\"a\":[1,2]}' | jq('.a[]') }}", "[1,2]"),
        ("{{ '{\"a\":[1,2]}' | jq('.a') | first | length }}", "2"),
        ("{{ fromJson('{\"a\":{\"b\":1}}').a }}", "{\"b\":1}"),
        ("{{ fromJson('[1]')[0] }}", "1"),
        ("{{ 'he said \"x\"' | toJson }}", "\"he said \\\"x\\\"\""),
    ]);
}

#[test]
fn dates() {
    check(&[
        (
            "{{ '2024-03-01T10:00:00Z' | date('yyyy/MM/dd HH:mm', timeZone='Europe/Paris') }}",
            "2024/03/01 11:00",
        ),
        ("{{ 1700000000 | date }}", "2023-11-14T22:13:20.000000Z"),
        ("{{ '2024-01-31' | dateAdd(1, 'MONTHS') }}", "2024-02-29T00:00:00.000000Z"),
        ("{{ '2024-01-31' | dateAdd(-1, 'DAYS', 'yyyy-MM-dd') }}", "2024-01-30"),
        ("{{ '01/02/2024' | date('iso_local_date', existingFormat='dd/MM/yyyy') }}", "2024-02-01"),
        ("{{ '2024-01-01T00:00:00Z' | timestamp }}", "1704067200"),
    ]);
}

#[test]
fn codecs() {
    check(&[
        ("{{ 'abc' | md5 }}", "900150983cd24fb0d6963f7d28e17f72"),
        ("{{ 'x' | base64encode }}", "eA=="),
        ("{{ 'a b&c' | urlencode }}", "a+b%26c"),
    ]);
}

#[test]
fn tags_and_rendering() {
    check(&[
        ("{% for i in [10,20] %}{{ loop.index }}:{{ i }};{% endfor %}", "0:10;1:20;"),
        ("{% if inputs.flag == true %}y{% else %}n{% endif %}", "y"),
        ("{{ vars.t }}", "{{ flow.id }}"),
        ("{{ render(vars.t) }}", "myflow"),
        ("{% raw %}{{ x }}{% endraw %}", "{{ x }}"),
        ("{{ outputs.t['a']['1'].value }}", "deep"),
        ("{{ taskrun.value }}{{ parent.taskrun.value }}{{ parents[0].taskrun.value }}", "1aa"),
    ]);
}
