//! Tests texts and URIs that try to leave the store or to crash the process.

use super::DuckDbWarehouse;
use segue_ports::warehouse::{QueryJob, QueryResult, Warehouse as _, WarehouseError};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

struct World {
    folder: TempDir,
    warehouse: DuckDbWarehouse,
}

impl World {
    /// A warehouse with the dataset `d`, the bucket `bkt`, and a file outside the object store.
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let objects = folder.path().join("objects");
        std::fs::create_dir_all(objects.join("bkt/in")).unwrap();
        std::fs::write(folder.path().join("secret.key"), "hunter2\n").unwrap();
        let warehouse = DuckDbWarehouse::open(&folder.path().join("warehouse.duckdb"), &objects);
        let world = Self { folder, warehouse };
        world.run("CREATE SCHEMA d").await.unwrap();
        world
    }

    fn object(&self, key: &str) -> PathBuf {
        self.folder.path().join("objects/bkt").join(key)
    }

    fn put(&self, key: &str, content: &str) {
        std::fs::create_dir_all(self.object(key).parent().unwrap()).unwrap();
        std::fs::write(self.object(key), content).unwrap();
    }

    async fn run(&self, sql: &str) -> Result<QueryResult, WarehouseError> {
        self.warehouse.query(QueryJob { sql: sql.into(), ..QueryJob::default() }).await
    }

    /// The lines that an external table reads from the URI.
    async fn lines(&self, uri: &str) -> Result<Vec<String>, WarehouseError> {
        let script = format!(
            "CREATE OR REPLACE EXTERNAL TABLE d.e (line STRING) OPTIONS (format = 'CSV', field_delimiter = '|', \
             uris = [r'''{uri}''']); SELECT line FROM d.e ORDER BY line"
        );
        let rows = self.run(&script).await?.rows;
        Ok(rows.iter().map(|row| row["line"].as_str().unwrap().to_owned()).collect())
    }
}

#[tokio::test]
async fn no_address_leads_out_of_the_object_store() {
    let world = World::new().await;
    world.put("in/a.csv", "1\n");
    let outside = world.folder.path().join("secret.key");
    let absolute = outside.to_str().unwrap();
    for uri in [
        format!("gs://bkt/{absolute}"),
        "gs://bkt//etc/passwd".to_owned(),
        "gs://bkt///etc/passwd".to_owned(),
        format!("gs://{absolute}"),
        "gs:///etc/passwd".to_owned(),
        "gs://../secret.key".to_owned(),
        "gs://./secret.key".to_owned(),
        "gs://.meta/bkt/x".to_owned(),
        "gs://bkt/../../secret.key".to_owned(),
        "gs://bkt/in/../../../secret.key".to_owned(),
        "gs://bkt/./in/a.csv".to_owned(),
        r"gs://bkt/..\..\secret.key".to_owned(),
        "gs://bkt/../*".to_owned(),
        "gs://bkt/../../*.key".to_owned(),
        "gs://bkt//*".to_owned(),
        "gs://*/secret.key".to_owned(),
        "gs://bkt".to_owned(),
        "gs://bkt/".to_owned(),
        format!("file://{absolute}"),
        absolute.to_owned(),
        "GS://bkt/in/a.csv".to_owned(),
        "s3://bkt/in/a.csv".to_owned(),
        "https://bkt/in/a.csv".to_owned(),
    ] {
        let refused = world.lines(&uri).await.unwrap_err();
        assert!(matches!(refused, WarehouseError::InvalidQuery { .. }), "{uri}: {refused}");
    }
    // Percent signs and tildes are ordinary characters here. They are not decoded, and no such object exists.
    for uri in ["gs://bkt/%2e%2e/%2e%2e/secret.key", "gs://bkt/%2Fetc%2Fpasswd", "gs://bkt/~/secret.key"] {
        let absent = world.lines(uri).await.unwrap_err();
        assert!(matches!(absent, WarehouseError::NotFound { .. }), "{uri}: {absent}");
    }
    assert_eq!(world.lines("gs://bkt/in/a.csv").await.unwrap(), ["1"]);
}

#[tokio::test]
async fn no_link_below_the_object_store_is_followed() {
    let world = World::new().await;
    let link = |target: &Path, key: &str| std::os::unix::fs::symlink(target, world.object(key)).unwrap();
    link(&world.folder.path().join("secret.key"), "in/link.csv");
    link(world.folder.path(), "out");
    std::os::unix::fs::symlink(world.folder.path(), world.folder.path().join("objects/linked")).unwrap();
    for uri in
        ["gs://bkt/in/link.csv", "gs://bkt/out/secret.key", "gs://bkt/out/*.key", "gs://linked/secret.key"]
    {
        let refused = world.lines(uri).await.unwrap_err();
        assert!(matches!(refused, WarehouseError::InvalidQuery { .. }), "{uri}: {refused}");
        assert!(refused.to_string().contains("symbolic link"), "{uri}: {refused}");
    }
    for uri in ["gs://bkt/in/*", "gs://bkt/*", "gs://linked/*"] {
        let absent = world.lines(uri).await.unwrap_err();
        assert!(matches!(absent, WarehouseError::NotFound { .. }), "{uri}: {absent}");
    }
    // The link is created after the declaration of the table.
    world.put("in/later.csv", "1\n");
    assert_eq!(world.lines("gs://bkt/in/later.csv").await.unwrap(), ["1"]);
    std::fs::remove_file(world.object("in/later.csv")).unwrap();
    link(&world.folder.path().join("secret.key"), "in/later.csv");
    let refused = world.run("SELECT line FROM d.e").await.unwrap_err();
    assert!(refused.to_string().contains("symbolic link"), "{refused}");
}

/// DuckDB has several wildcards in paths. BigQuery has only the star.
#[tokio::test]
async fn an_address_means_the_objects_it_names_and_no_others() {
    let world = World::new().await;
    for (key, content) in
        [("in/a1.csv", "a1\n"), ("in/a[1].csv", "class\n"), ("in/a?.csv", "any\n"), ("x*.csv", "star\n")]
    {
        world.put(key, content);
    }
    world.put("xy.csv", "xy\n");
    assert_eq!(world.lines("gs://bkt/in/a[1].csv").await.unwrap(), ["class"]);
    assert_eq!(world.lines("gs://bkt/in/a?.csv").await.unwrap(), ["any"]);
    assert_eq!(world.lines("gs://bkt/in/a*.csv").await.unwrap(), ["a1", "any", "class"]);
    assert_eq!(world.lines("gs://bkt/x*.csv").await.unwrap(), ["star", "xy"], "each once");
}

/// `inner` between `open` and `close`, repeated `times` times.
fn nested(open: &str, inner: &str, close: &str, times: usize) -> String {
    format!("{}{inner}{}", open.repeat(times), close.repeat(times))
}

/// `times` named queries. Each one reads from the query before it.
fn named(times: usize) -> String {
    let links: Vec<String> = (1..times).map(|n| format!(", a{n} AS (SELECT * FROM a{})", n - 1)).collect();
    format!("WITH a0 AS (SELECT 1 AS x){} SELECT * FROM a{}", links.concat(), times - 1)
}

/// `first`, followed by `times` copies of `link`.
fn chained(first: &str, link: &str, times: usize) -> String {
    format!("{first}{}", link.repeat(times))
}

#[tokio::test]
async fn no_text_uses_up_the_stack() {
    let world = World::new().await;
    world.run("CREATE TABLE d.t AS SELECT 1 AS x").await.unwrap();
    let mut texts = Vec::new();
    for times in [101, 300, 400, 500, 1500, 5000, 100_000] {
        texts.extend([
            format!("SELECT * FROM {}", nested("(SELECT * FROM ", "(SELECT 1)", ")", times)),
            format!("SELECT {}", nested("(", "1", ")", times)),
            format!("SELECT {}", nested("(SELECT ", "1", ")", times)),
            format!("SELECT {}", nested("CASE WHEN TRUE THEN ", "1", " END", times)),
            format!("SELECT {}", nested("CASE ", "1 WHEN 1 THEN 1", " END", times)),
            format!("SELECT {}", nested("CASE WHEN ", "", "", times)),
            format!("SELECT {}", nested("[", "1", "]", times)),
            format!("SELECT {}", nested("STRUCT(", "1", ")", times)),
            format!("SELECT {}", nested("ABS(", "1", ")", times)),
            format!("SELECT {}", nested("ABS(CASE WHEN - ", "1", " END)", times)),
            format!("SELECT {}", nested("NOT ", "TRUE", "", times)),
            format!("SELECT {}", nested("- ", "1", "", times)),
            format!("SELECT {}", nested("- ~ + ! ", "1", "", times)),
            format!("SELECT {}", nested("NOT (- ", "1", ")", times)),
            format!("SELECT CAST(NULL AS {})", nested("ARRAY<", "INT64", ">", times)),
            format!("SELECT CAST(NULL AS {})", nested("STRUCT<a ", "INT64", ">", times)),
            format!("CREATE TABLE d.u (x {})", nested("STRUCT<a ", "INT64", ">", times)),
            format!("CREATE VIEW d.v AS SELECT {}", nested("(", "1", ")", times)),
            format!("INSERT INTO d.t (x) VALUES ({})", nested("(", "1", ")", times)),
            format!("SELECT {}", nested("(", "", "", times)),
            format!("SELECT {}", nested("[", "", "", times)),
            format!("SELECT {}", nested("ARRAY<", "", "", times)),
        ]);
    }
    for text in texts {
        let Err(refused) = world.run(&text).await else { panic!("{} is accepted", start(&text)) };
        let WarehouseError::InvalidQuery { message, line, column, .. } = refused else {
            panic!("{}: {refused}", start(&text))
        };
        assert!(
            message.contains("nests deeper than 100 levels") || text.len() > 1 << 20,
            "{}: {message}",
            start(&text)
        );
        assert!(
            message.contains("accepts at most") || (line == Some(1) && column > Some(100)),
            "{}: {message}",
            start(&text)
        );
    }
    assert_eq!(world.run("SELECT x FROM d.t").await.unwrap().total_rows, 1);
}

#[tokio::test]
async fn no_chain_uses_up_the_stack() {
    let world = World::new().await;
    world.run("CREATE TABLE d.t AS SELECT 1 AS x").await.unwrap();
    for times in [90, 600, 100_000] {
        for text in [
            chained("SELECT x", " + x", times) + " FROM d.t",
            chained("SELECT CAST(x AS STRING)", " || CAST(x AS STRING)", times) + " FROM d.t",
            chained("SELECT 1", " / 1", times),
            chained("SELECT TRUE", " AND TRUE", times),
            chained("SELECT x FROM d.t WHERE x = 1", " OR x = 1", times),
            chained("SELECT 1", " = NOT 1", times),
            chained("SELECT 1", " - - 1", times),
            chained("SELECT 1", " IS NULL", times),
            chained("SELECT 1", " BETWEEN 1 AND 1", times),
            chained("SELECT TIMESTAMP '2020-01-01'", " AT TIME ZONE 'UTC'", times),
            chained("SELECT 'a'", " LIKE 'a'", times),
            chained("SELECT 'a'", " COLLATE 'a'", times),
            chained("SELECT t", ".a", times),
            chained("SELECT [1]", "[0]", times),
            chained("SELECT 1", " INTERVAL", times),
            chained("SELECT", " DISTINCT", times),
            chained("SELECT", " SELECT", times),
            chained("SELECT", " EXISTS", times),
            chained("SELECT 1 FROM d.t", " FROM d.t", times),
            chained("SELECT 1 AS x", " UNION ALL SELECT 1", times),
            chained("SELECT 1 AS x", " INTERSECT DISTINCT SELECT 1", times),
            chained("SELECT 1 AS x", " EXCEPT DISTINCT SELECT 1", times),
            chained("SELECT 1 FROM d.t", " CROSS JOIN d.t", times),
            chained("SELECT 1 FROM d.t", ", d.t", times),
            chained("SELECT 1 FROM d.t", " JOIN d.t USING (x)", times),
            named(times),
            // Chains inside brackets inside chains, so that the levels multiply.
            nested("SELECT ", &"(".repeat(90), "", 1)
                + "1"
                + &(chained("", " + 1", times.min(2700)) + ")").repeat(90),
            format!("SELECT {}", nested(&chained("1", " BETWEEN 1 AND 1", times.min(80)), "", "", 1)),
            format!(
                "SELECT {}1{}",
                chained("1 BETWEEN 1 AND (", "1 BETWEEN 1 AND ", 9).repeat(90),
                ")".repeat(90)
            ),
        ] {
            // Some are accepted and some are refused. The process must not crash, and the message must name the
            // exceeded limit.
            let outcome = world.run(&text).await;
            assert!(
                !matches!(outcome, Err(WarehouseError::Unavailable { .. })),
                "{}: {outcome:?}",
                start(&text)
            );
        }
    }
    assert_eq!(world.run("SELECT x FROM d.t").await.unwrap().total_rows, 1);
}

/// Ordinary texts that people or programs write are not refused.
#[tokio::test]
async fn long_and_deep_texts_that_are_fine_run() {
    let world = World::new().await;
    world.run("CREATE TABLE d.t AS SELECT 1 AS x").await.unwrap();
    let rows = |sql: String| {
        let world = &world;
        async move { world.run(&sql).await.unwrap_or_else(|error| panic!("{}: {error}", start(&sql))).total_rows }
    };
    let numbers: Vec<String> = (1..=100_000).map(|number| number.to_string()).collect();
    assert_eq!(rows(format!("SELECT x FROM d.t WHERE x IN ({})", numbers.join(", "))).await, 1);
    assert_eq!(rows(format!("SELECT * FROM UNNEST([{}])", numbers.join(", "))).await, 100_000);
    assert_eq!(rows(chained("SELECT x FROM d.t WHERE x = 1", " OR x = 2", 300)).await, 1);
    assert_eq!(rows(chained("SELECT 1 AS x", " UNION ALL SELECT 2", 300)).await, 301);
    assert_eq!(rows(format!("SELECT {}", nested("CASE WHEN TRUE THEN ", "1", " END", 40))).await, 1);
    assert_eq!(rows(format!("SELECT * FROM {}", nested("(SELECT * FROM ", "(SELECT 1)", ")", 60))).await, 1);
    let values: Vec<String> = (0..20_000).map(|number| format!("({number})")).collect();
    world.run(&format!("INSERT INTO d.t (x) VALUES {}", values.join(", "))).await.unwrap();
}

fn start(text: &str) -> String {
    text.chars().take(60).collect()
}
