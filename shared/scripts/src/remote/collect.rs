//! Reads the results of a container: its log, its exit code, its files.

use super::container::Remote;
use super::wrapper;
use crate::directories::{OUT, WORK};
use crate::lines::Lines;
use crate::process::Source;
use crate::result::{ScriptOutput, outcome};
use crate::sink::{ReadLine, Sink};
use bytes::Bytes;
use futures::TryStreamExt as _;
use segue_files::folder::{self, StoredFile};
use segue_files::output::SCRATCH_PREFIX;
use segue_files::{Texts, WorkingGlobs};
use segue_model::Map;
use segue_ports::PortError;
use segue_task::TaskError;

/// The largest size of the file with the exit code, in bytes.
const EXIT_LIMIT: u64 = 100;

/// The end of a container, as the platform reports it.
pub(super) struct End {
    /// The exit code. None if unknown.
    pub(super) exit_code: Option<i32>,
    /// The platform's message about the end. None if the container succeeded.
    pub(super) message: Option<String>,
}

impl Remote {
    /// Reads the log, stores the files, and returns the result.
    pub(super) async fn collect(
        &self,
        container: &str,
        end: End,
        patterns: &Texts,
        read_line: Option<ReadLine>,
    ) -> Result<ScriptOutput, TaskError> {
        let code = self.exit_code(&end).await?;
        let mut sink = Sink::new(&self.context, read_line);
        let has_out = self.read(wrapper::STDOUT, Source::Out, &mut sink).await?;
        let has_err = self.read(wrapper::STDERR, Source::Err, &mut sink).await?;
        if !has_out && !has_err {
            self.read_kept(container, &mut sink).await;
        }
        let reported = sink.finish();
        let Some(code) = code else {
            let why = end.message.unwrap_or_else(|| "the platform gives no reason".to_owned());
            return Err(TaskError::failed(format!("the container was stopped before its end: {why}")));
        };
        let stored = match self.store_files(patterns).await {
            // The next delivery looks for the files again.
            Err(error) if error.is_transient() => return Err(error.into()),
            stored => stored.map_err(TaskError::from),
        };
        outcome(&self.context, reported, stored, code)
    }

    /// The exit code of the commands, or else that of the container. None if neither is known.
    async fn exit_code(&self, end: &End) -> Result<Option<i32>, TaskError> {
        match self.storage().get_text(&self.uri(wrapper::EXIT), EXIT_LIMIT).await {
            Ok(text) => {
                let code = text
                    .trim()
                    .parse()
                    .map_err(|_| TaskError::failed(format!("'{}' is not an exit code", text.trim())));
                return code.map(Some);
            }
            Err(PortError::NotFound { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        if let (Some(code), Some(message)) = (end.exit_code, &end.message)
            && code != 0
        {
            self.context.error(format!("the container ended with exit code {code}: {message}"));
        }
        Ok(end.exit_code)
    }

    /// Sends the output that the platform kept to the log. A container that was killed stored no files, and neither does
    /// an image that runs without the shell script.
    async fn read_kept(&self, container: &str, sink: &mut Sink<'_>) {
        match self.jobs.output(container).await {
            Ok(lines) => {
                for line in lines {
                    let source = if line.is_error { Source::Err } else { Source::Out };
                    let mut lines = Lines::default();
                    lines.push(line.text.as_bytes(), &mut |line| sink.line(source, line));
                    lines.finish(&mut |line| sink.line(source, line));
                    self.context.log_room().await;
                }
            }
            // The result of the container does not depend on its output.
            Err(error) => {
                self.context.info(format!("the output of the container {container} is not known: {error}"))
            }
        }
    }

    /// Sends a file of output to the log, line by line. Returns false if there is no such file.
    async fn read(&self, name: &str, source: Source, sink: &mut Sink<'_>) -> Result<bool, TaskError> {
        let mut stream = match self.storage().get(&self.uri(name)).await {
            Ok((_, stream)) => stream,
            // The file is missing if the commands never started, or if the image ran without the shell script.
            Err(PortError::NotFound { .. }) => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        let mut lines = Lines::default();
        while let Some(chunk) = stream.try_next().await? {
            let chunk: Bytes = chunk;
            lines.push(&chunk, &mut |line| sink.line(source, line));
            self.context.log_room().await;
        }
        lines.finish(&mut |line| sink.line(source, line));
        Ok(true)
    }

    /// Stores the files that match the patterns, and all files in `{{ outputDir }}`.
    async fn store_files(&self, patterns: &Texts) -> Result<Map, PortError> {
        let mut stored = Map::new();
        if !patterns.0.is_empty() {
            // A pattern may have the directory's path in the container, or the path that other properties have.
            let here = self.context.working_dir().to_string_lossy().into_owned();
            let there = self.root().join(WORK);
            let patterns: Vec<String> =
                patterns.0.iter().map(|pattern| pattern.replace(&here, &there.to_string_lossy())).collect();
            let globs = WorkingGlobs::new(&there, &patterns)?;
            let mut files = self.files(&format!("{}/{WORK}", self.base)).await?;
            files.retain(|file| !file.relative.starts_with(SCRATCH_PREFIX) && globs.matches(&file.relative));
            stored.extend(self.copy(&files).await?);
        }
        let output_dir = self.files(&self.stored(OUT)).await?;
        stored.extend(self.copy(&output_dir).await?);
        Ok(stored)
    }

    async fn files(&self, prefix: &str) -> Result<Vec<StoredFile>, PortError> {
        folder::list(self.storage(), prefix).await
    }

    async fn copy(&self, files: &[StoredFile]) -> Result<Map, PortError> {
        let stores = (&*self.context.ports().objects, self.storage());
        folder::keep(stores, files, |name| self.context.storage_path(name)).await
    }
}
