//! One process with all its children: started in a process group of its own, read line by line, and ended as
//! a whole.

use crate::lines::{Line, Lines};
use rustix::process::{Pid, Signal};
use std::collections::HashMap;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Command;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

/// How long output of children that outlive the process is waited for.
const AFTER_EXIT: Duration = Duration::from_secs(2);
/// How long a process has to end by itself after it was asked to.
const AFTER_TERM: Duration = Duration::from_secs(1);
/// Bytes read at once.
const CHUNK: usize = 64 * 1024;

/// Where a line was printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// Why there is no exit code.
#[derive(Debug, Error)]
pub(crate) enum ProcessError {
    /// The program is not there, or cannot be started.
    #[error("cannot start '{program}': {source}")]
    NotStarted {
        /// The program.
        program: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The system lost it.
    #[error("cannot wait for '{program}': {source}")]
    Lost {
        /// The program.
        program: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// It was asked to stop, and has ended.
    #[error("the process was stopped")]
    Stopped,
}

/// Runs a command to its end and returns its exit code (128 + signal where a signal ended it). Whatever it
/// left behind in the background ends with it, as in a container. When `stop` is cancelled, or the future is
/// dropped, the whole tree is killed.
pub(crate) async fn run(
    mut command: Command,
    stop: &CancellationToken,
    mut on_line: impl FnMut(Source, Line),
) -> Result<i32, ProcessError> {
    let program = command.as_std().get_program().to_string_lossy().into_owned();
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.process_group(0).kill_on_drop(true);
    let mut child =
        command.spawn().map_err(|source| ProcessError::NotStarted { program: program.clone(), source })?;
    let mut tree = Tree::of(child.id());
    let mut out = Pipe::new(child.stdout.take());
    let mut err = Pipe::new(child.stderr.take());
    let mut status: Option<ExitStatus> = None;
    let mut deadline = Instant::now();
    loop {
        // In this order: of what both outputs have by now, what was printed for the reader goes before what went
        // wrong after it.
        tokio::select! {
            biased;
            () = stop.cancelled() => {
                tree.signal(Signal::TERM);
                if status.is_none() {
                    // The result does not matter: what has not ended is killed next.
                    let _ = timeout(AFTER_TERM, child.wait()).await;
                }
                tree.kill();
                return Err(ProcessError::Stopped);
            }
            () = sleep_until(deadline), if status.is_some() => break,
            () = out.read(), if out.is_open() => out.lines(&mut |line| on_line(Source::Out, line)),
            () = err.read(), if err.is_open() => err.lines(&mut |line| on_line(Source::Err, line)),
            ended = child.wait(), if status.is_none() => {
                status = Some(ended.map_err(|source| ProcessError::Lost { program: program.clone(), source })?);
                deadline = Instant::now() + AFTER_EXIT;
            }
        }
        if status.is_some() && !out.is_open() && !err.is_open() {
            break;
        }
    }
    tree.kill();
    out.finish(&mut |line| on_line(Source::Out, line));
    err.finish(&mut |line| on_line(Source::Err, line));
    Ok(status.map_or(-1, exit_code))
}

/// The exit code as a shell tells it.
fn exit_code(status: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt as _;
    status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(-1)
}

/// One of the two outputs.
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

    /// Waits for more bytes; closes at the end. May be dropped while it waits without losing any.
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

/// A process with its children, killed when dropped.
struct Tree {
    root: Option<Pid>,
}

impl Tree {
    fn of(id: Option<u32>) -> Self {
        Self { root: id.and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw) }
    }

    /// Sends a signal to the group and to descendants that left it for a session of their own. A process that
    /// is gone already is no fault.
    fn signal(&self, signal: Signal) {
        let Some(root) = self.root else { return };
        let strayed = descendants(root);
        let _ = rustix::process::kill_process_group(root, signal);
        for process in strayed {
            let _ = rustix::process::kill_process(process, signal);
        }
    }

    /// Kills what is left, once.
    fn kill(&mut self) {
        self.signal(Signal::KILL);
        self.root = None;
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        self.kill();
    }
}

/// All descendants of a process, as far as the system lists them (`/proc`).
fn descendants(root: Pid) -> Vec<Pid> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let mut children: HashMap<i32, Vec<i32>> = HashMap::new();
    for entry in entries.flatten() {
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else { continue };
        let Ok(stat) = std::fs::read_to_string(entry.path().join("stat")) else { continue };
        // `id (name) state parent …`; the name may hold anything, so it is passed by its last bracket.
        let parent = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1));
        if let Some(parent) = parent.and_then(|parent| parent.parse().ok()) {
            children.entry(parent).or_default().push(id);
        }
    }
    let mut found = Vec::new();
    let mut next = vec![root.as_raw_nonzero().get()];
    while let Some(parent) = next.pop() {
        for child in children.remove(&parent).unwrap_or_default() {
            found.extend(Pid::from_raw(child));
            next.push(child);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

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

    /// Whether a process is there and not merely a zombie.
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

    /// Starts a tree of three generations, one of them in a session of its own, and returns their ids.
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
