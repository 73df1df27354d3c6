//! The settings of Google's APIs on this machine, and what a running server says about them.

use crate::commands::local::server::ADDRESS_FILE;
use anyhow::{Context as _, bail};
use segue_ports::Environment;
use segue_standalone::{GoogleAccess, GoogleOptions};
use serde::Deserialize;
use std::path::Path;

/// The variable with the port.
pub(crate) const PORT: &str = "SEGUE_GOOGLE_PORT";
/// The default port.
pub(crate) const DEFAULT_PORT: u16 = 8088;
/// The value for no port.
const OFF: &str = "off";

/// The settings of a server. `given` is a port, or `off`.
///
/// # Errors
/// An error if it is neither.
pub(crate) fn options(given: Option<&str>, is_guarded: bool) -> anyhow::Result<GoogleOptions> {
    let given = given.map(str::trim).filter(|text| !text.is_empty());
    if given == Some(OFF) {
        return Ok(GoogleOptions { is_off: true, ..GoogleOptions::default() });
    }
    let port = given.map(|text| {
        text.parse::<u16>().with_context(|| {
            format!("the port of Google's APIs is '{text}': it must be a number from 0 to 65535, or {OFF}")
        })
    });
    let port = port.transpose()?;
    Ok(GoogleOptions {
        port: Some(port.unwrap_or(DEFAULT_PORT)),
        may_move: port.is_none(),
        is_guarded,
        is_off: false,
    })
}

/// Whether the environment turns Google's APIs off. `segue run` uses a free port, so it has no other setting.
///
/// # Errors
/// An error if the variable is invalid.
pub(crate) fn is_off(environment: &Environment) -> anyhow::Result<bool> {
    Ok(options(environment.filled(PORT), true)?.is_off)
}

/// The part of the address file about Google's APIs.
#[derive(Deserialize)]
struct Written {
    google: Option<GoogleAccess>,
}

/// How the running server of a data directory serves Google's APIs.
///
/// # Errors
/// An error if there is no server, or if it does not serve them.
pub(crate) fn running(data_dir: &Path) -> anyhow::Result<GoogleAccess> {
    let file = data_dir.join(ADDRESS_FILE);
    let written = std::fs::read(&file).ok().and_then(|text| serde_json::from_slice::<Written>(&text).ok());
    match written {
        None => bail!(
            "no server runs on the data directory {}; start one with `segue server --data-dir {0}`",
            data_dir.display()
        ),
        Some(Written { google: None }) => bail!(
            "the server of {} does not serve Google's APIs; start it with --google-port {DEFAULT_PORT}",
            data_dir.display()
        ),
        Some(Written { google: Some(access) }) => Ok(access),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_a_number_or_off() {
        let of = |given: Option<&str>| {
            options(given, true).map(|options| (options.port, options.may_move, options.is_off))
        };
        assert_eq!(of(None).unwrap(), (Some(8088), true, false));
        assert_eq!(of(Some("9000")).unwrap(), (Some(9000), false, false));
        assert_eq!(of(Some("off")).unwrap(), (None, false, true));
        let wrong = of(Some("x")).unwrap_err().to_string();
        assert!(wrong.contains("'x'") && wrong.contains("off"), "{wrong}");
    }

    #[test]
    fn a_server_that_does_not_run_is_named() {
        let folder = tempfile::tempdir().unwrap();
        assert!(running(folder.path()).unwrap_err().to_string().contains("segue server"));
        std::fs::write(folder.path().join(ADDRESS_FILE), r#"{"url": "http://x"}"#).unwrap();
        assert!(running(folder.path()).unwrap_err().to_string().contains("--google-port"));
        let google = r#"{"google": {"url": "http://127.0.0.1:1", "secret": "s", "is_guarded": true, "project": "p", "credentials": "/c"}}"#;
        std::fs::write(folder.path().join(ADDRESS_FILE), google).unwrap();
        assert_eq!(running(folder.path()).unwrap().project, "p");
    }
}
