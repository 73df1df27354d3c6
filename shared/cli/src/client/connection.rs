//! The server's address, and the caller's credentials.
//!
//! A verb that only needs stored data also works without a server. It then answers its own requests, from the data
//! directory ([`offline`](super::offline)).

use super::error::Refused;
use super::http::{Client, Who};
use super::offline::Offline;
use crate::credentials;
use crate::environment::environment;
use crate::report::Output;
use jiff::tz::TimeZone;
use serde::Deserialize;
use std::net::{TcpStream, ToSocketAddrs as _};
use std::path::{Path, PathBuf};
use std::time::Duration;
use url::Url;

/// The default address of the server.
const DEFAULT: &str = "http://127.0.0.1:8080";
/// How long a server on this machine may take to accept a connection. After it, the server counts as absent.
const PROBE: Duration = Duration::from_secs(1);

/// Options of every command that uses the API. They may stand before and after the verb.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Connection {
    /// The address of the server. Default: the running server of the data directory, else http://127.0.0.1:8080.
    #[arg(long, global = true, env = "SEGUE_SERVER", value_name = "URL", help_heading = "Server")]
    server: Option<String>,
    /// The user: @FILE with USER:PASSWORD in the file, or USER:PASSWORD itself, which every user of the machine can
    /// read. Default: SEGUE_AUTH, or SEGUE_USERNAME and SEGUE_PASSWORD.
    #[arg(long, global = true, value_name = "@FILE", help_heading = "Server")]
    user: Option<String>,
}

/// The format of the output of a verb that uses the API.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Format {
    /// The format of the output: a text, or the JSON of the API.
    #[arg(long, global = true, value_enum, default_value_t = Output::Text)]
    pub(crate) output: Output,
}

/// What a verb needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Needs {
    /// A running server, because something must run.
    Server,
    /// Stored data: of a server, or of the data directory if no server answers.
    Data,
    /// As `Data`. A data directory that is named and does not exist is created.
    NewData,
    /// Stored data: of the data directory, or of a server if there is no data directory.
    Tables,
}

/// Where a verb finds its server or its data directory.
#[derive(Clone, Debug)]
pub(crate) struct Reach {
    pub(crate) connection: Connection,
    /// The named data directory.
    pub(crate) data_dir: Option<PathBuf>,
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
    /// Answers the requests of this session from the data directory. None if a server answers.
    _offline: Option<Offline>,
}

impl Session {
    /// The name of the time zone of printed dates.
    pub(crate) fn zone_name(&self) -> &str {
        self.zone.iana_name().unwrap_or("local time")
    }
}

/// Who answers.
enum Target {
    /// A server. The text says where the address comes from, if it is not an option.
    Server(String, Option<String>),
    /// This process, from a data directory.
    Folder(PathBuf),
}

impl Reach {
    /// A connection to a known address.
    #[cfg(test)]
    pub(super) fn to_address(address: &str) -> Self {
        Self { connection: Connection { server: Some(address.into()), user: None }, data_dir: None }
    }

    /// What the environment names.
    pub(crate) fn of_environment() -> Self {
        let environment = environment();
        let connection = Connection { server: environment.get("SEGUE_SERVER"), user: None };
        Self { connection, data_dir: environment.filled("SEGUE_DATA_DIR").map(PathBuf::from) }
    }

    /// Whether an option or a variable names a server.
    pub(crate) fn names_a_server(&self) -> bool {
        self.connection.server.as_ref().is_some_and(|text| !text.is_empty())
    }

    /// Finds the server, or opens the data directory.
    ///
    /// # Errors
    /// [`Refused`] if the address or the user is invalid. An error if the data directory cannot be opened.
    pub(crate) async fn open(&self, output: Output, needs: Needs) -> anyhow::Result<Session> {
        let folder = crate::kept_data_dir(self.data_dir.clone());
        let file = folder.join(crate::commands::local::server::ADDRESS_FILE);
        let written = written(&file);
        let zone = TimeZone::system();
        let (address, origin) = match self.target(&folder, &file, written.as_ref(), needs)? {
            Target::Folder(folder) => {
                let (offline, url, secret) = Offline::open(&folder).await?;
                let client = Client::new(url, None, Who::Token(secret))?;
                return Ok(Session { client, output, zone, _offline: Some(offline) });
            }
            Target::Server(address, origin) => (address, origin),
        };
        let url = parsed(&address)?;
        let environment = environment();
        let user = credentials::user("--user", self.connection.user.as_deref(), |name| environment.get(name))
            .map_err(|error| Refused(format!("{error:#}")))?;
        // The token is sent only to the server that wrote the file.
        let token =
            written.filter(|written| Url::parse(&written.url).is_ok_and(|own| own.origin() == url.origin()));
        let who = match (user, token.and_then(|written| written.token)) {
            (Some((name, password)), _) => Who::User(name, password),
            (None, Some(token)) => Who::Token(token),
            (None, None) => Who::Nobody,
        };
        Ok(Session { client: Client::new(url, origin, who)?, output, zone, _offline: None })
    }

    fn target(
        &self,
        folder: &Path,
        file: &Path,
        written: Option<&Written>,
        needs: Needs,
    ) -> anyhow::Result<Target> {
        // An empty variable counts as not set.
        if let Some(address) = self.connection.server.as_ref().filter(|text| !text.is_empty()) {
            return Ok(Target::Server(address.clone(), None));
        }
        let is_there = folder.is_dir();
        if let Some(written) = written {
            // A server that was killed leaves its file behind.
            if needs == Needs::Server || answers(&written.url) {
                let origin = format!("as {} says", file.display());
                return Ok(Target::Server(written.url.clone(), Some(origin)));
            }
        }
        let by_default = || Ok(Target::Server(DEFAULT.to_owned(), None));
        let is_named = self.data_dir.is_some();
        match needs {
            Needs::Server => by_default(),
            Needs::NewData if is_named => Ok(Target::Folder(folder.to_owned())),
            Needs::Data | Needs::Tables if is_named => {
                crate::existing_data_dir(self.data_dir.clone()).map(Target::Folder)
            }
            Needs::Tables if is_there => Ok(Target::Folder(folder.to_owned())),
            Needs::Data | Needs::NewData | Needs::Tables if answers(DEFAULT) => by_default(),
            Needs::Data | Needs::NewData if is_there => {
                eprintln!(
                    "note: no server answers at {DEFAULT}; using the data directory {}",
                    folder.display()
                );
                Ok(Target::Folder(folder.to_owned()))
            }
            Needs::Tables => crate::existing_data_dir(None).map(Target::Folder),
            Needs::Data | Needs::NewData => by_default(),
        }
    }
}

fn parsed(address: &str) -> Result<Url, Refused> {
    Url::parse(address)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        .ok_or_else(|| {
            Refused(format!("the server '{address}' is not an address; write http://HOST:PORT or https://…"))
        })
}

/// Whether something accepts connections at an address of this machine.
fn answers(address: &str) -> bool {
    let Ok(url) = Url::parse(address) else { return false };
    let Some((host, port)) = url.host_str().zip(url.port_or_known_default()) else { return false };
    let host = host.trim_matches(['[', ']']);
    let Ok(mut found) = (host, port).to_socket_addrs() else { return false };
    found.any(|address| TcpStream::connect_timeout(&address, PROBE).is_ok())
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
    use segue_api_types::KvValue;

    fn reach(server: Option<&str>, user: Option<&str>, data_dir: Option<&Path>) -> Reach {
        let connection = Connection { server: server.map(Into::into), user: user.map(Into::into) };
        Reach { connection, data_dir: data_dir.map(Path::to_owned) }
    }

    #[tokio::test]
    async fn the_address_is_the_option_then_the_data_directory_then_the_usual_one() {
        let folder = tempfile::tempdir().unwrap();
        let address = async |server: Option<&str>| {
            let session = reach(server, None, Some(folder.path())).open(Output::Text, Needs::Server).await;
            session.unwrap().client.address().to_owned()
        };
        assert_eq!(address(None).await, "http://127.0.0.1:8080");
        assert_eq!(address(Some("")).await, "http://127.0.0.1:8080");
        std::fs::write(folder.path().join("server.json"), r#"{"url": "http://127.0.0.1:8093"}"#).unwrap();
        assert_eq!(address(None).await, "http://127.0.0.1:8093");
        assert_eq!(address(Some("https://segue.example.com/base/")).await, "https://segue.example.com/base");
        std::fs::write(folder.path().join("server.json"), "{").unwrap();
        assert_eq!(address(None).await, "http://127.0.0.1:8080");
    }

    #[tokio::test]
    async fn what_cannot_be_meant_is_refused() {
        for (server, user, part) in [
            (Some("localhost:8080"), None, "is not an address"),
            (Some("ftp://a"), None, "is not an address"),
            (None, Some("ann"), "USER:PASSWORD"),
        ] {
            let error = reach(server, user, None).open(Output::Text, Needs::Server).await.unwrap_err();
            assert!(error.to_string().contains(part), "{error}");
            assert_eq!(crate::client::exit_code(&error), crate::REFUSED);
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn without_a_server_the_data_directory_answers() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let reach = reach(None, None, Some(&data));
        let missing = reach.open(Output::Text, Needs::Data).await.unwrap_err();
        assert!(missing.to_string().contains("there is no data directory"), "{missing}");
        assert!(!data.exists(), "a misspelled name makes no directory");

        let path = ["namespaces", "a.b", "kv", "GREETING"];
        let session = reach.open(Output::Text, Needs::NewData).await.unwrap();
        session.client.put(&path).plain("\"Hello\"").send().await.unwrap();
        let busy = reach.open(Output::Text, Needs::Data).await.unwrap_err();
        assert!(busy.to_string().contains("in use by another Segue process"), "{busy}");
        drop(session);
        // A server that was killed leaves its file. Nothing answers at its address.
        std::fs::write(data.join("server.json"), r#"{"url": "http://127.0.0.1:1"}"#).unwrap();
        let session = until_free(&reach).await;
        let found = session.client.get(&path).read::<KvValue>().await.unwrap();
        assert_eq!(found.value.value, "Hello");
    }

    /// Opens the directory when the session before has let it go.
    async fn until_free(reach: &Reach) -> Session {
        for _ in 0..500 {
            match reach.open(Output::Text, Needs::Data).await {
                Ok(session) => return session,
                Err(error) => assert!(error.to_string().contains("in use"), "{error}"),
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the directory is never free");
    }
}
