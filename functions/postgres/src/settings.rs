//! What a connection needs: the parts of the JDBC URL and the properties of the task, checked.

use crate::connection::{Connection, SslMode};
use crate::url::{self, Url};
use std::path::PathBuf;
use std::time::Duration;
use tokio_postgres::config::{ChannelBinding, LoadBalanceHosts, SslNegotiation, TargetSessionAttrs};

/// The time to establish a connection, as the JDBC driver has it.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The folder in which Google Cloud puts the sockets of Cloud SQL.
const CLOUD_SQL: &str = "/cloudsql";
const CLOUD_SQL_FACTORY: &str = "com.google.cloud.sql.postgres.SocketFactory";

/// Options of the JDBC driver about the driver itself: its caches, its log, its way to send a query. They have no
/// effect here.
const OF_THE_DRIVER: &[&str] = &[
    "adaptiveFetch",
    "adaptiveFetchMaximum",
    "adaptiveFetchMinimum",
    "allowEncodingChanges",
    "assumeMinServerVersion",
    "autosave",
    "binaryTransfer",
    "binaryTransferDisable",
    "binaryTransferEnable",
    "cancelSignalTimeout",
    "cleanupSavepoints",
    "connectThreadFactory",
    "convertBooleanToNumeric",
    "databaseMetadataCacheFields",
    "databaseMetadataCacheFieldsMiB",
    "defaultRowFetchSize",
    "disableColumnSanitiser",
    "escapeSyntaxCallMode",
    "flushCacheOnDdl",
    "gssEncMode",
    "gsslib",
    "hideUnprivilegedObjects",
    "hostRecheckSeconds",
    "ipTypes",
    "logServerErrorDetail",
    "logUnclosedConnections",
    "loggerFile",
    "loggerLevel",
    "loginTimeout",
    "maxResultBuffer",
    "maxSendBufferSize",
    "preferQueryMode",
    "preparedStatementCacheQueries",
    "preparedStatementCacheSizeMiB",
    "prepareThreshold",
    "protocolVersion",
    "queryTimeout",
    "quoteReturningIdentifiers",
    "reWriteBatchedInserts",
    "receiveBufferSize",
    "sendBufferSize",
    "sslResponseTimeout",
    "stringtype",
    "tcpKeepAlive",
    "tcpNoDelay",
    "unknownLength",
    "useSpnego",
    "xmlFactoryFactory",
];

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A host and a port.
    Tcp(String, u16),
    /// The folder of a Unix socket, and the port in the name of the socket.
    Socket(PathBuf, u16),
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Tcp(host, port) if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp(host, port) => write!(f, "{host}:{port}"),
            Self::Socket(folder, port) => write!(f, "{}/.s.PGSQL.{port}", folder.display()),
        }
    }
}

/// A login at Cloud SQL with an account of Google.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Iam {
    /// The account to act as. None: the service's own account.
    pub(crate) impersonate: Option<String>,
}

/// What a connection needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// The servers, tried one after another.
    pub(crate) places: Vec<Place>,
    pub(crate) database: String,
    pub(crate) user: String,
    pub(crate) password: Option<String>,
    /// Whether an access token of Google is the password. Then every place is a socket of Cloud SQL.
    pub(crate) iam: Option<Iam>,
    pub(crate) ssl_mode: SslMode,
    pub(crate) ssl_negotiation: SslNegotiation,
    pub(crate) channel_binding: ChannelBinding,
    pub(crate) application_name: String,
    /// Settings of the session, by the names of the server.
    pub(crate) session: Vec<(String, String)>,
    /// Further settings of the session, as the server's command line has them.
    pub(crate) command_line: Option<String>,
    pub(crate) connect_timeout: Duration,
    /// The longest time without an answer of the server. None: no limit.
    pub(crate) socket_timeout: Option<Duration>,
    pub(crate) servers: TargetSessionAttrs,
    pub(crate) load_balance: LoadBalanceHosts,
    /// What the log says about options without effect.
    pub(crate) notes: Vec<String>,
}

impl Settings {
    /// Reads URL and properties. A property counts more than an option of the URL.
    ///
    /// # Errors
    /// A sentence about a URL or an option that cannot be followed.
    pub(crate) fn of(connection: &Connection) -> Result<Self, String> {
        let Url { hosts, database, options } = url::parse(&connection.url)?;
        let mut settings = Self {
            places: hosts.into_iter().map(|(host, port)| Place::Tcp(host, port)).collect(),
            database: String::new(),
            user: String::new(),
            password: None,
            iam: None,
            ssl_mode: SslMode::Prefer,
            ssl_negotiation: SslNegotiation::Postgres,
            channel_binding: ChannelBinding::Prefer,
            application_name: "Segue".to_owned(),
            session: Vec::new(),
            command_line: None,
            connect_timeout: CONNECT_TIMEOUT,
            socket_timeout: None,
            servers: TargetSessionAttrs::Any,
            load_balance: LoadBalanceHosts::Disable,
            notes: Vec::new(),
        };
        let mut factory = Factory::default();
        for (name, value) in &options {
            if !factory.takes(name, value) {
                settings.option(name, value)?;
            }
        }
        settings.iam = factory.iam()?;
        if let Some(socket) = factory.socket()? {
            settings.places = vec![socket];
        }
        if let Some(user) = given(connection.username.as_ref()) {
            settings.user = user;
        }
        if settings.user.is_empty() {
            return Err(
                "username is missing; add username and password, or the option user to url".to_owned()
            );
        }
        if settings.iam.is_some() {
            // PostgreSQL knows the account by its name without this part.
            settings.user = settings.user.trim_end_matches(".gserviceaccount.com").to_owned();
        }
        settings.password = connection.password.clone().or(settings.password).filter(|text| !text.is_empty());
        settings.database = database.unwrap_or_else(|| settings.user.clone());
        match (connection.ssl_mode, connection.ssl) {
            (Some(mode), _) => settings.ssl_mode = mode,
            (None, Some(true)) if settings.ssl_mode == SslMode::Prefer => {
                settings.ssl_mode = SslMode::VerifyFull
            }
            _ => {}
        }
        if let Some(seconds) = connection.socket_timeout {
            settings.socket_timeout = (seconds > 0).then(|| Duration::from_secs(seconds));
        }
        Ok(settings)
    }

    /// Follows one option of the URL.
    fn option(&mut self, name: &str, value: &str) -> Result<(), String> {
        let set = |name: &str| (name.to_owned(), value.to_owned());
        let wrong = |allowed: &str| Err(format!("option {name} of url is '{value}'; write {allowed}"));
        match name {
            "user" => self.user = value.to_owned(),
            "password" => self.password = Some(value.to_owned()),
            "sslmode" => match SslMode::parse(value) {
                Some(mode) => self.ssl_mode = mode,
                None => return wrong("disable, allow, prefer, require, verify-ca or verify-full"),
            },
            "ssl" if value.is_empty() || value == "true" => {
                if self.ssl_mode == SslMode::Prefer {
                    self.ssl_mode = SslMode::VerifyFull;
                }
            }
            "ssl" => {}
            "sslfactory" if value.ends_with("NonValidatingFactory") => self.ssl_mode = SslMode::Require,
            "sslfactory" => self.note(name),
            "sslrootcert" | "sslcert" | "sslkey" | "sslpassword" => {
                return Err(format!(
                    "option {name} of url names a file of another machine; write its text in the property {} of the task",
                    match name {
                        "sslrootcert" => "sslRootCert",
                        "sslcert" => "sslCert",
                        "sslkey" => "sslKey",
                        _ => "sslKeyPassword",
                    }
                ));
            }
            "sslNegotiation" | "sslnegotiation" => match value {
                "direct" => self.ssl_negotiation = SslNegotiation::Direct,
                "postgres" => {}
                _ => return wrong("postgres or direct"),
            },
            "channelBinding" => {
                self.channel_binding = match value {
                    "disable" => ChannelBinding::Disable,
                    "prefer" => ChannelBinding::Prefer,
                    "require" => ChannelBinding::Require,
                    _ => return wrong("disable, prefer or require"),
                }
            }
            "currentSchema" => self.session.push(("search_path".to_owned(), value.to_owned())),
            "ApplicationName" => self.application_name = value.to_owned(),
            "readOnly" if value == "true" => self.session.push(set_read_only()),
            "readOnly" | "readOnlyMode" => {}
            "options" => self.command_line = Some(value.to_owned()),
            "TimeZone" => self.session.push(set("TimeZone")),
            "connectTimeout" => match value.parse() {
                Ok(0) => self.connect_timeout = Duration::from_secs(u64::from(u32::MAX)),
                Ok(seconds) => self.connect_timeout = Duration::from_secs(seconds),
                Err(_) => return wrong("a number of seconds"),
            },
            "socketTimeout" => match value.parse() {
                Ok(seconds) => self.socket_timeout = (seconds > 0).then(|| Duration::from_secs(seconds)),
                Err(_) => return wrong("a number of seconds"),
            },
            "targetServerType" => {
                self.servers = match value {
                    "any" | "preferPrimary" | "preferSecondary" | "preferSlave" => TargetSessionAttrs::Any,
                    "primary" | "master" => TargetSessionAttrs::ReadWrite,
                    "secondary" | "slave" => TargetSessionAttrs::ReadOnly,
                    _ => return wrong("any, primary, secondary or preferSecondary"),
                }
            }
            "loadBalanceHosts" => {
                self.load_balance =
                    if value == "true" { LoadBalanceHosts::Random } else { LoadBalanceHosts::Disable };
            }
            "authenticationPluginClassName"
            | "jaasLogin"
            | "jaasApplicationName"
            | "kerberosServerName"
            | "localSocketAddress"
            | "replication"
            | "service" => {
                return Err(format!("option {name} of url is not supported; remove it"));
            }
            name if OF_THE_DRIVER.contains(&name) => {}
            name => self.note(name),
        }
        Ok(())
    }

    fn note(&mut self, name: &str) {
        self.notes.push(format!("option {name} of url has no effect"));
    }
}

fn set_read_only() -> (String, String) {
    ("default_transaction_read_only".to_owned(), "on".to_owned())
}

fn given(text: Option<&String>) -> Option<String> {
    text.filter(|text| !text.is_empty()).cloned()
}

/// The options about the way to the server: `socketFactory` and its arguments.
#[derive(Default)]
struct Factory {
    class: Option<String>,
    instance: Option<String>,
    path: Option<String>,
    with_iam: bool,
    impersonate: Option<String>,
}

impl Factory {
    /// Whether the option is one of those.
    fn takes(&mut self, name: &str, value: &str) -> bool {
        match name {
            "socketFactory" => self.class = Some(value.to_owned()),
            "cloudSqlInstance" => self.instance = Some(value.to_owned()),
            "unixSocketPath" | "socketFactoryArg" => self.path = Some(value.to_owned()),
            "enableIamAuth" | "cloudSqlEnableIamAuth" => self.with_iam = value == "true",
            "cloudSqlTargetPrincipal" => self.impersonate = Some(value.to_owned()),
            "cloudSqlRefreshStrategy" | "cloudSqlAdminQuotaProject" => {}
            _ => return false,
        }
        true
    }

    /// The login with an account of Google. The token goes only to a socket of Cloud SQL: at any other address, whoever
    /// listens there would get it.
    fn iam(&self) -> Result<Option<Iam>, String> {
        match (self.with_iam, &self.instance) {
            (false, _) => Ok(None),
            (true, Some(_)) => Ok(Some(Iam { impersonate: self.impersonate.clone() })),
            (true, None) => Err("option enableIamAuth of url works with Cloud SQL only; add \
                                 cloudSqlInstance=project:region:instance"
                .to_owned()),
        }
    }

    /// The socket. None if the URL has none, and names a host.
    fn socket(self) -> Result<Option<Place>, String> {
        let (instance, path) = (self.instance, self.path);
        match self.class.as_deref() {
            Some(CLOUD_SQL_FACTORY) | None if instance.is_some() => {
                let instance = instance.unwrap_or_default();
                if instance.split(':').count() != 3 || instance.contains(['/', '.']) {
                    return Err(format!(
                        "option cloudSqlInstance of url is '{instance}'; write project:region:instance"
                    ));
                }
                let folder = path.unwrap_or_else(|| format!("{CLOUD_SQL}/{instance}"));
                Ok(Some(socket(&folder)))
            }
            Some(CLOUD_SQL_FACTORY) => Err("option cloudSqlInstance of url is missing; write \
                                            cloudSqlInstance=project:region:instance"
                .to_owned()),
            None => Ok(None),
            Some(class) => match path {
                Some(path) if class.starts_with("org.newsclub.net.unix") => Ok(Some(socket(&path))),
                _ => Err(format!(
                    "option socketFactory of url is '{class}', which is not supported; remove it"
                )),
            },
        }
    }
}

/// The socket in a folder, or at a path that ends with `.s.PGSQL.PORT`.
fn socket(path: &str) -> Place {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    match name.strip_prefix(".s.PGSQL.").and_then(|port| port.parse().ok()) {
        Some(port) => Place::Socket(PathBuf::from(folder), port),
        None => Place::Socket(PathBuf::from(path), 5432),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(url: &str) -> Result<Settings, String> {
        let connection = Connection { username: Some("ada".to_owned()), ..Connection::to(url) };
        Settings::of(&connection)
    }

    #[test]
    fn options_of_the_url_are_followed() {
        let settings = of("jdbc:postgresql://h/x?user=u&password=p&sslmode=verify-full&currentSchema=a,b&ApplicationName=\
                           loader&connectTimeout=3&socketTimeout=7&readOnly=true&options=-c%20work_mem%3D8MB&targetServerType=\
                           primary&loadBalanceHosts=true&prepareThreshold=0")
        .unwrap();
        assert_eq!((settings.user.as_str(), settings.password.as_deref()), ("ada", Some("p")));
        assert_eq!((settings.database.as_str(), settings.ssl_mode), ("x", SslMode::VerifyFull));
        let session: Vec<_> =
            settings.session.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(session, [("search_path", "a,b"), ("default_transaction_read_only", "on")]);
        assert_eq!(settings.application_name, "loader");
        assert_eq!(settings.connect_timeout, Duration::from_secs(3));
        assert_eq!(settings.socket_timeout, Some(Duration::from_secs(7)));
        assert_eq!(settings.command_line.as_deref(), Some("-c work_mem=8MB"));
        assert_eq!(settings.servers, TargetSessionAttrs::ReadWrite);
        assert_eq!(settings.notes, [] as [String; 0]);
    }

    #[test]
    fn properties_count_more_than_options() {
        let mut connection = Connection::to("jdbc:postgresql://h/?user=u&password=p&sslmode=disable");
        assert_eq!(Settings::of(&connection).unwrap().database, "u");
        connection.username = Some("ada".to_owned());
        connection.password = Some("q".to_owned());
        connection.ssl_mode = Some(SslMode::Require);
        let settings = Settings::of(&connection).unwrap();
        assert_eq!((settings.user.as_str(), settings.password.as_deref()), ("ada", Some("q")));
        assert_eq!(settings.ssl_mode, SslMode::Require);
        connection.ssl_mode = None;
        connection.ssl = Some(true);
        connection.url = "jdbc:postgresql://h/".to_owned();
        assert_eq!(Settings::of(&connection).unwrap().ssl_mode, SslMode::VerifyFull);
    }

    #[test]
    fn cloud_sql_is_a_socket() {
        let factory = format!("socketFactory={CLOUD_SQL_FACTORY}");
        let settings =
            of(&format!("jdbc:postgresql:///x?cloudSqlInstance=p:europe-west1:db&{factory}")).unwrap();
        assert_eq!(settings.places, [Place::Socket("/cloudsql/p:europe-west1:db".into(), 5432)]);
        let unix = "socketFactory=org.newsclub.net.unix.AFUNIXSocketFactory$FactoryArg&socketFactoryArg=/run/pg/.s.PGSQL.6000";
        let settings = of(&format!("jdbc:postgresql:///x?{unix}")).unwrap();
        assert_eq!(settings.places, [Place::Socket("/run/pg".into(), 6000)]);
        assert_eq!(settings.places[0].to_string(), "/run/pg/.s.PGSQL.6000");
    }

    #[test]
    fn options_that_cannot_be_followed_are_refused_or_noted() {
        for (option, expected) in [
            ("sslmode=maybe", "option sslmode of url is 'maybe'; write disable"),
            ("connectTimeout=soon", "option connectTimeout of url is 'soon'; write a number of seconds"),
            ("sslrootcert=/etc/ca.pem", "option sslrootcert of url names a file"),
            ("socketFactory=x.Y", "option socketFactory of url is 'x.Y', which is not supported"),
            (
                "cloudSqlInstance=../x",
                "option cloudSqlInstance of url is '../x'; write project:region:instance",
            ),
            ("enableIamAuth=true", "option enableIamAuth of url works with Cloud SQL only"),
            ("jaasLogin=true", "option jaasLogin of url is not supported"),
        ] {
            let why = of(&format!("jdbc:postgresql://h/x?{option}")).unwrap_err();
            assert!(why.starts_with(expected), "{why}");
        }
        assert_eq!(
            of("jdbc:postgresql://h/x?colour=red").unwrap().notes,
            ["option colour of url has no effect"]
        );
        let nobody = Settings::of(&Connection::to("jdbc:postgresql://h/x")).unwrap_err();
        assert!(nobody.starts_with("username is missing"), "{nobody}");
    }
}
