//! Filters: docs/kestra.md 3.7.

mod support;

use support::{check, check_errors};

#[test]
fn case_and_trimming() {
    check(&[
        ("{{ 'aB é' | upper }}{{ 'AB' | lower }}", "AB Éab"),
        ("{{ ' x ' | trim }}", "x"),
        ("{{ 'hello world' | capitalize }}", "Hello world"),
        ("{{ 'hello big world' | title }}", "Hello Big World"),
        ("{{ 'abcdefgh' | abbreviate(5) }}{{ 'abc' | abbreviate(5) }}", "ab...abc"),
        ("{{ 'a\nb' | nl2br }}", "a<br />b"),
        ("{{ '%s-%d-%.1f' | format('x', 3, 2.25) }}", "x-3-2.3"),
        ("{{ null | upper }}{{ vars.n | trim | length }}", "0"),
        ("{{ 5 | upper }}", "5"),
    ]);
}

#[test]
fn cutting() {
    check(&[
        ("{{ 'a.b.c' | substringBefore('.') }}", "a"),
        ("{{ 'a.b.c' | substringAfter('.') }}", "b.c"),
        ("{{ 'a.b.c' | substringAfterLast('.') }}", "c"),
        ("{{ 'abc' | substringBeforeLast('.') }}", "abc"),
        ("{{ 'abc' | substringAfterLast('.') }}", ""),
        ("{{ 'abcdef' | slice(1, 3) }}{{ 'abc' | slice(1) }}", "bcbc"),
        ("{{ [1,2,3,4] | slice(1, 3) }}{{ [1,2] | slice(toIndex=1) }}", "[2,3][1]"),
        ("{{ 'abc' | first }}{{ 'abc' | last }}", "ac"),
        ("{{ 'abc' | startsWith('ab') }}{{ 'abc' | endsWith('ab') }}", "truefalse"),
    ]);
    check_errors(&[
        ("{{ 'abc' | slice(0, 9) }}", "toIndex must be smaller"),
        ("{{ 'abc' | slice(2, 2) }}", "toIndex must be greater"),
        ("{{ 'abc' | slice(-1) }}", "fromIndex"),
        ("{{ null | startsWith('a') }}", "null"),
        ("{{ null | endsWith('a') }}", "null"),
        ("{{ 5 | slice(0) }}", "String, List and array"),
    ]);
}

#[test]
fn collections() {
    check(&[
        ("{{ null | length }}{{ [1,2] | length }}{{ {'a': 1} | length }}{{ '' | length }}", "0210"),
        ("{{ [] | first }}{{ [] | last is null }}", "true"),
        ("{{ [1, null, 'a'] | join(',') }}{{ [1,2] | join }}", "1,null,a12"),
        ("{{ [1,2] | merge([3]) }}{{ {'a': 1, 'b': 2} | merge({'b': 3}) }}", "[1,2,3]{\"a\":1,\"b\":3}"),
        ("{{ null | merge([1]) }}{{ [1] | merge(null) }}", "[1][1]"),
        ("{{ ['b','a','c'] | sort }}{{ [1,3,2] | rsort }}", "[\"a\",\"b\",\"c\"][3,2,1]"),
        ("{{ [1,2,3] | reverse }}{{ 'abc' | reverse }}", "[3,2,1]cba"),
        ("{{ [1,2,3] | chunk(2) }}", "[[1,2],[3]]"),
        ("{{ [[1,[2]],3] | flatten }}", "[1,[2],3]"),
        ("{{ [1,2,1,'1'] | distinct }}", "[1,2,\"1\"]"),
        (
            "{{ {'x': 1, 'y': 2} | keys }}{{ ['a','b'] | keys }}{{ {'x': 1} | values }}",
            "[\"x\",\"y\"][0,1][1]",
        ),
        ("{{ null | sort }}{{ null | keys }}{{ null | join(',') }}{{ null | first }}", ""),
        ("{% set l = [2,1] %}{{ l | sort | join }}{{ l | length }}", "122"),
        ("{{ inputs.map | keys | join('-') }}", "a-b"),
    ]);
    check_errors(&[
        ("{{ [1] | chunk(0) }}", "size"),
        ("{{ 'a' | flatten }}", "List"),
        ("{{ [1,'a'] | sort }}", "compare"),
        ("{{ [1] | values }}", "Map"),
        ("{{ 5 | merge([1]) }}", "not a Map/List/Array"),
        ("{{ [1] | merge(5) }}", "merged with a List"),
    ]);
}

#[test]
fn splitting_and_replacing() {
    check(&[
        ("{{ 'a.b' | split('\\.') }}", "[\"a\",\"b\"]"),
        ("{{ 'a|b' | split('\\|') | join('+') }}", "a+b"),
        ("{{ 'a,b,c' | split(',', 2) }}", "[\"a\",\"b,c\"]"),
        ("{{ 'a1b22c' | split('\\d+') | last }}", "c"),
        ("{{ 'aXbX' | replace({'X': '-', 'a': 'A'}) }}", "A-b-"),
        ("{{ ['x-1', 2] | replace({'-': '+'}) }}", "[\"x+1\",\"2\"]"),
        ("{{ {'k': 'x-1'} | replace({'-': '+'}) }}", "{\"k\":\"x+1\"}"),
        ("{{ 'a.b' | replace({'.': '!'}) }}", "a!b"),
        ("{{ 'a12b' | regexReplace('(\\d)(\\d)', '$2$1') }}", "a21b"),
        ("{{ 'order-123' | regexExtract('\\d+') }}{{ 'k=v' | regexExtract('(\\w)=(\\w)', 2) }}", "123v"),
        ("{{ 'abc' | regexMatch('^a.*c$') }}{{ 'abc' | regexMatch('x') }}", "truefalse"),
        ("{{ 'abc' | regexExtract('x') is null }}", "true"),
    ]);
    check_errors(&[
        ("{{ 'a' | split('(') }}", "regular expression"),
        ("{{ 'a' | replace() }}", "replace_pairs"),
        ("{{ 'a' | regexReplace('a', '$1') }}", "No group 1"),
    ]);
}

#[test]
fn formats_and_hashes() {
    check(&[
        ("{{ {'a': [1, null]} | toJson }}{{ null | toJson }}{{ 'é' | json }}", "{\"a\":[1,null]}null\"é\""),
        ("{{ 1.0 | toJson }}{{ true | toJson }}", "1.0true"),
        ("{{ {'a': 1, 'b c': 'x'} | toIon }}", "{a:1,'b c':\"x\"}"),
        ("{{ {'a': 1, 'b': ['x', {'c': true}]} | yaml }}", "a: 1\nb:\n - x\n -\n  c: true\n"),
        ("{{ null | yaml }}", "null"),
        ("{{ 'abc' | sha1 }}", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        ("{{ 'abc' | sha256 }}", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ("{{ 'abc' | sha512 | length }}", "128"),
        ("{{ 'eA==' | base64decode }}{{ 'é' | base64encode | base64decode }}", "xé"),
        ("{{ 'a+b%26c' | urldecode }}{{ 'é/?*' | urlencode }}", "a b&c%C3%A9%2F%3F*"),
        ("{{ '{\"a\":[{\"b\":1},{\"b\":2}]}' | jq('.a | map(.b)') }}", "[[1,2]]"),
        ("{{ inputs.map | jq('.b') | first }}", "x"),
        ("{{ inputs.list | jq('.[] | select(. > 1)') }}", "[2,3]"),
        ("{{ inputs.list | jq('length') | first }}{{ null | jq('.') }}", "3"),
        ("{{ '{\"a\":1.5,\"b\":\"x\"}' | jq('to_entries | map(.key)') | first }}", "[\"a\",\"b\"]"),
    ]);
    check_errors(&[
        ("{{ 5 | md5 }}", "String"),
        ("{{ 'a' | jq('.[') }}", "JQ"),
        ("{{ '{}' | jq('nosuch') }}", "JQ"),
        ("{{ 'not json' | jq('.') }}", "JQ"),
        ("{{ '!' | base64decode }}", "base64"),
    ]);
}

#[test]
fn numbers() {
    check(&[
        ("{{ '12' | number }}{{ '1.50' | number }}{{ '1e3' | number }}", "121.51000.0"),
        ("{{ '12' | number('DOUBLE') }}{{ '12' | number(type='LONG') + 1 }}", "12.013"),
        ("{{ '12345678901' | number }}{{ '0x1F' | number }}", "1234567890131"),
        ("{{ '1.1' | number('FLOAT') }}", "1.1"),
        ("{{ '123456789012345678901234567890' | number('BIGINTEGER') }}", "123456789012345678901234567890"),
        ("{{ -5 | abs }}{{ (0 - 1.5) | abs }}", "51.5"),
        ("{{ 3.14159 | numberFormat('#.##') }}{{ 1234567 | numberFormat('#,##0') }}", "3.141,234,567"),
        ("{{ null | number }}", ""),
    ]);
    check_errors(&[
        (
            "{{ 5 | number }}",
            "'number' filter can only be applied to String. Actual type was: java.lang.Long",
        ),
        ("{{ 'x' | number }}", "not a valid number"),
        ("{{ '1.5' | number('INT') }}", "not a valid number"),
        ("{{ '99999999999' | number('INT') }}", "not a valid number"),
        ("{{ '1' | number('NOPE') }}", "NOPE"),
        ("{{ 'x' | abs }}", "Number"),
    ]);
}

#[test]
fn texts_for_other_places() {
    check(&[
        ("{{ 'Ça va, été?' | slugify }}{{ '--a__b  c--' | slugify }}", "ca-va-etea-b-c"),
        ("{{ \"it's\" | escapeChar('single') }}", "it\\'s"),
        ("{{ 'say \"x\"' | escapeChar('double') }}", "say \\\"x\\\""),
        ("{{ \"it's\" | escapeChar('shell') }}{{ \"it's\" | sh }}", "it'\\''sit'\\''s"),
        ("{{ [\"a'b\"] | escapeChar('single') }}", "[\"a\\\\'b\"]"),
        ("{{ 'a\nb' | indent(2) }}", "a\n  b"),
        ("{{ 'a\nb' | nindent(2) }}", "\n  a\n  b"),
        ("{{ 'a\nb' | indent(1, '--') }}", "a\n--b"),
        (
            "{{ nope | default('d') }}{{ nope.x | default('d') }}{{ '' | default('e') }}{{ 'v' | default('e') }}",
            "ddev",
        ),
        ("{{ null | default(5) + 1 }}", "6"),
        ("{{ {'a': 1} | string }}{{ 1.0 | string }}", "{\"a\":1}1.0"),
        ("{{ 'a' | className }} {{ 1 | className }}", "java.lang.String java.lang.Long"),
    ]);
    check_errors(&[
        ("{{ 'a' | escapeChar('nope') }}", "either 'single', 'double', or 'shell'"),
        ("{{ 'a' | indent }}", "amount"),
        ("{{ nope | upper | default('x') ~ nope }}", "`nope`"),
    ]);
}

#[test]
fn arguments_are_checked() {
    check(&[
        ("{{ '2024-01-01' | date(timeZone='Europe/Paris', format='HH:mm') }}", "00:00"),
        ("{{ [1,2,3] | slice(toIndex=2, fromIndex=1) }}", "[2]"),
    ]);
    check_errors(&[
        ("{{ 'a' | date(nope='x') }}", "The following named argument does not exist: nope"),
        ("{{ 'a' | upper(1) }}", "at most 0"),
        ("{{ 'a' | split(',', 1, 2) }}", "at most 2"),
        ("{{ 'a' | substringBefore(nope) }}", "`nope`"),
    ]);
}
