//! Where the server is and who asks.

use super::error::Refused;
use super::http::Client;
use crate::report::Output;
use jiff::tz::TimeZone;
use segue_model::Json;
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
    /// Who asks, where the server wants to know.
    #[arg(long, global = true, env = "SEGUE_AUTH", hide_env_values = true, value_name = "USER:PASSWORD")]
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
    pub(super) fn of(address: &str, output: Output) -> Self {
        Self { server: Some(address.into()), user: None, output }
    }

    /// Finds the server.
    ///
    /// # Errors
    /// [`Refused`] when the address or the user cannot be meant so.
    pub(crate) fn open(&self, data_dir: Option<PathBuf>) -> anyhow::Result<Session> {
        let file = crate::kept_data_dir(data_dir).join(crate::commands::server::ADDRESS_FILE);
        // A variable that is set to nothing says nothing.
        let (address, origin) = match self.server.as_ref().filter(|text| !text.is_empty()) {
            Some(address) => (address.clone(), None),
            None => match written(&file) {
                Some(address) => (address, Some(format!("as {} says", file.display()))),
                None => (DEFAULT.to_owned(), None),
            },
        };
        let url = Url::parse(&address)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
            .ok_or_else(|| {
                Refused(format!("the server {address} is no address: http://HOST:PORT or https://… is meant"))
            })?;
        let user = match self.user.as_ref().filter(|text| !text.is_empty()) {
            None => None,
            Some(text) => Some(
                text.split_once(':')
                    .map(|(user, password)| (user.to_owned(), password.to_owned()))
                    .ok_or_else(|| {
                        Refused("--user (or SEGUE_AUTH) has no password: write it as USER:PASSWORD".into())
                    })?,
            ),
        };
        Ok(Session { client: Client::new(url, origin, user)?, output: self.output, zone: TimeZone::system() })
    }
}

/// The address a server that runs on a data directory has left there.
fn written(file: &Path) -> Option<String> {
    let text = std::fs::read_to_string(file).ok()?;
    let json: Json = serde_json::from_str(&text).ok()?;
    json.get("url")?.as_str().map(str::to_owned)
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
