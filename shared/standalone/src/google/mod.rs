//! Google's APIs over the ports of this process, on loopback, for programs of this machine: dbt, pandas, `bq`, and the
//! scripts of flows.
//!
//! `segue server` starts them with the server. `segue run` starts them when the first script needs them. They listen on
//! 127.0.0.1 only, whatever the API of Segue listens on.
//!
//! Google's Pub/Sub clients send no token to an emulator, and their setting for its address has no room for a secret. If
//! a program needs a token, they use the socket of `socket`.

mod socket;

use async_trait::async_trait;
use segue_google_apis::{AccountError, GoogleApis, KeyFile, account_email, create_key};
use segue_ports::{PortError, Ports, random_name};
use segue_service::Limits;
use segue_task::ScriptVariables;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::io::{ErrorKind, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::OnceCell;
use tokio_util::sync::{CancellationToken, DropGuard};

/// The account of the key that scripts get.
const ACCOUNT: &str = "segue";

/// Where and for whom Google's APIs are served.
#[derive(Clone, Debug, Default)]
pub struct GoogleOptions {
    /// The port. None: a free one.
    pub port: Option<u16>,
    /// Whether a free port is used if the port is taken.
    pub may_move: bool,
    /// Whether a program needs a token, or the secret in the address.
    pub is_guarded: bool,
    /// Whether they are not served at all.
    pub is_off: bool,
}

/// What a program needs to know to use the APIs.
#[derive(Clone, Serialize, Deserialize)]
pub struct GoogleAccess {
    /// The address: `http://127.0.0.1:8088`.
    pub url: String,
    /// The text that lets a program in without a token. This is a secret.
    pub secret: String,
    /// Whether a program without a token needs the secret.
    pub is_guarded: bool,
    /// The name of the project.
    pub project: String,
    /// The file with the key of an account.
    pub credentials: PathBuf,
    /// Where Pub/Sub clients connect to, as in `PUBSUB_EMULATOR_HOST`. None if they cannot.
    #[serde(default)]
    pub pubsub: Option<String>,
}

impl fmt::Debug for GoogleAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GoogleAccess").field("url", &self.url).finish_non_exhaustive()
    }
}

impl GoogleAccess {
    /// The variables that Google's clients read.
    pub fn variables(&self) -> BTreeMap<String, String> {
        let url = if self.is_guarded { format!("{}/_/{}", self.url, self.secret) } else { self.url.clone() };
        let host = url.trim_start_matches("http://").to_owned();
        let credentials = self.credentials.display().to_string();
        [
            ("BIGQUERY_EMULATOR_HOST", url.clone()),
            ("STORAGE_EMULATOR_HOST", url.clone()),
            ("GOOGLE_APPLICATION_CREDENTIALS", credentials.clone()),
            ("GOOGLE_CLOUD_PROJECT", self.project.clone()),
            // gcsfs would ask the gRPC API of Cloud Storage for the kind of each bucket, and wait a minute.
            ("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false".to_owned()),
            ("GCE_METADATA_HOST", host.clone()),
            ("GCE_METADATA_IP", host),
            ("CLOUDSDK_CORE_PROJECT", self.project.clone()),
            ("CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE", credentials),
            ("CLOUDSDK_CORE_ACCOUNT", account_email(&self.project, ACCOUNT)),
            ("CLOUDSDK_AUTH_TOKEN_HOST", format!("{}/token", self.url)),
            ("CLOUDSDK_API_ENDPOINT_OVERRIDES_BIGQUERY", format!("{url}/")),
            ("CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE", format!("{url}/storage/v1/")),
            ("CLOUDSDK_API_ENDPOINT_OVERRIDES_PUBSUB", format!("{url}/")),
            ("CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER", format!("{url}/")),
        ]
        .into_iter()
        .chain(self.pubsub.clone().map(|address| ("PUBSUB_EMULATOR_HOST", address)))
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
    }
}

/// The folder in a data directory with accounts, keys, and files on their way.
fn folder(data_dir: &Path) -> PathBuf {
    data_dir.join("google")
}

/// Makes the key of an account for the server of a data directory. `url` is the address of Google's APIs there.
///
/// # Errors
/// [`AccountError`].
pub fn make_key(data_dir: &Path, url: &str, project: &str, account: &str) -> Result<KeyFile, AccountError> {
    create_key(&folder(data_dir).join("accounts"), project, account, &format!("{url}/token"))
}

/// The APIs that are served. They end with this value.
struct Started {
    access: GoogleAccess,
    _stop: DropGuard,
}

/// Google's APIs of this process.
pub(crate) struct Google {
    ports: Ports,
    folder: PathBuf,
    project: String,
    options: GoogleOptions,
    started: OnceCell<Started>,
}

impl fmt::Debug for Google {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Google").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl Google {
    pub(crate) fn new(ports: Ports, data_dir: &Path, project: String, options: GoogleOptions) -> Self {
        Self { ports, folder: folder(data_dir), project, options, started: OnceCell::new() }
    }

    /// Serves the APIs, if nothing has yet. They end with this value. None if they are off.
    pub(crate) async fn start(&self) -> Result<Option<GoogleAccess>, PortError> {
        if self.options.is_off {
            return Ok(None);
        }
        let started = self.started.get_or_try_init(|| self.serve()).await?;
        Ok(Some(started.access.clone()))
    }

    async fn serve(&self) -> Result<Started, PortError> {
        let failed = |error: &dyn fmt::Display| PortError::unavailable("Google's APIs", error);
        let listener = self.listen().await?;
        let address = listener.local_addr().map_err(|error| failed(&error))?;
        let url = format!("http://{address}");
        let secret = random_name() + &random_name();
        let apis = GoogleApis {
            ports: self.ports.clone(),
            internal_bucket: segue_embedded::INTERNAL_BUCKET.to_owned(),
            work: self.folder.join("work"),
            accounts: self.folder.join("accounts"),
            project: self.project.clone(),
            secret: secret.clone(),
            is_open: !self.options.is_guarded,
        };
        let router = apis.router().map_err(|error| failed(&error))?;
        let (folder, project, token_uri) =
            (self.folder.clone(), self.project.clone(), format!("{url}/token"));
        let made = tokio::task::spawn_blocking(move || credentials(&folder, &project, &token_uri)).await;
        let credentials = made.map_err(|error| failed(&error))?.map_err(|error| failed(&error))?;
        let stop = CancellationToken::new();
        let guard = stop.clone().drop_guard();
        let is_guarded = self.options.is_guarded;
        let pubsub = match is_guarded {
            true => socket::serve_pubsub(Arc::clone(&self.ports.topics), &secret, stop.clone())
                .map_err(|error| failed(&error))?,
            false => Some(address.to_string()),
        };
        // gRPC needs HTTP/2.
        let limits = Limits { http2: true, ..Limits::default() };
        tokio::spawn(async move {
            segue_service::answer(listener, router, limits, async move { stop.cancelled().await }).await;
        });
        let project = self.project.clone();
        let access = GoogleAccess { url, secret, is_guarded, project, credentials, pubsub };
        Ok(Started { access, _stop: guard })
    }

    /// Listens on the port of the options, or on a free port.
    async fn listen(&self) -> Result<TcpListener, PortError> {
        let port = self.options.port.unwrap_or_default();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let bound = match TcpListener::bind(address).await {
            Err(error) if error.kind() == ErrorKind::AddrInUse && self.options.may_move => {
                TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await
            }
            bound => bound,
        };
        bound.map_err(|error| {
            PortError::unavailable(
                "Google's APIs",
                format!("port {port} of 127.0.0.1 cannot be used: {error}"),
            )
        })
    }
}

#[async_trait]
impl ScriptVariables for Google {
    async fn variables(&self) -> Result<BTreeMap<String, String>, PortError> {
        Ok(self.start().await?.map(|access| access.variables()).unwrap_or_default())
    }
}

/// The file with the key of scripts. The key is made once; the address for tokens can change with each start.
fn credentials(folder: &Path, project: &str, token_uri: &str) -> Result<PathBuf, AccountError> {
    let file = folder.join("credentials.json");
    let known = std::fs::read(&file).ok().and_then(|text| serde_json::from_slice::<KeyFile>(&text).ok());
    let is_public =
        |key: &KeyFile| folder.join("accounts").join(format!("{}.json", key.private_key_id)).is_file();
    let key = match known.filter(|key| key.project_id == project && is_public(key)) {
        Some(key) => key.with_token_uri(token_uri),
        None => create_key(&folder.join("accounts"), project, ACCOUNT, token_uri)?,
    };
    let text = serde_json::to_string_pretty(&key).map_err(std::io::Error::from)?;
    // A temporary file is made for its user alone (0600) and then renamed.
    let mut written = tempfile::NamedTempFile::new_in(folder)?;
    written.write_all(text.as_bytes())?;
    written.persist(&file).map_err(|error| error.error)?;
    Ok(std::path::absolute(file)?)
}
