//! The SQLite file with the state store and the bus.
//!
//! What it is: [`Database`], a handle to the file. One writer thread makes all changes (see `writer`). A few reading
//! connections read and never wait for the writer.
//!
//! What it must not know: what the tables mean. `state` and `bus` know this.
//!
//! How to add one more table: add it to `schema.sql`, and raise the version in `schema.rs`.

mod damage;
mod error;
mod lock;
pub(crate) mod read_only;
mod schema;
mod writer;

pub(crate) use error::DbError;

use crate::durability::Durability;
use lock::DirectoryLock;
use rusqlite::{Connection, ErrorCode};
use segue_ports::PortError;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use writer::{Change, Job};

/// The number of idle reading connections that are kept for later readers.
const IDLE_READERS: usize = 3;
/// The size in bytes up to which a file is checked before it is used. A larger file, up to [`LARGEST_CHECKED`], is
/// checked in the background.
const CHECKED_AT_ONCE: u64 = 8 << 20;
const LARGEST_CHECKED: u64 = 2 << 30;
/// The time for which a check that wrote something stays valid.
const CHECK_COUNTS: Duration = Duration::from_secs(5);

/// The settings for opening a database.
#[derive(Clone, Copy, Debug, Default)]
pub struct DatabaseOptions {
    /// Which failures an answered write survives.
    pub durability: Durability,
    /// Whether to open a database that has lost data, with the data that is left.
    pub accept_loss: bool,
}

/// Keeps other processes away from the directory of `database` while the lock lives.
pub(crate) fn lock(database: &Path) -> Result<DirectoryLock, PortError> {
    DirectoryLock::acquire(database)
}

/// A handle to the database file. Cheap to clone. Dropping the last handle closes the file.
#[derive(Clone)]
pub struct Database {
    inner: Arc<Inner>,
}

struct Inner {
    jobs: Option<Sender<Box<dyn Job>>>,
    writer: Option<JoinHandle<()>>,
    /// The reading connections. `None` if the database is in memory. Then the writer reads too.
    readers: Option<Readers>,
    lock: Option<DirectoryLock>,
    /// The errors that the check of the whole file found. `None` if it found none.
    damage: Arc<Mutex<Option<String>>>,
    /// The time of the last check that wrote something.
    checked: Mutex<Option<Instant>>,
}

struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Database {
    /// Opens the file, creates it if it does not exist, and keeps other processes away from it.
    ///
    /// # Errors
    /// [`PortError::Invalid`] if another process uses the file, if a newer Segue or another program wrote it, or if
    /// data is lost. [`PortError::Unavailable`] if the file cannot be opened.
    pub fn open(path: &Path) -> Result<Self, PortError> {
        Self::open_with(path, DatabaseOptions::default())
    }

    /// As [`Self::open`], with options.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_with(path: &Path, options: DatabaseOptions) -> Result<Self, PortError> {
        let lock = DirectoryLock::acquire(path)?;
        if !options.accept_loss {
            damage::refuse(path, lock.is_unclean())?;
        }
        let connection = schema::open_writer(path, options.durability).map_err(|error| match error {
            DbError::Port(error) => error,
            DbError::Sqlite(error) if is_damage(&error) => {
                damage::lost(path, &format!("is damaged ({error})"))
            }
            other => PortError::unavailable("state database", format!("{}: {other}", path.display())),
        })?;
        lock.opened();
        let readers = Readers { path: path.to_owned(), idle: Mutex::new(Vec::new()) };
        let database = Self::start(connection, Some(readers), Some(lock))?;
        database.look_through(path, options.accept_loss)?;
        Ok(database)
    }

    /// Checks the whole file: a small one before it is used, a large one in the background.
    fn look_through(&self, path: &Path, accept_loss: bool) -> Result<(), PortError> {
        let size = std::fs::metadata(path).map(|metadata| metadata.len()).unwrap_or_default();
        if size <= CHECKED_AT_ONCE {
            return match quick_check(path) {
                Some(found) if !accept_loss => Err(damage::lost(path, &format!("is damaged ({found})"))),
                found => {
                    *self.inner.damage.lock().unwrap_or_else(PoisonError::into_inner) = found;
                    Ok(())
                }
            };
        }
        if size <= LARGEST_CHECKED {
            let (path, damage) = (path.to_owned(), Arc::clone(&self.inner.damage));
            let look = move || {
                if let Some(found) = quick_check(&path) {
                    tracing::error!(
                        found,
                        "{} is damaged; restore a backup with `segue restore`",
                        path.display()
                    );
                    *damage.lock().unwrap_or_else(PoisonError::into_inner) = Some(found);
                }
            };
            let looking = std::thread::Builder::new().name("segue-check".to_owned()).spawn(look);
            looking.map_err(|error| PortError::unavailable("state database", error))?;
        }
        Ok(())
    }

    /// Checks that the database can be read and written, and that no damage is known. Checks are frequent, so only some
    /// of them write.
    pub(crate) async fn check(&self) -> Result<(), DbError> {
        if let Some(found) = self.inner.damage.lock().unwrap_or_else(PoisonError::into_inner).clone() {
            return Err(DbError::Damaged(found));
        }
        self.read(|connection| {
            for table in ["flows", "executions", "task_runs", "logs", "kv", "timers", "messages"] {
                connection
                    .prepare_cached(&format!("SELECT count(*) FROM (SELECT * FROM {table} LIMIT 1)"))?
                    .query_row([], |_| Ok(()))?;
            }
            Ok(())
        })
        .await?;
        let checked = *self.inner.checked.lock().unwrap_or_else(PoisonError::into_inner);
        if checked.is_some_and(|moment| moment.elapsed() < CHECK_COUNTS) {
            return Ok(());
        }
        self.write(|connection| {
            connection.execute(
                "INSERT OR REPLACE INTO probe (id, at) VALUES (1, unixepoch('subsec') * 1000)",
                [],
            )?;
            Ok(())
        })
        .await?;
        *self.inner.checked.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        Ok(())
    }

    /// A database in memory. Its data is lost when the last handle is dropped.
    ///
    /// # Errors
    /// [`PortError::Unavailable`] if SQLite cannot create the database.
    pub fn in_memory() -> Result<Self, PortError> {
        let connection = schema::open_memory().map_err(|error| error.at("state database"))?;
        Self::start(connection, None, None)
    }

    fn start(
        connection: Connection,
        readers: Option<Readers>,
        lock: Option<DirectoryLock>,
    ) -> Result<Self, PortError> {
        let (sender, receiver) = channel();
        let writer = std::thread::Builder::new()
            .name("segue-state".to_owned())
            .spawn(move || writer::run(&connection, &receiver))
            .map_err(|error| PortError::unavailable("state database", error))?;
        let inner = Inner {
            jobs: Some(sender),
            writer: Some(writer),
            readers,
            lock,
            damage: Arc::default(),
            checked: Mutex::default(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Makes a change, completely or not at all. The change is in the file when this method returns.
    pub(crate) async fn write<T, F>(&self, work: F) -> Result<T, DbError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, DbError> + Send + 'static,
    {
        let (answer, outcome) = oneshot::channel();
        let jobs = self.inner.jobs.as_ref().ok_or(DbError::Closed)?;
        jobs.send(Box::new(Change::new(work, answer))).map_err(|_| DbError::Closed)?;
        outcome.await.map_err(|_| DbError::Closed)?
    }

    /// Reads a few rows on the thread of the caller. A lookup by key takes microseconds. To move it to another thread
    /// takes longer.
    pub(crate) async fn read<T, F>(&self, work: F) -> Result<T, DbError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, DbError> + Send + 'static,
    {
        match &self.inner.readers {
            Some(readers) => readers.read(work),
            None => self.write(work).await,
        }
    }

    /// Like [`read`](Self::read), for callers that cannot await. Blocks the thread.
    pub(crate) fn read_blocking<T, F>(&self, work: F) -> Result<T, DbError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, DbError> + Send + 'static,
    {
        if let Some(readers) = &self.inner.readers {
            return readers.read(work);
        }
        let (sender, receiver) = channel();
        let (answer, _) = oneshot::channel::<Result<(), DbError>>();
        let jobs = self.inner.jobs.as_ref().ok_or(DbError::Closed)?;
        let job = move |connection: &Connection| sender.send(work(connection)).map_err(|_| DbError::Closed);
        jobs.send(Box::new(Change::new(job, answer))).map_err(|_| DbError::Closed)?;
        receiver.recv().map_err(|_| DbError::Closed)?
    }

    /// Reads on a thread that may block. For queries with many rows.
    pub(crate) async fn scan<T, F>(&self, work: F) -> Result<T, DbError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, DbError> + Send + 'static,
    {
        if self.inner.readers.is_none() {
            return self.write(work).await;
        }
        let inner = Arc::clone(&self.inner);
        let read = tokio::task::spawn_blocking(move || match &inner.readers {
            Some(readers) => readers.read(work),
            None => Err(DbError::Closed),
        });
        read.await.map_err(|_| DbError::Closed)?
    }
}

fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt))
}

/// The errors that SQLite finds in the whole file. `None` if there are no errors.
fn quick_check(path: &Path) -> Option<String> {
    let found = schema::open_reader(path).and_then(|connection| {
        Ok(connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0))?)
    });
    match found {
        Ok(found) if found == "ok" => None,
        Ok(found) => Some(found.replace('\n', " ")),
        Err(DbError::Sqlite(error)) if is_damage(&error) => Some(error.to_string()),
        Err(_) => None,
    }
}

impl Readers {
    /// Runs `work` in one read transaction. So all queries of `work` see the same state.
    fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T, DbError>) -> Result<T, DbError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => schema::open_reader(&self.path)?,
        };
        connection.prepare_cached("BEGIN")?.execute([])?;
        let outcome = work(&connection);
        connection.prepare_cached("ROLLBACK")?.execute([])?;
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE_READERS {
            idle.push(connection);
        }
        outcome
    }
}

impl Drop for Inner {
    /// Closes the file before the lock is released. So the next process finds a closed file.
    fn drop(&mut self) {
        if let Some(lock) = &self.lock {
            lock.closing();
        }
        if let Some(readers) = &self.readers {
            readers.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
        self.jobs = None;
        if let Some(writer) = self.writer.take()
            && writer.thread().id() != std::thread::current().id()
        {
            let _ = writer.join();
        }
    }
}

#[cfg(test)]
mod tests;
