//! The local platform: every port on one machine, in one directory, without a cloud account.
//!
//! What it is: [`SqliteStateStore`] and [`DurableBus`] in one SQLite file, [`DirectoryObjectStore`], the
//! DuckDB [`warehouse`] and [`EnvSecretStore`]. [`open`] puts them together in a data directory:
//! ```text
//! .segue/
//!   segue.db          flows, executions, task runs, KV, logs, timers, permits, messages
//!   segue.lock        held by the one process that works on the directory
//!   secret.key        encrypts SECRET inputs and outputs where SEGUE_ENCRYPTION_KEY is not set
//!   objects/          <bucket>/<key> is the object; executions keep their files in segue-internal
//!   warehouse.duckdb  the tables; made by the first job that needs it
//! ```
//!
//! What it must not know: flows, tasks, the engine's rules. Each adapter keeps the errors of its technology
//! private, and passes the conformance suite of its port.
//!
//! How to add one more adapter: a module here, its field in [`open`], its suite in
//! `segue_ports::conformance`.

mod backup;
mod bus;
mod database;
mod durability;
mod key;
mod objects;
mod private;
mod secrets;
mod state;
pub mod warehouse;

pub use backup::{Contents, backup, restore};
pub use bus::{BusOptions, DeadLetter, DurableBus, Faults, Handling};
pub use database::{Database, DatabaseOptions};
pub use durability::Durability;
pub use objects::DirectoryObjectStore;
pub use secrets::EnvSecretStore;
pub use state::SqliteStateStore;

use segue_ports::{Environment, ForeignFiles, InternalStorage, PortError, Ports, SystemClock, TimersBy};
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;
use warehouse::DuckDbWarehouse;

/// The bucket for the files of executions.
pub const INTERNAL_BUCKET: &str = "segue-internal";

/// The local platform, with the parts that are not behind a port.
pub struct Embedded {
    /// One adapter for each port.
    pub ports: Ports,
    /// The bus, to receive messages from. It is the same as in `ports`.
    pub bus: Arc<DurableBus>,
    /// A note about the data directory for the user. None if there is nothing to report.
    pub note: Option<String>,
}

/// The options of the local platform.
#[derive(Clone, Debug, Default)]
pub struct EmbeddedOptions {
    /// The settings of the bus.
    pub bus: BusOptions,
    /// The secrets.
    pub secrets: EnvSecretStore,
    /// The limits of queries.
    pub warehouse: warehouse::Limits,
    /// What flows may have of the files of other namespaces.
    pub foreign_files: ForeignFiles,
    /// The options of the database. Files are synced in the same way.
    pub database: DatabaseOptions,
}

/// The variable for [`BusOptions::max_unended`]: the number of deliveries that may end with the process.
pub const MAX_DELIVERIES: &str = "SEGUE_MAX_DELIVERIES";

impl EmbeddedOptions {
    /// Options from environment variables. Secrets come from the variables and from `.env` in the working
    /// directory.
    ///
    /// # Errors
    /// [`PortError::Invalid`] for an invalid setting or an unreadable file.
    pub fn from_environment(environment: &Environment) -> Result<Self, PortError> {
        let mut options = Self {
            secrets: EnvSecretStore::from_environment(environment).with_file(Path::new(".env"))?,
            warehouse: warehouse::Limits::from_environment(environment)?,
            foreign_files: ForeignFiles::from_variables(|name| environment.get(name))?,
            ..Self::default()
        };
        let limit: Option<NonZeroU32> = environment
            .parsed(MAX_DELIVERIES, "a whole number from 1")
            .map_err(|error| PortError::invalid(error.to_string()))?;
        options.bus.max_unended = limit.map_or(options.bus.max_unended, NonZeroU32::get);
        if let Some(text) = environment.filled(Durability::VARIABLE) {
            options.database.durability = text.parse()?;
        }
        Ok(options)
    }
}

/// Opens the local platform in `data_dir`, which is created if it does not exist. The options are the defaults,
/// without any secret. No message is handled until [`DurableBus::run`] is called.
///
/// # Errors
/// [`PortError::Invalid`] if another process uses the directory, or a newer Segue wrote it.
/// [`PortError::Unavailable`] if it cannot be used.
pub fn open(data_dir: &Path) -> Result<Embedded, PortError> {
    open_with(data_dir, EmbeddedOptions::default())
}

/// Like [`open`], for callers that need only the ports.
///
/// # Errors
/// As [`open`].
pub fn connect(data_dir: &Path) -> Result<Ports, PortError> {
    Ok(open(data_dir)?.ports)
}

/// As [`open`], with options.
///
/// # Errors
/// As [`open`].
pub fn open_with(data_dir: &Path, options: EmbeddedOptions) -> Result<Embedded, PortError> {
    let note = private::data_dir(data_dir).map_err(|error| {
        PortError::unavailable(
            "data directory",
            format!(
                "{} cannot be created: {error}; name another directory with --data-dir",
                data_dir.display()
            ),
        )
    })?;
    // The database comes first, because it keeps other processes away from the directory.
    let database = Database::open_with(&data_dir.join("segue.db"), options.database)?;
    let cipher = key::cipher(data_dir, options.secrets.encryption_key())?;
    let object_root = data_dir.join("objects");
    let objects = DirectoryObjectStore::open_with(&object_root, options.database.durability)?;
    objects.sweep()?;
    objects.ensure_bucket(INTERNAL_BUCKET)?;
    if options.database.durability.is_full() {
        let synced = private::sync_folder(&object_root).and_then(|()| private::sync_folder(data_dir));
        synced.map_err(|error| {
            PortError::unavailable("data directory", format!("{}: {error}", data_dir.display()))
        })?;
    }
    let objects = Arc::new(objects);
    let bus = Arc::new(DurableBus::new(database.clone(), options.bus)?);
    let ports = Ports {
        state: Arc::new(SqliteStateStore::new(database)),
        bus: bus.clone(),
        objects: objects.clone(),
        storage: InternalStorage::new(objects, INTERNAL_BUCKET, "").with_foreign_files(options.foreign_files),
        warehouse: Arc::new(DuckDbWarehouse::limited(
            &data_dir.join("warehouse.duckdb"),
            &object_root,
            options.warehouse,
        )),
        secrets: Arc::new(options.secrets),
        cipher,
        containers: None,
        timers: TimersBy::Watching,
        tick_jobs: None,
        usage: None,
        clock: Arc::new(SystemClock),
    };
    Ok(Embedded { ports, bus, note })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_data_directory_is_one_processs_and_keeps_everything() {
        let directory = tempfile::tempdir().unwrap();
        let data_dir = directory.path().join("deep/.segue");
        let platform = open_with(&data_dir, EmbeddedOptions::default()).unwrap();
        let uri = platform.ports.storage.put_text("company/team/a.txt", "kept").await.unwrap();
        assert_eq!(uri, "kestra:///company/team/a.txt");
        assert!(data_dir.join("objects/segue-internal/company/team/a.txt").is_file());
        assert!(!data_dir.join("warehouse.duckdb").exists(), "only what is used is made");
        let refused = connect(&data_dir).err().unwrap().to_string();
        assert!(refused.contains("in use by another Segue process"), "{refused}");
        drop(platform);
        let ports = connect(&data_dir).unwrap();
        assert_eq!(ports.storage.get_text(&uri, 100).await.unwrap(), "kept");
        assert_eq!(ports.storage.list("company").await.unwrap(), [(uri, 4)]);
    }

    #[test]
    fn a_directory_that_cannot_be_made_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("file");
        std::fs::write(&file, "").unwrap();
        let refused = connect(&file.join("data")).err().unwrap().to_string();
        assert!(refused.contains("file/data") && refused.contains("--data-dir"), "{refused}");
    }
}
