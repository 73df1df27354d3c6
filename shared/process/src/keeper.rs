//! The keeper: starts a supervisor for each child, by a fork, which a process of one thread may do. It is the parent of
//! what a supervisor leaves that was killed, and kills that.

use crate::ends::Ends;
use crate::supervisor;
use crate::tree;
use crate::wire::{HOLD, START};
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

/// The one argument of a keeper.
pub(crate) const ARGUMENT: &str = "__keep-processes";
/// What a list of processes shows of a keeper and its supervisors. It is not the program's own name: whoever kills all
/// processes of that name leaves those alive that clear up then.
pub(crate) const NAME: &str = "script-keeper";

/// Is a keeper to the end of the process, where it was started as one.
pub(crate) fn run_if_asked() {
    if std::env::args_os().nth(1).as_deref() != Some(OsStr::new(ARGUMENT)) {
        return;
    }
    let Ok(socket) = own_socket() else { return };
    let code = i32::from(keep(socket).is_err());
    std::process::exit(code);
}

/// The socket that is the standard input; after this the standard input is empty.
fn own_socket() -> io::Result<OwnedFd> {
    let stdin = io::stdin();
    rustix::net::sockopt::socket_type(&stdin)?;
    let socket = rustix::io::fcntl_dupfd_cloexec(&stdin, 3)?;
    rustix::stdio::dup2_stdin(std::fs::File::open("/dev/null")?)?;
    Ok(socket)
}

/// Signals to a whole group or a whole service are for the program whose keeper this is: it decides what is to end.
/// Children find these signals as the system has them.
fn ignore_signals() -> io::Result<()> {
    let told = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT, SIGHUP] {
        signal_hook::flag::register(signal, told.clone())?;
    }
    Ok(())
}

fn keep(socket: OwnedFd) -> io::Result<()> {
    // Not in the group of the terminal, which Ctrl-C goes to.
    let _is_leader_already = rustix::process::setsid();
    let _other_systems = rustix::thread::set_name(c"script-keeper");
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    // For those that look at the environment of a script's parent.
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
                // Closed: there is nobody to start anything for.
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

/// Takes leave of supervisors that have ended, and kills what one left that was killed. The children of each such
/// orphan come to this process when it ends, and are found then.
fn reap(supervisors: &mut HashSet<Pid>) {
    let mut left = false;
    while let Ok(Some((id, status))) = rustix::process::wait(WaitOptions::NOHANG) {
        left |= !supervisors.remove(&id) || status.signaled();
    }
    if !left {
        return;
    }
    // What the killed one was the parent of has come to this process.
    for child in tree::children_of(rustix::process::getpid()) {
        if !supervisors.contains(&child) {
            tree::signal(&tree::descendants(child), Signal::KILL);
            tree::signal(&[child], Signal::KILL);
        }
    }
}

/// The next message: what it says, and the files that came along.
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
