//! Functions of JSON. The values are texts for the functions in Rust.

use super::Function;

pub(super) const TABLE: &[Function] = &[
    ("BOOL", &[("J:L", "CAST(bqf('json_bool', {0t}) AS BOOLEAN)")]),
    ("INT64", &[("J:I", "CAST(bqf('json_int', {0t}) AS BIGINT)")]),
    (
        "JSON_EXTRACT",
        &[
            ("JS:J", "CAST(bqf('json_extract', {0t}, {1}) AS JSON)"),
            ("SS:S", "bqf('json_extract_text', {0}, {1})"),
        ],
    ),
    (
        "JSON_EXTRACT_ARRAY",
        &[
            ("J:j", "CAST(CAST(bqf('json_extract_array', {0t}, '$') AS JSON) AS JSON[])"),
            ("JS:j", "CAST(CAST(bqf('json_extract_array', {0t}, {1}) AS JSON) AS JSON[])"),
            ("S:s", "CAST(CAST(bqf('json_extract_texts', {0}, '$') AS JSON) AS VARCHAR[])"),
            ("SS:s", "CAST(CAST(bqf('json_extract_texts', {0}, {1}) AS JSON) AS VARCHAR[])"),
        ],
    ),
    (
        "JSON_EXTRACT_SCALAR",
        &[
            ("J:S", "bqf('json_extract_scalar', {0t}, '$')"),
            ("JS:S", "bqf('json_extract_scalar', {0t}, {1})"),
            ("S:S", "bqf('json_extract_scalar', {0}, '$')"),
            ("SS:S", "bqf('json_extract_scalar', {0}, {1})"),
        ],
    ),
    (
        "JSON_EXTRACT_STRING_ARRAY",
        &[
            ("J:s", "CAST(CAST(bqf('json_extract_scalars', {0t}, '$') AS JSON) AS VARCHAR[])"),
            ("JS:s", "CAST(CAST(bqf('json_extract_scalars', {0t}, {1}) AS JSON) AS VARCHAR[])"),
            ("S:s", "CAST(CAST(bqf('json_extract_scalars', {0}, '$') AS JSON) AS VARCHAR[])"),
            ("SS:s", "CAST(CAST(bqf('json_extract_scalars', {0}, {1}) AS JSON) AS VARCHAR[])"),
        ],
    ),
    ("JSON_FLATTEN", &[("J:j", "CAST(CAST(bqf('json_flatten', {0t}) AS JSON) AS JSON[])")]),
    (
        "JSON_QUERY",
        &[
            ("J:J", "{0}"),
            ("JS:J", "CAST(bqf('json_query', {0t}, {1}) AS JSON)"),
            ("S:S", "bqf('json_query_text', {0}, '$')"),
            ("SS:S", "bqf('json_query_text', {0}, {1})"),
        ],
    ),
    (
        "JSON_QUERY_ARRAY",
        &[
            ("J:j", "CAST(CAST(bqf('json_query_array', {0t}, '$') AS JSON) AS JSON[])"),
            ("JS:j", "CAST(CAST(bqf('json_query_array', {0t}, {1}) AS JSON) AS JSON[])"),
            ("S:s", "CAST(CAST(bqf('json_query_texts', {0}, '$') AS JSON) AS VARCHAR[])"),
            ("SS:s", "CAST(CAST(bqf('json_query_texts', {0}, {1}) AS JSON) AS VARCHAR[])"),
        ],
    ),
    ("JSON_REMOVE", &[("JS*:J", "CAST(bqf('json_remove', {*}) AS JSON)")]),
    ("JSON_TYPE", &[("J:S", "bqf('json_type', {0t})")]),
    (
        "JSON_VALUE",
        &[
            ("J:S", "bqf('json_value', {0t}, '$')"),
            ("JS:S", "bqf('json_value', {0t}, {1})"),
            ("S:S", "bqf('json_value', {0}, '$')"),
            ("SS:S", "bqf('json_value', {0}, {1})"),
        ],
    ),
    (
        "JSON_VALUE_ARRAY",
        &[
            ("J:s", "CAST(CAST(bqf('json_value_array', {0t}, '$') AS JSON) AS VARCHAR[])"),
            ("JS:s", "CAST(CAST(bqf('json_value_array', {0t}, {1}) AS JSON) AS VARCHAR[])"),
            ("S:s", "CAST(CAST(bqf('json_value_array', {0}, '$') AS JSON) AS VARCHAR[])"),
            ("SS:s", "CAST(CAST(bqf('json_value_array', {0}, {1}) AS JSON) AS VARCHAR[])"),
        ],
    ),
    ("LAX_BOOL", &[("J:L", "CAST(bqf('lax_bool', {0t}) AS BOOLEAN)")]),
    ("LAX_DOUBLE", &[("J:F", "CAST(bqf('lax_float', {0t}) AS DOUBLE)")]),
    ("LAX_FLOAT64", &[("J:F", "CAST(bqf('lax_float', {0t}) AS DOUBLE)")]),
    ("LAX_INT64", &[("J:I", "CAST(bqf('lax_int', {0t}) AS BIGINT)")]),
    ("LAX_STRING", &[("J:S", "bqf('lax_string', {0t})")]),
    (
        "STRING",
        &[
            ("J:S", "bqf('json_string', {0t})"),
            ("Z:S", "bq_timestamp_text({0})"),
            (
                "ZS:S",
                "bqf('format_timestamp', '%Y-%m-%d %H:%M:%E*S%Ez_short', CAST(epoch_us({0}) AS VARCHAR), {1})",
            ),
            ("D:S", "CAST({0} AS VARCHAR)"),
            ("M:S", "bq_datetime_text({0})"),
            ("T:S", "bq_time_text({0})"),
        ],
    ),
];
