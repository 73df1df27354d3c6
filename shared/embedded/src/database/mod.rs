//! The one SQLite file behind the state store and the bus.
//!
//! What it is: [`Database`], a handle that makes changes (one writer thread, see `writer`) and reads (a few
//! reading connections, which never wait for the writer).
//!
//! What it must not know: what the tables mean; that is the business of `state` and `bus`.
//!
//! How to add one more table: `schema.sql`, and the version in `schema.rs`.

mod error;
mod lock;
mod schema;
mod writer;

pub(crate) use error::DbError;

use lock::DirectoryLock;
use rusqlite::Connection;
use segue_ports::PortError;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use tokio::sync::oneshot;
use writer::{Change, Job};

/// Reading connections kept open for the next reader.
const IDLE_READERS: usize = 3;

/// A handle on the database file. Cheap to clone; the file is closed with the last one.
#[derive(Clone)]
pub struct Database {
    inner: Arc<Inner>,
}

struct Inner {
    jobs: Option<Sender<Box<dyn Job>>>,
    writer: Option<JoinHandle<()>>,
    /// None when the database is in memory: then the writer reads too.
    readers: Option<Readers>,
    _lock: Option<DirectoryLock>,
}

struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Database {
    /// Opens the file, making it where there is none, and keeps every other process away from it.
    ///
    /// # Errors
    /// [`PortError::Invalid`] when another process has it, or a newer Segue or another program wrote it;
    /// [`PortError::Unavailable`] when it cannot be opened.
    pub fn open(path: &Path) -> Result<Self, PortError> {
        let lock = DirectoryLock::acquire(path)?;
        let connection = schema::open_writer(path).map_err(|error| match error {
            DbError::Port(error) => error,
            other => PortError::unavailable("state database", format!("{}: {other}", path.display())),
        })?;
        let readers = Readers { path: path.to_owned(), idle: Mutex::new(Vec::new()) };
        Self::start(connection, Some(readers), Some(lock))
    }

    /// A database that is gone with its last handle.
    ///
    /// # Errors
    /// [`PortError::Unavailable`] when SQLite cannot make one.
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
        let inner = Inner { jobs: Some(sender), writer: Some(writer), readers, _lock: lock };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Makes a change, all or nothing; when this returns, it is in the file.
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

    /// Reads a few rows on the caller's own thread: a lookup by key takes microseconds, less than handing it
    /// to another thread would.
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

    /// As [`read`](Self::read), for who cannot await: blocks for as long as it takes.
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

    /// Reads what may be many rows, on a thread where that holds nobody up.
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

impl Readers {
    /// Runs `work` in one read transaction, so that all of it sees the same moment.
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
    /// Closes the file before the lock goes, so that who opens it next finds it at rest.
    fn drop(&mut self) {
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
