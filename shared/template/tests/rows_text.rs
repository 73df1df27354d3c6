//! Filters on text, row by row: docs/kestra.md 3.7.

mod support;

use support::{check, check_errors};

#[test]
fn abbreviate() {
    check(&[
        ("{{ 'hello world' | abbreviate(8) }}", "hello..."),
        ("{{ 'hello' | abbreviate(5) }}", "hello"),
        ("{{ 'hello' | abbreviate(4) }}", "h..."),
        ("{{ 'hello' | abbreviate(3) }}", "hel"),
        ("{{ 'hello' | abbreviate(2) }}", "he"),
        ("{{ 'hello' | abbreviate(0) }}", ""),
        ("{{ 'hello' | abbreviate(100) }}", "hello"),
        ("{{ null | abbreviate(3) }}", ""),
    ]);
    check_errors(&[
        (
            "{{ 'hello' | abbreviate(-1) }}",
            "Invalid argument to abbreviate filter; must be greater than zero",
        ),
        ("{{ 'hello' | abbreviate }}", "The 'abbreviate' filter expects an argument 'length'."),
    ]);
}

#[test]
fn capitalize() {
    check(&[
        ("{{ 'hELLO wORLD' | capitalize }}", "HELLO wORLD"),
        ("{{ '' | capitalize }}", ""),
        ("{{ 'éa' | capitalize }}", "Éa"),
        ("{{ ' a' | capitalize }}", " A"),
    ]);
}

#[test]
fn class_name() {
    check(&[
        ("{{ 'a' | className }}", "java.lang.String"),
        ("{{ 1 | className }}", "java.lang.Long"),
        ("{{ 1.5 | className }}", "java.lang.Double"),
        ("{{ true | className }}", "java.lang.Boolean"),
        ("{{ [] | className }}", "java.util.ArrayList"),
        ("{{ {} | className }}", "java.util.LinkedHashMap"),
        ("{{ null | className }}", ""),
    ]);
}

#[test]
fn default_value() {
    check(&[
        ("{{ x | default('d') }}", "d"),
        ("{{ x.y | default('d') }}", "d"),
        ("{{ null | default('d') }}", "d"),
        ("{{ '' | default('d') }}", "d"),
        ("{{ '  ' | default('d') }}", "d"),
        ("{{ [] | default('d') }}", "d"),
        ("{{ 0 | default('d') }}", "0"),
        ("{{ false | default('d') }}", "false"),
        ("{{ inputs.name | default('d') }}", "World"),
        ("{{ x | default(default='q') }}", "q"),
        ("{{ x | default(null) }}", ""),
    ]);
}

#[test]
fn ends_with() {
    check(&[("{{ 'abc' | endsWith('bc') }}", "true")]);
}

#[test]
fn escape_char() {
    check(&[
        (r#"{{ "it's" | escapeChar('shell') }}"#, r#"it'\''s"#),
        (r#"{{ 'a"b' | escapeChar('double') }}"#, r#"a\"b"#),
        (r#"{{ "it's" | escapeChar('SINGLE') }}"#, r#"it\'s"#),
        (r#"{{ {'a':"x'y", 'n': 5} | escapeChar(type='single') }}"#, r#"{"a":"x\\'y","n":"5"}"#),
        ("{{ null | escapeChar('single') }}", ""),
        ("{{ 5 | escapeChar('single') }}", "5"),
    ]);
}

#[test]
fn format_filter() {
    check(&[
        ("{{ 'Hi %s, %d items' | format('Bob', 3) }}", "Hi Bob, 3 items"),
        ("{{ '%05d' | format(42) }}", "00042"),
        ("{{ '%.2f' | format(3.14159) }}", "3.14"),
        ("{{ '%10s|%-10s|' | format('a','b') }}", "         a|b         |"),
        ("{{ '%x %X %o' | format(255,255,8) }}", "ff FF 10"),
        ("{{ '%,d' | format(1234567) }}", "1,234,567"),
        ("{{ '%%' | format }}", "%"),
        ("{{ '%2$s %1$s' | format('a','b') }}", "b a"),
        ("{{ '%b %c' | format(true,'x') }}", "true x"),
        ("{{ '%e' | format(12345.678) }}", "1.234568e+04"),
        ("{{ '%+d' | format(5) }}", "+5"),
        ("{{ '%s' | format(null) }}", "null"),
        ("{{ '%s' | format([1,2]) }}", "1"),
        ("{{ '%08.3f' | format(3.14159) }}", "0003.142"),
        ("{{ '%S' | format('abc') }}", "ABC"),
    ]);
    check_errors(&[
        ("{{ '%d' | format('x') }}", "d != java.lang.String"),
        ("{{ '%d' | format(1.5) }}", "d != java.lang.Double"),
        ("{{ '%s %s' | format('a') }}", "Format specifier '%s'"),
    ]);
}

#[test]
fn indent() {
    check(&[
        ("{{ 'a\nb\nc' | indent(2) }}", "a\n  b\n  c"),
        ("{{ 'a' | indent(2) }}", "a"),
        ("{{ 'a\nb' | indent(2, '\\t') }}", "a\n\\t\\tb"),
        ("{{ 'a\nb' | indent(1, '->') }}", "a\n->b"),
        ("{{ null | indent(2) }}", ""),
        ("{{ 'a\nb' | indent(amount=0) }}", "a\nb"),
    ]);
}

#[test]
fn lower() {
    check(&[("{{ 'ÉÀ' | lower }}", "éà")]);
}

#[test]
fn nindent() {
    check(&[("{{ 'a\nb' | nindent(4) }}", "\n    a\n    b"), ("{{ '' | nindent(2) }}", "")]);
}

#[test]
fn nl2br() {
    check(&[("{{ 'a\nb\nc' | nl2br }}", "a<br />b<br />c"), ("{{ null | nl2br }}", "")]);
}

#[test]
fn regular_expressions() {
    check(&[
        ("{{ 'a,b;c' | split('[,;]') }}", r#"["a","b","c"]"#),
        ("{{ 'a,b,c,d' | split(',', 2) }}", r#"["a","b,c,d"]"#),
        ("{{ 'a,b,,' | split(',', -1) }}", r#"["a","b","",""]"#),
        ("{{ '' | split(',') }}", r#"[""]"#),
        ("{{ ',a' | split(',') }}", r#"["","a"]"#),
        ("{{ 'abc' | split('') }}", r#"["a","b","c"]"#),
        ("{{ 'a.b.c' | split('.') }}", "[]"),
        (r#"{{ 'a b  c' | split('\s+') }}"#, r#"["a","b","c"]"#),
        ("{{ 'a' | split(',') | length }}", "1"),
        ("{{ 'one' | split(',') | first }}", "one"),
        ("{{ 'k=v=w' | split('=', limit=2) | last }}", "v=w"),
        ("{{ 'aa' | regexReplace('a', 'b') }}", "bb"),
        ("{{ 'a1b2' | regexReplace('[0-9]', '') }}", "ab"),
        (r#"{{ '2024-01-02' | regexReplace('(\d+)-(\d+)-(\d+)', '$3/$2/$1') }}"#, "02/01/2024"),
        ("{{ null | regexReplace('a','b') }}", ""),
        ("{{ null | regexMatch('a') }}", "false"),
        ("{{ '' | regexMatch('^$') }}", "true"),
        ("{{ 'ABC' | regexMatch('(?i)abc') }}", "true"),
        (r#"{{ 'foo123' | regexExtract('([a-z]+)(\d+)', 2) }}"#, "123"),
        (r#"{{ 'foo123' | regexExtract('([a-z]+)(\d+)', group=1) }}"#, "foo"),
        (r#"{{ 'x' | regexExtract('\d') }}"#, ""),
        (r#"{{ 'é' | regexMatch('^\w$') }}"#, "false"),
        (r#"{{ '٣' | regexMatch('\d') }}"#, "false"),
        (r#"{{ 'a.b' | regexMatch('\Qa.b\E') }}"#, "true"),
        (r#"{{ 'ab' | regexMatch('\p{Alpha}+') }}"#, "true"),
        (r#"{{ 'a1' | regexMatch('^\p{Alnum}+$') }}"#, "true"),
        ("{{ 'abc' | regexMatch('[a-z&&[^b]]') }}", "true"),
        (r#"{{ '!' | regexMatch('\p{Punct}') }}"#, "true"),
        (r#"{{ 'A' | regexMatch('\p{Upper}') }}"#, "true"),
        (r#"{{ 'A' | regexMatch('\p{Lu}') }}"#, "true"),
        (r#"{{ 'x' | regexMatch('\p{L}') }}"#, "true"),
        (r#"{{ 'é' | regexMatch('\p{IsAlphabetic}') }}"#, "true"),
        ("{{ 'aab' | regexReplace('a++', 'x') }}", "xb"),
        ("{{ 'aab' | regexReplace('(?<!a)a', 'x') }}", "xab"),
        (r#"{{ 'abab' | regexReplace('(ab)\1', 'x') }}"#, "x"),
        ("{{ 'aXbX' | regexReplace('X$', '!') }}", "aXb!"),
        (r#"{{ "a#b c" | regexReplace('[ #]', '') }}"#, "abc"),
        (
            "{{ uuid() | regexMatch('^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$') }}",
            "true",
        ),
        ("{{ nanoId(length=4, alphabet='ab') | regexMatch('^[ab]{4}$') }}", "true"),
        ("{{ 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!' | regexMatch('^(a+)+$') }}", "false"),
        (
            "{{ 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' | regexReplace('(?=(a+)+b)', 'x') }}",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        ),
    ]);
    check_errors(&[
        (
            r#"{{ 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!' | regexMatch('^(a|aa)+\1$') }}"#,
            "The regular expression was stopped: Error executing regex: Max limit ",
        ),
        (
            "{{ 'a' | regexMatch('(a{1000}){1000}') }}",
            "The regular expression '(a{1000}){1000}' is not valid: Error compiling",
        ),
    ]);
}

#[test]
fn replace() {
    check(&[
        ("{{ 'aaa' | replace({'a':'b'}) }}", "bbb"),
        ("{{ 'abc' | replace({'a':'b','b':'c'}) }}", "ccc"),
        ("{{ 'a.c' | replace({'.':'-'}) }}", "a-c"),
        ("{{ 'x1y22' | replace({'[0-9]+':'#'}, regexp=true) }}", "x#y#"),
        (r#"{{ 'John Smith' | replace({'(\w+) (\w+)':'$2 $1'}, true) }}"#, "Smith John"),
        ("{{ {'k':['a-b', 1, true]} | replace({'-':'_'}) }}", r#"{"k":["a_b","1","true"]}"#),
        ("{{ 5 | replace({'5':'6'}) }}", "6"),
        ("{{ 'abc' | replace({}) }}", "abc"),
        ("{{ 'a' | replace({'a': 5}) }}", "5"),
        ("{{ 'a' | replace({'a': ''}) }}", ""),
        ("{{ null | replace({'a':'b'}) }}", ""),
        (r#"{{ 'a$b' | replace({'$':'\$'}) }}"#, r#"a\$b"#),
    ]);
    check_errors(&[(
        "{{ 'a' | replace('a', 'b') }}",
        "The 'replace' filter expects an argument 'replace_pairs' with type map",
    )]);
}

#[test]
fn slugify() {
    check(&[
        ("{{ 'Crème Brûlée à la carte' | slugify }}", "creme-brulee-a-la-carte"),
        ("{{ 'a.b/c' | slugify }}", "abc"),
        ("{{ '  Hello   World  ' | slugify }}", "hello-world"),
        ("{{ 'ÀÉÎÕÜ ñ ç ß ø' | slugify }}", "aeiou-n-c"),
        ("{{ '___' | slugify }}", ""),
        ("{{ 'C++ & Rust' | slugify }}", "c-rust"),
        ("{{ 5 | slugify }}", "5"),
        ("{{ 'a - b' | slugify }}", "a-b"),
    ]);
}

#[test]
fn starts_with() {
    check(&[
        ("{{ 'abc' | startsWith('') }}", "true"),
        ("{{ 'abc' | startsWith('b') }}", "false"),
        ("{{ 'é' | startsWith('é') }}", "true"),
    ]);
    check_errors(&[(
        "{{ 5 | startsWith('5') }}",
        "The 'startsWith' filter can only be applied to String. Actual type was",
    )]);
}

#[test]
fn string_filter() {
    check(&[
        ("{{ inputs.map | string }}", r#"{"a":1,"b":"x"}"#),
        ("{{ 'x' | string }}", "x"),
        ("{{ 1.0 | string }}", "1.0"),
        ("{{ true | string }}", "true"),
        ("{{ null | string }}", ""),
        ("{{ [1,'a'] | string | length }}", "7"),
    ]);
}

#[test]
fn substring_after() {
    check(&[
        ("{{ 'a-b-c' | substringAfter('-') }}", "b-c"),
        ("{{ '' | substringAfter('x') }}", ""),
        ("{{ 'abc' | substringAfter('') }}", "abc"),
        ("{{ 'a::b::c' | substringAfter('::') }}", "b::c"),
        ("{{ 'éàü' | substringAfter('à') }}", "ü"),
    ]);
}

#[test]
fn substring_after_last() {
    check(&[("{{ 'a-b-c' | substringAfterLast('-') }}", "c"), ("{{ 'abc' | substringAfterLast('') }}", "")]);
}

#[test]
fn substring_before() {
    check(&[
        ("{{ 'a-b-c' | substringBefore('-') }}", "a"),
        ("{{ 'abc' | substringBefore('') }}", ""),
        ("{{ null | substringBefore('x') }}", ""),
        ("{{ 12.5 | substringBefore('.') }}", "12"),
    ]);
}

#[test]
fn substring_before_last() {
    check(&[
        ("{{ 'a-b-c' | substringBeforeLast('-') }}", "a-b"),
        ("{{ 'abc' | substringBeforeLast('') }}", "abc"),
    ]);
}

#[test]
fn title() {
    check(&[
        ("{{ 'hELLO wORLD' | title }}", "HELLO WORLD"),
        ("{{ '' | title }}", ""),
        ("{{ 'a-b_c d' | title }}", "A-b_c D"),
    ]);
}

#[test]
fn trim() {
    check(&[("{{ '  x  ' | trim ~ '|' }}", "x|")]);
}

#[test]
fn upper() {
    check(&[("{{ 'straße' | upper }}", "STRASSE")]);
}
