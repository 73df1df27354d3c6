//! Filters on lists and maps, row by row: docs/kestra.md 3.7.

mod support;

use support::{check, check_errors};

#[test]
fn chunk() {
    check(&[
        ("{{ [1,2,3,4] | chunk(3) }}", "[[1,2,3],[4]]"),
        ("{{ [] | chunk(2) }}", "[]"),
        ("{{ null | chunk(2) }}", ""),
        ("{{ [1] | chunk(size=5) }}", "[[1]]"),
    ]);
    check_errors(&[(
        "{{ 'abc' | chunk(2) }}",
        "The 'chunk' filter can only be applied to List. Actual type was: java.",
    )]);
}

#[test]
fn distinct() {
    check(&[
        ("{{ [3,1,3,2,1] | distinct }}", "[3,1,2]"),
        ("{{ ['a','A','a'] | distinct }}", r#"["a","A"]"#),
        ("{{ [1,1.0] | distinct }}", "[1]"),
        ("{{ [[1],[1]] | distinct }}", "[[1]]"),
        ("{{ [null,null] | distinct }}", "[null]"),
    ]);
}

#[test]
fn first() {
    check(&[("{{ [1] | first }}", "1"), ("{{ 'é' | first }}", "é"), ("{{ '😀x' | first }}", "😀")]);
    check_errors(&[
        ("{{ '' | first }}", "The 'first' filter cannot be applied to an empty text"),
        ("{{ {'a':1} | first }}", "The 'first' filter can only be applied to List or String. Actual type "),
    ]);
}

#[test]
fn flatten() {
    check(&[("{{ [1,[2,[3]],[]] | flatten }}", "[1,2,[3]]"), ("{{ [] | flatten }}", "[]")]);
}

#[test]
fn join() {
    check(&[
        ("{{ [1,2.5,true,null,'x'] | join('; ') }}", "1; 2.5; true; null; x"),
        ("{{ [] | join(',') }}", ""),
        ("{{ ['a'] | join }}", "a"),
        ("{{ [[1,2],{'a':1}] | join('|') }}", "[1, 2]|{a=1}"),
    ]);
    check_errors(&[
        (
            "{{ {'a':1} | join(',') }}",
            "The 'join' filter can only be applied to List. Actual type was: java.u",
        ),
        ("{{ 'abc' | join(',') }}", "The 'join' filter can only be applied to List. Actual type was: java.l"),
    ]);
}

#[test]
fn keys() {
    check(&[
        ("{{ {'b':1,'a':2} | keys }}", r#"["b","a"]"#),
        ("{{ [] | keys }}", "[]"),
        ("{{ {} | keys }}", "[]"),
    ]);
    check_errors(&[(
        "{{ 'abc' | keys }}",
        "The 'keys' filter can only be applied to List and Map. Actual type was",
    )]);
}

#[test]
fn last() {
    check(&[("{{ ['x','y'] | last }}", "y")]);
}

#[test]
fn length() {
    check(&[
        ("{{ 5 | length }}", "0"),
        ("{{ true | length }}", "0"),
        ("{{ 'é😀' | length }}", "3"),
        ("{{ inputs.map | length }}", "2"),
        ("{{ fromJson('[1,2]') | length }}", "2"),
        ("{{ fromIon('{a:1}\n{a:2}', true) | length }}", "2"),
        ("{{ uuid() | length }}", "36"),
        ("{{ id() | length }}", "22"),
        ("{{ nanoId() | length }}", "21"),
        ("{{ nanoId(10) | length }}", "10"),
        ("{{ ksuid() | length }}", "27"),
    ]);
}

#[test]
fn merge() {
    check(&[
        ("{{ {'a':1} | merge({'b':2,'a':3}) }}", r#"{"a":3,"b":2}"#),
        ("{{ [1] | merge([1,2]) }}", "[1,1,2]"),
        ("{{ {} | merge({}) }}", "{}"),
        ("{{ {'a':{'x':1}} | merge({'a':{'y':2}}) }}", r#"{"a":{"y":2}}"#),
        ("{{ [1] | merge({'a':1}) }}", r#"[1,{"a":1}]"#),
    ]);
}

#[test]
fn reverse() {
    check(&[("{{ [1,2,3] | reverse }}", "[3,2,1]"), ("{{ [] | reverse }}", "[]")]);
}

#[test]
fn rsort() {
    check(&[("{{ [3,1,2] | rsort }}", "[3,2,1]"), ("{{ ['a','b'] | rsort }}", r#"["b","a"]"#)]);
}

#[test]
fn slice() {
    check(&[
        ("{{ 'hello' | slice(1,3) }}", "el"),
        ("{{ 'hello' | slice(0,5) }}", "hello"),
        ("{{ [1,2,3] | slice(1) }}", "[2,3]"),
        ("{{ [1,2,3] | slice }}", "[1,2,3]"),
        ("{{ [1,2,3] | slice(3) }}", "[]"),
        ("{{ 'héllo' | slice(1,2) }}", "é"),
        ("{{ null | slice(1,2) }}", ""),
    ]);
    check_errors(&[
        ("{{ 'hello' | slice(2,10) }}", "toIndex must be smaller than input size: 5"),
        ("{{ 'hello' | slice(3,3) }}", "toIndex must be greater than fromIndex"),
        ("{{ 'hello' | slice(4,2) }}", "toIndex must be greater than fromIndex"),
        ("{{ 'hello' | slice(-1) }}", "fromIndex must be greater than 0"),
    ]);
}

#[test]
fn sort() {
    check(&[
        ("{{ [3,1,2] | sort }}", "[1,2,3]"),
        ("{{ ['b','a','C'] | sort }}", r#"["C","a","b"]"#),
        ("{{ [3,1.5,2] | sort }}", "[1.5,2,3]"),
        ("{{ [] | sort }}", "[]"),
        ("{{ [true,false] | sort }}", "[false,true]"),
        (
            "{{ [3,1] | sort }}{{ [[2,1],[3]] | first | sort }}{{ inputs.list | sort }}{{ inputs.list }}",
            "[1,3][1,2][1,2,3][1,2,3]",
        ),
    ]);
    check_errors(&[
        ("{{ [null, 1] | sort }}", "The 'sort' filter cannot compare java.lang.Long with null"),
        ("{{ [[1],[2]] | sort }}", "The 'sort' filter cannot compare java.util.ArrayList with java.util.Ar"),
        ("{{ 'cab' | sort }}", "The 'sort' filter can only be applied to List. Actual type was: java.l"),
        ("{{ {'b':1} | sort }}", "The 'sort' filter can only be applied to List. Actual type was: java.u"),
    ]);
}

#[test]
fn values() {
    check(&[("{{ {'b':1,'a':2} | values }}", "[1,2]"), ("{{ {} | values }}", "[]")]);
}
