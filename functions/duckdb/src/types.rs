//! Tests of the values of every type.

use crate::testing::Platform;
use segue_model::Json;
use serde_json::json;

/// Every type of DuckDB that a column can have, and its value in a flow.
fn values() -> Vec<(&'static str, Json)> {
    vec![
        ("NULL", Json::Null),
        ("true", json!(true)),
        ("[true, NULL]", json!([true, null])),
        ("(-128)::TINYINT", json!(-128)),
        ("255::UTINYINT", json!(255)),
        ("(-32768)::SMALLINT", json!(-32768)),
        ("65535::USMALLINT", json!(65535)),
        ("2147483647", json!(2_147_483_647)),
        ("4294967295::UINTEGER", json!(4_294_967_295_u32)),
        ("9007199254740993::BIGINT", json!(9_007_199_254_740_993_i64)),
        ("18446744073709551615::UBIGINT", json!(u64::MAX)),
        ("(-5)::HUGEINT", json!(-5)),
        (
            "[170141183460469231731687303715884105727::HUGEINT]",
            json!(["170141183460469231731687303715884105727"]),
        ),
        ("7::UHUGEINT", json!(7)),
        (
            "{'u': 340282366920938463463374607431768211455::UHUGEINT}",
            json!({"u": "340282366920938463463374607431768211455"}),
        ),
        ("5::BIGNUM", json!(5)),
        ("(-123456789012345678901234567890)::BIGNUM", json!("-123456789012345678901234567890")),
        ("0.1::FLOAT", json!(0.1)),
        ("1e300::DOUBLE", json!(1e300)),
        ("['nan'::DOUBLE, '-inf'::DOUBLE, 'inf'::FLOAT]", json!(["NaN", "-Infinity", "Infinity"])),
        ("12.50::DECIMAL(4, 2)", json!(12.5)),
        ("8.00::DECIMAL(9, 2)", json!(8.0)),
        ("0.000001::DECIMAL(18, 6)", json!(0.000_001)),
        ("12345678901234567890.123456789::DECIMAL(38, 9)", json!("12345678901234567890.123456789")),
        ("'é'", json!("é")),
        ("'\\x00\\xff'::BLOB", json!("AP8=")),
        ("'101'::BIT::BIT", json!("101")),
        ("'0101010101'::VARCHAR::BIT", json!("0101010101")),
        ("'123e4567-e89b-12d3-a456-426614174000'::UUID", json!("123e4567-e89b-12d3-a456-426614174000")),
        ("DATE '2024-01-31'", json!("2024-01-31")),
        (
            "[DATE 'infinity', DATE '-infinity', DATE '10183-09-24']",
            json!(["infinity", "-infinity", "10183-09-24"]),
        ),
        ("TIME '10:00:00.5'", json!("10:00:00.5")),
        ("'10:00:00.000000001'::TIME_NS", json!("10:00:00.000000001")),
        ("'10:00:00+02'::TIMETZ", json!("08:00:00")),
        ("TIMESTAMP '2024-01-31 10:00:00.25'", json!("2024-01-31T10:00:00.25")),
        ("'2024-01-31 10:00:00'::TIMESTAMP_S", json!("2024-01-31T10:00:00")),
        ("'1969-12-31 23:59:59.999'::TIMESTAMP_MS", json!("1969-12-31T23:59:59.999")),
        ("'2024-01-31 10:00:00.000000001'::TIMESTAMP_NS", json!("2024-01-31T10:00:00.000000001")),
        ("TIMESTAMPTZ '2024-01-31 10:00:00+01'", json!("2024-01-31T09:00:00Z")),
        ("[TIMESTAMP 'infinity']", json!(["infinity"])),
        ("INTERVAL '1 year 2 months 3 days 04:05:06'", json!("P1Y2M3DT4H5M6S")),
        ("'b'::ENUM ('a', 'b')", json!("b")),
        ("[1, NULL, 3]", json!([1, null, 3])),
        ("[['a b'], []]", json!([["a b"], []])),
        ("[1, 2]::INTEGER[2]", json!([1, 2])),
        ("{'a': 1, 'b': [{'c': DATE '2024-01-31'}]}", json!({"a": 1, "b": [{"c": "2024-01-31"}]})),
        ("row(1, 'x')", json!([1, "x"])),
        ("MAP {'a': 1, 'b': NULL}", json!({"a": 1, "b": null})),
        ("MAP {1: DATE '2024-01-31'}", json!({"1": "2024-01-31"})),
        ("union_value(num := 5)", json!(5)),
        ("'x'::UNION(n INTEGER, t VARCHAR)", json!("x")),
        ("'{\"a\": [1, null]}'::JSON", json!({"a": [1, null]})),
        ("'POINT (1 2)'::GEOMETRY", json!("AQEAAAAAAAAAAADwPwAAAAAAAABA")),
    ]
}

#[tokio::test]
async fn every_type_is_as_in_kestra() {
    let platform = Platform::new();
    for (expression, expected) in values() {
        let row = platform.row(&format!("SELECT {expression} AS v")).await;
        assert_eq!(row["v"], expected, "{expression}");
    }
    let zoned = json!({"sql": "SELECT TIMESTAMPTZ '2024-07-01 00:00:00Z' AS t, '00:00:00+00'::TIMETZ AS c",
        "fetchType": "FETCH_ONE", "timeZoneId": "Asia/Tokyo"});
    let outputs = platform.query(zoned).await.outputs();
    assert_eq!(outputs["row"], json!({"t": "2024-07-01T09:00:00+09:00", "c": "09:00:00"}));
}

/// A type that a later version of DuckDB adds makes this test fail.
#[tokio::test]
async fn no_type_is_unknown() {
    let platform = Platform::new();
    let run = platform.query(json!({"sql": "FROM test_all_types()", "fetchType": "FETCH"})).await;
    let outputs = run.outputs();
    assert_eq!(outputs["size"], 3);
    assert!(!outputs["rows"].to_string().contains("a value of the type"), "{}", outputs["rows"]);
    let error = platform.refused("SELECT 1::VARIANT AS v").await;
    assert!(error.contains("cast the column of the type VARIANT to JSON or VARCHAR"), "{error}");
}
