//! Tests of INFORMATION_SCHEMA and `__TABLES__`.

use super::DuckDbWarehouse;
use segue_ports::warehouse::{QueryJob, Warehouse as _};
use serde_json::{Value, json};

const SCRIPT: &str = "
CREATE SCHEMA d OPTIONS (description = 'the \\'data\\'', location = 'EU');
CREATE SCHEMA other;
CREATE TABLE d.Trips (id INT64 NOT NULL OPTIONS (description = 'the key'), began TIMESTAMP, fare NUMERIC DEFAULT 1,
  stops ARRAY<STRUCT<zone STRING, p STRUCT<x FLOAT64>>>)
  PARTITION BY DATE(began) CLUSTER BY fare OPTIONS (description = 'all trips', require_partition_filter = FALSE, labels = [('a', 'b')]);
INSERT INTO d.Trips (id, began) VALUES (1, '2024-01-31'), (2, '2024-01-31 23:00:00'), (3, NULL);
CREATE VIEW d.Recent AS SELECT id,  began FROM d.Trips;
CREATE FUNCTION d.Twice(x INT64) AS (x  * 2);
CREATE PROCEDURE d.Nothing() BEGIN SELECT 1; END;";

async fn warehouse(folder: &std::path::Path) -> DuckDbWarehouse {
    let warehouse = DuckDbWarehouse::open(&folder.join("warehouse.duckdb"), folder);
    let job = QueryJob { sql: SCRIPT.into(), ..QueryJob::default() };
    warehouse.query(job).await.unwrap();
    warehouse
}

/// The types of the columns, and the rows as lists.
async fn rows(warehouse: &DuckDbWarehouse, sql: &str) -> Value {
    let job = QueryJob { sql: sql.into(), project: Some("p".into()), ..QueryJob::default() };
    let result = warehouse.query(job).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    let rows = result.rows.into_iter().map(|row| row.into_iter().map(|(_, value)| value).collect());
    Value::Array(rows.collect())
}

#[tokio::test]
async fn views_describe_tables_as_bigquery_does() {
    let folder = tempfile::tempdir().unwrap();
    let warehouse = warehouse(folder.path()).await;
    for (sql, expected) in [
        (
            "SELECT * FROM `p.d.__TABLES__` ORDER BY table_id",
            json!([["p", "d", "Recent", 0, 0, 2], ["p", "d", "Trips", 3, 120, 1]]),
        ),
        (
            "SELECT table_catalog, table_name, table_type, is_insertable_into FROM d.INFORMATION_SCHEMA.TABLES ORDER BY 2",
            json!([["p", "Recent", "VIEW", "NO"], ["p", "Trips", "BASE TABLE", "YES"]]),
        ),
        (
            "SELECT column_name, ordinal_position, is_nullable, data_type, is_partitioning_column, clustering_ordinal_position, \
             column_default IS NULL FROM d.INFORMATION_SCHEMA.COLUMNS WHERE table_name = 'Trips' ORDER BY ordinal_position",
            json!([
                ["id", 1, "NO", "INT64", "NO", null, false],
                ["began", 2, "YES", "TIMESTAMP", "YES", null, false],
                ["fare", 3, "YES", "NUMERIC", "NO", 1, false],
                ["stops", 4, "YES", "ARRAY<STRUCT<zone STRING, p STRUCT<x FLOAT64>>>", "NO", null, false],
            ]),
        ),
        (
            "SELECT field_path, data_type, description FROM d.INFORMATION_SCHEMA.COLUMN_FIELD_PATHS \
             WHERE table_name = 'Trips' AND column_name IN ('id', 'stops') ORDER BY field_path",
            json!([
                ["id", "INT64", "the key"],
                ["stops", "ARRAY<STRUCT<zone STRING, p STRUCT<x FLOAT64>>>", null],
                ["stops.p", "STRUCT<x FLOAT64>", null],
                ["stops.p.x", "FLOAT64", null],
                ["stops.zone", "STRING", null],
            ]),
        ),
        (
            "SELECT option_name, option_type, option_value FROM d.INFORMATION_SCHEMA.TABLE_OPTIONS ORDER BY 1",
            json!([
                ["description", "STRING", "\"all trips\""],
                ["labels", "ARRAY<STRUCT<STRING, STRING>>", "[STRUCT(\"a\", \"b\")]"],
                ["require_partition_filter", "BOOL", "false"],
            ]),
        ),
        (
            "SELECT table_name, partition_id, total_rows FROM d.INFORMATION_SCHEMA.PARTITIONS ORDER BY 2",
            json!([["Trips", "20240131", 2], ["Trips", "__NULL__", 1]]),
        ),
        (
            "SELECT table_name, view_definition FROM d.INFORMATION_SCHEMA.VIEWS",
            json!([["Recent", "SELECT id,  began FROM d.Trips"]]),
        ),
        (
            "SELECT routine_schema, routine_name, routine_type, data_type, routine_definition FROM d.INFORMATION_SCHEMA.ROUTINES ORDER BY 2",
            json!([
                ["d", "Nothing", "PROCEDURE", null, "SELECT 1; "],
                ["d", "Twice", "FUNCTION", "INT64", "x  * 2"]
            ]),
        ),
        (
            "SELECT schema_name, location, creation_time <= CURRENT_TIMESTAMP() FROM `region-eu`.INFORMATION_SCHEMA.SCHEMATA ORDER BY 1",
            json!([["d", "EU", true], ["other", "US", true]]),
        ),
        (
            "SELECT option_name, option_value FROM INFORMATION_SCHEMA.SCHEMATA_OPTIONS WHERE schema_name = 'd' ORDER BY 1",
            json!([["description", "\"the 'data'\""], ["location", "\"EU\""]]),
        ),
        (
            "SELECT project_id, table_catalog, table_name, total_rows FROM `region-us`.INFORMATION_SCHEMA.TABLE_STORAGE",
            json!([["p", "p", "Trips", 3]]),
        ),
        ("SELECT COUNT(*) FROM other.INFORMATION_SCHEMA.TABLES", json!([[0]])),
        ("SELECT COUNT(*) FROM d.INFORMATION_SCHEMA.MATERIALIZED_VIEWS", json!([[0]])),
    ] {
        assert_eq!(rows(&warehouse, sql).await, expected, "{sql}");
    }
}

#[tokio::test]
async fn unknown_views_and_columns_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let warehouse = warehouse(folder.path()).await;
    for (sql, expected) in [
        ("SELECT * FROM d.INFORMATION_SCHEMA.JOBS", "INFORMATION_SCHEMA.JOBS is not supported"),
        (
            "SELECT creation_time FROM d.INFORMATION_SCHEMA.TABLES",
            "Unrecognized name: creation_time at [1:8]",
        ),
        ("SELECT * FROM nope.__TABLES__", "Dataset nope was not found"),
        (
            "CREATE VIEW d.v AS SELECT table_name FROM d.INFORMATION_SCHEMA.TABLES",
            "A view over INFORMATION_SCHEMA is not supported",
        ),
    ] {
        let job = QueryJob { sql: sql.into(), ..QueryJob::default() };
        let error = warehouse.query(job).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{sql}: {error}");
    }
}

/// `table$id` names one partition, and leaves the other rows alone.
#[tokio::test]
async fn a_destination_can_be_one_partition() {
    use segue_ports::warehouse::WriteDisposition;
    let folder = tempfile::tempdir().unwrap();
    let warehouse = warehouse(folder.path()).await;
    let write = async |partition: &str, sql: &str| {
        let job = QueryJob {
            sql: sql.into(),
            destination_table: Some(format!("d.Trips${partition}")),
            write_disposition: Some(WriteDisposition::WriteTruncate),
            ..QueryJob::default()
        };
        warehouse.query(job).await
    };
    write("20240131", "SELECT 7 AS id, TIMESTAMP '2024-01-31 12:00:00' AS began").await.unwrap();
    let left = "SELECT id FROM d.Trips ORDER BY id";
    assert_eq!(rows(&warehouse, left).await, json!([[3], [7]]));
    for (partition, sql, expected) in [
        (
            "20240201",
            "SELECT 8 AS id, TIMESTAMP '2024-01-31' AS began",
            "Some rows belong to different partitions",
        ),
        ("202402", "SELECT 8 AS id", "The partition id '202402' is invalid for d.Trips"),
    ] {
        let error = write(partition, sql).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    assert_eq!(rows(&warehouse, left).await, json!([[3], [7]]), "a refused write changes nothing");
}

#[tokio::test]
async fn an_array_with_null_is_no_result() {
    let folder = tempfile::tempdir().unwrap();
    let warehouse = warehouse(folder.path()).await;
    let sql = "SELECT ARRAY_AGG(x) AS a FROM UNNEST([1, NULL]) x";
    let error =
        warehouse.query(QueryJob { sql: sql.into(), ..QueryJob::default() }).await.unwrap_err().to_string();
    assert!(error.contains("Array cannot have a null element; error in writing field a"), "{error}");
    assert_eq!(rows(&warehouse, "SELECT ARRAY_LENGTH([1, NULL]), [1][OFFSET(0)]").await, json!([[2, 1]]));
}
