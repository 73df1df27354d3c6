//! The properties of every task about its repository.

use schemars::JsonSchema;
use serde::Deserialize;
use std::time::Duration;

/// The address of a repository, and the login.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Remote {
    /// The address of the repository: `https://host/path`, `ssh://user@host/path` or `user@host:path`.
    pub url: String,
    /// The user. If only `password` is set, the user is `git`.
    pub username: Option<String>,
    /// The password of the user, or a token.
    pub password: Option<String>,
    /// The private key for SSH, as PEM text.
    pub private_key: Option<String>,
    /// The passphrase of `privateKey`.
    pub passphrase: Option<String>,
    /// The longest time to establish a connection, in milliseconds. Default: 10000.
    pub connect_timeout: Option<u64>,
    /// The longest time without new data, in milliseconds. Default: 60000.
    pub read_timeout: Option<u64>,
    /// A file with the certificates of more authorities, as PEM text, in the working directory.
    pub trusted_ca_pem_path: Option<String>,
}

impl Remote {
    /// The longest time to establish a connection.
    pub(crate) fn connect_time(&self) -> Duration {
        Duration::from_millis(self.connect_timeout.unwrap_or(10_000))
    }

    /// The longest time without new data.
    pub(crate) fn read_time(&self) -> Duration {
        Duration::from_millis(self.read_timeout.unwrap_or(60_000))
    }
}

/// A text that is set. An empty text is as good as none, because an expression can render to nothing.
pub(crate) fn given(text: Option<&String>) -> Option<&str> {
    text.map(|text| text.trim()).filter(|text| !text.is_empty())
}
