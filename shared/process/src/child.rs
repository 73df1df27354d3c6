//! A child: a program with all processes that it starts.

use crate::environment;
use crate::group::Group;
#[cfg(target_os = "linux")]
use crate::kept::{self, Kept, NotStarted};
#[cfg(target_os = "linux")]
use crate::wire::Request;
use rustix::process::Signal;
use std::ffi::{OsStr, OsString};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::process::Command;

/// A program to start. It has the name, arguments, directory and variables of a command. It also sees the variables of
/// this process that contain no secret.
pub struct Program {
    command: Command,
    clear_up: Vec<OsString>,
}

impl Program {
    /// Makes a program from a command.
    pub fn new(command: Command) -> Self {
        Self { command, clear_up: Vec::new() }
    }

    /// Sets a command that clears up after the program. It runs after all processes were killed, if the program did not
    /// end by itself. It runs even if this process no longer exists. Needs a keeper (see [`crate::enter`]).
    #[must_use]
    pub fn clear_up_by(mut self, command: &std::process::Command) -> Self {
        self.clear_up =
            std::iter::once(command.get_program()).chain(command.get_args()).map(OsStr::to_owned).collect();
        self
    }

    /// The name of the program, without its arguments.
    pub fn name(&self) -> String {
        self.command.as_std().get_program().to_string_lossy().into_owned()
    }

    /// All variables that the program sees.
    fn environment(&self) -> Vec<(OsString, OsString)> {
        let own: Vec<_> = self.command.as_std().get_envs().collect();
        let is_own = |name: &OsStr| own.iter().any(|(known, _)| *known == name);
        let mut all = environment::for_children();
        all.retain(|(name, _)| !is_own(name));
        all.extend(own.iter().filter_map(|(name, value)| Some(((*name).to_owned(), (*value)?.to_owned()))));
        all
    }
}

impl From<Command> for Program {
    fn from(command: Command) -> Self {
        Self::new(command)
    }
}

/// Why a program was not started.
#[derive(Debug)]
pub enum StartError {
    /// The program does not exist, or cannot be started.
    Program(io::Error),
    /// The system could not supervise the program.
    System(io::Error),
}

/// A program with all processes that it starts. Dropping this value kills all of them.
pub struct Child(Kind);

enum Kind {
    #[cfg(target_os = "linux")]
    Kept(Kept),
    Group(Group),
}

/// The standard output or standard error of a program.
pub struct Output(Box<dyn AsyncRead + Send + Unpin>);

impl AsyncRead for Output {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl Child {
    /// Starts a program. Returns it with its standard output and its standard error. The standard input of the program
    /// is empty. The program leads a new process group.
    ///
    /// # Errors
    /// [`StartError::Program`] if the program cannot be started. [`StartError::System`] if the system cannot supervise
    /// it.
    pub async fn start(program: Program) -> Result<(Self, Option<Output>, Option<Output>), StartError> {
        #[cfg(target_os = "linux")]
        if kept::is_used() {
            let command = program.command.as_std();
            let arguments = std::iter::once(command.get_program()).chain(command.get_args());
            let request = Request {
                arguments: arguments.map(OsStr::to_owned).collect(),
                environment: program.environment(),
                directory: command
                    .get_current_dir()
                    .map(|dir| dir.as_os_str().to_owned())
                    .unwrap_or_default(),
                clear_up: program.clear_up.clone(),
            };
            return match Kept::start(&request).await {
                Ok((kept, out, err)) => {
                    Ok((Self(Kind::Kept(kept)), Some(Output(Box::new(out))), Some(Output(Box::new(err)))))
                }
                Err(NotStarted::Program(error)) => Err(StartError::Program(error)),
                Err(NotStarted::Keeper(error)) => Err(StartError::System(error)),
            };
        }
        let environment = program.environment();
        let mut command = program.command;
        command.env_clear().envs(environment);
        let mut group = Group::start(&mut command).map_err(StartError::Program)?;
        let out = group.child().stdout.take().map(|out| Output(Box::new(out)));
        let err = group.child().stderr.take().map(|err| Output(Box::new(err)));
        Ok((Self(Kind::Group(group)), out, err))
    }

    /// Waits for the end of the program, but not for its background processes. Returns its exit code, or 128 + signal
    /// if a signal ended it. The caller may drop the future and call the method again.
    ///
    /// # Errors
    /// If the system has lost the program.
    pub async fn ended(&mut self) -> io::Result<i32> {
        match &mut self.0 {
            #[cfg(target_os = "linux")]
            Kind::Kept(kept) => Ok(kept.ended().await),
            Kind::Group(group) => group.ended().await,
        }
    }

    /// Asks all processes of the program to end (SIGTERM).
    pub fn terminate(&self) {
        match &self.0 {
            #[cfg(target_os = "linux")]
            Kind::Kept(kept) => kept.terminate(),
            Kind::Group(group) => group.signal(Signal::TERM),
        }
    }

    /// Kills all remaining processes. With a keeper, the method returns when all of them have ended, or after some
    /// seconds.
    pub async fn kill(&mut self) {
        match &mut self.0 {
            #[cfg(target_os = "linux")]
            Kind::Kept(kept) => kept.kill().await,
            Kind::Group(group) => group.kill(),
        }
    }
}
