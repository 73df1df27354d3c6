//! Functions of arrays without a lambda.

use super::Function;

pub(super) const TABLE: &[Function] = &[
    ("ARRAY_CONCAT", &[("x*:x", "bq_concat_all([{*}])")]),
    ("ARRAY_FIRST", &[("x:X", "bq_array_first({0})")]),
    ("ARRAY_INCLUDES", &[("xX:L", "bq_array_includes({0}, {1})")]),
    ("ARRAY_INCLUDES_ALL", &[("xx:L", "bq_array_includes_all({0}, {1})")]),
    ("ARRAY_INCLUDES_ANY", &[("xx:L", "bq_array_includes_any({0}, {1})")]),
    (
        "ARRAY_IS_DISTINCT",
        &[
            (
                "f:L",
                "bq_array_is_distinct(list_transform({0}, lambda e: CASE WHEN isnan(e) THEN 'nan' ELSE CAST(e + 0 AS VARCHAR) END))",
            ),
            ("x:L", "bq_array_is_distinct({0})"),
        ],
    ),
    ("ARRAY_LAST", &[("x:X", "bq_array_last({0})")]),
    ("ARRAY_LENGTH", &[("x:I", "len({0})")]),
    ("ARRAY_MAX", &[("x:X", "list_max({0})")]),
    (
        "ARRAY_MIN",
        &[
            // NaN is the least number, and the greatest in DuckDB.
            (
                "f:F",
                "CASE WHEN len(list_filter({0}, lambda e: isnan(e))) > 0 THEN CAST('nan' AS DOUBLE) ELSE list_min({0}) END",
            ),
            ("x:X", "list_min({0})"),
        ],
    ),
    ("ARRAY_REVERSE", &[("x:x", "list_reverse({0})")]),
    ("ARRAY_SLICE", &[("xII:x", "bq_array_slice({0}, {1}, {2})")]),
    (
        "ARRAY_SUM",
        &[
            ("i:I", "CAST(list_sum({0}) AS BIGINT)"),
            ("f:F", "list_sum({0})"),
            ("n:N", "CAST(list_sum({0}) AS DECIMAL(38,9))"),
        ],
    ),
    (
        "ARRAY_TO_STRING",
        &[
            ("sS:S", "bq_array_to_string({0}, {1})"),
            ("sSS:S", "bq_array_to_string({0}, {1}, {2})"),
            ("bB:B", "unhex(bq_array_to_string(list_transform({0}, lambda e: hex(e)), {1h}))"),
            ("bBB:B", "unhex(bq_array_to_string(list_transform({0}, lambda e: hex(e)), {1h}, {2h}))"),
        ],
    ),
    ("COSINE_DISTANCE", &[("ff:F", "list_cosine_distance({0}, {1})")]),
    ("EUCLIDEAN_DISTANCE", &[("ff:F", "list_distance({0}, {1})")]),
    (
        "GENERATE_ARRAY",
        &[
            ("II:i", "bq_generate({0}, {1}, CAST(1 AS BIGINT))"),
            ("III:i", "bq_generate({0}, {1}, {2})"),
            ("GG:g", "bq_generate_bignumeric({0}, {1}, bqf('bignumeric', '1'))"),
            ("GGG:g", "bq_generate_bignumeric({0}, {1}, {2})"),
            ("NN:n", "bq_generate_numeric({0}, {1}, 1)"),
            ("NNN:n", "bq_generate_numeric({0}, {1}, {2})"),
            ("FF:f", "bq_generate_float({0}, {1}, 1.0)"),
            ("FFF:f", "bq_generate_float({0}, {1}, {2})"),
        ],
    ),
    ("GENERATE_UUID", &[(":S", "CAST(uuid() AS VARCHAR)")]),
    ("SESSION_USER", &[(":S", "'user@localhost'")]),
];
