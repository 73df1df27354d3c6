//! Loads of files as Google's clients send them: compressed without a name, with unknown fields, with decimals.

use super::super::DuckDbWarehouse;
use flate2::Compression;
use flate2::write::GzEncoder;
use segue_ports::warehouse::{
    Column, CopyJob, FileFormat, LoadJob, LoadSource, QueryJob, TableReference, Warehouse as _,
    WarehouseError, WriteDisposition,
};
use serde_json::{Value, json};
use std::io::Write as _;
use tempfile::TempDir;

struct World {
    warehouse: DuckDbWarehouse,
    folder: TempDir,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let objects = folder.path().join("objects");
        std::fs::create_dir_all(objects.join("bkt")).unwrap();
        let world =
            Self { warehouse: DuckDbWarehouse::open(&folder.path().join("w.duckdb"), &objects), folder };
        world.query("CREATE SCHEMA d").await;
        world
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.folder.path().join("objects/bkt").join(name), bytes).unwrap();
    }

    async fn query(&self, sql: &str) -> Value {
        let job = QueryJob { sql: sql.to_owned(), ..QueryJob::default() };
        json!(self.warehouse.query(job).await.unwrap().rows)
    }

    async fn types(&self, name: &str) -> Vec<String> {
        let info = self.warehouse.table_info("d", name).await.unwrap();
        info.columns.into_iter().map(|column| column.data_type).collect()
    }
}

fn packed(text: &str) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(text.as_bytes()).unwrap();
    packed.finish().unwrap()
}

fn table(name: &str) -> TableReference {
    TableReference { project: None, dataset: "d".to_owned(), table: name.to_owned() }
}

fn load(pattern: &str, to: &str, format: FileFormat) -> LoadJob {
    LoadJob {
        settings: Default::default(),
        source: LoadSource::Objects(vec![format!("gs://bkt/{pattern}")]),
        destination: table(to),
        format,
        csv: Default::default(),
        columns: Vec::new(),
        autodetect: false,
        write_disposition: None,
        create_disposition: None,
        ignore_unknown_values: false,
        max_bad_records: 0,
        decimal_target_types: Vec::new(),
    }
}

#[tokio::test]
async fn files_are_uncompressed_by_their_content() {
    let world = World::new().await;
    world.put("upload1", &packed("{\"id\": 1}\n"));
    world.put("upload2", b"{\"id\": 2}\n");
    world.query("CREATE TABLE d.ids (id INT64)").await;
    world.warehouse.load(load("upload*", "ids", FileFormat::Json)).await.unwrap();
    assert_eq!(world.query("SELECT id FROM d.ids ORDER BY id").await, json!([{"id": 1}, {"id": 2}]));
    world.put("csv", &packed("id,name\n1,x\n2,\n"));
    let detected = LoadJob { autodetect: true, ..load("csv", "detected", FileFormat::Csv) };
    world.warehouse.load(detected).await.unwrap();
    assert_eq!(
        world.query("SELECT * FROM d.detected ORDER BY id").await,
        json!([{"id": 1, "name": "x"}, {"id": 2, "name": null}])
    );
    let wrong = LoadJob {
        columns: vec![Column { name: "id".into(), data_type: "INT64".into(), ..Column::default() }],
        ..load("csv", "wrong", FileFormat::Csv)
    };
    let error = world.warehouse.load(wrong).await.unwrap_err();
    assert!(error.to_string().contains("gs://bkt/csv"), "{error}");
}

#[tokio::test]
async fn json_has_the_columns_of_the_destination() {
    let world = World::new().await;
    world.query("CREATE TABLE d.t (id INT64, s STRUCT<x INT64>, l ARRAY<STRUCT<y STRING>>, j JSON)").await;
    world.put("ok", br#"{"id": 1, "s": {"x": 2}, "l": [{"y": "a"}], "j": {"any": [1]}}"#);
    world.warehouse.load(load("ok", "t", FileFormat::Json)).await.unwrap();
    for (line, field) in [
        (r#"{"id": 2, "new": 1}"#, "new"),
        (r#"{"id": 2, "s": {"x": 1, "z": 1}}"#, "s.z"),
        (r#"{"id": 2, "l": [{"y": "a"}, {"q": 1}]}"#, "l.q"),
    ] {
        world.put("more", line.as_bytes());
        let error = world.warehouse.load(load("more", "t", FileFormat::Json)).await.unwrap_err();
        assert!(
            error.to_string().contains("gs://bkt/more")
                && error.to_string().contains(&format!("No such field: {field}.")),
            "{error}"
        );
    }
    let lenient = LoadJob { ignore_unknown_values: true, ..load("more", "t", FileFormat::Json) };
    world.warehouse.load(lenient).await.unwrap();
    assert_eq!(world.query("SELECT COUNT(*) AS n FROM d.t").await, json!([{"n": 2}]));
}

#[tokio::test]
async fn a_file_that_is_no_json_is_named_with_its_line() {
    let world = World::new().await;
    world.query("CREATE TABLE d.t (id INT64)").await;
    world.put("bad", b"{\"id\": 1}\n{\"id\": }\n");
    let error = world.warehouse.load(load("bad", "t", FileFormat::Json)).await.unwrap_err();
    let WarehouseError::BadData { file, row, message, .. } = &error else { panic!("{error}") };
    assert_eq!((file.as_deref(), *row), (Some("gs://bkt/bad"), Some(2)), "{error}");
    assert!(message.starts_with("JSON parsing error") && !message.contains("objects"), "{error}");
}

#[tokio::test]
async fn decimals_of_parquet_become_the_allowed_type() {
    let world = World::new().await;
    let file = world.folder.path().join("objects/bkt/own.parquet");
    let rows = "SELECT 1.25::DECIMAL(10,2) AS price, 0.0000000001::DECIMAL(38,10) AS big";
    let copy = format!("COPY ({rows}) TO '{}' (FORMAT parquet)", file.display());
    duckdb::Connection::open_in_memory().unwrap().execute_batch(&copy).unwrap();
    world.query("CREATE TABLE d.own (price NUMERIC(10, 2), big BIGNUMERIC)").await;
    let with = |to: &str, targets: &[&str]| LoadJob {
        decimal_target_types: targets.iter().map(|target| (*target).to_owned()).collect(),
        ..load("own.parquet", to, FileFormat::Parquet)
    };
    world.warehouse.load(with("both", &["NUMERIC", "BIGNUMERIC"])).await.unwrap();
    assert_eq!(world.types("both").await, ["NUMERIC", "BIGNUMERIC"]);
    world.warehouse.load(with("texts", &["STRING"])).await.unwrap();
    assert_eq!(world.query("SELECT * FROM d.texts").await, json!([{"price": "1.25", "big": "0.0000000001"}]));
    let narrow = world.warehouse.load(with("narrow", &[])).await.unwrap_err();
    assert!(narrow.to_string().contains("out of the range of NUMERIC"), "{narrow}");
    // A table that exists has its own types.
    world.warehouse.load(with("own", &[])).await.unwrap();
    assert_eq!(world.types("own").await, ["NUMERIC(10, 2)", "BIGNUMERIC"]);
    assert_eq!(
        world.query("SELECT CAST(big AS STRING) AS n FROM d.own").await,
        json!([{"n": "0.0000000001"}])
    );
    let unknown = world.warehouse.load(with("x", &["FLOAT64"])).await.unwrap_err();
    assert!(unknown.to_string().contains("FLOAT64"), "{unknown}");
}

#[tokio::test]
async fn loads_keep_all_digits_of_a_bignumeric() {
    let world = World::new().await;
    world.put("big.csv", b"578960446186580977117854925043439539266.25\n1e-38\n\n");
    world.put("big.json", b"{\"n\": \"578960446186580977117854925043439539266.25\"}\n{\"n\": 1.5}\n{}\n");
    world.put("bad.csv", b"1x\n");
    for (format, name, wanted) in [
        (FileFormat::Csv, "csv", "0.00000000000000000000000000000000000001"),
        (FileFormat::Json, "json", "1.5"),
    ] {
        world.query(&format!("CREATE TABLE d.{name} (n BIGNUMERIC)")).await;
        world.warehouse.load(load(&format!("big.{name}"), name, format)).await.unwrap();
        assert_eq!(
            world.query(&format!("SELECT CAST(t.n AS STRING) AS n FROM d.{name} AS t ORDER BY t.n")).await,
            json!([{"n": null}, {"n": wanted}, {"n": "578960446186580977117854925043439539266.25"}])
        );
    }
    let bad = world.warehouse.load(load("bad.csv", "csv", FileFormat::Csv)).await.unwrap_err();
    assert!(bad.to_string().contains("as BIGNUMERIC for field n (position 0)"), "{bad}");
    // DuckDB's reader makes a double of a number before it makes a decimal.
    world.put("long.json", b"{\"n\": 1.5, \"m\": 1234567890.1234567890}\n{\"n\": 1234567890.1234567890}\n");
    world.query("CREATE TABLE d.long (n NUMERIC, m FLOAT64)").await;
    let long = world.warehouse.load(load("long.json", "long", FileFormat::Json)).await.unwrap_err();
    assert!(long.to_string().contains("1234567890.1234567890 of the field n"), "{long}");
    assert_eq!(world.query("SELECT * FROM d.long").await, json!([]));
    world
        .put("long.json", b"{\"n\": \"1234567890.123456789\", \"m\": 1234567890.1234567890}\n{\"n\": 0.1}\n");
    world.warehouse.load(load("long.json", "long", FileFormat::Json)).await.unwrap();
    assert_eq!(
        world.query("SELECT CAST(n AS STRING) AS n FROM d.long ORDER BY n").await,
        json!([{"n": "0.1"}, {"n": "1234567890.123456789"}])
    );
    let file = world.folder.path().join("objects/bkt/n.parquet");
    let copy = format!("COPY (SELECT 2::DECIMAL(10,2) AS n) TO '{}' (FORMAT parquet)", file.display());
    duckdb::Connection::open_in_memory().unwrap().execute_batch(&copy).unwrap();
    world.query("CREATE TABLE d.parquet (n BIGNUMERIC)").await;
    world.warehouse.load(load("n.parquet", "parquet", FileFormat::Parquet)).await.unwrap();
    assert_eq!(world.query("SELECT n FROM d.parquet").await, json!([{"n": 2}]));
}

#[tokio::test]
async fn loads_and_queries_write_into_one_partition() {
    let world = World::new().await;
    world.query("CREATE TABLE d.arrived (n INT64) PARTITION BY _PARTITIONDATE").await;
    world.put("n.csv", b"1\n2\n");
    let rows = "SELECT CAST(_PARTITIONDATE AS STRING) AS day, n FROM d.arrived ORDER BY day, n";
    let first = || load("n.csv", "arrived$20210101", FileFormat::Csv);
    world.warehouse.load(first()).await.unwrap();
    let into = |partition: &str, sql: &str, disposition: WriteDisposition| {
        let job = QueryJob {
            sql: sql.to_owned(),
            destination_table: Some(format!("d.arrived${partition}")),
            write_disposition: Some(disposition),
            ..QueryJob::default()
        };
        world.warehouse.query(job)
    };
    into("20210102", "SELECT 3 AS n", WriteDisposition::WriteEmpty).await.unwrap();
    let day = |day: &str, n: i64| json!({"day": day, "n": n});
    let both = [day("2021-01-01", 1), day("2021-01-01", 2), day("2021-01-02", 3)];
    assert_eq!(world.query(rows).await, json!(both));
    // Only the partition is replaced.
    world.put("n.csv", b"4\n");
    let replaced = LoadJob { write_disposition: Some(WriteDisposition::WriteTruncate), ..first() };
    world.warehouse.load(replaced).await.unwrap();
    into("20210102", "SELECT 5 AS n", WriteDisposition::WriteAppend).await.unwrap();
    let rest = [day("2021-01-01", 4), day("2021-01-02", 3), day("2021-01-02", 5)];
    assert_eq!(world.query(rows).await, json!(rest));
    let full = into("20210102", "SELECT 6 AS n", WriteDisposition::WriteEmpty).await.unwrap_err();
    assert!(full.to_string().contains("d.arrived$20210102"), "{full}");
    let wrong = into("2021", "SELECT 6 AS n", WriteDisposition::WriteAppend).await.unwrap_err();
    assert!(wrong.to_string().contains("write 8 digits"), "{wrong}");
    assert_eq!(world.query(rows).await, json!(rest));
}

#[tokio::test]
async fn a_copy_keeps_the_partitions_of_its_source() {
    let world = World::new().await;
    world.query("CREATE TABLE d.days (day DATE, n INT64) PARTITION BY day CLUSTER BY n OPTIONS(description='own')").await;
    world.query("INSERT INTO d.days VALUES (DATE '2021-01-01', 1), (DATE '2021-01-02', 2)").await;
    world.query("CREATE TABLE d.arrived (n INT64) PARTITION BY _PARTITIONDATE").await;
    world.query("INSERT INTO d.arrived (_PARTITIONTIME, n) VALUES (TIMESTAMP '2021-01-01', 1)").await;
    world.query("CREATE VIEW d.seen AS SELECT n FROM d.days").await;
    let copy = |from: &str, to: &str, disposition: Option<WriteDisposition>| {
        let job = CopyJob {
            sources: vec![table(from)],
            destination: table(to),
            write_disposition: disposition,
            ..CopyJob::default()
        };
        world.warehouse.copy(job)
    };
    assert_eq!(copy("days", "same", None).await.unwrap().rows, Some(2));
    let info = world.warehouse.table_info("d", "same").await.unwrap();
    assert_eq!((info.partition_by.as_deref(), info.cluster_by), (Some("day"), vec!["n".to_owned()]));
    assert_eq!(info.description.as_deref(), Some("own"));
    // The time when a row arrived is copied too.
    copy("arrived", "same", Some(WriteDisposition::WriteTruncate)).await.unwrap();
    assert_eq!(
        world.query("SELECT CAST(_PARTITIONTIME AS STRING) AS t, n FROM d.same").await,
        json!([{"t": "2021-01-01 00:00:00+00", "n": 1}])
    );
    let info = world.warehouse.table_info("d", "same").await.unwrap();
    assert_eq!(info.cluster_by, Vec::<String>::new());
    // A table with rows keeps them.
    assert!(copy("days", "same", None).await.is_err());
    copy("arrived", "same", Some(WriteDisposition::WriteAppend)).await.unwrap();
    assert_eq!(world.query("SELECT COUNT(*) AS n FROM d.same").await, json!([{"n": 2}]));
    // A view has no partitions, and its rows are copied.
    assert_eq!(copy("seen", "rows", None).await.unwrap().rows, Some(2));
    let job = QueryJob { sql: "CREATE TABLE d.x COPY d.seen".to_owned(), ..QueryJob::default() };
    let refused = world.warehouse.query(job).await.unwrap_err();
    assert!(refused.to_string().contains("d.seen is no table, so it cannot be copied"), "{refused}");
}

#[tokio::test]
async fn export_data_writes_files_that_load_data_reads() {
    let world = World::new().await;
    let run = async |sql: &str| {
        let job = QueryJob { sql: sql.to_owned(), ..QueryJob::default() };
        world.warehouse.query(job).await.map_err(|error| error.to_string())
    };
    let rows =
        "SELECT 1 AS id, 'a;b' AS name, DATE '2024-01-31' AS day UNION ALL SELECT 2, NULL, DATE '2024-02-01'";
    for (format, options) in [
        ("CSV", "header = true, field_delimiter = ';', compression = 'GZIP'"),
        ("JSON", "overwrite = false"),
        ("PARQUET", "compression = 'SNAPPY'"),
    ] {
        let folder = format.to_lowercase();
        let export = format!(
            "EXPORT DATA OPTIONS (uri = 'gs://bkt/{folder}/t-*', format = '{format}', {options}) AS {rows}"
        );
        let done = run(&export).await.unwrap();
        assert_eq!((done.statement_kind.as_str(), done.total_rows), ("EXPORT_DATA", 2));
        let again = run(&export).await.unwrap_err();
        assert!(again.contains("Already exists") && again.contains("overwrite"), "{again}");
        run(&export
            .replace("format =", "overwrite = true, format =")
            .replace("overwrite = false", "header = true"))
        .await
        .unwrap();
        let delimiter = if format == "CSV" { ", field_delimiter = ';'" } else { "" };
        let files = format!("FROM FILES (format = '{format}', uris = ['gs://bkt/{folder}/t-*']{delimiter})");
        let load = format!("LOAD DATA INTO d.{folder} PARTITION BY day CLUSTER BY id {files}");
        let done = run(&load).await.unwrap();
        assert_eq!((done.statement_kind.as_str(), done.affected_rows), ("LOAD_DATA", Some(2)), "{format}");
        let found = world.query(&format!("SELECT * FROM d.{folder} ORDER BY id")).await;
        let expected = json!([
            {"id": 1, "name": "a;b", "day": "2024-01-31"}, {"id": 2, "name": null, "day": "2024-02-01"}
        ]);
        assert_eq!(found, expected, "{format}");
        let info = world.warehouse.table_info("d", &folder).await.unwrap();
        assert_eq!((info.partition_by.as_deref(), info.cluster_by.len()), (Some("day"), 1));
        let skip = if format == "CSV" { "skip_leading_rows = 1, " } else { "" };
        let files = files.replace("uris =", &format!("{skip}uris ="));
        run(&format!("LOAD DATA INTO d.{folder} {files}")).await.unwrap();
        run(&format!("BEGIN LOAD DATA INTO d.{folder} {files}; END")).await.unwrap();
        assert_eq!(world.query(&format!("SELECT COUNT(*) AS n FROM d.{folder}")).await, json!([{"n": 6}]));
        run(&format!("LOAD DATA OVERWRITE d.{folder} (id INT64, name STRING, day STRING) {files}"))
            .await
            .unwrap();
        assert_eq!(world.types(&folder).await, ["INT64", "STRING", "STRING"]);
        assert_eq!(world.query(&format!("SELECT COUNT(*) AS n FROM d.{folder}")).await, json!([{"n": 2}]));
    }
    assert_eq!(world.warehouse.list_tables("d").await.unwrap().len(), 3, "nothing else is left");
}

#[tokio::test]
async fn a_load_or_export_that_is_delivered_again_takes_effect_once() {
    let world = World::new().await;
    let job =
        |id: &str, sql: &str| QueryJob { job_id: id.to_owned(), sql: sql.to_owned(), ..QueryJob::default() };
    let export = job("export", "EXPORT DATA OPTIONS (uri = 'gs://bkt/o-*.csv') AS SELECT 7 AS id");
    let load =
        job("load", "LOAD DATA INTO d.t (id INT64) FROM FILES (format = 'CSV', uris = ['gs://bkt/o-*.csv'])");
    for _ in 0..2 {
        world.warehouse.query(export.clone()).await.unwrap();
        world.warehouse.query(load.clone()).await.unwrap();
    }
    assert_eq!(world.query("SELECT id FROM d.t").await, json!([{"id": 7}]));
}

#[tokio::test]
async fn wrong_loads_and_exports_are_refused() {
    let world = World::new().await;
    world.query("CREATE VIEW d.v AS SELECT 1 AS x").await;
    for (sql, part) in [
        ("EXPORT DATA OPTIONS (uri = 'gs://bkt/x.csv') AS SELECT 1 AS x", "must be a wildcard URI"),
        ("EXPORT DATA OPTIONS (uri = 'gs://nowhere/x-*') AS SELECT 1 AS x", "nowhere"),
        ("EXPORT DATA OPTIONS (uri = 'gs://bkt/../x-*') AS SELECT 1 AS x", ".."),
        ("EXPORT DATA OPTIONS (uri = 'gs://bkt/x-*', format = 'AVRO') AS SELECT 1 AS x", "AVRO"),
        ("EXPORT DATA OPTIONS (uri = 'gs://bkt/x-*', colour = 1) AS SELECT 1 AS x", "Unknown option: colour"),
        ("EXPORT DATA WITH CONNECTION c OPTIONS (uri = 'gs://bkt/x-*') AS SELECT 1 AS x", "WITH CONNECTION"),
        ("LOAD DATA INTO d.t FROM FILES (format = 'CSV', uris = ['gs://bkt/none*'])", "gs://bkt/none*"),
        ("LOAD DATA INTO d.v FROM FILES (format = 'CSV', uris = ['gs://bkt/none*'])", "is a VIEW"),
        ("LOAD DATA INTO TEMP TABLE t FROM FILES (format = 'CSV', uris = ['gs://bkt/x'])", "temporary table"),
        ("LOAD DATA INTO d.t FROM FILES (format = 'ORC', uris = ['gs://bkt/x'])", "Unsupported format: ORC"),
        (
            "LOAD DATA INTO nope.t FROM FILES (format = 'CSV', uris = ['gs://bkt/x'])",
            "Dataset nope was not found",
        ),
    ] {
        let job = QueryJob { sql: sql.to_owned(), ..QueryJob::default() };
        let error = world.warehouse.query(job).await.unwrap_err().to_string();
        assert!(error.contains(part), "{sql}: {error}");
    }
    assert_eq!(world.warehouse.list_tables("d").await.unwrap().len(), 1, "nothing is left");
}
