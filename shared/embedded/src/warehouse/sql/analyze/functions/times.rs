//! Functions of dates and times without a date part.

use super::Function;

pub(super) const TABLE: &[Function] = &[
    (
        "CURRENT_DATE",
        &[(":D", "CAST(timezone('UTC', now()) AS DATE)"), ("S:D", "CAST(bq_local({0}, now()) AS DATE)")],
    ),
    ("CURRENT_DATETIME", &[(":M", "timezone('UTC', now())"), ("S:M", "bq_local({0}, now())")]),
    (
        "CURRENT_TIME",
        &[(":T", "CAST(timezone('UTC', now()) AS TIME)"), ("S:T", "CAST(bq_local({0}, now()) AS TIME)")],
    ),
    ("CURRENT_TIMESTAMP", &[(":Z", "now()")]),
    (
        "DATE",
        &[
            ("III:D", "bq_make_date({0}, {1}, {2})"),
            ("D:D", "{0}"),
            ("M:D", "CAST({0} AS DATE)"),
            ("Z:D", "CAST(timezone('UTC', {0}) AS DATE)"),
            ("ZS:D", "CAST(bq_local({1}, {0}) AS DATE)"),
        ],
    ),
    (
        "DATETIME",
        &[
            ("IIIIII:M", "bq_make_datetime({0}, {1}, {2}, {3}, {4}, {5})"),
            ("M:M", "{0}"),
            ("D:M", "CAST({0} AS TIMESTAMP)"),
            ("DT:M", "({0} + {1})"),
            ("Z:M", "timezone('UTC', {0})"),
            ("ZS:M", "bq_local({1}, {0})"),
        ],
    ),
    ("DATE_FROM_UNIX_DATE", &[("I:D", "bq_check_date(DATE '1970-01-01' + CAST({0} AS INTEGER))")]),
    ("JUSTIFY_DAYS", &[("V:V", "bq_justify_days({0})")]),
    ("JUSTIFY_HOURS", &[("V:V", "bq_justify_hours({0})")]),
    (
        "TIME",
        &[
            ("III:T", "bq_make_time({0}, {1}, {2})"),
            ("T:T", "{0}"),
            ("M:T", "CAST({0} AS TIME)"),
            ("Z:T", "CAST(timezone('UTC', {0}) AS TIME)"),
            ("ZS:T", "CAST(bq_local({1}, {0}) AS TIME)"),
        ],
    ),
    (
        "TIMESTAMP",
        &[
            ("Z:Z", "{0}"),
            ("D:Z", "timezone('UTC', CAST({0} AS TIMESTAMP))"),
            ("M:Z", "timezone('UTC', {0})"),
            ("S:Z", "bqf_timestamp({0})"),
            ("DS:Z", "bq_utc_first({1}, CAST({0} AS TIMESTAMP))"),
            ("MS:Z", "bq_utc_first({1}, {0})"),
            ("SS:Z", "make_timestamptz(CAST(bqf('timestamp_in', {0}, {1}) AS BIGINT))"),
        ],
    ),
    ("TIMESTAMP_MICROS", &[("I:Z", "bq_check_timestamp(make_timestamptz({0}))")]),
    ("TIMESTAMP_MILLIS", &[("I:Z", "bq_check_timestamp(make_timestamptz({0} * 1000))")]),
    ("TIMESTAMP_SECONDS", &[("I:Z", "bq_check_timestamp(make_timestamptz({0} * 1000000))")]),
    ("UNIX_DATE", &[("D:I", "date_diff('day', DATE '1970-01-01', {0})")]),
    ("UNIX_MICROS", &[("Z:I", "epoch_us({0})")]),
    ("UNIX_MILLIS", &[("Z:I", "bq_floor_div(epoch_us({0}), 1000)")]),
    ("UNIX_SECONDS", &[("Z:I", "bq_floor_div(epoch_us({0}), 1000000)")]),
];
