//! Dates, row by row: docs/kestra.md 3.8.

mod support;

use support::{check, check_errors};

#[test]
fn adding() {
    check(&[
        ("{{ '2024-01-31' | dateAdd(1, 'MONTHS', 'yyyy-MM-dd') }}", "2024-02-29"),
        ("{{ '2024-01-31' | dateAdd(13, 'MONTHS', 'yyyy-MM-dd') }}", "2025-02-28"),
        ("{{ '2023-02-28' | dateAdd(1, 'YEARS', 'yyyy-MM-dd') }}", "2024-02-28"),
        ("{{ '2024-01-01' | dateAdd(1, 'DECADES', 'yyyy') }}", "2034"),
        ("{{ '2024-01-01' | dateAdd(1, 'CENTURIES', 'yyyy') }}", "2124"),
        ("{{ '2024-01-01' | dateAdd(1, 'HALF_DAYS') }}", "2024-01-01T12:00:00.000000Z"),
        ("{{ '2024-01-01' | dateAdd(1500, 'MILLIS') }}", "2024-01-01T00:00:01.500000Z"),
        ("{{ '2024-01-01' | dateAdd(1, 'MICROS') }}", "2024-01-01T00:00:00.000001Z"),
        ("{{ '2024-01-01' | dateAdd(-1, 'NANOS', 'iso_instant') }}", "2023-12-31T23:59:59.999999999Z"),
        ("{{ '2024-01-01' | dateAdd(0, 'DAYS') }}", "2024-01-01T00:00:00.000000Z"),
        ("{{ '2024-01-01' | dateAdd(-3, 'WEEKS', 'sql_seq') }}", "2023-12-11 00:00:00"),
        ("{{ '2024-01-01' | dateAdd(90, 'SECONDS', 'iso_sec') }}", "2024-01-01T00:01:30Z"),
        ("{{ '2024-01-01' | dateAdd(1.5, 'DAYS') }}", "2024-01-02T00:00:00.000000Z"),
        ("{{ '01/02/2024' | dateAdd(1, 'DAYS', 'yyyy-MM-dd', existingFormat='dd/MM/yyyy') }}", "2024-02-02"),
        ("{{ 1704067200 | dateAdd(1, 'DAYS') }}", "2024-01-02T00:00:00.000000Z"),
        (
            "{{ '2024-01-01T00:00:00Z' | dateAdd(1,'DAYS', timeZone='Asia/Tokyo') }}",
            "2024-01-02T09:00:00.000000+09:00",
        ),
        ("{{ '2024-01-01' | dateAdd(2, 'DAYS', locale='fr', format='EEEE') }}", "mercredi"),
    ]);
    check_errors(&[
        (
            "{{ '2024-01-01' | dateAdd(1, 'FOREVER') }}",
            "Unknown unit 'FOREVER': expected one of NANOS, MICROS, MILLIS, SECONDS",
        ),
        (
            "{{ '2024-01-01' | dateAdd(1, 'ERAS') }}",
            "Unknown unit 'ERAS': expected one of NANOS, MICROS, MILLIS, SECONDS, M",
        ),
        (
            "{{ '2024-01-01' | dateAdd('x', 'DAYS') }}",
            "The 'dateAdd' filter expects an argument 'amount' with type number. Ac",
        ),
        ("{{ '2024-01-01' | dateAdd }}", "The 'dateAdd' filter expects an argument 'amount'."),
    ]);
}

#[test]
fn reading() {
    check(&[
        ("{{ 'March 5, 2024' | date('iso_local_date', existingFormat='MMMM d, yyyy') }}", "2024-03-05"),
        (
            "{{ '05/03/2024 14:30' | date('iso_sec', existingFormat='dd/MM/yyyy HH:mm') }}",
            "2024-03-05T14:30:00Z",
        ),
        (
            "{{ '05/03/2024 14:30' | date('iso_sec', existingFormat='dd/MM/yyyy HH:mm', timeZone='Asia/Tokyo') }}",
            "2024-03-05T14:30:00+09:00",
        ),
        (
            r#"{{ '20240305T143000Z' | date('iso_sec', existingFormat="yyyyMMdd'T'HHmmssX") }}"#,
            "2024-03-05T14:30:00Z",
        ),
        ("{{ '05.03.24' | date('yyyy-MM-dd', existingFormat='dd.MM.yy') }}", "2024-03-05"),
        ("{{ '3/5/2024' | date('yyyy-MM-dd', existingFormat='M/d/yyyy') }}", "2024-03-05"),
        (
            "{{ '2024-03-05 01:02:03.123456' | date('iso', existingFormat='sql') }}",
            "2024-03-05T01:02:03.123456Z",
        ),
        (
            "{{ '2024-03-05T01:02:03.123456+01:00' | date('iso', existingFormat='iso') }}",
            "2024-03-05T00:02:03.123456Z",
        ),
    ]);
    check_errors(&[
        ("{{ '2024-01-01 10:00:00' | date }}", "Text '2024-01-01 10:00:00' could not be parsed as a date"),
        ("{{ '1700000000' | date }}", "Text '1700000000' could not be parsed as a date"),
        (
            "{{ 1700000000000 | date('iso_sec') }}",
            "1700000000000 epoch seconds are beyond the range of dates",
        ),
        (
            "{{ '2024-03-05' | date('yyyy-MM-dd{') }}",
            "Pattern 'yyyy-MM-dd{' includes reserved character: '{'",
        ),
        ("{{ '2024-03-05' | date('yyyy-MM-ddTHH') }}", "Unknown pattern letter: T in 'yyyy-MM-ddTHH'"),
        (
            r#"{{ '2024-03-05' | date("yyyy 'unclosed") }}"#,
            "Pattern ends with an incomplete string literal: yyyy 'unclosed",
        ),
        ("{{ '' | date }}", "Text '' could not be parsed as a date"),
        ("{{ true | date }}", "A date is a text or epoch seconds. Actual type was: java.lang.Boolean"),
        ("{{ [1] | date }}", "A date is a text or epoch seconds. Actual type was: java.util.ArrayLis"),
        (
            "{{ '2024-03' | date('iso_local_date', existingFormat='yyyy-MM-dd') }}",
            "Text '2024-03' could not be parsed with the format 'yyyy-MM-dd'",
        ),
        (
            "{{ '2024-03' | date('iso_local_date', existingFormat='yyyy-MM') }}",
            "Text '2024-03' could not be parsed with the format 'yyyy-MM'",
        ),
    ]);
}

#[test]
fn timestamps() {
    check(&[
        ("{{ '2024-01-01T00:00:00.5Z' | timestamp }}", "1704067200"),
        ("{{ '1969-12-31T23:59:59.5Z' | timestamp }}", "-1"),
        ("{{ '1969-12-31T23:59:59.5Z' | timestampMilli }}", "-500"),
        ("{{ 0 | timestamp }}", "0"),
        ("{{ '2024-01-01' | timestampMilli }}", "1704067200000"),
        ("{{ '2024-01-01T00:00:00Z' | timestampMicro }}", "1704067200000000000"),
        ("{{ '2024-01-01T00:00:00Z' | timestampNano }}", "1704067200000000000"),
        ("{{ '2024-01-01' | timestampNano | className }}", "java.lang.String"),
        ("{{ '2024-01-01T12:00' | timestamp(timeZone='America/New_York') }}", "1704128400"),
    ]);
}

#[test]
fn writing() {
    check(&[
        ("{{ '2024-02-29T23:59:59.999999999Z' | date }}", "2024-02-29T23:59:59.999999Z"),
        (r#"{{ '2024-12-30' | date("YYYY-'W'ww-e") }}"#, "2025-W01-1"),
        ("{{ '2021-01-03' | date('w W e E') }}", "53 0 7 Sun"),
        ("{{ '2024-01-01T10:00:00+05:30' | date }}", "2024-01-01T04:30:00.000000Z"),
        (
            "{{ '2024-01-01T10:00:00+05:30' | date(timeZone='Asia/Kolkata') }}",
            "2024-01-01T10:00:00.000000+05:30",
        ),
        ("{{ '2024-01-01T10:00:00[Europe/Paris]' | date }}", "2024-01-01T09:00:00.000000Z"),
        ("{{ '2024-01-01T10:00Z' | date('iso_sec') }}", "2024-01-01T10:00:00Z"),
        ("{{ -1 | date }}", "1969-12-31T23:59:59.000000Z"),
        ("{{ 1704067200 | date('yyyy-MM-dd', timeZone='America/New_York') }}", "2023-12-31"),
        ("{{ '2024-03-31T02:30:00' | date(timeZone='Europe/Paris') }}", "2024-03-31T03:30:00.000000+02:00"),
        ("{{ '2024-10-27T02:30:00' | date(timeZone='Europe/Paris') }}", "2024-10-27T02:30:00.000000+02:00"),
        (
            "{{ '2024-03-10T02:30:00' | date(timeZone='America/New_York') }}",
            "2024-03-10T03:30:00.000000-04:00",
        ),
        ("{{ '2024-03-05T07:04:09Z' | date('QQQ yyyy') }}", "Q1 2024"),
        ("{{ '2024-03-05T07:04:09Z' | date('qqqq') }}", "1st quarter"),
        (r#"{{ '2024-03-05T07:04:09Z' | date("h:mm a") }}"#, "7:04 AM"),
        (r#"{{ '2024-03-05T00:04:09Z' | date("h K k H") }}"#, "12 0 24 0"),
        (r#"{{ '2024-03-05T12:04:09Z' | date("h K k H a") }}"#, "12 0 12 12 PM"),
        (r#"{{ '2024-03-05T07:04:09Z' | date("MMMMM EEEEE LLLL LLL") }}"#, "M T March Mar"),
        (
            r#"{{ '2024-03-05T07:04:09.123Z' | date("ss.SSS n A N") }}"#,
            "09.123 123000000 25449123 25449123000000",
        ),
        (
            r#"{{ '2024-03-05T07:04:09Z' | date("Z XX x O OOOO z zzzz VV") }}"#,
            "+0000 Z +00 GMT GMT UTC Coordinated Universal Time UTC",
        ),
        (
            r#"{{ '2024-03-05T07:04:09Z' | date("Z XX x xx xxx X XXX O OOOO z zzzz VV", timeZone='+02:00') }}"#,
            "+0200 +0200 +02 +0200 +02:00 +02 +02:00 GMT+2 GMT+02:00 +02:00 +02:00 +02:00",
        ),
        (
            r#"{{ '2024-07-05T07:04:09Z' | date("Z XX x xxx X XXX O OOOO z zzzz VV", timeZone='America/St_Johns') }}"#,
            "-0230 -0230 -0230 -02:30 -0230 -02:30 GMT-2:30 GMT-02:30 NDT Newfoundland Daylight Time America/St_Johns",
        ),
        (
            r#"{{ '2024-07-05T07:04:09Z' | date("z zzzz", timeZone='Europe/Paris') }}"#,
            "CEST Central European Summer Time",
        ),
        (
            r#"{{ '2024-07-05T07:04:09Z' | date("z zzzz", timeZone='Asia/Tokyo') }}"#,
            "JST Japan Standard Time",
        ),
        (
            r#"{{ '2024-07-05T07:04:09Z' | date("z zzzz", timeZone='Asia/Shanghai') }}"#,
            "CST China Standard Time",
        ),
        (r#"{{ '2024-07-05T07:04:09Z' | date("z zzzz", timeZone='America/Asuncion') }}"#, "-04 -04"),
        (
            "{{ '2024-03-05' | date('full') }}",
            "Tuesday, March 5, 2024 at 12:00:00 AM Coordinated Universal Time",
        ),
        ("{{ '2024-03-05' | date('long') }}", "March 5, 2024 at 12:00:00 AM UTC"),
        ("{{ '2024-03-05' | date('medium') }}", "Mar 5, 2024, 12:00:00 AM"),
        ("{{ '2024-03-05' | date('short') }}", "3/5/24, 12:00 AM"),
        (
            "{{ '2024-03-05' | date('full', locale='fr') }}",
            "mardi 5 mars 2024 à 00:00:00 temps universel coordonné",
        ),
        ("{{ '2024-03-05' | date('medium', locale='de') }}", "05.03.2024, 00:00:00"),
        ("{{ '2024-03-05' | date('EEE d MMM yyyy', locale='fr') }}", "mar. 5 mars 2024"),
        ("{{ '2024-03-05' | date('EEE d. MMM yyyy', locale='de') }}", "Di. 5. März 2024"),
        ("{{ '2024-03-05' | date('EEEE, d MMMM yyyy', locale='es') }}", "martes, 5 marzo 2024"),
        ("{{ '2024-03-05' | date('EEEE MMMM', locale='xx') }}", "Tuesday March"),
        ("{{ '2024-03-05' | date('EEEE MMMM', locale='fr-CA') }}", "mardi mars"),
        ("{{ '2024-08-05' | date('MMMM', locale='fr_FR') }}", "août"),
        ("{{ '2024-03-05T07:04:09.5Z' | date('iso_date_time') }}", "2024-03-05T07:04:09.5Z[UTC]"),
        ("{{ '2024-03-05T07:04:09.5Z' | date('iso_zoned_date_time') }}", "2024-03-05T07:04:09.5Z[UTC]"),
        ("{{ '2024-03-05T07:04:09Z' | date('iso_instant') }}", "2024-03-05T07:04:09Z"),
        ("{{ '2024-03-05T07:04:09.1234Z' | date('iso_instant') }}", "2024-03-05T07:04:09.123400Z"),
        ("{{ '2024-03-05T07:04:00Z' | date('iso_local_time') }}", "07:04:00"),
        ("{{ '2024-03-05T07:04:00Z' | date('iso_local_date_time') }}", "2024-03-05T07:04:00"),
        ("{{ '2024-03-05T07:04:00Z' | date('iso_time', timeZone='Asia/Tokyo') }}", "16:04:00+09:00"),
        ("{{ '2024-03-05T07:04:00Z' | date('iso_date', timeZone='Asia/Tokyo') }}", "2024-03-05+09:00"),
        (
            "{{ '2024-03-05T07:04:00Z' | date('rfc_1123_date_time', timeZone='Asia/Tokyo') }}",
            "Tue, 5 Mar 2024 16:04:00 +0900",
        ),
        ("{{ '2024-03-05' | date('') }}", ""),
        ("{{ -1 | date }}{{ '1969-12-31T23:59:59.5Z' | timestamp }}", "1969-12-31T23:59:59.000000Z-1"),
    ]);
}
