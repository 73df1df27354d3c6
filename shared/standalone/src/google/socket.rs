//! A socket of Linux for Pub/Sub clients. They send no token to an emulator, and `PUBSUB_EMULATOR_HOST` has no room for a
//! secret. So the kernel says to which user a client belongs, and only programs of the same user are let in.
//!
//! The socket has a name and no file: gRPC sends the path of a file as the name of the host, which HTTP libraries refuse.

use segue_ports::Topics;
use std::io;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Serves Pub/Sub until `stop`. Returns the address for clients. None if the system has no such sockets.
#[cfg(target_os = "linux")]
pub(super) fn serve_pubsub(
    topics: Arc<dyn Topics>,
    secret: &str,
    stop: CancellationToken,
) -> io::Result<Option<String>> {
    use std::os::linux::net::SocketAddrExt as _;
    use std::os::unix::net::{SocketAddr, UnixListener};

    // A part of the secret is random enough for a name that nobody else takes.
    let name = format!("segue-pubsub-{}", secret.chars().take(16).collect::<String>());
    let listener = UnixListener::bind_addr(&SocketAddr::from_abstract_name(&name)?)?;
    listener.set_nonblocking(true)?;
    let own = linux::OfOneUser {
        listener: tokio::net::UnixListener::from_std(listener)?,
        user: rustix::process::geteuid().as_raw(),
    };
    let router = segue_google_apis::pubsub::routes(topics);
    tokio::spawn(async move {
        let serving = axum::serve(own, router).into_future();
        tokio::select! {
            _ = serving => {}
            () = stop.cancelled() => {}
        }
    });
    Ok(Some(format!("unix-abstract:{name}")))
}

#[cfg(not(target_os = "linux"))]
pub(super) fn serve_pubsub(
    _topics: Arc<dyn Topics>,
    _secret: &str,
    _stop: CancellationToken,
) -> io::Result<Option<String>> {
    Ok(None)
}

#[cfg(target_os = "linux")]
mod linux {
    use std::io;
    use std::time::Duration;
    use tokio::net::unix::SocketAddr;
    use tokio::net::{UnixListener, UnixStream};

    /// How long the server waits after an error, such as too many open files.
    const REST: Duration = Duration::from_secs(1);

    /// Accepts connections of programs of one user, and of root.
    pub(super) struct OfOneUser {
        pub(super) listener: UnixListener,
        pub(super) user: u32,
    }

    impl OfOneUser {
        /// Root can do everything on this machine anyway.
        fn lets_in(&self, user: u32) -> bool {
            user == self.user || user == 0
        }
    }

    impl axum::serve::Listener for OfOneUser {
        type Io = UnixStream;
        type Addr = SocketAddr;

        async fn accept(&mut self) -> (UnixStream, SocketAddr) {
            loop {
                match self.listener.accept().await {
                    Ok((stream, address)) => match stream.peer_cred().map(|peer| peer.uid()) {
                        Ok(user) if self.lets_in(user) => return (stream, address),
                        Ok(user) => {
                            tracing::warn!(user, "a Pub/Sub client of another user is refused");
                        }
                        Err(error) => tracing::warn!(%error, "a Pub/Sub client is refused"),
                    },
                    Err(error) => {
                        tracing::warn!(%error, "Pub/Sub clients cannot be accepted");
                        tokio::time::sleep(REST).await;
                    }
                }
            }
        }

        fn local_addr(&self) -> io::Result<SocketAddr> {
            self.listener.local_addr()
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use axum::serve::Listener as _;

        #[tokio::test]
        async fn only_programs_of_one_user_and_of_root_are_let_in() {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("socket");
            let own = rustix::process::geteuid().as_raw();
            let mut listener = OfOneUser { listener: UnixListener::bind(&file).unwrap(), user: own };
            let _client = UnixStream::connect(&file).await.unwrap();
            listener.accept().await;
            listener.user = 1000;
            assert_eq!([1000, 0, 1001].map(|user| listener.lets_in(user)), [true, true, false]);
        }
    }
}
