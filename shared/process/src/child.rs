//! One program with everything it starts.

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

/// What is to be started: a command, of which program, arguments, directory and own variables count. The program sees
/// the variables of this process that hold no secret, and the command's own.
pub struct Program {
    command: Command,
    clear_up: Vec<OsString>,
}

impl Program {
    /// That command.
    pub fn new(command: Command) -> Self {
        Self { command, clear_up: Vec::new() }
    }

    /// A command that is run when the program did not end by itself, after everything was killed, also where this
    /// process is no more. Needs a keeper.
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

    /// All variables the program is to see.
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
    /// It is not there, or cannot be started.
    Program(io::Error),
    /// This system could not look after it.
    System(io::Error),
}

/// One program with everything it starts. Dropped, all of it is killed.
pub struct Child(Kind);

enum Kind {
    #[cfg(target_os = "linux")]
    Kept(Kept),
    Group(Group),
}

/// One of the outputs of a program.
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
    /// Starts a program, and returns it with its standard output and standard error. Its standard input is empty, and
    /// it leads a group of its own.
    ///
    /// # Errors
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

    /// Waits for the end of the program, not of what it left in the background: its exit code, 128 + signal where a
    /// signal ended it. May be dropped while it waits, and called again.
    ///
    /// # Errors
    /// When the system lost it.
    pub async fn ended(&mut self) -> io::Result<i32> {
        match &mut self.0 {
            #[cfg(target_os = "linux")]
            Kind::Kept(kept) => Ok(kept.ended().await),
            Kind::Group(group) => group.ended().await,
        }
    }

    /// Asks everything to end.
    pub fn terminate(&self) {
        match &self.0 {
            #[cfg(target_os = "linux")]
            Kind::Kept(kept) => kept.terminate(),
            Kind::Group(group) => group.signal(Signal::TERM),
        }
    }

    /// Kills everything that is left. With a keeper, all of it is gone when this returns, unless the system takes
    /// longer than some seconds.
    pub async fn kill(&mut self) {
        match &mut self.0 {
            #[cfg(target_os = "linux")]
            Kind::Kept(kept) => kept.kill().await,
            Kind::Group(group) => group.kill(),
        }
    }
}
