//! The server's address, and the caller's credentials.

use super::error::Refused;
use super::http::{Client, Who};
use crate::credentials;
use crate::environment::environment;
use crate::report::Output;
use jiff::tz::TimeZone;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use url::Url;

/// The default address of the server.
const DEFAULT: &str = "http://127.0.0.1:8080";

/// Options of every command that uses the API.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Server")]
pub(crate) struct Connection {
    /// The address of the server. Default: the running server of the data directory, else http://127.0.0.1:8080.
    #[arg(long, global = true, env = "SEGUE_SERVER", value_name = "URL")]
    server: Option<String>,
    /// The user: @FILE with USER:PASSWORD in the file, or USER:PASSWORD itself, which every user of the machine can
    /// read. Default: SEGUE_AUTH, or SEGUE_USERNAME and SEGUE_PASSWORD.
    #[arg(long, global = true, value_name = "@FILE")]
    user: Option<String>,
    /// The format of the output: a text, or the JSON of the API.
    #[arg(long, global = true, value_enum, default_value_t = Output::Text)]
    output: Output,
}

/// An open connection.
#[derive(Debug)]
pub(crate) struct Session {
    /// Sends requests to the server.
    pub(crate) client: Client,
    /// The format of the answer.
    pub(crate) output: Output,
    /// The time zone of printed dates.
    pub(crate) zone: TimeZone,
}

impl Connection {
    /// A connection to a known address.
    #[cfg(test)]
    pub(super) fn to_address(address: &str, output: Output) -> Self {
        Self::of(Some(address), output)
    }

    /// A connection to an address, or to the server of the data directory.
    #[cfg(test)]
    pub(crate) fn of(address: Option<&str>, output: Output) -> Self {
        Self { server: address.map(Into::into), user: None, output }
    }

    /// Whether an option or the environment names a server.
    pub(crate) fn names_a_server(&self) -> bool {
        self.server.as_ref().is_some_and(|server| !server.is_empty())
    }

    /// The format of the output.
    pub(crate) fn output(&self) -> Output {
        self.output
    }

    /// Finds the server.
    ///
    /// # Errors
    /// [`Refused`] if the address or the user is invalid.
    pub(crate) fn open(&self, data_dir: Option<PathBuf>) -> anyhow::Result<Session> {
        let file = crate::kept_data_dir(data_dir).join(crate::commands::local::server::ADDRESS_FILE);
        let written = written(&file);
        // An empty variable counts as not set.
        let (address, origin) = match self.server.as_ref().filter(|text| !text.is_empty()) {
            Some(address) => (address.clone(), None),
            None => match &written {
                Some(written) => (written.url.clone(), Some(format!("as {} says", file.display()))),
                None => (DEFAULT.to_owned(), None),
            },
        };
        let url = Url::parse(&address)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
            .ok_or_else(|| {
                Refused(format!(
                    "the server '{address}' is not an address; write http://HOST:PORT or https://…"
                ))
            })?;
        let environment = environment();
        let user = credentials::user("--user", self.user.as_deref(), |name| environment.get(name))
            .map_err(|error| Refused(format!("{error:#}")))?;
        // The token is sent only to the server that wrote the file.
        let token =
            written.filter(|written| Url::parse(&written.url).is_ok_and(|own| own.origin() == url.origin()));
        let who = match (user, token.and_then(|written| written.token)) {
            (Some((name, password)), _) => Who::User(name, password),
            (None, Some(token)) => Who::Token(token),
            (None, None) => Who::Nobody,
        };
        Ok(Session { client: Client::new(url, origin, who)?, output: self.output, zone: TimeZone::system() })
    }
}

/// The file that a running server writes to its data directory.
#[derive(Deserialize)]
struct Written {
    url: String,
    #[serde(default)]
    token: Option<String>,
}

fn written(file: &Path) -> Option<Written> {
    serde_json::from_str(&std::fs::read_to_string(file).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection(server: Option<&str>, user: Option<&str>) -> Connection {
        Connection { server: server.map(Into::into), user: user.map(Into::into), output: Output::Text }
    }

    #[test]
    fn the_address_is_the_option_then_the_data_directory_then_the_usual_one() {
        let folder = tempfile::tempdir().unwrap();
        let data = || Some(folder.path().to_owned());
        let address =
            |server: Option<&str>| connection(server, None).open(data()).unwrap().client.address().to_owned();
        assert_eq!(address(None), "http://127.0.0.1:8080");
        assert_eq!(address(Some("")), "http://127.0.0.1:8080");
        std::fs::write(folder.path().join("server.json"), r#"{"url": "http://127.0.0.1:8093"}"#).unwrap();
        assert_eq!(address(None), "http://127.0.0.1:8093");
        assert_eq!(address(Some("https://segue.example.com/base/")), "https://segue.example.com/base");
        std::fs::write(folder.path().join("server.json"), "{").unwrap();
        assert_eq!(address(None), "http://127.0.0.1:8080");
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for (server, user, part) in [
            (Some("localhost:8080"), None, "is not an address"),
            (Some("ftp://a"), None, "is not an address"),
            (None, Some("ann"), "USER:PASSWORD"),
        ] {
            let error = connection(server, user).open(None).unwrap_err();
            assert!(error.to_string().contains(part), "{error}");
            assert_eq!(crate::client::exit_code(&error), crate::REFUSED);
        }
    }
}
