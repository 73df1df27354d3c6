//! A connection to a server, and the work on it: opened, stopped on the server when the task is stopped, and closed.

use crate::connection::{Connection, SslMode};
use crate::refusal::{self, Scene};
use crate::settings::{Iam, Place, Settings};
use crate::tls;
use futures::StreamExt as _;
use segue_jdbc::Statement;
use segue_jdbc::statements::quoted;
use segue_ports::Credentials;
use segue_task::{TaskContext, TaskError};
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_postgres::{AsyncMessage, Client, Config, Error};
use tokio_postgres_rustls::MakeRustlsConnect;

/// The name by which containers of Docker know their host. Here, the host is this machine.
const DOCKER_HOST: &str = "host.docker.internal";
/// The scope of a token that is the password of Cloud SQL.
const IAM_SCOPE: &str = "https://www.googleapis.com/auth/sqlservice.login";
/// How long to wait for the server to take a cancellation, and to see the end of a connection.
const FAREWELL: Duration = Duration::from_secs(2);

/// A connection to a server. Dropped without [`Self::close`], the connection is cut, and the server undoes what is not
/// committed.
pub(crate) struct Session {
    /// The client of the library.
    pub(crate) client: Client,
    driver: Driver,
    tls: MakeRustlsConnect,
    place: String,
    version: String,
    socket_timeout: Option<Duration>,
}

impl Session {
    /// Connects as the properties say.
    ///
    /// # Errors
    /// [`TaskError::Failed`] with a sentence about the properties, the network or the login.
    pub(crate) async fn open(connection: &Connection, context: &TaskContext) -> Result<Self, TaskError> {
        let mut settings = Settings::of(connection).map_err(TaskError::failed)?;
        if let Some(iam) = &settings.iam {
            settings.password = Some(token(iam, context).await?);
        }
        for secret in [&settings.password, &connection.ssl_key].into_iter().flatten() {
            context.mask(secret);
        }
        settings.notes.iter().for_each(|note| context.warn(note));
        let tls = tls::connector(connection, settings.ssl_mode).map_err(TaskError::failed)?;
        let config = config(&settings, context).await?;
        let place = settings.places.iter().map(Place::to_string).collect::<Vec<_>>().join(",");
        let refused = |error: Error| TaskError::failed(refusal::of_login(&error, &place, &settings));
        let most =
            settings.connect_timeout.saturating_mul(u32::try_from(config.get_hosts().len()).unwrap_or(1));
        let (client, mut driver) = tokio::time::timeout(most, config.connect(tls.clone()))
            .await
            .map_err(|_| TaskError::failed(refusal::no_answer(&place, most)))?
            .map_err(refused)?;
        let [version, dates, intervals] = ["server_version", "DateStyle", "IntervalStyle"]
            .map(|name| driver.parameter(name).unwrap_or_default().to_owned());
        let of_log = context.clone();
        let driver = tokio::spawn(async move {
            let mut messages = futures::stream::poll_fn(move |cx| driver.poll_message(cx));
            while let Some(message) = messages.next().await {
                match message {
                    Ok(AsyncMessage::Notice(notice)) => {
                        of_log.debug(format!("{}: {}", notice.severity(), notice.message()));
                    }
                    Ok(_) => {}
                    // The client gets the error too.
                    Err(_) => break,
                }
            }
        });
        let session = Self {
            client,
            driver: Driver(driver),
            tls,
            place,
            version,
            socket_timeout: settings.socket_timeout,
        };
        session.prepare(&settings, &dates, &intervals).await?;
        Ok(session)
    }

    /// Sets what the URL asks for, and the formats that `cells` reads where the server has others.
    async fn prepare(&self, settings: &Settings, dates: &str, intervals: &str) -> Result<(), TaskError> {
        let mut set: Vec<(&str, &str)> = Vec::new();
        if !dates.starts_with("ISO") {
            set.push(("DateStyle", "ISO"));
        }
        if !intervals.is_empty() && intervals != "postgres" {
            set.push(("IntervalStyle", "postgres"));
        }
        // From 12 on, every float is written exactly.
        if self.major_version() < 12 {
            set.push(("extra_float_digits", "3"));
        }
        set.extend(settings.session.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        if set.is_empty() {
            return Ok(());
        }
        let calls = set
            .into_iter()
            .map(|(name, value)| Ok(format!("set_config({}, {}, false)", quoted(name)?, quoted(value)?)));
        let calls = calls.collect::<Result<Vec<_>, String>>().map_err(TaskError::failed)?;
        self.command(&format!("SELECT {}", calls.join(", "))).await
    }

    /// The first number of the server's version. 0 if it is not known.
    fn major_version(&self) -> u32 {
        let digits: String = self.version.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().unwrap_or_default()
    }

    /// Runs a statement of this service, without rows: BEGIN, COMMIT.
    ///
    /// # Errors
    /// [`TaskError::Failed`] with what the server says.
    pub(crate) async fn command(&self, sql: &str) -> Result<(), TaskError> {
        self.answer(self.client.batch_execute(sql), None).await
    }

    /// Waits for an answer about a statement, within the limit of the connection.
    ///
    /// # Errors
    /// [`TaskError::Failed`] with a sentence about the statement.
    pub(crate) async fn answer<T>(
        &self,
        answer: impl Future<Output = Result<T, Error>>,
        statement: Option<&Statement>,
    ) -> Result<T, TaskError> {
        let answered = match self.socket_timeout {
            None => answer.await,
            Some(limit) => tokio::time::timeout(limit, answer)
                .await
                .map_err(|_| TaskError::failed(refusal::no_answer(&self.place, limit)))?,
        };
        answered.map_err(|error| TaskError::failed(self.refusal(&error, statement)))
    }

    /// What the server says about a statement, as a sentence.
    pub(crate) fn refusal(&self, error: &Error, statement: Option<&Statement>) -> String {
        refusal::of_statement(error, &Scene { place: &self.place, version: &self.version, statement })
    }

    /// Does the work, and closes the connection. If the task is stopped meanwhile, the server stops the statement that
    /// it runs, and undoes what is not committed.
    ///
    /// # Errors
    /// Those of the work. [`TaskError::Stopped`] if the task was stopped.
    pub(crate) async fn run<T>(
        self,
        context: &TaskContext,
        work: impl AsyncFnOnce(&Self) -> Result<T, TaskError>,
    ) -> Result<T, TaskError> {
        let stopped = context.cancelled();
        let done = tokio::select! {
            done = work(&self) => done,
            () = stopped.cancelled() => {
                let token = self.client.cancel_token();
                let cancelled = token.cancel_query(self.tls.clone());
                if !matches!(tokio::time::timeout(FAREWELL, cancelled).await, Ok(Ok(()))) {
                    context.warn(format!("{} could not be asked to stop the statement", self.place));
                }
                return Err(TaskError::Stopped);
            }
        };
        self.close().await;
        done
    }

    /// Says goodbye to the server. An open transaction is undone.
    async fn close(self) {
        let Self { client, mut driver, .. } = self;
        drop(client);
        let _late = tokio::time::timeout(FAREWELL, &mut driver.0).await;
    }
}

/// The task that reads and writes the connection. Aborted, it cuts the connection.
struct Driver(JoinHandle<()>);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The configuration of the library: the addresses that may be used, and the login.
/// The password of a login with an account of Google. The caller masks it.
async fn token(iam: &Iam, context: &TaskContext) -> Result<String, TaskError> {
    let scopes = vec![IAM_SCOPE.to_owned()];
    let credentials = Credentials { impersonate: iam.impersonate.clone(), scopes, ..Credentials::default() };
    Ok(context.ports().tokens.token(&credentials).await?.value)
}

async fn config(settings: &Settings, context: &TaskContext) -> Result<Config, TaskError> {
    let mut config = Config::new();
    let mut refused = None;
    for place in &settings.places {
        match place {
            Place::Socket(folder, port) => {
                config.host_path(folder).port(*port);
            }
            Place::Tcp(host, port) => match addresses(host, context).await {
                Ok(addresses) => addresses.into_iter().for_each(|address| {
                    config.host(host).hostaddr(address).port(*port);
                }),
                Err(error) => refused = Some(error),
            },
        }
    }
    if let (Some(error), []) = (refused, config.get_hosts()) {
        return Err(error);
    }
    config
        .user(&settings.user)
        .dbname(&settings.database)
        .application_name(&settings.application_name)
        .connect_timeout(settings.connect_timeout)
        .ssl_mode(match settings.ssl_mode {
            SslMode::Disable => tokio_postgres::config::SslMode::Disable,
            // There is no TLS on a Unix socket.
            _ if settings.places.iter().any(|place| matches!(place, Place::Socket(..))) => {
                tokio_postgres::config::SslMode::Disable
            }
            SslMode::Allow | SslMode::Prefer => tokio_postgres::config::SslMode::Prefer,
            _ => tokio_postgres::config::SslMode::Require,
        })
        .ssl_negotiation(settings.ssl_negotiation)
        .channel_binding(settings.channel_binding)
        .target_session_attrs(settings.servers)
        .load_balance_hosts(settings.load_balance);
    if let Some(password) = &settings.password {
        config.password(password);
    }
    if let Some(options) = &settings.command_line {
        config.options(options);
    }
    Ok(config)
}

/// The addresses of a host. Where Docker's name of the host is not known, the host is this machine.
async fn addresses(host: &str, context: &TaskContext) -> Result<Vec<IpAddr>, TaskError> {
    match context.clients().addresses(host).await {
        Err(_) if host == DOCKER_HOST => {
            context.debug(format!("{DOCKER_HOST} is this machine"));
            Ok(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)])
        }
        Err(error) => Err(error.into()),
        Ok(addresses) => Ok(addresses),
    }
}
