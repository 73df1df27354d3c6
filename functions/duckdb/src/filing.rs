//! Tests of the files of a task: names, formats, results, databases and downloads.

use crate::query::Query;
use crate::testing::Platform;
use segue_model::Json;
use segue_ports::wire::WorkingDirectoryRef;
use segue_task::Task as _;
use serde_json::json;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;

#[tokio::test]
async fn names_of_input_files_are_those_of_statements() {
    let platform = Platform::new();
    let stored = platform.store("a.csv", b"id,name\n1,x\n2,y\n").await;
    for sql in [
        "FROM 'a.csv'",
        "SELECT * FROM \"a.csv\"",
        "SELECT t.* FROM 'a.csv' t JOIN 'in/b.csv' USING (id)",
        "FROM read_csv('a.csv', header = true)",
        "FROM read_csv(['a.csv'])",
        "FROM read_csv('{{ workingDir }}/a.csv')",
        "FROM '{{workingDir}}/a.csv'",
        "FROM '*.csv'",
        "FROM read_json_auto('in/*.json')",
        "CREATE TABLE t (id INTEGER, name VARCHAR); COPY t FROM 'a.csv'; FROM t",
        "COPY (FROM 'a.csv') TO 'x.parquet'; FROM 'x.parquet'",
        "COPY (FROM 'a.csv') TO 'parts' (FORMAT parquet, PARTITION_BY (id)); SELECT id, name FROM 'parts/**/*.parquet'",
        "FROM read_csv(:file)",
        "SET VARIABLE n = 'a'; FROM read_csv('{{ workingDir }}/' || getvariable('n') || '.csv')",
    ] {
        let task = json!({
            "inputFiles": {"a.csv": stored, "in/b.csv": "id\n1\n2\n", "in/c.json": "[{\"id\": 1, \"name\": \"x\"},
                {\"id\": 2, \"name\": \"y\"}]"},
            "sql": format!("SELECT * FROM (VALUES (0)); {sql} ORDER BY id"), "fetchType": "FETCH",
            "parameters": if sql.contains(":file") { json!({"file": "a.csv"}) } else { Json::Null }});
        let outputs = platform.query(task).await.outputs();
        assert_eq!(outputs["rows"], json!([{"id": 1, "name": "x"}, {"id": 2, "name": "y"}]), "{sql}");
    }
    let error = platform
        .query(json!({"inputFiles": {"a.csv": "kestra:///no/file"}, "sql": "SELECT 1"}))
        .await
        .error();
    assert!(error.contains("kestra:///no/file"), "{error}");
}

#[tokio::test]
async fn output_files_are_stored() {
    let platform = Platform::new();
    let sql =
        "COPY (SELECT 1 AS a) TO '{{ outputFiles.out }}' (FORMAT csv); COPY (SELECT 2 AS a) TO 'dir/b.json'";
    let outputs = platform.queries(json!({"sql": sql, "outputFiles": ["out", "dir/b.json"]})).await.outputs();
    assert_eq!(platform.text(&outputs["outputFiles"]["out"]).await, "a\n1\n");
    assert_eq!(platform.text(&outputs["outputFiles"]["dir/b.json"]).await, "{\"a\":2}\n");
    assert_eq!(outputs["outputs"], json!([]));
    let error = platform.query(json!({"sql": "SELECT 1", "outputFiles": ["out"]})).await.error();
    assert!(error.starts_with("outputFiles has 'out', but no statement wrote this file"), "{error}");
}

#[tokio::test]
async fn a_database_goes_from_task_to_task() {
    let platform = Platform::new();
    let first = json!({"url": "jdbc:duckdb:", "outputDbFile": "true",
        "sql": "CREATE TABLE t AS SELECT 1 AS id; SELECT '{{ dbFilePath }}' AS path", "fetchOne": true});
    let outputs = platform.query(first).await.outputs();
    let path = outputs["row"]["path"].as_str().unwrap();
    assert!(
        path.starts_with(platform.work_root().to_str().unwrap()) && path.ends_with("/database.duckdb"),
        "{path}"
    );
    let database = outputs["databaseUri"].clone();
    let sql = "INSERT INTO t VALUES (2); SELECT count(*) AS n FROM t";
    let next = json!({"databaseUri": database, "sql": sql, "fetchType": "FETCH_ONE"});
    for _ in 0..2 {
        let outputs = platform.query(next.clone()).await.outputs();
        assert_eq!(outputs["row"], json!({"n": 2}), "the stored file does not change");
        assert!(!outputs.contains_key("databaseUri"));
    }
    let broken =
        platform.store("broken.duckdb", b"this is no database, and is long enough to have a header").await;
    let error = platform.query(json!({"databaseUri": broken, "sql": "SELECT 1"})).await.error();
    assert!(error.starts_with("the database cannot be opened: "), "{error}");
}

#[tokio::test]
async fn tasks_of_a_working_directory_share_files_and_leave_none_of_their_own() {
    let platform = Platform::new();
    let run = async |properties: Json| {
        let mut message = platform.message_of(Query::TYPE, properties);
        message.working_directory = Some(WorkingDirectoryRef { id: "d".to_owned() });
        platform.handle(message).await
    };
    run(
        json!({"url": "jdbc:duckdb:x/y.duckdb", "sql": "CREATE TABLE t AS SELECT 1 AS a; COPY t TO 't.csv'"}),
    )
    .await
    .outputs();
    let sql = "SELECT t.a + c.a AS s FROM t, read_csv('t.csv') c";
    let outputs =
        run(json!({"url": "jdbc:duckdb:x/y.duckdb;threads=2", "sql": sql, "fetchOne": true})).await.outputs();
    assert_eq!(outputs["row"], json!({"s": 2}));
    let directory = platform.work_root().join("execution1/shared-d");
    let mut left: Vec<_> =
        std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["t.csv", "x"]);
}

#[tokio::test]
async fn files_of_addresses_are_downloaded() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let read = stream.read(&mut request).unwrap();
            let found = request[..read].starts_with(b"GET /data/orders.csv?raw=1 ");
            let (status, body) = if found { ("200 OK", "id\n1\n2\n") } else { ("404 Not Found", "") };
            let length = body.len();
            write!(
                stream,
                "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
            )
            .unwrap();
        }
    });
    let platform = Platform::new();
    let address = format!("http://127.0.0.1:{port}/data/orders.csv?raw=1");
    let sql = format!(
        "INSTALL httpfs; LOAD httpfs; SELECT sum(a.id)::INTEGER AS s, '{address}' AS address
         FROM read_csv_auto('{address}', header = true) a JOIN '{address}' b USING (id)"
    );
    assert_eq!(platform.row(&sql).await["s"], 3);
    assert_eq!(platform.row(&sql).await["address"], json!(address));
    let copy = format!("COPY (SELECT id FROM '{address}') TO 'a.csv'; COPY t FROM '{address}'");
    let copy = format!(
        "CREATE TABLE t (id INTEGER); {copy}; SELECT count(*) + sum(t.id)::INTEGER AS s FROM t, 'a.csv'"
    );
    assert_eq!(platform.row(&copy).await["s"], 10);
    let error = platform.refused(&format!("FROM 'http://127.0.0.1:{port}/none.csv'")).await;
    assert_eq!(
        error,
        format!("http://127.0.0.1:{port}/none.csv could not be downloaded: it answered 404 Not Found")
    );
}
