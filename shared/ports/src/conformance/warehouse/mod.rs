//! What every warehouse does: BigQuery, and the warehouse on one machine.
//!
//! Run [`all`] with an empty warehouse and a way to write objects. For an emulator that lacks features, check at least
//! the [`expressions`]. To add a case, write an `async fn` here and a line in [`all`]. Each case has its own dataset
//! names, so that cases do not affect each other.

#![expect(clippy::disallowed_methods, reason = "a test compares with the machine's clock")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "a conformance suite fails by panicking, as tests do"
)]

mod looking;
mod transfers;

use crate::warehouse::{
    CreateDataset, IfExists, Mode, QueryJob, QueryResult, TableKind, Warehouse, WarehouseError,
    WriteDisposition,
};
use async_trait::async_trait;
use futures::{StreamExt as _, TryStreamExt as _};
use serde_json::json;

/// Writes objects to where the warehouse reads them, and reads what it wrote.
#[async_trait]
pub trait PutObject: Send + Sync {
    /// Writes an object at `gs://bucket/key`.
    async fn put(&self, uri: &str, content: &[u8]);

    /// Reads the object at `gs://bucket/key`, which the warehouse wrote.
    async fn get(&self, uri: &str) -> Vec<u8>;
}

/// Runs every case.
pub async fn all(warehouse: &dyn Warehouse, objects: &dyn PutObject) {
    datasets(warehouse).await;
    values_keep_their_meaning(warehouse).await;
    an_external_table_reads_csv(warehouse, objects).await;
    a_second_merge_adds_nothing(warehouse, objects).await;
    a_job_runs_once(warehouse).await;
    bad_sources_change_nothing(warehouse, objects).await;
    numeric_is_exact(warehouse, objects).await;
    missing_things_are_named(warehouse).await;
    destinations(warehouse).await;
    rows_are_streamed(warehouse).await;
    transfers::all(warehouse, objects).await;
    looking::all(warehouse).await;
}

async fn dataset(warehouse: &dyn Warehouse, name: &str) {
    let request = CreateDataset { name: name.into(), ..CreateDataset::default() };
    warehouse.create_dataset(request).await.unwrap();
}

async fn run(warehouse: &dyn Warehouse, id: &str, sql: &str) -> Result<QueryResult, WarehouseError> {
    warehouse.query(QueryJob { job_id: id.into(), sql: sql.into(), ..QueryJob::default() }).await
}

async fn value(warehouse: &dyn Warehouse, expression: &str) -> serde_json::Value {
    let result = run(warehouse, "", &format!("SELECT {expression} AS v")).await;
    let result = result.unwrap_or_else(|error| panic!("{expression}: {error}"));
    result.rows[0]["v"].clone()
}

/// A dataset is created once. A second creation fails, changes the dataset or leaves it unchanged, as the request says.
/// A dataset with tables is dropped only if the call says so.
async fn datasets(warehouse: &dyn Warehouse) {
    let request = CreateDataset {
        name: "c_sets".into(),
        location: Some("EU".into()),
        description: Some("first".into()),
        ..CreateDataset::default()
    };
    // Some warehouses round the time to milliseconds.
    let before = jiff::Timestamp::now() - jiff::SignedDuration::from_millis(1);
    let made = warehouse.create_dataset(request.clone()).await.unwrap();
    assert!(made.created && !made.updated);
    assert_eq!(made.location.as_deref(), Some("EU"));
    let created_at = made.created_at.unwrap();
    assert!(created_at >= before && created_at <= jiff::Timestamp::now(), "{created_at}");
    let again = warehouse.create_dataset(request.clone()).await.unwrap_err();
    assert!(matches!(again, WarehouseError::AlreadyExists { .. }), "{again}");
    let skip =
        CreateDataset { if_exists: IfExists::Skip, description: Some("other".into()), ..request.clone() };
    let skipped = warehouse.create_dataset(skip).await.unwrap();
    assert!(!skipped.created && !skipped.updated);
    assert_eq!((skipped.description.as_deref(), skipped.created_at), (Some("first"), Some(created_at)));
    let update = CreateDataset { if_exists: IfExists::Update, description: Some("second".into()), ..request };
    let updated = warehouse.create_dataset(update).await.unwrap();
    assert!(!updated.created && updated.updated);
    assert_eq!(updated.created_at, Some(created_at));
    let dashed = CreateDataset { name: "c-sets".into(), ..CreateDataset::default() };
    let refused = warehouse.create_dataset(dashed).await.unwrap_err();
    assert!(matches!(refused, WarehouseError::InvalidQuery { .. }), "{refused}");
    run(warehouse, "", "CREATE TABLE c_sets.t (x INT64)").await.unwrap();
    let in_use = warehouse.delete_dataset("c_sets", false).await.unwrap_err();
    assert!(matches!(in_use, WarehouseError::Conflict { .. }), "{in_use}");
    warehouse.delete_dataset("c_sets", true).await.unwrap();
    let gone = warehouse.list_tables("c_sets").await.unwrap_err();
    assert!(matches!(gone, WarehouseError::NotFound { .. }), "{gone}");
}

/// Expressions, each with BigQuery's result.
pub fn expressions() -> Vec<(&'static str, serde_json::Value)> {
    vec![
        ("CAST(NUMERIC '8' AS STRING)", json!("8")),
        ("CAST(CAST('0.10' AS NUMERIC) AS STRING)", json!("0.1")),
        ("CAST(TIMESTAMP '2021-01-01 00:30:00' AS STRING)", json!("2021-01-01 00:30:00+00")),
        ("TIMESTAMP '2021-01-01 02:30:00+02:00'", json!("2021-01-01T00:30:00Z")),
        ("CAST(1.0 AS STRING)", json!("1")),
        ("DATE '2021-01-31'", json!("2021-01-31")),
        ("MD5('a')", json!("DMF1ucDxtqgxw5niaXcmYQ==")),
        ("TO_HEX(MD5(CONCAT('a', \"b\")))", json!("187ef4436122d1cc2f40dc2b92f0eba0")),
        ("CONCAT('a', NULL)", json!(null)),
        ("7 / 2", json!(3.5)),
        ("DIV(7, 2)", json!(3)),
        ("DIV(-7, 2)", json!(-3)),
        ("MOD(7, 4)", json!(3)),
        ("2 * 6 / 4", json!(3.0)),
        ("SAFE_DIVIDE(1, 0)", json!(null)),
        ("SAFE_CAST('x' AS INT64)", json!(null)),
        ("CAST(2.5 AS INT64)", json!(3)),
        ("CAST('42' AS INT64)", json!(42)),
        ("r'a\\d' || '\\t'", json!("a\\d\t")),
        ("REGEXP_CONTAINS('xay', r'a')", json!(true)),
        ("REGEXP_EXTRACT('x12', r'x(\\d+)')", json!("12")),
        ("REGEXP_EXTRACT('x', r'\\d')", json!(null)),
        ("EXTRACT(DAYOFWEEK FROM DATE '2021-01-03')", json!(1)),
        ("DATE_TRUNC(DATE '2021-01-06', WEEK)", json!("2021-01-03")),
        ("DATE_TRUNC(DATE '2021-01-06', ISOWEEK)", json!("2021-01-04")),
        ("DATE_TRUNC(DATE '2021-02-06', MONTH)", json!("2021-02-01")),
        ("DATE_ADD(DATE '2021-01-31', INTERVAL 1 MONTH)", json!("2021-02-28")),
        ("DATE_DIFF(DATE '2021-02-01', DATE '2021-01-01', DAY)", json!(31)),
        ("TIMESTAMP_DIFF(TIMESTAMP '2021-01-01 10:59:00', TIMESTAMP '2021-01-01 10:01:00', HOUR)", json!(0)),
        ("TIMESTAMP_TRUNC(TIMESTAMP '2021-03-05 10:59:00', MONTH)", json!("2021-03-01T00:00:00Z")),
        ("FORMAT_DATE('%Y-%m', DATE '2021-03-05')", json!("2021-03")),
        ("FORMAT_TIMESTAMP('%F %T', TIMESTAMP '2021-03-05 01:02:03')", json!("2021-03-05 01:02:03")),
        ("PARSE_DATE('%Y%m%d', '20210305')", json!("2021-03-05")),
        ("DATE(TIMESTAMP '2021-03-05 23:59:00')", json!("2021-03-05")),
        ("UNIX_SECONDS(TIMESTAMP '1970-01-01 00:01:00')", json!(60)),
        ("STRUCT(1 AS a, 'x' AS b)", json!({"a": 1, "b": "x"})),
        ("[10, 20][OFFSET(1)]", json!(20)),
        ("[10, 20][SAFE_OFFSET(2)]", json!(null)),
        ("ARRAY_LENGTH([1, 2, 3])", json!(3)),
        ("ARRAY(SELECT x * 2 FROM UNNEST([1, 2]) AS x ORDER BY x)", json!([2, 4])),
        ("IF(TRUE, 1, 2)", json!(1)),
        ("JSON_VALUE('{\"a\": {\"b\": \"c\"}}', '$.a.b')", json!("c")),
        ("LENGTH(GENERATE_UUID())", json!(36)),
        ("CASE WHEN 1 > 2 THEN 'a' ELSE 'b' END", json!("b")),
        ("'A' = 'a'", json!(false)),
        ("(SELECT SUM(x) FROM UNNEST([1, 2]) AS x)", json!(3)),
    ]
}

/// Expressions have BigQuery's results.
async fn values_keep_their_meaning(warehouse: &dyn Warehouse) {
    for (expression, expected) in expressions() {
        assert_eq!(value(warehouse, expression).await, expected, "{expression}");
    }
    let error = run(warehouse, "", "SELECT 1 / 0").await.unwrap_err().to_string();
    assert!(error.contains("division by zero"), "{error}");
    let sorted = "SELECT x FROM UNNEST([2, NULL, 1]) AS x ORDER BY x";
    let rows = run(warehouse, "", sorted).await.unwrap().rows;
    assert_eq!(serde_json::to_value(rows).unwrap(), json!([{"x": null}, {"x": 1}, {"x": 2}]));
    let offsets = "SELECT o, x FROM UNNEST(['a', 'b']) AS x WITH OFFSET AS o ORDER BY o DESC";
    let rows = run(warehouse, "", offsets).await.unwrap().rows;
    assert_eq!(serde_json::to_value(rows).unwrap(), json!([{"o": 1, "x": "b"}, {"o": 0, "x": "a"}]));
    let latest = "WITH t AS (SELECT 1 AS id, 5 AS v UNION ALL SELECT 1, 7) \
                  SELECT * EXCEPT (id) FROM t QUALIFY ROW_NUMBER() OVER (PARTITION BY id ORDER BY v DESC) = 1";
    assert_eq!(
        serde_json::to_value(run(warehouse, "", latest).await.unwrap().rows).unwrap(),
        json!([{"v": 7}])
    );
}

/// An external table reads the files that exist at the time of the query.
async fn an_external_table_reads_csv(warehouse: &dyn Warehouse, objects: &dyn PutObject) {
    dataset(warehouse, "c_ext").await;
    objects
        .put(
            "gs://c_bucket/in/one.csv",
            b"id,name,seen,fare,more\n1,,2021-01-01 00:30:00,8,x\n2,\"\",2021-01-01T00:30:00Z,0.1,\n",
        )
        .await;
    objects.put("gs://c_bucket/in/two.csv", b"id,name,seen,fare,more\n3,\"a \"\"b\"\", c\",,,\n").await;
    let define = "CREATE OR REPLACE EXTERNAL TABLE `p.c_ext.files` (id INT64, name STRING, seen TIMESTAMP, fare NUMERIC) \
                  OPTIONS (format = 'CSV', uris = ['gs://c_bucket/in/*.csv'], skip_leading_rows = 1, quote = '\"', \
                  field_delimiter = ',', ignore_unknown_values = TRUE)";
    run(warehouse, "", define).await.unwrap();
    let result = run(warehouse, "", "SELECT * FROM c_ext.files ORDER BY id").await.unwrap();
    assert_eq!(
        serde_json::to_value(&result.rows).unwrap(),
        json!([
            {"id": 1, "name": null, "seen": "2021-01-01T00:30:00Z", "fare": 8},
            {"id": 2, "name": "", "seen": "2021-01-01T00:30:00Z", "fare": 0.1},
            {"id": 3, "name": "a \"b\", c", "seen": null, "fare": null},
        ])
    );
    let types: Vec<&str> = result.schema.iter().map(|column| column.data_type.as_str()).collect();
    assert_eq!(types, ["INT64", "STRING", "TIMESTAMP", "NUMERIC"]);
    run(warehouse, "", "CREATE VIEW c_ext.seen AS SELECT COUNT(*) AS n FROM c_ext.files").await.unwrap();
    objects.put("gs://c_bucket/in/three.csv", b"id,name,seen,fare,more\n4,d,,,\n").await;
    let counted = run(warehouse, "", "SELECT n FROM c_ext.seen").await.unwrap();
    assert_eq!(counted.rows[0]["n"], 4);
    assert_eq!(warehouse.table_info("c_ext", "files").await.unwrap().kind, TableKind::External);
}

/// A load that runs twice does not double its rows.
async fn a_second_merge_adds_nothing(warehouse: &dyn Warehouse, objects: &dyn PutObject) {
    dataset(warehouse, "c_merge").await;
    objects
        .put(
            "gs://c_bucket/merge.csv",
            b"ride,seen,fare\na,2021-01-01 00:30:00,8\nb,2021-01-01 00:31:00,0.5\n",
        )
        .await;
    let script = "
        CREATE TABLE IF NOT EXISTS `p.c_merge.rides` (
          row_key BYTES OPTIONS (description = 'what makes a ride one'),
          ride STRING NOT NULL, seen TIMESTAMP, fare NUMERIC
        ) PARTITION BY DATE(seen) CLUSTER BY ride;
        CREATE OR REPLACE EXTERNAL TABLE `p.c_merge.rides_ext` (ride STRING, seen TIMESTAMP, fare NUMERIC)
          OPTIONS (format = 'CSV', uris = ['gs://c_bucket/merge.csv'], skip_leading_rows = 1);
        CREATE OR REPLACE TABLE `p.c_merge.rides_new` AS
          SELECT MD5(CONCAT(COALESCE(CAST(ride AS STRING), \"\"), COALESCE(CAST(seen AS STRING), \"\"))) AS row_key, *
          FROM `p.c_merge.rides_ext`;
        MERGE INTO `p.c_merge.rides` T USING `p.c_merge.rides_new` S ON T.row_key = S.row_key
        WHEN NOT MATCHED THEN INSERT (row_key, ride, seen, fare) VALUES (S.row_key, S.ride, S.seen, S.fare)";
    let first = run(warehouse, "c-merge-1", script).await.unwrap();
    assert_eq!((first.statement_kind.as_str(), first.affected_rows), ("MERGE", Some(2)));
    let second = run(warehouse, "c-merge-2", script).await.unwrap();
    assert_eq!(second.affected_rows, Some(0));
    let rides = warehouse.table_info("c_merge", "rides").await.unwrap();
    assert_eq!(rides.rows, Some(2));
    assert_eq!(rides.columns[0].description.as_deref(), Some("what makes a ride one"));
    assert_eq!((rides.columns[0].data_type.as_str(), rides.columns[1].mode), ("BYTES", Mode::Required));
    assert_eq!(rides.partition_by.as_deref().map(|by| by.replace(' ', "")), Some("DATE(seen)".into()));
    assert_eq!(rides.cluster_by, ["ride"]);
    let key =
        run(warehouse, "", "SELECT TO_HEX(row_key) AS k FROM c_merge.rides WHERE ride = 'a'").await.unwrap();
    assert_eq!(
        key.rows[0]["k"],
        json!("cbf06dfd0256badf988b7b4b76872a62"),
        "md5 of `a2021-01-01 00:30:00+00`"
    );
    let full = "MERGE c_merge.rides T USING c_merge.rides_new S ON T.ride = S.ride AND S.ride = 'a' \
                WHEN MATCHED THEN UPDATE SET fare = S.fare + 1 WHEN NOT MATCHED BY SOURCE THEN DELETE \
                WHEN NOT MATCHED BY TARGET AND S.ride = 'b' THEN INSERT ROW";
    assert_eq!(run(warehouse, "", full).await.unwrap().affected_rows, Some(3));
    let null = run(warehouse, "", "INSERT c_merge.rides (ride) VALUES (NULL)").await.unwrap_err();
    assert!(matches!(null, WarehouseError::InvalidQuery { .. }), "{null}");
    for (sql, changed) in [
        ("UPDATE c_merge.rides SET fare = fare / 2 WHERE ride = 'a'", 1),
        ("DELETE FROM c_merge.rides WHERE TRUE", 2),
        ("INSERT INTO c_merge.rides (ride, fare) VALUES ('z', 1.5), ('y', NULL)", 2),
    ] {
        assert_eq!(run(warehouse, "", sql).await.unwrap().affected_rows, Some(changed), "{sql}");
    }
    let unguarded = run(warehouse, "", "DELETE FROM c_merge.rides").await.unwrap_err().to_string();
    assert!(unguarded.contains("must have a WHERE clause"), "{unguarded}");
}

/// A job with the same id runs once.
async fn a_job_runs_once(warehouse: &dyn Warehouse) {
    dataset(warehouse, "c_job").await;
    run(warehouse, "", "CREATE TABLE c_job.t (x INT64)").await.unwrap();
    let insert = "INSERT INTO c_job.t (x) VALUES (1)";
    let first = run(warehouse, "c-job-1", insert).await.unwrap();
    let second = run(warehouse, "c-job-1", insert).await.unwrap();
    assert!(!first.from_record && second.from_record);
    assert_eq!((first.affected_rows, second.affected_rows), (Some(1), Some(1)));
    assert_eq!(warehouse.table_info("c_job", "t").await.unwrap().rows, Some(1));
    let other = run(warehouse, "c-job-1", "INSERT INTO c_job.t (x) VALUES (2)").await.unwrap();
    assert!(other.from_record, "a later delivery may render another text, and is still the same job");
    assert_eq!(warehouse.table_info("c_job", "t").await.unwrap().rows, Some(1));
    let half = "INSERT INTO c_job.t (x) VALUES (2); SELECT 1 / 0";
    assert!(run(warehouse, "c-job-2", half).await.is_err());
    assert!(run(warehouse, "c-job-2", half).await.is_err());
    assert_eq!(
        warehouse.table_info("c_job", "t").await.unwrap().rows,
        Some(2),
        "the first statement ran once"
    );
}

/// The error about an unreadable file names the file and the row, and nothing is written.
async fn bad_sources_change_nothing(warehouse: &dyn Warehouse, objects: &dyn PutObject) {
    dataset(warehouse, "c_bad").await;
    let define = |uri: &str| {
        format!(
            "CREATE OR REPLACE EXTERNAL TABLE c_bad.e (a INT64, b STRING, c NUMERIC) OPTIONS (format = 'CSV', uris = \
             ['{uri}'], skip_leading_rows = 1)"
        )
    };
    run(warehouse, "", "CREATE TABLE c_bad.t (a INT64, b STRING, c NUMERIC)").await.unwrap();
    objects.put("gs://c_bucket/cut.csv", b"a,b,c\n1,x,1\n2,y,2\n3,z").await;
    objects.put("gs://c_bucket/float.csv", b"a,b,c\n1,x,1\n2.5,y,2\n").await;
    objects.put("gs://c_bucket/text.csv", b"a,b,c\n1,x,1\n2,y,two\n").await;
    for (uri, row, says) in [
        ("gs://c_bucket/cut.csv", 4, "line contains only 2 columns"),
        ("gs://c_bucket/float.csv", 3, "Could not parse '2.5' as INT64"),
        ("gs://c_bucket/text.csv", 3, "two"),
    ] {
        run(warehouse, "", &define(uri)).await.unwrap();
        let error = run(warehouse, "", "INSERT INTO c_bad.t SELECT * FROM c_bad.e").await.unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
        let WarehouseError::BadData { file, row: found, .. } = error else { panic!("not BadData: {error}") };
        assert_eq!((file.as_deref(), found), (Some(uri), Some(row)));
    }
    run(warehouse, "", &define("gs://c_bucket/none.csv")).await.unwrap();
    let error =
        run(warehouse, "", "INSERT INTO c_bad.t SELECT * FROM c_bad.e").await.unwrap_err().to_string();
    assert!(error.contains("Not found: URI gs://c_bucket/none.csv"), "{error}");
    assert_eq!(warehouse.table_info("c_bad", "t").await.unwrap().rows, Some(0));
}

/// NUMERIC keeps all its digits.
async fn numeric_is_exact(warehouse: &dyn Warehouse, objects: &dyn PutObject) {
    dataset(warehouse, "c_num").await;
    objects.put("gs://c_bucket/num.csv", b"n\n0.1\n0.2\n1.0000000005\n-1.0000000005\n\"\"\n").await;
    objects.put("gs://c_bucket/big.csv", b"n\n12345678901234567890.123456789\n").await;
    objects.put("gs://c_bucket/huge.csv", b"n\n999999999999999999999999999999999\n").await;
    let define = |key: &str| {
        format!(
            "CREATE OR REPLACE EXTERNAL TABLE c_num.e (n NUMERIC) OPTIONS (format = 'CSV', uris = \
             ['gs://c_bucket/{key}.csv'], skip_leading_rows = 1)"
        )
    };
    run(warehouse, "", "CREATE TABLE c_num.t (n NUMERIC)").await.unwrap();
    run(warehouse, "", &format!("{}; INSERT INTO c_num.t SELECT n FROM c_num.e", define("num")))
        .await
        .unwrap();
    run(warehouse, "", &format!("{}; INSERT INTO c_num.t SELECT n FROM c_num.e", define("big")))
        .await
        .unwrap();
    let sorted = "SELECT CAST(t.n AS STRING) AS text FROM c_num.t ORDER BY t.n";
    let rows = run(warehouse, "", sorted).await.unwrap().rows;
    let texts: Vec<&serde_json::Value> = rows.iter().map(|row| &row["text"]).collect();
    assert_eq!(
        texts,
        [
            &json!(null),
            &json!("-1.000000001"),
            &json!("0.1"),
            &json!("0.2"),
            &json!("1.000000001"),
            &json!("12345678901234567890.123456789")
        ]
    );
    let sum = "SELECT CAST(SUM(n) AS STRING) AS s FROM c_num.t WHERE n IN (CAST('0.1' AS NUMERIC), CAST('0.2' AS NUMERIC))";
    assert_eq!(run(warehouse, "", sum).await.unwrap().rows[0]["s"], "0.3");
    let error =
        run(warehouse, "", &format!("{}; INSERT INTO c_num.t SELECT n FROM c_num.e", define("huge"))).await;
    assert!(matches!(error, Err(WarehouseError::BadData { .. })), "{error:?}");
    assert_eq!(warehouse.table_info("c_num", "t").await.unwrap().columns[0].data_type, "NUMERIC");
}

/// An error names the dataset, table or file that does not exist.
async fn missing_things_are_named(warehouse: &dyn Warehouse) {
    dataset(warehouse, "c_miss").await;
    run(warehouse, "", "CREATE TABLE c_miss.there (fares INT64)").await.unwrap();
    for (sql, says) in [
        ("SELECT * FROM `p.c_miss.gone`", "Not found: Table p:c_miss.gone was not found"),
        ("SELECT * FROM c_nowhere.t", "c_nowhere was not found"),
        ("SELECT fare FROM c_miss.there", "Unrecognized name: fare at [1:8]"),
        ("SELECT FROM WHERE", "Syntax error"),
        ("SELECT no_such_thing(1)", "Function not found: NO_SUCH_THING"),
        ("SELECT * FROM gone", "must be qualified with a dataset"),
        ("DROP TABLE c_miss.gone", "Not found: Table"),
    ] {
        let error = run(warehouse, "", sql).await.unwrap_err().to_string();
        assert!(error.contains(says), "{sql}: {error}");
    }
    run(warehouse, "", "DROP TABLE IF EXISTS c_miss.gone").await.unwrap();
    let exists = run(warehouse, "", "CREATE TABLE c_miss.there (x INT64)").await.unwrap_err();
    assert!(matches!(exists, WarehouseError::AlreadyExists { .. }), "{exists}");
}

/// A job writes its rows to the destination, under the job's conditions.
async fn destinations(warehouse: &dyn Warehouse) {
    dataset(warehouse, "c_dest").await;
    let made =
        run(warehouse, "", "CREATE TABLE c_dest.made AS SELECT x FROM UNNEST([1, 2, 3]) AS x").await.unwrap();
    assert_eq!((made.affected_rows, made.statement_kind.as_str()), (Some(3), "CREATE_TABLE_AS_SELECT"));
    let job = |write: Option<WriteDisposition>| QueryJob {
        sql: "SELECT 1 AS x, 'a' AS y".into(),
        destination_table: Some("p.c_dest.t".into()),
        write_disposition: write,
        ..QueryJob::default()
    };
    let first = warehouse.query(job(None)).await.unwrap();
    assert_eq!(first.destination_table.map(|table| table.table), Some("t".into()));
    assert!(warehouse.query(job(Some(WriteDisposition::WriteEmpty))).await.is_err());
    warehouse.query(job(Some(WriteDisposition::WriteAppend))).await.unwrap();
    assert_eq!(warehouse.table_info("c_dest", "t").await.unwrap().rows, Some(2));
    warehouse.query(job(Some(WriteDisposition::WriteTruncate))).await.unwrap();
    assert_eq!(warehouse.table_info("c_dest", "t").await.unwrap().rows, Some(1));
    let dry = QueryJob { dry_run: true, ..job(Some(WriteDisposition::WriteAppend)) };
    assert_eq!(warehouse.query(dry).await.unwrap().schema.len(), 2);
    assert_eq!(warehouse.table_info("c_dest", "t").await.unwrap().rows, Some(1));
    let named = QueryJob {
        sql: "SELECT x FROM t WHERE y = @y".into(),
        default_dataset: Some("c_dest".into()),
        parameters: [("y".to_owned(), json!("a").into())].into(),
        ..QueryJob::default()
    };
    assert_eq!(warehouse.query(named).await.unwrap().total_rows, 1);
}

/// A stream has the rows of the query in their order, also a second time. A reader may stop early.
async fn rows_are_streamed(warehouse: &dyn Warehouse) {
    let job = |id: &str, sql: &str| QueryJob { job_id: id.into(), sql: sql.into(), ..QueryJob::default() };
    let many = "SELECT x, CONCAT('n', CAST(x AS STRING)) AS name FROM UNNEST(GENERATE_ARRAY(1, 3000)) AS x ORDER BY x";
    for is_known in [false, true] {
        let rows = warehouse.stream(job("c-rows-1", many)).await.unwrap();
        assert_eq!((rows.result.statement_kind.as_str(), rows.result.from_record), ("SELECT", is_known));
        let names: Vec<_> = rows.result.schema.iter().map(|column| column.name.as_str()).collect();
        assert_eq!((names, rows.result.rows.len()), (vec!["x", "name"], 0));
        let rows: Vec<_> = rows.stream.try_collect().await.unwrap();
        assert_eq!(rows.len(), 3000);
        assert_eq!(
            json!([rows[0], rows[2999]]),
            json!([{"x": 1, "name": "n1"}, {"x": 3000, "name": "n3000"}])
        );
    }
    // More than a warehouse keeps with the record of a job.
    let large = "SELECT x, REPEAT('0123456789', 100) AS t FROM UNNEST(GENERATE_ARRAY(1, 5000)) AS x";
    let mut rows = warehouse.stream(job("c-rows-2", large)).await.unwrap();
    assert!(rows.stream.next().await.unwrap().is_ok());
    drop(rows);
    let rows = warehouse.stream(job("c-rows-2", large)).await.unwrap();
    assert_eq!(rows.stream.try_fold(0, |count, _| async move { Ok(count + 1) }).await.unwrap(), 5000);
    let limited = QueryJob { max_results: Some(2), ..job("", many) };
    let rows: Vec<_> = warehouse.stream(limited).await.unwrap().stream.try_collect().await.unwrap();
    assert_eq!(rows.len(), 2);
    dataset(warehouse, "c_rows").await;
    let script = "CREATE TABLE c_rows.t AS SELECT 1 AS x; SELECT x + 1 AS y FROM c_rows.t";
    let rows = warehouse.stream(job("", script)).await.unwrap();
    assert_eq!(json!(rows.stream.try_collect::<Vec<_>>().await.unwrap()), json!([{"y": 2}]));
    let made = warehouse.stream(job("", "CREATE TABLE c_rows.u AS SELECT 1 AS x")).await.unwrap();
    assert_eq!(made.result.affected_rows, Some(1));
    assert!(made.stream.try_collect::<Vec<_>>().await.unwrap().is_empty());
    let wrong = warehouse.stream(job("", "SELECT 1 / 0 AS x")).await.unwrap_err().to_string();
    assert!(wrong.contains("division by zero"), "{wrong}");
}
