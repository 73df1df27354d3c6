//! Runs one process: reads its lines, and ends the process together with all its children.

use crate::lines::{Line, Lines};
use segue_process::{Child, Program, StartError};
use segue_task::TaskError;
use std::time::Duration;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

/// How long to wait for output of children that outlive the process.
const AFTER_EXIT: Duration = Duration::from_secs(2);
/// How long a process may take to end after the request to end.
const AFTER_TERM: Duration = Duration::from_secs(1);
/// The number of bytes read at once.
const CHUNK: usize = 64 * 1024;

/// The stream of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// The reason for a missing exit code.
#[derive(Debug, Error)]
pub(crate) enum ProcessError {
    /// The program does not exist, or cannot be started.
    #[error("cannot start '{program}': {source}")]
    NotStarted {
        /// The program.
        program: String,
        /// The error of the system.
        source: std::io::Error,
    },
    /// The system lost the process.
    #[error("cannot wait for '{program}': {source}")]
    Lost {
        /// The program.
        program: String,
        /// The error of the system.
        source: std::io::Error,
    },
    /// The process was asked to stop, and has ended.
    #[error("the process was stopped")]
    Stopped,
}

impl From<ProcessError> for TaskError {
    fn from(error: ProcessError) -> Self {
        match error {
            ProcessError::Stopped => Self::Stopped,
            ProcessError::NotStarted { .. } => {
                Self::failed(format!("{error}; is it installed on this machine?"))
            }
            ProcessError::Lost { .. } => Self::failed(error.to_string()),
        }
    }
}

/// Runs a program to its end and returns its exit code. If a signal ended the program, the code is 128 + the signal.
/// Remaining background processes are killed, as in a container. If `stop` is cancelled or the future is dropped, all
/// processes of the program are killed.
pub(crate) async fn run(
    program: impl Into<Program>,
    stop: &CancellationToken,
    on_line: impl FnMut(Source, Line),
) -> Result<i32, ProcessError> {
    listen(program, stop, EachLine(on_line)).await
}

/// Like [`run`], with a listener that can slow the process down.
///
/// # Errors
/// As [`run`].
pub(crate) async fn listen(
    program: impl Into<Program>,
    stop: &CancellationToken,
    mut listener: impl Listener,
) -> Result<i32, ProcessError> {
    let program = program.into();
    let name = program.name();
    let (mut child, out, err) = match Child::start(program).await {
        Ok(started) => started,
        Err(StartError::Program(source)) => return Err(ProcessError::NotStarted { program: name, source }),
        Err(StartError::System(source)) => return Err(ProcessError::Lost { program: name, source }),
    };
    let (mut out, mut err) = (Pipe::new(out), Pipe::new(err));
    let mut code: Option<i32> = None;
    let mut deadline = Instant::now();
    loop {
        // The order matters: if both streams have data, standard output is read first, because an error usually follows
        // the output that explains it.
        tokio::select! {
            biased;
            () = stop.cancelled() => {
                child.terminate();
                if code.is_none() {
                    // The result does not matter: processes that have not ended are killed next.
                    let _ = timeout(AFTER_TERM, child.ended()).await;
                }
                child.kill().await;
                return Err(ProcessError::Stopped);
            }
            () = sleep_until(deadline), if code.is_some() => break,
            () = out.read(), if out.is_open() => out.lines(&mut |line| listener.line(Source::Out, line)),
            () = err.read(), if err.is_open() => err.lines(&mut |line| listener.line(Source::Err, line)),
            ended = child.ended(), if code.is_none() => {
                code = Some(ended.map_err(|source| ProcessError::Lost { program: name.clone(), source })?);
                deadline = Instant::now() + AFTER_EXIT;
            }
        }
        if code.is_some() && !out.is_open() && !err.is_open() {
            break;
        }
        listener.room().await;
    }
    child.kill().await;
    out.finish(&mut |line| listener.line(Source::Out, line));
    err.finish(&mut |line| listener.line(Source::Err, line));
    Ok(code.unwrap_or(-1))
}

/// Takes the lines of a process.
pub(crate) trait Listener {
    /// Takes one line.
    fn line(&mut self, source: Source, line: Line);

    /// Waits until there is room for more lines. When the pipe is full, the process waits too.
    fn room(&self) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }
}

/// A function that takes each line at once.
struct EachLine<F>(F);

impl<F: FnMut(Source, Line)> Listener for EachLine<F> {
    fn line(&mut self, source: Source, line: Line) {
        self.0(source, line);
    }
}

/// One of the two output streams.
struct Pipe<R> {
    reader: Option<R>,
    buffer: Vec<u8>,
    lines: Lines,
}

impl<R: AsyncRead + Unpin> Pipe<R> {
    fn new(reader: Option<R>) -> Self {
        Self { reader, buffer: Vec::with_capacity(CHUNK), lines: Lines::default() }
    }

    fn is_open(&self) -> bool {
        self.reader.is_some()
    }

    /// Waits for more bytes, and closes the pipe at its end. No bytes are lost if the future is dropped.
    async fn read(&mut self) {
        let Some(reader) = &mut self.reader else { return };
        self.buffer.clear();
        match reader.read_buf(&mut self.buffer).await {
            Ok(0) | Err(_) => self.reader = None,
            Ok(_) => {}
        }
    }

    fn lines(&mut self, emit: &mut impl FnMut(Line)) {
        self.lines.push(&self.buffer, emit);
        self.buffer.clear();
    }

    fn finish(&mut self, emit: &mut impl FnMut(Line)) {
        self.lines.finish(emit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::process::Command;

    fn shell(text: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", text]);
        command
    }

    async fn collect(text: &str) -> (Result<i32, ProcessError>, Vec<(Source, String)>) {
        let mut lines = Vec::new();
        let stop = CancellationToken::new();
        let code = run(shell(text), &stop, |source, line| lines.push((source, line.text))).await;
        (code, lines)
    }

    /// Whether a process exists and is not a zombie.
    fn is_alive(id: &str) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", id.trim())).unwrap_or_default();
        stat.rsplit(')')
            .next()
            .and_then(|rest| rest.split_whitespace().next())
            .is_some_and(|state| state != "Z")
    }

    async fn wait_until(mut check: impl FnMut() -> bool) -> bool {
        for _ in 0..200 {
            if check() {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        false
    }

    #[tokio::test]
    async fn both_outputs_and_the_exit_code_come() {
        let (code, lines) = collect("echo one; echo two >&2; printf three; exit 7").await;
        assert_eq!(code.unwrap(), 7);
        assert!(lines.contains(&(Source::Out, "one".into())));
        assert!(lines.contains(&(Source::Err, "two".into())));
        assert!(lines.contains(&(Source::Out, "three".into())));
    }

    #[tokio::test]
    async fn a_signal_is_told_as_a_shell_tells_it() {
        assert_eq!(collect("kill -9 $$").await.0.unwrap(), 137);
    }

    #[tokio::test]
    async fn a_lot_of_output_is_read_whole() {
        let (code, lines) =
            collect("i=0; while [ $i -lt 3000 ]; do echo line $i; echo err $i >&2; i=$((i+1)); done").await;
        assert_eq!(code.unwrap(), 0);
        let of = |source| {
            lines.iter().filter(|(from, _)| *from == source).map(|(_, text)| text.clone()).collect::<Vec<_>>()
        };
        assert_eq!(of(Source::Out), (0..3000).map(|i| format!("line {i}")).collect::<Vec<_>>());
        assert_eq!(of(Source::Err), (0..3000).map(|i| format!("err {i}")).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn an_endless_line_does_not_fill_the_memory() {
        let (code, lines) = collect("head -c 50000000 /dev/zero | tr '\\0' x; echo; echo after").await;
        assert_eq!(code.unwrap(), 0);
        assert!(lines[0].1.len() < 100_000);
        assert_eq!(lines[1].1, "after");
    }

    #[tokio::test]
    async fn a_missing_program_is_named() {
        let stop = CancellationToken::new();
        let error = run(Command::new("no-such-program-here"), &stop, |_, _| {}).await.unwrap_err();
        assert!(error.to_string().contains("no-such-program-here"), "{error}");
    }

    #[tokio::test]
    async fn children_left_in_the_background_neither_block_nor_survive() {
        let started = Instant::now();
        let (code, lines) = collect("sleep 300 & echo $!; echo done").await;
        assert_eq!(code.unwrap(), 0);
        assert!(started.elapsed() < Duration::from_secs(20));
        assert_eq!(lines[1].1, "done");
        let id = lines[0].1.clone();
        assert!(wait_until(|| !is_alive(&id)).await, "{id} is still there");
    }

    /// Starts a tree of three generations, one of them in its own session, and prints their ids.
    const TREE: &str = "sh -c 'sleep 300 & echo $!; setsid sleep 301 & echo $!; wait' & echo $!; wait";

    #[tokio::test]
    async fn a_stop_ends_the_whole_tree() {
        let stop = CancellationToken::new();
        let (sender, mut ids) = tokio::sync::mpsc::unbounded_channel();
        let token = stop.clone();
        let running =
            tokio::spawn(
                async move { run(shell(TREE), &token, |_, line| drop(sender.send(line.text))).await },
            );
        let mut tree = Vec::new();
        for _ in 0..3 {
            tree.push(ids.recv().await.unwrap());
        }
        assert!(tree.iter().all(|id| is_alive(id)));
        stop.cancel();
        assert!(matches!(running.await.unwrap(), Err(ProcessError::Stopped)));
        assert!(wait_until(|| !tree.iter().any(|id| is_alive(id))).await, "{tree:?}");
    }

    #[tokio::test]
    async fn a_process_that_ignores_the_first_signal_is_killed() {
        let stop = CancellationToken::new();
        let (sender, mut lines) = tokio::sync::mpsc::unbounded_channel();
        let token = stop.clone();
        let running = tokio::spawn(async move {
            let script = "trap '' TERM; echo $$; while :; do sleep 1; done";
            run(shell(script), &token, |_, line| drop(sender.send(line.text))).await
        });
        let id = lines.recv().await.unwrap();
        stop.cancel();
        assert!(running.await.unwrap().is_err());
        assert!(wait_until(|| !is_alive(&id)).await);
    }

    #[tokio::test]
    async fn dropping_the_future_ends_the_whole_tree() {
        let stop = CancellationToken::new();
        let mut tree = Vec::new();
        let running = run(shell(TREE), &stop, |_, line| tree.push(line.text));
        assert!(timeout(Duration::from_millis(800), running).await.is_err());
        assert_eq!(tree.len(), 3);
        assert!(wait_until(|| !tree.iter().any(|id| is_alive(id))).await, "{tree:?}");
    }
}
