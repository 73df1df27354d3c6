//! One connection to the database, and the reason why a statement on the connection failed. `job.rs` runs jobs on it.

use super::error::internal;
use super::limits::Limits;
use super::source::ObjectSource;
use super::stop::Stop;
use super::{catalog, functions, sql, tables};
use crate::private;
use duckdb::{Config, Connection};
use segue_ports::warehouse::{TableKind, TableReference, WarehouseError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One connection to an open database.
pub(crate) struct Engine {
    pub(crate) connection: Connection,
    pub(super) object_root: PathBuf,
    pub(super) source: Option<Arc<dyn ObjectSource>>,
    /// Whether the job on the connection must stop.
    pub(crate) stop: Arc<Stop>,
}

impl Engine {
    /// Opens the database file. Creates the file and its folder if they do not exist.
    pub(crate) fn open(file: &Path, limits: &Limits) -> Result<Connection, WarehouseError> {
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder).map_err(|error| WarehouseError::Unavailable {
                message: format!("cannot create the folder {}: {error}", folder.display()),
            })?;
        }
        let mut spilled = file.as_os_str().to_owned();
        spilled.push(".tmp");
        let open = || -> duckdb::Result<Connection> {
            let config = Config::default()
                .enable_autoload_extension(false)?
                .with("autoinstall_known_extensions", "false")?
                // BigQuery's tables have no order either. To keep an order costs memory and time.
                .with("preserve_insertion_order", "false")?
                // DuckDB writes data that does not fit into memory next to the database, in the same private folder.
                .with("temp_directory", spilled.to_string_lossy())?;
            let connection = Connection::open_with_flags(file, config)?;
            let memory = match &limits.memory {
                Some(memory) => memory.clone(),
                None => {
                    // DuckDB's default limit is four fifths of the memory of the machine or container.
                    let own: String =
                        connection
                            .query_row("SELECT current_setting('memory_limit')", [], |row| row.get(0))?;
                    half_of_all(&own).unwrap_or(own)
                }
            };
            connection
                .execute_batch(&format!("SET GLOBAL memory_limit = {}", sql::names::literal(&memory)))?;
            Ok(connection)
        };
        let made = !file.exists();
        let connection = open().map_err(|error| internal(&error))?;
        // DuckDB syncs the content of the file but not its name, and leaves the file open to other users.
        let settled = private::close(file).and_then(|()| match file.parent() {
            Some(folder) if made => private::sync_folder(folder),
            _ => Ok(()),
        });
        settled.map_err(|error| WarehouseError::Unavailable {
            message: format!("{}: {error}", file.display()),
        })?;
        catalog::prepare(&connection)?;
        functions::register(&connection).map_err(|error| internal(&error))?;
        Ok(connection)
    }

    /// Opens another connection to the database. One job at a time uses a connection.
    pub(crate) fn over(
        first: &Connection,
        object_root: &Path,
        source: Option<Arc<dyn ObjectSource>>,
    ) -> Result<Self, WarehouseError> {
        let open = || -> duckdb::Result<Connection> {
            let connection = first.try_clone()?;
            connection.execute_batch(
                "SET TimeZone = 'UTC'; SET default_null_order = 'nulls_first_on_asc_last_on_desc';",
            )?;
            connection.execute_batch(sql::MACROS)?;
            Ok(connection)
        };
        let connection = open().map_err(|error| internal(&error))?;
        Ok(Self { connection, object_root: object_root.to_owned(), source, stop: Arc::default() })
    }

    /// The kind of the table with this name. `None` if there is no such table.
    pub(crate) fn kind(&self, table: &TableReference) -> Result<Option<TableKind>, WarehouseError> {
        tables::kind(&self.connection, table)
    }
}

/// Half of the memory, computed as five eighths of DuckDB's default limit. `None` if `own` is not like `18.4 GiB`.
fn half_of_all(own: &str) -> Option<String> {
    let (number, unit) = own.trim().split_once(' ')?;
    let number: f64 = number.parse().ok()?;
    Some(format!("{:.1}{unit}", number * 0.625))
}

/// Why a statement failed: an error of Segue, or an error of DuckDB, which another attempt may avoid.
pub(crate) enum Failure {
    Said(WarehouseError),
    Engine(duckdb::Error),
}

impl From<WarehouseError> for Failure {
    fn from(error: WarehouseError) -> Self {
        Self::Said(error)
    }
}

impl From<duckdb::Error> for Failure {
    fn from(error: duckdb::Error) -> Self {
        Self::Engine(error)
    }
}
