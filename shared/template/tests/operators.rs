//! Operators, literals and attributes: docs/kestra.md 3.1 and 3.4.

mod support;

use support::{check, check_errors};

#[test]
fn precedence() {
    check(&[
        ("{{ 2 + 3 * 4 }}", "14"),
        ("{{ (2 + 3) * 4 }}", "20"),
        ("{{ 10 - 2 - 3 }}", "5"),
        ("{{ 100 / 10 / 2 }}", "5"),
        ("{{ 2 * 3 % 4 }}", "2"),
        ("{{ 1 + -5 | abs }}", "6"),
        ("{{ -5 | abs }}", "5"),
        ("{{ 'a' ~ 1 + 2 }}", "a12"),
        ("{{ 1 + 2 == 3 and 2 > 1 }}", "true"),
        ("{{ true or false and false }}", "true"),
        ("{{ 1 < 2 == true }}", "true"),
        ("{{ vars.none ?? 'x' ~ 'y' }}", "xy"),
        ("{{ not false and true }}", "true"),
        ("{{ true ? 'a' : false ? 'b' : 'c' }}", "a"),
        ("{{ 1 == 1 ? 'yes' : 'no' }}", "yes"),
        ("{{ vars.none ?? null ?? 'z' }}", "z"),
        ("{{ 1..2 ~ '' }}", "[1, 2]"),
        ("{{ 'b' in ['a','b'] and 'c' not in ['a'] }}", "true"),
    ]);
    check_errors(&[("{{ not x is null }}", "`x`")]);
}

#[test]
fn integers_are_longs_and_doubles_print_as_java_does() {
    check(&[
        ("{{ 7 / -2 }}", "-3"),
        ("{{ -7 % 4 }}", "-3"),
        ("{{ 9223372036854775807 + 1 }}", "-9223372036854775808"),
        ("{{ 3000000000 * 3 }}", "9000000000"),
        ("{{ 5L + 1 }}", "6"),
        ("{{ 1.5 * 2 }}", "3.0"),
        ("{{ 10000000.0 }}", "1.0E7"),
        ("{{ 0.1 + 0.2 }}", "0.30000000000000004"),
        ("{{ 1.0 / 0 }}", "Infinity"),
        ("{{ inputs.d }}", "1.0"),
        ("{{ inputs.d + inputs.n }}", "6.0"),
        ("{{ inputs.big + 0 }}", "9007199254740993"),
        ("{{ '3' * 2 }}", "6"),
        ("{{ '7' / '2' }}", "3"),
        ("{{ '1.5' * 2 }}", "3.0"),
        ("{{ +5 }}{{ - 3 }}", "5-3"),
    ]);
    check_errors(&[
        ("{{ 1 / 0 }}", "/ by zero"),
        ("{{ 1 % 0 }}", "/ by zero"),
        ("{{ null + 1 }}", "invalid operands"),
        ("{{ true * 2 }}", "invalid operands"),
        ("{{ 'x' * 2 }}", "invalid operands"),
        ("{{ {'a': 1} - 1 }}", "invalid operands"),
        ("{{ 99999999999999999999 }}", "64 bits"),
    ]);
}

#[test]
fn plus_joins_texts_and_lists() {
    check(&[
        ("{{ 'a' + 1 }}", "a1"),
        ("{{ 1 + 'a' }}", "1a"),
        ("{{ 'a' + null }}", "anull"),
        ("{{ 'a' + [1, {'b': 2}] }}", "a[1, {b=2}]"),
        ("{{ [1] + 2 }}", "[1,2]"),
        ("{{ [1] + [2, 3] }}", "[1,2,3]"),
        ("{{ [1, 2, 3] - 2 }}", "[1,3]"),
        ("{{ [1, 2, 3] - [1, 3] }}", "[2]"),
        ("{{ 1 + 2 + 'a' + 1 + 2 }}", "3a12"),
    ]);
}

#[test]
fn concatenation_uses_java_text() {
    check(&[
        ("{{ {'a': 1} ~ '' }}", "{a=1}"),
        ("{{ [1, [2, null]] ~ '' }}", "[1, [2, null]]"),
        ("{{ null ~ 'x' ~ 1.0 ~ true }}", "x1.0true"),
        ("{{ inputs.map ~ '!' }}", "{a=1, b=x}!"),
        ("{{ inputs.map }}", "{\"a\":1,\"b\":\"x\"}"),
        ("{{ {'a': [1.0, 'é\"']} }}", "{\"a\":[1.0,\"é\\\"\"]}"),
    ]);
}

#[test]
fn comparison() {
    check(&[
        ("{{ 1 equals 1 }}", "true"),
        ("{{ 1 != 2 }}", "true"),
        ("{{ 'a' == 'a' }}", "true"),
        ("{{ [1, 2] == [1, 2] }}", "true"),
        ("{{ {'a': 1} == {'a': 1} }}", "true"),
        ("{{ inputs.map == {'b': 'x', 'a': 1} }}", "true"),
        ("{{ true == 'true' }}", "false"),
        ("{{ null == 0 }}", "false"),
        ("{{ 2 >= 2.0 }}", "true"),
        ("{{ 1 < null }}{{ null <= null }}", "falsefalse"),
        ("{{ 'a' < 'b' }}", "true"),
        ("{{ '2024-01-01' >= '2023-12-31' }}", "true"),
    ]);
    check_errors(&[
        ("{{ 'a' > 1 }}", "invalid operands for mathematical comparison"),
        ("{{ [1] < [2] }}", "invalid operands"),
    ]);
}

#[test]
fn contains_and_in() {
    check(&[
        ("{{ [1,2,3] contains [1,3] }}", "true"),
        ("{{ [1,2,3] contains [1,4] }}", "false"),
        ("{{ {'a': 1} contains 'a' }}", "true"),
        ("{{ {'a': 1} contains 'b' }}", "false"),
        ("{{ null contains 'a' }}", "false"),
        ("{{ 'a1b' contains 1 }}", "true"),
        ("{{ ['1'] contains 1 }}", "false"),
        ("{{ 2 in [1,2] }}", "true"),
        ("{{ 3 not in [1,2] }}", "true"),
        ("{{ 'a' in {'a': 1} }}", "true"),
        ("{{ 1 in {'a': 1} }}", "false"),
        ("{{ 'a' in null }}", "false"),
        ("{{ 'a' not in null }}", "true"),
    ]);
    check_errors(&[("{{ 'a' in 'abc' }}", "'in'"), ("{{ 5 contains 5 }}", "Contains operator")]);
}

#[test]
fn logic() {
    check(&[
        ("{{ '' or 'x' }}", "true"),
        ("{{ 'false' and true }}", "true"),
        ("{{ 0 or false }}", "false"),
        ("{{ 0.0 or 2 }}", "true"),
        ("{{ true or vars.none }}", "true"),
        ("{{ false and vars.none }}", "false"),
        ("{{ not '' }}{{ not 0 }}{{ not 'a' }}", "truetruefalse"),
        ("{{ not not true }}", "true"),
        ("{{ (true and false) or (true and true) }}", "true"),
    ]);
    check_errors(&[
        ("{{ null and true }}", "null value used in and operator"),
        ("{{ true and null }}", "null value used in and operator"),
        ("{{ false or null }}", "null value used in or operator"),
        ("{{ not null }}", "not()"),
        ("{{ not [] }}", "Unsupported value type"),
        ("{{ vars.none and true }}", "`none`"),
        ("{{ vars.none or true }}", "`none`"),
        ("{{ true and vars.none }}", "`none`"),
        ("{{ [] ? 1 : 2 }}", "Unsupported value type"),
        ("{{ vars.none ? 1 : 2 }}", "`none`"),
    ]);
}

#[test]
fn coalescing_tolerates_undefined_at_any_depth() {
    check(&[
        ("{{ nope ?? 1 }}", "1"),
        ("{{ nope.a.b.c ?? 1 }}", "1"),
        ("{{ nope['a'][0] ?? 1 }}", "1"),
        ("{{ (nope | upper) ?? 1 }}", "1"),
        ("{{ (nope + 1) ?? 'd' }}", "d"),
        ("{{ [nope] ?? 'd' }}", "d"),
        ("{{ {'a': nope} ?? 'd' }}", "d"),
        ("{{ (nope and true) ?? 'd' }}", "d"),
        ("{{ (nope or true) ?? 'd' }}", "d"),
        ("{{ (nope ? 1 : 2) ?? 'd' }}", "d"),
        ("{{ (not nope) ?? 'd' }}", "d"),
        ("{{ inputs[nope] ?? 'd' }}", "d"),
        ("{{ fromJson(nope) ?? 'd' }}", "d"),
        ("{{ (nope is null) ?? 'd' }}", "d"),
        ("{{ vars.n.deep ?? 'd' }}", "d"),
        ("{{ inputs.list[9] ?? 'd' }}", "d"),
        ("{{ nope ?? nope2 ?? 'd' }}", "d"),
        ("{{ nope ??? vars.n ?? 'd' }}", "d"),
        ("{{ vars.n ??? 'd' }}", ""),
        ("{{ false ?? 'd' }}{{ '' ?? 'd' }}{{ 0 ?? 'd' }}", "false0"),
        ("{{ inputs.name ?? nope }}", "World"),
        ("{{ nope ?? inputs.name | upper }}", "WORLD"),
        ("{{ trigger.date ?? execution.startDate }}", "2024-03-01T09:00:00Z"),
        ("{{ nope is defined }}{{ nope.x is not defined }}{{ vars.n is defined }}", "falsetruefalse"),
        ("{{ nope is defined ? nope : 'none' }}", "none"),
    ]);
    check_errors(&[
        ("{{ nope ?? nope2 }}", "`nope2`"),
        ("{{ (1 / 0) ?? 'd' }}", "/ by zero"),
        ("{{ nope is null }}", "`nope`"),
        ("{{ nope is empty }}", "`nope`"),
    ]);
}

#[test]
fn attributes() {
    check(&[
        ("{{ inputs.list[0] }}{{ inputs['list'][1] }}{{ inputs.list['2'] }}", "123"),
        ("{% set m = {1: 'a', 'b': 2} %}{{ m[1] }}{{ m.b }}{{ m['b'] }}", "a22"),
        ("{{ outputs.t['a'][1].value }}", "deep"),
        ("{{ (inputs.map).b }}", "x"),
        ("{{ loop_like[1].id }}", "2"),
        ("{{ inputs.name.length() }}", "5"),
        ("{{ inputs.list.size() }}", "3"),
        ("{{ 'aXb'.toLowerCase().contains('x') }}", "true"),
        ("{{ inputs.map.get('a') }}{{ inputs.map.containsKey('zz') }}", "1false"),
        ("{{ outputs.in ?? 'kw' }}", "kw"),
    ]);
    check_errors(&[
        ("{{ inputs.list[3] }}", "`3`"),
        ("{{ inputs.list[-1] }}", "`-1`"),
        ("{{ inputs.map.zz }}", "`zz`"),
        ("{{ inputs.name.zz }}", "`zz`"),
        ("{{ vars.n.zz }}", "`zz`"),
        ("{{ nope.zz }}", "`nope`"),
        ("a\n{{ inputs.a\n.b }}", "at line 2"),
        (
            "{{ outputs.skipped.value }}",
            "Unable to find `skipped` used in the expression `{{ outputs.skipped.value }}` at line 1",
        ),
        ("{{ [1,2][0] }}", "line 1, column"),
        ("{{ inputs.name.nope() }}", "`nope`"),
    ]);
}

#[test]
fn literals() {
    check(&[
        (r"{{ 'it\'s' }}{{ '\n' }}{{ '\d+' }}", r"it's\n\d+"),
        (r#"{{ "a\"b" }}"#, r#"a"b"#),
        ("{{ \"hello #{inputs.name}!\" }}", "hello World!"),
        ("{{ \"#{1 + 2}#{'x' | upper}\" }}", "3X"),
        ("{{ \"a # b #c\" }}", "a # b #c"),
        ("{{ '#{inputs.name}' }}", "#{inputs.name}"),
        ("{{ \"#{ {'a': 1} }\" }}", "{a=1}"),
        ("{{ true }}{{ TRUE }}{{ none }}{{ NULL }}", "truetrue"),
        ("{{ [] }}{{ {} }}", "[]{}"),
        ("{{ {'b': 1, 'a': 2} }}", "{\"b\":1,\"a\":2}"),
        ("{{ {inputs.name: 1} }}", "{\"World\":1}"),
        ("{{ 'multi\nline' }}", "multi\nline"),
        ("{{ '{{ x }}' }}", "{{ x }}"),
        ("{{ 'é' ~ \"ü\" }}", "éü"),
    ]);
}

#[test]
fn tests_of_values() {
    check(&[
        (
            "{{ '  ' is empty }}{{ [] is empty }}{{ {} is empty }}{{ null is empty }}{{ 0 is empty }}",
            "truetruetruetruefalse",
        ),
        ("{{ 'a' is not empty }}", "true"),
        ("{{ 2 is even }}{{ 3 is odd }}{{ 3 is not even }}", "truetruetrue"),
        ("{{ {} is map }}{{ [] is map }}{{ inputs is map }}", "truefalsetrue"),
        ("{{ [] is iterable }}{{ {} is iterable }}{{ 'a' is iterable }}", "truefalsefalse"),
        ("{{ '{\"a\":1}' is json }}{{ 'nope' is json }}{{ '1' is json }}", "truefalsetrue"),
        ("{{ null is null }}{{ 1 is not null }}", "truetrue"),
        ("{{ null is not defined }}", "true"),
    ]);
    check_errors(&[
        ("{{ 'a' is even }}", "number"),
        ("{{ null is odd }}", "number"),
        ("{{ 1 is prime }}", "Test [prime] does not exist."),
    ]);
}
