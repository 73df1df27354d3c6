//! Where the server is and who asks.

use super::error::Refused;
use super::http::{Client, Who};
use crate::credentials;
use crate::report::Output;
use jiff::tz::TimeZone;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use url::Url;

/// Where a server is looked for when nothing says otherwise.
const DEFAULT: &str = "http://127.0.0.1:8080";

/// Options that every verb of the API has.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Server")]
pub(crate) struct Connection {
    /// The address of the server; else the one that runs on the data directory, else http://127.0.0.1:8080.
    #[arg(long, global = true, env = "SEGUE_SERVER", value_name = "URL")]
    server: Option<String>,
    /// Who asks: @FILE with USER:PASSWORD in the file, or USER:PASSWORD itself, which every user of the machine can
    /// read; else SEGUE_AUTH, or SEGUE_USERNAME and SEGUE_PASSWORD.
    #[arg(long, global = true, value_name = "@FILE")]
    user: Option<String>,
    /// How the answer is printed: for people, or as the API gave it.
    #[arg(long, global = true, value_enum, default_value_t = Output::Text)]
    output: Output,
}

/// A connection in use.
#[derive(Debug)]
pub(crate) struct Session {
    /// Asks the server.
    pub(crate) client: Client,
    /// How the answer is printed.
    pub(crate) output: Output,
    /// The time zone dates are shown in.
    pub(crate) zone: TimeZone,
}

impl Connection {
    /// A connection to a known address.
    #[cfg(test)]
    pub(super) fn to_address(address: &str, output: Output) -> Self {
        Self { server: Some(address.into()), user: None, output }
    }

    /// Finds the server.
    ///
    /// # Errors
    /// [`Refused`] when the address or the user cannot be meant so.
    pub(crate) fn open(&self, data_dir: Option<PathBuf>) -> anyhow::Result<Session> {
        let file = crate::kept_data_dir(data_dir).join(crate::commands::server::ADDRESS_FILE);
        let written = written(&file);
        // A variable that is set to nothing says nothing.
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
                Refused(format!("the server {address} is no address: http://HOST:PORT or https://… is meant"))
            })?;
        let user = credentials::user("--user", self.user.as_deref(), |name| std::env::var(name).ok())
            .map_err(|error| Refused(format!("{error:#}")))?;
        // The token is for the server that wrote the file, and for no other.
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

/// What a server that runs on a data directory has left there.
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
            (Some("localhost:8080"), None, "is no address"),
            (Some("ftp://a"), None, "is no address"),
            (None, Some("ann"), "USER:PASSWORD"),
        ] {
            let error = connection(server, user).open(None).unwrap_err();
            assert!(error.to_string().contains(part), "{error}");
            assert_eq!(crate::client::exit_code(&error), crate::REFUSED);
        }
    }
}
