//! One program with all the processes it starts.

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

/// A program to start. The program, arguments, directory and variables of the command are used. The program
/// sees the command's variables, and those of this process that have no secret.
pub struct Program {
    command: Command,
    clear_up: Vec<OsString>,
}

impl Program {
    /// A program from a command.
    pub fn new(command: Command) -> Self {
        Self { command, clear_up: Vec::new() }
    }

    /// A command that runs if the program did not end by itself, after everything was killed, even if this
    /// process no longer exists. Needs a keeper.
    #[must_use]
    pub fn clear_up_by(mut self, command: &std::process::Command) -> Self {
        self.clear_up =
            std::iter::once(command.get_program()).chain(command.get_args()).map(OsStr::to_owned).collect();
        self
    }

    /// The program's name.
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

/// One program with all the processes it starts. When this value is dropped, all of them are killed.
pub struct Child(Kind);

enum Kind {
    #[cfg(target_os = "linux")]
    Kept(Kept),
    Group(Group),
}

/// An output of a program.
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
    /// Starts a program and returns it with its standard output and standard error. Its standard input is
    /// empty, and it leads its own process group.
    ///
    /// # Errors
    /// [`StartError`].
    /// [`StartError`].
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

    /// Waits for the end of the program, not for its background processes. Returns its exit code, or 128 +
    /// signal if a signal ended it. The future may be dropped, and the method called again.
    ///
    /// # Errors
    /// An error of the system if it has lost the program.
    pub async fn ended(&mut self) -> io::Result<i32> {
        match &mut self.0 {
            #[cfg(target_os = "linux")]
            Kind::Kept(kept) => Ok(kept.ended().await),
            Kind::Group(group) => group.ended().await,
        }
    }

    /// Asks all processes of the program to end.
    pub fn terminate(&self) {
        match &self.0 {
            #[cfg(target_os = "linux")]
            Kind::Kept(kept) => kept.terminate(),
            Kind::Group(group) => group.signal(Signal::TERM),
        }
    }

    /// Kills all remaining processes. With a keeper, all of them are gone when this returns, unless the
    /// system needs longer than some seconds.
    pub async fn kill(&mut self) {
        match &mut self.0 {
            #[cfg(target_os = "linux")]
            Kind::Kept(kept) => kept.kill().await,
            Kind::Group(group) => group.kill(),
        }
    }
}
