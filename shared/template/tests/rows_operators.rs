//! Operators, literals and tests in many combinations: docs/kestra.md 3.4.

mod support;

use support::{check, check_errors};

#[test]
fn arithmetic() {
    check(&[
        ("{{ -7 / 2 }}", "-3"),
        ("{{ -7 % 3 }}", "-1"),
        ("{{ 7 % -3 }}", "1"),
        ("{{ -7.5 % 2 }}", "-1.5"),
        ("{{ 5.0 / 0 }}", "Infinity"),
        ("{{ -5.0 / 0 }}", "-Infinity"),
        ("{{ 0.0 / 0 }}", "NaN"),
        ("{{ 9223372036854775807 }}", "9223372036854775807"),
        ("{{ -9223372036854775807 - 2 }}", "9223372036854775807"),
        ("{{ 10000000000.0 }}", "1.0E10"),
        ("{{ 0.00001 }}", "1.0E-5"),
        ("{{ 123456789.0 * 1000 }}", "1.23456789E11"),
        ("{{ 100.0 }}", "100.0"),
        ("{{ 1.0 / 3 }}", "0.3333333333333333"),
        ("{{ 2 / 3.0 }}", "0.6666666666666666"),
        ("{{ 0.1 * 3 }}", "0.30000000000000004"),
        ("{{ 1.1 + 2.2 }}", "3.3000000000000003"),
        ("{{ 1000000.0 * 10 }}", "1.0E7"),
        ("{{ '5' - 2 }}", "3"),
        ("{{ '5' + 2 }}", "52"),
        ("{{ '10' % 3 }}", "1"),
        ("{{ '2.5' * 2 }}", "5.0"),
        ("{{ -'5' }}", "-5"),
        ("{{ [1,2] + [3] }}", "[1,2,3]"),
        ("{{ [1,2] + 'x' }}", "[1, 2]x"),
        ("{{ 'x' + [1] }}", "x[1]"),
        ("{{ [1,2,2,3] - 2 }}", "[1,3]"),
        ("{{ [1,2] - [2] }}", "[1]"),
        ("{{ [] }}", "[]"),
        ("{{ {} }}", "{}"),
        (
            "{{ vars }}",
            r#"{"t":"{{ flow.id }}","n":null,"rec":"{{ render(vars.t) }}","chain":"{{ vars.t }}","self":"{{ render(vars.self) }}","raw":"{{ x }}"}"#,
        ),
        ("{{ 5L }}", "5"),
        ("{{ 1.50 }}", "1.5"),
        ("{{ 007 }}", "7"),
        ("{{ TRUE }}", "true"),
        ("{{ - -5 }}", "5"),
        ("{{ -(2+3) }}", "-5"),
        ("{{ 5 - -5 }}", "10"),
        ("{{ 2 * -3 }}", "-6"),
        ("{{ -2.5 }}", "-2.5"),
        ("{{ 1 + 2 * 3 - 4 / 2 }}", "5"),
        ("{{ (1 + 2) * 3 }}", "9"),
        ("{{ 10 % 4 * 2 }}", "4"),
        ("{{ 2 * 10 % 4 }}", "0"),
        ("{{ 1 - 1 - 1 }}", "-1"),
        ("{{ 8 / 4 / 2 }}", "1"),
        ("{{ 2 * 3 ~ 4 }}", "68"),
        ("{{ 1 ~ 2 + 3 }}", "123"),
        ("{{ 1 ~ 2 | length }}", "2"),
    ]);
    check_errors(&[
        ("{{ 1.0E10 }}", r#"Unexpected name "E10", expected "}}" at line 1, column 7"#),
        ("{{ 1e3 }}", r#"Unexpected name "e3", expected "}}" at line 1, column 5"#),
        ("{{ 'a' - 1 }}", "invalid operands for mathematical operation [SUBTRACT]: java.lang.Stri"),
        ("{{ {'a':1} + 1 }}", "invalid operands for mathematical operation [ADD]: java.util.LinkedHas"),
        ("{{ False }}", "Unable to find `False` used in the expression `{{ False }}` at line 1"),
        ("{{ 'a' ~ 1 * 2 }}", "invalid operands for mathematical operation [MULTIPLICATION]: java.lan"),
    ]);
}

#[test]
fn choices() {
    check(&[
        ("{{ 0 ? 'a' : 'b' }}", "b"),
        ("{{ 1 ? 'a' : 'b' }}", "a"),
        ("{{ true ? false ? 1 : 2 : 3 }}", "2"),
        ("{{ (1 > 2) ? 'x' : ('y' ~ 'z') }}", "yz"),
        ("{{ 1 > 2 ? 'x' : 1 > 0 ? 'y' : 'z' }}", "y"),
    ]);
}

#[test]
fn coalescing() {
    check(&[
        ("{{ (inputs.none ?? 'd') | upper }}", "D"),
        ("{{ inputs.none ?? inputs.n ?? 3 }}", "5"),
        ("{{ inputs.none ??? null }}", ""),
        ("{{ inputs.nul ?? 'z' }}", "z"),
        ("{{ inputs.nul ??? 'z' }}", "z"),
        ("{{ inputs.e ?? 'z' }}", "z"),
        ("{{ inputs.none ?? (1 + 2) * 3 }}", "9"),
        ("{{ inputs.none ?? 1 + 2 }}", "3"),
        ("{{ inputs.map.a.b ?? 'q' }}", "q"),
    ]);
}

#[test]
fn comparison() {
    check(&[
        ("{{ 1 == '1' }}", "false"),
        ("{{ 'a' != 'b' }}", "true"),
        ("{{ 1 != 1.0 }}", "false"),
        ("{{ null != 1 }}", "true"),
        ("{{ [1] == [1.0] }}", "true"),
        ("{{ 9007199254740993 == 9007199254740992 }}", "true"),
        ("{{ 9007199254740993 > 9007199254740992 }}", "false"),
        ("{{ null == vars.n }}", "true"),
        ("{{ null < null }}", "false"),
        ("{{ null >= 1 }}", "false"),
        ("{{ 1 <= null }}", "false"),
        ("{{ 'b' > 'a' }}", "true"),
        ("{{ 'B' < 'a' }}", "true"),
        ("{{ '10' < '9' }}", "true"),
        ("{{ 1 + 1 == 2 }}", "true"),
        ("{{ 1 == 1 == true }}", "true"),
        ("{{ [1,2,3] | length > 2 }}", "true"),
    ]);
    check_errors(&[(
        "{{ true > false }}",
        "invalid operands for mathematical comparison [GREATER_THAN]: java.lang",
    )]);
}

#[test]
fn literals_and_attributes() {
    check(&[
        ("{{ inputs.big * 2 }}", "18014398509481986"),
        ("{{ true ~ null ~ 1.5 ~ [1,'a'] ~ {'k': [true]} }}", "true1.5[1, a]{k=[true]}"),
        ("{{ [null, true, 1.0, 'é', {'a': {}}] }}", r#"[null,true,1.0,"é",{"a":{}}]"#),
        ("{{ inputs['name'] }}", "World"),
        (r#"{{ inputs["na" ~ "me"] }}"#, "World"),
        ("{{ inputs.list[0] }}", "1"),
        ("{{ inputs.list[inputs.n - 4] }}", "2"),
        ("{{ inputs.list['0'] }}", "1"),
        (
            "{{ inputs }}",
            r#"{"flag":true,"name":"World","n":5,"d":1.0,"list":[1,2,3],"map":{"a":1,"b":"x"},"text":"line1\nline2","empty":"","blank":"  ","zero":0,"big":9007199254740993}"#,
        ),
        (r#"{{ 'it\'s' ~ "a\"b" ~ 'x"y' ~ "x'y" }}"#, r#"it'sa"bx"yx'y"#),
        (r#"{{ '\\n' ~ '\t' ~ "\n" }}"#, r#"\\n\t\n"#),
        (r#"{{ "a #{1+1} b #{inputs.name | upper} #{ "in #{inputs.n}" }" }}"#, "a 2 b WORLD in 5"),
        ("{{ \"#{inputs.list}\" ~ \"#{null}\" ~ \"#{inputs.map}\" }}", "[1, 2, 3]{a=1, b=x}"),
        ("{{ -inputs.n }}", "-5"),
        ("{{ +inputs.n }}", "5"),
        ("{{ [1,2] | join(',') ~ 'x' }}", "1,2x"),
        ("{{ 'x' ~ [1,2] | length }}", "7"),
    ]);
    check_errors(&[
        (
            "{{ inputs.map.c.x[1] }}",
            "Unable to find `c` used in the expression `{{ inputs.map.c.x[1] }}` at line 1",
        ),
        (
            "{{ inputs.map['c']['x'][0] }}",
            "Unable to find `c` used in the expression `{{ inputs.map['c']['x'][0] }}` at line 1",
        ),
        ("{{ inputs.list.0 }}", r#"Unexpected number "0", expected a name at line 1, column 16"#),
        (
            "{{ inputs.list[9] }}",
            "Unable to find `9` used in the expression `{{ inputs.list[9] }}` at line 1",
        ),
        (
            "{{ inputs.name[0] }}",
            "Unable to find `0` used in the expression `{{ inputs.name[0] }}` at line 1",
        ),
        ("{{ inputs.n.x }}", "Unable to find `x` used in the expression `{{ inputs.n.x }}` at line 1"),
        (
            "{{ inputs.map.a.b }}",
            "Unable to find `b` used in the expression `{{ inputs.map.a.b }}` at line 1",
        ),
        ("{{ 'it''s' }}", r#"Unexpected string, expected "}}" at line 1, column 9"#),
    ]);
}

#[test]
fn logic() {
    check(&[
        ("{{ not '' }}", "true"),
        ("{{ not 0 }}", "true"),
        ("{{ not 1.5 }}", "false"),
        ("{{ not 'x' }}", "false"),
        ("{{ true and 'a' }}", "true"),
        ("{{ 1 and 0 }}", "false"),
        ("{{ 0 or '' }}", "false"),
        ("{{ 'false' or false }}", "true"),
        ("{{ 1 < 2 and 2 < 3 }}", "true"),
        ("{{ not false and false }}", "false"),
        ("{{ not (false and false) }}", "true"),
        ("{{ 'abc' | length == 3 and true }}", "true"),
    ]);
    check_errors(&[
        ("{{ [] and true }}", "Unsupported value type java.util.ArrayList. Expected Boolean, String, "),
        ("{{ null or true }}", "null value used in or operator and strict variables is set to true"),
    ]);
}

#[test]
fn membership() {
    check(&[
        ("{{ '2' in [1,2] }}", "false"),
        ("{{ 'v' in {'k':'v'} }}", "false"),
        ("{{ 'k' in {'k':'v'} }}", "true"),
        ("{{ null in [1] }}", "false"),
        ("{{ null in [null] }}", "true"),
        ("{{ [1] in [[1]] }}", "false"),
        ("{{ [null] contains null }}", "true"),
        ("{{ 'abc' contains '' }}", "true"),
        ("{{ '' contains 'a' }}", "false"),
        ("{{ [[1,2]] contains [1,2] }}", "false"),
        ("{{ {'a':1} contains ['a'] }}", "false"),
    ]);
}

#[test]
fn ranges() {
    check(&[
        ("{{ 3..1 }}", "[]"),
        ("{{ 'a'..'e' }}", r#"["a","b","c","d","e"]"#),
        ("{{ 1..1 }}", "[1]"),
        ("{{ -1..1 }}", "[-1,0,1]"),
        ("{{ 0..(1+1) }}", "[0,1,2]"),
        ("{{ 1 .. 3 | length }}", "3"),
        ("{{ range(1,10,3) }}", "[1,4,7,10]"),
        ("{{ range('a','e') }}", r#"["a","b","c","d","e"]"#),
        ("{{ range('e','a',-1) }}", r#"["e","d","c","b","a"]"#),
        ("{{ range(1,3,increment=1) }}", "[1,2,3]"),
        ("{{ range(start=1,end=2) }}", "[1,2]"),
        ("{{ range('1', '3') }}", r#"["1","2","3"]"#),
        ("{{ range(1.5, 3) }}", "[1,2,3]"),
    ]);
    check_errors(&[("{{ range(1, 2, 0) }}", "The increment of the range function must be different than 0")]);
}

#[test]
fn tests_of_values() {
    check(&[
        ("{{ 5 is even }}", "false"),
        ("{{ -3 is odd }}", "true"),
        ("{{ 0 is even }}", "true"),
        ("{{ 4 is not odd }}", "true"),
        ("{{ {} is map }}", "true"),
        ("{{ [1] is not map }}", "true"),
        ("{{ '' is iterable }}", "false"),
        ("{{ '[1' is json }}", "false"),
        ("{{ '' is json }}", "false"),
        ("{{ null is json }}", "false"),
        ("{{ 1 is json }}", "false"),
        ("{{ false is empty }}", "false"),
        ("{{ [null] is empty }}", "false"),
        ("{{ {'a':1} is empty }}", "false"),
        ("{{ '  ' is empty }}", "true"),
        ("{{ vars.n is empty }}", "true"),
        ("{{ x.y.z is defined }}", "false"),
        ("{{ x is not defined }}", "true"),
        ("{{ inputs.name is defined }}", "true"),
        ("{{ inputs.map.a is defined }}", "true"),
        ("{{ inputs.name is not null and inputs.name is not empty }}", "true"),
    ]);
    check_errors(&[
        ("{{ x is empty }}", "Unable to find `x` used in the expression `{{ x is empty }}` at line 1"),
        ("{{ x is null }}", "Unable to find `x` used in the expression `{{ x is null }}` at line 1"),
        ("{{ 'a' is nope }}", "Test [nope] does not exist."),
    ]);
}
