//! The local platform: every port on one machine, in one directory, without a cloud account.
//!
//! What it is: the state store [`SqliteStateStore`] and the bus [`DurableBus`] and the topics of
//! flows [`SqliteTopics`] in one SQLite file, the object store
//! [`DirectoryObjectStore`], the DuckDB [`warehouse`] and the secret store [`EnvSecretStore`]. [`open`] puts them
//! together in a data directory:
//! ```text
//! .segue/
//!   segue.db          flows, executions, task runs, KV, logs, timers, permits, messages, topics
//!   segue.lock        locked by the process that uses the directory
//!   secret.key        the key for SECRET inputs and outputs, if SEGUE_ENCRYPTION_KEY is not set
//!   secrets.json      secrets that were set through the API, encrypted
//!   objects/          the objects as <bucket>/<key>; the files of executions are in the bucket segue-internal
//!   warehouse.duckdb  the tables of the warehouse; the first job creates this file
//! ```
//!
//! What it must not know: flows, tasks, the engine's rules. Each adapter keeps the errors of its technology
//! private, and passes the conformance suite of its port.
//!
//! How to add one more adapter: add a module here and a field that [`open`] sets, and run the suite of its port in
//! `segue_ports::conformance`.

mod backup;
mod bus;
mod database;
mod durability;
mod kept_secrets;
mod key;
mod objects;
mod private;
mod secrets;
mod state;
mod topics;
pub mod warehouse;

pub use backup::{Contents, backup, restore};
pub use bus::{BusOptions, DeadLetter, DurableBus, Faults, Handling};
pub use database::{Database, DatabaseOptions};
pub use durability::Durability;
pub use objects::DirectoryObjectStore;
pub use secrets::EnvSecretStore;
pub use state::SqliteStateStore;
pub use topics::{SqliteTopics, local_project};

use kept_secrets::KeptSecrets;
use segue_ports::tokens::NoTokens;
use segue_ports::{Environment, ForeignFiles, InternalStorage, PortError, Ports, SystemClock, TimersBy};
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;
use warehouse::DuckDbWarehouse;

/// The bucket for the files of executions.
pub const INTERNAL_BUCKET: &str = "segue-internal";

/// The local platform: the ports, and parts that are not behind a port.
pub struct Embedded {
    /// One adapter for each port.
    pub ports: Ports,
    /// The same bus as in `ports`. Its method [`DurableBus::run`] receives messages.
    pub bus: Arc<DurableBus>,
    /// The same topics as in `ports`. Its method [`SqliteTopics::push`] delivers messages to triggers.
    pub topics: Arc<SqliteTopics>,
    /// A note for the user about the data directory. `None` if there is nothing to report.
    pub note: Option<String>,
}

/// The options of the local platform.
#[derive(Clone, Debug, Default)]
pub struct EmbeddedOptions {
    /// The settings of the bus.
    pub bus: BusOptions,
    /// The store of the secrets that `secret()` reads.
    pub secrets: EnvSecretStore,
    /// The limits of queries of the warehouse.
    pub warehouse: warehouse::Limits,
    /// Which files of other namespaces a flow may read.
    pub foreign_files: ForeignFiles,
    /// The options of the database. Objects are synced with the same durability.
    pub database: DatabaseOptions,
    /// The project of topics that are named without a project. None: `segue-local`.
    pub project: Option<String>,
}

/// The environment variable for [`BusOptions::max_unended`], the number of deliveries of a message that may end with
/// the process.
pub const MAX_DELIVERIES: &str = "SEGUE_MAX_DELIVERIES";

impl EmbeddedOptions {
    /// Reads the options from environment variables. Secrets come from the variables and from `.env` in the working
    /// directory.
    ///
    /// # Errors
    /// [`PortError::Invalid`] for an invalid setting or an unreadable file.
    pub fn from_environment(environment: &Environment) -> Result<Self, PortError> {
        EnvSecretStore::check(environment).map_err(|error| PortError::invalid(error.to_string()))?;
        let mut options = Self {
            secrets: EnvSecretStore::from_environment(environment).with_file(Path::new(".env"))?,
            warehouse: warehouse::Limits::from_environment(environment)?,
            foreign_files: ForeignFiles::from_variables(|name| environment.get(name))?,
            project: Some(local_project(environment)),
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

/// Opens the local platform in `data_dir` with the default options and without secrets. Creates the directory if it
/// does not exist. No message is handled until [`DurableBus::run`] is called.
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

/// Like [`open`], with options.
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
    // The database is opened first, because its lock keeps other processes away from the directory.
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
    let topics = SqliteTopics::new(database.clone());
    let topics = Arc::new(match options.project {
        Some(project) => topics.with_project(&project),
        None => topics,
    });
    let ports = Ports {
        state: Arc::new(SqliteStateStore::new(database)),
        bus: bus.clone(),
        topics: topics.clone(),
        objects: objects.clone(),
        storage: InternalStorage::new(objects, INTERNAL_BUCKET, "").with_foreign_files(options.foreign_files),
        warehouse: Arc::new(DuckDbWarehouse::limited(
            &data_dir.join("warehouse.duckdb"),
            &object_root,
            options.warehouse,
        )),
        secrets: Arc::new(KeptSecrets::open(data_dir, options.secrets, cipher.clone())?),
        tokens: Arc::new(NoTokens),
        cipher,
        containers: None,
        builds: None,
        timers: TimersBy::Watching,
        tick_jobs: None,
        usage: None,
        clock: Arc::new(SystemClock),
    };
    Ok(Embedded { ports, bus, topics, note })
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
