//! Functions, row by row: docs/kestra.md 3.6.

mod support;

use support::{check, check_errors};

#[test]
fn extremes() {
    check(&[
        ("{{ max(1,2.5) }}", "2.5"),
        ("{{ min(1) }}", "1"),
        ("{{ max(3,3.0) }}", "3"),
        ("{{ min(-1,-1.5) }}", "-1.5"),
        ("{{ max('b','a') }}", "b"),
        ("{{ max() }}", ""),
        ("{{ max(null, 1) }}", "1"),
    ]);
}

#[test]
fn from_ion() {
    check(&[
        (
            r#"{{ fromIon('{a:1,b:"x",c:[1,2],d:null,e:1.5,f:2024-01-02T}') }}"#,
            r#"{"a":1,"b":"x","c":[1,2],"d":null,"e":1.5,"f":"2024-01-02"}"#,
        ),
        (r#"{{ fromIon('"x"') }}"#, "x"),
    ]);
}

#[test]
fn from_json() {
    check(&[
        ("{{ fromJson('null') }}", ""),
        ("{{ fromJson('1.0') }}", "1.0"),
        ("{{ fromJson('1e3') }}", "1000.0"),
        (r#"{{ fromJson('"a"') }}"#, "a"),
        (r#"{{ fromJson('[1,{"a":[true]}]') }}"#, r#"[1,{"a":[true]}]"#),
        (r#"{{ fromJson('{"b":1,"a":2}') }}"#, r#"{"b":1,"a":2}"#),
        (r#"{{ fromJson('{"a":1}').a + 1 }}"#, "2"),
        (r#"{{ fromJson('{"a":{"b":[5,6]}}').a.b[1] }}"#, "6"),
        ("{{ fromJson('12345678901234567890') }}", "12345678901234567890"),
        ("{{ fromJson('1.10') }}", "1.1"),
        (r#"{{ json('{"x":"é\u0041"}').x }}"#, "éA"),
        ("{{ fromJson(' [1] ') }}", "[1]"),
    ]);
    check_errors(&[
        ("{{ fromJson('{bad}') }}", "The 'fromJson' function cannot read the JSON: key must be a string at "),
        ("{{ fromJson('') }}", "The 'fromJson' function cannot read the JSON: EOF while parsing a valu"),
        ("{{ fromJson('[1,]') }}", "The 'fromJson' function cannot read the JSON: trailing comma at line 1"),
        ("{{ fromJson([1]) }}", "The 'fromJson' function expects an argument 'json' with type string. A"),
        (
            r#"{{ fromJson('{"a":1} x') }}"#,
            "The 'fromJson' function cannot read the JSON: trailing characters at l",
        ),
    ]);
}

#[test]
fn from_yaml() {
    check(&[
        ("{{ yaml('a: 1\nb: [x, y]') }}", r#"{"a":1,"b":["x","y"]}"#),
        ("{{ yaml('- 1\n- two\n- 3.0\n- true\n- null') }}", r#"[1,"two",3.0,true,null]"#),
        ("{{ yaml('a: {b: c}').a.b }}", "c"),
        ("{{ yaml('text') }}", "text"),
        ("{{ yaml('a: 2024-01-02').a }}", "2024-01-02"),
        (r#"{{ yaml('a: "1"').a ~ '' }}"#, "1"),
        ("{{ yaml('a: yes').a }}", "yes"),
        ("{{ yaml('a: 0x1F').a }}", "31"),
        ("{{ yaml('a: 1e3').a }}", "1000.0"),
        ("{{ yaml(null) }}", ""),
    ]);
    check_errors(&[(
        "{{ yaml('a: b: c') }}",
        "The 'yaml' function cannot read the YAML: mapping values are not allow",
    )]);
}

#[test]
fn now() {
    check(&[
        ("{{ now('iso_local_date') }}", "2024-03-01"),
        ("{{ now(timeZone='Asia/Tokyo') }}", "2024-03-01T19:00:00.123456+09:00"),
        ("{{ now('EEEE', locale='fr') }}", "vendredi"),
        ("{{ now(format='yyyy') }}", "2024"),
        ("{{ now('full') }}", "Friday, March 1, 2024 at 10:00:00 AM Coordinated Universal Time"),
    ]);
    check_errors(&[("{{ now('bad pattern b') }}", "Unknown pattern letter: b in 'bad pattern b'")]);
}

#[test]
fn others() {
    check(&[
        ("{{ randomInt(5, 6) }}", "5"),
        ("{{ randomInt(lower=0, upper=1) }}", "0"),
        ("{{ randomInt(10, 10) }}", "10"),
        ("{{ fileURI('x.txt') }}", "kestra:///company/team/_files/x.txt"),
        ("{{ fileURI('dir/x.txt', 'c.d') }}", "kestra:///c/d/_files/dir/x.txt"),
        ("{{ decrypt('MDEyMzQ1Njc4OWFiY2RlZg==', encrypt('MDEyMzQ1Njc4OWFiY2RlZg==', 'hé')) }}", "hé"),
        (
            "{{ decrypt('MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3', encrypt('MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3', 'hé')) }}",
            "hé",
        ),
    ]);
    check_errors(&[
        ("{{ randomInt('1', 5) }}", "The 'randomInt' function expects an argument 'lower' with type integer"),
        ("{{ randomInt(5, 1) }}", "In 'randomInt', lower"),
        ("{{ randomInt(1) }}", "The 'randomInt' function expects an argument 'upper'."),
        ("{{ nanoId(0) }}", "The 'nanoId' function expects a length above 0 and an alphabet"),
        ("{{ nope() }}", "Function or Macro [nope] does not exist."),
        ("{{ block('x') | upper }}", "Function or Macro [block] does not exist."),
        ("{{ iterationOutput('x') }}", "Function or Macro [iterationOutput] does not exist."),
        ("{{ fileURI('../x') }}", "The path '../x' may not contain '../'"),
        ("{{ encrypt('x', 'y') }}", "The key of the 'encrypt' function is not base64"),
    ]);
}

#[test]
fn rendering() {
    check(&[
        ("{{ render('{{ inputs.n }}') }}", "5"),
        ("{{ render(['{{ inputs.n }}', 1]) }}", r#"["5",1]"#),
        ("{{ render({'{{ inputs.n }}': '{{ inputs.name }}'}) }}", r#"{"5":"World"}"#),
        ("{{ renderOnce('{{ inputs.n }}') }}", "5"),
        ("{{ render(5) }}", "5"),
        ("{{ render(toRender='{{ 1 }}', recursive=false) }}", "1"),
    ]);
    check_errors(&[(
        "{{ render(vars.a) }}",
        "Unable to find `a` used in the expression `{{ render(vars.a) }}` at line 1",
    )]);
}
