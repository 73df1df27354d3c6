//! Opens a database that reads and writes only the files of one task, within limits of memory.
//!
//! DuckDB itself enforces the rules, with settings that no statement can change. The module must not know which
//! statements run.

use duckdb::{Config, Connection};
use segue_jdbc::statements::quoted;
use std::path::{Path, PathBuf};

/// The share of one task in the memory that DuckDB would take for itself, which is four fifths of the memory of the
/// machine or container. Four tasks run in one instance (`function.yaml`).
const SHARE: f64 = 0.25;
/// The most that one task may write to disk while it works, in DuckDB's form. An instance has 10 GiB for all its tasks.
const MOST_ON_DISK: &str = "8GiB";
/// What statements may set. None of it is about files, memory, or other tasks.
const MAY_BE_SET: &[&str] = &[
    "Calendar",
    "TimeZone",
    "default_collation",
    "default_null_order",
    "default_order",
    "enable_object_cache",
    "ieee_floating_point_ops",
    "integer_division",
    "old_implicit_casting",
    "order_by_non_integer_literal",
    "pivot_limit",
    "preserve_identifier_case",
    "preserve_insertion_order",
    "scalar_subquery_error_on_multiple_rows",
    "schema",
    "search_path",
];
/// Extensions that may be loaded. They read files only through DuckDB, which checks them. Others, such as `spatial` or
/// `sqlite`, have libraries of their own that open files.
const SAFE: &[&str] =
    &["autocomplete", "encodings", "excel", "fts", "icu", "inet", "json", "parquet", "tpcds", "tpch", "vss"];
/// The extension for addresses. Segue downloads files itself, and never to a metadata server.
const OF_ADDRESSES: &str = "httpfs";

/// What to open.
#[derive(Debug)]
pub(crate) struct Opening {
    /// The file of the database. None for a database in memory.
    pub(crate) file: Option<PathBuf>,
    /// The only folder with files that statements may use.
    pub(crate) directory: PathBuf,
    /// A folder for what DuckDB writes for itself.
    pub(crate) scratch: PathBuf,
}

impl Opening {
    /// Opens the database. Until [`Self::lock`], every file may be used.
    pub(crate) fn open(&self) -> duckdb::Result<Connection> {
        let folder = |name: &str| self.scratch.join(name).to_string_lossy().into_owned();
        let config = Config::default()
            .enable_autoload_extension(false)?
            .with("autoinstall_known_extensions", "false")?
            .with("allow_community_extensions", "false")?
            .with("extension_directory", folder("extensions"))?
            .with("secret_directory", folder("secrets"))?
            .with("allow_persistent_secrets", "false")?
            .with("temp_directory", folder("temporary"))?
            .with("max_temp_directory_size", MOST_ON_DISK)?
            // Nothing of a type is lost on the way to `cells`.
            .with("arrow_lossless_conversion", "true")?;
        let connection = match &self.file {
            Some(file) => Connection::open_with_flags(file, config),
            None => Connection::open_in_memory_with_flags(config),
        }?;
        let own: String =
            connection.query_row("SELECT current_setting('memory_limit')", [], |row| row.get(0))?;
        if let Some(memory) = share(&own) {
            connection.execute_batch(&format!("SET GLOBAL memory_limit = '{memory}'"))?;
        }
        // A DuckDB that was compiled without time zones does not know the setting.
        let _without_zones = connection.execute_batch("SET GLOBAL TimeZone = 'UTC'");
        Ok(connection)
    }

    /// From now on, statements use no file outside of the directory, no address and no extension, and cannot change
    /// that.
    pub(crate) fn lock(&self, connection: &Connection) -> Result<(), String> {
        let directory = text(&self.directory)?;
        let names: Vec<_> = MAY_BE_SET.iter().map(|name| format!("'{name}'")).collect();
        let settings = format!(
            "SET GLOBAL home_directory = {directory}; SET GLOBAL allowed_directories = [{directory}]; \
             SET GLOBAL allowed_configs = [{}]; SET GLOBAL enable_external_access = false; \
             SET GLOBAL lock_configuration = true",
            names.join(", ")
        );
        connection.execute_batch(&settings).map_err(|error| error.to_string())
    }
}

/// A folder as a text in SQL, with a slash at its end.
fn text(folder: &Path) -> Result<String, String> {
    let path = folder.to_str().ok_or("the path of the working directory is not UTF-8")?;
    quoted(&format!("{}/", path.trim_end_matches('/')))
}

/// Makes an extension usable. Returns a note for the log.
///
/// # Errors
/// A sentence that names the extension and says what to do.
pub(crate) fn load(connection: &Connection, name: &str, foreign: bool) -> Result<Option<String>, String> {
    let built_in: duckdb::Result<bool> = connection.query_row(
        "SELECT count(*) > 0 FROM duckdb_extensions() WHERE loaded AND extension_name = $1",
        [name],
        |row| row.get(0),
    );
    if built_in.map_err(|error| error.to_string())? {
        return Ok(None);
    }
    if name == OF_ADDRESSES || name == "https" {
        return Ok(Some(format!(
            "{name} is not needed: Segue downloads the files of http and https addresses"
        )));
    }
    if foreign || !SAFE.contains(&name) {
        return Err(format!(
            "the extension '{name}' may not be loaded, because it could use files of other tasks; built in are json, \
             parquet and icu, and these can be loaded: {}",
            SAFE.join(", ")
        ));
    }
    connection.execute_batch(&format!("INSTALL {name}; LOAD {name}")).map(|()| None).map_err(|error| {
        let error = error.to_string();
        format!(
            "the extension '{name}' is not built in, and could not be loaded: {}; allow connections to \
             extensions.duckdb.org, or use a format that is built in (CSV, JSON, Parquet)",
            error.lines().next().unwrap_or_default()
        )
    })
}

/// The share of a limit like `18.4 GiB`. None if the text has another form.
fn share(own: &str) -> Option<String> {
    let (number, unit) = own.trim().split_once(' ')?;
    let number: f64 = number.parse().ok()?;
    let (number, unit) = if unit == "GiB" { (number * 1024.0, "MiB") } else { (number, unit) };
    Some(format!("{:.0}{unit}", (number * SHARE).max(1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refusal::{Step, of_statement};

    #[test]
    fn a_task_has_a_quarter_of_the_limit() {
        assert_eq!(share("3.2 GiB").unwrap(), "819MiB");
        assert_eq!(share("512.0 MiB").unwrap(), "128MiB");
        assert_eq!(share("all"), None);
    }

    #[test]
    fn what_does_not_fit_into_memory_goes_to_disk_or_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let directory = folder.path().to_owned();
        let opening = Opening { file: None, scratch: directory.join("scratch"), directory };
        std::fs::create_dir(&opening.scratch).unwrap();
        let connection = opening.open().unwrap();
        connection.execute_batch("SET memory_limit = '64MiB'; SET threads = 1").unwrap();
        opening.lock(&connection).unwrap();
        connection
            .execute_batch("CREATE TABLE t AS SELECT repeat('x', 200) || hash(range) AS a FROM range(1000000) ORDER BY a")
            .unwrap();
        let on_disk: i64 = connection
            .query_row("SELECT sum(size)::BIGINT FROM duckdb_temporary_files()", [], |row| row.get(0))
            .unwrap();
        assert!(on_disk > 50 << 20, "{on_disk} bytes");
        let statement =
            segue_jdbc::Statement { text: "SELECT list(a) FROM t".to_owned(), number: 1, line: 1 };
        let error = connection.execute_batch(&statement.text).unwrap_err();
        let step = Step { statement, of: "sql", fetch: true };
        let sentence = of_statement(&error, &step);
        assert!(sentence.contains("a task has a share of the memory of the service"), "{sentence}");
    }
}
