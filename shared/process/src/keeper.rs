//! The keeper forks a supervisor for each child. A fork is safe because the keeper has only one thread. If a supervisor
//! is killed, the keeper becomes the parent of the supervisor's processes and kills them.

use crate::ends::Ends;
use crate::wire::{HOLD, START};
use crate::{supervisor, tree};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use rustix::process::{Pid, Signal, WaitOptions};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use std::collections::HashSet;
use std::ffi::OsStr;
use std::io::{self, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// The argument that starts this program as a keeper.
pub(crate) const ARGUMENT: &str = "__keep-processes";
/// The name of a keeper and its supervisors in lists of processes. The name differs from the name of the program. So a
/// command that kills all processes of the program by name does not kill the processes that clear up.
pub(crate) const NAME: &str = "script-keeper";

/// Runs the keeper if the process was started as a keeper. Then this function does not return.
pub(crate) fn run_if_asked() {
    if std::env::args_os().nth(1).as_deref() != Some(OsStr::new(ARGUMENT)) {
        return;
    }
    let Ok(socket) = own_socket() else { return };
    let code = i32::from(keep(socket).is_err());
    std::process::exit(code);
}

/// Takes the socket from the standard input. The standard input is empty afterwards.
fn own_socket() -> io::Result<OwnedFd> {
    let stdin = io::stdin();
    rustix::net::sockopt::socket_type(&stdin)?;
    let socket = rustix::io::fcntl_dupfd_cloexec(&stdin, 3)?;
    rustix::stdio::dup2_stdin(std::fs::File::open("/dev/null")?)?;
    Ok(socket)
}

/// Ignores signals that are sent to a whole group or service. The program that uses this keeper also gets them, and
/// decides what ends. Children have the default actions.
fn ignore_signals() -> io::Result<()> {
    let told = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT, SIGHUP] {
        signal_hook::flag::register(signal, told.clone())?;
    }
    Ok(())
}

fn keep(socket: OwnedFd) -> io::Result<()> {
    // Leaves the terminal's process group, which receives Ctrl-C.
    let _is_leader_already = rustix::process::setsid();
    let _other_systems = rustix::thread::set_name(c"script-keeper");
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    // Hides the environment of this process from scripts, which may look at their parent process.
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)?;
    ignore_signals()?;
    let mut ends = Some(Ends::new()?);
    let mut socket = Some(socket);
    let mut supervisors: HashSet<Pid> = HashSet::new();
    let mut held = Vec::new();
    while let Some(bell) = ends.as_mut() {
        let mut watched = vec![PollFd::new(&*bell, PollFlags::IN)];
        watched.extend(socket.as_ref().map(|socket| PollFd::new(socket, PollFlags::IN)));
        match poll(&mut watched, None) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let said = watched.get(1).is_some_and(|socket| !socket.revents().is_empty());
        bell.quiet();
        reap(&mut supervisors);
        if said {
            match socket.as_ref().map(receive) {
                Some(Ok((START, files))) => {
                    if let Ok([control, out, err]) = <[OwnedFd; 3]>::try_from(files) {
                        match fork::fork()? {
                            fork::Fork::Parent(id) => supervisors.extend(Pid::from_raw(id)),
                            fork::Fork::Child => {
                                drop((ends.take(), socket.take()));
                                supervisor::run(control, out, err);
                            }
                        }
                    }
                }
                Some(Ok((HOLD, files))) => held.extend(files),
                Some(Err(Errno::INTR)) => {}
                // The socket is closed, so the program that uses this keeper has ended.
                _ => socket = None,
            }
        }
        if socket.is_none() && supervisors.is_empty() {
            break;
        }
    }
    drop(held);
    Ok(())
}

/// Collects supervisors that have ended, and kills the processes of a supervisor that was killed. When such a process
/// ends, its children become children of this process. The next call finds and kills them.
fn reap(supervisors: &mut HashSet<Pid>) {
    let mut left = false;
    while let Ok(Some((id, status))) = rustix::process::wait(WaitOptions::NOHANG) {
        left |= !supervisors.remove(&id) || status.signaled();
    }
    if !left {
        return;
    }
    // The children of the killed supervisor are now children of this process.
    for child in tree::children_of(rustix::process::getpid()) {
        if !supervisors.contains(&child) {
            tree::signal(&tree::descendants(child), Signal::KILL);
            tree::signal(&[child], Signal::KILL);
        }
    }
}

/// Receives the next message and its files.
fn receive(socket: &OwnedFd) -> Result<(u8, Vec<OwnedFd>), Errno> {
    let mut byte = [0];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(3))];
    let mut files = RecvAncillaryBuffer::new(&mut space);
    let received = recvmsg(socket, &mut [IoSliceMut::new(&mut byte)], &mut files, RecvFlags::CMSG_CLOEXEC)?;
    if received.bytes == 0 {
        return Err(Errno::CONNRESET);
    }
    let [said] = byte;
    let mut found = Vec::new();
    for message in files.drain() {
        if let RecvAncillaryMessage::ScmRights(files) = message {
            found.extend(files);
        }
    }
    Ok((said, found))
}
