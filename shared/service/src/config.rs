//! The configuration of a service, read from the environment once.

use std::fmt::Display;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use thiserror::Error;

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

/// A variable that cannot be read.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("the environment variable {variable} is '{value}': {problem}")]
pub struct ConfigError {
    /// Which.
    pub variable: &'static str,
    /// What it says.
    pub value: String,
    /// What is wrong, and what it may say.
    pub problem: String,
}

impl Config {
    /// Reads the environment.
    ///
    /// # Errors
    /// [`ConfigError`] for the first variable that cannot be read.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_variables(|name| std::env::var(name).ok())
    }

    /// Reads variables from wherever they are.
    ///
    /// # Errors
    /// As [`Self::from_env`].
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
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
            holder,
        })
    }
}

fn parsed<T: FromStr<Err: Display>>(
    variable: &'static str,
    value: Option<String>,
) -> Result<Option<T>, ConfigError> {
    let Some(value) = value else { return Ok(None) };
    match value.trim().parse() {
        Ok(parsed) => Ok(Some(parsed)),
        Err(error) => Err(ConfigError { variable, problem: format!("{error}"), value }),
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
            Err(ConfigError { variable, problem: format!("it may be {}", names.join(" or ")), value })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::from_variables(|name| {
            variables.iter().find(|(each, _)| *each == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn a_bare_environment_is_local() {
        let config = config(&[]).unwrap();
        assert_eq!(config.address.to_string(), "127.0.0.1:8080");
        assert_eq!((config.platform, config.log_format), (Platform::Local, LogFormat::Text));
        assert_eq!((config.holder.as_str(), config.data_dir.to_str()), ("local", Some(".segue")));
    }

    #[test]
    fn cloud_run_is_recognised() {
        let variables = [("K_SERVICE", "http"), ("K_REVISION", "http-7"), ("PORT", "9000")];
        let first = config(&variables).unwrap();
        assert_eq!(first.address.to_string(), "0.0.0.0:9000");
        assert_eq!((first.platform, first.log_format), (Platform::Gcp, LogFormat::Json));
        assert!(first.holder.starts_with("http-7-"));
        assert_ne!(first.holder, config(&variables).unwrap().holder);
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        assert_eq!(config(&[("PORT", "eighty")]).unwrap_err().variable, "PORT");
        let error = config(&[("SEGUE_PLATFORM", "azure")]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the environment variable SEGUE_PLATFORM is 'azure': it may be local or gcp"
        );
    }
}
