//! The configuration of the API as a service.

use crate::door::{Access, BasicAuth, HalfSet, Hosts, NoHost};
use segue_ports::VariableError;
use segue_service::{Config, IapCheck, IapError};
use std::net::SocketAddr;
use std::sync::Arc;
use thiserror::Error;

/// The configuration of the API as a service.
#[derive(Debug)]
pub struct ApiConfig {
    /// The callers that are admitted.
    pub access: Access,
    /// The address of the API as its users see it: `SEGUE_URL` (default: the address that the service listens
    /// on).
    pub url: String,
}

/// Why the API does not start.
#[derive(Debug, Error)]
pub enum ApiConfigError {
    /// A variable has an invalid value.
    #[error(transparent)]
    Variable(#[from] VariableError),
    /// Only one of user name and password is set.
    #[error(transparent)]
    HalfSet(#[from] HalfSet),
    /// Identity-Aware Proxy cannot be checked.
    #[error(transparent)]
    Iap(#[from] IapError),
    /// A name of the API is invalid.
    #[error(transparent)]
    Host(#[from] NoHost),
    /// The API would answer every caller.
    #[error(
        "every caller could use the API at {0}: set SEGUE_USERNAME and SEGUE_PASSWORD, or SEGUE_API_AUTH=iap where \
         Identity-Aware Proxy is in front of it"
    )]
    Open(SocketAddr),
}

impl ApiConfig {
    /// Reads `SEGUE_USERNAME` and `SEGUE_PASSWORD`, `SEGUE_API_AUTH` (`iap`, `webhooks` or not set), `SEGUE_URL`,
    /// `SEGUE_ALLOWED_HOSTS` and `SEGUE_PROXIES` (default 1 on Cloud Run, because Google's front end is there,
    /// or else 0). On Cloud Run the API answers to every name, unless names are listed: the front end has
    /// checked the name.
    ///
    /// # Errors
    /// [`ApiConfigError`].
    pub fn from_config(config: &Config) -> Result<Self, ApiConfigError> {
        let (environment, on_cloud_run) = (&config.environment, config.service.is_some());
        let variable = |name: &str| environment.filled(name).map(str::to_owned);
        let basic = BasicAuth::from_variables(|name| environment.get(name))?;
        let (iap, webhooks_only) = match environment.filled("SEGUE_API_AUTH") {
            None => (None, false),
            Some("iap") => (Some(Arc::new(IapCheck::from_variables(variable)?)), false),
            Some("webhooks") => (None, true),
            Some(other) => {
                let allowed =
                    "iap, for Identity-Aware Proxy, webhooks, for a server that answers webhooks only, or not set".to_owned();
                let value = other.to_owned();
                return Err(VariableError { variable: "SEGUE_API_AUTH", value, allowed }.into());
            }
        };
        if basic.is_none() && iap.is_none() && !webhooks_only && !config.address.ip().is_loopback() {
            return Err(ApiConfigError::Open(config.address));
        }
        let proxies = environment.parsed("SEGUE_PROXIES", "a whole number from 0")?;
        let hosts = Hosts::from_variables(variable, config.address.ip(), on_cloud_run)?;
        let proxies = proxies.unwrap_or(usize::from(on_cloud_run));
        Ok(Self {
            access: Access { basic, token: None, iap, webhooks_only, hosts, proxies },
            url: variable("SEGUE_URL").unwrap_or_else(|| format!("http://{}", config.address)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use segue_ports::Environment;

    fn read<const N: usize>(variables: [(&str, &str); N]) -> Result<ApiConfig, String> {
        let environment = Environment::from(variables);
        let config = Config::from_environment(include_str!("../function.yaml"), environment).unwrap();
        ApiConfig::from_config(&config).map_err(|error| error.to_string())
    }

    #[test]
    fn a_bare_environment_is_open_to_this_machine() {
        let config = read([]).unwrap();
        assert_eq!((config.url.as_str(), config.access.proxies), ("http://127.0.0.1:8080", 0));
        assert!(config.access.basic.is_none() && config.access.iap.is_none());
    }

    #[test]
    fn on_cloud_run_callers_are_checked() {
        let service = [("K_SERVICE", "api"), ("SEGUE_PUSH_AUTH", "iam")];
        let error = read(service).unwrap_err();
        assert!(error.contains("every caller could use the API at 0.0.0.0:8080"), "{error}");
        let config =
            read([service[0], service[1], ("SEGUE_USERNAME", "a"), ("SEGUE_PASSWORD", "b")]).unwrap();
        assert_eq!(config.access.proxies, 1);
    }

    #[test]
    fn invalid_values_are_refused() {
        assert_eq!(
            read([("SEGUE_API_AUTH", "oauth")]).unwrap_err(),
            "the environment variable SEGUE_API_AUTH is 'oauth': it must be iap, for Identity-Aware Proxy, webhooks, \
             for a server that answers webhooks only, or not set"
        );
        assert_eq!(
            read([("SEGUE_PROXIES", "-1")]).unwrap_err(),
            "the environment variable SEGUE_PROXIES is '-1': it must be a whole number from 0"
        );
        assert!(read([("SEGUE_URL", "no url")]).unwrap_err().contains("no url"));
        assert!(read([("SEGUE_USERNAME", "a")]).unwrap_err().contains("SEGUE_PASSWORD"));
    }
}
