//! The configuration of a service, read from the environment once.

use crate::caller::PushCaller;
use crate::facts::{FactsError, FunctionFacts};
use segue_ports::{Environment, random_name};
use std::fmt::Display;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;
use thiserror::Error;
use tracing_subscriber::EnvFilter;

const MAX_DELIVERIES: &str = "SEGUE_MAX_DELIVERIES";
const LOG_FILTER: &str = "RUST_LOG";

/// The configuration of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The address to listen on: port `PORT` (default `8080`), on all addresses if Cloud Run's `K_SERVICE` is
    /// set, or else only on loopback.
    pub address: SocketAddr,
    /// The service's name on Cloud Run: `K_SERVICE` (default none).
    pub service: Option<String>,
    /// `SEGUE_PLATFORM`: `local` or `gcp` (default `gcp` where `K_SERVICE` is set, else `local`).
    pub platform: Platform,
    /// The data directory of the local platform: `SEGUE_DATA_DIR` (default `.segue`).
    pub data_dir: PathBuf,
    /// `SEGUE_LOG_FORMAT`: `text` or `json` (default `json` where `K_SERVICE` is set, else `text`).
    pub log_format: LogFormat,
    /// The log filter: `RUST_LOG`, in the syntax of `tracing` (default `info`).
    pub log_filter: String,
    /// The Google Cloud project in log lines, so that they link to traces: `SEGUE_PROJECT`, or else
    /// `GOOGLE_CLOUD_PROJECT` (default none).
    pub project: Option<String>,
    /// The facts in the service's `function.yaml`, such as concurrency and timeout. `SEGUE_TIMEOUT_SECONDS`
    /// replaces the timeout if the service was deployed with another one.
    pub facts: FunctionFacts,
    /// Who may push messages: the account `SEGUE_PUSH_ACCOUNT`, with a token for one of `SEGUE_PUSH_AUDIENCE`
    /// (separated by commas). `SEGUE_PUSH_AUTH=iam` says that Cloud Run admits only Pub/Sub's account. If
    /// neither is set, every caller is accepted, but only on a loopback address.
    pub push: PushCaller,
    /// How long a worker's claim lasts without renewal: `SEGUE_CLAIM_SECONDS` (default: the platform's).
    /// After this time another worker takes over from one that died. Claims are renewed three times in this
    /// period, and each renewal is a write.
    pub claim: Option<Duration>,
    /// The number of deliveries of a task run that end with the process, after which the task run has failed:
    /// `SEGUE_MAX_DELIVERIES` (default 3).
    pub max_deliveries: Option<NonZeroU32>,
    /// The name of this process in claims. The local platform always has the same name, so that it continues
    /// interrupted work at once after a restart. On Cloud Run each instance has its own name.
    pub holder: String,
    /// All variables. The other parts of the service read their own settings from them.
    pub environment: Environment,
}

/// The adapters behind the ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Platform {
    /// The embedded adapters.
    Local,
    /// Google Cloud's adapters.
    Gcp,
}

impl Platform {
    /// The name of the platform, as `SEGUE_PLATFORM` and `kestra.environment` have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Gcp => "gcp",
        }
    }
}

/// The format of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// Text for people.
    Text,
    /// JSON for Cloud Logging.
    Json,
}

/// Why the configuration cannot be read.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ConfigError {
    /// A variable with an invalid value.
    #[error("the environment variable {variable} is '{value}': {problem}")]
    Variable {
        /// The name of the variable.
        variable: &'static str,
        /// Its value.
        value: String,
        /// What is wrong, and which values are allowed.
        problem: String,
    },
    /// The service would accept messages from every caller.
    #[error(
        "every caller could push messages: set SEGUE_PUSH_ACCOUNT and SEGUE_PUSH_AUDIENCE to the account and the audience \
         of the push subscription's token, or SEGUE_PUSH_AUTH=iam if Cloud Run admits only that account"
    )]
    Open,
    /// The service's `function.yaml` is invalid.
    #[error(transparent)]
    Facts(#[from] FactsError),
}

impl Config {
    /// Reads the environment. `function` is the text of the service's `function.yaml`.
    ///
    /// # Errors
    /// [`ConfigError`] for the first variable that is invalid or missing.
    pub fn from_environment(function: &str, environment: Environment) -> Result<Self, ConfigError> {
        let variable = |name: &str| environment.get(name).filter(|value| !value.trim().is_empty());
        let service = variable("K_SERVICE");
        let on_cloud_run = service.is_some();
        let platform = choice(
            "SEGUE_PLATFORM",
            variable("SEGUE_PLATFORM"),
            &[Platform::Local, Platform::Gcp].map(|platform| (platform.name(), platform)),
        )?;
        let log_format = choice(
            "SEGUE_LOG_FORMAT",
            variable("SEGUE_LOG_FORMAT"),
            &[("text", LogFormat::Text), ("json", LogFormat::Json)],
        )?;
        let mut facts = FunctionFacts::parse(function)?;
        if let Some(seconds) =
            parsed::<NonZeroU32>("SEGUE_TIMEOUT_SECONDS", variable("SEGUE_TIMEOUT_SECONDS"))?
        {
            facts.timeout = Duration::from_secs(seconds.get().into());
        }
        let push = push_caller(&variable, on_cloud_run)?;
        let host = if on_cloud_run { Ipv4Addr::UNSPECIFIED } else { Ipv4Addr::LOCALHOST };
        let platform = platform.unwrap_or(if on_cloud_run { Platform::Gcp } else { Platform::Local });
        let holder = match platform {
            Platform::Local => "local".to_owned(),
            Platform::Gcp => {
                let revision =
                    variable("K_REVISION").or_else(|| service.clone()).unwrap_or_else(|| "gcp".to_owned());
                format!("{revision}-{}", random_name())
            }
        };
        Ok(Self {
            address: SocketAddr::new(IpAddr::V4(host), parsed("PORT", variable("PORT"))?.unwrap_or(8080)),
            platform,
            data_dir: variable("SEGUE_DATA_DIR").unwrap_or_else(|| ".segue".to_owned()).into(),
            log_format: log_format.unwrap_or(if on_cloud_run { LogFormat::Json } else { LogFormat::Text }),
            log_filter: log_filter(variable(LOG_FILTER))?,
            project: variable("SEGUE_PROJECT").or_else(|| variable("GOOGLE_CLOUD_PROJECT")),
            service,
            claim: parsed("SEGUE_CLAIM_SECONDS", variable("SEGUE_CLAIM_SECONDS"))?
                .map(|seconds: NonZeroU32| Duration::from_secs(seconds.get().into())),
            max_deliveries: parsed(MAX_DELIVERIES, variable(MAX_DELIVERIES))?,
            facts,
            push,
            holder,
            environment,
        })
    }
}

/// The log filter, if `tracing` can read it.
fn log_filter(value: Option<String>) -> Result<String, ConfigError> {
    let Some(value) = value else { return Ok("info".to_owned()) };
    match EnvFilter::try_new(&value) {
        Ok(_) => Ok(value),
        Err(error) => Err(ConfigError::Variable { variable: LOG_FILTER, problem: error.to_string(), value }),
    }
}

/// Who may push messages. A service that others can reach must name an account, or say that Cloud Run checks
/// callers.
fn push_caller(
    variable: &impl Fn(&str) -> Option<String>,
    is_reachable: bool,
) -> Result<PushCaller, ConfigError> {
    let iam = choice("SEGUE_PUSH_AUTH", variable("SEGUE_PUSH_AUTH"), &[("iam", ())])?;
    match (variable("SEGUE_PUSH_ACCOUNT"), variable("SEGUE_PUSH_AUDIENCE")) {
        (Some(email), Some(audiences)) => Ok(PushCaller::Account {
            email: email.trim().to_owned(),
            audiences: audiences.split(',').map(|audience| audience.trim().to_owned()).collect(),
            keys: variable("SEGUE_PUSH_KEYS_URL"),
        }),
        (None, None) if iam.is_some() || !is_reachable => Ok(PushCaller::Anybody),
        _ => Err(ConfigError::Open),
    }
}

fn parsed<T: FromStr<Err: Display>>(
    variable: &'static str,
    value: Option<String>,
) -> Result<Option<T>, ConfigError> {
    let Some(value) = value else { return Ok(None) };
    match value.trim().parse() {
        Ok(parsed) => Ok(Some(parsed)),
        Err(error) => Err(ConfigError::Variable { variable, problem: format!("{error}"), value }),
    }
}

fn choice<T: Copy>(
    variable: &'static str,
    value: Option<String>,
    choices: &[(&str, T)],
) -> Result<Option<T>, ConfigError> {
    let Some(value) = value else { return Ok(None) };
    match choices.iter().find(|(name, _)| value.trim().eq_ignore_ascii_case(name)) {
        Some((_, choice)) => Ok(Some(*choice)),
        None => {
            let names: Vec<_> = choices.iter().map(|(name, _)| *name).collect();
            Err(ConfigError::Variable {
                variable,
                problem: format!("it must be {}", names.join(" or ")),
                value,
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FUNCTION: &str = "kind: tasks\nmemory: 512Mi\ncpu: 1\ntimeout_s: 600\nconcurrency: 40\nmax_instances: 10\n\
                            ingress: internal\nsubscriptions: []\nact_as: []\nroles: []\n";

    fn config(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Config::from_environment(FUNCTION, variables.collect())
    }

    #[test]
    fn a_bare_environment_is_local() {
        let config = config(&[]).unwrap();
        assert_eq!(config.address.to_string(), "127.0.0.1:8080");
        assert_eq!((config.platform, config.log_format), (Platform::Local, LogFormat::Text));
        assert_eq!((config.holder.as_str(), config.data_dir.to_str()), ("local", Some(".segue")));
        assert_eq!((config.facts.concurrency.get(), config.push), (40, PushCaller::Anybody));
    }

    #[test]
    fn cloud_run_is_recognised() {
        let variables =
            [("K_SERVICE", "http"), ("K_REVISION", "http-7"), ("PORT", "9000"), ("SEGUE_PUSH_AUTH", "iam")];
        let first = config(&variables).unwrap();
        assert_eq!(first.address.to_string(), "0.0.0.0:9000");
        assert_eq!((first.platform, first.log_format), (Platform::Gcp, LogFormat::Json));
        assert!(first.holder.starts_with("http-7-"));
        assert_ne!(first.holder, config(&variables).unwrap().holder);
    }

    #[test]
    fn a_service_may_be_deployed_with_another_timeout() {
        let timeout = |variables: &[(&str, &str)]| config(variables).unwrap().facts.timeout;
        let usual = timeout(&[]);
        assert_ne!(usual, Duration::from_secs(8));
        assert_eq!(timeout(&[("SEGUE_TIMEOUT_SECONDS", "8")]), Duration::from_secs(8));
        assert!(config(&[("SEGUE_TIMEOUT_SECONDS", "0")]).is_err());
    }

    #[test]
    fn an_invalid_variable_is_named() {
        let error = config(&[("PORT", "eighty")]).unwrap_err().to_string();
        assert!(error.starts_with("the environment variable PORT is 'eighty': "), "{error}");
        let error = config(&[("SEGUE_PLATFORM", "azure")]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the environment variable SEGUE_PLATFORM is 'azure': it must be local or gcp"
        );
        let error = config(&[("RUST_LOG", "info,=loud")]).unwrap_err().to_string();
        assert!(error.starts_with("the environment variable RUST_LOG is 'info,=loud': "), "{error}");
        let without =
            Config::from_environment(&FUNCTION.replace("concurrency: 40\n", ""), Environment::default())
                .unwrap_err()
                .to_string();
        assert!(without.contains("function.yaml") && without.contains("concurrency"), "{without}");
    }

    #[test]
    fn a_reachable_service_does_not_start_without_caller_checks() {
        assert_eq!(config(&[("K_SERVICE", "http")]).unwrap_err(), ConfigError::Open);
        let half = [("K_SERVICE", "http"), ("SEGUE_PUSH_ACCOUNT", "push@p.iam.gserviceaccount.com")];
        assert_eq!(config(&half).unwrap_err(), ConfigError::Open);
        let whole = [half[0], half[1], ("SEGUE_PUSH_AUDIENCE", "https://a, https://b")];
        let PushCaller::Account { email, audiences, keys } = config(&whole).unwrap().push else {
            unreachable!("an account is named")
        };
        assert_eq!((&*email, keys), ("push@p.iam.gserviceaccount.com", None));
        assert_eq!(audiences, ["https://a", "https://b"]);
    }
}
