//! Answers the requests of this process from a data directory that no server uses.
//!
//! The API is the one of a server, so a verb says and does the same with a server and without one. Nothing runs: no
//! executions, no triggers. Only this process knows the token of the API.

use crate::environment::environment;
use segue_standalone::{Access, Options, Server, Standalone, Token};
use std::path::Path;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use url::Url;

/// The API of a data directory. It ends with this value.
#[derive(Debug)]
pub(super) struct Offline {
    answers: JoinHandle<()>,
}

impl Offline {
    /// Opens a data directory. Returns the address of its API, and the token that the API demands.
    ///
    /// # Errors
    /// An error if the directory cannot be used, or another process uses it.
    pub(super) async fn open(data_dir: &Path) -> anyhow::Result<(Self, Url, String)> {
        let options =
            Options { data_dir: data_dir.to_owned(), environment: environment(), ..Options::default() };
        let standalone = Arc::new(Standalone::open(&options)?);
        if let Some(note) = standalone.note() {
            eprintln!("note: {note}");
        }
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let url = format!("http://{address}");
        let token = Arc::new(Token::new(address.port()));
        let secret = token.secret().to_owned();
        let access = Access { token: Some(token), ..Access::default() };
        let server = Server::new(standalone, url.clone(), access);
        let answers = tokio::spawn(server.answer(listener, CancellationToken::new()));
        Ok((Self { answers }, Url::parse(&url)?, secret))
    }
}

impl Drop for Offline {
    fn drop(&mut self) {
        self.answers.abort();
    }
}
