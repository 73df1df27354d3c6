//! What every warehouse does with whole tables: copies, loads and extracts.

use super::{PutObject, dataset, run};
use crate::warehouse::{
    Column, CopyJob, CsvFormat, ExtractJob, FileFormat, JobSettings, LoadJob, LoadSource, Mode,
    TableReference, Warehouse, WarehouseError, WriteDisposition,
};
use futures::StreamExt as _;
use serde_json::{Value, json};
use std::sync::Arc;

pub(super) async fn all(warehouse: &dyn Warehouse, objects: &dyn PutObject) {
    tables_are_copied(warehouse).await;
    objects_are_loaded_once(warehouse, objects).await;
    types_and_columns_of_files(warehouse, objects).await;
    a_file_of_the_caller_is_loaded(warehouse, objects).await;
    bad_files_add_nothing(warehouse, objects).await;
    rows_become_files(warehouse, objects).await;
}

fn settings(id: &str) -> JobSettings {
    JobSettings { job_id: id.to_owned(), ..JobSettings::default() }
}

fn table(dataset: &str, table: &str) -> TableReference {
    TableReference { project: None, dataset: dataset.to_owned(), table: table.to_owned() }
}

fn column(name: &str, data_type: &str) -> Column {
    Column { name: name.to_owned(), data_type: data_type.to_owned(), ..Column::default() }
}

fn load(id: &str, uri: &str, to: &str, columns: Vec<Column>) -> LoadJob {
    LoadJob {
        settings: settings(id),
        source: LoadSource::Objects(vec![uri.to_owned()]),
        destination: table("c_load", to),
        format: FileFormat::Csv,
        csv: CsvFormat { skip_leading_rows: Some(1), ..CsvFormat::default() },
        columns,
        autodetect: false,
        write_disposition: None,
        create_disposition: None,
        ignore_unknown_values: false,
        max_bad_records: 0,
        decimal_target_types: Vec::new(),
    }
}

async fn rows(warehouse: &dyn Warehouse, table: &str) -> Value {
    let rows = run(warehouse, "", &format!("SELECT * FROM {table} ORDER BY 1")).await.unwrap().rows;
    json!(rows)
}

/// A copy has all rows of its sources. A destination with rows is refused unless the job says otherwise.
async fn tables_are_copied(warehouse: &dyn Warehouse) {
    dataset(warehouse, "c_copy").await;
    let make = "CREATE TABLE c_copy.a AS SELECT 1 AS id; CREATE TABLE c_copy.b AS SELECT 2 AS id";
    run(warehouse, "", make).await.unwrap();
    let job = |id: &str, write: Option<WriteDisposition>| CopyJob {
        settings: settings(id),
        sources: vec![table("c_copy", "a"), table("c_copy", "b")],
        destination: table("c_copy", "c"),
        write_disposition: write,
        ..CopyJob::default()
    };
    for _ in 0..2 {
        assert_eq!(warehouse.copy(job("c-copy-1", None)).await.unwrap().job_id, "c-copy-1");
        assert_eq!(rows(warehouse, "c_copy.c").await, json!([{"id": 1}, {"id": 2}]));
    }
    let filled = warehouse.copy(job("c-copy-2", None)).await.unwrap_err();
    assert!(matches!(filled, WarehouseError::AlreadyExists { .. }), "{filled}");
    warehouse.copy(job("c-copy-3", Some(WriteDisposition::WriteAppend))).await.unwrap();
    assert_eq!(warehouse.table_info("c_copy", "c").await.unwrap().rows, Some(4));
    warehouse.copy(job("c-copy-4", Some(WriteDisposition::WriteTruncate))).await.unwrap();
    assert_eq!(warehouse.table_info("c_copy", "c").await.unwrap().rows, Some(2));
    let lost = CopyJob { sources: vec![table("c_copy", "gone")], ..job("c-copy-5", None) };
    let lost = warehouse.copy(lost).await.unwrap_err();
    assert!(matches!(lost, WarehouseError::NotFound { .. }), "{lost}");
}

/// A load that is asked for twice adds its rows once. The next load adds to them.
async fn objects_are_loaded_once(warehouse: &dyn Warehouse, objects: &dyn PutObject) {
    dataset(warehouse, "c_load").await;
    objects.put("gs://c_bucket/load/1.csv", b"id;zone\n1;x\n").await;
    objects.put("gs://c_bucket/load/2.csv", b"id;zone\n2;\n").await;
    let job = |id: &str, columns: Vec<Column>| {
        let mut job = load(id, "gs://c_bucket/load/*.csv", "zones", columns);
        job.csv.field_delimiter = Some(";".to_owned());
        job
    };
    let columns = || vec![column("id", "INT64"), column("zone", "STRING")];
    for _ in 0..2 {
        assert_eq!(warehouse.load(job("c-load-1", columns())).await.unwrap().rows, 2);
    }
    assert_eq!(
        rows(warehouse, "c_load.zones").await,
        json!([{"id": 1, "zone": "x"}, {"id": 2, "zone": null}])
    );
    // Without columns, those of the destination are meant.
    assert_eq!(warehouse.load(job("c-load-2", Vec::new())).await.unwrap().rows, 2);
    assert_eq!(warehouse.table_info("c_load", "zones").await.unwrap().rows, Some(4));
    let replace =
        LoadJob { write_disposition: Some(WriteDisposition::WriteTruncate), ..job("c-load-3", columns()) };
    warehouse.load(replace).await.unwrap();
    assert_eq!(warehouse.table_info("c_load", "zones").await.unwrap().rows, Some(2));
    assert_eq!(warehouse.list_tables("c_load").await.unwrap().len(), 1, "nothing else is left");
}

/// Types are detected, or declared with their sizes and modes.
async fn types_and_columns_of_files(warehouse: &dyn Warehouse, objects: &dyn PutObject) {
    objects.put("gs://c_bucket/types.csv", b"id,price,day,name\n1,2.5,2024-01-31,x\n2,,2024-02-01,y\n").await;
    let mut detected = load("c-load-4", "gs://c_bucket/types.csv", "types", Vec::new());
    (detected.autodetect, detected.csv.skip_leading_rows) = (true, None);
    assert_eq!(warehouse.load(detected).await.unwrap().rows, 2);
    let types = |info: crate::warehouse::TableInfo| -> Vec<(String, Mode)> {
        info.columns.into_iter().map(|column| (column.data_type, column.mode)).collect()
    };
    let found = types(warehouse.table_info("c_load", "types").await.unwrap());
    let found: Vec<_> = found.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(found, ["INT64", "FLOAT64", "DATE", "STRING"]);
    objects
        .put("gs://c_bucket/nested.json", b"{\"id\": 1, \"at\": {\"x\": 2}, \"tags\": [\"a\", \"b\"]}\n")
        .await;
    let columns = vec![
        column("id", "INT64"),
        column("at", "STRUCT<`x` INT64>"),
        Column { mode: Mode::Repeated, ..column("tags", "STRING") },
    ];
    let nested = LoadJob {
        format: FileFormat::Json,
        ..load("c-load-5", "gs://c_bucket/nested.json", "nested", columns)
    };
    assert_eq!(warehouse.load(nested).await.unwrap().rows, 1);
    assert_eq!(
        rows(warehouse, "c_load.nested").await,
        json!([{"id": 1, "at": {"x": 2}, "tags": ["a", "b"]}])
    );
    let found = types(warehouse.table_info("c_load", "nested").await.unwrap());
    assert_eq!(
        found[1..],
        [("STRUCT<x INT64>".to_owned(), Mode::Nullable), ("STRING".to_owned(), Mode::Repeated)]
    );
}

/// The bytes of a file that the caller reads are the same as those at its address.
async fn a_file_of_the_caller_is_loaded(warehouse: &dyn Warehouse, objects: &dyn PutObject) {
    const FILE: &[u8] = b"id\n1\n2\n3\n";
    objects.put("gs://c_bucket/mine.csv", FILE).await;
    for _ in 0..2 {
        let open = || futures::stream::iter([Ok(bytes::Bytes::from_static(FILE))]).boxed();
        let job = LoadJob {
            source: LoadSource::File { uri: "gs://c_bucket/mine.csv".to_owned(), open: Arc::new(open) },
            ..load("c-load-6", "", "mine", vec![column("id", "INT64")])
        };
        assert_eq!(warehouse.load(job).await.unwrap().rows, 3);
    }
    assert_eq!(warehouse.table_info("c_load", "mine").await.unwrap().rows, Some(3));
}

async fn bad_files_add_nothing(warehouse: &dyn Warehouse, objects: &dyn PutObject) {
    objects.put("gs://c_bucket/bad.csv", b"id\n1\nx\n").await;
    let id = || vec![column("id", "INT64")];
    let bad = warehouse.load(load("c-load-7", "gs://c_bucket/bad.csv", "bad", id())).await.unwrap_err();
    assert!(matches!(bad, WarehouseError::BadData { .. }), "{bad}");
    let none = warehouse.load(load("c-load-8", "gs://c_bucket/none.csv", "bad", id())).await.unwrap_err();
    assert!(matches!(none, WarehouseError::NotFound { .. }), "{none}");
    assert!(warehouse.table_info("c_load", "bad").await.is_err());
}

/// The rows of a table are written in BigQuery's formats.
async fn rows_become_files(warehouse: &dyn Warehouse, objects: &dyn PutObject) {
    dataset(warehouse, "c_out").await;
    // The bucket must exist.
    objects.put("gs://c_bucket/here", b"").await;
    let make = "CREATE TABLE c_out.t AS SELECT 1 AS id, 'a,\"b\"' AS name, TIMESTAMP '2024-01-31 10:00:00 UTC' AS `at`, \
                CAST(NULL AS STRING) AS none";
    run(warehouse, "", make).await.unwrap();
    let job = |id: &str, uri: &str| ExtractJob {
        settings: settings(id),
        source: table("c_out", "t"),
        uris: vec![uri.to_owned()],
        print_header: true,
        ..ExtractJob::default()
    };
    for _ in 0..2 {
        let done = warehouse.extract(job("c-out-1", "gs://c_bucket/out/x-*.csv")).await.unwrap();
        assert_eq!((done.job_id.as_str(), done.file_counts), ("c-out-1", vec![1]));
    }
    let csv = objects.get("gs://c_bucket/out/x-000000000000.csv").await;
    assert_eq!(csv, b"id,name,at,none\n1,\"a,\"\"b\"\"\",2024-01-31 10:00:00 UTC,\n");
    let lines = ExtractJob { format: FileFormat::Json, ..job("c-out-2", "gs://c_bucket/out/y.json") };
    warehouse.extract(lines).await.unwrap();
    let json = objects.get("gs://c_bucket/out/y.json").await;
    assert!(json.starts_with(b"{\"id\":") && !json.windows(4).any(|text| text == b"none"), "{json:?}");
    let packed =
        ExtractJob { compression: Some("GZIP".to_owned()), ..job("c-out-3", "gs://c_bucket/out/z.csv.gz") };
    warehouse.extract(packed).await.unwrap();
    assert!(objects.get("gs://c_bucket/out/z.csv.gz").await.starts_with(&[0x1f, 0x8b]));
    let lost = ExtractJob { source: table("c_out", "gone"), ..job("c-out-4", "gs://c_bucket/out/gone") };
    let lost = warehouse.extract(lost).await.unwrap_err();
    assert!(matches!(lost, WarehouseError::NotFound { .. }), "{lost}");
}
