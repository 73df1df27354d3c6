//! The context, attributes and syntax: docs/kestra.md 3.1, 3.2 and 3.4.

mod support;

use support::{check, check_errors};

#[test]
fn attributes_and_choices() {
    check(&[
        ("{{ 'a|b' | split('|') }}", r#"["a","|","b"]"#),
        ("{{ 'abc'.length() }}", "3"),
        ("{{ 'abc'.toUpperCase() }}", "ABC"),
        ("{{ ([1,2])[0] }}", "1"),
        ("{{ ({'a':1}).a }}", "1"),
        ("{{ ('a,b' | split(','))[1] }}", "b"),
        (r#"{{ ('{"a":1}' | jq('.a'))[0] }}"#, "1"),
        (r#"{{ fromJson('{"a":[1]}').a[0] }}"#, "1"),
        ("{{ range(1,3)[1] }}", "2"),
        ("{{ inputs.list | first + 1 }}", "2"),
        ("{{ inputs.list | length * 2 }}", "6"),
        ("{{ 2 * inputs.list | length }}", "6"),
        ("{{ not inputs.name is null }}", "false"),
        ("{{ not (inputs.name is null) }}", "true"),
        ("{{ inputs.n is even or inputs.n is odd }}", "true"),
        ("{{ inputs.n > 3 ? 'big' : 'small' }}", "big"),
        ("{{ inputs.n == 5 and inputs.name == 'World' ? 'y' : 'n' }}", "y"),
        ("{{ 'x' in ['x'] ? 1 : 2 }}", "1"),
        ("{{ inputs.name is defined ? inputs.name : 'none' }}", "World"),
        ("{{ trigger.date ?? execution.startDate ?? 'now' }}", "2024-03-01T09:00:00Z"),
        ("{{ (trigger.date ?? '2024-01-01') | date('yyyy') }}", "2024"),
        ("{{ trigger.date ?? '2024-01-01' | date('yyyy') }}", "2024"),
        ("{{ outputs['a-b'].x ?? 'none' }}", "none"),
        ("{{ outputs['a-b'] is defined }}", "false"),
        ("{{ inputs['x.y'] ?? 1 }}", "1"),
        ("{{ vars.n ~ 'x' }}", "x"),
        ("{{ vars.n | default('d') }}", "d"),
        ("{{ vars.n | upper }}", ""),
        ("{{ vars.n.x ?? 'e' }}", "e"),
        ("{{ inputs.map.size() }}", "2"),
        ("{{ inputs.list.isEmpty() }}", "false"),
        ("{{ inputs.map.keySet() }}", r#"["a","b"]"#),
        ("{{ inputs.map.get('b') }}", "x"),
        ("{{ null }}{{ null ~ '' }}", ""),
        ("{{ [null] }}", "[null]"),
        ("{{ {'a':null} }}", r#"{"a":null}"#),
        ("{{ true }}", "true"),
        ("{{ 'é' }}", "é"),
        ("{{ {1: 2} }}", r#"{"1":2}"#),
        ("{{ {'a': {'b': [1.5, true, null]}} }}", r#"{"a":{"b":[1.5,true,null]}}"#),
        ("{{ 00 }}", "0"),
        ("{{ 0.0 }}", "0.0"),
        ("{{ -0.0 }}", "-0.0"),
        ("{{ 1.10 }}", "1.1"),
        ("{{ 123456789.123 }}", "1.23456789123E8"),
        ("{{ 0.001 }}", "0.001"),
        ("{{ 0.0001 }}", "1.0E-4"),
        ("{{ 12345678.0 }}", "1.2345678E7"),
        ("{{ 1234567.0 }}", "1234567.0"),
    ]);
    check_errors(&[
        ("{{ 1e0 }}", r#"Unexpected name "e0", expected "}}" at line 1, column 5"#),
        ("{{ i18n('x') }}", "Function or Macro [i18n] does not exist."),
        ("{{ 'a' | escape }}", "Filter [escape] does not exist."),
        ("{{ 'a' | raw }}", "Filter [raw] does not exist."),
        ("{{ loop.index }}", "Unable to find `loop` used in the expression `{{ loop.index }}` at line 1"),
        (
            "{{ 'abc'.length }}",
            "Unable to find `length` used in the expression `{{ 'abc'.length }}` at line 1",
        ),
        ("\n\n{{ nope }}", "Unable to find `nope` used in the expression `\n\n{{ nope }}` at line 3"),
        (
            "line1\n{{ inputs.nope }}\nline3",
            "Unable to find `nope` used in the expression `line1\n{{ inputs.nope }}\nline3` at line 2",
        ),
        (
            "{{\n\ninputs\n.nope }}",
            "Unable to find `nope` used in the expression `{{\n\ninputs\n.nope }}` at line 3",
        ),
        ("{{ 1 }}\n{{ 'a' | date }}", "Text 'a' could not be parsed as a date"),
        (
            "{{ -inputs.list | length }}",
            "invalid operands for mathematical operation [MULTIPLICATION]: java.lan",
        ),
        (
            "{{ inputs.name.class }}",
            "Unable to find `class` used in the expression `{{ inputs.name.class }}` at line 1",
        ),
        (
            "{{ inputs.name.getClass() }}",
            "Unable to find `getClass` used in the expression `{{ inputs.name.getClass() }}` at line 1",
        ),
        ("{{ 1 > 'a' }}", "invalid operands for mathematical comparison [GREATER_THAN]: java.lang"),
        ("{{ 'a' < 1 }}", "invalid operands for mathematical comparison [LESS_THAN]: java.lang.St"),
        ("{{ [1] > 0 }}", "invalid operands for mathematical comparison [GREATER_THAN]: java.util"),
        ("{{ 5 contains 1 }}", "Contains operator can only be used on Collections, Maps and arrays. Ac"),
        ("{{ 1 in 5 }}", "The 'in' operator expects a list or a map on its right side. Actual ty"),
    ]);
}

#[test]
fn syntax() {
    check_errors(&[
        ("{{ 1 | }}", r#"Unexpected "}}", expected a name at line 1, column 8"#),
        ("{{ | upper }}", r#"Unexpected operator "|", expected an expression at line 1, column 4"#),
        ("{{ 'a' | upper( }}", r#"Unclosed "(": found "}" at line 1, column 15"#),
        ("{{ inputs. }}", r#"Unexpected "}}", expected a name at line 1, column 12"#),
        ("{{ (1 + 2 }}", r#"Unclosed "(": found "}" at line 1, column 4"#),
        ("{{ [1, 2 }}", r#"Unclosed "[": found "}" at line 1, column 4"#),
        ("{{ {'a' 1} }}", r#"Unexpected number "1", expected ":" at line 1, column 9"#),
        ("{{ 'unclosed }}", "Unclosed string at line 1, column 4"),
        ("{{ 1 +* 2 }}", r#"Unexpected operator "*", expected an expression at line 1, column 7"#),
        ("{{ 1 ? 2 }}", r#"Unexpected "}}", expected ":" at line 1, column 10"#),
        (r#"{{ "a" "b" }}"#, r#"Unexpected string, expected "}}" at line 1, column 9"#),
        ("{{ x[1:2] }}", r#"Unexpected ":", expected "]" at line 1, column 7"#),
        ("{{ 1 // 2 }}", r#"Unexpected operator "/", expected an expression at line 1, column 7"#),
        ("{{ 2 ** 3 }}", r#"Unexpected operator "*", expected an expression at line 1, column 7"#),
        ("{{ 'a' if true else 'b' }}", r#"Unexpected name "if", expected "}}" at line 1, column 8"#),
        ("{{ [x for x in y] }}", r#"Unexpected name "for", expected "," at line 1, column 7"#),
        ("{{ [1,2,3][0] }}", "A list written out has no attributes: set it to a variable first at li"),
        ("{{ {'a':1}.a }}", "A map written out has no attributes: set it to a variable first at lin"),
        ("{{ {'a':1}['a'] }}", "A map written out has no attributes: set it to a variable first at lin"),
        ("{{ true and }}", r#"Unexpected "}}", expected an expression at line 1, column 13"#),
        ("{{ 'x' matches 'y' }}", r#"Unexpected name "matches", expected "}}" at line 1, column 8"#),
        (
            "{{ 9223372036854775808 }}",
            "The number 9223372036854775808 does not fit in 64 bits at line 1, colu",
        ),
    ]);
}

#[test]
fn variables() {
    check(&[
        ("{{ labels.system.correlationId }}", "c1"),
        ("{{ labels.team }}", "data"),
        ("{{ labels['team'] | upper }}", "DATA"),
        ("{{ taskrun.value }}", "1"),
        ("{{ parents[0].taskrun.value }}", "a"),
        ("{{ parent.taskrun.value }}", "a"),
        ("{{ outputs.t[parent.taskrun.value][taskrun.value].value }}", "deep"),
        ("{{ tasks.one.state }}", "SUCCESS"),
        ("{{ tasks.two.x.state }}", "FAILED"),
        ("{{ (trigger.date ?? execution.startDate) | date('yyyy-MM') }}", "2024-03"),
        ("{{ execution.startDate | dateAdd(-1, 'DAYS', 'yyyy-MM-dd') }}", "2024-02-29"),
        ("{{ flow.namespace }}.{{ flow.id }}", "company.team.myflow"),
        ("{{ outputs.s.list | join('+') }}", "p+q"),
        ("{{ outputs.s.uri | substringAfterLast('/') }}", "f.ion"),
        ("{{ outputs.nope.x ?? outputs.s.x }}", "1"),
        ("{{ outputs['s']['list'][1] }}", "q"),
        ("{{ flow }}", r#"{"id":"myflow","namespace":"company.team","revision":3}"#),
        ("{{ inputs.text | indent(2) }}", "line1\n  line2"),
    ]);
    check_errors(&[
        (
            "{{ outputs.nope.x }}",
            "Unable to find `nope` used in the expression `{{ outputs.nope.x }}` at line 1",
        ),
        (
            "{{ parents[1].taskrun.value }}",
            "Unable to find `1` used in the expression `{{ parents[1].taskrun.value }}` at line 1",
        ),
        (
            "{{ labels.system.nope }}",
            "Unable to find `nope` used in the expression `{{ labels.system.nope }}` at line 1",
        ),
        (
            "{{ inputs.map.a.b.c }}",
            "Unable to find `b` used in the expression `{{ inputs.map.a.b.c }}` at line 1",
        ),
        ("{{ flow.id.x }}", "Unable to find `x` used in the expression `{{ flow.id.x }}` at line 1"),
        ("{{ 'a' ?? b | nope }}", "Filter [nope] does not exist."),
    ]);
}
