//! A child with a supervisor of the keeper, as this process sees it.

use crate::keeper::{ARGUMENT, NAME};
use crate::wire::{HOLD, REPORT, Report, Request, START, TERMINATE};
use rustix::net::{
    AddressFamily, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType, sendmsg,
    socketpair,
};
use std::fs::File;
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::net::unix::pipe::Receiver;

/// The longest time to wait for the end of killed processes. A process that lives longer waits for a disk.
const GONE_WITHIN: Duration = Duration::from_secs(5);

static KEEPER: Mutex<Keeper> = Mutex::new(Keeper { program: None, running: None, held: Vec::new() });

/// The keeper of this process. The first child starts it.
struct Keeper {
    program: Option<PathBuf>,
    running: Option<(OwnedFd, std::process::Child)>,
    held: Vec<File>,
}

fn keeper() -> MutexGuard<'static, Keeper> {
    KEEPER.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes `program` the keeper of all children from now on.
pub(crate) fn use_program(program: PathBuf) {
    keeper().program = Some(program);
}

/// Whether children have a keeper.
pub(crate) fn is_used() -> bool {
    keeper().program.is_some()
}

/// Keeps a file open until this process, its keeper and all supervisors have ended. So the lock of the file is also
/// kept.
pub(crate) fn hold(file: File) {
    let mut keeper = keeper();
    let told = keeper.running.is_none() || keeper.send(HOLD, &[file.as_fd()]).is_ok();
    keeper.held.push(file);
    if !told {
        // The keeper was killed. The next keeper gets all files when it starts.
        keeper.running = None;
    }
}

impl Keeper {
    fn start(&mut self) -> io::Result<()> {
        let program = self.program.as_ref().ok_or_else(|| io::Error::other("there is no keeper"))?;
        let (ours, theirs) =
            socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
        let mut command = Command::new(program);
        command.arg0(NAME).arg(ARGUMENT).env_clear();
        if let Some(path) = crate::environment::own("LD_LIBRARY_PATH") {
            command.env("LD_LIBRARY_PATH", path);
        }
        command.stdin(Stdio::from(theirs)).stdout(Stdio::null()).stderr(Stdio::null());
        self.running = Some((ours, command.spawn()?));
        let held: Vec<OwnedFd> =
            self.held.iter().map(|file| file.as_fd().try_clone_to_owned()).collect::<io::Result<_>>()?;
        held.iter().try_for_each(|file| self.send(HOLD, &[file.as_fd()]))
    }

    fn send(&self, what: u8, files: &[BorrowedFd<'_>]) -> io::Result<()> {
        let Some((socket, _)) = &self.running else { return Err(io::ErrorKind::NotConnected.into()) };
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(3))];
        let mut along = SendAncillaryBuffer::new(&mut space);
        along.push(SendAncillaryMessage::ScmRights(files));
        sendmsg(socket, &[IoSlice::new(&[what])], &mut along, SendFlags::NOSIGNAL)?;
        Ok(())
    }

    /// Starts a supervisor. If the keeper was killed, starts a new keeper first.
    fn supervise(&mut self, files: &[BorrowedFd<'_>]) -> io::Result<()> {
        if self.running.is_some() && self.send(START, files).is_ok() {
            return Ok(());
        }
        if let Some((socket, mut process)) = self.running.take() {
            drop(socket);
            // Collects the keeper that has ended.
            let _ended = process.try_wait();
        }
        self.start()?;
        self.send(START, files)
    }
}

/// A child with its supervisor.
pub(crate) struct Kept {
    control: UnixStream,
    /// The bytes of the next report that have arrived.
    read: Vec<u8>,
    code: Option<i32>,
}

/// Why a child was not started.
pub(crate) enum NotStarted {
    /// The program could not be started.
    Program(io::Error),
    /// The keeper or the supervisor could not be started.
    Keeper(io::Error),
}

impl Kept {
    /// Starts a child and returns it with its two outputs.
    pub(crate) async fn start(request: &Request) -> Result<(Self, Receiver, Receiver), NotStarted> {
        let (control, out, err) = asked_for().map_err(NotStarted::Keeper)?;
        let mut kept = Self { control, read: Vec::with_capacity(REPORT), code: None };
        let reported = match kept.control.write_all(&request.encode()).await {
            Ok(()) => kept.report().await,
            Err(error) => Err(error),
        };
        match reported.map_err(NotStarted::Keeper)? {
            Some(Report::Started) => Ok((kept, out, err)),
            Some(Report::NotStarted(error)) => Err(NotStarted::Program(io::Error::from_raw_os_error(error))),
            Some(Report::Ended(_)) | None => Err(NotStarted::Keeper(io::Error::other(
                "the supervisor ended before it started the program",
            ))),
        }
    }

    /// The next report. `None` if the supervisor has ended. The caller may drop the future.
    async fn report(&mut self) -> io::Result<Option<Report>> {
        while self.read.len() < REPORT {
            let room = REPORT - self.read.len();
            let mut chunk = [0; REPORT];
            let read = self.control.read(chunk.get_mut(..room).unwrap_or_default()).await?;
            if read == 0 {
                return Ok(None);
            }
            self.read.extend_from_slice(chunk.get(..read).unwrap_or_default());
        }
        let report = <[u8; REPORT]>::try_from(self.read.as_slice()).ok().and_then(Report::decode);
        self.read.clear();
        Ok(report)
    }

    /// Waits for the end of the child, and returns its exit code. If the supervisor was killed, the child was killed
    /// too.
    pub(crate) async fn ended(&mut self) -> i32 {
        loop {
            if let Some(code) = self.code {
                return code;
            }
            self.code = match self.report().await {
                Ok(Some(Report::Ended(code))) => Some(code),
                Ok(Some(_)) => None,
                Ok(None) | Err(_) => Some(128 + 9),
            };
        }
    }

    /// Asks all processes of the child to end (SIGTERM).
    pub(crate) fn terminate(&self) {
        // If the socket accepts no byte, the supervisor has ended.
        let _sent = self.control.try_write(&[TERMINATE]);
    }

    /// Kills all processes of the child, and waits until they have ended.
    pub(crate) async fn kill(&mut self) {
        let _closed = self.control.shutdown().await;
        let gone = async { while matches!(self.report().await, Ok(Some(_))) {} };
        let _in_time = tokio::time::timeout(GONE_WITHIN, gone).await;
    }
}

fn asked_for() -> io::Result<(UnixStream, Receiver, Receiver)> {
    let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
    let ((out, out_of), (err, err_of)) = (io::pipe()?, io::pipe()?);
    keeper().supervise(&[theirs.as_fd(), out_of.as_fd(), err_of.as_fd()])?;
    ours.set_nonblocking(true)?;
    let control = UnixStream::from_std(ours)?;
    Ok((control, Receiver::from_owned_fd(out.into())?, Receiver::from_owned_fd(err.into())?))
}
