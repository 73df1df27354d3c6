//! JSON, YAML, ION, jq, hashes and encodings, row by row: docs/kestra.md 3.7.

mod support;

use support::{check, check_errors};

#[test]
fn base64decode() {
    check(&[("{{ 'aGVsbG8=' | base64decode }}", "hello"), ("{{ 'aGVsbG8' | base64decode }}", "hello")]);
}

#[test]
fn base64encode() {
    check(&[
        ("{{ 'héllo' | base64encode }}", "aMOpbGxv"),
        ("{{ '' | base64encode }}", ""),
        ("{{ null | base64encode }}", ""),
    ]);
}

#[test]
fn jq() {
    check(&[
        ("{{ inputs.map | jq('.c.x[0]') }}", "[null]"),
        ("{{ inputs.map | jq('.nope') }}", "[null]"),
        ("{{ '[1,2,3]' | jq('map(.+1)') }}", "[[2,3,4]]"),
        ("{{ '[1,2,3]' | jq('.[]') }}", "[1,2,3]"),
        ("{{ inputs.list | jq('.[] | select(. > 1)') | join(',') }}", "2,3"),
        ("{{ '{}' | jq('empty') }}", "[]"),
        ("{{ '4' | jq('. / 2') }}", "[2]"),
        ("{{ '5' | jq('. / 2') }}", "[2.5]"),
        ("{{ '1.0' | jq('.') }}", "[1.0]"),
        ("{{ 5 | jq('. + 1') }}", "[6]"),
        (r#"{{ '"x"' | jq('.') | first }}"#, "x"),
        ("{{ '[1,2]' | jq('add') }}", "[3]"),
        (r#"{{ '{"b":1,"a":2}' | jq('keys') }}"#, r#"[["a","b"]]"#),
        (r#"{{ '{"b":1,"a":2}' | jq('.') }}"#, r#"[{"b":1,"a":2}]"#),
        (r#"{{ '{"a":[{"n":"x"},{"n":"y"}]}' | jq('.a[].n') }}"#, r#"["x","y"]"#),
        ("{{ '[3,1]' | jq('sort') }}", "[[1,3]]"),
        ("{{ '10' | jq('. * 2.5') }}", "[25]"),
        ("{{ '[1,2,3]' | jq('length') }}", "[3]"),
        ("{{ '[1,2,3]' | jq('{a: .[0], b: (.[1:])}') }}", r#"[{"a":1,"b":[2,3]}]"#),
        ("{{ 'null' | jq('.a') }}", "[null]"),
        (r#"{{ '{"a":1}' | jq('has("a")') }}"#, "[true]"),
        (r#"{{ '["a","b"]' | jq('join("-")') }}"#, r#"["a-b"]"#),
        (r#"{{ '[{"k":1},{"k":2}]' | jq('map(.k) | add') }}"#, "[3]"),
        (r#"{{ '[{"a":1,"b":2},{"a":1,"b":3}]' | jq('group_by(.a) | map(length)') }}"#, "[[2]]"),
        ("{{ '1' | jq('tostring') }}", r#"["1"]"#),
        ("{{ '[1,null,2]' | jq('map(values)') }}", "[[1,2]]"),
        (r#"{{ '"2024"' | jq('tonumber') }}"#, "[2024]"),
        (r#"{{ '{"a":{"b":5}}' | jq('.a.b as $x | $x * 2') }}"#, "[10]"),
        ("{{ '[1.5,2.5]' | jq('add') }}", "[4]"),
        ("{{ '16' | jq('sqrt') }}", "[4]"),
        (r#"{{ '{"a":1.5}' | jq('.a += 0.5') }}"#, r#"[{"a":2}]"#),
        ("{{ '10' | jq('. * 2.5, . - 0.5, . % 3, -. ') }}", "[25,9.5,1,-10]"),
        (r#"{{ '{"a":1}' | jq('.a *= 3') }}"#, r#"[{"a":3}]"#),
        (r#"{{ '"a,b"' | jq('. / ","') }}"#, r#"[["a","b"]]"#),
        ("{{ '[1,2,3]' | jq('. - [2]') }}", "[[1,3]]"),
        (r#"{{ '{"a":[1]}' | jq('.a[0] |= . + 1') }}"#, r#"[{"a":[2]}]"#),
        ("{{ '[1,2,3,4]' | jq('add / length') }}", "[2.5]"),
        (r#"{{ '{"a":1}' | jq('.a //= 5 | .b //= 6') }}"#, r#"[{"a":1,"b":6}]"#),
        ("{{ '7' | jq('. / 2 | floor') }}", "[3]"),
        ("{{ '[3,1,2]' | jq('max, min, (sort|.[0])') }}", "[3,1,1]"),
        ("{{ '2' | jq('pow(.; 10)') }}", "[1024]"),
        (r#"{{ '{"a":{"b":1},"c":[1,2]}' | jq('to_entries[] | .key') }}"#, r#"["a","c"]"#),
        (r#"{{ '["b","a"]' | jq('unique') }}"#, r#"[["a","b"]]"#),
        (r#"{{ '"a-b"' | jq('test("-")') }}"#, "[true]"),
        (r#"{{ '"a1b2"' | jq('[scan("[0-9]")]') }}"#, r#"[["1","2"]]"#),
        (r#"{{ '"abc"' | jq('.[1:2]') }}"#, r#"["b"]"#),
        ("{{ '[1,[2]]' | jq('flatten') }}", "[[1,2]]"),
        (r#"{{ '{"a":1,"b":2}' | jq('map_values(.+1)') }}"#, r#"[{"a":2,"b":3}]"#),
        (r#"{{ '{"a":1,"b":2}' | jq('del(.a)') }}"#, r#"[{"b":2}]"#),
        (r#"{{ '[{"a":1},{"a":2}]' | jq('.[] | select(.a==2)') }}"#, r#"[{"a":2}]"#),
        (r#"{{ '{"a":null}' | jq('.a // "d"') }}"#, r#"["d"]"#),
        (r#"{{ '"x"' | jq('ascii_upcase') }}"#, r#"["X"]"#),
        ("{{ '[1,2]' | jq('@csv') }}", r#"["1,2"]"#),
        (r#"{{ '{"a":"x"}' | jq('"v=\(.a)"') }}"#, r#"["v=x"]"#),
        ("{{ '[1,2,3]' | jq('first, last, nth(1)') }}", "[1,3,2]"),
        ("{{ '[1,2,3]' | jq('any(.>2), all(.>2)') }}", "[true,false]"),
        (r#"{{ '{"a":1}' | jq('keys_unsorted, length, type') }}"#, r#"[["a"],1,"object"]"#),
        (r#"{{ '"2015-03-05T23:51:47Z"' | jq('fromdate') }}"#, "[1425599507]"),
        (r#"{{ '[1,2,3]' | jq('if length > 2 then "big" else "small" end') }}"#, r#"["big"]"#),
        ("{{ '[[1,2],[3,4]]' | jq('.[][0]') }}", "[1,3]"),
        (r#"{{ '{"a":[1,2,3]}' | jq('.a | length, .[-1]') }}"#, "[3,3]"),
        ("{{ '[3,1,2]' | jq('sort_by(-.)') }}", "[[3,2,1]]"),
        (r#"{{ '{"a":1}' | jq('. + {b: 2}') }}"#, r#"[{"a":1,"b":2}]"#),
        (r#"{{ '"x"' | jq('ltrimstr("x"), length') }}"#, r#"["",1]"#),
        ("{{ '[1,2]' | jq('limit(1; .[])') }}", "[1]"),
        ("{{ '[1]' | jq('.[5]') }}", "[null]"),
        (r#"{{ '{"a":1}' | jq('tojson') }}"#, r#"["{\"a\":1}"]"#),
        (r#"{{ '"{\"a\":1}"' | jq('fromjson | .a') }}"#, "[1]"),
        ("{{ '[1,2,3]' | jq('map(select(. > 1))') }}", "[[2,3]]"),
        ("{{ '[1,2,3]' | jq('reduce .[] as $x (0; . + $x)') }}", "[6]"),
        (r#"{{ '{"a":1}' | jq('.["a"]') }}"#, "[1]"),
        (r#"{{ '{"a":{"b":1}}' | jq('[paths]') }}"#, r#"[[["a"],["a","b"]]]"#),
        (r#"{{ '{"a":1}' | jq('..') }}"#, r#"[{"a":1},1]"#),
    ]);
    check_errors(&[
        (
            r#"{{ '{"a":1}' | jq('.a.b') }}"#,
            r#"Failed to resolve JQ expression '.a.b': cannot index 1 with "b""#,
        ),
        (r#"{{ '{"a":1}' | jq('error("x")') }}"#, r#"Failed to resolve JQ expression 'error("x")': "x""#),
        ("{{ '' | jq('.') }}", "Failed to resolve JQ expression '.': EOF while parsing a value at line"),
        ("{{ '1' | jq('. / 0') }}", "which JSON cannot hold"),
    ]);
}

#[test]
fn json() {
    check(&[("{{ 'é😀' | json }}", r#""é😀""#)]);
}

#[test]
fn md5() {
    check(&[("{{ 'é' | md5 }}", "66ddcd97cfdeabb2f6fb8a999b4bc76f")]);
}

#[test]
fn sha1() {
    check_errors(&[(
        "{{ 5 | sha1 }}",
        "The 'sha1' filter can only be applied to String. Actual type was: java",
    )]);
}

#[test]
fn sha256() {
    check(&[
        ("{{ '' | sha256 }}", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("{{ null | sha256 }}", ""),
    ]);
}

#[test]
fn sha512() {
    check(&[(
        "{{ 'abc' | sha512 }}",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
    )]);
}

#[test]
fn to_ion() {
    check(&[
        ("{{ {'a':1,'b':'x y'} | toIon }}", r#"{a:1,b:"x y"}"#),
        ("{{ [1,'a',null,true,1.5] | toIon }}", r#"[1,"a",null,true,1.5e0]"#),
        ("{{ null | toIon }}", "null"),
        ("{{ 'a' | toIon }}", r#""a""#),
    ]);
}

#[test]
fn to_json() {
    check(&[
        ("{{ 1 | toJson }}", "1"),
        ("{{ 1.0 | toJson }}", "1.0"),
        ("{{ 'a\nb' | toJson }}", r#""a\nb""#),
        ("{{ null | toJson }}", "null"),
        ("{{ '/' | toJson }}", r#""/""#),
        ("{{ '<&>' | toJson }}", r#""<&>""#),
        ("{{ [] | toJson }}", "[]"),
        ("{{ 10000000000.0 | toJson }}", "1.0E10"),
        ("{{ 0.00001 | toJson }}", "1.0E-5"),
        (r#"{{ 'é\"' | toJson }}"#, r#""é\\\"""#),
        (r#"{{ {'é': ['a/b', 'q"q', 1.0]} | toJson }}"#, r#"{"é":["a/b","q\"q",1.0]}"#),
        ("{{ inputs.text | toJson }}", r#""line1\nline2""#),
    ]);
    check_errors(&[
        (
            "{{ {'a': null, 'b': [1.5e0]} | toJson }}",
            r#"Unexpected name "e0", expected "," at line 1, column 25"#,
        ),
        (
            "{{ {'a': null, 'b': 1.0E10} | toJson }}",
            r#"Unexpected name "E10", expected "," at line 1, column 24"#,
        ),
        (r#"{{ 'é"\' | toJson }}"#, "Unclosed string at line 1, column 4"),
    ]);
}

#[test]
fn urldecode() {
    check(&[("{{ 'a+b%20c%C3%A9' | urldecode }}", "a b cé")]);
}

#[test]
fn urlencode() {
    check(&[
        ("{{ 'a b/c?d=é&+~' | urlencode }}", "a+b%2Fc%3Fd%3D%C3%A9%26%2B%7E"),
        ("{{ null | urlencode }}", ""),
        ("{{ '*-._' | urlencode }}", "*-._"),
    ]);
}

#[test]
fn yaml() {
    check(&[
        (
            "{{ {'a':1,'b':[1,2],'c':{'d':null,'e':'x: y'}} | yaml }}",
            "a: 1\nb:\n - 1\n - 2\nc:\n  d: null\n  e: \"x: y\"\n",
        ),
        ("{{ [1,'two',{'a':1,'b':2}] | yaml }}", " - 1\n - two\n -\n  a: 1\n  b: 2\n"),
        ("{{ 'text' | yaml }}", "text\n"),
        ("{{ 5 | yaml }}", "5\n"),
        ("{{ true | yaml }}", "true\n"),
        ("{{ [] | yaml }}", "[]\n"),
        ("{{ {'a':'true','b':'123','c':'','d':'1.5'} | yaml }}", "a: \"true\"\nb: 123\nc: \"\"\nd: 1.5\n"),
        ("{{ inputs.text | yaml }}", "|-\n  line1\n  line2\n"),
        ("{{ {'a': inputs.text} | yaml }}", "a: |-\n  line1\n  line2\n"),
    ]);
}
