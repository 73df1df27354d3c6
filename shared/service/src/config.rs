//! The configuration of a service, read from the environment once.

use crate::caller::PushCaller;
use crate::facts::{FactsError, FunctionFacts};
use std::fmt::Display;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;
use thiserror::Error;

const MAX_DELIVERIES: &str = "SEGUE_MAX_DELIVERIES";

/// The configuration of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Where it listens: port `PORT` (default `8080`), on all addresses where Cloud Run's `K_SERVICE` is set, else
    /// on loopback only.
    pub address: SocketAddr,
    /// The service's name on Cloud Run: `K_SERVICE` (default none).
    pub service: Option<String>,
    /// `SEGUE_PLATFORM`: `local` or `gcp` (default `gcp` where `K_SERVICE` is set, else `local`).
    pub platform: Platform,
    /// Where the local platform keeps its data: `SEGUE_DATA_DIR` (default `.segue`).
    pub data_dir: PathBuf,
    /// `SEGUE_LOG_FORMAT`: `text` or `json` (default `json` where `K_SERVICE` is set, else `text`).
    pub log_format: LogFormat,
    /// What is logged: `RUST_LOG`, in the words of `tracing` (default `info`).
    pub log_filter: String,
    /// How many requests it works on at once, and how long one may take: from its `function.yaml`, the time unless
    /// `SEGUE_TIMEOUT_SECONDS` says that the service was deployed with another.
    pub facts: FunctionFacts,
    /// Who may push messages: the account `SEGUE_PUSH_ACCOUNT`, with a token for one of `SEGUE_PUSH_AUDIENCE` (with
    /// commas between them). `SEGUE_PUSH_AUTH=iam` says that Cloud Run lets nobody else in. Without either, anybody,
    /// on a loopback address only.
    pub push: PushCaller,
    /// How long a worker's claim lasts unless it renews it, so how soon another takes over from one that died:
    /// `SEGUE_CLAIM_SECONDS` (default that of the platform). Renewing is a write, three times as often.
    pub claim: Option<Duration>,
    /// After so many deliveries of a task run that ended with the process it has failed: `SEGUE_MAX_DELIVERIES`
    /// (default 3).
    pub max_deliveries: Option<NonZeroU32>,
    /// The name of this process in claims. On the local platform always the same, so that after a restart it goes
    /// on at once with what was cut off; on Cloud Run one for each instance.
    pub holder: String,
}

/// Which adapters stand behind the ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Platform {
    /// The embedded ones.
    Local,
    /// Google's.
    Gcp,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For Cloud Logging.
    Json,
}

/// Why there is no configuration.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ConfigError {
    /// A variable that cannot be read.
    #[error("the environment variable {variable} is '{value}': {problem}")]
    Variable {
        /// Which.
        variable: &'static str,
        /// What it says.
        value: String,
        /// What is wrong, and what it may say.
        problem: String,
    },
    /// The service would take messages from anybody.
    #[error(
        "anybody could push messages: set SEGUE_PUSH_ACCOUNT and SEGUE_PUSH_AUDIENCE to the account and the audience \
         of the push subscription's token, or SEGUE_PUSH_AUTH=iam where Cloud Run lets only that account in"
    )]
    Open,
    /// The service's own facts.
    #[error(transparent)]
    Facts(#[from] FactsError),
}

impl Config {
    /// Reads the environment, and the text of the service's `function.yaml`.
    ///
    /// # Errors
    /// [`ConfigError`] for the first variable that cannot be read, or is missing.
    pub fn from_env(function: &str) -> Result<Self, ConfigError> {
        Self::from_variables(function, |name| std::env::var(name).ok())
    }

    /// Reads variables from wherever they are.
    ///
    /// # Errors
    /// As [`Self::from_env`].
    pub fn from_variables(
        function: &str,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        let variable = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let service = variable("K_SERVICE");
        let on_cloud_run = service.is_some();
        let platform = choice(
            "SEGUE_PLATFORM",
            variable("SEGUE_PLATFORM"),
            &[("local", Platform::Local), ("gcp", Platform::Gcp)],
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
                format!("{revision}-{}", uuid::Uuid::new_v4())
            }
        };
        Ok(Self {
            address: SocketAddr::new(IpAddr::V4(host), parsed("PORT", variable("PORT"))?.unwrap_or(8080)),
            platform,
            data_dir: variable("SEGUE_DATA_DIR").unwrap_or_else(|| ".segue".to_owned()).into(),
            log_format: log_format.unwrap_or(if on_cloud_run { LogFormat::Json } else { LogFormat::Text }),
            log_filter: variable("RUST_LOG").unwrap_or_else(|| "info".to_owned()),
            service,
            claim: parsed("SEGUE_CLAIM_SECONDS", variable("SEGUE_CLAIM_SECONDS"))?
                .map(|seconds: NonZeroU32| Duration::from_secs(seconds.get().into())),
            max_deliveries: parsed(MAX_DELIVERIES, variable(MAX_DELIVERIES))?,
            facts,
            push,
            holder,
        })
    }
}

/// Who may push. A service that others can reach names somebody, or says that Cloud Run does.
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
                problem: format!("it may be {}", names.join(" or ")),
                value,
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FUNCTION: &str = "kind: tasks\nmemory: 512Mi\ncpu: 1\ntimeout_s: 600\nconcurrency: 40\nmax_instances: 10\n\
                            subscriptions: []\nact_as: []\nroles: []\n";

    fn config(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::from_variables(FUNCTION, |name| {
            variables.iter().find(|(each, _)| *each == name).map(|(_, value)| (*value).to_owned())
        })
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
    fn what_cannot_be_read_is_named() {
        let error = config(&[("PORT", "eighty")]).unwrap_err().to_string();
        assert!(error.starts_with("the environment variable PORT is 'eighty': "), "{error}");
        let error = config(&[("SEGUE_PLATFORM", "azure")]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the environment variable SEGUE_PLATFORM is 'azure': it may be local or gcp"
        );
        let without = Config::from_variables(&FUNCTION.replace("concurrency: 40\n", ""), |_| None)
            .unwrap_err()
            .to_string();
        assert!(without.contains("function.yaml") && without.contains("concurrency"), "{without}");
    }

    #[test]
    fn nobody_starts_open_where_others_can_reach_him() {
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
