//! Functions of numbers.

use super::Function;

pub(super) const TABLE: &[Function] = &[
    ("ABS", &[("I:I", "abs({0})"), ("N:N", "abs({0})"), ("G:G", "bqf_big('abs', {0})"), ("F:F", "abs({0})")]),
    ("ACOS", &[("F:F", "bqf_float_math('acos', {0})")]),
    ("ACOSH", &[("F:F", "bqf_float_math('acosh', {0})")]),
    ("ASIN", &[("F:F", "bqf_float_math('asin', {0})")]),
    ("ASINH", &[("F:F", "bqf_float_math('asinh', {0})")]),
    ("ATAN", &[("F:F", "bqf_float_math('atan', {0})")]),
    ("ATAN2", &[("FF:F", "bqf_float_math('atan2', {0}, {1})")]),
    ("ATANH", &[("F:F", "bqf_float_math('atanh', {0})")]),
    ("CBRT", &[("F:F", "bqf_float_math('cbrt', {0})")]),
    ("CEIL", CEIL),
    ("CEILING", CEIL),
    ("COS", &[("F:F", "bqf_float_math('cos', {0})")]),
    ("COSH", &[("F:F", "bqf_float_math('cosh', {0})")]),
    ("COT", &[("F:F", "bqf_float_math('cot', {0})")]),
    ("COTH", &[("F:F", "bqf_float_math('coth', {0})")]),
    ("CSC", &[("F:F", "bqf_float_math('csc', {0})")]),
    ("CSCH", &[("F:F", "bqf_float_math('csch', {0})")]),
    (
        "DIV",
        &[
            ("II:I", "bq_int_div({0}, {1})"),
            ("NN:N", "CAST(trunc(bqf_numeric_divide({0w}, {1w})) AS DECIMAL(38,9))"),
            ("GG:G", "bqf_big('div', {0}, {1})"),
        ],
    ),
    (
        "EXP",
        &[
            ("F:F", "bqf_float_math('exp', {0})"),
            ("N:N", "bqf_numeric_math('exp', {0})"),
            ("G:G", "bqf_big_math('exp', {0})"),
        ],
    ),
    (
        "FLOOR",
        &[
            ("F:F", "floor({0})"),
            ("N:N", "CAST(floor({0}) AS DECIMAL(38,9))"),
            ("G:G", "bqf_big('floor', {0})"),
        ],
    ),
    ("IEEE_DIVIDE", &[("FF:F", "({0} / {1})")]),
    ("IS_INF", &[("F:L", "isinf({0})")]),
    ("IS_NAN", &[("F:L", "isnan({0})")]),
    (
        "LN",
        &[
            ("F:F", "bqf_float_math('ln', {0})"),
            ("N:N", "bqf_numeric_math('ln', {0})"),
            ("G:G", "bqf_big_math('ln', {0})"),
        ],
    ),
    (
        "LOG",
        &[
            ("F:F", "bqf_float_math('ln', {0})"),
            ("N:N", "bqf_numeric_math('ln', {0})"),
            ("G:G", "bqf_big_math('ln', {0})"),
            ("FF:F", "bqf_float_math('log', {0}, {1})"),
            ("NN:N", "bqf_numeric_math('log', {0}, {1})"),
            ("GG:G", "bqf_big_math('log', {0}, {1})"),
        ],
    ),
    (
        "LOG10",
        &[
            ("F:F", "bqf_float_math('log10', {0})"),
            ("N:N", "bqf_numeric_math('log10', {0})"),
            ("G:G", "bqf_big_math('log10', {0})"),
        ],
    ),
    (
        "MOD",
        &[
            ("II:I", "bq_int_mod({0}, {1})"),
            ("NN:N", "bq_mod({0}, {1})"),
            ("GG:G", "bqf_big('mod', {0}, {1})"),
        ],
    ),
    ("PARSE_BIGNUMERIC", &[("S:G", "bqf_bignumeric(bqf('parse_decimal', {0}, 'BIGNUMERIC'))")]),
    ("PARSE_NUMERIC", &[("S:N", "bqf_numeric(bqf('parse_decimal', {0}, 'NUMERIC'))")]),
    ("POW", POW),
    ("POWER", POW),
    ("RAND", &[(":F", "random()")]),
    ("RANGE_BUCKET", &[("Xx:I", "bq_range_bucket({0}, {1})")]),
    (
        "ROUND",
        &[
            ("F:F", "round({0})"),
            ("N:N", "CAST(round({0}, 0) AS DECIMAL(38,9))"),
            ("G:G", "bqf_big('round', {0}, 0)"),
            ("FI:F", "bqf_float_round({0}, {1})"),
            ("NI:N", "bqf_numeric_round({0w}, {1})"),
            ("GI:G", "bqf_big('round', {0}, {1})"),
            ("NIS:N", "bq_numeric_round_as({0}, {1}, {2})"),
            ("GIS:G", "bqf_big_round_as({0}, {1}, {2})"),
        ],
    ),
    ("SEC", &[("F:F", "bqf_float_math('sec', {0})")]),
    ("SECH", &[("F:F", "bqf_float_math('sech', {0})")]),
    (
        "SIGN",
        &[
            ("I:I", "CAST(sign({0}) AS BIGINT)"),
            ("N:N", "CAST(sign({0}) AS DECIMAL(38,9))"),
            ("G:G", "bqf_big('sign', {0})"),
            ("F:F", "bqf_float_math('sign', {0})"),
        ],
    ),
    ("SIN", &[("F:F", "bqf_float_math('sin', {0})")]),
    ("SINH", &[("F:F", "bqf_float_math('sinh', {0})")]),
    (
        "SQRT",
        &[
            ("F:F", "bqf_float_math('sqrt', {0})"),
            ("N:N", "bqf_numeric_math('sqrt', {0})"),
            ("G:G", "bqf_big_math('sqrt', {0})"),
        ],
    ),
    ("TAN", &[("F:F", "bqf_float_math('tan', {0})")]),
    ("TANH", &[("F:F", "bqf_float_math('tanh', {0})")]),
    (
        "TRUNC",
        &[
            ("F:F", "trunc({0})"),
            ("N:N", "CAST(trunc({0}) AS DECIMAL(38,9))"),
            ("G:G", "bqf_big('trunc', {0}, 0)"),
            ("FI:F", "bqf_float_trunc({0}, {1})"),
            ("NI:N", "bqf_numeric_trunc({0w}, {1})"),
            ("GI:G", "bqf_big('trunc', {0}, {1})"),
        ],
    ),
];

const CEIL: &[(&str, &str)] =
    &[("F:F", "ceil({0})"), ("N:N", "CAST(ceil({0}) AS DECIMAL(38,9))"), ("G:G", "bqf_big('ceil', {0})")];

const POW: &[(&str, &str)] = &[
    ("FF:F", "bqf_float_math('pow', {0}, {1})"),
    ("NN:N", "bqf_numeric_math('pow', {0}, {1})"),
    ("GG:G", "bqf_big_math('pow', {0}, {1})"),
];
