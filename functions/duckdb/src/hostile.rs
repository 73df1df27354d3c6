//! Tests statements that try to use what is not theirs: files of others, addresses, the environment, the log.

use crate::testing::Platform;
use segue_ports::wire::WorkingDirectoryRef;
use segue_task::Task as _;
use serde_json::json;

const NO_FILE: &str = "a statement uses only files of its working directory";

#[tokio::test]
async fn no_file_outside_of_the_working_directory_is_used() {
    let platform = Platform::new();
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("secret.csv"), "a\nhunter2\n").unwrap();
    duckdb::Connection::open(outside.path().join("other.db")).unwrap();
    let o = outside.path().display();
    for sql in [
        "FROM read_csv('/etc/passwd')".to_owned(),
        format!("FROM read_csv('{o}/secret.csv')"),
        format!("FROM read_text(['{{{{ workingDir }}}}/x', '{o}/secret.csv'])"),
        format!("FROM read_blob('{{{{ workingDir }}}}/../../../../../../../../../../..{o}/secret.csv')"),
        format!("FROM read_text('{{{{ workingDir }}}}//./../../{o}')"),
        "FROM read_text('../x')".to_owned(),
        "FROM read_text('file:///etc/passwd')".to_owned(),
        "FROM read_json('/etc/passwd')".to_owned(),
        "FROM read_ndjson_objects('/etc/passwd')".to_owned(),
        "FROM read_parquet('/etc/passwd')".to_owned(),
        "FROM parquet_metadata('/etc/passwd')".to_owned(),
        "FROM sniff_csv('/etc/passwd')".to_owned(),
        "FROM read_blob('/proc/self/environ')".to_owned(),
        "FROM read_csv('/dev/stdin')".to_owned(),
        "FROM glob('/etc/*')".to_owned(),
        "FROM glob('{{ workingDir }}/../**')".to_owned(),
        "FROM query('FROM read_text(''/etc/passwd'')')".to_owned(),
        "SET VARIABLE f = '/etc/passwd'; FROM read_text(getvariable('f'))".to_owned(),
        "PREPARE p AS FROM read_text('/etc/passwd'); EXECUTE p".to_owned(),
        "CREATE MACRO m() AS TABLE FROM read_text('/etc/passwd'); FROM m()".to_owned(),
        "CREATE VIEW v AS FROM read_text('/etc/passwd'); FROM v".to_owned(),
        format!("FROM read_duckdb('{o}/other.db')"),
        format!("ATTACH '{o}/other.db'"),
        format!("ATTACH '{o}/new.db' AS n"),
        format!("COPY (SELECT 1) TO '{o}/x'"),
        format!("COPY (SELECT 1 AS a, 2 AS b) TO '{o}/x' (FORMAT parquet, PARTITION_BY (a), OVERWRITE)"),
        "COPY (SELECT 1) TO '/dev/stdout'".to_owned(),
        format!("EXPORT DATABASE '{o}/x'"),
        format!("IMPORT DATABASE '{o}'"),
    ] {
        let error = platform.refused(&sql).await;
        assert!(error.contains(NO_FILE) && !error.contains("hunter2"), "{sql}: {error}");
    }
    // DuckDB reports a table, because the name of the file stays a secret.
    let error = platform.refused("FROM '/etc/passwd'").await;
    assert!(error.contains("Catalog Error: Table with name /etc/passwd does not exist"), "{error}");
    let mut left: Vec<_> =
        std::fs::read_dir(outside.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["other.db", "secret.csv"]);
}

#[tokio::test]
async fn no_name_of_a_property_leads_out() {
    let platform = Platform::new();
    for properties in [
        json!({"inputFiles": {"../x.csv": "a"}}),
        json!({"inputFiles": {"/tmp/x.csv": "a"}}),
        json!({"outputFiles": ["../x"]}),
        json!({"url": "jdbc:duckdb:/tmp/x.duckdb"}),
        json!({"url": "jdbc:duckdb:../x.duckdb"}),
        json!({"databaseUri": "file:///etc/passwd"}),
        json!({"databaseUri": "/etc/passwd"}),
    ] {
        let mut task = json!({"sql": "SELECT 1"});
        task.as_object_mut().unwrap().extend(properties.as_object().unwrap().clone());
        let error = platform.query(task).await.error();
        assert!(error.contains("is refused") || error.contains("kestra:///"), "{properties}: {error}");
    }
}

#[tokio::test]
async fn no_link_leads_out() {
    let platform = Platform::new();
    let mut message = platform.message_of(
        crate::query::Query::TYPE,
        json!({"inputFiles": {"data.csv": "a\n1\n"}, "sql": "FROM 'data.csv'", "fetchType": "FETCH"}),
    );
    message.working_directory = Some(WorkingDirectoryRef { id: "d".to_owned() });
    let directory = platform.work_root().join(message.execution_id.as_str()).join("shared-d");
    std::fs::create_dir_all(&directory).unwrap();
    let victim = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(victim.path(), "a\nhunter2\n").unwrap();
    for link in ["data.csv", "link.csv"] {
        std::os::unix::fs::symlink(victim.path(), directory.join(link)).unwrap();
    }
    // An input file replaces a link, and is not written through it.
    assert_eq!(platform.handle(message.clone()).await.outputs()["rows"], json!([{"a": 1}]));
    for sql in ["FROM read_csv('link.csv')", "COPY (SELECT 1) TO 'link.csv'", "ATTACH 'link.csv' AS x"] {
        message.properties.insert("sql".to_owned(), json!(sql));
        let run = platform.handle(message.clone()).await;
        assert!(!format!("{:?}", run.result.outputs).contains("hunter2"), "{sql}");
        assert_eq!(std::fs::read_to_string(victim.path()).unwrap(), "a\nhunter2\n", "{sql}");
    }
}

#[tokio::test]
async fn no_address_is_reached_by_duckdb() {
    let platform = Platform::new();
    for name in ["s3://b/a.csv", "gs://b/a.csv", "hf://datasets/a/b.csv"] {
        let error = platform.refused(&format!("FROM read_csv('{name}')")).await;
        assert!(error.contains("a statement reads no addresses"), "{name}: {error}");
    }
    let error = platform.refused("COPY (SELECT 1) TO 'https://example.com/x.csv'").await;
    assert!(error.contains("a statement reads no addresses"), "{error}");
    for address in ["http://169.254.169.254/computeMetadata/v1/", "http://metadata.google.internal/x.csv"] {
        let error = platform.refused(&format!("FROM read_text('{address}')")).await;
        assert!(error.contains("metadata server"), "{error}");
    }
    let error = platform.refused("ATTACH 'postgres:dbname=x' AS p (TYPE postgres)").await;
    assert!(error.contains("write INSTALL and LOAD"), "{error}");
}

#[tokio::test]
async fn no_rule_can_be_changed_and_no_variable_of_the_service_read() {
    let platform = Platform::new();
    for setting in [
        "SET enable_external_access = true",
        "SET lock_configuration = false",
        "RESET lock_configuration",
        "RESET allowed_directories",
        "SET allowed_paths = ['/etc/passwd']",
        "SET allowed_configs = ['memory_limit']",
        "SET custom_extension_repository = 'http://example.com'",
        "SET allow_unsigned_extensions = true",
        "SET log_query_path = '/tmp/segue-log'",
        "PRAGMA profiling_output = '/tmp/segue-profile'",
        "PRAGMA enable_profiling = 'json'",
        "SET http_proxy = 'http://example.com'",
        "SET file_search_path = '/etc'",
    ] {
        let error = platform.refused(setting).await;
        assert!(
            error.contains("the service sets this; remove the statement") || error.contains("Error"),
            "{setting}: {error}"
        );
    }
    for sql in ["SELECT getenv('PATH')", "CREATE PERSISTENT SECRET s (TYPE http, BEARER_TOKEN 'x')"] {
        platform.refused(sql).await;
    }
    for sql in [
        "PRAGMA enable_logging",
        "CALL \"ENABLE_LOGGING\"(storage = 'stdout')",
        "PRAGMA enable_print_progress_bar",
    ] {
        let run = platform.query(json!({"sql": sql})).await;
        let text = run.log_text();
        assert!(
            text.contains("would write to the log of the service") || text.contains("has no effect"),
            "{sql}: {text}"
        );
    }
    let limit = platform.row("SELECT current_setting('memory_limit') AS m").await;
    let unchanged = "SET memory_limit = '1TB'; SET GLOBAL max_memory = '1TB'; SELECT current_setting('memory_limit') AS m";
    assert_eq!(platform.row(unchanged).await, limit);
}
