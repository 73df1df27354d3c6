//! Dates: docs/kestra.md 3.8.

mod support;

use support::{check, check_errors};

#[test]
fn inputs() {
    check(&[
        ("{{ '2024-03-01' | date }}", "2024-03-01T00:00:00.000000Z"),
        ("{{ '2024-03-01T10:20:30' | date }}", "2024-03-01T10:20:30.000000Z"),
        ("{{ '2024-03-01T10:20' | date }}", "2024-03-01T10:20:00.000000Z"),
        ("{{ '2024-03-01T10:20:30.123456789+02:00' | date }}", "2024-03-01T08:20:30.123456Z"),
        ("{{ '2024-07-01T10:00:00+02:00[Europe/Paris]' | date('iso_sec') }}", "2024-07-01T08:00:00Z"),
        ("{{ '2024-03-01T10:00:00' | date(timeZone='Europe/Paris') }}", "2024-03-01T10:00:00.000000+01:00"),
        ("{{ '2024-03-01' | date('iso_sec', timeZone='America/New_York') }}", "2024-03-01T00:00:00-05:00"),
        ("{{ '2024-03-01T10:00:00Z' | date('iso_sec', timeZone='+02:00') }}", "2024-03-01T12:00:00+02:00"),
        ("{{ 0 | date('iso_sec') }}", "1970-01-01T00:00:00Z"),
        ("{{ null | date }}", ""),
        ("{{ execution.startDate | date('HH') }}", "09"),
    ]);
    check_errors(&[
        ("{{ 'nope' | date }}", "could not be parsed"),
        ("{{ '2024-13-01' | date }}", "could not be parsed"),
        ("{{ 1.5 | date }}", "java.lang.Double"),
        ("{{ '2024-01-01' | date(timeZone='Nope/Zone') }}", "Unknown time zone"),
        ("{{ '2024-01-01' | date('bbb') }}", "Unknown pattern letter"),
        ("{{ '2024-01-01' | date('HHH') }}", "Too many pattern letters"),
        ("{{ '2024-01-01' | date('yyyy', existingFormat='dd/MM/yyyy') }}", "could not be parsed"),
    ]);
}

#[test]
fn existing_formats() {
    check(&[
        ("{{ '20240301' | date('iso_local_date', existingFormat='yyyyMMdd') }}", "2024-03-01"),
        (
            "{{ '20240301102030123' | date('sql', existingFormat='yyyyMMddHHmmssSSS') }}",
            "2024-03-01 10:20:30.123000",
        ),
        (
            "{{ '1 Mar 24 3:05 PM' | date('sql_seq', existingFormat='d MMM yy h:mm a') }}",
            "2024-03-01 15:05:00",
        ),
        (
            "{{ 'Friday, March 1, 2024' | date('iso_local_date', existingFormat='EEEE, MMMM d, yyyy') }}",
            "2024-03-01",
        ),
        (
            "{{ '2024-03-01 10:00 +0200' | date('iso_sec', existingFormat='yyyy-MM-dd HH:mm Z') }}",
            "2024-03-01T08:00:00Z",
        ),
        (
            "{{ '2024-03-01 10:00:00' | date('iso_sec', existingFormat='sql_seq', timeZone='Europe/Paris') }}",
            "2024-03-01T10:00:00+01:00",
        ),
        ("{{ '2024-061' | date('iso_local_date', existingFormat='iso_ordinal_date') }}", "2024-03-01"),
        ("{{ '2024-W09-5' | date('iso_local_date', existingFormat='iso_week_date') }}", "2024-03-01"),
        (
            "{{ 'Fri, 1 Mar 2024 10:00:00 GMT' | date('iso_sec', existingFormat='rfc_1123_date_time') }}",
            "2024-03-01T10:00:00Z",
        ),
        ("{{ '2024-03-01' | date('sql_seq', existingFormat='yyyy-MM-dd[ HH:mm]') }}", "2024-03-01 00:00:00"),
        (
            "{{ '2024-03-01 07:30' | date('sql_seq', existingFormat='yyyy-MM-dd[ HH:mm]') }}",
            "2024-03-01 07:30:00",
        ),
    ]);
}

#[test]
fn presets() {
    let at = "{{ '2024-03-01T10:05:06.5Z' | date(";
    let table: Vec<(String, &str)> = [
        ("'iso'", "2024-03-01T10:05:06.500000Z"),
        ("'iso_sec'", "2024-03-01T10:05:06Z"),
        ("'sql'", "2024-03-01 10:05:06.500000"),
        ("'sql_seq'", "2024-03-01 10:05:06"),
        ("'iso_date'", "2024-03-01Z"),
        ("'iso_time'", "10:05:06.5Z"),
        ("'iso_local_date'", "2024-03-01"),
        ("'iso_local_time'", "10:05:06.5"),
        ("'iso_local_date_time'", "2024-03-01T10:05:06.5"),
        ("'iso_instant'", "2024-03-01T10:05:06.500Z"),
        ("'iso_offset_time'", "10:05:06.5Z"),
        ("'iso_ordinal_date'", "2024-061Z"),
        ("'iso_week_date'", "2024-W09-5Z"),
        ("'iso_zoned_date_time', timeZone='Europe/Paris'", "2024-03-01T11:05:06.5+01:00[Europe/Paris]"),
        ("'iso_date_time', timeZone='+01:00'", "2024-03-01T11:05:06.5+01:00"),
        ("'rfc_1123_date_time'", "Fri, 1 Mar 2024 10:05:06 GMT"),
        ("'full'", "Friday, March 1, 2024 at 10:05:06 AM Coordinated Universal Time"),
        ("'long'", "March 1, 2024 at 10:05:06 AM UTC"),
        ("'medium'", "Mar 1, 2024, 10:05:06 AM"),
        ("'short'", "3/1/24, 10:05 AM"),
        ("'short', locale='fr'", "01/03/2024 10:05"),
    ]
    .map(|(arguments, text)| (format!("{at}{arguments}) }}}}"), text))
    .into();
    let table: Vec<(&str, &str)> = table.iter().map(|(template, text)| (template.as_str(), *text)).collect();
    check(&table);
}

#[test]
fn patterns() {
    let at = "{{ '2024-03-05T15:04:09.012345678Z' | date(";
    let table: Vec<(String, &str)> = [
        ("'y yy yyyy u'", "2024 24 2024 2024"),
        ("'M MM MMM MMMM L'", "3 03 Mar March 3"),
        ("'d dd D DDD'", "5 05 65 065"),
        ("'E EEE EEEE EEEEE e'", "Tue Tue Tuesday T 2"),
        ("'a h hh K k kk H HH'", "PM 3 03 3 15 15 15 15"),
        ("'m mm s ss'", "4 04 9 09"),
        ("'S SSS SSSSSS SSSSSSSSS n'", "0 012 012345 012345678 12345678"),
        ("'A'", "54249012"),
        ("'Q q QQ QQQ QQQQ'", "1 1 01 Q1 1st quarter"),
        ("'w ww W YYYY'", "10 10 1 2024"),
        ("'X XX XXX x xx xxx Z'", "Z Z Z +00 +0000 +00:00 +0000"),
        ("'z VV O OOOO'", "UTC UTC GMT GMT"),
        ("\"yyyy'T'HH 'o''clock'\"", "2024T15 o'clock"),
        ("'yyyy[-MM]'", "2024-03"),
        ("'ppH:mm'", "15:04"),
        ("'EEEE d MMMM', locale='fr'", "mardi 5 mars"),
        ("'EEEE d MMMM', locale='de_DE'", "Dienstag 5 März"),
        (
            "'X XX XXX Z O OOOO VV z', timeZone='Asia/Kolkata'",
            "+0530 +0530 +05:30 +0530 GMT+5:30 GMT+05:30 Asia/Kolkata IST",
        ),
        ("'XXX z', timeZone='America/New_York'", "-05:00 EST"),
        ("'G'", "AD"),
    ]
    .map(|(arguments, text)| (format!("{at}{arguments}) }}}}"), text))
    .into();
    let table: Vec<(&str, &str)> = table.iter().map(|(template, text)| (template.as_str(), *text)).collect();
    check(&table);
}

#[test]
fn adding() {
    check(&[
        ("{{ '2024-01-31' | dateAdd(1, 'DAYS', 'iso_local_date') }}", "2024-02-01"),
        ("{{ '2024-01-01T00:00:00Z' | dateAdd(90, 'MINUTES', 'iso_sec') }}", "2024-01-01T01:30:00Z"),
        ("{{ '2024-01-01' | dateAdd(2, 'WEEKS', format='iso_local_date') }}", "2024-01-15"),
        ("{{ '2024-02-29' | dateAdd(1, 'YEARS', 'iso_local_date') }}", "2025-02-28"),
        ("{{ '2024-01-01' | dateAdd(amount=-1, unit='HOURS', format='sql_seq') }}", "2023-12-31 23:00:00"),
        (
            "{{ '2024-03-30T12:00:00' | dateAdd(1, 'DAYS', 'iso_sec', 'Europe/Paris') }}",
            "2024-03-31T12:00:00+02:00",
        ),
        (
            "{{ '2024-03-30T12:00:00' | dateAdd(24, 'HOURS', 'iso_sec', 'Europe/Paris') }}",
            "2024-03-31T13:00:00+02:00",
        ),
        ("{{ null | dateAdd(1, 'DAYS') }}", ""),
    ]);
    check_errors(&[
        ("{{ '2024-01-01' | dateAdd(1, 'days') }}", "Unknown unit"),
        ("{{ '2024-01-01' | dateAdd(1) }}", "unit"),
        ("{{ '2024-01-01' | dateAdd(9223372036854775807, 'YEARS') }}", "beyond the range"),
    ]);
}

#[test]
fn timestamps() {
    check(&[
        ("{{ '2024-01-01T00:00:00.123456Z' | timestamp + 1 }}", "1704067201"),
        ("{{ '2024-01-01T00:00:00.123456Z' | timestampMilli }}", "1704067200123"),
        ("{{ '2024-01-01T00:00:00.123456Z' | timestampMicro }}", "1704067200000123456"),
        ("{{ '2024-01-01T00:00:00.123456Z' | timestampNano }}", "1704067200123456000"),
        ("{{ '2024-01-01' | timestamp(timeZone='Europe/Paris') }}", "1704063600"),
        ("{{ '01/02/2024' | timestamp(existingFormat='dd/MM/yyyy') }}", "1706745600"),
        ("{{ ('2024-01-01' | timestampNano) is empty }}", "false"),
        ("{{ null | timestamp }}", ""),
    ]);
}
