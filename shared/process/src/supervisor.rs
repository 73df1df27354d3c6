//! The supervisor is the parent of one child and of all processes that the child leaves behind. The supervisor ends
//! when all of them have ended.

use crate::ends::Ends;
use crate::tree;
use crate::wire::{Report, Request, TERMINATE};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, getpid};
use std::ffi::OsString;
use std::io::{self, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

/// The time to wait for the end of killed processes, in nanoseconds. Then processes that were started in the meantime
/// are killed too.
const PAUSE: i64 = 2_000_000;

/// Starts the requested child, supervises it, and ends the process.
pub(crate) fn run(control: OwnedFd, out: OwnedFd, err: OwnedFd) -> ! {
    let ended = supervise(UnixStream::from(control), out, err);
    std::process::exit(i32::from(ended.is_err()));
}

fn supervise(mut control: UnixStream, out: OwnedFd, err: OwnedFd) -> io::Result<()> {
    rustix::process::set_child_subreaper(Some(getpid()))?;
    let request = Request::read(&mut control)?;
    let mut ends = Ends::new()?;
    let child = match start(&request, out, err)? {
        Ok(child) => child,
        Err(error) => return control.write_all(&Report::NotStarted(error).encode()),
    };
    // If this process has ended, nobody receives the report. Then the socket is closed, and everything is killed below.
    let _closed = control.write_all(&Report::Started.encode());
    let mut has_ended = false;
    let mut asked = control.try_clone()?;
    loop {
        let mut watched = [PollFd::new(&control, PollFlags::IN), PollFd::new(&ends, PollFlags::IN)];
        match poll(&mut watched, None) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let [said, _] = watched;
        let said = !said.revents().is_empty();
        ends.quiet();
        let left = reap(|id, status| {
            if id == child {
                has_ended = true;
                let _closed = asked.write_all(&Report::Ended(exit_code(status)).encode());
            }
        });
        if !left {
            return Ok(());
        }
        if said {
            let mut byte = [0];
            match control.read(&mut byte) {
                Ok(1) if byte == [TERMINATE] => tree::signal(&tree::descendants(getpid()), Signal::TERM),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                _ => {
                    kill_all(&mut ends);
                    if !has_ended {
                        clear_up(&request.clear_up, &request);
                    }
                    return Ok(());
                }
            }
        }
    }
}

/// Kills every descendant until there is none. Processes that a descendant starts in the meantime are found in the next
/// round.
fn kill_all(ends: &mut Ends) {
    while reap(|_, _| ()) {
        tree::signal(&tree::descendants(getpid()), Signal::KILL);
        let pause = Timespec { tv_sec: 0, tv_nsec: PAUSE };
        let _woken = poll(&mut [PollFd::new(&*ends, PollFlags::IN)], Some(&pause));
        ends.quiet();
    }
}

/// Collects children that have ended and calls `each` with them. Returns whether children are left.
fn reap(mut each: impl FnMut(Pid, WaitStatus)) -> bool {
    loop {
        match rustix::process::wait(WaitOptions::NOHANG) {
            Ok(Some((id, status))) => each(id, status),
            Ok(None) => return true,
            Err(Errno::INTR) => {}
            Err(_) => return false,
        }
    }
}

/// Starts the child. The inner error is the error code of the system for the program.
fn start(request: &Request, out: OwnedFd, err: OwnedFd) -> io::Result<Result<Pid, i32>> {
    let (mut failed, mut fails) = io::pipe()?;
    let supervisor = getpid();
    match fork::fork()? {
        fork::Fork::Parent(id) => {
            drop((out, err, fails));
            let mut error = Vec::new();
            failed.read_to_end(&mut error)?;
            if let Ok(error) = <[u8; 4]>::try_from(error) {
                return Ok(Err(i32::from_le_bytes(error)));
            }
            Pid::from_raw(id).map(Ok).ok_or_else(|| io::Error::other("a process without an id"))
        }
        fork::Fork::Child => {
            let error = become_program(request, supervisor, &out, &err);
            let number = error.raw_os_error().unwrap_or_else(|| Errno::INVAL.raw_os_error());
            let _unheard = fails.write_all(&number.to_le_bytes());
            std::process::exit(127);
        }
    }
}

/// Replaces this process with the program. Returns only if this fails.
fn become_program(request: &Request, supervisor: Pid, out: &OwnedFd, err: &OwnedFd) -> io::Error {
    let prepared = || -> io::Result<()> {
        rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
        if rustix::process::getppid() != Some(supervisor) {
            return Err(Errno::SRCH.into());
        }
        rustix::process::setsid()?;
        rustix::stdio::dup2_stdout(out)?;
        rustix::stdio::dup2_stderr(err)?;
        Ok(())
    };
    if let Err(error) = prepared() {
        return error;
    }
    match command(&request.arguments, request) {
        Some(mut command) => command.exec(),
        None => Errno::NOENT.into(),
    }
}

/// Runs the command that clears up, if there is one.
fn clear_up(arguments: &[OsString], request: &Request) {
    if let Some(mut command) = command(arguments, request) {
        // The result is not used, because nobody is left to receive it.
        let _ended = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
}

fn command(arguments: &[OsString], request: &Request) -> Option<Command> {
    let (program, rest) = arguments.split_first()?;
    let mut command = Command::new(program);
    command.args(rest).env_clear().envs(request.environment.iter().map(|(name, value)| (name, value)));
    if !request.directory.is_empty() {
        command.current_dir(&request.directory);
    }
    Some(command)
}

/// The exit code as a shell reports it, 128 + signal if a signal ended the process.
fn exit_code(status: WaitStatus) -> i32 {
    status.exit_status().or_else(|| status.terminating_signal().map(|signal| 128 + signal)).unwrap_or(-1)
}
