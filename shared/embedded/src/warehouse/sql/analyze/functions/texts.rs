//! Functions of texts and bytes.

use super::Function;

pub(super) const TABLE: &[Function] = &[
    (
        "ASCII",
        &[("S:I", "CAST(bqf('ascii', {0}) AS BIGINT)"), ("B:I", "CAST(bqf('bytes_ascii', {0h}) AS BIGINT)")],
    ),
    (
        "BIT_COUNT",
        &[("I:I", "CAST(bit_count({0}) AS BIGINT)"), ("B:I", "CAST(bqf('bytes_bit_count', {0h}) AS BIGINT)")],
    ),
    ("BYTE_LENGTH", &[("S:I", "strlen({0})"), ("B:I", "octet_length({0})")]),
    ("CHARACTER_LENGTH", &[("S:I", "length({0})")]),
    ("CHAR_LENGTH", &[("S:I", "length({0})")]),
    ("CHR", &[("I:S", "bqf('chr', {0t})")]),
    ("CODE_POINTS_TO_BYTES", &[("i:B", "unhex(bqf('bytes_of', CAST({0} AS VARCHAR)))")]),
    ("CODE_POINTS_TO_STRING", &[("i:S", "bqf('text_of', CAST({0} AS VARCHAR))")]),
    ("ENDS_WITH", &[("SS:L", "suffix({0}, {1})"), ("BB:L", "suffix({0h}, {1h})")]),
    (
        "FARM_FINGERPRINT",
        &[
            ("S:I", "CAST(bqf('farm_fingerprint', hex(encode({0}))) AS BIGINT)"),
            ("B:I", "CAST(bqf('farm_fingerprint', {0h}) AS BIGINT)"),
        ],
    ),
    ("FROM_BASE32", &[("S:B", "unhex(bqf('from_base32', {0}))")]),
    ("FROM_BASE64", &[("S:B", "unhex(bqf('from_base64', {0}))")]),
    ("FROM_HEX", &[("S:B", "unhex(bqf('from_hex', {0}))")]),
    ("INITCAP", &[("S:S", "bqf('initcap', {0})"), ("SS:S", "bqf('initcap', {0}, {1})")]),
    (
        "INSTR",
        &[
            ("SS:I", "CAST(bqf('instr', {0}, {1}, '1', '1') AS BIGINT)"),
            ("SSI:I", "CAST(bqf('instr', {0}, {1}, {2t}, '1') AS BIGINT)"),
            ("SSII:I", "CAST(bqf('instr', {0}, {1}, {2t}, {3t}) AS BIGINT)"),
            ("BB:I", "CAST(bqf('bytes_instr', {0h}, {1h}, '1', '1') AS BIGINT)"),
            ("BBI:I", "CAST(bqf('bytes_instr', {0h}, {1h}, {2t}, '1') AS BIGINT)"),
            ("BBII:I", "CAST(bqf('bytes_instr', {0h}, {1h}, {2t}, {3t}) AS BIGINT)"),
        ],
    ),
    ("LEFT", &[("SI:S", "bq_left({0}, {1})"), ("BI:B", "unhex(bq_left({0h}, {1} * 2))")]),
    ("LENGTH", &[("S:I", "length({0})"), ("B:I", "octet_length({0})")]),
    ("LOWER", &[("S:S", "bq_lower({0})"), ("B:B", "unhex(bqf('bytes_lower', {0h}))")]),
    (
        "LPAD",
        &[
            ("SI:S", "bqf('lpad', {0}, {1t}, ' ')"),
            ("SIS:S", "bqf('lpad', {0}, {1t}, {2})"),
            ("BI:B", "unhex(bqf('bytes_lpad', {0h}, {1t}, '20'))"),
            ("BIB:B", "unhex(bqf('bytes_lpad', {0h}, {1t}, {2h}))"),
        ],
    ),
    (
        "LTRIM",
        &[
            ("S:S", "bqf('ltrim', {0})"),
            ("SS:S", "bqf('ltrim', {0}, {1})"),
            ("BB:B", "unhex(bqf('bytes_ltrim', {0h}, {1h}))"),
        ],
    ),
    ("MD5", &[("S:B", "unhex(md5({0}))"), ("B:B", "unhex(md5({0}))")]),
    ("OCTET_LENGTH", &[("S:I", "strlen({0})"), ("B:I", "octet_length({0})")]),
    (
        "REGEXP_CONTAINS",
        &[
            ("SS:L", "regexp_matches({0}, {1})"),
            ("BB:L", "CAST(bqf('bytes_regexp_contains', {0h}, {1h}) AS BOOLEAN)"),
        ],
    ),
    (
        "REGEXP_INSTR",
        &[
            ("SS:I", "CAST(bqf('regexp_instr', {0}, {1}, '1', '1', '0') AS BIGINT)"),
            ("SSI:I", "CAST(bqf('regexp_instr', {0}, {1}, {2t}, '1', '0') AS BIGINT)"),
            ("SSII:I", "CAST(bqf('regexp_instr', {0}, {1}, {2t}, {3t}, '0') AS BIGINT)"),
            ("SSIII:I", "CAST(bqf('regexp_instr', {0}, {1}, {2t}, {3t}, {4t}) AS BIGINT)"),
            ("BB:I", "CAST(bqf('bytes_regexp_instr', {0h}, {1h}, '1', '1', '0') AS BIGINT)"),
            ("BBI:I", "CAST(bqf('bytes_regexp_instr', {0h}, {1h}, {2t}, '1', '0') AS BIGINT)"),
            ("BBII:I", "CAST(bqf('bytes_regexp_instr', {0h}, {1h}, {2t}, {3t}, '0') AS BIGINT)"),
            ("BBIII:I", "CAST(bqf('bytes_regexp_instr', {0h}, {1h}, {2t}, {3t}, {4t}) AS BIGINT)"),
        ],
    ),
    ("REPEAT", &[("SI:S", "bqf('repeat', {0}, {1t})"), ("BI:B", "unhex(bqf('repeat', {0h}, {1t}))")]),
    (
        "REPLACE",
        &[("SSS:S", "replace({0}, {1}, {2})"), ("BBB:B", "unhex(bqf('bytes_replace', {0h}, {1h}, {2h}))")],
    ),
    ("REVERSE", &[("S:S", "bqf('reverse', {0})"), ("B:B", "unhex(bqf('bytes_reverse', {0h}))")]),
    ("RIGHT", &[("SI:S", "bq_right({0}, {1})"), ("BI:B", "unhex(bq_right({0h}, {1} * 2))")]),
    (
        "RPAD",
        &[
            ("SI:S", "bqf('rpad', {0}, {1t}, ' ')"),
            ("SIS:S", "bqf('rpad', {0}, {1t}, {2})"),
            ("BI:B", "unhex(bqf('bytes_rpad', {0h}, {1t}, '20'))"),
            ("BIB:B", "unhex(bqf('bytes_rpad', {0h}, {1t}, {2h}))"),
        ],
    ),
    (
        "RTRIM",
        &[
            ("S:S", "bqf('rtrim', {0})"),
            ("SS:S", "bqf('rtrim', {0}, {1})"),
            ("BB:B", "unhex(bqf('bytes_rtrim', {0h}, {1h}))"),
        ],
    ),
    ("SAFE_CONVERT_BYTES_TO_STRING", &[("B:S", "bqf('safe_text', {0h})")]),
    ("SHA1", &[("S:B", "unhex(sha1({0}))"), ("B:B", "unhex(sha1({0}))")]),
    ("SHA256", &[("S:B", "unhex(sha256({0}))"), ("B:B", "unhex(sha256({0}))")]),
    ("SHA512", &[("S:B", "unhex(bqf('sha512', hex(encode({0}))))"), ("B:B", "unhex(bqf('sha512', {0h}))")]),
    ("SOUNDEX", &[("S:S", "bqf('soundex', {0})")]),
    (
        "SPLIT",
        &[
            ("S:s", "string_split({0}, ',')"),
            ("SS:s", "bq_split({0}, {1})"),
            (
                "BB:b",
                "list_transform(CAST(CAST(bqf('bytes_split', {0h}, {1h}) AS JSON) AS VARCHAR[]), lambda e: unhex(e))",
            ),
        ],
    ),
    ("STARTS_WITH", &[("SS:L", "prefix({0}, {1})"), ("BB:L", "prefix({0h}, {1h})")]),
    (
        "STRPOS",
        &[("SS:I", "strpos({0}, {1})"), ("BB:I", "CAST(bqf('bytes_instr', {0h}, {1h}, '1', '1') AS BIGINT)")],
    ),
    (
        "SUBSTR",
        &[
            ("SI:S", "bq_substr({0}, {1})"),
            ("SII:S", "bq_substr({0}, {1}, {2})"),
            ("BI:B", "unhex(bqf('bytes_substr', {0h}, {1t}, ''))"),
            ("BII:B", "unhex(bqf('bytes_substr', {0h}, {1t}, {2t}))"),
        ],
    ),
    (
        "SUBSTRING",
        &[
            ("SI:S", "bq_substr({0}, {1})"),
            ("SII:S", "bq_substr({0}, {1}, {2})"),
            ("BI:B", "unhex(bqf('bytes_substr', {0h}, {1t}, ''))"),
            ("BII:B", "unhex(bqf('bytes_substr', {0h}, {1t}, {2t}))"),
        ],
    ),
    ("TO_BASE32", &[("B:S", "bqf('to_base32', {0h})")]),
    ("TO_BASE64", &[("B:S", "base64({0})")]),
    (
        "TO_CODE_POINTS",
        &[
            ("S:i", "CAST(bqf('code_points', {0}) AS BIGINT[])"),
            ("B:i", "CAST(bqf('byte_values', {0h}) AS BIGINT[])"),
        ],
    ),
    ("TO_HEX", &[("B:S", "lower({0h})")]),
    (
        "TRANSLATE",
        &[
            ("SSS:S", "bqf('translate', {0}, {1}, {2})"),
            ("BBB:B", "unhex(bqf('bytes_translate', {0h}, {1h}, {2h}))"),
        ],
    ),
    (
        "TRIM",
        &[
            ("S:S", "bqf('trim', {0})"),
            ("SS:S", "bqf('trim', {0}, {1})"),
            ("BB:B", "unhex(bqf('bytes_trim', {0h}, {1h}))"),
        ],
    ),
    ("UNICODE", &[("S:I", "CASE WHEN {0} = '' THEN 0 ELSE CAST(unicode({0}) AS BIGINT) END")]),
    ("UPPER", &[("S:S", "bq_upper({0})"), ("B:B", "unhex(bqf('bytes_upper', {0h}))")]),
];
