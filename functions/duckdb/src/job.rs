//! Runs the statements of a task on a thread of its own, and stops them with the task.

use crate::cells::{Cells, Shape};
use crate::engine::{self, Opening};
use crate::files::Names;
use crate::paths::with_paths;
use crate::refusal::{self, Step};
use crate::verbs::{Special, is_query, special};
use duckdb::arrow::array::{Array as _, StructArray};
use duckdb::{Connection, InterruptHandle, Statement};
use segue_jdbc::collect::{self, Pieces, StoredPieces};
use segue_jdbc::{Collector, FetchType, Fetched};
use segue_model::Map;
use segue_task::{TaskContext, TaskError};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// The time between two interruptions of a job. An interruption between two statements has no effect, so it is repeated
/// until the thread ends.
const AGAIN: Duration = Duration::from_millis(50);
/// The stack of the thread, in bytes. DuckDB reads deeply nested statements recursively.
const STACK_BYTES: usize = 64 << 20;

/// What a thread does.
pub(crate) struct Job {
    pub(crate) opening: Opening,
    pub(crate) names: Names,
    pub(crate) steps: Vec<Step>,
    pub(crate) kind: FetchType,
    pub(crate) cells: Cells,
    /// Whether all statements are one transaction.
    pub(crate) is_transaction: bool,
    /// Whether the file of the database is read afterwards.
    pub(crate) keeps_file: bool,
}

/// Why a job ended early.
enum Failure {
    Said(String),
    /// The task was stopped.
    Stopped,
    /// The store of a file takes no more. Its own error counts.
    NotStored,
}

/// The rows of a statement: all of them, or the number of the statement with a stored file.
struct Found {
    statement: usize,
    collector: Collector,
}

/// Runs the statements. Returns the rows of each statement with wanted rows.
///
/// # Errors
/// [`TaskError::Failed`] with a sentence about the statement. [`TaskError::Stopped`] if the task was stopped.
pub(crate) async fn run(job: Job, context: &TaskContext) -> Result<Vec<Fetched>, TaskError> {
    let (files, mut stored) = mpsc::unbounded_channel::<(usize, StoredPieces)>();
    let (answer, mut answered) = oneshot::channel();
    let stop = Arc::new(Stop::default());
    let _stopped_if_dropped = StopOnDrop(Arc::clone(&stop));
    let (of_thread, thread_stop) = (context.clone(), Arc::clone(&stop));
    std::thread::Builder::new()
        .name("duckdb".to_owned())
        .stack_size(STACK_BYTES)
        .spawn(move || {
            let work = Work { job: &job, context: &of_thread, stop: &thread_stop, files };
            let outcome = work.run();
            thread_stop.end();
            // If the task was dropped, nobody waits for the outcome.
            let _unheard = answer.send(outcome);
        })
        .map_err(|error| TaskError::failed(format!("no thread could be started: {error}")))?;
    let stores = async move {
        let mut uris = Vec::new();
        while let Some((statement, pieces)) = stored.recv().await {
            uris.push((statement, collect::store(context, statement, pieces).await?));
        }
        Ok::<_, TaskError>(uris)
    };
    let cancelled = context.cancelled();
    let (uris, outcome) = tokio::select! {
        both = async {
            // A store that fails drops all pieces, so the thread cannot send more, and ends.
            let uris = stores.await;
            (uris, (&mut answered).await)
        } => both,
        () = cancelled.cancelled() => {
            stop.wanted.store(true, Ordering::SeqCst);
            while !answered.is_terminated() {
                stop.interrupt();
                if tokio::time::timeout(AGAIN, &mut answered).await.is_ok() {
                    break;
                }
            }
            return Err(TaskError::Stopped);
        }
    };
    let outcome = outcome.map_err(|_| {
        TaskError::failed("the thread of DuckDB ended unexpectedly; this is an error in Segue")
    })?;
    let found = match outcome {
        Ok(found) => found,
        Err(Failure::Said(sentence)) => return Err(TaskError::failed(sentence)),
        Err(Failure::Stopped) => return Err(TaskError::Stopped),
        Err(Failure::NotStored) => {
            uris?;
            return Err(TaskError::failed("the rows could not be stored"));
        }
    };
    let mut uris = uris?.into_iter();
    let fetched = found.into_iter().map(|Found { statement, collector }| {
        let uri = if collector.is_stored() { uris.find(|(number, _)| *number == statement) } else { None };
        collector.finish(context, uri.map(|(_, uri)| uri))
    });
    Ok(fetched.collect())
}

/// The work of the thread.
struct Work<'a> {
    job: &'a Job,
    context: &'a TaskContext,
    stop: &'a Stop,
    files: mpsc::UnboundedSender<(usize, StoredPieces)>,
}

impl Work<'_> {
    fn run(self) -> Result<Vec<Found>, Failure> {
        let opened = self.job.opening.open();
        let connection = opened.map_err(|error| {
            Failure::Said(format!("the database cannot be opened: {}", refusal::text(&error)))
        })?;
        self.stop.begin(connection.interrupt_handle());
        let mut steps = Vec::new();
        for step in &self.job.steps {
            self.stop.check()?;
            match special(&step.statement.text) {
                None => steps.push(step),
                Some(Special::Extension { name, foreign }) => {
                    let loaded = engine::load(&connection, &name, foreign);
                    let note = loaded.map_err(|why| Failure::Said(step.about(step.statement.line, &why)))?;
                    note.into_iter().for_each(|note| self.context.debug(note));
                }
                Some(Special::NoEffect(name)) => {
                    self.context.warn(format!("{name} has no effect: the service sets it"));
                }
                Some(Special::OfTheLog(name)) => {
                    let why = format!(
                        "{name} would write to the log of the service, which all tasks share; remove it"
                    );
                    return Err(Failure::Said(step.about(step.statement.line, &why)));
                }
            }
        }
        self.job.opening.lock(&connection).map_err(Failure::Said)?;
        if self.job.is_transaction {
            self.own(&connection, "BEGIN")?;
        }
        let mut found = Vec::new();
        for step in steps {
            self.stop.check()?;
            found.extend(self.step(&connection, step)?);
        }
        if self.job.is_transaction {
            self.own(&connection, "COMMIT")?;
        }
        if self.job.keeps_file {
            // Otherwise the last changes could be in another file next to the database.
            self.own(&connection, "CHECKPOINT")?;
        }
        Ok(found)
    }

    /// Runs a statement of this service.
    fn own(&self, connection: &Connection, sql: &str) -> Result<(), Failure> {
        connection.execute_batch(sql).map_err(|error| {
            self.stop
                .check()
                .err()
                .unwrap_or_else(|| Failure::Said(format!("{sql}: {}", refusal::text(&error))))
        })
    }

    /// Runs a statement to its end. None if its rows are not wanted, or if it has none.
    fn step(&self, connection: &Connection, step: &Step) -> Result<Option<Found>, Failure> {
        let failed = |error: duckdb::Error| {
            self.stop.check().err().unwrap_or_else(|| Failure::Said(refusal::of_statement(&error, step)))
        };
        let sql = with_paths(&step.statement.text, &mut |position, name| self.job.names.path(position, name));
        let mut prepared = connection.prepare(&sql).map_err(failed)?;
        drop(prepared.stream_arrow([]).map_err(failed)?);
        let columns = Columns::of(&prepared);
        if !step.fetch || self.job.kind == FetchType::None || !columns.are_rows(&sql) {
            while prepared.step().map_err(failed)?.is_some() {}
            return Ok(None);
        }
        let statement = step.statement.number;
        let mut collector = Collector::new(self.job.kind);
        let sender = collector.is_stored().then(collect::file).and_then(|(sender, pieces)| {
            // Without a receiver the task was dropped, and sending fails.
            self.files.send((statement, pieces)).ok().map(|()| sender)
        });
        let read = self.read(&prepared, &columns, &mut collector, sender.as_ref(), &failed);
        if let (Err(_), Some(sender)) = (&read, &sender) {
            let _gone = sender.blocking_send(Err(collect::cut()));
        }
        read.map(|()| Some(Found { statement, collector }))
    }

    fn read(
        &self,
        prepared: &Statement<'_>,
        columns: &Columns,
        collector: &mut Collector,
        sender: Option<&Pieces>,
        failed: &dyn Fn(duckdb::Error) -> Failure,
    ) -> Result<(), Failure> {
        let send = |piece| match sender.map(|sender| sender.blocking_send(Ok(piece))) {
            Some(Err(_)) => Err(Failure::NotStored),
            _ => Ok(()),
        };
        while let Some(batch) = prepared.step().map_err(failed)? {
            self.stop.check()?;
            for row in 0..batch.len() {
                let row = columns.row(&batch, row, &self.job.cells);
                if let Some(piece) = collector.add(row).map_err(|error| Failure::Said(error.to_string()))? {
                    send(piece)?;
                }
            }
        }
        collector.rest().map_or(Ok(()), send)
    }
}

/// The columns of a result.
struct Columns {
    names: Vec<String>,
    shapes: Vec<Shape>,
}

impl Columns {
    fn of(statement: &Statement<'_>) -> Self {
        let names = statement.column_names();
        let shapes = (0..names.len()).map(|place| Shape::of(&statement.column_logical_type(place))).collect();
        Self { names, shapes }
    }

    /// Whether the result is more than the number of changed rows, or nothing.
    fn are_rows(&self, sql: &str) -> bool {
        match (self.names.as_slice(), self.shapes.as_slice()) {
            ([name], [Shape::Plain]) if name == "Count" => is_query(sql),
            // The result of a statement without one, which has no row.
            ([name], [Shape::Boolean]) if name == "Success" => {
                is_query(sql) && !sql.to_uppercase().starts_with("PRAGMA")
            }
            _ => true,
        }
    }

    /// A row as a map. The last of two columns with the same name counts, as in Kestra.
    fn row(&self, batch: &StructArray, row: usize, cells: &Cells) -> Map {
        let columns = self.names.iter().zip(&self.shapes).zip(batch.columns());
        columns.map(|((name, shape), column)| (name.clone(), cells.value(shape, column, row))).collect()
    }
}

/// Whether the thread must stop, and how to interrupt its statement.
#[derive(Default)]
struct Stop {
    wanted: AtomicBool,
    /// Set while the thread has a connection.
    handle: Mutex<Option<Arc<InterruptHandle>>>,
}

impl Stop {
    fn begin(&self, handle: Arc<InterruptHandle>) {
        *self.handle.lock().unwrap_or_else(PoisonError::into_inner) = Some(handle);
    }

    fn end(&self) {
        self.handle.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    fn check(&self) -> Result<(), Failure> {
        if self.wanted.load(Ordering::SeqCst) { Err(Failure::Stopped) } else { Ok(()) }
    }

    fn interrupt(&self) {
        if let Some(handle) = self.handle.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            handle.interrupt();
        }
    }
}

/// When dropped, stops the thread. A thread that has ended is not affected.
struct StopOnDrop(Arc<Stop>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.wanted.store(true, Ordering::SeqCst);
        self.0.interrupt();
    }
}
