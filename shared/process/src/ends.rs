//! The ends of children as an event. A caller can wait for it together with other events.

use signal_hook::consts::SIGCHLD;
use std::io::{self, Read as _};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

/// Reports the end of a child with a byte in a socket.
pub(crate) struct Ends {
    bell: UnixStream,
    id: signal_hook::SigId,
}

impl Ends {
    pub(crate) fn new() -> io::Result<Self> {
        let (bell, ringer) = UnixStream::pair()?;
        bell.set_nonblocking(true)?;
        Ok(Self { id: signal_hook::low_level::pipe::register(SIGCHLD, ringer)?, bell })
    }

    pub(crate) fn quiet(&mut self) {
        let mut bytes = [0; 64];
        while matches!(self.bell.read(&mut bytes), Ok(read) if read > 0) {}
    }
}

impl AsFd for Ends {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.bell.as_fd()
    }
}

impl Drop for Ends {
    fn drop(&mut self) {
        signal_hook::low_level::unregister(self.id);
    }
}
