//! The properties of every task about its connection.

use schemars::JsonSchema;
use serde::Deserialize;

/// Server, database, user and encryption.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Connection {
    /// The JDBC URL of the database: `jdbc:postgresql://host:5432/database`, with options after a `?`.
    pub url: String,
    /// The user of the database.
    pub username: Option<String>,
    /// The password of the user.
    pub password: Option<String>,
    /// Whether the connection must be encrypted. `sslMode` says how the server is checked. Default: as `url` says.
    pub ssl: Option<bool>,
    /// How the connection is encrypted. Default: `VERIFY_FULL` with `ssl: true`, otherwise `PREFER`.
    pub ssl_mode: Option<SslMode>,
    /// The certificate of the authority that signed the server's certificate, as PEM text. Default: the public
    /// authorities.
    pub ssl_root_cert: Option<String>,
    /// The certificate of the client, as PEM text.
    pub ssl_cert: Option<String>,
    /// The private key of the client, as PEM text without a password.
    pub ssl_key: Option<String>,
    /// Accepted, and has no effect: keys with a password are refused.
    pub ssl_key_password: Option<String>,
    /// The longest time in seconds that the server may take for the next part of an answer. 0 or absent: no limit.
    pub socket_timeout: Option<u64>,
}

/// How a connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SslMode {
    /// Not at all.
    Disable,
    /// As PREFER.
    Allow,
    /// If the server can. The server's certificate is not checked.
    Prefer,
    /// Always. The server's certificate is not checked.
    Require,
    /// Always. The certificate must be signed by a known authority.
    VerifyCa,
    /// Always. The certificate must be signed by a known authority, for the name of the host.
    VerifyFull,
}

impl SslMode {
    /// The mode by its name in a URL: `verify-full`.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        match name.to_lowercase().as_str() {
            "disable" => Some(Self::Disable),
            "allow" => Some(Self::Allow),
            "prefer" => Some(Self::Prefer),
            "require" => Some(Self::Require),
            "verify-ca" => Some(Self::VerifyCa),
            "verify-full" => Some(Self::VerifyFull),
            _ => None,
        }
    }
}

#[cfg(test)]
impl Connection {
    /// The connection to a URL, with no other property.
    pub(crate) fn to(url: &str) -> Self {
        Self { url: url.to_owned(), ..Self::default() }
    }
}
