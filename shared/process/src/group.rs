//! Children without a keeper. Each child leads a process group. Dropping the child kills the group. If this process is
//! killed with SIGKILL, the group is not killed.

use crate::tree;
use rustix::process::{Pid, Signal};
use std::os::unix::process::ExitStatusExt as _;
use std::process::Stdio;
use tokio::process::{Child, Command};

/// A child that leads a process group.
pub(crate) struct Group {
    child: Child,
    root: Option<Pid>,
    code: Option<i32>,
}

impl Group {
    pub(crate) fn start(command: &mut Command) -> std::io::Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.process_group(0).kill_on_drop(true).spawn()?;
        let root = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        Ok(Self { child, root, code: None })
    }

    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    pub(crate) async fn ended(&mut self) -> std::io::Result<i32> {
        if let Some(code) = self.code {
            return Ok(code);
        }
        let status = self.child.wait().await?;
        let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(-1);
        self.code = Some(code);
        Ok(code)
    }

    /// Sends a signal to the group, and to descendants that moved to their own session.
    pub(crate) fn signal(&self, signal: Signal) {
        let Some(root) = self.root else { return };
        let strayed = tree::descendants(root);
        // If the group does not exist any more, there is nothing to do.
        let _gone = rustix::process::kill_process_group(root, signal);
        tree::signal(&strayed, signal);
    }

    /// Kills the remaining processes. A second call does nothing.
    pub(crate) fn kill(&mut self) {
        self.signal(Signal::KILL);
        self.root = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}
