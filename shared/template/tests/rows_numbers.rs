//! Filters on numbers, row by row: docs/kestra.md 3.7.

mod support;

use support::{check, check_errors};

#[test]
fn abs() {
    check(&[
        ("{{ null | abs }}", ""),
        ("{{ -9223372036854775807 | abs }}", "9223372036854775807"),
        ("{{ 0 - 1.5 | abs }}", "-1.5"),
    ]);
    check_errors(&[(
        "{{ '-5' | abs }}",
        "The 'abs' filter can only be applied to Number. Actual type was: java.",
    )]);
}

#[test]
fn number() {
    check(&[
        ("{{ '12' | number }}", "12"),
        ("{{ '-3' | number }}", "-3"),
        ("{{ '1.5' | number }}", "1.5"),
        ("{{ '1e3' | number }}", "1000.0"),
        ("{{ '12345678901' | number }}", "12345678901"),
        ("{{ '9223372036854775808' | number }}", "9223372036854775808"),
        ("{{ '0.1' | number + 1 }}", "1.1"),
        ("{{ '5' | number('DOUBLE') }}", "5.0"),
        ("{{ '5' | number('FLOAT') }}", "5.0"),
        ("{{ '1.10' | number('BIGDECIMAL') }}", "1.1"),
        ("{{ '5' | number(type='INT') }}", "5"),
        ("{{ '1' | number('LONG') | className }}", "java.lang.Long"),
        ("{{ '1' | number | className }}", "java.lang.Long"),
        ("{{ '3.14159265358979' | number }}", "3.14159265358979"),
        ("{{ '007' | number }}", "7"),
    ]);
    check_errors(&[
        ("{{ '' | number }}", "'' is not a valid number"),
        ("{{ ' 12' | number }}", "' 12' is not a valid number"),
    ]);
}

#[test]
fn number_format() {
    check(&[
        ("{{ 1234567.891 | numberFormat('#,##0.00') }}", "1,234,567.89"),
        ("{{ 0.5 | numberFormat('#.##') }}", "0.5"),
        ("{{ 0.125 | numberFormat('0.00') }}", "0.12"),
        ("{{ 2.5 | numberFormat('0') }}", "2"),
        ("{{ 3.5 | numberFormat('0') }}", "4"),
        ("{{ 0.256 | numberFormat('0.0%') }}", "25.6%"),
        ("{{ -1234.5 | numberFormat('#,##0.00') }}", "-1,234.50"),
        ("{{ 0 | numberFormat('#') }}", "0"),
        ("{{ 0 | numberFormat('#.##') }}", "0"),
        ("{{ 5 | numberFormat('000') }}", "005"),
        ("{{ 1.0 | numberFormat('0.###') }}", "1"),
        ("{{ 1234567 | numberFormat }}", "1,234,567"),
        ("{{ 0.5 | numberFormat('.00') }}", ".50"),
        ("{{ 0.5 | numberFormat('#.00') }}", ".50"),
        ("{{ 1.5 | numberFormat('0.00 €') }}", "1.50 €"),
        ("{{ 12345 | numberFormat('0.##E0') }}", "1.23E4"),
        ("{{ 0.001 | numberFormat('0.00') }}", "0.00"),
        ("{{ -0.001 | numberFormat('0.00') }}", "-0.00"),
        ("{{ 9223372036854775807 | numberFormat('#,##0') }}", "9,223,372,036,854,775,807"),
        ("{{ 0.05 | numberFormat('#%') }}", "5%"),
        ("{{ null | numberFormat('0') }}", ""),
        ("{{ 1.005 | numberFormat('0.00') }}", "1.00"),
        ("{{ 0.045 | numberFormat('0.00') }}", "0.04"),
        ("{{ 99.995 | numberFormat('0.00') }}", "100.00"),
        ("{{ 0.5 | numberFormat('#,###.##') }}", "0.5"),
        ("{{ 0.5 | numberFormat('###') }}", "0"),
        ("{{ 0 | numberFormat('.##') }}", ".0"),
        ("{{ 1234.5 | numberFormat('0,000.0') }}", "1,234.5"),
        ("{{ 0.5 | numberFormat('.##') }}", ".5"),
        ("{{ 3 | numberFormat('#.##') }}", "3"),
    ]);
    check_errors(&[(
        "{{ '5' | numberFormat('0') }}",
        "The 'numberFormat' filter can only be applied to Number. Actual type w",
    )]);
}
