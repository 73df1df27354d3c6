//! Texts and addresses that are meant to break out, or to bring the process down.

use std::path::{Path, PathBuf};

use segue_ports::warehouse::{QueryJob, QueryResult, Warehouse as _, WarehouseError};
use tempfile::TempDir;

use super::DuckDbWarehouse;

struct World {
    folder: TempDir,
    warehouse: DuckDbWarehouse,
}

impl World {
    /// With the dataset `d`, the bucket `bkt` and a file beside the object store.
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

    /// The lines that an external table over the address has.
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
    // These are names like any other: nothing decodes them, and there is no such object.
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
    // A link that is laid after the table was declared.
    world.put("in/later.csv", "1\n");
    assert_eq!(world.lines("gs://bkt/in/later.csv").await.unwrap(), ["1"]);
    std::fs::remove_file(world.object("in/later.csv")).unwrap();
    link(&world.folder.path().join("secret.key"), "in/later.csv");
    let refused = world.run("SELECT line FROM d.e").await.unwrap_err();
    assert!(refused.to_string().contains("symbolic link"), "{refused}");
}

/// DuckDB has stand-ins of its own in paths; BigQuery has the star alone.
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
